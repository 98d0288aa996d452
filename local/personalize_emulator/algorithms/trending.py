"""Trending: what gains interactions fastest, for everybody alike. Streamed events count at once."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..clock import Pause
from .algorithm import Asked
from .interactions import Interactions
from .vectors import Vector

if TYPE_CHECKING:
    from ..training import TrainingData

#: The time of all interactions is cut into so many windows; the last is held against the one before it.
WINDOWS = 10


@dataclass(frozen=True)
class Trending:
    """How many interactions each item has in the last window, and in the one before."""

    now: Vector
    before: Vector

    def scores(self, asked: Asked) -> Vector:
        now = self.now + np.bincount(asked.streamed, minlength=len(self.now))
        # By as much as chance would let it vary: ten more are much for a rare item and little for a popular one.
        return np.maximum(now - self.before, 0) / np.sqrt(self.before + 1)


def train(_: TrainingData, interactions: Interactions) -> Generator[Pause, None, Trending]:
    yield Pause.STEP
    return rising(interactions)


def rising(interactions: Interactions) -> Trending:
    time, number = interactions.time, len(interactions.items)
    first, last = (int(time.min()), int(time.max())) if len(time) else (0, 0)
    window = max(1, (last - first) // WINDOWS)

    def count(begin: int, end: int) -> Vector:
        chosen = (time > begin) & (time <= end)
        return np.bincount(interactions.item[chosen], minlength=number).astype(np.float64)

    return Trending(count(last - window, last), count(last - 2 * window, last - window))
