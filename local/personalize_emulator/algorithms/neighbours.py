"""Which items the same users take: cosine similarity of items by their users, the nearest ones of each."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from ..clock import Pause
from .interactions import HISTORY, Interactions
from .vectors import Numbers, Vector, added_up, best_of_rows, distinct

#: How many neighbours an item keeps.
NEAREST = 50
#: Lowers what rests on very few users, as if each item had so many more.
SHRINKAGE = 2
#: Bounds of one step: cells of the table of counts, and pairs of items that are counted.
CELLS = 500_000
PAIRS = 200_000


@dataclass(frozen=True)
class Neighbours:
    """For each item, by number, its nearest others with their similarity from 0 to 1; best first, zeros at the end."""

    items: Numbers
    scores: Vector

    def of(self, items: Numbers, weights: Vector) -> Vector:
        """What all items get from being near some, each of which has a weight."""
        given = self.scores[items] * weights[:, np.newaxis]
        return added_up(self.items[items].ravel(), given.ravel(), len(self.items))


def find_neighbours(interactions: Interactions) -> Generator[Pause, None, Neighbours]:
    """Items are alike as far as the same users have them, of whom each counts with the latest few items."""
    number = len(interactions.items)
    recent = interactions.from_end < HISTORY
    pairs = distinct(interactions.user[recent] * number + interactions.item[recent])
    user, item = np.divmod(pairs, max(1, number))
    starts = np.searchsorted(user, np.arange(len(interactions.users) + 1))
    takers = np.bincount(item, minlength=number)
    by_item = np.argsort(item, kind="stable")
    ends = np.concatenate([[0], np.cumsum(takers)])
    width = min(NEAREST, number)
    nearest = np.zeros((number, width), dtype=np.int64)
    scores = np.zeros((number, width))
    yield Pause.STEP
    block = max(1, CELLS // max(1, number))
    for first in range(0, number, block):
        last = min(first + block, number)
        together = np.zeros((last - first) * number)
        for begin in range(ends[first], ends[last], PAIRS // HISTORY):
            entries = by_item[begin : min(begin + PAIRS // HISTORY, ends[last])]
            owner, others = _pairs(entries, user, item, starts)
            together += np.bincount((owner - first) * number + others, minlength=len(together))
            yield Pause.STEP
        table = together.reshape(-1, number)
        rows = np.arange(first, last)
        table[rows - first, rows] = 0
        table /= np.sqrt(np.outer(takers[rows], takers)) + SHRINKAGE
        order = best_of_rows(table, width)
        nearest[rows], scores[rows] = order, np.take_along_axis(table, order, axis=1)
        yield Pause.STEP
    return Neighbours(nearest, scores)


def _pairs(entries: Numbers, user: Numbers, item: Numbers, starts: Numbers) -> tuple[Numbers, Numbers]:
    """Each entry's item beside each item of the same user."""
    begins = starts[user[entries]]
    sizes = starts[user[entries] + 1] - begins
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.repeat(item[entries], sizes), item[np.repeat(begins, sizes) + within]
