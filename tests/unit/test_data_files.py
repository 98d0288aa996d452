"""The CSV files are compared with the schema before an import is paid for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from pipeline.data import checks, folders

from .conftest import BUCKET, REGION, interactions_schema, users_schema

HEADER = "USER_ID,ITEM_ID,TIMESTAMP\n"
ROWS = "".join(f"u{number % 50},i{number % 70},{1_700_000_000 + number}\n" for number in range(1000))


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client


def inspect(s3: Any, files: dict[str, str | bytes], dataset_type: str = "Interactions", avro: Any = None) -> list[str]:
    for name, body in files.items():
        s3.put_object(Bucket=BUCKET, Key=f"{dataset_type}/{name}", Body=body)
    folder = folders.list_folder(BUCKET, f"{dataset_type}/")
    return [str(problem) for problem in checks.inspect(folder, dataset_type, avro or interactions_schema())[0]]


def test_good_files_have_no_problems(s3: Any) -> None:
    assert inspect(s3, {"a.csv": HEADER + ROWS, "b.CSV": HEADER + ROWS.replace("\n", "\r\n")}) == []


def test_an_empty_folder_is_told(s3: Any) -> None:
    assert "no data that can be read: the params name Interactions" in inspect(s3, {"": b"", "empty.csv": b""})[0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("USER_ID,TIMESTAMP\nu,1\n", "the header lacks ITEM_ID"),
        ("\n", "the header lacks USER_ID, ITEM_ID, TIMESTAMP"),
        ("ITEM_ID,USER_ID,TIMESTAMP\ni,u,1\n", "must stand in the schema's order: USER_ID, ITEM_ID, TIMESTAMP"),
        ('"USER_ID","ITEM_ID","TIMESTAMP"\nu,i,1\n', "names are quoted"),
        ("\ufeffUSER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n", "byte order mark"),
        (HEADER.encode() + b"u,\xff,1\n", "not UTF-8 at byte 28"),
        (HEADER + "u,i\n", "line 2: has 2 cells; the header has 3"),
        (HEADER + "u,i,yesterday\n", 'line 2, TIMESTAMP: "yesterday" is not a whole number'),
        (HEADER + "u,i,1700000000000\n", "is in milliseconds"),
        (HEADER + "u,,1700000000\n", "line 2, ITEM_ID: is empty"),
        (HEADER + ROWS[:-1].rsplit("\n", 1)[0] + "\n", "999 interactions in all"),
    ],
)
def test_a_faulty_file_is_told_with_its_place(s3: Any, body: str | bytes, problem: str) -> None:
    found = inspect(s3, {"a.csv": body})
    assert len(found) == 1
    assert problem in found[0]
    assert "Interactions/" in found[0]


def test_the_faults_of_all_files_are_told_at_once(s3: Any) -> None:
    found = inspect(s3, {"a.csv": "USER_ID\n", "b.csv": HEADER + "u,i,x\n", "notes.txt": "x"})
    assert [text.split(":")[0] for text in found] == [
        "Interactions/a.csv",
        "Interactions/b.csv, line 2, TIMESTAMP",
        "Interactions/notes.txt",
    ]


def test_what_lies_deeper_is_not_read_as_an_import_does_not(s3: Any) -> None:
    assert inspect(s3, {"a.csv": HEADER + ROWS, "old/b.csv": "nonsense"}) == []


def test_a_large_file_is_sampled_and_not_counted(s3: Any) -> None:
    assert inspect(s3, {"a.csv": HEADER + ROWS * 10 + "cut off, after the sample"}) == []


def test_a_column_beside_the_schema_is_a_note(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="USER_ID,AGE,SHOE\nu,,43\n")
    problems, notes = checks.inspect(folders.list_folder(BUCKET, "Users/"), "Users", users_schema())
    assert problems == []
    assert notes == ["Users/: the columns SHOE are not in the schema, so they are not used."]


def test_the_fingerprint_follows_the_content(s3: Any) -> None:
    def fingerprint() -> str:
        return folders.list_folder(BUCKET, "Users/").fingerprint

    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="1")
    first = fingerprint()
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="1")
    assert fingerprint() == first
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="2")
    second = fingerprint()
    s3.put_object(Bucket=BUCKET, Key="Users/b.csv", Body="2")
    assert len({first, second, fingerprint()}) == 3


@given(st.text(max_size=50))
def test_any_cell_gets_a_verdict(cell: str) -> None:
    for avro_type in ("int", "long", "float", "string", "boolean"):
        verdict = checks.cell_problem({"name": "TIMESTAMP", "type": avro_type}, cell)
        assert verdict is None or verdict.endswith(".")


@pytest.mark.parametrize("location", [f"s3://{BUCKET}/a#b?c/", f"s3://{BUCKET}/a#b?c/d.csv"])
def test_a_location_is_read_as_it_is_written(s3: Any, location: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="a#b?c/d.csv", Body="1")
    folder = folders.at(location)
    assert [file.key for file in folder.files] == ["a#b?c/d.csv"]
    assert folder.location == location


def test_a_location_in_a_bucket_that_is_not_there_has_no_files(s3: Any) -> None:
    assert folders.at("s3://not-there/Users/").files == ()


def test_a_location_too_long_for_an_import_is_told(s3: Any) -> None:
    files = (folders.DataFile("k.csv", 1, "e"),)
    problems, _ = checks.inspect(folders.DataFolder(BUCKET, "x" * 250 + "/", files), "Users", users_schema())
    assert "longer than 256" in str(problems[0])
