"""What all pieces of a dataset's files together show: lines numbered through, counts merged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .counts import Counts
from .findings import Findings, Kind, Seen

MOST_HEADERS = 10  # told apart


@dataclass
class FileSummary:
    """One file in which something was found; lines count from 1."""

    key: str
    problem: str | None = None
    faults: dict[Kind, Seen] = field(default_factory=dict)


@dataclass
class Summary:
    """A dataset's files: those in which something was found, the first different headers, and the counts of all."""

    files: list[FileSummary] = field(default_factory=list)
    headers: list[list[str]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)

    def add(self, key: str, pieces: Iterable[Findings]) -> None:
        """Add the pieces of one file, in their order."""
        file, lines = FileSummary(key), 1
        for piece in pieces:
            if piece.header is not None and piece.header not in self.headers and len(self.headers) < MOST_HEADERS:
                self.headers.append(piece.header)
            for kind, seen in piece.faults.items():
                file.faults.setdefault(kind, Seen()).merge(seen, lines)
            file.problem = file.problem or piece.problem
            lines += piece.lines
            self.counts.merge(piece.counts)
        if file.problem or file.faults:
            self.files.append(file)

    def to_json(self) -> dict[str, Any]:
        """The summary, to be kept."""
        files = [
            [one.key, one.problem, [seen.to_json(kind) for kind, seen in one.faults.items()]] for one in self.files
        ]
        return {"files": files, "headers": self.headers, "counts": self.counts.to_json()}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Summary:
        """What `to_json` made."""
        files = [FileSummary(key, problem, dict(map(Seen.from_json, faults))) for key, problem, faults in kept["files"]]
        return cls(files, kept["headers"], Counts.from_json(kept["counts"]))
