"""The head of a batch job's input, looked at before the job is paid for.

Source: Developer Guide, "Preparing input data for batch recommendations" and "Preparing input data for user segments".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from .folders import SAMPLE, DataFolder

MOST_LINES = 1000  # looked at of the first file


def unfit(folder: DataFolder, members: Sequence[str]) -> tuple[str | None, str | None]:
    """Why no line could be answered (the job would be for nothing), or else what shall be noted.

    Args:
        folder: the input. Of its first file the head is read; what may not be read is left to Personalize.
        members: what every line must have, by the job's recipe.
    """
    if not folder.files or not members:
        return None, None
    file = folder.files[0]
    try:
        sample = folder.sample(file)
    except ClientError:
        return None, None
    lines = list(_lines(sample, complete=file.size <= SAMPLE))[:MOST_LINES]
    faults = [(number, what) for number, line in lines if (what := _fault(line, members))]
    if not faults:
        return None, None
    number, what = faults[0]
    told = f"{file.key}, line {number}: {what} A line is like {_example(members)}."
    if len(faults) == len(lines):
        return told, None
    return None, f"{told} So it is with {len(faults)} of the {len(lines)} lines looked at; the others are answered."


@dataclass(frozen=True)
class Lines:
    """How many lines an input has, or `is_about`."""

    number: int
    is_about: bool = False


def lines_of(folder: DataFolder) -> Lines | None:
    """The lines of an input, by the head of its first file; None where that can't be read."""
    if not folder.files:
        return None
    try:
        sample = folder.sample(folder.files[0])
    except ClientError:
        return None
    lines = sum(1 for line in sample.split(b"\n") if line.strip())
    if folder.size <= len(sample):
        return Lines(lines)
    return Lines(round(folder.size * lines / max(len(sample), 1)), is_about=True)


def _lines(sample: bytes, *, complete: bool) -> Iterator[tuple[int, str]]:
    """The whole lines that are not empty, numbered from 1."""
    if not complete and b"\n" in sample:
        sample = sample[: sample.rindex(b"\n")]
    for number, line in enumerate(sample.decode("utf-8", "replace").split("\n"), 1):
        if line.strip():
            yield number, line


def _fault(line: str, members: Sequence[str]) -> str | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "is no JSON: each line is an object of its own, without commas or brackets around them."
    if not isinstance(found, dict):
        return "is no object."
    missing = [name for name in members if name not in found]
    return f"lacks {' and '.join(missing)}." if missing else None


def _example(members: Sequence[str]) -> str:
    return json.dumps({name: ["i1", "i2"] if name == "itemList" else EXAMPLES[name] for name in members})


EXAMPLES = {"userId": "u1", "itemId": "i1", "itemAttributes": 'ITEMS.GENRE = "drama"'}
