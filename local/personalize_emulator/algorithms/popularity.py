"""Popularity: what has the most interactions, for everybody alike."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clock import Pause
from .algorithm import Asked
from .interactions import Interactions
from .vectors import Vector

if TYPE_CHECKING:
    from ..training import TrainingData


@dataclass(frozen=True)
class Popularity:
    """Each item's share of the interactions."""

    shares: Vector

    def scores(self, _: Asked) -> Vector:
        return self.shares


def train(_: TrainingData, interactions: Interactions) -> Generator[Pause, None, Popularity]:
    yield Pause.STEP
    return popularity(interactions)


def popularity(interactions: Interactions) -> Popularity:
    return Popularity(interactions.counts / max(1, len(interactions.item)))
