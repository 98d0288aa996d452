"""IAM is enforced: without a permission that it needs a run turns red, and a mail says so."""

from __future__ import annotations

import json

import pytest

from .stack import Pipeline, wait_for

# The role, its policy, and the statement to leave out; what the mail says then.
NEEDED = {
    "to create a dataset group": ("function", "run-the-pipeline", "ManageDatasetGroups", "DescribeDatasetGroup"),
    "to read the upload": ("function", "run-the-pipeline", "ReadInputObjects", "GetObject"),
    "to list the data": ("function", "run-the-pipeline", "ListInputObjects", "ListObjectsV2"),
    "to pass the import role": ("function", "run-the-pipeline", "PassTheImportRoleToPersonalize", "iam:PassRole"),
    "to create a campaign": ("function", "run-the-pipeline", "ManageCampaigns", "Campaign"),
    "of Personalize to read the data": ("personalize", "read-input", "ReadInputObjects", "CREATE FAILED"),
    "of the workflow to start its solutions": (
        "workflow",
        "run-the-workflow",
        "StartChildren",
        "states:StartExecution",
    ),
}


@pytest.mark.parametrize(("role", "policy", "statement", "what"), NEEDED.values(), ids=NEEDED)
def test_a_run_without_a_permission_fails_and_says_what_it_lacks(
    shop: Pipeline, role: str, policy: str, statement: str, what: str
) -> None:
    with shop.stack.without(shop.roles[role], policy, statement):
        run = shop.run()
    assert run.status == "FAILED"
    assert run.subject.startswith("[personalize-pipeline] failed: ")
    wrong = run.mail.partition("What is wrong\n")[2].partition("\n\n")[0]
    assert what in wrong, run.mail
    assert what in run.cause
    assert shop.stack.personalize.resources("campaign") == []


def test_a_function_that_may_not_mail_is_stood_in_for_by_the_workflow(shop: Pipeline) -> None:
    with shop.stack.without(shop.roles["function"], "run-the-pipeline", "SendMails"):
        run = shop.start("{")
        notices = wait_for("a notice", lambda: [mail for mail in shop.stack.mails() if run.arn in mail["message"]])
        wait_for("its end", lambda: run.status != "RUNNING")
        # The safety net can't mail either; what it was told of goes to the queue, whose alarm mails.
        lost = wait_for("a dead letter", lambda: shop.receive_dead_letters())
    assert (run.status, run.error) == ("FAILED", "RunNotReported")
    assert [notice["subject"] for notice in notices] == ["[personalize-pipeline] a run ended and could not be reported"]
    assert [json.loads(letter)["requestPayload"]["detail"]["name"] for letter in lost] == [run.name]


def test_a_workflow_that_may_not_call_the_function_mails(shop: Pipeline) -> None:
    with shop.stack.without(shop.roles["workflow"], "run-the-workflow", "CallTheFunction"):
        run = shop.start()
        notices = wait_for("a notice", lambda: [mail for mail in shop.stack.mails() if run.arn in mail["message"]])
    run.ended()  # the safety net calls the function by a right of its own
    assert (run.status, run.error) == ("FAILED", "RunNotReported")
    assert len(notices) == 1
    assert shop.stack.personalize.writes() == []
