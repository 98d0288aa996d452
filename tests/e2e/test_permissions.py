"""IAM is enforced: without a permission that it needs a run turns red, and a mail says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from .stack import FAST, Json, LocalStack, Pipeline, Run, wait_for
from .uploads import params

# Whose role lacks which action, or lacks it on some resources; where the run fails then, and why. This is a sample:
# tests/unit/test_rights.py takes every right in Personalize away.
NEEDED = {
    "to read the upload": ("function", "s3:GetObjectVersion", "the run: takeTurn", "s3:GetObjectVersion"),
    "to list the data": ("function", "s3:ListBucket", "the run: plan", "ListObjectsV2"),
    "to take its turn": ("function", "s3:PutObject", "the run: takeTurn", "s3:PutObject"),
    "to create a dataset group": (
        "function",
        "personalize:CreateDatasetGroup",
        "dataset group DatasetGroup: AccessDeniedException",
        "personalize:CreateDatasetGroup",
    ),
    "to pass the import role": ("function", "iam:PassRole", "dataset import job UsersDataset-", "iam:PassRole"),
    "of Personalize to read the data": (
        "personalize",
        "s3:GetObject",
        "dataset import job UsersDataset-",
        "Insufficient privileges for accessing data in S3",
    ),
    "to create a campaign": (
        "function",
        "personalize:CreateCampaign",
        "campaign Campaign: AccessDeniedException",
        "personalize:CreateCampaign",
    ),
    "to create a dataset in the group": (
        "function",
        "personalize:CreateDataset dataset-group/*",
        "dataset UsersDataset: AccessDeniedException",
        "personalize:CreateDataset on resource: arn:aws:personalize:us-east-1:000000000000:dataset-group/DatasetGroup",
    ),
    "to use the recipe": (
        "function",
        "personalize:CreateSolution recipe/*",
        "solution Solution: AccessDeniedException",
        "personalize:CreateSolution on resource: arn:aws:personalize:::recipe/",
    ),
    "to deploy the solution": (
        "function",
        "personalize:CreateCampaign solution/*",
        "campaign Campaign: AccessDeniedException",
        "personalize:CreateCampaign on resource: arn:aws:personalize:us-east-1:000000000000:solution/Solution/",
    ),
}


@pytest.mark.parametrize(("role", "right", "where", "why"), NEEDED.values(), ids=NEEDED)
def test_a_run_without_a_permission_fails_and_says_what_it_lacks(
    shop: Pipeline, role: str, right: str, where: str, why: str
) -> None:
    action, _, resource = right.partition(" ")
    with shop.without(role, action, on=f":{resource}" if resource else None):
        run = shop.run()
    assert run.status == "FAILED"
    assert run.subject.startswith("[personalize-pipeline] failed: ")
    assert where in run.wrong() and why in run.wrong(), run.mail
    assert where in run.cause and why in run.cause
    assert shop.stack.personalize.resources("campaign") == []


def test_a_campaign_that_may_not_be_asked_is_no_success_and_the_next_upload_goes_on(shop: Pipeline) -> None:
    with shop.without("function", "personalize:GetRecommendations"):
        run = shop.run()
    assert run.status == "FAILED"
    assert "campaign Campaign: does not answer" in run.wrong() and "GetRecommendations" in run.wrong(), run.mail
    again = shop.run()
    assert again.status == "SUCCEEDED", again.mail
    assert again.done()["campaign"] == "reused"


def test_a_turn_that_cannot_be_given_back_is_mailed_no_second_time_and_keeps_nobody_waiting(shop: Pipeline) -> None:
    shop.stack.personalize.run_at(0)
    run = shop.start(params(solution=None, campaign=None)).planned()
    wait_for("its work", shop.stack.personalize.writes)
    with shop.without("function", "s3:PutObject", on="/locks/*"):
        shop.stack.personalize.run_at(FAST)
        run.ended()
    assert run.status == "SUCCEEDED", run.mail
    assert len(run.mails()) == 1
    again = shop.run(params(solution=None, campaign=None))
    assert again.status == "SUCCEEDED", again.mail


class TestRunsThatCannotReport:
    """Two side by side, as Step Functions tries again for long: what is missing may be there in a moment."""

    @pytest.fixture(scope="class")
    def failures(self, stack: LocalStack) -> Iterator[Callable[[], list[Json]]]:
        """What a queue gets that asks for failures only."""
        with stack.pipeline("shop", "mute/") as shop, shop.subscribed({"outcome": ["failed"]}) as received:
            yield received

    @pytest.fixture(scope="class")
    def runs(self, stack: LocalStack, failures: Callable[[], list[Json]]) -> Iterator[dict[str, Run]]:
        with (
            stack.pipeline("shop", "mute/") as shop,
            stack.pipeline("hasty", "powerless/") as hasty,
            shop.without("function", "sns:Publish"),
            hasty.without("workflow", "lambda:InvokeFunction"),
        ):
            yield {"mute": shop.start("{"), "powerless": hasty.start()}

    def test_a_workflow_that_may_not_call_the_function_runs_out_of_time_and_mails(self, runs: dict[str, Run]) -> None:
        run = runs["powerless"].ended()  # the safety net calls the function by a right of its own
        assert run.status == "TIMED_OUT"
        assert run.subject.startswith("[personalize-pipeline] failed: powerless/report.json; ")
        assert "the run: the run took longer than its time limit and was stopped." in run.mail
        assert run.pipeline.stack.personalize.writes() == []

    def test_a_function_that_may_not_mail_is_stood_in_for_by_the_workflow(
        self, runs: dict[str, Run], failures: Callable[[], list[Json]]
    ) -> None:
        run = runs["mute"]
        (notice,) = wait_for("a notice", lambda: notices(run))
        wait_for("the end", lambda: run.status != "RUNNING")
        # The safety net can't mail either; what it was told goes to the queue.
        assert run.name in wait_for("the alarm", lambda: alarms(run.pipeline))[0]
        assert notice["subject"] == "[personalize-pipeline] a run ended and could not be reported"
        about = {"outcome": "failed", "run": run.name}
        assert failures() == [{"subject": notice["subject"], "text": notice["message"]} | about]
        assert (run.status, run.error) == ("FAILED", "RunNotReported")


def test_an_upload_that_can_start_no_run_is_kept_and_an_alarm_mails_and_so_it_is_with_the_next(shop: Pipeline) -> None:
    with shop.without("function", "states:StartExecution"):
        version = shop.upload("params.json", params())
        wait_for("the alarm", lambda: len(alarm_mails(shop)) == 1)
        later = shop.upload("params.json", params())
        wait_for("another alarm", lambda: len(alarm_mails(shop)) == 2)
    letters = shop.receive_dead_letters()
    lost = [json.loads(letter)["requestPayload"]["Records"][0]["s3"]["object"]["versionId"] for letter in letters]
    assert sorted(lost) == sorted([version, later])
    first, second = alarm_mails(shop)
    assert "lost something: " in first["message"]
    assert "lost more while earlier messages lie in the queue: " in second["message"]
    assert shop.runs() == []


def notices(run: Run) -> list[Json]:
    """The mails of the workflow itself about a run."""
    return [mail for mail in run.pipeline.mails() if run.arn in mail["message"]]


def alarms(shop: Pipeline) -> list[str]:
    """What is in the dead-letter queue, once its alarm has mailed."""
    return shop.receive_dead_letters() if alarm_mails(shop) else []


def alarm_mails(shop: Pipeline) -> list[Json]:
    return [mail for mail in shop.mails() if mail["subject"].startswith("ALARM: ")]
