"""What all pieces of a dataset's files together show: lines numbered through, counts merged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .distinct import Distinct
from .findings import MOST_COUNTED, MOST_EXAMPLES, Findings, Kind, Seen

MOST_HEADERS = 10  # told apart


@dataclass
class FileSummary:
    """One file in which something was found. `count` of a kind is a least one where `MOST_COUNTED` is reached."""

    key: str
    problem: str | None = None
    faults: dict[Kind, Seen] = field(default_factory=dict)


@dataclass
class Summary:
    """A dataset's files.

    Attributes:
        files: those in which something was found.
        headers: the first different ones.
        rows: of all files, as far as they were looked at.
        users: of interactions that have any; None of other datasets.
        events: rows by EVENT_TYPE; None without such a column, or where there are too many types.
    """

    files: list[FileSummary] = field(default_factory=list)
    headers: list[list[str]] = field(default_factory=list)
    rows: int = 0
    users: Distinct | None = None
    events: Counter[str] | None = None
    _events_are_lost: bool = False

    def add(self, key: str, pieces: Iterable[Findings]) -> None:
        """Add the pieces of one file, in their order."""
        summary, lines = FileSummary(key), 0
        for piece in pieces:
            if piece.header is not None and piece.header not in self.headers and len(self.headers) < MOST_HEADERS:
                self.headers.append(piece.header)
            for kind, seen in piece.faults.items():
                merged = summary.faults.setdefault(kind, Seen())
                merged.count += seen.count
                merged.is_least |= seen.count >= MOST_COUNTED
                examples = [(lines + line + 1, value, length, limit) for line, value, length, limit in seen.first]
                merged.first += examples[: MOST_EXAMPLES - len(merged.first)]
            summary.problem = summary.problem or piece.problem
            lines += piece.lines
            self._count(piece)
        if summary.problem or summary.faults:
            self.files.append(summary)

    def _count(self, piece: Findings) -> None:
        self.rows += piece.rows
        if piece.users is not None:
            self.users = self.users or Distinct()
            self.users.merge(piece.users)
        if piece.header is None or "EVENT_TYPE" not in piece.header:
            return
        self._events_are_lost |= piece.events is None
        self.events = None if self._events_are_lost else (self.events or Counter()) + (piece.events or Counter())

    def to_json(self) -> dict[str, Any]:
        """The summary, to be kept."""
        return {
            "files": [
                [one.key, one.problem, [seen.to_json(kind) for kind, seen in one.faults.items()]] for one in self.files
            ],
            "headers": self.headers,
            "rows": self.rows,
            "users": self.users and self.users.to_json(),
            "events": self.events,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Summary:
        """What `to_json` made."""
        return cls(
            files=[
                FileSummary(key, problem, dict(map(Seen.from_json, faults))) for key, problem, faults in kept["files"]
            ],
            headers=kept["headers"],
            rows=kept["rows"],
            users=None if kept["users"] is None else Distinct.from_json(kept["users"]),
            events=None if kept["events"] is None else Counter(kept["events"]),
        )
