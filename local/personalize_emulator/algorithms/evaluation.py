"""How well an algorithm does on users, or on a time, that it has not seen.

Source: developer guide, "Evaluating an Amazon Personalize solution version with metrics": users are split 90 to 10, and
of those held out the latest tenth is what must be foreseen; of segments the latest fifth of each user's time.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..clock import Pause
from .affinity import Affinity
from .algorithm import Algorithm, Asked, Train
from .interactions import Interactions
from .next_best_action import Responses, learn
from .trending import WINDOWS, rising
from .vectors import Vector, added_up, best

if TYPE_CHECKING:
    from ..training import TrainingData

Metrics = dict[str, float]

#: One user in so many is held out, and at most so many users and segments are used to measure.
HELD_OUT = 10
MEASURED_USERS = 2000
MEASURED_SEGMENTS = 200
#: What must be foreseen of a held-out user's interactions, and of anybody's for segments.
FORESEEN = 0.1
FORESEEN_BY_SEGMENTS = 0.2
#: The longest list that is measured.
SHOWN = 25
#: Users or segments that are measured in one step.
AT_A_STEP = 50


def measure_items(data: TrainingData, interactions: Interactions, train: Train) -> Generator[Pause, None, Metrics]:
    """All metrics of recommended items."""
    number = np.arange(len(interactions.users))
    held_out = number % HELD_OUT == HELD_OUT - 1
    algorithm = yield from train(data, interactions.where(~held_out[interactions.user]))
    guesses = []
    for count, user in enumerate(number[held_out][:MEASURED_USERS], 1):
        own = interactions.of(user)
        later = max(1, round(len(own) * FORESEEN))
        if len(own) > later:
            asked = Asked(own[:-later], item=int(own[-later - 1]))
            guesses.append(_guess(algorithm, asked, {int(item) for item in own[-later:]}))
        if count % AT_A_STEP == 0:
            yield Pause.STEP
    return _metrics(guesses, interactions.distinct_items)


def measure_actions(interactions: Interactions, responses: Responses) -> Generator[Pause, None, Metrics]:
    """All metrics of recommended actions: those that held-out users took."""
    held_out = (responses.user >= 0) & (responses.user % HELD_OUT == HELD_OUT - 1)
    algorithm = yield from learn(interactions, responses.where(~held_out))
    theirs = responses.where(held_out & responses.taken)
    guesses = [
        _guess(algorithm, Asked(interactions.of(user)), {int(one) for one in theirs.action[theirs.user == user]})
        for user in np.unique(theirs.user)[:MEASURED_USERS]
    ]
    yield Pause.STEP
    return _metrics(guesses, len(responses.actions))


def measure_segments(data: TrainingData, interactions: Interactions, train: Train) -> Generator[Pause, None, Metrics]:
    """Are those in the segment of an item (one user in a hundred) those who take it later?"""
    sizes = np.diff(interactions.starts)[interactions.user]
    is_later = interactions.from_end < np.floor(sizes * FORESEEN_BY_SEGMENTS)
    known, later = interactions.where(~is_later), interactions.where(is_later)
    algorithm = yield from train(data, known)
    assert isinstance(algorithm, Affinity)
    users = len(interactions.users)
    found: set[int] = set()
    hits, recall = [], []
    for count, item in enumerate(np.unique(later.item)[:MEASURED_SEGMENTS], 1):
        segment = set(best(users_interest(known, algorithm.scores(Asked(item=int(item)))), max(1, users // 100)))
        takers = {int(user) for user in later.user[later.item == item]}
        found |= segment
        # A count: values up to 19.76 have been seen.
        hits.append(float(len(segment & takers)))
        recall.append(len(segment & takers) / len(takers))
        if count % AT_A_STEP == 0:
            yield Pause.STEP
    covered = len(found) / users if users else 0.0
    return {"coverage": covered, "hits_at_1_percent": _mean(hits), "recall_at_1_percent": _mean(recall)}


def users_interest(interactions: Interactions, weights: Vector) -> Vector:
    """How interested each user is, from how much each item tells of that."""
    return added_up(interactions.user, weights[interactions.item], len(interactions.users))


def trend_accuracy(interactions: Interactions) -> float:
    """How many of the fastest rising items of the last tenth of the time were rising before."""
    if not len(interactions.item):
        return 0.0
    first, last = int(interactions.time.min()), int(interactions.time.max())
    known = interactions.where(interactions.time <= last - (last - first) // WINDOWS)
    before, then = (
        {item for item in best(scores, SHOWN) if scores[item] > 0}
        for scores in (rising(some).scores(Asked()) for some in (known, interactions))
    )
    return len(before & then) / max(1, len(then))


@dataclass(frozen=True)
class _Guess:
    """What was recommended to a user, against what that user then did."""

    shown: list[int]
    later: set[int]

    def _hits(self, k: int) -> list[int]:
        return [rank for rank, item in enumerate(self.shown[:k], 1) if item in self.later]

    def reciprocal_rank(self, k: int) -> float:
        return next((1 / rank for rank in self._hits(k)), 0.0)

    def gain(self, k: int) -> float:
        most = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(self.later)) + 1))
        return sum(1 / math.log2(rank + 1) for rank in self._hits(k)) / most

    def precision(self, k: int) -> float:
        return len(self._hits(k)) / k

    def recall(self, k: int) -> float:
        return len(self._hits(k)) / len(self.later)

    def area(self, candidates: int) -> float:
        """Chance that one the user chose ranks before one that was not chosen, among all `candidates`."""
        others = max(1, candidates - len(self.later))
        missed = [min(1.0, (rank - 1) / others) for rank in self._hits(len(self.shown))]
        unseen = [0.5] * (len(self.later) - len(missed))
        return 1 - _mean([*missed, *unseen])


def _guess(algorithm: Algorithm, asked: Asked, later: set[int]) -> _Guess:
    return _Guess(best(algorithm.scores(asked), SHOWN), later)


def _metrics(guesses: Sequence[_Guess], candidates: int) -> Metrics:
    found = {
        "coverage": len({one for guess in guesses for one in guess.shown}) / max(1, candidates),
        "mean_reciprocal_rank_at_25": _mean([guess.reciprocal_rank(25) for guess in guesses]),
        "area_under_curve": _mean([guess.area(candidates) for guess in guesses]),
    }
    for k in (5, 10, 25):
        found[f"normalized_discounted_cumulative_gain_at_{k}"] = _mean([guess.gain(k) for guess in guesses])
        found[f"precision_at_{k}"] = _mean([guess.precision(k) for guess in guesses])
        found[f"recall_at_{k}"] = _mean([guess.recall(k) for guess in guesses])
    return found


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
