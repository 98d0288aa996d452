"""Data that is too much for one call: calls side by side read a share each, and keep what they found in the bucket.

`runs/data-checks/<digest>.json` holds the findings of one piece of a file, or the summary of all files of a folder. The
digest follows from what was read (S3's ETag and size), the schema, and the code that read it: an unchanged file is not
read twice, by whichever run.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline import clients
from pipeline.params.schemas import Avro
from pipeline.settings import settings
from pipeline.version import version

from . import checks
from .checks import Piece, look, pieces
from .findings import Findings
from .folders import SIDE_BY_SIDE, DataFolder
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


def is_for_one_call(folder: DataFolder) -> bool:
    """Whether the folder is small enough to be read while planning."""
    return folder.size <= AT_ONCE and len(folder.files) <= FILES_AT_ONCE


class Planner:
    """Summarises a folder for the plan: what is kept, else what one call can read; None until others have read it."""

    def __init__(self, run: str, *, others_have_read: bool) -> None:
        self._kept, self._others_have_read = Kept(run), others_have_read

    def __call__(self, folder: DataFolder, avro: Avro) -> Summary | None:
        """The summary of all files."""
        is_small = is_for_one_call(folder)
        is_worth_keeping = folder.size > WORTH_KEEPING or not is_small
        if is_worth_keeping and (kept := self._kept.summary(folder, avro)):
            return kept
        if is_small:
            found = [(piece, self._read(folder, piece, avro)) for piece in pieces(folder)]
        elif not self._others_have_read or None in (gathered := self._gathered(folder, avro)):
            return None
        else:
            found = [(piece, one) for piece, one in zip(pieces(folder), gathered, strict=True) if one]
        summary = checks.merge(found)
        if is_worth_keeping and not any(findings.passing for _, findings in found):
            self._kept.keep_summary(folder, avro, summary)
        return summary

    def _read(self, folder: DataFolder, piece: Piece, avro: Avro) -> Findings:
        if piece.end - piece.begin < WORTH_KEEPING:
            return look(folder, piece, avro)
        return read_or_recall(self._kept, folder, piece, avro)

    def _gathered(self, folder: DataFolder, avro: Avro) -> list[Findings | None]:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return list(pool.map(lambda piece: self._kept.findings(piece, avro), pieces(folder)))


class Share:
    """Reads every `of`-th piece, beginning with the `number`-th, for `SHARE_SECONDS`. The plan summarises."""

    def __init__(self, run: str, number: int, of: int) -> None:
        self._kept, self._number, self._of = Kept(run), number, of
        self._until = time.monotonic() + SHARE_SECONDS
        self.read = 0  # pieces

    def __call__(self, folder: DataFolder, avro: Avro) -> None:
        """Read this call's share of a folder that is too large for the plan."""
        if is_for_one_call(folder):
            return
        for piece in self._mine(pieces(folder)):
            if time.monotonic() > self._until:
                return
            read_or_recall(self._kept, folder, piece, avro)
            self.read += 1

    def _mine(self, all_of_them: list[Piece]) -> Iterable[Piece]:
        return all_of_them[self._number :: self._of]


def read_or_recall(kept: Kept, folder: DataFolder, piece: Piece, avro: Avro) -> Findings:
    """The findings of a piece, read only if nobody did."""
    found = kept.findings(piece, avro)
    if found is None:
        found = look(folder, piece, avro)
        kept.keep_findings(piece, avro, found)
    return found
