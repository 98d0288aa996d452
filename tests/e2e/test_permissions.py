"""IAM is enforced: without a permission that it needs a run turns red, and a mail says so."""

from __future__ import annotations

import json

import pytest

from .stack import Json, Pipeline, Run, wait_for
from .uploads import params

# Whose role lacks which action; where the run fails then, and why.
NEEDED = {
    "to read the upload": ("function", "s3:GetObjectVersion", "the run: plan", "s3:GetObjectVersion"),
    "to list the data": ("function", "s3:ListBucket", "the run: plan", "ListObjectsV2"),
    "to take the lock": ("function", "s3:PutObject", "the run: plan", "s3:PutObject"),
    "to create a dataset group": (
        "function",
        "personalize:CreateDatasetGroup",
        "the run: ensureDatasetGroup DatasetGroup",
        "personalize:CreateDatasetGroup",
    ),
    "to pass the import role": ("function", "iam:PassRole", "dataset Users: ensureDatasetImportJob", "iam:PassRole"),
    "of Personalize to read the data": (
        "personalize",
        "s3:GetObject",
        "dataset Users: dataset import job",
        "CREATE FAILED: Insufficient privileges",
    ),
    "of the workflow to begin trainings": ("workflow", "states:StartExecution", "the run", "states:StartExecution"),
    "to create a campaign": (
        "function",
        "personalize:CreateCampaign",
        "campaign Campaign: ensureCampaign",
        "personalize:CreateCampaign",
    ),
}


@pytest.mark.parametrize(("role", "action", "where", "why"), NEEDED.values(), ids=NEEDED)
def test_a_run_without_a_permission_fails_and_says_what_it_lacks(
    shop: Pipeline, role: str, action: str, where: str, why: str
) -> None:
    with shop.without(role, action):
        run = shop.run()
    assert run.status == "FAILED"
    assert run.subject.startswith("[personalize-pipeline] failed: ")
    wrong = run.mail.partition("What is wrong\n")[2].partition("\n\n")[0]
    assert where in wrong and why in wrong, run.mail
    assert where in run.cause and why in run.cause
    assert shop.stack.personalize.resources("campaign") == []


def test_a_lock_that_cannot_be_released_is_mailed_no_second_time(shop: Pipeline) -> None:
    with shop.without("function", "s3:DeleteObject"):
        run = shop.run(params(solution=None, campaign=None))
    assert run.status == "SUCCEEDED", run.mail
    assert len(run.mails()) == 1
    again = shop.run(params(solution=None, campaign=None))
    assert again.status == "SUCCEEDED", again.mail


def test_a_function_that_may_not_mail_is_stood_in_for_by_the_workflow(shop: Pipeline) -> None:
    with shop.without("function", "sns:Publish"):
        run = shop.start("{")
        (notice,) = wait_for("a notice", lambda: notices(run))
        wait_for("the end", lambda: run.status != "RUNNING")
        # The safety net can't mail either; what it was told goes to the queue.
        assert run.name in wait_for("the alarm", lambda: alarms(shop))[0]
    assert notice["subject"] == "[personalize-pipeline] a run ended and could not be reported"
    assert (run.status, run.error) == ("FAILED", "RunNotReported")


def test_a_workflow_that_may_not_call_the_function_mails(shop: Pipeline) -> None:
    with shop.without("workflow", "lambda:InvokeFunction"):
        run = shop.start()
        (notice,) = wait_for("a notice", lambda: notices(run))
        run.ended()  # the safety net calls the function by a right of its own, and mails what it knows
    assert notice["subject"] == "[personalize-pipeline] a run ended and could not be reported"
    assert (run.status, run.error) == ("FAILED", "RunNotReported")
    assert shop.stack.personalize.writes() == []


def test_an_upload_that_can_start_no_run_is_kept_and_an_alarm_mails(shop: Pipeline) -> None:
    with shop.without("function", "states:StartExecution"):
        version = shop.upload("params.json", params())
        (letter,) = wait_for("the alarm", lambda: alarms(shop))
    lost = json.loads(letter)["requestPayload"]["Records"][0]["s3"]["object"]
    assert lost["versionId"] == version
    assert shop.runs() == []


def notices(run: Run) -> list[Json]:
    """The mails of the workflow itself about a run."""
    return [mail for mail in run.pipeline.mails() if run.arn in mail["message"]]


def alarms(shop: Pipeline) -> list[str]:
    """What is in the dead-letter queue, once its alarm has mailed."""
    mailed = any(mail["subject"].startswith("ALARM: ") for mail in shop.mails())
    return shop.receive_dead_letters() if mailed else []
