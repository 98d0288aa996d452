"""What was found in the data, kept in the bucket for the calls and runs that come after.

`runs/data-checks/<digest>.json` holds the findings of a piece of a file, those of a share, or the summary of a folder.
The digest follows from what was read (S3's ETag, size and storage class), the schema, and the code that read it: an
unchanged file is not read twice, by whichever run.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from pipeline import objects
from pipeline.params.schemas import Avro
from pipeline.version import version

from .checks import Piece
from .counts import Counts
from .findings import Findings
from .folders import DataFolder
from .summary import Summary

PREFIX = "runs/data-checks/"


@dataclass
class ShareFindings:
    """What one of several calls found in its pieces, as far as it came; what it counted is together, to be small."""

    pieces: list[Findings] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    is_complete: bool = False

    def add(self, found: Findings) -> None:
        """Add the next piece."""
        self.counts.merge(found.counts)
        self.pieces.append(dataclasses.replace(found, counts=Counts()))


class Kept:
    """What earlier looks found."""

    def __init__(self, run: str) -> None:
        self._run = run

    def findings(self, piece: Piece, avro: Avro) -> Findings | None:
        """Of one piece, or None where nobody has read it."""
        kept = self._get(_piece_id(piece, avro))
        return Findings.from_json(kept) if kept else None

    def keep_findings(self, piece: Piece, avro: Avro, found: Findings) -> None:
        """Keep them, for other runs as well. What could not be read says nothing of the content, so it is not kept."""
        if not found.passing:
            self._put(_piece_id(piece, avro), found.to_json())

    def summary(self, folder: DataFolder, avro: Avro) -> Summary | None:
        """Of a whole folder as it is now, or None."""
        kept = self._get(_folder_id(folder, avro))
        return Summary.from_json(kept) if kept else None

    def keep_summary(self, folder: DataFolder, avro: Avro, summary: Summary) -> None:
        """Keep it."""
        self._put(_folder_id(folder, avro), summary.to_json())

    def share(self, folder: DataFolder, avro: Avro, number: int, of: int) -> ShareFindings:
        """Of every `of`-th piece of a folder, from the `number`-th on; empty where nobody has begun."""
        kept = self._get(self._share_id(folder, avro, number, of))
        if kept is None:
            return ShareFindings()
        pieces = [Findings.from_json(one) for one in kept["pieces"]]
        return ShareFindings(pieces, Counts.from_json(kept["counts"]), kept["isComplete"])

    def keep_share(self, folder: DataFolder, avro: Avro, number: int, of: int, share: ShareFindings) -> None:
        """Keep them together: whoever goes on, and the plan, need not ask for each piece."""
        kept = {
            "pieces": [one.to_json() for one in share.pieces],
            "counts": share.counts.to_json(),
            "isComplete": share.is_complete,
        }
        self._put(self._share_id(folder, avro, number, of), kept)

    def _share_id(self, folder: DataFolder, avro: Avro, number: int, of: int) -> str:
        """A run's own: what it could not read may be readable to the next, and two runs may read one folder."""
        return _digest(self._run, _folder_id(folder, avro), number, of)

    def _get(self, digest: str) -> dict[str, Any] | None:
        found = objects.read(f"{PREFIX}{digest}.json")
        return None if found is None else dict(json.loads(found[0]))

    def _put(self, digest: str, found: dict[str, Any]) -> None:
        objects.overwrite(f"{PREFIX}{digest}.json", json.dumps(found, separators=(",", ":")).encode())


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps([version(), *parts]).encode()).hexdigest()[:32]


def _piece_id(piece: Piece, avro: Avro) -> str:
    is_csv = piece.file.key.lower().endswith(".csv")
    file = piece.file
    return _digest(file.etag, file.size, file.storage_class, piece.begin, piece.end, is_csv, avro["fields"])


def _folder_id(folder: DataFolder, avro: Avro) -> str:
    return _digest([dataclasses.astuple(file) for file in folder.files], avro["fields"])
