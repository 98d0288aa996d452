"""What a look at one piece of a file found: small, whatever the piece's size, and kept as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .csv_rows import Fault
from .distinct import Distinct

MOST_EXAMPLES = 3  # of a kind of fault in a column
MOST_COUNTED = (
    10_000  # of a kind of fault in a column, in one piece: what is faulty is judged row by row, which takes time
)
MOST_EVENT_TYPES = 1000
Kind = tuple[str | None, str]  # column (None: the row as a whole), kind of FAULTS or NOTES


@dataclass
class Seen:
    """How often a kind was found, and the first ones: line (0 is the piece's first), value, length, limit."""

    count: int = 0
    first: list[tuple[int, str, int, int]] = field(default_factory=list)
    is_least: bool = False  # there may be more

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
        problem: what is wrong with the file as a whole: nothing was read of it, or not to its end.
        lines: in the piece, the header's own among them.
        rows: that could be read.
        faults: by column and kind.
        users: of the column USER_ID of interactions; None of other datasets.
        events: rows by EVENT_TYPE; None where there is no such column, or more than `MOST_EVENT_TYPES` types.
        passing: whether the problem is one of reading, which says nothing of the content.
    """

    begin: int
    end: int
    header: list[str] | None = None
    problem: str | None = None
    lines: int = 0
    rows: int = 0
    faults: dict[Kind, Seen] = field(default_factory=dict)
    users: Distinct | None = None
    events: Counter[str] | None = None
    passing: bool = False

    def found(self, fault: Fault, line: int) -> int:
        """Add one fault of a line; how many of its kind there are now."""
        column, kind, value, length, limit = fault
        seen = self.faults.setdefault((column, kind), Seen())
        seen.count += 1
        if len(seen.first) < MOST_EXAMPLES:
            seen.first.append((line, value, length, limit))
        return seen.count

    def add_events(self, types: Counter[str]) -> None:
        """Count rows of event types, until there are too many types to be real ones."""
        if self.events is not None:
            self.events.update(types)
            if len(self.events) > MOST_EVENT_TYPES:
                self.events = None

    def to_json(self) -> dict[str, Any]:
        """The findings, to be kept."""
        return {
            "begin": self.begin,
            "end": self.end,
            "header": self.header,
            "problem": self.problem,
            "passing": self.passing,
            "lines": self.lines,
            "rows": self.rows,
            "faults": [seen.to_json(kind) for kind, seen in self.faults.items()],
            "users": self.users and self.users.to_json(),
            "events": self.events,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Findings:
        """What `to_json` made."""
        return cls(
            begin=kept["begin"],
            end=kept["end"],
            header=kept["header"],
            problem=kept["problem"],
            passing=kept["passing"],
            lines=kept["lines"],
            rows=kept["rows"],
            faults=dict(map(Seen.from_json, kept["faults"])),
            users=None if kept["users"] is None else Distinct.from_json(kept["users"]),
            events=None if kept["events"] is None else Counter(kept["events"]),
        )
