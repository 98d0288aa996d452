"""What a look at one piece of a file found: small, whatever the piece's size, and kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .counts import Counts
from .csv_rows import Fault

MOST_EXAMPLES = 3  # of a kind of fault in a column
MOST_COUNTED = 10_000  # of a kind in a column, in one piece: what is faulty is judged row by row, which takes time
Kind = tuple[str | None, str]  # column (None: the row as a whole), kind of FAULTS or NOTES


@dataclass
class Seen:
    """How often a kind was found, and the first ones: line (0 is the piece's first), value, length, limit."""

    count: int = 0
    first: list[tuple[int, str, int, int]] = field(default_factory=list)
    is_least: bool = False  # there may be more

    def merge(self, other: Seen, lines: int) -> None:
        """Add what was seen in a piece that begins below so many lines."""
        self.count += other.count
        self.is_least |= other.is_least
        moved = [(lines + line, value, length, limit) for line, value, length, limit in other.first]
        self.first += moved[: MOST_EXAMPLES - len(self.first)]

    def to_json(self, kind: Kind) -> list[Any]:
        """It and its kind, to be kept."""
        return [*kind, self.count, self.first, self.is_least]

    @classmethod
    def from_json(cls, kept: list[Any]) -> tuple[Kind, Seen]:
        """What `to_json` made."""
        column, kind, count, first, is_least = kept
        return (column, kind), cls(count, [(line, *rest) for line, *rest in first], is_least)


@dataclass
class Findings:
    """One piece of a CSV file: its rows begin in the bytes from `begin` up to `end`.

    Attributes:
        header: the file's columns; None where it has no usable header, and `problem` says why.
        problem: what is wrong with the file as a whole: nothing was read of it.
        passing: whether the problem is one of reading, which says nothing of the content.
        lines: in the piece, the header's own among them.
        faults: by column and kind.
        counts: of its rows.
    """

    begin: int
    end: int
    header: list[str] | None = None
    problem: str | None = None
    passing: bool = False
    lines: int = 0
    faults: dict[Kind, Seen] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    def found(self, fault: Fault, line: int, times: int = 1) -> int:
        """Add a fault of a line, and of as many as follow; how many of its kind there are now."""
        column, kind, value, length, limit = fault
        seen = self.faults.setdefault((column, kind), Seen())
        seen.count += times
        room = MOST_EXAMPLES - len(seen.first)
        seen.first += [(line + number, value, length, limit) for number in range(min(times, room))]
        return seen.count

    def count_no_more(self, column: str | None) -> None:
        """From here on less is looked for: in a column, or (None) in all of them."""
        for (of, _), seen in self.faults.items():
            seen.is_least |= column in (None, of)

    def to_json(self) -> dict[str, Any]:
        """The findings, to be kept."""
        return {
            "begin": self.begin,
            "end": self.end,
            "header": self.header,
            "problem": self.problem,
            "passing": self.passing,
            "lines": self.lines,
            "faults": [seen.to_json(kind) for kind, seen in self.faults.items()],
            "counts": self.counts.to_json(),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Findings:
        """What `to_json` made."""
        faults, counts = dict(map(Seen.from_json, kept["faults"])), Counts.from_json(kept["counts"])
        return cls(**kept | {"faults": faults, "counts": counts})
