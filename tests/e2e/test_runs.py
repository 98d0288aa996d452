"""Runs that succeed: what is made, what is told, what is left alone, and what looking costs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.uploads import EXAMPLE, PARAMS, upload

from .stack import SCALE, LocalStack, Pipeline, Run
from .uploads import INTERACTIONS, PARAMS_WITH_AUTOML, params

TRAINED, IMPORTED = "CreateSolutionVersion", "CreateDatasetImportJob"


class TestTheFirstRun:
    """Of params written when performAutoML still worked, with Personalize taking its usual time."""

    @pytest.fixture(scope="class")
    def run(self, stack: LocalStack) -> Iterator[Run]:
        with stack.pipeline("shop", "first run/") as shop:
            shop.upload_data()
            stack.personalize.run_at(SCALE)
            yield shop.run(PARAMS_WITH_AUTOML)

    def test_succeeds_and_mails_once(self, run: Run) -> None:
        assert run.status == "SUCCEEDED", run.mail
        assert run.subject.startswith("[personalize-pipeline] succeeded: DatasetGroup; ")
        assert re.match(r"\S+ is up to date: Solution has a new version, NDCG at 25 0\.\d{4}\.\n", run.mail), run.mail
        assert len(run.mails()) == 1

    def test_makes_all_that_the_params_name(self, run: Run) -> None:
        made = [resource["type"] for resource in run.pipeline.stack.personalize.resources()]
        datasets = ["schema", "dataset", "dataset import job"] * 2
        assert sorted(made) == sorted(["dataset group", *datasets, "solution", "solution version", "campaign"])

    def test_mails_the_arn_of_everything_made(self, run: Run) -> None:
        resources = run.pipeline.stack.personalize.resources()
        assert {resource["status"] for resource in resources} <= {"ACTIVE", None}
        assert [resource["arn"] for resource in resources if resource["arn"] not in run.page] == []

    def test_mails_how_long_things_took(self, run: Run) -> None:
        assert re.search(r"^Took: +[1-9] h", run.mail, re.MULTILINE)
        assert "created in 60 s      dataset group DatasetGroup" in run.mail
        assert run.mail.count("created in 12 min    dataset import job") == 2
        assert "created in 1 h       solution version Solution" in run.mail
        assert "created in 10 min    campaign Campaign" in run.mail

    def test_asks_the_campaign_for_users_of_the_data(self, run: Run) -> None:
        samples = run.report["samples"]
        assert len(samples) == 3 and all(sample["answer"] for sample in samples)
        assert all(
            sample["about"]["userId"] in run.page and sample["about"]["userId"] in run.mail for sample in samples
        )

    def test_mails_how_good_the_model_is(self, run: Run) -> None:
        assert re.search(r"^  coverage +1\.0000$", run.mail, re.MULTILINE)
        assert re.search(r"^  precision_at_25 +0\.\d{4}$", run.mail, re.MULTILINE)

    def test_mails_what_bills_from_now_on_and_the_page_says_how_to_stop_it(self, run: Run) -> None:
        billing = run.mail.partition("What bills in this dataset group from now on")[2].partition("\n\n")[0]
        assert "Campaign Campaign: at least 1 transaction(s) per second" in billing
        (campaign,) = run.pipeline.stack.personalize.resources("campaign")
        assert f"aws personalize delete-campaign --campaign-arn {campaign['arn']}" in run.page

    def test_mails_what_became_of_automl(self, run: Run) -> None:
        notes = run.mail.partition("Notes\n")[2]
        assert "performAutoML" in notes
        assert "aws-user-personalization-v2" in notes

    def test_leaves_a_report_for_programs(self, run: Run) -> None:
        assert f"s3://{run.pipeline.bucket}/runs/{run.name}/report.json" in run.mail
        assert run.report["outcome"] == "succeeded"
        assert set(run.done().values()) == {"created"}
        assert [row["metrics"]["coverage"] for row in run.report["resources"] if row.get("metrics")] == [1.0]

    def test_shows_nothing_red_while_it_waits(self, run: Run) -> None:
        events = [event["type"] for event in run.events()]
        assert events.count("ExecutionSucceeded") == 1
        assert [event for event in events if re.search("Failed|TimedOut|Aborted|Retr", event)] == []

    def test_looks_no_more_often_than_the_docs_say(self, run: Run) -> None:
        """A first run with a training of an hour some 160 times (README, "What it creates, and what that costs")."""
        events = [event["type"] for event in run.events()]
        looks = events.count("LambdaFunctionScheduled")
        assert 20 < looks <= 170
        assert sum(event.endswith("StateEntered") for event in events) <= 3 * looks + 1

    def test_never_looks_again_within_ten_seconds(self, run: Run) -> None:
        waits = list(_waits(run.events()))
        assert len(waits) > 10
        assert min(waits) > 10 / SCALE - 0.0011  # time stamps have milliseconds


def _waits(events: list[dict[str, Any]]) -> Iterator[float]:
    """The real seconds spent in each Wait state of a stage, of which one is entered at a time.

    Before a run takes its turn it waits for a few seconds, so that the events of earlier uploads come first.
    """
    entered = [event for event in events if event["type"] == "WaitStateEntered"]
    left = [event["timestamp"] for event in events if event["type"] == "WaitStateExited"]
    for since, until in zip(entered, left, strict=True):
        if since["stateEnteredEventDetails"]["name"] != "Wait to Take Turn":
            yield (until - since["timestamp"]).total_seconds()


class TestUploadingAgain:
    @pytest.fixture(scope="class")
    def first(self, stack: LocalStack) -> Iterator[Run]:
        with stack.pipeline("shop", "again/") as shop:
            shop.upload_data()
            yield shop.run()

    def test_with_nothing_new_changes_nothing(self, first: Run) -> None:
        shop, personalize = first.pipeline, first.pipeline.stack.personalize
        before = personalize.writes()
        second = shop.run()
        assert second.status == "SUCCEEDED", second.mail
        assert personalize.writes() == before
        assert set(second.done().values()) == {"reused"}
        assert " is up to date: nothing had changed" in second.mail

    def test_with_new_data_imports_trains_once_and_moves_the_campaign(self, first: Run) -> None:
        shop, personalize = first.pipeline, first.pipeline.stack.personalize
        trained, imported = (len(personalize.calls(operation)) for operation in (TRAINED, IMPORTED))
        shop.upload("Interactions/interactions.csv", INTERACTIONS + "u1,i1,1800000000\n")
        second = shop.run()
        assert second.status == "SUCCEEDED", second.mail
        assert len(personalize.calls(TRAINED)) == trained + 1
        assert len(personalize.calls(IMPORTED)) == imported + 1  # Users had not changed
        (campaign,) = personalize.resources("campaign")
        newest = personalize.resources("solution version")[-1]["arn"]
        served = personalize.client.describe_campaign(campaignArn=campaign["arn"])["campaign"]["solutionVersionArn"]
        mailed = [row["solutionVersionArn"] for row in second.report["resources"] if row["type"] == "campaign"]
        assert [served, *mailed] == [newest, newest]  # the report was made just before the mail
        assert newest in second.page
        assert second.done()["campaign"] == "updated"

    def test_with_other_campaign_settings_updates_it_without_training(self, first: Run) -> None:
        personalize = first.pipeline.stack.personalize
        trained = len(personalize.calls(TRAINED))
        second = first.pipeline.run(params(campaign={"name": "Campaign", "minProvisionedTPS": 2}))
        assert second.status == "SUCCEEDED", second.mail
        assert len(personalize.calls(TRAINED)) == trained
        assert "at least 2 transaction(s) per second" in second.mail
        first.pipeline.run()  # as the other tests expect it


def test_an_unchanged_second_run_of_the_example_reads_each_thing_at_most_twice(shop: Pipeline, tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLE / "generate_data.py", "--out", tmp_path], check=True, capture_output=True)
    views = tmp_path / "Interactions/interactions.csv"
    views.write_text("".join(views.read_text().splitlines(keepends=True)[:10_000]))  # a tenth will do
    example = shop.beside("example/")
    upload(shop.stack.s3, shop.bucket, tmp_path, example.folder)
    document = PARAMS.read_text()
    assert example.run(document).status == "SUCCEEDED"
    before = len(shop.stack.personalize.log())
    second = example.run(document)
    assert " is up to date: nothing had changed" in second.mail
    calls = [call for call in shop.stack.personalize.log()[before:] if call["operation"] != "GetRecommendations"]
    reads = Counter((call["operation"], call["arn"]) for call in calls)
    assert reads and {read: times for read, times in reads.items() if times > 2} == {}


class TestUploadedKeys:
    def test_may_have_spaces_and_any_letters(self, stack: LocalStack) -> None:
        with stack.pipeline("shop", "Größe 2/été+hiver & 日本/") as shop:
            shop.upload_data()
            run = shop.run()
        assert run.status == "SUCCEEDED", run.mail
        assert f"Params file:   {shop.folder}params.json\n" in run.mail

    def test_that_only_resemble_the_params_file_start_nothing(self, shop: Pipeline) -> None:
        for name in ("xparams.json", "params.json.bak", "params.json/readme.txt"):
            version = shop.upload(name, params())
            event = shop.uploaded(shop.folder + name, version, "2026-11-23T17:05:02.000Z")
            assert shop.invoke(event) == {"started": []}
        run = shop.run("{")  # uploaded last, so by its end S3 has told of the others, too
        assert [other.name for other in shop.runs()] == [run.name]

    def test_may_be_called_like_what_every_run_writes_and_each_starts_one_run(self, stack: LocalStack) -> None:
        with stack.pipeline("hasty", "team/runs/") as hasty:
            assert hasty.params_file == "report.json"
            runs = [hasty.run("{").name for _ in range(2)]
            assert sorted(run.name for run in hasty.runs()) == sorted(runs)
            # By the end of the second run S3 has told of the first one's report.
            assert Pipeline(stack, hasty.deployed, "runs/").runs() == []
