"""A dataset's files held against its schema before an import is paid for: all of them, or the heads of some.

Rules: Developer Guide, "Preparing training data for Amazon Personalize" and "Importing bulk data into Amazon
Personalize with a dataset import job".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from botocore.exceptions import ClientError

from pipeline import clients
from pipeline.params.schemas import CUSTOM, Avro
from pipeline.problems import Problem
from pipeline.settings import DataChecks

from . import verdict
from .findings import Findings
from .folders import SAMPLE, DataFile, DataFolder
from .scan import scan
from .summary import Summary

PIECE = 16 * 1024 * 1024  # bytes read by one look at a file: what the slowest function reads within half a minute
MOST_TYPES_TOLD = 20  # of events in the record, the most frequent first
MOST_SAMPLED = 50  # files of one folder
LARGEST = 100 * 1024**3  # bytes of one dataset that are looked at in full: what one import takes (quotas)
# What S3 says of an archived object, and of one that the function may not read: Personalize's own role may.
ARCHIVED = ("InvalidObjectState",)
HIDDEN = ("AccessDenied", "KMS.DisabledException", "InvalidRequest", "403", "400")
CHANGED = ("PreconditionFailed", "NoSuchKey", "412", "404")


@dataclass(frozen=True)
class Piece:
    """The bytes of a file from `begin` up to `end`."""

    file: DataFile
    begin: int
    end: int


@dataclass
class Looked:
    """What was found of one dataset. `pending`: there is too much of it for this call, and nothing is said yet."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    summary: Summary | None = None
    is_whole: bool = False
    pending: bool = False
    can_be_imported: bool = True  # there is something that an import could be asked for
    files: int = 0

    def to_json(self) -> dict[str, Any]:
        """What was counted, for the record: numbers of `files`, `rows`, `users`, and rows by type of `events`.

        `wasReadWhole`: whether the numbers are of all the data; `usersAreAbout`: whether their number is estimated.
        """
        counted: dict[str, Any] = {"files": self.files, "wasReadWhole": self.is_whole}
        if self.summary is None:
            return counted
        counts = self.summary.counts
        counted["rows"] = counts.rows
        if counts.users is not None:
            counted |= {"users": counts.users.number} | ({} if counts.users.is_exact else {"usersAreAbout": True})
        if counts.events:
            counted["events"] = dict(counts.events.most_common(MOST_TYPES_TOLD))
        return counted


class Unread(Enum):
    """Why a folder was not summarised."""

    LATER = "others have to read it first"
    NEVER = "there is more than this run can read"


Summarise = Callable[[DataFolder, Avro], Summary | Unread]


def inspect(
    folder: DataFolder, dataset_type: str, avro: Avro, mode: DataChecks, summarise: Summarise | None = None
) -> Looked:
    """What is wrong with a dataset's files, and what is legal but worth a line in the mail.

    Args:
        folder: the files.
        dataset_type: `Interactions`, ...
        avro: the dataset's schema.
        mode: `full`; `sample`, the first 64 KiB of 50 files; `off`.
        summarise: reads all of the files, or answers why it did not; by default it is done here.
    """
    if not folder.files:
        what = f"no data that can be read: the params name {dataset_type}, so upload at least one CSV file here."
        if folder.sub_folders:
            what += f" What lies in {verdict.some(folder.sub_folders)} is not read: move it up."
        return Looked([Problem(folder.location, what)], can_be_imported=False)
    if len(folder.location) > folder.longest_location:
        what = f"is longer than {folder.longest_location} characters. Use shorter folder names."
        return Looked([Problem(folder.location, what)], can_be_imported=False)
    if mode == "off":
        note = f"{folder.prefix}: the data was not looked at, since data checks are off."
        return Looked(notes=[note], files=len(folder.files))
    if mode == "sample":
        return _sampled(folder, dataset_type, avro, "a sample is what data checks are set to")
    if folder.size > LARGEST:
        return _sampled(folder, dataset_type, avro, f"it has more than {LARGEST // 1024**3} GB")
    summary = (summarise or summarise_here)(folder, avro)
    if summary is Unread.NEVER:
        return _sampled(folder, dataset_type, avro, summary.value)
    if isinstance(summary, Unread):
        return Looked(pending=True)
    return _looked(folder, dataset_type, avro, summary, is_whole=True)


def _looked(folder: DataFolder, dataset_type: str, avro: Avro, summary: Summary, *, is_whole: bool) -> Looked:
    is_whole &= not any(kind == "hidden" for file in summary.files for _, kind in file.faults)
    problems = verdict.problems(summary, dataset_type, folder.location, is_whole=is_whole)
    notes = layout(folder) + verdict.notes(summary, avro, folder.prefix, clients.clock.now())
    return Looked(problems, notes, summary, is_whole, files=len(folder.files))


def layout(folder: DataFolder) -> list[str]:
    """What looks like data of the dataset and is not read."""
    read = f"only {folder.prefix} is read, and the files directly in it."
    left = [*folder.passed_over, *folder.sub_folders]
    return [f"{verdict.some(left)}: not imported: {read}"] if left else []


def without_dataset(names: Iterable[str], prefix: str, named: Iterable[str]) -> list[str]:
    """Of what lies beside the params file, what is called after a dataset that the file does not name."""
    unnamed = {kind.lower() for kind in CUSTOM} - {kind.lower() for kind in named}
    left = [
        name for name in names if name.removeprefix(prefix).removesuffix("/").lower().removesuffix(".csv") in unnamed
    ]
    return [f"{verdict.some(left)}: not imported: the params file names no such dataset."] if left else []


def _sampled(folder: DataFolder, dataset_type: str, avro: Avro, why: str) -> Looked:
    summary = Summary()
    files = folder.files[:MOST_SAMPLED]
    for file in files:
        summary.add(file.key, [look(folder, Piece(file, 0, SAMPLE), avro)])
    is_whole = len(files) == len(folder.files) and all(file.size <= SAMPLE for file in files)
    looked = _looked(folder, dataset_type, avro, summary, is_whole=is_whole)
    if not is_whole:
        some = f"{len(files):,} of {len(folder.files):,} files" if len(folder.files) > 1 else "its only file"
        what = f"only the first {SAMPLE // 1024} KiB of {some} was looked at ({why})."
        looked.notes.append(f"{folder.prefix}: {what} Faults below show in the import.")
    return looked


def pieces(folder: DataFolder) -> list[Piece]:
    """All that there is to read, in order."""
    return [
        Piece(file, begin, min(begin + PIECE, file.size))
        for file in folder.files
        for begin in range(0, file.size, PIECE)
    ]


def look(folder: DataFolder, piece: Piece, avro: Avro) -> Findings:
    """Read one piece. What can't be read is a finding, too.

    Raises:
        ClientError: S3 is in trouble.
    """
    if not piece.file.key.lower().endswith(".csv"):
        what = "not a CSV file, yet an import reads every file here. Move it away."
        return Findings(piece.begin, piece.end, problem=what)
    try:
        return scan(folder, piece.file, avro, piece.begin, piece.end, clients.clock.now())
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in CHANGED:
            what = "was changed or deleted while it was read. Upload the params file once the data is complete."
        elif code in ARCHIVED:
            what = "is archived, so nobody can read it. Restore it, or upload it again."
        elif code in HIDDEN:
            found = Findings(piece.begin, piece.end, passing=True)
            found.found((None, "hidden", code, 0, 0), 0)
            return found
        else:
            raise
        return Findings(piece.begin, piece.end, problem=what, passing=True)


def merge(found: list[tuple[Piece, Findings]]) -> Summary:
    """The findings of all pieces, in the order of `pieces`."""
    by_file: dict[str, list[Findings]] = {}
    for piece, findings in found:
        by_file.setdefault(piece.file.key, []).append(findings)
    summary = Summary()
    for key, of_file in by_file.items():
        summary.add(key, of_file)
    return summary


def summarise_here(folder: DataFolder, avro: Avro) -> Summary:
    """Read all of the files, one after the other."""
    return merge([(piece, look(folder, piece, avro)) for piece in pieces(folder)])
