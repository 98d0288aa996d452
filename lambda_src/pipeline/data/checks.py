"""The CSV files sampled, and compared with the schema before an import is paid for.

Rules: Developer Guide, "Preparing training data for Amazon Personalize" and "Importing bulk data into Amazon
Personalize with a dataset import job".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipeline.data.folders import SAMPLE, DataFolder
from pipeline.params.schemas import Avro, field_types, nullable
from pipeline.problems import Problem

# What S3 says of an archived object, of one under a customer's key, and of one that it may not show.
UNREADABLE = ("InvalidObjectState", "InvalidRequest", "AccessDenied", "KMS.DisabledException", "403", "400")
LONGEST_NUMBER = 19  # digits of a long
MOST_NAMED = 20  # columns in a note
MOST_SAMPLED = 50  # files sampled of one folder; the service itself reads them all
LONGEST_LOCATION = 256  # characters (S3Location)
FEWEST_INTERACTIONS = 1000  # records per import job (quotas)
MILLISECONDS = 100_000_000_000  # an epoch this large is the year 5138 in seconds, and 1973 in milliseconds


def inspect(folder: DataFolder, dataset_type: str, avro: Avro) -> tuple[list[Problem], list[str]]:
    """What a sample of each file shows to be wrong, and what is legal but worth a line in the mail."""
    if not folder.files:
        what = f"no data that can be read: the params name {dataset_type}, so upload at least one CSV file here."
        return [Problem(folder.location, what)], []
    if len(folder.location) > LONGEST_LOCATION:
        return [
            Problem(folder.location, f"is longer than {LONGEST_LOCATION} characters. Use shorter folder names.")
        ], []
    problems: list[Problem] = []
    rows, extra = 0, dict[str, None]()
    for file in folder.files[:MOST_SAMPLED]:
        if not file.key.lower().endswith(".csv"):
            problems.append(Problem(file.key, "not a CSV file, yet an import reads every file here. Move it away."))
            continue
        try:
            lines = _lines(folder.sample(file), complete=file.size <= SAMPLE)
        except UnicodeDecodeError as error:
            problems.append(Problem(file.key, f"not UTF-8 at byte {error.start}. Save it as UTF-8."))
            continue
        except ClientError as error:
            if error.response["Error"]["Code"] not in UNREADABLE:
                raise
            what = (
                f"can't be read ({error.response['Error'].get('Message')}): archived, or under a key of somebody else?"
            )
            problems.append(Problem(file.key, f"{what} Upload it again as a plain object."))
            continue
        rows += max(len(lines) - 1, 0)
        problems += _file_problems(file.key, lines, avro)
        known = {"", *(field["name"] for field in avro["fields"])}  # "": pandas writes its index without a name
        extra |= dict.fromkeys(name for name in (lines[0].split(",") if lines else []) if name not in known)
    seen_whole = len(folder.files) <= MOST_SAMPLED and all(file.size <= SAMPLE for file in folder.files)
    if not problems and dataset_type == "Interactions" and seen_whole and rows < FEWEST_INTERACTIONS:
        what = f"{rows:,} interactions in all; an import needs at least {FEWEST_INTERACTIONS:,}. Upload more data."
        problems.append(Problem(folder.location, what))
    notes = (
        [f"{folder.prefix}: the columns {_some(list(extra))} are not in the schema, so they are not used."]
        if extra
        else []
    )
    return problems, notes


def _some(names: list[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} others"


def _lines(sample: bytes, complete: bool) -> list[str]:
    """The whole lines of a sample; of a cut file the last one, perhaps cut inside a character, is left out."""
    if not complete and b"\n" in sample:
        sample = sample[: sample.rindex(b"\n")]
    # Not splitlines(), which takes characters for line ends that stand in many a title (U+2028, U+0085, ...).
    text = sample.decode("utf-8").removesuffix("\n")
    return [line.removesuffix("\r") for line in text.split("\n")] if text else []


def _file_problems(key: str, lines: list[str], avro: Avro) -> Iterator[Problem]:
    columns = [field["name"] for field in avro["fields"]]
    header = lines[0].split(",") if lines else []
    if header and header[0].startswith("\ufeff"):
        yield Problem(
            key,
            "starts with a byte order mark, which becomes part of the first name. Save it without (UTF-8).",
        )
        return
    if any('"' in name for name in header):
        yield Problem(key, "the header's names are quoted. Write them without quotation marks.")
        return
    if missing := [name for name in columns if name not in header]:
        shown = lines[0][:200] if lines else "nothing"
        what = f"the header lacks {', '.join(missing)}; the schema wants {', '.join(columns)}, the file has {shown}."
        yield Problem(key, what)
        return
    if twice := [name for name in columns if header.count(name) > 1]:
        yield Problem(key, f"the header names {', '.join(twice)} more than once. Keep one of each.")
        return
    yield from _row_problems(key, header, lines[1:], {field["name"]: field for field in avro["fields"]})


def _row_problems(
    key: str, header: list[str], lines: Iterable[str], fields: dict[str, dict[str, Any]]
) -> Iterator[Problem]:
    """The first fault of each column, so that one bad export does not fill the mail."""
    faulty: set[str] = set()
    number = 1
    try:
        for number, row in enumerate(csv.reader(io.StringIO("\n".join(lines)), escapechar="\\"), start=2):
            if len(row) != len(header):
                yield Problem(f"{key}, line {number}", f"has {len(row)} cells; the header has {len(header)}.")
                return
            for name, cell in zip(header, row, strict=True):
                if name in fields and name not in faulty and (what := cell_problem(fields[name], cell)):
                    faulty.add(name)
                    yield Problem(f"{key}, line {number}, {name}", what)
    except csv.Error:
        what = (
            "has a carriage return in a cell without quotation marks, which may be read as a line's end. Take it out."
        )
        yield Problem(f"{key}, line {number + 1}", what)


def cell_problem(field: dict[str, Any], cell: str) -> str | None:
    """What is wrong with one cell under its field of the schema, or None."""
    types = set(field_types(field))
    if cell == "":
        return None if nullable(field) else "is empty, and the schema does not allow null."
    if types & {"int", "long"}:
        if not re.fullmatch(r"[+-]?[0-9]+", cell):
            return f'"{cell[:50]}" is not a whole number.'
        if len(cell.lstrip("+-0")) > LONGEST_NUMBER:
            return f'"{cell[:50]}" is too large for 64 bits.'
        if field["name"] == "TIMESTAMP" and int(cell) >= MILLISECONDS:
            return f"{cell} is in milliseconds. Write Unix time in seconds."
    elif types & {"float", "double"}:
        try:
            float(cell)
        except ValueError:
            return f'"{cell[:50]}" is not a number.'
    return None
