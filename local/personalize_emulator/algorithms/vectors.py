"""Arrays that all algorithms work with."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

#: Users, items or places by number.
Numbers = NDArray[np.int64]
#: A value for each item, user or action, by its number.
Vector = NDArray[np.float64]

NOTHING: Numbers = np.zeros(0, dtype=np.int64)


def distinct(values: Numbers) -> Numbers:
    """The different values in order. (np.unique counts on few; it is slow where most are different.)"""
    ordered = np.sort(values)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])[: len(ordered)]
    return cast(Numbers, ordered[first])


def added_up(places: Numbers, weights: Vector, length: int) -> Vector:
    """The sum of the weights at each place, for places from 0 to `length`."""
    return cast(Vector, np.bincount(places, weights, minlength=length))


def best_of_rows(table: Vector, most: int) -> Numbers:
    """Places of the highest values of each row, the highest first, and the first of equals."""
    # Equals are told apart, since processors differ in which of them come out of a partition.
    lowered = np.arange(table.shape[1]) * 1e-12 - table
    places = np.argpartition(lowered, most - 1, axis=1)[:, :most]
    inner = np.argsort(np.take_along_axis(lowered, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, inner, axis=1)


def best(scores: Vector, most: int) -> list[int]:
    """Places of the best scores, best first."""
    most = min(most, len(scores))
    return [int(one) for one in best_of_rows(scores[np.newaxis], most)[0]] if most else []
