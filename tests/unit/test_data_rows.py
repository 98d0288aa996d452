"""Rows are judged the same however they are read: by the pattern or one by one, whole or in pieces, and as imported."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.data import csv_rows, distinct, findings
from pipeline.data.csv_rows import NOTES, RowCheck
from pipeline.data.folders import DataFile, DataFolder
from pipeline.data.scan import LONGEST_LINE, scan
from pipeline.data.summary import Summary

from local.personalize_emulator.avro import parse
from local.personalize_emulator.csv_rows import read
from local.personalize_emulator.exceptions import JobFailure
from local.personalize_emulator.settings import Switches

NOW = 1_795_000_000
STANDARD_ERROR = 1 / math.sqrt(distinct.KEPT)
SPACE = "com.amazonaws.personalize.schema"
FIELDS: list[dict[str, Any]] = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ITEM_ID", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
    {"name": "EVENT_TYPE", "type": ["null", "string"]},
    {"name": "EVENT_VALUE", "type": ["float", "null"]},
    {"name": "COUNT", "type": "int"},
    {"name": "MEMBER", "type": ["null", "boolean"]},
]
FRAME = {"type": "record", "name": "Interactions", "namespace": SPACE, "version": "1.0"}
AVRO: dict[str, Any] = FRAME | {"fields": FIELDS}
HEADER = [field["name"] for field in FIELDS]
ITEMS: dict[str, Any] = AVRO | {
    "name": "Items",
    "fields": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRE", "type": ["null", "string"], "categorical": True},
        {"name": "TEXT", "type": ["null", "string"], "textual": True},
    ],
}


class InMemory(DataFolder):
    """A folder whose files have their content as an ETag, in base 16; it is read a few bytes at a time."""

    step = 7

    def read(self, file: DataFile, begin: int, end: int) -> Any:
        content = bytes.fromhex(file.etag)[begin:end]
        return iter([content[at : at + self.step] for at in range(0, len(content), self.step)])


def in_memory(content: bytes) -> tuple[InMemory, DataFile]:
    file = DataFile("a.csv", len(content), content.hex())
    return InMemory("bucket", "Interactions/", (file,)), file


def found(content: str | bytes, avro: dict[str, Any] = AVRO, cuts: tuple[int, ...] = ()) -> Summary:
    """The summary of one file, read in pieces that begin at the cuts."""
    body = content.encode() if isinstance(content, str) else content
    folder, file = in_memory(body)
    summary = Summary()
    edges = [0, *sorted({cut for cut in cuts if body.find(b"\n") < cut < len(body)}), len(body)]
    pieces = [scan(folder, file, avro, begin, end, NOW) for begin, end in zip(edges, edges[1:], strict=False)]
    summary.add("a.csv", [findings.Findings.from_json(piece.to_json()) for piece in pieces])
    return summary


def kinds(summary: Summary) -> dict[tuple[str | None, str], tuple[int, list[int]]]:
    faults = (entry for file in summary.files for entry in file.faults.items())
    return {kind: (seen.count, [line for line, *_ in seen.first]) for kind, seen in faults}


def row(**cells: str) -> str:
    good = {
        "USER_ID": "u1",
        "ITEM_ID": "i1",
        "TIMESTAMP": "1700000000",
        "EVENT_TYPE": "view",
        "EVENT_VALUE": "1.5",
        "COUNT": "3",
        "MEMBER": "true",
    }
    return ",".join((good | cells).values()) + "\n"


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("USER_ID", "", "empty"),
        ("USER_ID", '""', "empty"),
        ("USER_ID", "u" * 256, None),
        ("USER_ID", "ü" * 257, "too long"),
        ("ITEM_ID", '"' + "i" * 256 + '"', None),
        ("ITEM_ID", '"' + "i" * 257 + '"', "too long"),
        ("EVENT_TYPE", "", None),
        ("EVENT_TYPE", "e" * 1000, None),
        ("EVENT_TYPE", "e" * 1001, "too long"),
        ("EVENT_TYPE", '"a ""b"" c"', None),
        ("EVENT_TYPE", '"' + '""' * 1000 + '"', None),
        ("EVENT_TYPE", '"' + '""' * 1001 + '"', "too long"),
        ("EVENT_TYPE", '"a"b', "behind quotation"),
        ("EVENT_TYPE", '"a, b', "line break"),
        ("EVENT_TYPE", "a\u2028b\u0085c\x0cd", None),
        ("EVENT_TYPE", "a\rb", "carriage return"),
        ("EVENT_TYPE", '"a\rb"', "carriage return"),
        ("TIMESTAMP", "", "empty"),
        ("TIMESTAMP", '"1700000000"', None),
        ("TIMESTAMP", "-1", None),
        ("TIMESTAMP", "0", None),
        ("TIMESTAMP", "0001700000000", None),
        ("TIMESTAMP", "1700000000.0", "has decimals"),
        ("TIMESTAMP", "1.7e9", "not whole"),
        ("TIMESTAMP", "2024-01-31", "date"),
        ("TIMESTAMP", "2024-01-31T12:00:00Z", "date"),
        ("TIMESTAMP", "31.1.2024", "date"),
        ("TIMESTAMP", "yesterday", "not whole"),
        ("TIMESTAMP", "1700000000000", "milliseconds"),
        ("TIMESTAMP", str(NOW), None),
        ("TIMESTAMP", str(NOW + 86_400), None),
        ("TIMESTAMP", str(NOW + 86_401), "future"),
        ("TIMESTAMP", "9" * 5000, "too large"),
        ("TIMESTAMP", "١٧٠", "not whole"),
        ("EVENT_VALUE", "", None),
        ("EVENT_VALUE", "-.5e-7", None),
        ("EVENT_VALUE", "5.", None),
        ("EVENT_VALUE", '"1,5"', "not a number"),
        ("EVENT_VALUE", "NaN", "not a number"),
        ("EVENT_VALUE", "1_000", "not a number"),
        ("COUNT", str(2**31 - 1), None),
        ("COUNT", str(2**31), "beyond int"),
        ("COUNT", str(-(2**63)), "beyond int"),
        ("COUNT", str(2**63), "too large"),
        ("COUNT", " 3", "not whole"),
        ("MEMBER", "TRUE", None),
        ("MEMBER", "False", None),
        ("MEMBER", "1", "not boolean"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_cell_is_told_by_line_and_column(column: str, cell: str, kind: str | None, end: str) -> None:
    text = ",".join(HEADER) + "\n" + row() + row(**{column: cell}) + row()
    summary = found(text.replace("\n", end))
    whole_row = kind in ("behind quotation", "line break", "carriage return")
    assert kinds(summary) == ({(None if whole_row else column, kind): (1, [3])} if kind else {})
    assert summary.counts.rows == (2 if whole_row else 3)


def test_a_text_that_is_cut_is_a_note_and_a_category_that_is_too_long_is_not() -> None:
    text = "ITEM_ID,GENRE,TEXT\ni1," + "a|" * 500 + "," + "é" * 20_001 + "\ni2," + "a|" * 501 + ",x\n"
    assert kinds(found(text, ITEMS)) == {("TEXT", "cut"): (1, [2]), ("GENRE", "too long"): (1, [3])}
    assert "cut" in NOTES


def test_columns_stand_in_any_order_beside_others() -> None:
    order = ["", "COUNT", "NICKNAME", *reversed([name for name in HEADER if name != "COUNT"])]
    lines = [",".join(order), '7,1,"x, y",,2.5,view,1700000000,i1,u1', "8,x,,,2.5,,1700000000,i1,"]
    summary = found("\n".join(lines))
    assert kinds(summary) == {("COUNT", "not whole"): (1, [3]), ("USER_ID", "empty"): (1, [3])}
    assert summary.counts.events == Counter({"view": 1, "": 1})


@pytest.mark.parametrize("place", [0, 1, 2])
def test_event_types_are_counted_in_whichever_column(place: int) -> None:
    """Also where another column has the same texts, and where a type is written with and without quotation marks."""
    fields = [{"name": name, "type": "string"} for name in ("ITEM_ID", "USER_ID")]
    fields.insert(place, {"name": "EVENT_TYPE", "type": "string"})
    names = [field["name"] for field in fields]
    types = ["view", '"view"', "buy", "view"] * 300 + ["rare"]
    rows = ({"ITEM_ID": "view", "USER_ID": "buy", "EVENT_TYPE": one} for one in types)
    lines = [",".join(cells[name] for name in names) for cells in rows]
    summary = found("\n".join([",".join(names), *lines]), AVRO | {"fields": fields})
    assert summary.counts.events == Counter({"view": 900, "buy": 300, "rare": 1})


def test_bytes_that_are_not_utf_8_are_told_by_line() -> None:
    text = (",".join(HEADER) + "\n" + row() * 3).encode() + row(EVENT_TYPE="caf\xe9").encode("latin-1") + row().encode()
    summary = found(text)
    assert kinds(summary) == {(None, "not UTF-8"): (1, [5])}
    assert summary.counts.rows == 4
    assert summary.files[0].faults[None, "not UTF-8"].first[0][1] == "0xE9"


def test_blank_lines_are_a_note() -> None:
    summary = found(",".join(HEADER) + "\n" + row() + "\n" + row() + "\n")
    assert kinds(summary) == {(None, "blank"): (2, [3, 5])}
    assert summary.counts.rows == 2


def test_a_fault_in_every_row_is_counted_up_to_a_number_and_the_rest_still_judged() -> None:
    many = findings.MOST_COUNTED + 500
    text = ",".join(HEADER) + "\n" + row(TIMESTAMP="1700000000000") * many + row(TIMESTAMP="x", COUNT="x")
    summary = found(text)
    assert kinds(summary)["TIMESTAMP", "milliseconds"] == (findings.MOST_COUNTED, [2, 3, 4])
    assert summary.files[0].faults["TIMESTAMP", "milliseconds"].is_least
    assert kinds(summary)["COUNT", "not whole"] == (1, [many + 2])
    assert summary.counts.rows == many + 1


@pytest.mark.parametrize("more", [0, 1, 100, LONGEST_LINE, 3 * LONGEST_LINE])
def test_a_line_that_is_too_long_is_told_and_passed_over_however_it_is_read(more: int) -> None:
    endless = "x" * (LONGEST_LINE + more)
    text = ",".join(HEADER) + "\n" + row() * 3 + endless + "\n" + row(COUNT="x")
    InMemory.step, step = 100_000, InMemory.step
    for cuts in ((), (400_000, 900_000, 1_400_000), (LONGEST_LINE - 3,)):
        summary = found(text, cuts=cuts)
        assert kinds(summary) == {
            (None, "endless" if more else "one cell"): (1, [5]),
            ("COUNT", "not whole"): (1, [6]),
        }
        assert summary.counts.rows == 4
    InMemory.step = step


def test_a_type_counts_the_same_with_and_without_quotation_marks_and_escapes() -> None:
    fields = [{"name": name, "type": "string"} for name in ("ITEM_ID", "USER_ID", "EVENT_TYPE")]
    spelt = ["purchase", '"purchase"', '"a ""b"""', '"a \\"b\\""']
    lines = [f'i,"O""Brien",{spelt[n % 4]}' for n in range(4000)] + ['i,O"Brien,purchase', 'i,"O\\"Brien",purchase']
    text = "\n".join(["ITEM_ID,USER_ID,EVENT_TYPE", *lines])
    for cuts in ((), (20_000, 50_000)):
        summary = found(text, AVRO | {"fields": fields}, cuts)
        assert summary.counts.events == Counter({"purchase": 2002, 'a "b"': 2000})
        assert summary.counts.users is not None
        assert summary.counts.users.number == 1


def test_columns_that_the_schema_does_not_have_are_not_counted() -> None:
    text = "USER_ID,ITEM_ID,EVENT_TYPE\nu,i,\n"
    summary = found(text, AVRO | {"fields": FIELDS[:1]})
    assert (summary.counts.users, summary.counts.events) == (None, None)


def test_counts_are_least_ones_once_less_is_looked_for() -> None:
    many = findings.MOST_COUNTED
    text = ",".join(HEADER) + "\n" + row(COUNT="x") * 5 + row(COUNT="") * many + row(COUNT="x") * 500
    (file,) = found(text).files
    assert {kind: (seen.count, seen.is_least) for kind, seen in file.faults.items()} == {
        ("COUNT", "not whole"): (5, True),
        ("COUNT", "empty"): (many, True),
    }
    (file,) = found((",".join(HEADER) + "\n").encode() + b"\xff\n" * (many + 5)).files
    assert {kind: (seen.count, seen.is_least) for kind, seen in file.faults.items()} == {
        (None, "not UTF-8"): (many + 5, False)
    }


def test_recent_moments_and_blank_lines_are_no_slow_ones() -> None:
    """By how often a line is judged by itself: not at all."""
    check = RowCheck(AVRO, HEADER, NOW)
    recent = row(TIMESTAMP=str(NOW - 5)) + row(TIMESTAMP=str(NOW + 86_400)) + row(TIMESTAMP="-7")
    assert check.good_rows(recent, 0, quoted=False) == len(recent)
    assert check.good_rows(row(TIMESTAMP=str(NOW + 86_401)), 0, quoted=False) == 0
    assert kinds(found(",".join(HEADER) + "\n" + "\n" * 2_000_000)) == {(None, "blank"): (2_000_000, [2, 3, 4])}


def test_more_event_types_than_can_be_told_apart() -> None:
    many = "".join(row(EVENT_TYPE=f"t{n}") for n in range(3000))
    summary = found(",".join(HEADER) + "\n" + many)
    assert summary.counts.has_too_many_types
    assert Summary.from_json(summary.to_json()).counts.has_too_many_types
    assert summary.counts.rows == 3000


CELLS = st.sampled_from(
    [
        "",
        "u1",
        "view",
        '"view"',
        '"a ""b"""',
        "1.5",
        "7",
        "1700000000",
        "1700000000000",
        "true",
        "x\u2028y",
        '"',
        "\\",
        "é",
    ]
) | st.text('ab1.,"\\\r\0-é', max_size=6)
LINES = st.lists(CELLS, min_size=6, max_size=8).map(",".join) | st.just(row().strip()) | st.just("")
ROWS = st.lists(st.just(row().strip()) | LINES, max_size=12).map("\n".join)


@given(ROWS)
def test_what_the_pattern_takes_has_no_fault(text: str) -> None:
    check = RowCheck(AVRO, HEADER, NOW)
    body = text + "\n"
    for line in body[: check.good_rows(body, 0, quoted='"' in body)].split("\n")[:-1]:
        cells, faults = check.judge(line)
        assert faults == []
        assert cells == next(csv.reader([line], escapechar="\\"))


@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.lists(st.integers(0, 600), max_size=6))
def test_pieces_find_what_a_whole_look_finds(text: str, end: str, cuts: list[int]) -> None:
    body = (",".join(HEADER) + "\n" + text).replace("\n", end)
    whole, parts = found(body), found(body, cuts=tuple(cuts))
    assert kinds(parts) == kinds(whole)
    assert (parts.counts.rows, parts.counts.events) == (whole.counts.rows, whole.counts.events)
    assert parts.counts.users is not None
    assert whole.counts.users is not None
    assert (parts.counts.users.number, parts.counts.users.twice) == (
        whole.counts.users.number,
        whole.counts.users.twice,
    )


@given(ROWS)
def test_rows_that_an_import_refuses_are_found(text: str) -> None:
    """The emulator reads files in its own way. What it takes and the check refuses is listed here, and nothing else."""
    body = ",".join(HEADER) + "\n" + text
    problems = {kind for _, kind in kinds(found(body)) if kind not in NOTES}
    try:
        list(read(io.BytesIO(body.encode()), parse(json.dumps(AVRO), Switches()), Switches()))
        is_imported = True
    except JobFailure as failure:
        is_imported = False
        differs = "RECOMMENDATION_ID" in str(failure) or "+" in text
        assert problems or differs, failure
    if is_imported:
        assert problems == set()


@given(st.lists(st.integers(0, 3000), max_size=4000), st.lists(st.integers(0, 3000), max_size=400))
def test_users_are_counted_across_pieces(one: list[int], other: list[int]) -> None:
    first, second = distinct.Distinct(), distinct.Distinct()
    first.add([f"u{number}" for number in one])
    for number in other:
        second.add([f"u{number}"])
    merged = distinct.Distinct.from_json(first.to_json())
    merged.merge(distinct.Distinct.from_json(second.to_json()))
    counts = Counter(one + other)
    if len(counts) <= distinct.KEPT:
        assert merged.is_exact
        assert merged.number == len(counts)
        assert merged.twice == sum(count >= 2 for count in counts.values())
    else:
        assert merged.number == pytest.approx(len(counts), rel=5 * STANDARD_ERROR)


@pytest.mark.parametrize("name", ["{}", "user-{:08}", "{:x}", "a{}@example.com"])
def test_the_number_of_many_users_is_estimated_within_its_error(name: str) -> None:
    parts = [distinct.Distinct() for _ in range(4)]
    for number, part in enumerate(parts):
        part.add([name.format(user) for user in range(number * 20_000, number * 20_000 + 40_000)])
    whole = distinct.Distinct()
    for part in parts:
        whole.merge(part)
    assert not whole.is_exact
    assert whole.number == pytest.approx(100_000, rel=3 * STANDARD_ERROR)
    assert whole.share_twice == pytest.approx(0.6, abs=0.1)


def test_every_kind_of_fault_has_words() -> None:
    for text in (csv_rows.FAULTS | csv_rows.NOTES).values():
        assert text.format(value="x", length=1, limit=2).endswith((".", "?"))


def test_what_is_noted_ten_thousand_times_hides_no_fault() -> None:
    many = findings.MOST_COUNTED + 500
    text = (
        ",".join(HEADER) + "\n" + row(TIMESTAMP=str(NOW + 10**7)) * many + row(TIMESTAMP="x") + row(TIMESTAMP="9" * 13)
    )
    assert kinds(found(text)) == {
        ("TIMESTAMP", "future"): (findings.MOST_COUNTED, [2, 3, 4]),
        ("TIMESTAMP", "not whole"): (1, [many + 2]),
        ("TIMESTAMP", "milliseconds"): (1, [many + 3]),
    }


def test_a_file_of_nothing_but_broken_lines_is_given_up_and_its_lines_are_counted() -> None:
    many = findings.MOST_COUNTED + 50_000
    body = (",".join(HEADER) + "\n" + "a,b\n" * many + row(COUNT="x")).encode()
    InMemory.step, step = 10_000, InMemory.step
    summary = found(body, cuts=(len(body) - len(row(COUNT="x")),))
    InMemory.step = step
    count, first = kinds(summary)[None, "cells"]
    assert first == [2, 3, 4]
    assert count < findings.MOST_COUNTED + 10_000
    assert kinds(summary)["COUNT", "not whole"] == (1, [many + 2])
