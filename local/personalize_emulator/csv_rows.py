"""CSV files read into rows that fit a schema, one record at a time.

Sources: developer guide, "Preparing training data for Amazon Personalize", "Common error messages in Amazon
Personalize". Texts of failures that no source quotes are our own.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from .avro import Schema
from .exceptions import JobFailure
from .settings import Switches

MAX_ID = 256
MAX_STRING = 1000
MAX_TEXT = 20_000
#: Read as seconds this is in the year 5138; as milliseconds in 1973.
_FIRST_MILLISECOND_TIMESTAMP = 100_000_000_000

#: A long has 64 bits.
_LIMIT = 2**63
_LONGEST = len(str(-_LIMIT))
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")

Cell = Callable[[str], Any]


def read(stream: BinaryIO, schema: Schema, switches: Switches) -> Iterator[list[Any]]:
    """Rows of one file in the order of the schema's fields, each value fit for its column. Raises JobFailure."""
    # utf-8 and not utf-8-sig: the service's header must begin with the first column's name.
    text = io.TextIOWrapper(io.BufferedReader(_Raw(stream)), encoding="utf-8", newline="")
    try:
        yield from _rows(text, schema, switches)
    except UnicodeDecodeError as err:
        raise JobFailure("The CSV file is not encoded in UTF-8.") from err
    except csv.Error as err:
        raise JobFailure(f"The CSV file cannot be read: {err}") from err


def _rows(text: io.TextIOWrapper, schema: Schema, switches: Switches) -> Iterator[list[Any]]:
    # Header names are unquoted, so a quote is taken as part of a name that no schema has.
    header = text.readline().rstrip("\r\n").split(",")
    names = [field.name for field in schema.fields]
    if missing := [name for name in names if name not in header]:
        raise JobFailure(f"Input CSV is missing the following columns:[{', '.join(missing)}]")
    extra = [name for name in header if name not in names]
    if extra and switches.csv_extra_columns == "fail":
        raise JobFailure(f"Input CSV has columns that are not in the schema:[{', '.join(extra)}]")
    if switches.csv_columns_matched_by == "position" and header[: len(names)] != names:
        raise JobFailure(f"Input CSV columns must be in the order of the schema:[{', '.join(names)}]")
    places = [header.index(name) for name in names]
    cells = list(zip(places, readers(schema, switches).values(), strict=True))
    width = len(header)
    reader = csv.reader(text, escapechar="\\", strict=True)
    line = 1
    for row in reader:
        line += 1
        if reader.line_num + 1 != line:
            raise JobFailure(f"The record on line {line} of the CSV file holds a line break.")
        if not row:
            continue
        if len(row) != width:
            raise JobFailure(f"Line {line} of the CSV file has {len(row)} values for {width} columns.")
        yield [cell(row[place]) for place, cell in cells]


def readers(schema: Schema, switches: Switches) -> dict[str, Cell]:
    """For each field, by its name, what makes a value of its text, or raises JobFailure."""
    found = {}
    for field in schema.fields:
        if field.type == "string":
            limit = MAX_TEXT if field.textual else MAX_ID if field.name.endswith("_ID") else MAX_STRING
            if field.name == "RECOMMENDATION_ID":
                limit = MAX_STRING
            cell = _string(field.name, limit, cut=field.textual)
        elif field.name == "TIMESTAMP":
            cell = _timestamp(switches)
        else:
            cell = _NUMBERS.get(field.type, _number)(field.name)
        found[field.name] = _nullable(cell) if field.nullable else _present(field.name, cell)
    return found


def _present(name: str, cell: Cell) -> Cell:
    def read(text: str) -> Any:
        if not text:
            raise JobFailure(f"Column {name} holds an empty value, and its type does not allow null.")
        return cell(text)

    return read


def _nullable(cell: Cell) -> Cell:
    return lambda text: cell(text) if text else None


def _string(name: str, limit: int, *, cut: bool) -> Cell:
    def read(text: str) -> str:
        if len(text) <= limit:
            return text
        if cut:
            return text[:limit]
        raise JobFailure(f"Length cannot be more than {limit} characters for {name}.")

    return read


def _number(name: str) -> Cell:
    def read(text: str) -> float:
        if not _DECIMAL.fullmatch(text):
            raise JobFailure(f"Column {name} holds {text[:50]!r}, which is not of type float.")
        return float(text)

    return read


def _integer(name: str) -> Cell:
    def read(text: str) -> int:
        # Python's int() takes more than the service can: underscores, blanks, any length.
        if text.removeprefix("-").isdecimal() and len(text) <= _LONGEST and -_LIMIT <= (value := int(text)) < _LIMIT:
            return value
        raise JobFailure(f"Column {name} holds {text[:50]!r}, which is not of type long.")

    return read


def _boolean(name: str) -> Cell:
    def read(text: str) -> str:
        if text.lower() not in ("true", "false"):
            raise JobFailure(f"Column {name} holds {text[:50]!r}, which is not of type boolean.")
        return text.lower()

    return read


def _timestamp(switches: Switches) -> Cell:
    integer = _integer("TIMESTAMP")
    if switches.millisecond_timestamps == "accept":
        return integer

    def read(text: str) -> Any:
        value = integer(text)
        if value >= _FIRST_MILLISECOND_TIMESTAMP:
            raise JobFailure("TIMESTAMP must be in seconds of the Unix epoch.")
        return value

    return read


_NUMBERS: dict[str, Callable[[str], Cell]] = {"int": _integer, "long": _integer, "boolean": _boolean}


class _Raw(io.RawIOBase):
    """A raw stream over anything with `read(n)`, which is all that every S3 body offers."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
