"""User personalization and ranking: what goes with what the user had, the latest of it first."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..clock import Pause
from .algorithm import Asked
from .interactions import HISTORY, Interactions
from .neighbours import Neighbours, find_neighbours
from .popularity import Popularity, popularity
from .vectors import Numbers, Vector

if TYPE_CHECKING:
    from ..training import TrainingData

#: How much less an item counts than the one that the user had after it.
DECAY = 0.97


@dataclass(frozen=True)
class Personalization:
    """Neighbours of what a user had; of what was had before, as much as users of this data come back to things."""

    neighbours: Neighbours
    repeats: float
    popularity: Popularity

    def scores(self, asked: Asked) -> Vector:
        """A user of whom nothing is known gets what is popular."""
        seen = latest(asked.history)
        weights: Vector = np.power(DECAY, np.arange(len(seen)))
        found = self.neighbours.of(seen, weights)
        found[seen] = (found[seen] + weights) * self.repeats
        return found if found.any() else self.popularity.scores(asked)


def latest(history: Numbers) -> Numbers:
    """The last different items of a history, the latest first."""
    backwards = history[::-1]
    _, first = np.unique(backwards, return_index=True)
    return backwards[np.sort(first)][:HISTORY]


def train(_: TrainingData, interactions: Interactions) -> Generator[Pause, None, Personalization]:
    neighbours = yield from find_neighbours(interactions)
    return Personalization(neighbours, interactions.repeats, popularity(interactions))
