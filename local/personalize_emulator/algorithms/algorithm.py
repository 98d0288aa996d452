"""What every algorithm has: a training that proceeds in steps, and scores."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ..clock import Pause
from .interactions import Interactions
from .vectors import NOTHING, Numbers, Vector

if TYPE_CHECKING:
    from ..training import TrainingData


@dataclass(frozen=True)
class Asked:
    """For whom or what something is recommended: items by number, -1 for one that is not known."""

    #: What the user had, oldest first; streamed events included.
    history: Numbers = field(default_factory=lambda: NOTHING)
    item: int | None = None
    #: Actions that the user took, and that the user saw and did not take.
    taken: Numbers = field(default_factory=lambda: NOTHING)
    refused: Numbers = field(default_factory=lambda: NOTHING)
    #: The item of each event that anybody streamed since the training.
    streamed: Numbers = field(default_factory=lambda: NOTHING)


class Algorithm(Protocol):
    """A trained algorithm."""

    def scores(self, asked: Asked) -> Vector:
        """How well each candidate suits, by number; not below 0. Equal ones rank in the order of their numbers."""


#: Trains an algorithm on some of a training's interactions; the rest of the data tells it of other datasets.
Train = Callable[["TrainingData", Interactions], Generator[Pause, None, Algorithm]]
