"""Data that is too much for one call: calls side by side read a share each, and keep what they found in the bucket.

`runs/data-checks/<digest>.json` holds the findings of a piece of a file, those of a share, or the summary of a folder.
The digest follows from what was read (S3's ETag and size), the schema, and the code that read it: an unchanged file is
not read twice, by whichever run.
"""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

from pipeline import clients
from pipeline.params.schemas import Avro
from pipeline.settings import settings
from pipeline.version import version

from . import checks
from .checks import Piece, look, pieces
from .findings import Findings
from .folders import DataFolder
from .summary import Summary

PREFIX = "runs/data-checks/"
AT_ONCE = 64 * 1024 * 1024  # bytes of a folder that one call reads by itself
FILES_AT_ONCE = 200
WORTH_KEEPING = 1024 * 1024  # bytes: less is read again as fast as it is looked up
SHARE_SECONDS = 60  # a share begins no further piece after that; the next round goes on


class Kept:
    """What earlier looks found."""

    def __init__(self, run: str) -> None:
        self._run = run  # what could not be read by another run may be readable by now

    def findings(self, piece: Piece, avro: Avro) -> Findings | None:
        """Of one piece, or None where nobody has read it."""
        kept = self._get(_piece_id(piece, avro))
        return Findings.from_json(kept) if kept else None

    def keep_findings(self, piece: Piece, avro: Avro, found: Findings) -> None:
        """Keep them, for other runs as well if they are about the content."""
        self._put(_piece_id(piece, avro), found.to_json(), only_for_this_run=found.passing)

    def summary(self, folder: DataFolder, avro: Avro) -> Summary | None:
        """Of a whole folder as it is now, or None."""
        kept = self._get(_folder_id(folder, avro))
        return Summary.from_json(kept) if kept else None

    def keep_summary(self, folder: DataFolder, avro: Avro, summary: Summary) -> None:
        """Keep it."""
        self._put(_folder_id(folder, avro), summary.to_json(), only_for_this_run=False)

    def share(self, folder: DataFolder, avro: Avro, number: int, of: int) -> list[Findings] | None:
        """Of every `of`-th piece of a folder, beginning with the `number`-th; None where not all of them are read."""
        kept = self._get(_share_id(folder, avro, number, of))
        return [Findings.from_json(one) for one in kept["pieces"]] if kept else None

    def keep_share(self, folder: DataFolder, avro: Avro, number: int, of: int, found: list[Findings]) -> None:
        """Keep them together, so that the plan need not ask for each."""
        passing = any(one.passing for one in found)
        pieces_found = {"pieces": [one.to_json() for one in found]}
        self._put(_share_id(folder, avro, number, of), pieces_found, only_for_this_run=passing)

    def _get(self, digest: str) -> dict[str, Any] | None:
        try:
            body = clients.s3().get_object(Bucket=settings().bucket, Key=f"{PREFIX}{digest}.json")["Body"].read()
        except clients.s3().exceptions.NoSuchKey:
            return None
        kept: dict[str, Any] = json.loads(body)
        return kept["found"] if kept["onlyForRun"] in (None, self._run) else None

    def _put(self, digest: str, found: dict[str, Any], *, only_for_this_run: bool) -> None:
        body = {"onlyForRun": self._run if only_for_this_run else None, "found": found}
        clients.s3().put_object(
            Bucket=settings().bucket,
            Key=f"{PREFIX}{digest}.json",
            Body=json.dumps(body, separators=(",", ":")).encode(),
            ContentType="application/json",
        )


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps([version(), *parts]).encode()).hexdigest()[:32]


def _piece_id(piece: Piece, avro: Avro) -> str:
    is_csv = piece.file.key.lower().endswith(".csv")
    return _digest(piece.file.etag, piece.file.size, piece.begin, piece.end, is_csv, avro["fields"])


def _folder_id(folder: DataFolder, avro: Avro) -> str:
    return _digest([(file.key, file.size, file.etag) for file in folder.files], avro["fields"])


def _share_id(folder: DataFolder, avro: Avro, number: int, of: int) -> str:
    return _digest(_folder_id(folder, avro), number, of)


def is_for_one_call(folder: DataFolder) -> bool:
    """Whether the folder is small enough to be read while planning."""
    return folder.size <= AT_ONCE and len(folder.files) <= FILES_AT_ONCE


class Planner:
    """Summarises a folder for the plan: what is kept, else what one call can read; None until others have read it."""

    def __init__(self, run: str, shares: int, *, others_have_read: bool) -> None:
        self._kept, self._shares, self._others_have_read = Kept(run), shares, others_have_read

    def __call__(self, folder: DataFolder, avro: Avro) -> Summary | None:
        """The summary of all files."""
        is_small = is_for_one_call(folder)
        is_worth_keeping = folder.size > WORTH_KEEPING or not is_small
        if is_worth_keeping and (kept := self._kept.summary(folder, avro)):
            return kept
        if is_small:
            found = [(piece, self._read(folder, piece, avro)) for piece in pieces(folder)]
        elif self._others_have_read and (gathered := self._gathered(folder, avro)):
            found = gathered
        else:
            return None
        summary = checks.merge(found)
        if is_worth_keeping and not any(findings.passing for _, findings in found):
            self._kept.keep_summary(folder, avro, summary)
        return summary

    def _read(self, folder: DataFolder, piece: Piece, avro: Avro) -> Findings:
        if piece.end - piece.begin < WORTH_KEEPING:
            return look(folder, piece, avro)
        return read_or_recall(self._kept, folder, piece, avro)

    def _gathered(self, folder: DataFolder, avro: Avro) -> list[tuple[Piece, Findings]] | None:
        """What the shares found, in the order of the pieces; None where one of them is not through."""
        todo = pieces(folder)
        found: list[tuple[Piece, Findings] | None] = [None] * len(todo)
        for number in range(self._shares):
            share = self._kept.share(folder, avro, number, self._shares)
            if share is None:
                return None
            found[number :: self._shares] = zip(todo[number :: self._shares], share, strict=True)
        return [one for one in found if one is not None]


class Share:
    """Reads every `of`-th piece, beginning with the `number`-th, for `SHARE_SECONDS`. The plan summarises."""

    def __init__(self, run: str, number: int, of: int) -> None:
        self._kept, self._number, self._of = Kept(run), number, of
        self._until = time.monotonic() + SHARE_SECONDS
        self.read = 0  # pieces

    def __call__(self, folder: DataFolder, avro: Avro) -> None:
        """Read this call's share of a folder that is too large for the plan."""
        if is_for_one_call(folder) or self._kept.share(folder, avro, self._number, self._of) is not None:
            return
        found = []
        for piece in pieces(folder)[self._number :: self._of]:
            if time.monotonic() > self._until:
                return
            found.append(read_or_recall(self._kept, folder, piece, avro))
            self.read += 1
        self._kept.keep_share(folder, avro, self._number, self._of, found)


def read_or_recall(kept: Kept, folder: DataFolder, piece: Piece, avro: Avro) -> Findings:
    """The findings of a piece, read only if nobody did."""
    found = kept.findings(piece, avro)
    if found is None:
        found = look(folder, piece, avro)
        kept.keep_findings(piece, avro, found)
    return found
