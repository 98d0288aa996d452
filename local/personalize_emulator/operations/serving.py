"""Answers of a trained model: the items, actions or users it recommends, through filters."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import filters as expressions
from ..exceptions import InvalidInputException, ResourceNotFoundException
from ..models import PersonalizeBackend
from ..recipes import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, Recipe, recipe_type
from ..rows import ORIGIN, PUT, quoted
from ..training import Model, Selection
from .common import Params
from .datasets import dataset_of
from .filters import parsed_filter, question, schemas_of

if TYPE_CHECKING:
    from ..algorithms import Recommender, Vector

Scored = tuple[str, float]

#: "Amazon Personalize considers at most 100 item interactions per user per event type" when it filters.
CONSIDERED = 100

#: Types of recipe whose items carry a score; those of use cases don't.
_WITH_SCORES = ("USER_PERSONALIZATION", "PERSONALIZED_RANKING")


@dataclass(frozen=True)
class Served:
    """A model, the recipe it came from, and the group whose rows filters and metadata look at."""

    backend: PersonalizeBackend
    recipe: Recipe
    model: Model
    group_arn: str
    #: Whether streamed events count at once. Of batch jobs the guide says that they count after the next training.
    live: bool = True

    @property
    def type(self) -> str:
        return recipe_type(self.recipe, self.backend.switches)

    @property
    def with_scores(self) -> bool:
        """Whether an answer shows scores."""
        return self.type in _WITH_SCORES and self.recipe.domain is None

    def recommend(
        self, keep: Callable[[str], bool], most: int, user: str | None = None, item: str | None = None
    ) -> list[Scored]:
        """The best `most` ids that `keep` lets through: by the model, then others that are known. Scores sum to 1."""
        ranked: Iterator[Scored] = iter(())
        if (recommender := self.model.recommender) is not None:
            scores = self._scores(recommender, user, item)
            total = 1.0 if self.type == "PERSONALIZED_ACTIONS" else float(scores.sum()) or 1.0
            ranked = recommender.ranked(scores / total)
        left_out = {item, *self._left_out(user)}
        known = (one for one in itertools.chain(ranked, self._others()) if one[0] not in left_out and keep(one[0]))
        return list(itertools.islice(known, most))

    def rank(self, ids: list[str], user: str) -> list[Scored]:
        """The given ids, best first; what the model does not know comes last, in the order given. Scores sum to 1."""
        scores = dict.fromkeys(ids, 0.0)
        if (recommender := self.model.recommender) is not None:
            found = self._scores(recommender, user, None)
            scores = {one: recommender.score(found, one) for one in ids}
        total = sum(scores.values()) or 1.0
        return sorted(((one, scores[one] / total) for one in ids), key=lambda pair: -pair[1])

    def users(self, keep: Callable[[str], bool], most: int, items: list[str]) -> list[str]:
        """The users most likely interested in any of the items: who had these or what goes with them; then others."""
        recommender = self.model.recommender
        weights = recommender.interest(items) if recommender is not None else {}
        found = self._query(
            INTERACTIONS,
            "SELECT USER_ID, sum(ifnull(weight, 0)) AS interest, count(*) AS n FROM {table} LEFT JOIN "
            "(SELECT key, value AS weight FROM json_each(?)) ON key = ITEM_ID "
            f"WHERE NOT ({ORIGIN} = '{PUT}' AND TIMESTAMP > ?) GROUP BY USER_ID "
            "ORDER BY interest DESC, n DESC, USER_ID",
            json.dumps(weights),
            recommender.until if recommender is not None else 0,
        )
        return list(itertools.islice((str(row[0]) for row in found if keep(str(row[0]))), most))

    def _scores(self, recommender: Recommender, user: str | None, item: str | None) -> Vector:
        """What the model says now, with what was streamed since it was trained where the algorithm follows that."""
        algorithm = self.recipe.algorithm
        events, streamed = list[str](), list[str]()
        if not self.live:
            return recommender.ask(user, item)
        answers: list[tuple[str, str]] = []
        if algorithm in ("personalization", "actions") and user is not None:
            events = self._streamed("USER_ID = ?", user)
        if algorithm == "trending":
            streamed = self._streamed("TIMESTAMP > ?", recommender.until)
        if algorithm == "actions":
            sql = "SELECT ACTION_ID, EVENT_TYPE FROM {table} WHERE USER_ID = ?"
            answers = [(str(action), str(how)) for action, how in self._query(ACTION_INTERACTIONS, sql, user)]
        return recommender.ask(user, item, events, answers, streamed)

    def _streamed(self, condition: str, value: object) -> list[str]:
        """The items of events that were streamed, oldest first."""
        order = 'ORDER BY TIMESTAMP, "#place"'
        sql = f"SELECT ITEM_ID FROM {{table}} WHERE {ORIGIN} = '{PUT}' AND {condition} {order}"
        return [str(item) for (item,) in self._query(INTERACTIONS, sql, value)]

    def _left_out(self, user: str | None) -> Iterator[str]:
        """The items that the use case leaves out for a user: those of the user's latest events of one type."""
        if self.recipe.leaves_out is not None and user is not None:
            sql = (
                "SELECT ITEM_ID FROM {table} WHERE USER_ID = ? AND EVENT_TYPE = ? COLLATE NOCASE "
                f'ORDER BY TIMESTAMP DESC, "#place" DESC LIMIT {CONSIDERED}'
            )
            for (item,) in self._query(INTERACTIONS, sql, user, self.recipe.leaves_out, selected=False):
                yield str(item)

    def _others(self) -> Iterator[Scored]:
        """Items or actions that the model does not know."""
        known = set(self.model.recommender.candidates) if self.model.recommender is not None else set()
        kind, column = (ACTIONS, "ACTION_ID") if self.type == "PERSONALIZED_ACTIONS" else (ITEMS, "ITEM_ID")
        for (one,) in list(self._query(kind, f"SELECT {column} FROM {{table}} ORDER BY {column}")):
            if one not in known:
                yield str(one), 0.0

    def _query(self, kind: str, sql: str, *values: Any, selected: bool = True) -> Iterator[tuple[Any, ...]]:
        """Rows of a question in which {table} stands for a dataset's rows, of interactions for those that the training
        would have `selected`; none where there is no such dataset.
        """
        dataset = dataset_of(self.backend, self.group_arn, kind)
        if dataset is None or dataset.arn not in self.backend.rows:
            return iter(())
        table = self.backend.rows.table(dataset.arn)
        source, chosen = table.name, list[object]()
        if kind == INTERACTIONS:
            where, chosen = (self.model.selection if selected else Selection()).where(table)
            source = f'(SELECT *, rowid AS "#place" FROM {table.name} WHERE {where})'
        return self.backend.rows.query(sql.format(table=source), *chosen, *values)

    def metadata(self, columns: list[str], item: str) -> dict[str, str]:
        """Values of an item's columns as text, under their names in lower case, which is how they come back."""
        names = ", ".join(map(quoted, columns))
        for row in self._query(ITEMS, f"SELECT {names} FROM {{table}} WHERE ITEM_ID = ?", item):
            return {name.lower(): str(value) for name, value in zip(columns, row, strict=True) if value is not None}
        return {}


def keeper(
    backend: PersonalizeBackend,
    group_arn: str,
    filter_arn: str | None,
    values: Params,
    user: str | None = None,
    item: str | None = None,
) -> Callable[[str], bool]:
    """Which ids a filter lets through, for one request; all of them without a filter.

    Raises ResourceNotFoundException, InvalidInputException.
    """
    if filter_arn is None:
        return lambda _: True
    made = backend.get("filter", filter_arn)
    if made.record["datasetGroupArn"] != group_arn:
        raise ResourceNotFoundException(filter_arn, "filter")
    if made.status != "ACTIVE":
        raise InvalidInputException(f"Filter {filter_arn} is not ACTIVE; its status is {made.status}.")
    parsed = parsed_filter(made)
    expressions.check_values(parsed, values, schemas_of(backend, group_arn))
    if parsed.needs_item and item is None:
        raise InvalidInputException("The filter needs an itemId.")
    return expressions.choose(parsed, question(backend, group_arn, values, user, item))
