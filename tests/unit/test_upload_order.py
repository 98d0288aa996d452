"""Uploads take effect in the order in which they were made; folders are looked for beside the params file."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.upload.runs import Run, milliseconds, run_of
from pipeline.version import version

from .conftest import BUCKET

ARN = "arn:aws:states:eu-west-1:123456789012:execution:shop-pipeline:20261123-170502-1f0c9a3b"
TIME = "2026-11-23T17:05:02.123Z"


def run(
    key: str = "params.json",
    name: str = "20261123-170502-1f0c9a3b",
    started: str = "2026-11-23T17:05:09.500Z",
    **upload: str,
) -> Run:
    given: dict[str, Any] = {"upload": {"bucket": BUCKET, "key": key, **upload}}
    return run_of({"Id": ARN, "Name": name, "StartTime": started, "Input": given})


def test_a_run_is_what_its_input_says() -> None:
    found = run("team/params.json", time=TIME, sequencer="00A", versionId="v1")
    assert (found.id, found.execution_arn, found.version_id) == ("20261123-170502-1f0c9a3b", ARN, "v1")
    assert found.started == milliseconds("2026-11-23T17:05:09.500Z") / 1000
    assert found.overrides == {}
    assert found.to_json() == {
        "id": "20261123-170502-1f0c9a3b",
        "executionArn": ARN,
        "bucket": BUCKET,
        "key": "team/params.json",
        "prefix": "team/",
        "codeVersion": version(),
    }
    assert found.at_newest_version().version_id is None


def test_what_a_schedule_or_a_person_starts_has_no_place_in_the_order() -> None:
    assert run().order is None


MOMENTS = st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2040, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
UPLOADS = st.tuples(MOMENTS, st.integers(min_value=0, max_value=2**96))


@given(st.lists(UPLOADS, min_size=2, max_size=6, unique=True))
def test_uploads_sort_by_their_time_and_then_by_s3s_sequencer(uploads: list[tuple[dt.datetime, int]]) -> None:
    """Sequencers are hexadecimal, the shorter one is padded (S3 User Guide, "Event ordering and duplicate events")."""
    runs = {
        upload: run(
            started="2041-01-01T00:00:00Z",
            time=f"{upload[0].isoformat(timespec='milliseconds')}Z",
            sequencer=f"{upload[1]:X}",
        )
        for upload in uploads
    }
    assert sorted(uploads, key=lambda upload: runs[upload].order or []) == sorted(uploads)


def test_a_time_in_the_future_does_not_overtake_what_comes() -> None:
    forged, later = run(time="2999-01-01T00:00:00Z"), run(time="2026-11-23T17:06:00Z", started="2026-11-23T17:06:01Z")
    assert forged.order and later.order and forged.order < later.order


def test_of_uploads_that_nothing_tells_apart_the_order_is_still_the_same_for_all() -> None:
    one, other = (run(name=name, time=TIME) for name in ("20261123-170502-00000001", "20261123-170502-00000002"))
    assert one.order and other.order
    assert one.order < other.order


@pytest.mark.parametrize(
    "time", ["2026-11-23T17:05:02.123Z", "2026-11-23T17:05:02.123+00:00", "2026-11-23T18:05:02.123+01:00"]
)
def test_a_time_is_the_same_however_it_is_written(time: str) -> None:
    assert milliseconds(time) == 1_795_453_502_123


@pytest.mark.parametrize("folder", ["", "team/", "train/shop/", "team ü/", "a//", "/", "./", "../"])
def test_data_lies_beside_the_params_file_whatever_the_folder_is_called(folder: str) -> None:
    """A key is no path: S3 knows `a//params.json` and `/params.json`."""
    assert run(f"{folder}params.json").prefix == folder
