"""When to look again. Personalize sends no completion events, so looking is the only way, and each look costs.

A look is three state transitions. What earlier work of the same kind took tells when the next look is worth it: rarely
before that, densely around it, rarely again after it. Where nothing is known, the age decides. `make figures` prints
what this policy costs, and how late it is.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86_400
SHORTEST, LONGEST = 10, 5 * MINUTE  # between two looks
# Without history: a little over one percent of the age, at most a minute for six hours; from there slowly to LONGEST.
SHARE = 80
PROMPT = 58  # and a look takes its time, so that nobody is later than a minute
PATIENT_FROM = 6 * HOUR
# After three days ten minutes are less than a quarter of a percent; and an execution has at most 25,000 events.
VERY_OLD, LONGEST_OF_ALL = 3 * DAY, 10 * MINUTE
# With history: the window is as wide as earlier times differ, and at least this much of them wider on either side.
# Many short jobs one after the other: looks grow rarer before a history is full.
LEAST_WAITS = ((2200, LONGEST_OF_ALL), (1800, LONGEST), (1200, MINUTE))
LEAST_SPREAD, SPREAD_OF_ONE = 0.03, 0.041
LOOKS_IN_A_WINDOW = 82
MOST_REMEMBERED = 5


@dataclass(frozen=True)
class Window:
    """The ages, in seconds, between which work is expected to end."""

    earliest: float
    latest: float


def expected(durations: Sequence[float]) -> Window | None:
    """When work will probably end, of what its like took: seconds, newest first. None where nothing is known."""
    known = [seconds for seconds in durations if seconds > 0][:MOST_REMEMBERED]
    if not known:
        return None
    share = LEAST_SPREAD if len(known) > 1 else SPREAD_OF_ONE
    spread = max(share * statistics.median(known), SHORTEST)
    return Window(min(known) - spread, max(known) + spread)


def seconds_until_next_look(age: float, durations: Sequence[float] = (), fastest: float = 0) -> int:
    """Seconds until the next look at work that has been going on for `age` seconds.

    Args:
        age: since it was begun, on the service's own clock.
        durations: what earlier work of its kind took, newest first.
        fastest: what nothing of its kind has been seen to beat.
    """
    window = expected(durations)
    earliest = window.earliest if window else fastest
    if age < earliest:
        # What ends this early has failed, or had other data: worth a look, but not many.
        wait = min(earliest - age, age / 2)
    elif window is None:
        wait = _by_age(age)
    elif age <= window.latest:
        wait = min((window.latest - window.earliest) / LOOKS_IN_A_WINDOW, _by_age(age))
    else:
        wait = 2 * SHORTEST + (age - window.latest) / 20
    longest = LONGEST if age < VERY_OLD else LONGEST_OF_ALL
    return round(min(max(wait, SHORTEST), longest))


def least_wait(looks: int) -> int:
    """Seconds between looks at the least, after that many: a history ends at 25,000 events, and a look is nine."""
    return next((seconds for number, seconds in LEAST_WAITS if looks >= number), SHORTEST)


def seconds_until_retry(trouble: float) -> int:
    """Seconds until a refused call is tried again, when calls have been refused for `trouble` seconds."""
    return round(min(max(trouble / 4, SHORTEST), LONGEST))


def seconds_until_turn(waited: float) -> int:
    """Seconds until a run that has `waited` for its turn looks again; it may have to wait for days."""
    return round(min(max(waited / 20, SHORTEST), 6 * LONGEST))


def _by_age(age: float) -> float:
    return min(age / SHARE, PROMPT) if age < PATIENT_FROM else PROMPT + (age - PATIENT_FROM) / MINUTE
