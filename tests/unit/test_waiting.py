"""Looks are prompt when something is about to end, cheap when nothing is, and never too rare."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pipeline.engine import waiting
from pipeline.engine.waiting import (
    DAY,
    HOUR,
    LONGEST,
    LONGEST_OF_ALL,
    MINUTE,
    MOST_REMEMBERED,
    SHORTEST,
    VERY_OLD,
    seconds_until_next_look,
)

AGES = st.floats(min_value=-60, max_value=14 * DAY)
DURATIONS = st.lists(st.floats(min_value=-1, max_value=3 * DAY), max_size=8)
FASTEST = st.floats(min_value=0, max_value=HOUR)


def looks(duration: float, durations: list[float] | None = None, fastest: float = 0) -> tuple[int, float]:
    """How many looks work of that duration takes, and how late its end is seen."""
    age, count = 0.0, 0
    while age < duration:
        age += seconds_until_next_look(age, durations or [], fastest)
        count += 1
    return count, age - duration


# --- Bounds -----------------------------------------------------------------------------------------------------------


@given(AGES, DURATIONS, FASTEST)
def test_a_wait_is_never_too_short_nor_too_long(age: float, durations: list[float], fastest: float) -> None:
    wait = seconds_until_next_look(age, durations, fastest)
    assert isinstance(wait, int)  # Step Functions waits whole seconds
    assert SHORTEST <= wait <= LONGEST_OF_ALL
    if age < VERY_OLD:
        assert wait <= LONGEST


@given(st.floats(min_value=0, max_value=30 * DAY))
def test_the_other_waits_have_bounds_too(seconds: float) -> None:
    assert SHORTEST <= waiting.seconds_until_retry(seconds) <= LONGEST
    assert SHORTEST <= waiting.seconds_until_turn(seconds) <= 30 * MINUTE


ASCENDING = st.tuples(st.floats(min_value=0, max_value=14 * DAY), st.floats(min_value=0, max_value=14 * DAY)).map(
    sorted
)


@given(ASCENDING)
def test_the_longer_it_goes_on_the_longer_is_the_wait_where_nothing_is_known(ages: list[float]) -> None:
    """What anything of its kind takes at least is waited for otherwise."""
    assert seconds_until_next_look(ages[0]) <= seconds_until_next_look(ages[1])
    assert waiting.seconds_until_retry(ages[0]) <= waiting.seconds_until_retry(ages[1])
    assert waiting.seconds_until_turn(ages[0]) <= waiting.seconds_until_turn(ages[1])


@given(ASCENDING, st.lists(st.floats(min_value=1, max_value=DAY), min_size=1, max_size=5))
def test_the_longer_it_is_overdue_the_longer_is_the_wait(late: list[float], durations: list[float]) -> None:
    window = waiting.expected(durations)
    assert window
    one, other = (seconds_until_next_look(window.latest + 1 + seconds, durations) for seconds in late)
    assert one <= other


# --- By age -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "least", "most"),
    [
        *((-5, 10, 10), (0, 10, 10), (799, 10, 10), (1600, 20, 20), (HOUR, 45, 45)),
        *((4800, 55, 60), (6 * HOUR, 55, 60), (12 * HOUR, 300, 300), (4 * DAY, 600, 600)),
    ],
)
def test_without_history_the_wait_is_a_little_over_a_percent_of_the_age(age: float, least: int, most: int) -> None:
    assert least <= seconds_until_next_look(age) <= most


def test_a_training_of_an_hour_costs_few_looks_and_is_seen_within_a_minute() -> None:
    count, late = looks(HOUR)
    assert count < 220
    assert late < MINUTE


def test_a_history_stays_under_its_limit_however_long_a_run_may_take() -> None:
    """A look is a task (5 events), a choice (2) and a wait (2); a history ends at 25,000. A run may take a week."""
    count, _ = looks(7 * DAY)
    assert count * 9 < 20_000


def test_what_nothing_of_its_kind_has_beaten_is_rarely_looked_at_before() -> None:
    assert looks(20 * MINUTE, fastest=20 * MINUTE)[0] < looks(20 * MINUTE)[0] / 5
    age = 0.0
    while age < 20 * MINUTE:
        age += seconds_until_next_look(age, fastest=20 * MINUTE)
    assert age == pytest.approx(20 * MINUTE, abs=SHORTEST)  # the first look of use is made when it begins to be


# --- With history -----------------------------------------------------------------------------------------------------


def test_nothing_is_expected_where_nothing_is_known() -> None:
    assert waiting.expected([]) is None
    assert waiting.expected([0, -3]) is None


def test_a_window_reaches_from_the_fastest_to_the_slowest_and_a_little_further() -> None:
    window = waiting.expected([3600, 3000, 3300])
    assert window
    assert window == waiting.Window(3000 - 99, 3600 + 99)


def test_a_window_has_a_width_even_if_all_took_the_same() -> None:
    assert waiting.expected([60, 60]) == waiting.Window(50, 70)


def test_only_the_newest_are_remembered() -> None:
    assert waiting.expected([1000.0] * MOST_REMEMBERED + [5.0]) == waiting.expected([1000.0] * MOST_REMEMBERED)


@given(st.lists(st.floats(min_value=1, max_value=3 * DAY), min_size=1, max_size=MOST_REMEMBERED))
def test_every_remembered_time_is_in_the_window(durations: list[float]) -> None:
    window = waiting.expected(durations)
    assert window
    assert all(window.earliest < seconds < window.latest for seconds in durations)


@given(st.floats(min_value=15 * MINUTE, max_value=12 * HOUR), st.floats(min_value=0.98, max_value=1.02))
def test_what_takes_as_long_as_before_is_seen_sooner_and_with_fewer_looks(before: float, ratio: float) -> None:
    """The point of learning: denser around the expected end, and rare before."""
    count, late = looks(before * ratio, [before])
    unlearned, _ = looks(before * ratio)
    assert count < max(unlearned * 0.75, 40)
    assert late <= max(SHORTEST, before * 0.0011 + 1)


@given(
    st.floats(min_value=0.01, max_value=0.999),
    st.lists(st.floats(min_value=300, max_value=DAY), min_size=1, max_size=5),
)
def test_the_window_is_not_slept_through(share: float, durations: list[float]) -> None:
    """A look before the window leads to its beginning at the latest, or a shortest wait beyond it."""
    window = waiting.expected(durations)
    assume(window and window.earliest > 0)
    assert window
    age = share * window.earliest
    assert age + seconds_until_next_look(age, durations) <= window.earliest + SHORTEST


def test_what_ends_much_sooner_than_before_is_seen_in_minutes() -> None:
    """A failure mostly comes early."""
    assert all(looks(age, [6 * HOUR])[1] <= LONGEST for age in range(MINUTE, 6 * HOUR, 7 * MINUTE))


def test_what_takes_longer_than_ever_is_looked_at_ever_more_rarely() -> None:
    waits = [seconds_until_next_look(HOUR + late, [HOUR - 300]) for late in (0, 10 * MINUTE, HOUR, 3 * HOUR)]
    assert waits == sorted(waits)
    assert waits[0] < 60
    assert waits[-1] == LONGEST
