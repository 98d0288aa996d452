"""The interactions that a training uses, as numbers: a few short arrays, whatever the length of the ids."""

from __future__ import annotations

import heapq
import itertools
from array import array
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..clock import Pause
from .vectors import Numbers, distinct

if TYPE_CHECKING:
    from ..training import TrainingData

#: Memory is bounded: of more rows the newest are used, of more items the most popular.
MOST_ROWS = 2_000_000
MOST_ITEMS = 10_000
#: How many of a user's latest interactions count.
HISTORY = 50


@dataclass(frozen=True)
class Interactions:
    """Interactions by user, each user's in order of time.

    Items are known by number, the most popular first, and after them those that only the catalogue has. Users are
    numbered in the order in which they first appear. Interactions with items beyond MOST_ITEMS are left out.
    """

    items: tuple[str, ...]
    #: How many different items there were, before any was left out.
    distinct_items: int
    #: A hash of each user's id, by number: enough to find a user again.
    users: Numbers
    #: How many interactions each user had, before any was left out.
    activity: Numbers
    #: Where each user's interactions begin; one number more says where the last one's end.
    starts: Numbers
    item: Numbers
    time: Numbers

    @cached_property
    def user(self) -> Numbers:
        """The user of each interaction."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.starts))

    @cached_property
    def counts(self) -> Numbers:
        """How many interactions each item has."""
        return np.bincount(self.item, minlength=len(self.items))

    @cached_property
    def repeats(self) -> float:
        """Share of the interactions that are with an item which the same user had before."""
        pairs = distinct(self.user * len(self.items) + self.item)
        return 1 - len(pairs) / max(1, len(self.item))

    def of(self, user: int) -> Numbers:
        """The items of a user, by the user's number, oldest first."""
        return self.item[self.starts[user] : self.starts[user + 1]]

    def where(self, chosen: NDArray[np.bool_]) -> Interactions:
        """The chosen ones of the interactions; users and items keep their numbers."""
        starts = np.concatenate([[0], np.cumsum(chosen)])[self.starts]
        return replace(self, starts=starts, item=self.item[chosen], time=self.time[chosen])

    def remembered(self) -> Interactions:
        """What a model needs to keep: the latest items of each user."""
        recent = self.where(self.from_end < HISTORY)
        return replace(recent, item=recent.item.astype(np.int32), time=self.time[:0])

    @cached_property
    def from_end(self) -> Numbers:
        """How many interactions of the same user come after each."""
        return self.starts[1:][self.user] - 1 - np.arange(len(self.item))


def read(data: TrainingData, catalogue: Iterable[str] = ()) -> Generator[Pause, None, Interactions]:
    """Read a training's interactions, some rows at a step. `catalogue` names items that need not have any."""
    users, items, times = array("q"), array("q"), array("q")
    numbers: defaultdict[str, int] = defaultdict(itertools.count().__next__)
    for rows in data.newest(MOST_ROWS):
        if rows:
            ids, item_ids, moments = zip(*rows, strict=True)
            users.extend(map(hash, ids))
            items.extend(map(numbers.__getitem__, item_ids))
            times.extend(moments)
        yield Pause.STEP
    found = list(numbers)
    counts = np.bincount(_numbers(items), minlength=len(found))
    popular = sorted(range(len(found)), key=lambda number: (-counts[number], found[number]))[:MOST_ITEMS]
    names = [found[number] for number in popular]
    cold = heapq.nsmallest(MOST_ITEMS - len(names), (item for item in catalogue if item not in numbers))
    renumbered = np.full(len(found), -1)
    renumbered[popular] = np.arange(len(popular))
    yield Pause.STEP
    keys, first, user = np.unique(_numbers(users), return_index=True, return_inverse=True)
    by_appearance = np.argsort(first)
    place = np.empty_like(by_appearance)
    place[by_appearance] = np.arange(len(keys))
    user = place[user]
    yield Pause.STEP
    item, time = renumbered[_numbers(items)], _numbers(times)
    activity = np.bincount(user, minlength=len(keys))
    order = np.lexsort((time, user))
    order = order[item[order] >= 0]
    starts = np.concatenate([[0], np.cumsum(np.bincount(user[order], minlength=len(keys)))])
    yield Pause.STEP
    return Interactions((*names, *cold), len(found), keys[by_appearance], activity, starts, item[order], time[order])


def _numbers(values: array[int]) -> Numbers:
    return np.array(values, dtype=np.int64)
