"""Training: the minimum of data, a popularity model, and how well that does on users it has not seen.

Sources: "Amazon Personalize endpoints and quotas" (minimums), "Evaluating an Amazon Personalize solution version with
metrics" (keys, 90/10 split by users), "Common error messages".

The model is popularity alone: an item's score is its share of the interactions. Its metrics are truly measured, so data
with more structure gives higher numbers, but they are not those of the recipe's own algorithm.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import quotas
from .avro import RESERVED_KEYWORDS
from .exceptions import JobFailure
from .recipes import ACTION_METRICS, RANKED_METRICS, SEGMENT_METRICS, Recipe, recipe_type
from .rows import RowStore, Table, quoted
from .settings import Minimums, Settings, Switches

#: How many items a model remembers in order; the longest answer of GetRecommendations.
REMEMBERED_ITEMS = 500
#: One user in ten is held out, and at most so many are used to measure.
HELD_OUT = 10
MEASURED_USERS = 2000
#: Of a held-out user's interactions, in order of time, the last tenth is what the model must foresee.
FORESEEN = 0.1


@dataclass(frozen=True)
class Selection:
    """Which interactions a training uses: `event_type` None means all; the threshold applies to EVENT_VALUE."""

    event_type: str | None = None
    threshold: float | None = None
    any_case: bool = False


@dataclass(frozen=True)
class Model:
    """What a training leaves: the most popular ids with scores (which sum to at most 1), and metrics from 0 to 1."""

    ranking: tuple[tuple[str, float], ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingData:
    """The interactions of a dataset that a training uses. `item` and `user` are the columns with the ids."""

    rows: RowStore
    table: Table
    selection: Selection
    item: str = "ITEM_ID"

    def _where(self) -> tuple[str, list[object]]:
        conditions: list[str] = ["1"]
        values: list[object] = []
        if self.selection.event_type is not None and "EVENT_TYPE" in self.table.names:
            conditions.append("EVENT_TYPE = ?" + (" COLLATE NOCASE" if self.selection.any_case else ""))
            values.append(self.selection.event_type)
        if self.selection.threshold is not None and "EVENT_VALUE" in self.table.names:
            conditions.append("EVENT_VALUE >= ?")
            values.append(self.selection.threshold)
        return " AND ".join(conditions), values

    def ask(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Run a query in which {data} stands for the selected rows."""
        where, chosen = self._where()
        source = f'(SELECT *, rowid AS "#place" FROM {self.table.name} WHERE {where})'
        return self.rows.query(sql.format(data=source, item=quoted(self.item)), *chosen, *values)

    def number(self, sql: str) -> int:
        return int(next(self.ask(sql))[0])


def check_minimums(data: TrainingData, minimums: Minimums) -> None:
    """Raises JobFailure, with the service's reason, for data too small to train on."""
    after = (
        f" after filtering by event type: {data.selection.event_type}" if data.selection.event_type is not None else ""
    )
    if data.number("SELECT count(*) FROM {data}") < minimums.interactions:
        raise JobFailure(f"Dataset has fewer than {minimums.interactions} interactions{after}")
    if "EVENT_TYPE" in data.table.names:
        keywords = ", ".join(f"'{name}'" for name in sorted(RESERVED_KEYWORDS))
        if not data.number(f"SELECT count(*) FROM {{data}} WHERE upper(EVENT_TYPE) NOT IN ({keywords})"):
            raise JobFailure("All values in the event_type column are either reserved keywords or null")
    returning, users = next(
        data.ask("SELECT coalesce(sum(n > 1), 0), count(*) FROM (SELECT count(*) n FROM {data} GROUP BY USER_ID)")
    )
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
        items = max(items, data.number("SELECT count(DISTINCT {item}) FROM {data}"))
    quotas.check_volume(settings, name, items, "Items in the training")


def train(data: TrainingData, recipe: Recipe, switches: Switches, extra_metrics: Sequence[str] = ()) -> Model:
    """A popularity model of the data, with the metrics that the recipe's type reports."""
    total = data.number("SELECT count(*) FROM {data}")
    ranking = tuple(
        (str(item), count / total)
        for item, count in data.ask(
            "SELECT {item}, count(*) c FROM {data} GROUP BY {item} ORDER BY c DESC, {item} LIMIT ?", REMEMBERED_ITEMS
        )
    )
    return Model(ranking, measure(data, recipe, switches, extra_metrics))


def measure(
    data: TrainingData, recipe: Recipe, switches: Switches, extra_metrics: Sequence[str] = ()
) -> dict[str, float]:
    """Metrics of a popularity model built from nine users in ten, on the others' latest interactions."""
    kind = recipe_type(recipe, switches)
    if kind == "USER_SEGMENTATION":
        return _measure_segments(data)
    shown = _popular_among_known(data, 25)
    users = [_Guess(shown, later) for later in itertools.islice(_foreseen(data), MEASURED_USERS)]
    items = data.number("SELECT count(DISTINCT {item}) FROM {data}")
    values = {"coverage": len(shown) / items if items else 0.0}
    values["mean_reciprocal_rank_at_25"] = _mean([guess.reciprocal_rank(25) for guess in users])
    for k in (5, 10, 25):
        values[f"normalized_discounted_cumulative_gain_at_{k}"] = _mean([guess.gain(k) for guess in users])
        values[f"precision_at_{k}"] = _mean([guess.precision(k) for guess in users])
        values[f"recall_at_{k}"] = _mean([guess.recall(k) for guess in users])
    values[switches.area_under_curve_metric] = _mean([guess.area(items) for guess in users])
    for name in extra_metrics:
        values[name] = values["normalized_discounted_cumulative_gain_at_10"]
    actions = (*ACTION_METRICS, switches.area_under_curve_metric)
    keys = actions if kind == "PERSONALIZED_ACTIONS" else RANKED_METRICS
    if recipe.name == "aws-trending-now":
        extra_metrics = (*extra_metrics, switches.trend_accuracy_metric)
        values[switches.trend_accuracy_metric] = _trend_accuracy(data, shown)
    return {key: round(values[key], 4) for key in (*keys, *extra_metrics)}


@dataclass(frozen=True)
class _Guess:
    """What was recommended to a user, against what that user then did."""

    shown: list[str]
    later: set[str]

    def _hits(self, k: int) -> list[int]:
        return [rank for rank, item in enumerate(self.shown[:k], 1) if item in self.later]

    def reciprocal_rank(self, k: int) -> float:
        return next((1 / rank for rank in self._hits(k)), 0.0)

    def gain(self, k: int) -> float:
        best = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(self.later)) + 1))
        return sum(1 / math.log2(rank + 1) for rank in self._hits(k)) / best

    def precision(self, k: int) -> float:
        return len(self._hits(k)) / k

    def recall(self, k: int) -> float:
        return len(self._hits(k)) / len(self.later)

    def area(self, items: int) -> float:
        """Chance that an item the user chose ranks before one that was not chosen, among all `items`."""
        others = max(1, items - len(self.later))
        missed = [min(1.0, (rank - 1) / others) for rank in self._hits(len(self.shown))]
        unseen = [0.5] * (len(self.later) - len(missed))
        return 1 - _mean([*missed, *unseen])


def _held_out(user: object) -> bool:
    return zlib.crc32(str(user).encode()) % HELD_OUT == 0


def _popular_among_known(data: TrainingData, k: int) -> list[str]:
    """The k most popular items, counted without the held-out users."""
    counts: dict[str, int] = {}
    for item, total in data.ask("SELECT {item}, count(*) FROM {data} GROUP BY {item}"):
        counts[str(item)] = int(total)
    for history in _histories(data):
        for item in history:
            counts[item] -= 1
    return sorted(counts, key=lambda item: (-counts[item], item))[:k]


def _histories(data: TrainingData) -> Iterator[list[str]]:
    """Each held-out user's items in order of time; one user in memory at a time."""
    users = [u for (u,) in data.ask("SELECT DISTINCT USER_ID FROM {data}") if _held_out(u)]
    chosen = set(users)
    ordered = data.ask('SELECT USER_ID, {item} FROM {data} ORDER BY USER_ID, TIMESTAMP, "#place"')
    for user, rows in itertools.groupby(ordered, key=lambda row: row[0]):
        if user in chosen:
            yield [str(item) for _, item in rows]


def _foreseen(data: TrainingData) -> Iterator[set[str]]:
    for history in _histories(data):
        later = max(1, round(len(history) * FORESEEN))
        if len(history) > later:
            yield set(history[-later:])


def _measure_segments(data: TrainingData) -> dict[str, float]:
    """For items: are the most active users those who later (last fifth of each user's time) take them?"""
    users = [
        str(user)
        for user, _ in data.ask("SELECT USER_ID, count(*) c FROM {data} GROUP BY USER_ID ORDER BY c DESC, USER_ID")
    ]
    segment = set(users[: max(1, len(users) // 100)])
    takers: dict[str, set[str]] = {}
    ordered = data.ask('SELECT USER_ID, {item} FROM {data} ORDER BY USER_ID, TIMESTAMP, "#place"')
    for user, rows in itertools.islice(itertools.groupby(ordered, key=lambda row: row[0]), MEASURED_USERS):
        history = [str(item) for _, item in rows]
        for item in history[math.ceil(len(history) * 0.8) :]:
            takers.setdefault(item, set()).add(str(user))
    hits = [len(segment & found) / len(segment) for found in takers.values()]
    recall = [len(segment & found) / len(found) for found in takers.values()]
    covered = len(segment) / len(users) if users else 0.0
    return dict(zip(SEGMENT_METRICS, (round(v, 4) for v in (covered, _mean(hits), _mean(recall))), strict=True))


def _trend_accuracy(data: TrainingData, shown: list[str]) -> float:
    """How many of the popular items are also those of the last tenth of the time."""
    newest = [
        str(item)
        for item, _ in data.ask(
            "SELECT {item}, count(*) c FROM {data} WHERE TIMESTAMP >= (SELECT max(TIMESTAMP) - (max(TIMESTAMP) - "
            "min(TIMESTAMP)) / 10 FROM " + data.table.name + ") GROUP BY {item} ORDER BY c DESC, {item} LIMIT 25"
        )
    ]
    return len(set(shown) & set(newest)) / len(newest) if newest else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
