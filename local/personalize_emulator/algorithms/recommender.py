"""A trained algorithm with the ids that it recommends, and the histories of those it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .affinity import Affinity
from .algorithm import Algorithm, Asked
from .interactions import Interactions
from .next_best_action import is_refused, is_taken
from .vectors import Numbers, Vector

Scored = tuple[str, float]


@dataclass(frozen=True)
class Recommender:
    """Answers in ids. `candidates` are what can be recommended: items, or actions."""

    algorithm: Algorithm
    candidates: tuple[str, ...]
    interactions: Interactions
    #: The time of the newest interaction that it was trained on, in epoch seconds.
    until: int

    @cached_property
    def _items(self) -> dict[str, int]:
        return {item: number for number, item in enumerate(self.interactions.items)}

    @cached_property
    def _candidates(self) -> dict[str, int]:
        return {one: number for number, one in enumerate(self.candidates)}

    @cached_property
    def _by_key(self) -> Numbers:
        return np.argsort(self.interactions.users)

    def ask(
        self,
        user: str | None = None,
        item: str | None = None,
        events: Iterable[str] = (),
        answers: Iterable[tuple[str, str]] = (),
        streamed: Iterable[str] = (),
    ) -> Vector:
        """Scores of all candidates.

        `events` are items of the user's streamed events, oldest first; `answers` the user's action interactions, each
        an action and an event type; `streamed` the items of what everybody streamed since the training.
        """
        known = self._history(user) if user is not None else self._numbers(())
        given = [(self._candidates[action], how) for action, how in answers if action in self._candidates]
        return self.algorithm.scores(
            Asked(
                history=np.concatenate([known, self._numbers(events)]),
                item=self._items.get(item, -1) if item is not None else None,
                taken=np.array([action for action, how in given if is_taken(how)], dtype=np.int64),
                refused=np.array([action for action, how in given if is_refused(how)], dtype=np.int64),
                streamed=self._numbers(streamed),
            )
        )

    def ranked(self, scores: Vector) -> Iterator[Scored]:
        """All candidates, best first."""
        for number in np.argsort(-scores, kind="stable"):
            yield self.candidates[number], float(scores[number])

    def score(self, scores: Vector, candidate: str) -> float:
        """One candidate's; 0 for one that is not known."""
        return float(scores[self._candidates[candidate]]) if candidate in self._candidates else 0.0

    def interest(self, items: Iterable[str]) -> dict[str, float]:
        """Which items tell of interest in any of these, and how much."""
        assert isinstance(self.algorithm, Affinity)
        weights = self.algorithm.interest(self._numbers(items))
        return {self.interactions.items[number]: float(weights[number]) for number in np.flatnonzero(weights)}

    def _history(self, user: str) -> Numbers:
        keys, key = self.interactions.users, hash(user)
        place = int(np.searchsorted(keys, key, sorter=self._by_key))
        number = self._by_key[place] if place < len(keys) else -1
        return self.interactions.of(number) if number >= 0 and keys[number] == key else self._numbers(())

    def _numbers(self, items: Iterable[str]) -> Numbers:
        return np.array([self._items[item] for item in items if item in self._items], dtype=np.int64)
