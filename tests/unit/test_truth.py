"""The mail tells what was recorded as done and what is there: not what was planned, nothing concluded from times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pipeline import clients

from local.personalize_emulator import Fault

from .conftest import params
from .workflow import INTERACTIONS, Deployment, deployed

MORE = INTERACTIONS + "u1,i1,1800000000\n"


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def with_tps(tps: int) -> dict[str, Any]:
    return params(campaign={"name": "for-you", "minProvisionedTPS": tps})


def test_a_run_that_failed_before_it_came_to_the_campaign_does_not_say_that_it_updated_it(
    deployment: Deployment,
) -> None:
    deployment.run()
    deployment.upload_data(interactions=MORE)
    deployment.emulator.faults.add(Fault("fail", operation="CreateSolutionVersion"))
    ended = deployment.run(with_tps(3))
    assert not ended.succeeded
    row = ended.row("campaign")
    assert row["done"] == "not attempted" and "solution version for-you failed" in row["problem"]
    assert deployment.calls("UpdateCampaign") == 0
    assert [bill["billed"] for bill in ended.report["bills"]] == ["at least 1 transaction(s) per second, used or not"]


def test_a_run_that_was_stopped_tells_what_it_had_done_by_then(deployment: Deployment) -> None:
    deployment.run()
    deployment.upload_data(interactions=MORE)
    execution = deployment.start(with_tps(3))
    while "Train and Deploy" not in execution.entered:
        seconds = execution.advance()
        assert seconds is not None
        deployment.emulator.clock.advance(seconds)
    mail = deployment.stop(execution)
    assert "the run: the run was stopped by hand." in mail
    report = deployment.report(execution.context["Name"])
    done = {row["type"]: row["done"] for row in report["resources"]}
    assert done["campaign"] == "unchanged"
    assert done["solution version"] == "created"


def test_a_failed_import_is_not_told_as_created_in_some_minutes(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateDatasetImportJob", name="*users*"))
    ended = deployment.run()
    (row,) = [
        row for row in ended.report["resources"] if row["type"] == "dataset import job" and "users" in row["name"]
    ]
    assert row["status"] == "CREATE FAILED" and "seconds" not in row
    assert "CREATE FAILED" in row["problem"]


def test_a_campaign_that_was_taken_out_of_the_file_still_bills_and_is_told(deployment: Deployment) -> None:
    deployment.run()
    ended = deployment.run(params(campaign=None))
    assert ended.succeeded
    assert [bill["name"] for bill in ended.report["bills"]] == ["for-you"]
    assert "delete-campaign" in ended.report["bills"][0]["stop"]


def test_a_failed_campaign_is_not_among_what_bills(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateCampaign"))
    ended = deployment.run()
    assert not ended.succeeded
    assert ended.report["bills"] == []
    assert "Nothing: no campaign" in ended.mail


def test_import_never_is_told_as_such(deployment: Deployment) -> None:
    deployment.run()
    deployment.upload_data(interactions=MORE)
    ended = deployment.run(params() | {"import": "never"})
    assert ended.succeeded
    assert "no new data" not in ended.mail
    assert deployment.calls("CreateSolutionVersion") == 1


def test_a_failed_update_of_a_campaign_says_that_the_earlier_version_still_serves(deployment: Deployment) -> None:
    first = deployment.run()
    deployment.upload_data(interactions=MORE)
    deployment.emulator.faults.add(Fault("fail", operation="UpdateCampaign", reason="Out of capacity."))
    ended = deployment.run()
    assert "the update failed: CREATE FAILED: Out of capacity." in ended.mail
    assert "still serves" in ended.mail
    assert ended.row("campaign")["solutionVersionArn"] == first.row("solution version")["arn"]


def test_a_version_that_somebody_else_trains_during_the_import_is_not_taken_for_the_runs_own(
    deployment: Deployment,
) -> None:
    deployment.run()
    deployment.upload_data(interactions=MORE)
    execution = deployment.start()
    while "Import Datasets" not in execution.entered:
        execution.advance()
    (solution,) = deployment.personalize.list_solutions()["solutions"]
    theirs = deployment.personalize.create_solution_version(solutionArn=solution["solutionArn"], name="by-hand")
    ended = deployment.finish(execution)
    assert ended.succeeded
    mine = ended.row("solution version")["arn"]
    assert mine != theirs["solutionVersionArn"]
    assert ended.row("campaign")["solutionVersionArn"] == mine
    assert deployment.calls("CreateSolutionVersion") == 3


def test_a_version_that_somebody_else_trained_after_the_import_is_used(deployment: Deployment) -> None:
    deployment.run()
    (solution,) = deployment.personalize.list_solutions()["solutions"]
    theirs = deployment.personalize.create_solution_version(solutionArn=solution["solutionArn"], name="by-hand")
    deployment.emulator.clock.advance(3600)
    ended = deployment.run()
    assert ended.row("campaign")["solutionVersionArn"] == theirs["solutionVersionArn"]
    assert deployment.calls("CreateSolutionVersion") == 2


def test_the_bills_are_told_even_when_the_run_failed_as_a_whole(deployment: Deployment) -> None:
    deployment.run()
    execution = deployment.start(with_tps(2))
    deployment.emulator.clock.advance(8 * 24 * 3600)
    while "Make Dataset Group" not in execution.entered:
        execution.advance()
    deployment.emulator.clock.advance(8 * 24 * 3600)
    clients.personalize().list_campaigns()  # whose answer tells the function what time it is
    ended = deployment.finish(execution)
    assert ended.error == "RunFailed"
    assert "longer than its limit of 168 hours" in ended.mail
    assert [bill["name"] for bill in ended.report["bills"]] == ["for-you"]
