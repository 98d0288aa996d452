"""Items by name, where the Items data has names: what a person can judge."""

from __future__ import annotations

import codecs
import csv
import time
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.data.folders import DataFolder

from .subjects import Dataset, rows

# What catalogues call it, where the schema marks no column as `itemName`.
COLUMNS = ("ITEM_NAME", "PRODUCT_NAME", "PRODUCT_TITLE", "ITEM_TITLE", "TITLE", "NAME")
BUDGET = 15  # seconds; ids do where the catalogue is larger
LONGEST = 80  # characters
LONGEST_LINE = 1024 * 1024  # characters; what is longer is no line of a catalogue


def names_of(wanted: set[str], items: Dataset | None) -> dict[str, str]:
    """The names of items by their ids, of those that are found in time; none where the data has no names."""
    if items is None or not wanted or (column := _column(items)) is None:
        return {}
    found: dict[str, str] = {}
    deadline = time.monotonic() + BUDGET
    try:
        for row in _rows(items.folder, deadline):
            if row.get("ITEM_ID") in wanted and row.get(column):
                found[row["ITEM_ID"]] = row[column][:LONGEST]
            if len(found) == len(wanted):
                break
    except (ClientError, BotoCoreError, csv.Error):
        pass  # those that were found till then
    return found


def _column(items: Dataset) -> str | None:
    marked = [name for name, entry in items.fields.items() if entry.get("itemName")]
    columns = items.rows[0] if items.rows else {}
    return next((name for name in (*marked, *COLUMNS) if name in columns), None)


def _rows(folder: DataFolder, deadline: float) -> Iterator[dict[str, str]]:
    for file in folder.files:
        yield from rows(_lines(folder.read(file, 0, file.size), deadline))


def _lines(chunks: Iterator[bytes], deadline: float) -> Iterator[str]:
    """The lines of a text that comes in pieces, until time is up, or a line has no end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    for chunk in chunks:
        if time.monotonic() > deadline or len(rest) > LONGEST_LINE:
            return
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (f"{line}\n" for line in lines)
    if rest:
        yield rest
