"""The first line of a CSV file.

Source: Developer Guide, "Preparing training data for Amazon Personalize": names as in the schema, without quotation
marks. Columns are matched by name, and those that the schema does not have are left out (recorded).
"""

from __future__ import annotations

import difflib

from pipeline.params.schemas import Avro

LONGEST = 64 * 1024  # bytes: 100 columns of 150 characters are a quarter of it
MOST_COLUMNS = 2000
SHOWN = 200  # characters
# What files begin with that are called .csv and are none.
FOREIGN = {
    b"\x1f\x8b": "is compressed with gzip. Upload it unpacked.",
    b"PK\x03\x04": "is a zip archive, perhaps an Excel workbook. Export it as CSV.",
    b"PAR1\x15": "is a Parquet file. Export it as CSV.",
    b"\xff\xfe": "is UTF-16. Save it as UTF-8.",
    b"\xfe\xff": "is UTF-16. Save it as UTF-8.",
    b"\xef\xbb\xbf": "starts with a byte order mark, which becomes part of the first name. Save it without (UTF-8).",
}
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class BadHeader(Exception):
    """Why a file's columns can't be told, for the reader of the mail."""


def names_of(head: bytes, avro: Avro) -> tuple[list[str], int]:
    """The columns that the first bytes of a file name, and how many bytes the line has, its end included.

    Raises:
        BadHeader: the file can't be imported, whatever is below.
    """
    for magic, what in FOREIGN.items():
        if head.startswith(magic):
            raise BadHeader(what)
    line, end, _ = head.partition(b"\n")
    if b"\0" in line:
        raise BadHeader("the header has zero bytes in it: is the file UTF-16? Save it as UTF-8.")
    if b"\r" in line.removesuffix(b"\r"):
        raise BadHeader("the header has a carriage return in it. Lines end with \\n or \\r\\n.")
    if not end and len(head) >= LONGEST:
        raise BadHeader(f"has no end of a line in its first {LONGEST:,} bytes. Is it a CSV file?")
    try:
        text = line.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise BadHeader(f"the header is not UTF-8 (byte 0x{line[error.start]:02X}). Save the file as UTF-8.") from None
    names = text.split(",")
    wanted = [field["name"] for field in avro["fields"]]
    for separator, called in SEPARATORS.items():
        if set(wanted) <= {name.strip(' "') for name in text.split(separator)}:
            raise BadHeader(f"the header's names are parted by {called}. Part the cells of all lines by commas.")
    if len(names) > MOST_COLUMNS:
        raise BadHeader(f"the header has {len(names):,} names; a file with more than {MOST_COLUMNS:,} is not read.")
    if any('"' in name for name in names):
        raise BadHeader("the header's names are quoted. Write them without quotation marks.")
    if missing := [name for name in wanted if name not in names]:
        raise BadHeader(_lacking(missing, wanted, names, text))
    if twice := [name for name in wanted if names.count(name) > 1]:
        raise BadHeader(f"the header names {', '.join(twice)} more than once. Keep one of each.")
    return names, len(line) + len(end)


def _lacking(missing: list[str], wanted: list[str], names: list[str], text: str) -> str:
    shown = text[:SHOWN] or "an empty first line"
    lacks = f"lacks {', '.join(missing)}" if len(missing) < len(wanted) else "has no column of the schema"
    what = f"the header {lacks}; the schema wants {', '.join(wanted)}, the file has {shown}."
    plain = {name.strip().upper(): name for name in names[:SHOWN] if name not in wanted}
    close = [(name, found[0]) for name in missing if (found := difflib.get_close_matches(name, plain, n=1))]
    return what + "".join(f' Is "{plain[found][:60]}" meant to be {name}?' for name, found in close)
