"""`make run PARAMS=my.json DATA=my-data/`: what is told before anything is started, what is uploaded, and the page."""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local import commands, pages, uploads
from local.__main__ import main

BUCKET = "input-bucket"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder with a params file, and data in a folder of its own."""
    data = tmp_path / "data"
    for name in ("Interactions/i.csv", "Users/u.csv", "params.json", ".hidden.csv"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(name)
    (tmp_path / "my.json").write_text(json.dumps({"datasetGroup": {"name": "mine"}}))
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--params", "nope.json", "--data", "data"], "There is no params file nope.json."),
        (["--params", "data", "--data", "data"], "There is no params file data; it is a folder."),
        (["--params", "my.json", "--data", "nope"], "There is no folder nope. DATA is the folder that holds"),
        (["--params", "my.json", "--data", "my.json"], "There is no folder my.json."),
        (["--params", "my.json", "--data", "empty"], "There is no CSV file in empty."),
        (["--params", "my.json"], "Name both: make run PARAMS=my.json DATA=my-data/"),
        (["--data", "data"], "Name both: make run PARAMS=my.json DATA=my-data/"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_started(
    mine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(mine)
    monkeypatch.setattr(commands, "run", lambda *_: pytest.fail("something was started"))
    assert main(["run", *arguments]) == 1
    assert told in capsys.readouterr().err


def test_without_any_it_is_the_example() -> None:
    assert uploads.named(None, None) == uploads.EXAMPLE_FILES


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
        client.create_bucket(Bucket=BUCKET)
        yield client


def keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_the_folder_holds_the_data_and_nothing_that_was_there_before(s3: Any, mine: Path) -> None:
    for key in ("Items/of-the-example.csv", "rehearsal/Items/old.csv", "rehearsal/params.json"):
        s3.put_object(Bucket=BUCKET, Key=key)
    files = uploads.named(mine / "my.json", mine / "data")
    assert uploads.synchronise(s3, BUCKET, files, "params.json") == 2
    assert keys(s3) == [
        "Items/of-the-example.csv",
        "rehearsal/Interactions/i.csv",
        "rehearsal/Users/u.csv",
        "rehearsal/params.json",
    ]
    assert s3.get_object(Bucket=BUCKET, Key="rehearsal/params.json")["Body"].read() == b""  # that among the data is not


def test_the_examples_data_deletes_nothing(s3: Any, mine: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="runs/r/report.json")
    uploads.synchronise(s3, BUCKET, uploads.Files(uploads.PARAMS, mine / "data", ""), "params.json")
    assert keys(s3) == ["Interactions/i.csv", "Users/u.csv", "runs/r/report.json"]


def test_the_page_is_brought_and_that_of_another_run_is_not_left(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket=BUCKET, Key="runs/20261123-170502-1f0c9a3b/report.html", Body=b"<html>")
    execution = "arn:aws:states:us-east-1:000000000000:execution:local-pipeline:"
    page = pages.fetch(s3, BUCKET, f"{execution}20261123-170502-1f0c9a3b", tmp_path / ".local")
    assert page is not None and page.read_bytes() == b"<html>"
    assert pages.fetch(s3, BUCKET, f"{execution}another", tmp_path / ".local") is None
    assert not page.exists()


@pytest.mark.parametrize(("display", "is_terminal", "opened"), [("", True, 0), (":0", False, 0), (":0", True, 1)])
def test_it_is_opened_only_for_somebody_who_sits_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, display: str, is_terminal: bool, opened: int
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(pages.webbrowser, "open", calls.append)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal, raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    pages.show(tmp_path / "report.html")
    assert len(calls) == opened
