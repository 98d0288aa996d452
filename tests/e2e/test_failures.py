"""Runs that fail half way: the mail has the reason, where it was, and what is left."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from .stack import FAST, LocalStack, Pipeline, Run, wait_for
from .uploads import INTERACTIONS, interactions, params, params_named


def assert_failed(run: Run, reason: str, where: str, prefix: str = "") -> None:
    """Its mail says why and where, lists what exists by now, and the execution failed with the same."""
    assert run.subject.startswith(f"[personalize-pipeline] failed: {prefix}DatasetGroup; ")
    assert re.match(r"\S+ FAILED( at |: )", run.mail)
    assert reason in run.wrong() and where in run.wrong(), run.mail
    assert run.status == "FAILED"
    assert reason in run.cause and where in run.cause, run.cause
    assert_lists_what_exists(run, prefix)


def assert_lists_what_exists(run: Run, prefix: str = "") -> None:
    """Its mail has the ARNs of all resources whose names begin like that, and says what to do now."""
    arns = [resource["arn"] for resource in run.pipeline.stack.personalize.resources()]
    existing = [arn for arn in arns if f"/{prefix}" in arn]
    assert existing and [arn for arn in existing if arn not in run.page] == []
    assert "mend the cause and upload the params file again" in run.mail


def shown_red(run: Run) -> list[str]:
    """The events of its history at which a reader of the console would look first, but for its end."""
    return [event["type"] for event in run.events()[:-1] if re.search("Failed|TimedOut|Aborted|Retr", event["type"])]


def failure_reason(run: Run, kind: str) -> str:
    """The reason that Personalize itself gives for the only failed resource of a kind."""
    (reason,) = (r["failureReason"] for r in run.pipeline.stack.personalize.resources(kind) if r["failureReason"])
    return str(reason)


def test_an_import_that_fails_is_told_with_the_reason_of_personalize(shop: Pipeline) -> None:
    """For a row that nobody has looked for: data checks are off."""
    rows = [(f"u{number % 60}", f"i{number % 41}") for number in range(5000)]
    shop.upload("Interactions/interactions.csv", interactions([*rows, ("u" * 300, "i1")]))
    run = shop.run(params(dataChecks="off"))
    reason = failure_reason(run, "dataset import job")
    assert "256 characters for USER_ID" in reason
    assert_failed(run, f"CREATE FAILED: {reason}", "dataset import job InteractionsDataset-")
    assert run.error == "ResourceFailed"
    assert shop.stack.personalize.resources("solution version") == []
    assert "Nothing: no campaign or recommender is up" in run.mail


def test_a_training_that_fails_is_told_and_the_next_upload_goes_on_from_there(shop: Pipeline) -> None:
    """With 24 users of more than one interaction, where the service wants 25; and nobody has counted."""
    crowd = [(f"u{number}", "i1") for number in range(1100)]
    few = [(f"u{number}", "i2") for number in range(24)]
    shop.upload("Interactions/interactions.csv", interactions([*crowd, *few]))
    run = shop.run(params(dataChecks="off"))
    reason = failure_reason(run, "solution version")
    assert "fewer than 25 users with at least 2 interactions" in reason
    assert_failed(run, f"CREATE FAILED: {reason}", "solution version Solution")
    assert run.error == "ResourceFailed"
    assert shop.stack.personalize.resources("campaign") == []

    shop.upload("Interactions/interactions.csv", INTERACTIONS)
    mended = shop.run()
    assert mended.status == "SUCCEEDED", mended.mail
    assert mended.done()["solution"] == "reused"
    assert mended.done()["campaign"] == "created"


def test_what_failed_to_be_created_is_made_anew_by_the_next_upload_and_told(shop: Pipeline) -> None:
    for operation in ("CreateFilter", "CreateCampaign"):
        shop.stack.personalize.break_down("fail", operation, times=1, reason="Bad luck.")
    document = params(filters=[{"name": "unseen", "filterExpression": "EXCLUDE UserID WHERE Users.AGE > 90"}])
    failed = shop.run(document)
    assert_failed(failed, "filter unseen: CREATE FAILED: Bad luck.", "campaign Campaign: CREATE FAILED: Bad luck.")
    mended = shop.run(document)
    assert mended.status == "SUCCEEDED", mended.mail
    assert (mended.done()["filter"], mended.done()["campaign"]) == ("replaced", "replaced")
    assert mended.mail.count("is CREATE FAILED (Bad luck.): deleted and created anew") == 2
    assert len(shop.stack.personalize.calls("CreateSolutionVersion")) == 1


class TestEndingsThatTakeTime:
    """Three runs side by side, as waiting for these endings takes real time."""

    DEPLOYMENTS = {"late-": "hasty", "unserved-": "shop", "stopped-": "shop"}  # hasty gives up after two hours

    @pytest.fixture(scope="class")
    def runs(self, stack: LocalStack) -> Iterator[dict[str, Run]]:
        with ExitStack() as contexts:
            pipelines = {
                name: contexts.enter_context(stack.pipeline(deployment, f"{name}/"))
                for name, deployment in self.DEPLOYMENTS.items()
            }
            stack.personalize.run_at(0)
            stack.personalize.break_down("internal", "CreateSolution", name="unserved-*")
            for pipeline in pipelines.values():
                pipeline.upload_data()
            runs = {name: pipeline.start(params_named(name)) for name, pipeline in pipelines.items()}
            # By Personalize's clock it is late now; by the workflow's, which ends it after 5 h, it has hardly begun.
            wait_for("its work", lambda: [r for r in stack.personalize.resources() if "/late-" in r["arn"]])
            stack.personalize.advance(minutes=2 * 60 + 1)
            yield runs

    def test_a_run_stopped_by_hand_mails_what_exists_and_the_next_adopts_its_training(
        self, runs: dict[str, Run]
    ) -> None:
        run = runs["stopped-"]
        personalize = run.pipeline.stack.personalize
        personalize.advance_to(
            "a training", lambda: [r for r in personalize.resources("solution version") if "stopped-" in r["arn"]]
        )
        run.pipeline.stack.stepfunctions.stop_execution(executionArn=run.arn)
        run.ended()
        assert run.status == "ABORTED"
        assert run.subject.startswith("[personalize-pipeline] failed: stopped-DatasetGroup; ")
        assert "the run: the run was stopped by hand." in run.mail
        assert re.search(r"solution version stopped-Solution \(CREATE (PENDING|IN_PROGRESS);", run.mail)
        assert_lists_what_exists(run, "stopped-")

        personalize.run_at(FAST)
        again = run.pipeline.run(params_named("stopped-"))
        assert again.status == "SUCCEEDED", again.mail
        assert again.done()["campaign"] == "created"
        assert len([v for v in personalize.resources("solution version") if "stopped-" in v["arn"]]) == 1

    def test_a_run_beyond_its_time_limit_mails_what_exists(self, runs: dict[str, Run]) -> None:
        runs["late-"].pipeline.stack.personalize.run_at(FAST)
        run = runs["late-"].ended()
        assert_failed(run, "the run took longer than its limit of 2 hours (timeout_hours).", "the run", "late-")
        assert run.error == "RunFailed"

    def test_a_service_that_answers_500_for_six_hours_is_told(self, runs: dict[str, Run]) -> None:
        run, personalize = runs["unserved-"], runs["unserved-"].pipeline.stack.personalize
        personalize.run_at(FAST)
        wait_for("a refusal", personalize.struck)
        personalize.run_at(5 * FAST)
        run.ended()
        reason = "InternalServerException: Injected by a fault. (refused for "
        assert_failed(run, reason, "solution unserved-Solution", "unserved-")
        hours = float(run.wrong().partition(reason)[2].partition(" h)")[0])
        assert 6 <= hours < 24
        assert run.error == "ResourceFailed"
        assert shown_red(run) == []
