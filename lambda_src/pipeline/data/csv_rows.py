"""Rows of a CSV file held against a schema: one pattern takes runs of good rows, a reader judges each of the others.

A row is a line: the guide allows no line break in a cell. Columns are found by name, in any order.

Sources: Developer Guide, "Preparing training data for Amazon Personalize" and "Preparing item metadata for training";
what the service is not known to refuse is a note (`NOTES`).
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.params.schemas import Avro, field_types, nullable

IDS = ("USER_ID", "ITEM_ID", "ACTION_ID")
LONGEST_ID = 256  # characters
LONGEST_STRING = 1000
LONGEST_TEXT = 20_000  # of a textual column: what is beyond is cut, not refused
MILLISECONDS = 100_000_000_000  # an epoch this large is the year 5138 in seconds, and 1973 in milliseconds
TOMORROW = 86_400  # seconds that a clock may be ahead
WHOLE = {"int": 2**31, "long": 2**63}
LONGEST_NUMBER = 19  # digits of a long; Python refuses to read thousands
MOST_ESCAPED = 12  # characters in a text that a pattern takes, evenly spread; a text with others is judged by itself
SHOWN = 50  # characters of a value

# What is wrong with a cell or a row, by kind. `{value}` is the cell's beginning, `{limit}` and `{length}` are numbers.
FAULTS = {
    "empty": "is empty, and the schema does not allow null.",
    "not whole": '"{value}" is not a whole number.',
    "not a number": '"{value}" is not a number.',
    "not boolean": '"{value}" is neither true nor false.',
    "too large": '"{value}" is too large for 64 bits.',
    "milliseconds": "{value} is in milliseconds or smaller units. Write Unix time in seconds.",
    "date": '"{value}" is a date. Write Unix time in seconds, like 1704067200.',
    "has decimals": '"{value}" is not a whole number. Write it without decimals.',
    "too long": "has {length:,} characters; at most {limit:,} are allowed.",
    "endless": "is longer than {limit:,} bytes. Is a line end missing?",
    "cells": "has {length} cells; the header has {limit}.",
    "one cell": "has one cell; the header has {limit}.",
    "line break": "a quotation mark is not closed before the line ends. A cell can't have a line break: take it out.",
    "behind quotation": 'has text behind a closing quotation mark. Write a quotation mark in a cell as \\".',
    "carriage return": "has a carriage return in a cell, which may be read as a line's end. Take it out.",
    "backslash": "ends in a backslash, which takes the line's end for a part of the cell. Write it as \\\\.",
    "not UTF-8": "is not UTF-8 (byte {value}). Save the file as UTF-8.",
}
NOTES = {
    "cut": "has {length:,} characters; Personalize cuts it after {limit:,}.",
    "beyond int": "{value} does not fit into the 32 bits of an int. Make the column a long.",
    "future": "{value} lies in the future.",
    "creation in milliseconds": "{value} looks like milliseconds. Personalize reads seconds.",
    "hidden": "S3 does not show it to the pipeline ({value}), so it was not looked at; Personalize's role may read it.",
    "blank": "is empty. Personalize's guide does not say what it makes of such lines.",
}
Fault = tuple[str | None, str, str, int, int]  # column, kind, value, length, limit

_DECIMAL = r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
_NUMBER = re.compile(_DECIMAL)
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMALS = re.compile(r"[+-]?[0-9]+\.[0-9]*")
_DATE = re.compile(r"\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4}")
_MOMENTS = ("TIMESTAMP", "CREATION_TIMESTAMP", "EXPIRATION_TIMESTAMP")


class RowCheck:
    """How the rows below one header are judged.

    Args:
        avro: the dataset's schema; its columns are all in the header.
        header: names of the columns, in the file's order.
        now: the moment beyond which a TIMESTAMP lies in the future, in seconds since the epoch.
        unnoted: columns in which no more is noted; faults are.
    """

    def __init__(self, avro: Avro, header: Sequence[str], now: float, unnoted: frozenset[str] = frozenset()) -> None:
        self.header, self.width = list(header), len(header)
        self._avro, self._now, self._unnoted = avro, now, unnoted
        self._latest = int(now) + TOMORROW
        fields = {field["name"]: field for field in avro["fields"]}
        self._fields = [fields.get(name) for name in header]
        self._judges = [self._judge(field) if field else _no_fault for field in self._fields]
        self._compiled = functools.cache(self._compile)

    def good_rows(self, text: str, at: int, *, quoted: bool) -> int:
        """Where in a text the rows end that are good, of those that begin at a place and follow one another.

        `quoted`: whether the text has quotation marks; without, a simpler pattern is faster.
        """
        match = self._compiled(quoted=quoted, captured=None).match(text, at)
        return match.end() if match else at

    def cells(self, text: str, number: int, *, quoted: bool) -> list[str]:
        """The cells of a column, in all rows of a text that are good. They are as they are written."""
        return self._compiled(quoted=quoted, captured=number).findall(text)

    def _compile(self, *, quoted: bool, captured: int | None) -> re.Pattern[str]:
        """What takes good rows: one after the other, or each with a cell of a column."""
        cells = []
        for number, field in enumerate(self._fields):
            pattern = self._pattern(field, quoted) if field else _text(0, None, quoted)
            cells.append(f"({pattern})" if number == captured else f"(?:{pattern})")
        row = ",".join(cells) + r"\n"
        return re.compile(f"(?:{row})*+") if captured is None else re.compile(f"^{row}", re.MULTILINE)

    def without(self, column: str) -> RowCheck:
        """The same, but for a column of which all that need be known is known."""
        fields = [field for field in self._avro["fields"] if field["name"] != column]
        return RowCheck(self._avro | {"fields": fields}, self.header, self._now, self._unnoted)

    def without_notes(self, column: str) -> RowCheck:
        """The same, but for what would be noted of a column; what is faulty is still found."""
        return RowCheck(self._avro, self.header, self._now, self._unnoted | {column})

    def judge(self, line: str) -> tuple[list[str] | None, list[Fault]]:
        """The cells of one line without its end, and what is wrong with them; None for a line that has no cells."""
        if not line:
            return None, [(None, "blank", "", 0, 0)]
        try:
            (row,) = list(csv.reader([line], escapechar="\\", strict=True))
        except csv.Error as error:
            return None, [(None, _torn(line, str(error)), "", 0, 0)]
        if "\r" in line:
            return None, [(None, "carriage return", "", 0, 0)]
        if len(row) != self.width:
            return None, [(None, "cells" if len(row) > 1 else "one cell", "", len(row), self.width)]
        return row, [fault for judge, cell in zip(self._judges, row, strict=True) if (fault := judge(cell))]

    def _judge(self, field: dict[str, Any]) -> Callable[[str], Fault | None]:
        name, may_be_empty = field["name"], nullable(field)
        judge = self._judge_of_type(field)

        def judged(cell: str) -> Fault | None:
            if cell == "":
                return None if may_be_empty else (name, "empty", "", 0, 0)
            found = judge(cell)
            return (name, found[0], cell[:SHOWN], len(cell), found[1]) if found else None

        return judged

    def _judge_of_type(self, field: dict[str, Any]) -> Callable[[str], tuple[str, int] | None]:
        """What finds a kind of fault in a cell that is not empty, and the limit that it breaks."""
        kinds, name = set(field_types(field)), field["name"]
        if kinds & WHOLE.keys():
            return lambda cell: self._whole(name, "int" if "int" in kinds else "long", cell)
        if kinds & {"float", "double"}:
            return lambda cell: None if _NUMBER.fullmatch(cell) else ("not a number", 0)
        if "boolean" in kinds:
            return lambda cell: None if cell.lower() in ("true", "false") else ("not boolean", 0)
        kind, limit = _limit(field)
        return lambda cell: (kind, limit) if len(cell) > limit else None

    def _whole(self, name: str, avro_type: str, cell: str) -> tuple[str, int] | None:
        if not _INTEGER.fullmatch(cell):
            if _DECIMALS.fullmatch(cell):
                return "has decimals", 0
            return ("date" if name in _MOMENTS and _DATE.match(cell) else "not whole"), 0
        digits = cell.lstrip("+-0")
        if len(digits) > LONGEST_NUMBER:
            return "too large", 0
        value = int(digits or "0") * (-1 if cell.startswith("-") else 1)
        if not -WHOLE["long"] <= value < WHOLE["long"]:
            return "too large", 0
        if avro_type == "int" and not -WHOLE["int"] <= value < WHOLE["int"]:
            return "beyond int", 0
        if name == "TIMESTAMP" and value > self._latest:
            return ("milliseconds" if value >= MILLISECONDS else "future"), 0
        if name == "CREATION_TIMESTAMP" and value >= MILLISECONDS:
            return "creation in milliseconds", 0
        return None

    def _pattern(self, field: dict[str, Any], quoted: bool) -> str:
        """What good cells of a field look like as they are written. It may miss some, but takes no faulty one."""
        kinds = set(field_types(field))
        if kinds & WHOLE.keys():
            pattern = "[+-]?[0-9]{1,9}+" if "int" in kinds else "[+-]?[0-9]{1,18}+"
            if field["name"] in ("TIMESTAMP", "CREATION_TIMESTAMP"):
                pattern = _up_to(self._latest)
            if field["name"] in self._unnoted:
                pattern = "[0-9]{1,11}+" if field["name"] == "TIMESTAMP" else "[+-]?[0-9]{1,18}+"
        elif kinds & {"float", "double"}:
            pattern = _DECIMAL
        elif "boolean" in kinds:
            pattern = "[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]"
        else:
            limit = None if field["name"] in self._unnoted else _limit(field)[1]
            return _text(0 if nullable(field) else 1, limit, quoted)
        if quoted:
            pattern = f'{pattern}|"(?:{pattern})"'
        return f"(?:{pattern})?" if nullable(field) else pattern


def _no_fault(_: str) -> None:
    return None


def _limit(field: dict[str, Any]) -> tuple[str, int]:
    if field.get("textual"):
        return "cut", LONGEST_TEXT
    return "too long", LONGEST_ID if field["name"] in IDS else LONGEST_STRING


def _text(least: int, most: int | None, quoted: bool) -> str:
    """A text without quotation marks, in them, or in them with some escaped inside."""
    characters = r'[^"\\\r\n]'
    times = f"{{{least},{'' if most is None else most}}}+"
    plain = rf'[^,"\\\r\n]{times}'
    if not quoted:
        return plain
    if most is None:
        most = LONGEST_TEXT
    run = f"{characters}{{0,{most // (MOST_ESCAPED + 1) - 1}}}+"
    return rf'{plain}|"{characters}{times}"|"(?:{run}(?:""|\\[^\r\n])){{1,{MOST_ESCAPED}}}+{run}"'


def _up_to(limit: int) -> str:
    """Numbers of up to ten digits that are not above the limit, the smallest first: most are far below."""
    digits = str(limit)
    if len(digits) != 10:
        return "[0-9]{1,9}+"
    lower = [
        rf"{digits[:place]}[0-{int(digit) - 1}][0-9]{{{9 - place}}}"
        for place, digit in enumerate(digits)
        if place and digit != "0"
    ]
    return "(?:" + "|".join([*lower, digits, "-?[0-9]{1,9}"]) + ")"


def _torn(line: str, error: str) -> str:
    """The kind of fault that a reader stumbled over."""
    if "expected after" in error:
        return "behind quotation"
    if "\r" in line:
        return "carriage return"
    backslashes = len(line) - len(line.rstrip("\\"))
    return "backslash" if backslashes % 2 else "line break"
