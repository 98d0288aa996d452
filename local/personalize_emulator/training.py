"""Training: the data it uses, how much of that must be there, and the model that it leaves.

Sources: "Amazon Personalize endpoints and quotas" (minimums), "Evaluating an Amazon Personalize solution version with
metrics" (keys), "Common error messages".
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import quotas
from .avro import RESERVED_KEYWORDS, Field
from .clock import Pause
from .exceptions import JobFailure
from .recipes import (
    ACTION_INTERACTIONS,
    ACTION_METRICS,
    ACTIONS,
    INTERACTIONS,
    ITEMS,
    RANKED_METRICS,
    SEGMENT_METRICS,
    Recipe,
    recipe_type,
)
from .rows import ROWS_AT_A_STEP, RowStore, Table, quoted
from .settings import Minimums, Settings, Switches

if TYPE_CHECKING:
    from .algorithms import Interactions, Recommender


@dataclass(frozen=True)
class Selection:
    """Which interactions a training uses: `event_type` None means all; the threshold applies to EVENT_VALUE."""

    event_type: str | None = None
    threshold: float | None = None
    any_case: bool = False

    def where(self, table: Table) -> tuple[str, list[object]]:
        """A condition in SQL on the rows of a table of interactions, and its values."""
        conditions, values = ["1"], list[object]()
        if self.event_type is not None and "EVENT_TYPE" in table.names:
            conditions.append("EVENT_TYPE = ?" + (" COLLATE NOCASE" if self.any_case else ""))
            values.append(self.event_type)
        if self.threshold is not None and "EVENT_VALUE" in table.names:
            conditions.append("EVENT_VALUE >= ?")
            values.append(self.threshold)
        return " AND ".join(conditions), values


@dataclass(frozen=True)
class Model:
    """What a training leaves: metrics by key, mostly from 0 to 1, and what recommends, unless there was no data."""

    metrics: dict[str, float] = field(default_factory=dict)
    recommender: Recommender | None = None
    #: Which interactions it knows, of those that are streamed later too.
    selection: Selection = Selection()


@dataclass(frozen=True)
class TrainingData:
    """The rows that a training uses: the selected interactions, and the group's other datasets by type."""

    rows: RowStore
    tables: Mapping[str, Table]
    selection: Selection
    #: The columns of items that count.
    item_fields: Sequence[Field] = ()

    @property
    def has_interactions(self) -> bool:
        return INTERACTIONS in self.tables and self.number("SELECT count(*) FROM {data}") > 0

    def number(self, sql: str) -> int:
        """The single value of a question in which {data} stands for the selected interactions."""
        table = self.tables[INTERACTIONS]
        where, values = self.selection.where(table)
        return int(self.rows.one(sql.format(data=f"(SELECT * FROM {table.name} WHERE {where})"), *values))

    def newest(self, most: int) -> Iterator[list[tuple[Any, ...]]]:
        """USER_ID, ITEM_ID and TIMESTAMP of the newest interactions that are selected, some at a time."""
        if INTERACTIONS not in self.tables:
            return iter(())
        where, values = self.selection.where(self.tables[INTERACTIONS])
        return self._newest(INTERACTIONS, "USER_ID, ITEM_ID, TIMESTAMP", most, where, values)

    def newest_responses(self, most: int) -> Iterator[list[tuple[Any, ...]]]:
        """USER_ID, ACTION_ID and EVENT_TYPE of the newest action interactions, some at a time."""
        return self._newest(ACTION_INTERACTIONS, "USER_ID, ACTION_ID, EVENT_TYPE", most)

    def items(self, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Id and columns of all items that the catalogue has, some at a time."""
        return self._newest(ITEMS, ", ".join(map(quoted, ["ITEM_ID", *columns])))

    def actions(self) -> Iterator[list[tuple[Any, ...]]]:
        """Ids of all actions, some at a time."""
        return self._newest(ACTIONS, "ACTION_ID")

    def _newest(
        self, kind: str, columns: str, most: int = sys.maxsize, where: str = "1", values: Sequence[object] = ()
    ) -> Iterator[list[tuple[Any, ...]]]:
        if kind not in self.tables:
            return
        name = self.tables[kind].name
        last = int(self.rows.one(f"SELECT coalesce(max(rowid), 0) FROM {name}"))
        sql = f"SELECT {columns} FROM {name} WHERE rowid > ? AND rowid <= ? AND {where}"
        for first in range(max(0, last - most), last, ROWS_AT_A_STEP):
            yield list(self.rows.query(sql, first, first + ROWS_AT_A_STEP, *values))


def check_minimums(data: TrainingData, minimums: Minimums) -> None:
    """Raises JobFailure, with the service's reason, for too few interactions, or none of a type that can be learnt."""
    after = (
        f" after filtering by event type: {data.selection.event_type}" if data.selection.event_type is not None else ""
    )
    if data.number("SELECT count(*) FROM {data}") < minimums.interactions:
        raise JobFailure(f"Dataset has fewer than {minimums.interactions} interactions{after}")
    if "EVENT_TYPE" in data.tables[INTERACTIONS].names:
        keywords = ", ".join(f"'{name}'" for name in sorted(RESERVED_KEYWORDS))
        if not data.number(f"SELECT EXISTS (SELECT 1 FROM {{data}} WHERE upper(EVENT_TYPE) NOT IN ({keywords}))"):
            raise JobFailure("All values in the event_type column are either reserved keywords or null")


def check_users(interactions: Interactions, minimums: Minimums) -> None:
    """Raises JobFailure, with the service's reason, for too few users who came back."""
    users, returning = len(interactions.users), int((interactions.activity > 1).sum())
    if returning < minimums.users_with_two_interactions:
        raise JobFailure(
            f"Dataset has fewer than {minimums.users_with_two_interactions} users with at least 2 interactions each"
        )
    if returning < users * minimums.share_of_users_with_two_interactions:
        percent = minimums.share_of_users_with_two_interactions * 100
        raise JobFailure(f"Fewer than {percent:g} percent of the users have at least 2 interactions each")


def check_maximums(data: TrainingData, recipe: Recipe, items: int, settings: Settings) -> None:
    """Raises JobFailure for more data than a training takes; `items` is the number of items that have metadata."""
    if settings.switches.training_above_quota == "ignore":
        return
    end = " of a v2 recipe" if recipe.name.endswith("-v2") else ""
    total = data.number("SELECT count(*) FROM {data}")
    quotas.check_volume(settings, f"interactions in training{end}", total, "Interactions in the training")
    if recipe.name == "aws-semantic-similarity":
        end = " of semantic similarity"
    name = f"items in training{end}"
    # Fewer interactions than items may be: no need to count which.
    if total > settings.quota(name):
        items = max(items, data.number("SELECT count(DISTINCT ITEM_ID) FROM {data}"))
    quotas.check_volume(settings, name, items, "Items in the training")


def train(
    data: TrainingData, recipe: Recipe, settings: Settings, extra_metrics: Sequence[str] = (), *, enough_users: bool
) -> Generator[Pause, None, Model]:
    """Train a recipe's algorithm, some of the work at a step. Raises JobFailure where `enough_users` are asked for."""
    from . import algorithms  # numpy takes a while to import, and few need it

    catalogue = (item for rows in data.items(()) for (item,) in rows)
    interactions = yield from algorithms.read(data, catalogue)
    if enough_users:
        check_users(interactions, settings.minimums)
    recommender, measured = yield from algorithms.train(recipe, data, interactions)
    return Model(_reported(measured, recipe, settings.switches, extra_metrics), recommender, data.selection)


def _reported(
    measured: Mapping[str, float], recipe: Recipe, switches: Switches, extra_metrics: Sequence[str]
) -> dict[str, float]:
    """The metrics that the recipe's type reports, under the service's keys."""
    kind = recipe_type(recipe, switches)
    by_kind = {"USER_SEGMENTATION": SEGMENT_METRICS, "PERSONALIZED_ACTIONS": ACTION_METRICS}
    keys = {key: key for key in by_kind.get(kind, RANKED_METRICS)}
    if kind == "PERSONALIZED_ACTIONS":
        keys[switches.area_under_curve_metric] = "area_under_curve"
    if recipe.algorithm == "trending":
        keys[switches.trend_accuracy_metric] = "trend_accuracy"
    # What a solution is optimized for, and weights of events, don't change what is learnt here.
    keys |= dict.fromkeys(extra_metrics, "normalized_discounted_cumulative_gain_at_10")
    return {key: round(measured[name], 4) for key, name in keys.items()}
