"""Affinity: which users are interested in items, as far as they had these or what goes with them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..clock import Pause
from .algorithm import Asked
from .interactions import Interactions
from .neighbours import Neighbours, find_neighbours
from .vectors import NOTHING, Numbers, Vector

if TYPE_CHECKING:
    from ..training import TrainingData


@dataclass(frozen=True)
class Affinity:
    """Neighbours of items, and how far users of this data come back to what they had."""

    neighbours: Neighbours
    repeats: float

    def scores(self, asked: Asked) -> Vector:
        """How much it tells of interest in the item asked for that somebody had each item."""
        return self.interest(NOTHING if asked.item is None else np.array([asked.item]))

    def interest(self, items: Numbers) -> Vector:
        """How much it tells of interest in any of these items that somebody had each item."""
        items = items[items >= 0]
        found = self.neighbours.of(items, np.ones(len(items)))
        found[items] += self.repeats
        return found


def train(_: TrainingData, interactions: Interactions) -> Generator[Pause, None, Affinity]:
    neighbours = yield from find_neighbours(interactions)
    return Affinity(neighbours, interactions.repeats)
