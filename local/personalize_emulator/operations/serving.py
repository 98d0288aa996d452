"""Answers of a trained model: the items, actions or users it recommends, through filters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import filters as expressions
from ..exceptions import InvalidInputException, ResourceNotFoundException
from ..models import PersonalizeBackend
from ..recipes import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, Recipe, recipe_type
from ..rows import quoted
from ..training import Model
from .common import Params
from .datasets import dataset_of
from .filters import parsed_filter, question

Scored = tuple[str, float]


@dataclass(frozen=True)
class Served:
    """A model, the recipe it came from, and the group whose rows filters and metadata look at."""

    backend: PersonalizeBackend
    recipe: Recipe
    model: Model
    group_arn: str

    @property
    def type(self) -> str:
        return recipe_type(self.recipe, self.backend.switches)

    def recommend(self, keep: Callable[[str], bool], most: int, item: str | None = None) -> list[Scored]:
        """The best `most` ids that `keep` lets through: popular ones first, then others that are known."""
        known = (one for one in self._candidates() if one[0] != item and keep(one[0]))
        return list(itertools.islice(known, most))

    def rank(self, ids: list[str]) -> list[Scored]:
        """The given ids, best first; what the model does not know comes last, in the order given."""
        scores = dict(self.model.ranking)
        return sorted(((one, scores.get(one, 0.0)) for one in ids), key=lambda pair: -pair[1])

    def users(self, keep: Callable[[str], bool], most: int, item: str | None) -> list[str]:
        """The users most likely interested in an item (or in any): those with the most interactions (with it)."""
        dataset = dataset_of(self.backend, self.group_arn, INTERACTIONS)
        if dataset is None or dataset.arn not in self.backend.rows:
            return []
        table = self.backend.rows.table(dataset.arn).name
        found = self.backend.rows.query(
            f"SELECT USER_ID, sum(ITEM_ID = ?) AS own, count(*) AS n FROM {table} GROUP BY USER_ID "
            "ORDER BY own DESC, n DESC, USER_ID",
            item,
        )
        return list(itertools.islice((str(row[0]) for row in found if keep(str(row[0]))), most))

    def _candidates(self) -> Iterator[Scored]:
        ranking = self._actions() if self.type == "PERSONALIZED_ACTIONS" else self.model.ranking
        yield from ranking
        ranked = {one for one, _ in ranking}
        kind, column = (ACTIONS, "ACTION_ID") if self.type == "PERSONALIZED_ACTIONS" else (ITEMS, "ITEM_ID")
        for (one,) in list(self._query(kind, f"SELECT {column} FROM {{table}} ORDER BY {column}")):
            if one not in ranked:
                yield str(one), 0.0

    def _actions(self) -> tuple[Scored, ...]:
        """Actions by how often they were taken, as a share of all that happened to them."""
        rows = self._query(
            ACTION_INTERACTIONS,
            "SELECT ACTION_ID, avg(EVENT_TYPE = 'Taken' COLLATE NOCASE) AS share FROM {table} GROUP BY ACTION_ID "
            "ORDER BY share DESC, ACTION_ID",
        )
        return tuple((str(action), float(share)) for action, share in rows)

    def _query(self, kind: str, sql: str) -> Iterator[tuple[Any, ...]]:
        dataset = dataset_of(self.backend, self.group_arn, kind)
        if dataset is None or dataset.arn not in self.backend.rows:
            return iter(())
        return self.backend.rows.query(sql.format(table=self.backend.rows.table(dataset.arn).name))

    def metadata(self, columns: list[str], item: str) -> dict[str, str]:
        """Values of an item's columns as text."""
        dataset = dataset_of(self.backend, self.group_arn, ITEMS)
        if dataset is None or dataset.arn not in self.backend.rows or not columns:
            return {}
        names = ", ".join(map(quoted, columns))
        table = self.backend.rows.table(dataset.arn).name
        for row in self.backend.rows.query(f"SELECT {names} FROM {table} WHERE ITEM_ID = ?", item):
            return {name: str(value) for name, value in zip(columns, row, strict=True) if value is not None}
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
    expressions.check_values(parsed, values)
    if parsed.needs_item and item is None:
        raise InvalidInputException("The filter needs an itemId.")
    return expressions.choose(parsed, question(backend, group_arn, values, user, item))
