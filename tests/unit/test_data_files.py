"""The CSV files are compared with the schema before an import is paid for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from pipeline import clients
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


def judged(folder: folders.DataFolder, dataset_type: str, avro: Any, mode: Any = "full") -> tuple[list[Any], list[str]]:
    looked = checks.inspect(folder, dataset_type, avro, mode)
    return looked.problems, looked.notes


def inspect(s3: Any, files: dict[str, str | bytes], dataset_type: str = "Interactions", avro: Any = None) -> list[str]:
    for name, body in files.items():
        s3.put_object(Bucket=BUCKET, Key=f"{dataset_type}/{name}", Body=body)
    folder = folders.list_folder(BUCKET, f"{dataset_type}/")
    return [str(problem) for problem in judged(folder, dataset_type, avro or interactions_schema())[0]]


def test_good_files_have_no_problems(s3: Any) -> None:
    assert inspect(s3, {"a.csv": HEADER + ROWS, "b.CSV": HEADER + ROWS.replace("\n", "\r\n")}) == []


def test_an_empty_folder_is_told(s3: Any) -> None:
    assert "no data that can be read: the params name Interactions" in inspect(s3, {"": b"", "empty.csv": b""})[0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("USER_ID,TIMESTAMP\nu,1\n", "the header lacks ITEM_ID"),
        (
            "\n",
            "has no column of the schema; the schema wants USER_ID, ITEM_ID, TIMESTAMP, the file has an empty first",
        ),
        ("USER_ID,ITEM_ID,ITEM_ID,TIMESTAMP\nu,i,j,1\n", "the header names ITEM_ID more than once"),
        ("TIMESTAMP,ITEM_ID,USER_ID\nyesterday,i,u\n", 'line 2, TIMESTAMP: "yesterday" is not a whole number'),
        ('"USER_ID","ITEM_ID","TIMESTAMP"\nu,i,1\n', "names are quoted"),
        ("\ufeffUSER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n", "byte order mark"),
        (HEADER.encode() + b"u,\xff,1\n", "line 2: is not UTF-8 (byte 0xFF)"),
        (b"\x1f\x8b\x08", "compressed with gzip"),
        (HEADER.replace(",", ";") + ROWS.replace(",", ";"), "parted by semicolons"),
        (HEADER.lower() + ROWS, 'Is "user_id" meant to be USER_ID?'),
        (HEADER.encode("utf-16"), "is UTF-16"),
        (HEADER.encode("utf-16-le"), "is the file UTF-16?"),
        (HEADER.replace("\n", "\r") + ROWS.replace("\n", "\r"), "carriage return"),
        ('"USER_ID";"ITEM_ID";"TIMESTAMP"\n', "parted by semicolons"),
        (HEADER.strip() + "," * 3000 + "\n", "3,003 names"),
        (HEADER, "no row below the header"),
        (HEADER + "u,i,1704067200.0\n", '"1704067200.0" is not a whole number. Write it without decimals.'),
        (HEADER + "u\n", "has one cell; the header has 3"),
        (HEADER + "u,i\n", "line 2: has 2 cells; the header has 3"),
        (HEADER + "u,i,yesterday\n", 'line 2, TIMESTAMP: "yesterday" is not a whole number'),
        (HEADER + "u,i,1700000000000\n", "is in milliseconds"),
        (HEADER + "u,,1700000000\n", "line 2, ITEM_ID: is empty"),
        (HEADER + "u,i,1700000000\nu,i\rj,1700000000\n", "line 3: has a carriage return in a cell"),
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


def test_a_fault_far_below_is_found_unless_the_data_is_sampled(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="Interactions/a.csv", Body=HEADER + ROWS * 10 + "cut off, after the sample")
    folder = folders.list_folder(BUCKET, "Interactions/")
    problems, notes = judged(folder, "Interactions", interactions_schema())
    assert [str(problem) for problem in problems] == ["Interactions/a.csv, line 10,002: has 2 cells; the header has 3."]
    assert notes == []
    problems, notes = judged(folder, "Interactions", interactions_schema(), "sample")
    assert problems == []
    assert "only the first 64 KiB of its only file was looked at (a sample is what data checks are set to)" in notes[0]
    problems, notes = judged(folder, "Interactions", interactions_schema(), "off")
    assert problems == []
    assert notes == ["Interactions/: the data was not looked at, since data checks are off."]


def test_files_beyond_the_sample_are_counted(s3: Any) -> None:
    for number in range(checks.MOST_SAMPLED + 2):
        s3.put_object(Bucket=BUCKET, Key=f"Interactions/{number:03}.csv", Body=HEADER + ROWS)
    folder = folders.list_folder(BUCKET, "Interactions/")
    _, notes = judged(folder, "Interactions", interactions_schema(), "sample")
    assert "the first 64 KiB of 50 of 52 files" in notes[0]


def test_a_fault_that_many_files_share_is_told_of_three_of_them(s3: Any) -> None:
    found = inspect(s3, {f"{number}.csv": HEADER + "u,i,x\nu,i,y\n" for number in range(5)})
    assert found[0] == (
        'Interactions/0.csv, line 2, TIMESTAMP: "x" is not a whole number. So it is in 2 lines; the next: 3.'
    )
    assert len(found) == 4
    assert found[3].endswith("Interactions/: 2 more of its files have the same fault in the column TIMESTAMP.")


def test_headers_that_differ_are_a_note(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="USER_ID,AGE\nu,1\n")
    s3.put_object(Bucket=BUCKET, Key="Users/b.csv", Body="AGE,USER_ID\n1,v\n")
    assert judged(folders.list_folder(BUCKET, "Users/"), "Users", users_schema()) == (
        [],
        ["Users/: the files' headers differ. The guide asks for one and the same in all files."],
    )


def test_a_file_that_changes_while_it_is_read_is_told(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="USER_ID,AGE\nu,1\n")
    folder = folders.list_folder(BUCKET, "Users/")
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="USER_ID,AGE\nu,2\n")
    problems, _ = judged(folder, "Users", users_schema())
    assert "was changed or deleted while it was read" in str(problems[0])


def test_a_column_beside_the_schema_is_a_note(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="USER_ID,AGE,SHOE\nu,,43\n")
    problems, notes = judged(folders.list_folder(BUCKET, "Users/"), "Users", users_schema())
    assert problems == []
    assert notes == ["Users/: the columns SHOE are not in the schema, so they are not used."]


@pytest.mark.parametrize("body", ["AGE,USER_ID\n,u\n", ",USER_ID,AGE\n0,u,\n", ",AGE,USER_ID\n0,7,u\n"])
def test_columns_stand_in_any_order_and_after_a_nameless_index(s3: Any, body: str) -> None:
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body=body)
    assert judged(folders.list_folder(BUCKET, "Users/"), "Users", users_schema()) == ([], [])


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


def test_the_fingerprint_stays_when_the_same_bytes_come_in_parts(s3: Any) -> None:
    file = {"Bucket": BUCKET, "Key": "Users/a.csv"}
    s3.put_object(**file, Body="1", ChecksumAlgorithm="CRC32")
    at_once = folders.list_folder(BUCKET, "Users/")
    upload = s3.create_multipart_upload(**file, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")["UploadId"]
    part = {"PartNumber": 1, "ETag": s3.upload_part(**file, UploadId=upload, PartNumber=1, Body="1")["ETag"]}
    fingerprint = at_once.fingerprint
    s3.complete_multipart_upload(**file, UploadId=upload, MultipartUpload={"Parts": [part]})
    in_parts = folders.list_folder(BUCKET, "Users/")
    assert in_parts.files != at_once.files
    assert in_parts.fingerprint == fingerprint


def test_the_fingerprint_stays_when_the_same_bytes_are_encrypted_otherwise(s3: Any) -> None:
    """Under SSE-KMS the ETag is no digest of the content (in moto it stays one)."""
    s3.put_object(Bucket=BUCKET, Key="Users/a.csv", Body="1")
    plain, encrypted = (
        folders.DataFolder(BUCKET, "Users/", (folders.DataFile("Users/a.csv", 1, etag),)) for etag in ("e", "f")
    )
    assert plain.fingerprint == encrypted.fingerprint


@pytest.mark.parametrize(
    ("head", "digest"),
    [
        ({"ChecksumCRC64NVME": "a=", "ChecksumType": "FULL_OBJECT"}, "crc64nvme:a="),
        ({"ChecksumCRC32": "c=", "ChecksumSHA1": "b=", "ChecksumType": "FULL_OBJECT"}, "sha1:b="),
        ({"ChecksumSHA256": "d=-2", "ChecksumType": "COMPOSITE"}, "sha256:d=-2"),
        ({"ChecksumType": "FULL_OBJECT"}, "etag:e-2"),
        ({}, "etag:e-2"),
    ],
)
def test_a_digest_is_the_checksum_that_s3_has_or_else_the_etag(head: dict[str, str], digest: str) -> None:
    file = folders.DataFile("Users/a.csv", 1, "e-2")
    with Stubber(clients.s3()) as stubber:
        stubber.add_response("head_object", head, {"Bucket": BUCKET, "Key": file.key, "ChecksumMode": "ENABLED"})
        assert folders.DataFolder(BUCKET, "Users/", (file,)).digest(file) == digest


@pytest.mark.parametrize("status", [403, 404])
def test_the_etag_does_where_the_checksum_may_not_be_seen(status: int) -> None:
    """HeadObject shows a checksum only to who may use the object's key; a batch job's input need not be read here."""
    file = folders.DataFile("batch/input/a.json", 1, "e")
    with Stubber(clients.s3()) as stubber:
        stubber.add_client_error("head_object", str(status), http_status_code=status)
        assert folders.DataFolder(BUCKET, "batch/input/", (file,)).digest(file) == "etag:e"


def test_checksums_are_asked_for_once_and_only_for_a_fingerprint(s3: Any) -> None:
    asked: list[str] = []
    clients.s3().meta.events.register("before-call.s3.HeadObject", lambda params, **_: asked.append(params["url_path"]))
    for name in ("b", "a", "c/deeper"):
        s3.put_object(Bucket=BUCKET, Key=f"Users/{name}.csv", Body="USER_ID,AGE\nu,1\n")
    folder = folders.list_folder(BUCKET, "Users/")
    assert judged(folder, "Users", users_schema())[0] == []
    assert asked == []
    assert folder.fingerprint == folder.fingerprint
    assert sorted(asked) == [f"/{name}" for name in ("Users/a.csv", "Users/b.csv")]


class InMemory(folders.DataFolder):
    """A folder whose files all have one content."""

    def read(self, file: folders.DataFile, begin: int, end: int) -> Iterator[bytes]:
        yield bytes.fromhex(file.etag)[begin:end]


@given(st.binary(max_size=60) | st.text('ui1,"\\\n\r\0-', max_size=60).map(str.encode), st.booleans())
def test_any_content_gets_a_verdict(rows: bytes, header: bool) -> None:
    body = HEADER.encode() * header + rows
    folder = InMemory(BUCKET, "Interactions/", (folders.DataFile("a.csv", len(body), body.hex()),))
    problems, _ = judged(folder, "Interactions", interactions_schema())
    assert problems  # nothing here has enough interactions


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
    problems, _ = judged(folders.DataFolder(BUCKET, "x" * 250 + "/", files), "Users", users_schema())
    assert "longer than 256" in str(problems[0])


def test_what_looks_like_data_and_is_not_read_is_a_note(s3: Any) -> None:
    for key in ("Users/a.csv", "Users/old/b.csv", "users/c.csv", "users.csv", "Users/old/older/d.csv"):
        s3.put_object(Bucket=BUCKET, Key=key, Body="USER_ID,AGE\nu,1\n")
    problems, notes = judged(folders.find(BUCKET, "", "Users"), "Users", users_schema())
    assert problems == []
    (note,) = notes
    assert note.startswith("users/, users.csv, Users/old/: not imported: only Users/ is read")


def test_a_folder_of_nothing_but_sub_folders_is_told(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="Users/2026/a.csv", Body="USER_ID,AGE\nu,1\n")
    (problem,), _ = judged(folders.find(BUCKET, "", "Users"), "Users", users_schema())
    assert "What lies in Users/2026/ is not read: move it up." in str(problem)


def test_data_without_a_dataset_is_a_note() -> None:
    names = ["t/Items/", "t/actions.csv", "t/Interactions/", "t/readme.csv", "t/params.json", "t/batch/"]
    assert checks.without_dataset(names, "t/", ["Interactions", "Users"]) == [
        "t/Items/, t/actions.csv: not imported: the params file names no such dataset."
    ]
    assert checks.without_dataset(names, "t/", ["Interactions", "Items", "Actions"]) == []
