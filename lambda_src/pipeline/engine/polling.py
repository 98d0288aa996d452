"""How long a run waits before it looks again. Personalize sends no completion events, so polling is the only way."""

from __future__ import annotations

SHORTEST = 10
LONGEST = 60


def wait_seconds(age: float) -> int:
    """Seconds until the next look at a job that has been running for `age` seconds.

    One percent of the age, between 10 and 60 s: what is short is seen promptly, what is long stays cheap.
    """
    return round(min(LONGEST, max(SHORTEST, age / 100)))
