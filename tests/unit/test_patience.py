"""Trouble passes: throttling, faults, lost connections, busy resources, quotas that free themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline.engine.reconcile import Failed, Pending, reconcile
from pipeline.engine.resources import Resource

from local.personalize_emulator import Fault, Settings, Switches

from .conftest import ACCOUNT, params
from .workflow import SHORT, Deployment, deployed

SOLUTION = "arn:aws:personalize:eu-west-1:123456789012:solution/for-you"
RATE = "Rate exceeded"
PRIVILEGES = (
    "Insufficient privileges for accessing data in S3. Please look at the guide and ensure your role is configured."
)


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def until(deployment: Deployment, execution: Any, state: str) -> None:
    while state not in execution.entered:
        deployment.emulator.clock.advance(execution.advance() or 0)


def test_a_service_that_answers_503_for_ten_minutes_during_a_training_is_waited_out_and_told(
    deployment: Deployment,
) -> None:
    execution = deployment.start()
    until(deployment, execution, "Wait to Train and Deploy")
    deployment.emulator.faults.add(Fault("unavailable", lasting=600))
    ended = deployment.finish(execution)
    assert ended.succeeded, ended.mail
    assert deployment.calls("CreateSolutionVersion") == 1
    assert "What cost time besides the work" in ended.mail
    (delay,) = [delay for delay in ended.report["delays"] if delay["resource"].startswith("solution version")]
    assert 500 <= delay["seconds"] <= 1000 and "ServiceUnavailable" in delay["what"]


@pytest.mark.parametrize(
    "operation",
    ["CreateDatasetGroup", "CreateDatasetImportJob", "CreateSolutionVersion", "CreateCampaign", "Describe*", "List*"],
)
@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "throttle", "reason": RATE, "times": 5},
        {"effect": "unavailable", "lasting": 900},
        {"effect": "reset", "times": 4},
        {"effect": "drop", "times": 4},
        {"effect": "error", "code": "ThrottlingException", "reason": RATE, "times": 6},
    ],
    ids=lambda fault: fault["effect"],
)
def test_passing_trouble_delays_and_makes_nothing_twice(
    deployment: Deployment, operation: str, fault: dict[str, Any]
) -> None:
    deployment.emulator.faults.add(Fault(operation=operation, **fault))
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    made = {"CreateSolutionVersion": 1, "CreateCampaign": 1, "CreateDatasetImportJob": 2, "CreateDatasetGroup": 1}
    found = {
        "CreateSolutionVersion": len(deployment.personalize.list_solution_versions()["solutionVersions"]),
        "CreateCampaign": len(deployment.personalize.list_campaigns()["campaigns"]),
        "CreateDatasetImportJob": len(deployment.personalize.list_dataset_import_jobs()["datasetImportJobs"]),
        "CreateDatasetGroup": len(deployment.personalize.list_dataset_groups()["datasetGroups"]),
    }
    assert found == made
    assert {row["done"] for row in ended.report["resources"]} == {"created"}


def test_a_lambda_service_in_trouble_for_an_hour_does_not_end_a_run(deployment: Deployment) -> None:
    execution = deployment.start()
    until(deployment, execution, "Wait to Train and Deploy")
    deployment.broken_lambda = 25
    before = deployment.emulator.clock.now()
    ended = deployment.finish(execution)
    assert ended.succeeded
    assert deployment.emulator.clock.now() - before > 3600 * 0.5


def test_a_role_made_moments_ago_is_waited_for(deployment: Deployment) -> None:
    """CreateDatasetImportJob checks role and bucket itself, and a first run follows the apply at once."""
    fault = Fault(
        "error", operation="CreateDatasetImportJob", code="InvalidInputException", reason=PRIVILEGES, lasting=300
    )
    deployment.emulator.faults.add(fault)
    ended = deployment.run()
    assert ended.succeeded, ended.mail


def test_a_role_that_really_lacks_rights_is_told_after_some_minutes(deployment: Deployment) -> None:
    fault = Fault("error", operation="CreateDatasetImportJob", code="InvalidInputException", reason=PRIVILEGES)
    deployment.emulator.faults.add(fault)
    before = deployment.emulator.clock.now()
    ended = deployment.run()
    assert PRIVILEGES in ended.mail
    assert deployment.emulator.clock.now() - before < 45 * 60


def test_a_refusal_of_the_request_itself_is_told_at_once(deployment: Deployment) -> None:
    fault = Fault("error", operation="CreateSolution", code="InvalidInputException", reason="No such thing.")
    deployment.emulator.faults.add(fault)
    ended = deployment.run()
    assert "solution for-you: No such thing." in ended.mail
    assert sum(call.operation == "CreateSolution" for call in deployment.emulator.calls) == 1


def test_trouble_that_does_not_pass_ends_the_resource_after_six_hours(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("unavailable", operation="CreateCampaign"))
    before = deployment.emulator.clock.now()
    ended = deployment.run()
    assert not ended.succeeded
    assert "refused for 6." in ended.row("campaign")["problem"]
    assert 6 * 3600 < deployment.emulator.clock.now() - before < 7.5 * 3600
    assert ended.row("solution version")["done"] == "created"


@pytest.mark.parametrize("text", ["documented", "other"])
def test_a_quota_on_what_exists_is_told_without_waiting(text: Any) -> None:
    """Where the plan could not see it: somebody else makes a campaign meanwhile, or the quota is lower than usual."""
    settings = Settings(
        account_id=ACCOUNT,
        durations=SHORT,
        quotas={"campaigns in a group": 0},
        switches=Switches(existing_limit_text=text),
    )
    with deployed(settings) as deployment:
        deployment.upload_data()
        before = deployment.emulator.clock.now()
        ended = deployment.run()
        assert not ended.succeeded
        assert ended.row("campaign")["done"] == "not created"
        assert deployment.emulator.clock.now() - before < 3600


@pytest.mark.parametrize("text", ["documented", "other"])
def test_a_quota_on_what_runs_at_once_is_waited_for(text: Any) -> None:
    settings = Settings(
        account_id=ACCOUNT,
        durations=SHORT,
        quotas={"running import jobs": 1, "running solution versions": 1},
        switches=Switches(running_limit_text=text),
    )
    with deployed(settings) as deployment:
        deployment.upload_data()
        solutions = [
            {"name": name, "recipeArn": "arn:aws:personalize:::recipe/aws-sims", "campaigns": [{"name": name}]}
            for name in ("one", "two", "three")
        ]
        ended = deployment.run(params(solution=None, campaign=None, solutions=solutions))
        assert ended.succeeded, ended.mail


def test_a_quota_on_what_exists_is_looked_at_in_the_plan(deployment: Deployment) -> None:
    campaigns = [{"name": f"c{number}"} for number in range(6)]
    solution = params()["solution"] | {"campaigns": campaigns}
    ended = deployment.run(params(solution=solution, campaign=None))
    assert ended.error == "ParamsRejected"
    assert "6 campaign(s) would be created" in ended.mail and "quotas = { campaigns = ... }" in ended.mail
    assert deployment.writes() == []


class TestEveryWaitEnds:
    def test_an_automatic_training_that_failed_is_told_and_not_waited_for(self, deployment: Deployment) -> None:
        deployment.emulator.faults.add(Fault("fail", operation="*SolutionVersion*", reason="No data."))
        few = "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(f"u{number},i1,1700000000\n" for number in range(1200))
        deployment.upload_data(interactions=few)
        before = deployment.emulator.clock.now()
        ended = deployment.run(params(solution=params()["solution"] | {"performAutoTraining": True}))
        assert "the automatic training failed: CREATE FAILED" in ended.mail
        assert ended.row("campaign")["done"] == "not attempted"
        assert deployment.emulator.clock.now() - before < 24 * 3600

    def test_a_create_that_exists_already_and_is_not_found_ends(self, deployment: Deployment) -> None:
        fault = Fault(
            "error", operation="CreateSolution", code="ResourceAlreadyExistsException", reason="Another resource"
        )
        deployment.emulator.faults.add(fault)
        ended = deployment.run()
        assert not ended.succeeded
        assert "Another resource" in ended.row("solution")["problem"]

    def test_a_campaign_that_its_service_did_not_bring_to_the_new_version_fails_and_says_what_serves(self) -> None:
        """Its redeployment is no call of ours, so it is described here."""
        campaign = Resource("campaign", "web", {"solutionVersionArn": f"{SOLUTION}/$LATEST"}, follows=f"{SOLUTION}/2")
        campaign.solution, now = SOLUTION, dt.datetime.now(dt.UTC)
        moved = {"status": "CREATE FAILED", "failureReason": "No capacity.", "creationDateTime": now}
        description = {"status": "ACTIVE", "solutionVersionArn": f"{SOLUTION}/1", "creationDateTime": now}
        outcome = reconcile(campaign, "group", description | {"latestCampaignUpdate": moved})
        assert isinstance(outcome, Failed)
        assert "No capacity." in outcome.why and f"still serves {SOLUTION}/1" in outcome.why
        waiting = reconcile(campaign, "group", description)
        assert isinstance(waiting, Pending) and waiting.at_most and "still serves" in waiting.advice


def test_a_teardown_stops_a_running_training_instead_of_waiting_hours_for_it() -> None:
    settings = Settings(account_id=ACCOUNT, durations=SHORT | {"solution version": 20 * 3600})
    with deployed(settings) as long:
        long.upload_data()
        execution = long.start()
        until(long, execution, "Wait to Train and Deploy")
        long.emulator.clock.advance(3600)
        long.stop(execution)
        before = long.emulator.clock.now()
        ended = long.run(params(teardown="shop"))
        assert ended.report["outcome"] == "torn down", ended.mail
        assert long.emulator.clock.now() - before < 2 * 3600
        assert long.personalize.list_schemas()["schemas"] == []
