"""Next best action: what is taken most often when offered, and by people with a history like the user's."""

from __future__ import annotations

from array import array
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..clock import Pause
from .algorithm import Asked
from .interactions import MOST_ROWS, Interactions
from .neighbours import NEAREST, Neighbours
from .personalization import latest
from .vectors import Numbers, Vector, added_up, best_of_rows

if TYPE_CHECKING:
    from ..training import TrainingData


@dataclass(frozen=True)
class Responses:
    """What users did about actions, each known by number; a user who has no item interactions has the number -1."""

    actions: tuple[str, ...]
    user: Numbers
    action: Numbers
    taken: NDArray[np.bool_]

    def where(self, chosen: NDArray[np.bool_]) -> Responses:
        return Responses(self.actions, self.user[chosen], self.action[chosen], self.taken[chosen])


@dataclass(frozen=True)
class NextBestAction:
    """How often each action is taken, and which items those had who took it."""

    shares: Vector
    takers_items: Neighbours
    rarity: Vector

    def scores(self, asked: Asked) -> Vector:
        """From 0 to 1. What the user refused counts less with each refusal."""
        seen = latest(asked.history)
        own = np.zeros(len(self.rarity))
        own[seen] = self.rarity[seen]
        likeness = (own[self.takers_items.items] * self.takers_items.scores).sum(axis=1)
        likeness /= max(float(np.sqrt((own**2).sum())), 1e-9)
        number = len(self.shares)
        taken, refused = np.bincount(asked.taken, minlength=number), np.bincount(asked.refused, minlength=number)
        return np.asarray(self.shares * (1 + likeness) / 2 * (1 + taken) / (1 + taken + refused))


def read(data: TrainingData, interactions: Interactions) -> Generator[Pause, None, Responses]:
    """Read what users did about actions, some rows at a step."""
    actions = tuple(sorted(str(action) for rows in data.actions() for (action,) in rows))
    numbers = {action: number for number, action in enumerate(actions)}
    users, chosen, taken = array("q"), array("q"), array("b")
    for rows in data.newest_responses(MOST_ROWS):
        for user, action, event_type in rows:
            if action in numbers:
                users.append(hash(user))
                chosen.append(numbers[action])
                taken.append(is_taken(str(event_type)))
        yield Pause.STEP
    by_key = {key: number for number, key in enumerate(interactions.users.tolist())}
    user = np.array([by_key.get(key, -1) for key in users], dtype=np.int64)
    return Responses(actions, user, np.array(chosen, dtype=np.int64), np.array(taken, dtype=np.bool_))


def is_taken(event_type: str) -> bool:
    """Whether an action interaction says that the action was taken. Source: guide "Action interactions data"."""
    return event_type.casefold() == "taken"


def is_refused(event_type: str) -> bool:
    """Whether it says that the action was not taken; Viewed says neither."""
    return event_type.casefold().replace("_", " ") == "not taken"


def learn(interactions: Interactions, responses: Responses) -> Generator[Pause, None, NextBestAction]:
    number, items = len(responses.actions), len(interactions.items)
    offered = np.bincount(responses.action, minlength=number)
    taken = np.bincount(responses.action[responses.taken], minlength=number)
    rarity = np.log(1 + len(interactions.users) / np.maximum(interactions.counts, 1))
    profiles, weights = np.zeros((number, min(NEAREST, items)), dtype=np.int64), np.zeros((number, min(NEAREST, items)))
    for action in range(number):
        takers = np.zeros(len(interactions.users), dtype=np.bool_)
        chosen = responses.user[(responses.action == action) & responses.taken]
        takers[chosen[chosen >= 0]] = True
        theirs = interactions.item[takers[interactions.user]]
        profile = added_up(theirs, rarity[theirs], items)
        if items and profile.any():
            profile /= np.sqrt((profile**2).sum())
            profiles[action] = best_of_rows(profile[np.newaxis], profiles.shape[1])[0]
            weights[action] = profile[profiles[action]]
        yield Pause.STEP
    return NextBestAction((taken + 1) / (offered + 2), Neighbours(profiles, weights), rarity)
