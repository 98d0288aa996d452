"""Data that is too much for one call: calls side by side read a share each, for as long as a call may take, and again
until all of it is read. Then the plan has it summarised.
"""

from __future__ import annotations

import time

from pipeline.params.schemas import Avro

from . import checks
from .checks import Piece, Unread, look, pieces
from .counts import Counts
from .findings import Findings
from .folders import DataFolder
from .memory import Kept
from .summary import Summary

AT_ONCE = 64 * 1024 * 1024  # bytes of a folder that one call reads by itself
FILES_AT_ONCE = 200
WORTH_KEEPING = 1024 * 1024  # bytes: less is read again as fast as it is looked up
SHARE_SECONDS = 45  # a share begins no further piece after that; the next round goes on


def is_for_one_call(folder: DataFolder) -> bool:
    """Whether the folder is small enough to be read while planning."""
    return folder.size <= AT_ONCE and len(folder.files) <= FILES_AT_ONCE


class Planner:
    """Summarises a folder for the plan: what is kept, else what one call can read, else what `shares` have read."""

    def __init__(self, run: str, shares: int, *, others_have_read: bool, others_may_read: bool) -> None:
        self._kept, self._shares, self._others_have_read = Kept(run), shares, others_have_read
        self._unread = Unread.LATER if others_may_read else Unread.NEVER

    def __call__(self, folder: DataFolder, avro: Avro) -> Summary | Unread:
        """The summary of all files."""
        is_small = is_for_one_call(folder)
        is_worth_keeping = folder.size > WORTH_KEEPING or not is_small
        if is_worth_keeping and (kept := self._kept.summary(folder, avro)):
            return kept
        counted = Counts()
        if is_small:
            found = [(piece, self._read(folder, piece, avro)) for piece in pieces(folder)]
        elif self._others_have_read and (gathered := self._gathered(folder, avro)):
            found, counted = gathered
        else:
            return self._unread
        summary = checks.merge(found)
        summary.counts.merge(counted)
        if is_worth_keeping and not any(findings.passing for _, findings in found):
            self._kept.keep_summary(folder, avro, summary)
        return summary

    def _read(self, folder: DataFolder, piece: Piece, avro: Avro) -> Findings:
        if piece.end - piece.begin < WORTH_KEEPING:
            return look(folder, piece, avro)
        return read_or_recall(self._kept, folder, piece, avro)

    def _gathered(self, folder: DataFolder, avro: Avro) -> tuple[list[tuple[Piece, Findings]], Counts] | None:
        """What the shares found, in the order of the pieces, and counted; None where one of them is not through."""
        todo, counts = pieces(folder), Counts()
        found: list[tuple[Piece, Findings] | None] = [None] * len(todo)
        for number in range(self._shares):
            share = self._kept.share(folder, avro, number, self._shares)
            if not share.is_complete:
                return None
            found[number :: self._shares] = zip(todo[number :: self._shares], share.pieces, strict=True)
            counts.merge(share.counts)
        return [one for one in found if one is not None], counts


class Share:
    """Reads every `of`-th piece, from the `number`-th on, for `SHARE_SECONDS`; the next call goes on from there."""

    def __init__(self, run: str, number: int, of: int) -> None:
        self._kept, self._number, self._of = Kept(run), number, of
        self._until = time.monotonic() + SHARE_SECONDS
        self.read = 0  # pieces

    def __call__(self, folder: DataFolder, avro: Avro) -> Unread:
        """Read this call's share of a folder that is too large for the plan, which will summarise it."""
        if not is_for_one_call(folder):
            self._read(folder, avro)
        return Unread.LATER

    def _read(self, folder: DataFolder, avro: Avro) -> None:
        share = self._kept.share(folder, avro, self._number, self._of)
        if share.is_complete:
            return
        todo = pieces(folder)[self._number :: self._of][len(share.pieces) :]
        for piece in todo:
            if time.monotonic() > self._until:
                break
            share.add(read_or_recall(self._kept, folder, piece, avro))
            self.read += 1
        else:
            share.is_complete = True
        self._kept.keep_share(folder, avro, self._number, self._of, share)


def read_or_recall(kept: Kept, folder: DataFolder, piece: Piece, avro: Avro) -> Findings:
    """The findings of a piece, read only if nobody did."""
    found = kept.findings(piece, avro)
    if found is None:
        found = look(folder, piece, avro)
        kept.keep_findings(piece, avro, found)
    return found
