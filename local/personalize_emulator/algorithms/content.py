"""What items are like by their own data: they resemble each other as far as they share rare words or values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..clock import Pause
from .algorithm import Asked
from .interactions import Interactions
from .vectors import NOTHING, Numbers, Vector, added_up

if TYPE_CHECKING:
    from ..training import TrainingData

#: Takes a cell apart into what counts.
Split = Callable[[object], Iterable[str]]

_WORD = re.compile(r"\w+")
#: How many different words or values of an item count.
MOST_OF_AN_ITEM = 100


@dataclass(frozen=True)
class Content:
    """Words and values by number: those of each item, those that have each item, and how rare they are."""

    features: list[Numbers]
    owners: list[Numbers]
    rarity: Vector
    length: Vector

    def scores(self, asked: Asked) -> Vector:
        """Cosine of what the item asked for has and what others have; zeros for an item that is not known."""
        found = np.zeros(len(self.features))
        if asked.item is None or asked.item < 0:
            return found
        for feature in self.features[asked.item]:
            found[self.owners[feature]] += self.rarity[feature] ** 2
        found /= self.length * self.length[asked.item]
        return found


def words(text: object) -> Iterable[str]:
    """The words of a text in any script."""
    return _WORD.findall(str(text).casefold())


def values(text: object) -> Iterable[str]:
    """The values of a categorical column."""
    return str(text).split("|")


def train_on_text(data: TrainingData, interactions: Interactions) -> Generator[Pause, None, Content]:
    """By the words in the name and the text of items."""
    columns = [field.name for field in data.item_fields if field.textual or field.item_name]
    return (yield from _read(data, interactions, columns, words))


def train_on_values(data: TrainingData, interactions: Interactions) -> Generator[Pause, None, Content]:
    """By the values of the categorical columns of items."""
    columns = [field.name for field in data.item_fields if field.categorical]
    return (yield from _read(data, interactions, columns, values))


def _read(
    data: TrainingData, interactions: Interactions, columns: list[str], split: Split
) -> Generator[Pause, None, Content]:
    numbers = {item: number for number, item in enumerate(interactions.items)}
    known: dict[tuple[int, str], int] = {}
    features: list[Numbers] = [NOTHING] * len(numbers)
    for rows in data.items(columns):
        for item, *cells in rows:
            found = ((column, part) for column, cell in enumerate(cells) if cell is not None for part in split(cell))
            if item in numbers:
                own = {known.setdefault(one, len(known)) for one in itertools.islice(found, MOST_OF_AN_ITEM)}
                features[numbers[item]] = np.array(sorted(own), dtype=np.int64)
        yield Pause.STEP
    sizes = [len(own) for own in features]
    flat = np.concatenate(features) if features else NOTHING
    owner = np.repeat(np.arange(len(features)), sizes)
    counts = np.bincount(flat, minlength=len(known))
    by_feature = np.argsort(flat, kind="stable")
    owners = np.split(owner[by_feature], np.cumsum(counts)[:-1]) if known else []
    rarity = np.log(1 + len(features) / np.maximum(counts, 1))
    length = np.sqrt(added_up(owner, rarity[flat] ** 2, len(features)))
    yield Pause.STEP
    return Content(features, owners, rarity, np.maximum(length, 1e-9))
