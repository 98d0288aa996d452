"""Counting in blocks and slices gives what plain counting gives, whatever the data."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Generator
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.personalize_emulator.algorithms import evaluation, interactions, neighbours
from local.personalize_emulator.algorithms.interactions import Interactions, read
from local.personalize_emulator.algorithms.neighbours import SHRINKAGE, find_neighbours
from local.personalize_emulator.algorithms.personalization import latest
from local.personalize_emulator.algorithms.vectors import best, distinct
from local.personalize_emulator.recipes import INTERACTIONS
from local.personalize_emulator.rows import Column, RowStore
from local.personalize_emulator.training import Selection, TrainingData

Rows = list[tuple[str, str, int]]
T = TypeVar("T")

#: Few users, items and moments, so that they meet often.
ROWS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("uvwxyz") | st.text(max_size=2), st.integers(0, 5)),
    max_size=60,
)


def done(steps: Generator[Any, None, T]) -> T:
    """What work in steps returns."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]


def training_data(rows: Rows) -> TrainingData:
    store = RowStore()
    columns = [Column("USER_ID", "string"), Column("ITEM_ID", "string"), Column("TIMESTAMP", "long")]
    table = store.create("d", columns, None)
    for user, item, moment in rows:
        store.put("d", {"USER_ID": user, "ITEM_ID": item, "TIMESTAMP": moment})
    return TrainingData(store, {INTERACTIONS: table}, Selection())


def numbered(rows: Rows) -> Interactions:
    return done(read(training_data(rows)))


@given(ROWS)
def test_reading_keeps_everything_in_order(rows: Rows) -> None:
    found = numbered(rows)
    counts = Counter(item for _, item, _ in rows)
    assert list(found.items) == sorted(counts, key=lambda item: (-counts[item], item))
    assert found.distinct_items == len(counts)
    histories: dict[str, Rows] = defaultdict(list)
    for row in rows:
        histories[row[0]].append(row)
    by_time = [[item for _, item, _ in sorted(own, key=lambda row: row[2])] for own in histories.values()]
    assert [[found.items[number] for number in found.of(user)] for user in range(len(found.users))] == by_time
    assert found.activity.tolist() == [len(own) for own in histories.values()]
    repeated = len(rows) - len({(user, item) for user, item, _ in rows})
    assert found.repeats == pytest.approx(repeated / len(rows) if rows else 1)


@given(ROWS)
def test_neighbours_are_those_of_plain_counting(rows: Rows) -> None:
    found = numbered(rows)
    with pytest.MonkeyPatch.context() as patch:
        # Blocks of a single item, pairs by the handful.
        patch.setattr(neighbours, "CELLS", 1)
        patch.setattr(neighbours, "PAIRS", 60)
        near = done(find_neighbours(found))
    users: dict[str, set[str]] = defaultdict(set)
    for user, item, _ in rows:
        users[item].add(user)
    for number, item in enumerate(found.items):
        expected = {
            other: len(users[item] & users[other]) / (math.sqrt(len(users[item]) * len(users[other])) + SHRINKAGE)
            for other in found.items
            if other != item and users[item] & users[other]
        }
        given_scores = zip(near.items[number], near.scores[number], strict=True)
        assert {found.items[one]: score for one, score in given_scores if score} == pytest.approx(expected)
        assert near.scores[number].tolist() == sorted(near.scores[number], reverse=True)


def test_of_too_much_the_newest_rows_and_the_most_popular_items_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interactions, "MOST_ROWS", 50)
    monkeypatch.setattr(interactions, "MOST_ITEMS", 2)
    rows = [("old", "old", 0)] * 30 + [(f"u{n}", "seldom", n) for n in range(10)]
    rows += [(f"u{n % 20}", "often" if n % 3 else "now and then", n) for n in range(40)]
    found = numbered(rows)
    assert found.items == ("often", "now and then")
    assert found.distinct_items == 3
    assert len(found.users) == 20
    assert found.activity.sum() == 50
    assert len(found.item) == 40


@given(st.lists(st.integers(-3, 3)))
def test_different_values(values: list[int]) -> None:
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))


@given(st.lists(st.integers(0, 4)), st.integers(0, 9))
def test_best_are_the_highest_and_the_first_of_equals(scores: list[int], most: int) -> None:
    expected = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:most]
    assert best(np.array(scores, dtype=np.float64), most) == expected


@given(st.lists(st.integers(0, 9)))
def test_latest_are_different_and_the_newest_first(history: list[int]) -> None:
    expected = list(dict.fromkeys(reversed(history)))
    assert latest(np.array(history, dtype=np.int64)).tolist() == expected


@given(ROWS)
def test_metrics_of_any_data_are_shares(rows: Rows) -> None:
    from local.personalize_emulator.algorithms import ALGORITHMS

    data = training_data(rows)
    for name, algorithm in ALGORITHMS.items():
        measure = evaluation.measure_segments if name == "affinity" else evaluation.measure_items
        found = done(measure(data, numbered(rows), algorithm))
        assert all(0 <= value <= 1 for key, value in found.items() if not key.startswith("hits")), (name, found)
    assert 0 <= evaluation.trend_accuracy(numbered(rows)) <= 1
