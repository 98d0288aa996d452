"""What a mail tells of a campaign that was up before: what was done to it and what it serves, not what was planned."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .stack import FAST, LocalStack, Pipeline, Run, wait_for
from .uploads import INTERACTIONS, params


@pytest.fixture(scope="class")
def up(stack: LocalStack) -> Iterator[Pipeline]:
    """A campaign is up."""
    with stack.pipeline("shop", "truth/") as shop:
        shop.upload_data()
        assert shop.run().status == "SUCCEEDED"
        yield shop


def serving(shop: Pipeline) -> str:
    """The version that the campaign serves."""
    (campaign,) = shop.stack.personalize.resources("campaign")
    described = shop.stack.personalize.client.describe_campaign(campaignArn=campaign["arn"])["campaign"]
    return described["solutionVersionArn"]


def new_data(shop: Pipeline, seconds: int) -> None:
    shop.upload("Interactions/interactions.csv", INTERACTIONS + f"u1,i1,{1_800_000_000 + seconds}\n")


class TestTheMailOfARun:
    def test_that_was_stopped_during_its_training_says_that_the_campaign_is_unchanged(self, up: Pipeline) -> None:
        personalize, before = up.stack.personalize, serving(up)
        imported, trained = (len(personalize.resources(kind)) for kind in ("dataset import job", "solution version"))
        new_data(up, 1)
        personalize.run_at(0)
        run = up.start(params(campaign={"name": "Campaign", "minProvisionedTPS": 3}))
        wait_for("an import", lambda: len(personalize.resources("dataset import job")) > imported)
        personalize.advance(minutes=20)
        wait_for("a training", lambda: len(personalize.resources("solution version")) > trained)
        up.stack.stepfunctions.stop_execution(executionArn=run.arn)
        run.ended()
        personalize.run_at(FAST)
        assert run.subject.startswith("[personalize-pipeline] failed: DatasetGroup; ")
        assert "the run: the run was stopped by hand." in run.wrong()
        assert run.done()["solution version"] == "created"
        assert run.done()["campaign"] == "unchanged"
        assert [row["name"] for row in run.report["resources"] if "updated" in row["done"]] == []
        assert "Campaign Campaign: at least 1 transaction(s) per second" in run.mail
        assert serving(up) == before

    def test_whose_update_of_the_campaign_failed_says_that_the_old_version_still_serves(self, up: Pipeline) -> None:
        before = serving(up)
        new_data(up, 2)
        up.stack.personalize.break_down("fail", "UpdateCampaign", times=1, reason="Out of capacity.")
        run = up.run()
        assert (run.status, run.error) == ("FAILED", "ResourceFailed")
        assert "campaign Campaign: the update failed: CREATE FAILED: Out of capacity." in run.wrong()
        assert "it still serves" in run.wrong()
        assert serving(up) == before
        assert [row["solutionVersionArn"] for row in run.rows("campaign")] == [before]

    def test_does_not_take_for_its_own_what_somebody_else_trained_during_its_import(self, up: Pipeline) -> None:
        personalize = up.stack.personalize
        imported = len(personalize.resources("dataset import job"))
        new_data(up, 3)
        personalize.run_at(0)
        run = up.start()
        wait_for("an import", lambda: len(personalize.resources("dataset import job")) > imported)
        (solution,) = personalize.resources("solution")
        answer = personalize.client.create_solution_version(solutionArn=solution["arn"], name="by-hand")
        personalize.run_at(FAST)
        assert_succeeded(run.ended())
        (mine,) = run.rows("solution version")
        assert mine["done"] == "created"
        assert mine["arn"] != answer["solutionVersionArn"]
        assert serving(up) == mine["arn"]


def assert_succeeded(run: Run) -> None:
    assert run.status == "SUCCEEDED", run.mail
