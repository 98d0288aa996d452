"""Similar items: what the same users have as a given item, and what is like it by its own data."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..clock import Pause
from .algorithm import Asked
from .content import Content, train_on_text, train_on_values
from .interactions import Interactions
from .neighbours import Neighbours, find_neighbours
from .popularity import Popularity, popularity
from .vectors import Vector

if TYPE_CHECKING:
    from ..training import TrainingData

#: What items are like decides where nobody's behaviour tells.
SHARE_OF_CONTENT = 0.1


@dataclass(frozen=True)
class SimilarItems:
    """Neighbours of an item by its users, by its content, or by both."""

    popularity: Popularity
    neighbours: Neighbours | None = None
    content: Content | None = None

    def scores(self, asked: Asked) -> Vector:
        """For an item of which nothing is known: what is popular."""
        popular = self.popularity.scores(asked)
        found = np.zeros(len(popular))
        if asked.item is not None and asked.item >= 0:
            if self.neighbours is not None:
                found += self.neighbours.of(np.array([asked.item]), np.ones(1))
            if self.content is not None:
                found += SHARE_OF_CONTENT * self.content.scores(asked)
            found[asked.item] = 0
        return found if found.any() else popular


def train_on_users(_: TrainingData, interactions: Interactions) -> Generator[Pause, None, SimilarItems]:
    """By the items' users alone."""
    neighbours = yield from find_neighbours(interactions)
    return SimilarItems(popularity(interactions), neighbours)


def train_on_users_and_values(data: TrainingData, interactions: Interactions) -> Generator[Pause, None, SimilarItems]:
    """By the items' users and categorical columns."""
    neighbours = yield from find_neighbours(interactions)
    content = yield from train_on_values(data, interactions)
    return SimilarItems(popularity(interactions), neighbours, content)


def train_on_words(data: TrainingData, interactions: Interactions) -> Generator[Pause, None, SimilarItems]:
    """By the words in the items' names and texts."""
    content = yield from train_on_text(data, interactions)
    return SimilarItems(popularity(interactions), content=content)
