"""Order: uploads of a dataset group take effect in the order they were made, whoever comes first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from pipeline.upload import turns

from .conftest import BUCKET, params
from .state_machine import Execution
from .workflow import Deployment, Ended, deployed


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def with_tps(tps: int, **sections: Any) -> dict[str, Any]:
    return params(campaign={"name": "for-you", "minProvisionedTPS": tps}, **sections)


def deployed_tps(deployment: Deployment) -> int:
    (campaign,) = deployment.personalize.list_campaigns()["campaigns"]
    described = deployment.personalize.describe_campaign(campaignArn=campaign["campaignArn"])["campaign"]
    return described["minProvisionedTPS"]


def lock(deployment: Deployment) -> dict[str, Any]:
    return deployment.read("locks/shop.json")


def begin(execution: Execution) -> Execution:
    """Let an execution go to its first wait."""
    execution.advance()
    return execution


def test_of_three_uploads_of_a_file_while_a_run_works_the_newest_wins_and_the_others_are_told(
    deployment: Deployment,
) -> None:
    working = begin(deployment.start())
    waiting = [begin(deployment.start(with_tps(tps))) for tps in (20, 30, 40)]
    first, twenty, thirty, forty = deployment.step(working, *waiting)
    assert first.succeeded and forty.succeeded
    assert [ended.report["outcome"] for ended in (twenty, thirty)] == ["superseded", "superseded"]
    assert "a newer upload took this one's place" in twenty.mail and "params.json" in twenty.mail
    assert deployed_tps(deployment) == 40
    assert deployment.calls("UpdateCampaign") == 1


def test_uploads_of_different_files_take_effect_one_after_the_other(deployment: Deployment) -> None:
    """Even when those that were made first come last to wait."""
    for folder in ("a/", "b/", "c/"):
        deployment.upload_data(folder)
    working = begin(deployment.start(key="a/params.json"))
    uploads = [
        deployment.start(with_tps(tps), key=f"{folder}/params.json")
        for tps, folder in ((20, "b"), (30, "c"), (40, "a"))
    ]
    for execution in reversed(uploads):
        begin(execution)
    ends = deployment.step(working, *uploads)
    assert [ended.report["outcome"] for ended in ends] == ["succeeded"] * 4
    assert deployed_tps(deployment) == 40
    updates = [call for call in deployment.emulator.calls if call.operation == "UpdateCampaign"]
    assert len(updates) == 3


def test_an_older_upload_whose_event_comes_late_does_not_undo_a_newer_one(deployment: Deployment) -> None:
    deployment.upload_data("other/")
    late = deployment.start(with_tps(20), key="other/params.json")
    assert deployment.run(with_tps(40)).succeeded
    ended = deployment.finish(late)
    assert ended.report["outcome"] == "superseded"
    assert "took effect already. Upload this one again if it is still wanted" in ended.mail
    assert deployed_tps(deployment) == 40


def test_an_older_version_of_the_file_whose_event_comes_late_is_superseded_before_anything_is_planned(
    deployment: Deployment,
) -> None:
    late = deployment.start(with_tps(20))
    deployment.upload("params.json", with_tps(40))  # its own event has not come at all yet
    ended = deployment.finish(late)
    assert ended.report["outcome"] == "superseded"
    assert deployment.writes() == []


def test_a_newer_version_of_the_file_for_another_group_supersedes_nothing(deployment: Deployment) -> None:
    first = deployment.start()
    deployment.upload("params.json", params(datasetGroup={"name": "other"}))
    assert deployment.finish(first).succeeded


def test_an_older_file_does_not_undo_a_teardown(deployment: Deployment) -> None:
    deployment.upload_data("other/")
    assert deployment.run().succeeded
    late = deployment.start(key="other/params.json")
    assert deployment.run(params(teardown="shop")).report["outcome"] == "torn down"
    ended = deployment.finish(late)
    assert ended.report["outcome"] == "superseded"
    assert deployment.personalize.list_dataset_groups()["datasetGroups"] == []


def test_a_rejected_upload_takes_no_effect_so_an_older_one_still_may(deployment: Deployment) -> None:
    deployment.upload_data("other/")
    older = deployment.start(with_tps(20), key="other/params.json")
    solution = {"name": "for-you", "recipeArn": "arn:aws:personalize:::recipe/aws-hrnn"}
    assert deployment.run(params(solution=solution)).error == "ParamsRejected"
    assert deployment.finish(older).succeeded


def test_new_batch_input_while_a_run_works_is_not_dropped(deployment: Deployment) -> None:
    solution = params()["solution"] | {"batchInferenceJobs": [{"jobName": "weekly"}]}
    deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}')
    working = begin(deployment.start(params(solution=solution)))
    deployment.finish(working)
    working = begin(deployment.start(params(solution=solution), train="always"))
    deployment.upload("batch/weekly/input/users.json", '{"userId": "u2"}')
    later = deployment.start(params(solution=solution))
    first, second = deployment.step(working, later)
    assert first.succeeded and second.succeeded
    assert second.row("batch inference job")["done"] == "created"


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b'{"holder": 5}',
        b'{"holder": {"run": "x"}}',
        b'{"executionArn": "a", "fingerprint": "b"}',
    ],
)
def test_a_foreign_object_at_a_locks_place_keeps_nobody_from_working(deployment: Deployment, foreign: bytes) -> None:
    deployment.s3.put_object(Bucket=BUCKET, Key="locks/shop.json", Body=foreign)
    assert deployment.run().succeeded
    assert lock(deployment)["holder"] is None


def test_an_execution_of_another_machine_at_a_locks_place_is_nobodys_turn(deployment: Deployment) -> None:
    other = {
        "run": "x",
        "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:other:x",
        "key": "params.json",
    }
    deployment.s3.put_object(Bucket=BUCKET, Key="locks/shop.json", Body=json.dumps({"holder": other}).encode())
    assert deployment.run().succeeded


def test_a_run_that_ended_late_does_not_take_the_turn_from_its_successor(deployment: Deployment) -> None:
    first = begin(deployment.start())
    boto3.client("stepfunctions").stop_execution(executionArn=first.context["Id"])
    second = begin(deployment.start(with_tps(2)))
    assert lock(deployment)["holder"]["run"] == second.context["Name"]
    turns.release("shop", first.context["Name"])
    assert lock(deployment)["holder"]["run"] == second.context["Name"]
    assert deployment.finish(second).succeeded


def test_after_a_run_was_stopped_the_next_goes_on(deployment: Deployment) -> None:
    first = begin(deployment.start())
    deployment.stop(first)
    assert deployment.run().succeeded


def test_waiting_reads_no_data_and_asks_personalize_nothing(deployment: Deployment) -> None:
    begin(deployment.start())
    waiting = begin(deployment.start(with_tps(2)))
    before = len(deployment.emulator.calls)
    for _ in range(20):
        waiting.advance()
    assert len(deployment.emulator.calls) == before
    assert waiting.entered.count("Plan") == 0
    assert waiting.summaries[-1]["waitingFor"] == "20261123-170502-00000001"


def test_ten_uploads_in_a_second_of_several_files_all_end(deployment: Deployment) -> None:
    for number in range(3):
        deployment.upload_data(f"f{number}/")
    runs = [deployment.start(with_tps(number + 1), key=f"f{number % 3}/params.json") for number in range(10)]
    ends: list[Ended] = deployment.step(*runs)
    assert {ended.report["outcome"] for ended in ends} == {"succeeded", "superseded"}
    assert deployed_tps(deployment) == 10
    assert lock(deployment)["waiting"] == []


def test_a_run_of_a_schedule_waits_for_its_turn_and_is_superseded_by_nothing(deployment: Deployment) -> None:
    working = begin(deployment.start(with_tps(5)))
    scheduled = begin(deployment.execute({"bucket": BUCKET, "key": "params.json"}, train="always"))
    newer = begin(deployment.start(with_tps(7)))
    ends = deployment.step(working, scheduled, newer)
    assert [ended.report["outcome"] for ended in ends] == ["succeeded"] * 3
    assert deployment.calls("CreateSolutionVersion") == 2
    assert deployed_tps(deployment) == 7
