"""How many different users there are, and how many of them have two interactions, in memory that does not grow.

A bottom-k sketch: of the users' hashes the `KEPT` smallest are kept, each with how often its user was seen. With fewer
users all counts are exact; else the number of users is estimated from how dense the kept hashes lie, with a standard
error of 1 / sqrt(KEPT), 3 %. Two sketches merge into that of both, since whatever is among the smallest of all is among
the smallest of its part. Source: Beyer et al., "On Synopses for Distinct-Value Estimation", SIGMOD 2007.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from operator import and_, mul
from typing import Any

KEPT = 1024
ENOUGH = 2  # interactions: whether a user has more makes no difference
SPACE = 2**32
SCATTER = 0x9E3779B1  # 2**32 by the golden ratio: Knuth, "The Art of Computer Programming", 6.4
MOST_REMEMBERED = 5_000_000  # characters of values


class Distinct:
    """A sketch of values and of how often each was seen, up to `ENOUGH` times."""

    def __init__(self, counts: Mapping[int, int] | None = None, is_whole: bool = True) -> None:
        self._counts = dict(counts or {})
        self._whole = is_whole  # no value was dropped
        # Of these nothing more can be learnt: seen often enough, or hashed too high. To look is cheaper than to hash.
        self._settled: set[str] = set()
        self._room = MOST_REMEMBERED
        self._limit = SPACE if is_whole else max(self._counts, default=0) + 1

    def add(self, values: Sequence[str]) -> None:
        """See each of the values once more."""
        if self._settled.issuperset(values):
            return
        new = set(values) - self._settled
        limit = self._limit
        low = {value: digest for value, digest in zip(new, _digests(new), strict=True) if digest < limit}
        for value, seen in Counter(filter(low.__contains__, values)).items() if low else ():
            digest = low[value]
            if digest < self._limit:
                self._counts[digest] = min(ENOUGH, self._counts.get(digest, 0) + seen)
                if len(self._counts) > 2 * KEPT:
                    self._prune()
        if self._room > 0:
            self._room -= sum(map(len, new))
            self._settled |= new
            self._settled -= {value for value, digest in low.items() if self._counts.get(digest, ENOUGH) < ENOUGH}

    def forget_values(self) -> None:
        """Free the memory that more values would need; what was seen stays."""
        self._settled.clear()

    def merge(self, other: Distinct) -> None:
        """See all that another has seen."""
        for digest, seen in other._counts.items():
            self._counts[digest] = min(ENOUGH, self._counts.get(digest, 0) + seen)
        self._whole = self._whole and other._whole
        self._limit = min(self._limit, other._limit)
        self._counts = {digest: seen for digest, seen in self._counts.items() if digest < self._limit}
        self._prune()

    def _prune(self) -> None:
        if len(self._counts) > KEPT:
            smallest = sorted(self._counts)[:KEPT]
            self._counts = {digest: self._counts[digest] for digest in smallest}
            self._limit, self._whole = smallest[-1] + 1, False

    @property
    def is_exact(self) -> bool:
        """Whether the numbers are counts and not estimates."""
        return self._whole

    @property
    def number(self) -> int:
        """How many different values were seen."""
        if self._whole:
            return len(self._counts)
        return round((len(self._counts) - 1) * SPACE / (self._limit - 1))

    @property
    def twice(self) -> int:
        """How many of the values kept were seen `ENOUGH` times: of all values where the sketch is exact."""
        return sum(seen >= ENOUGH for seen in self._counts.values())

    @property
    def share_twice(self) -> float:
        """The share of all values that was seen `ENOUGH` times."""
        return self.twice / max(len(self._counts), 1)

    def to_json(self) -> dict[str, Any]:
        """The sketch, to be kept."""
        self._prune()
        return {"whole": self._whole, "counts": self._counts}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Distinct:
        """What `to_json` made."""
        return cls({int(digest): seen for digest, seen in kept["counts"].items()}, kept["whole"])


def _digests(values: Iterable[str]) -> Iterator[int]:
    """Numbers below SPACE, spread evenly, and the same in every process.

    A checksum, which alone would keep patterns of the values, times an odd number. All of it runs in C: of every other
    row a user is new, and a digest of cryptography takes longer than to read the row.
    """
    checksums = map(zlib.crc32, map(str.encode, values))
    return map(and_, map(mul, checksums, repeat(SCATTER)), repeat(SPACE - 1))
