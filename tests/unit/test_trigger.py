"""An uploaded params file starts one run, however often S3 tells of it; nothing else starts any."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from pipeline.ending import report
from pipeline.engine import record
from pipeline.handler import lambda_handler
from pipeline.run_ids import run_id
from pipeline.upload import turns
from pipeline.upload.trigger import execution_name

from .conftest import ACCOUNT, BUCKET, ENVIRONMENT
from .lambda_context import CONTEXT

TIME = "2026-11-23T17:05:02.123Z"


def event(key: str, version: str = "v1", event_time: str = TIME) -> dict[str, Any]:
    entry = {"key": quote_plus(key, safe="/"), "versionId": version, "sequencer": "00A"}
    return {"Records": [{"eventTime": event_time, "s3": {"bucket": {"name": BUCKET}, "object": entry}}]}


@pytest.fixture
def stepfunctions() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("stepfunctions")
        client.create_state_machine(
            name="shop-pipeline",
            definition=json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 9, "End": True}}}),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/shop-workflow",
        )
        yield client


def inputs(stepfunctions: Any) -> list[dict[str, Any]]:
    arn = ENVIRONMENT["STATE_MACHINE_ARN"]
    executions = stepfunctions.list_executions(stateMachineArn=arn)["executions"]
    return [
        json.loads(stepfunctions.describe_execution(executionArn=execution["executionArn"])["input"])
        for execution in executions
    ]


@pytest.mark.parametrize("key", ["params.json", "team a/params.json", "été/größe+1%/中/params.json"])
def test_a_params_file_starts_a_run_wherever_it_lies(stepfunctions: Any, key: str) -> None:
    lambda_handler(event(key), CONTEXT)
    assert inputs(stepfunctions) == [
        {"upload": {"bucket": BUCKET, "key": key, "versionId": "v1", "time": TIME, "sequencer": "00A"}}
    ]


@pytest.mark.parametrize("key", ["xparams.json", "params.json.bak", "params.json/", "a/params.jsonl", "Params.json"])
def test_any_other_object_starts_nothing(stepfunctions: Any, key: str) -> None:
    assert lambda_handler(event(key), CONTEXT) == {"started": []}
    assert inputs(stepfunctions) == []


# What a run writes itself, where `{}` is its dataset group.
WRITTEN = (record.key("20261123-170502-1f0c9a3b"), report.key("20261123-170502-1f0c9a3b"), turns._key("{}"))


@pytest.mark.parametrize("params_file", ["report.json", "record.json", "shop.json", "params.json", "runs", "locks"])
def test_what_a_run_writes_starts_none_whatever_the_names(
    stepfunctions: Any, params_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAMS_FILE", params_file)
    group = params_file.partition(".")[0]
    for key in [written.format(group) for written in WRITTEN] + [f"runs/{params_file}", f"locks/{params_file}"]:
        assert lambda_handler(event(key), CONTEXT) == {"started": []}
    assert inputs(stepfunctions) == []


@pytest.mark.parametrize("params_file", ["report.json", "record.json", "shop.json", "params.json", "runs", "locks"])
@pytest.mark.parametrize("folder", ["", "team/runs/", "team/locks/", "runs-of-ours/", "locks2/", "batch/users/output/"])
def test_a_params_file_of_any_name_starts_a_run_in_folders_of_any_other_name(
    stepfunctions: Any, folder: str, params_file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAMS_FILE", params_file)
    lambda_handler(event(folder + params_file), CONTEXT)
    assert [found["upload"]["key"] for found in inputs(stepfunctions)] == [folder + params_file]


def test_an_event_delivered_twice_starts_one_run(stepfunctions: Any) -> None:
    first, second = (lambda_handler(event("params.json"), CONTEXT) for _ in range(2))
    assert first == second
    assert len(inputs(stepfunctions)) == 1


def test_each_version_of_the_file_starts_its_own_run(stepfunctions: Any) -> None:
    for version in ("v1", "v2"):
        lambda_handler(event("params.json", version), CONTEXT)
    assert len(inputs(stepfunctions)) == 2


def test_without_versions_the_sequencer_tells_uploads_apart(stepfunctions: Any) -> None:
    for sequencer in ("00A", "00B"):
        given = event("params.json")
        entry = given["Records"][0]["s3"]["object"]
        del entry["versionId"]
        entry["sequencer"] = sequencer
        lambda_handler(given, CONTEXT)
    assert [found["upload"].get("versionId") for found in inputs(stepfunctions)] == [None, None]


@given(st.text(min_size=1), st.text())
def test_the_name_is_one_that_step_functions_and_job_names_accept(key: str, version: str) -> None:
    name = execution_name("2026-11-23T17:05:02.123Z", {"bucket": BUCKET, "key": key, "versionId": version}, "")
    assert name.startswith("20261123-170502-")
    assert run_id({"Name": name}) == name


@given(st.text(min_size=1, max_size=80))
def test_a_run_started_by_hand_has_an_id_that_job_names_accept(name: str) -> None:
    run = run_id({"Name": name, "StartTime": "2026-11-23T17:05:02.123Z"})
    assert len(run) <= 24
    assert set(run) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_runs_that_schedules_start_sort_by_time() -> None:
    """Scheduler names its executions with UUIDs."""
    started = [f"2026-11-23T{hour:02}:05:02.999Z" for hour in range(24)]
    runs = [run_id({"Name": str(uuid.uuid4()), "StartTime": time}) for time in started]
    assert runs == sorted(runs)
    assert runs[17].startswith("20261123-170502-")
