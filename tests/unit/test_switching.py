"""Off at night: schedules take down what serves, and bring it back; runs between them do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.personalize_emulator import Fault

from .conftest import BUCKET, ENVIRONMENT, interactions_schema, params
from .state_machine import Execution
from .workflow import INTERACTIONS, Deployment, Ended, deployed

RECIPE = "arn:aws:personalize:::recipe/"
SCHEDULES = {
    "stop": "cron(0 20 ? * MON-FRI *)",
    "start": "cron(0 6 ? * MON-FRI *)",
    "retrain": "cron(0 2 ? * SUN *)",
    "import": "rate(6 hours)",
    "batch": "rate(1 day)",
    "run": "rate(1 day)",
}
EVENTS = {"name": "EVENT_TYPE", "type": "string"}


def document(**sections: Any) -> dict[str, Any]:
    """A domain group with a recommender, and a solution with two campaigns."""
    solution = {
        "name": "for-you",
        "recipeArn": f"{RECIPE}aws-user-personalization-v2",
        "campaigns": [{"name": "web", "minProvisionedTPS": 2}, {"name": "app"}],
    }
    return (
        params(
            datasetGroup={"name": "shop", "domain": "ECOMMERCE"},
            datasets={"Interactions": {"name": "events", "schema": interactions_schema(EVENTS)}},
            solution=None,
            campaign=None,
            solutions=[solution],
            recommenders=[{"name": "top", "recipeArn": f"{RECIPE}aws-ecomm-popular-items-by-views"}],
            schedules=SCHEDULES,
        )
        | sections
    )


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        upload_interactions(deployment)
        yield deployment


def upload_interactions(deployment: Deployment, text: str = INTERACTIONS) -> None:
    deployment.upload("Interactions/interactions.csv", interactions(text))


def interactions(text: str = INTERACTIONS) -> str:
    header, *lines = text.splitlines()
    return "\n".join([f"{header},EVENT_TYPE", *(f"{line},View" for line in lines)]) + "\n"


def due(deployment: Deployment, purpose: str) -> Execution:
    """The execution that a schedule starts, with the input that it was made with."""
    group = ENVIRONMENT["SCHEDULE_GROUP"]
    made = boto3.client("scheduler").get_schedule(Name=f"shop.{purpose}", GroupName=group)
    given = json.loads(made["Target"]["Input"])
    return deployment.execute(given["upload"], **given["overrides"])


def by_schedule(deployment: Deployment, purpose: str) -> Ended:
    return deployment.finish(due(deployment, purpose))


def serving(deployment: Deployment) -> dict[str, str]:
    """The campaigns and recommenders that are there, with their status."""
    found = deployment.personalize.list_campaigns()["campaigns"]
    found += deployment.personalize.list_recommenders()["recommenders"]
    return {entry["name"]: entry["status"] for entry in found}


UP = {"web": "ACTIVE", "app": "ACTIVE", "top": "ACTIVE"}
OFF = {"top": "INACTIVE"}


def test_a_night(deployment: Deployment) -> None:
    assert deployment.run(document()).succeeded
    assert serving(deployment) == UP
    evening = by_schedule(deployment, "stop")
    assert evening.succeeded, evening.mail
    assert serving(deployment) == OFF
    assert evening.mail.startswith("shop is off: 1 recommender stopped, 2 campaigns deleted.")
    assert "  Nothing: no campaign or recommender is up" in evening.mail
    assert evening.report["serving"] == "off"
    assert evening.report["samples"] == []
    morning = by_schedule(deployment, "start")
    assert morning.succeeded, morning.mail
    assert serving(deployment) == UP
    assert morning.mail.startswith("shop serves again: 1 recommender started, 2 campaigns created.")
    assert morning.report["serving"] == "back"
    assert morning.report["samples"], "what comes back is asked whether it answers"
    assert deployment.calls("CreateSolutionVersion", "CreateDatasetImportJob") == 2, "of the upload"


def test_a_campaign_comes_back_under_its_arn_with_its_settings(deployment: Deployment) -> None:
    deployment.run(document())
    before = {one["name"]: one["campaignArn"] for one in deployment.personalize.list_campaigns()["campaigns"]}
    by_schedule(deployment, "stop")
    by_schedule(deployment, "start")
    after = {one["name"]: one["campaignArn"] for one in deployment.personalize.list_campaigns()["campaigns"]}
    assert after == before
    web = deployment.personalize.describe_campaign(campaignArn=after["web"])["campaign"]
    assert web["minProvisionedTPS"] == 2


@pytest.mark.parametrize("purpose", ["run", "import", "retrain", "batch"])
def test_by_night_no_schedule_brings_anything_back(deployment: Deployment, purpose: str) -> None:
    deployment.run(document())
    by_schedule(deployment, "stop")
    upload_interactions(deployment, INTERACTIONS[: INTERACTIONS.rindex("u")])
    ended = by_schedule(deployment, purpose)
    assert ended.succeeded, ended.mail
    assert serving(deployment) == OFF
    assert "Campaign(s) web, app: serving was switched off, and stays off" in ended.mail
    assert ended.report["serving"] == "off"
    told = {
        "import": "data was imported, and no model was trained",
        "batch": "is off: no campaign or recommender was up",
    }
    assert ended.mail.startswith(
        f"shop{': ' if purpose == 'import' else ' '}{told.get(purpose, 'is up to date: for-you has')}"
    )
    trained = deployment.calls("CreateSolutionVersion")
    assert trained == (2 if purpose in ("run", "retrain") else 1)
    assert by_schedule(deployment, "start").succeeded
    assert serving(deployment) == UP
    (version,) = {one["solutionVersionArn"] for one in campaigns(deployment)}
    assert version == newest_version(deployment), "what was trained by night serves in the morning"


def campaigns(deployment: Deployment) -> list[dict[str, Any]]:
    found = deployment.personalize.list_campaigns()["campaigns"]
    describe = deployment.personalize.describe_campaign
    return [dict(describe(campaignArn=one["campaignArn"])["campaign"]) for one in found]


def newest_version(deployment: Deployment) -> str:
    versions = deployment.personalize.list_solution_versions()["solutionVersions"]
    return str(max(versions, key=lambda one: one["creationDateTime"])["solutionVersionArn"])


def test_an_upload_by_night_brings_all_back_and_says_so(deployment: Deployment) -> None:
    deployment.run(document())
    by_schedule(deployment, "stop")
    ended = deployment.run(document())
    assert ended.succeeded
    assert serving(deployment) == UP
    assert "Serving was switched off; this run brings it back." in ended.mail
    assert by_schedule(deployment, "run").report.get("serving") is None
    assert serving(deployment) == UP


def test_a_second_stop_and_a_second_start_find_nothing_to_do(deployment: Deployment) -> None:
    deployment.run(document())
    by_schedule(deployment, "stop")
    again = by_schedule(deployment, "stop")
    assert again.succeeded
    assert again.mail.startswith("shop is off: no campaign or recommender was up, and nothing had changed.")
    by_schedule(deployment, "start")
    writes = len(deployment.writes())
    again = by_schedule(deployment, "start")
    assert again.succeeded
    assert again.mail.startswith("shop is up to date: nothing had changed")
    assert len(deployment.writes()) == writes


def test_a_stop_only_stops(deployment: Deployment) -> None:
    """What the file asks for besides, its upload did, or could not do: that is no business of a night's."""
    deployment.run(document())
    changed = document(
        filters=[{"name": "f", "filterExpression": "INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)"}]
    )
    deployment.upload("params.json", changed)
    deployment.s3.delete_object(Bucket=BUCKET, Key="Interactions/interactions.csv")
    assert by_schedule(deployment, "stop").succeeded
    assert serving(deployment) == OFF
    assert deployment.calls("CreateFilter") == 0


def test_a_stop_of_what_was_never_made_makes_nothing(deployment: Deployment) -> None:
    deployment.upload("params.json", document())
    ended = deployment.finish(deployment.execute({"bucket": BUCKET, "key": "params.json"}, serving="off"))
    assert ended.succeeded, ended.mail
    assert deployment.writes() == []


def test_a_start_that_waited_behind_a_training_overtakes_the_stop_before_it(deployment: Deployment) -> None:
    """The evening's stop must not take down in the morning what the morning's start would bring back."""
    deployment.run(document())
    working = deployment.start(document(), train="always")
    working.advance()
    evening = due(deployment, "stop")
    evening.advance()
    morning = due(deployment, "start")
    morning.advance()
    ends = deployment.step(working, evening, morning)
    assert [one.report["outcome"] for one in ends] == ["succeeded", "superseded", "succeeded"]
    assert "a later schedule that says what serves came due" in ends[1].mail
    assert deployment.calls("DeleteCampaign", "StopRecommender") == 0


def test_of_the_switches_of_several_days_the_last_one_counts(deployment: Deployment) -> None:
    deployment.run(document())
    working = deployment.start(document(), train="always")
    working.advance()
    days = [due(deployment, purpose) for purpose in ("stop", "start", "stop", "start", "stop")]
    for execution in days:
        execution.advance()
    ends = deployment.step(working, *days)
    assert [one.report["outcome"] for one in ends] == ["succeeded", *["superseded"] * 4, "succeeded"]
    assert serving(deployment) == OFF


def test_a_start_that_failed_is_mended_by_any_run_after_it(deployment: Deployment) -> None:
    deployment.run(document())
    by_schedule(deployment, "stop")
    deployment.emulator.faults.add(Fault("fail", operation="CreateCampaign", name="web", times=1, reason="Bad luck."))
    ended = by_schedule(deployment, "start")
    assert not ended.succeeded
    assert "Bad luck." in ended.mail
    assert by_schedule(deployment, "run").succeeded
    assert serving(deployment) == UP


def test_a_stop_that_failed_is_told_and_what_is_up_stays_known(deployment: Deployment) -> None:
    deployment.run(document())
    fault = Fault("error", operation="DeleteCampaign", name="web", code="InvalidInputException", reason="Not now.")
    deployment.emulator.faults.add(fault)
    ended = by_schedule(deployment, "stop")
    assert not ended.succeeded
    assert "campaign web" in ended.mail and "Not now." in ended.mail
    assert serving(deployment) == OFF | {"web": "ACTIVE"}
    deployment.emulator.faults.clear()
    assert by_schedule(deployment, "retrain").succeeded
    assert serving(deployment) == OFF | {"web": "ACTIVE"}
    assert by_schedule(deployment, "stop").succeeded
    assert serving(deployment) == OFF


def test_two_groups_sleep_on_their_own(deployment: Deployment) -> None:
    deployment.run(document())
    other = params(datasetGroup={"name": "other"}, campaign={"name": "other", "minProvisionedTPS": 1})
    other["solution"]["name"] = "other"
    deployment.upload_data("other/")
    assert deployment.run(other, key="other/params.json").succeeded
    by_schedule(deployment, "stop")
    assert serving(deployment) == OFF | {"other": "ACTIVE"}
    deployment.personalize.delete_campaign(campaignArn=campaigns(deployment)[0]["campaignArn"])
    deployment.emulator.finish()
    upload = {"bucket": BUCKET, "key": "other/params.json"}
    assert deployment.finish(deployment.execute(upload, serving="keep")).succeeded
    assert serving(deployment) == OFF | {"other": "ACTIVE"}, "that group was never switched off"


def test_two_files_of_a_group_sleep_on_their_own(deployment: Deployment) -> None:
    """The upload of one brings back its own; what the other switched off stays off."""
    deployment.run(document())
    other = document(schedules={}, recommenders=[])
    other["solutions"] = [other["solutions"][0] | {"name": "other", "campaigns": [{"name": "other"}]}]
    deployment.upload("other/Interactions.csv", interactions())
    assert deployment.run(other, key="other/params.json").succeeded
    upload = {"bucket": BUCKET, "key": "params.json"}
    assert deployment.finish(deployment.execute(upload, serving="off")).succeeded
    assert serving(deployment) == OFF | {"other": "ACTIVE"}
    ended = deployment.run(other, key="other/params.json")
    assert ended.succeeded
    assert "switched off" not in ended.mail
    assert deployment.finish(deployment.execute(upload, serving="keep")).succeeded
    assert serving(deployment) == OFF | {"other": "ACTIVE"}


def test_what_was_never_made_is_not_made_by_night_either(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateCampaign", name="app", times=1, reason="Bad luck."))
    assert not deployment.run(document()).succeeded
    by_schedule(deployment, "stop")
    assert by_schedule(deployment, "run").succeeded
    assert serving(deployment) == OFF
    assert by_schedule(deployment, "start").succeeded
    assert serving(deployment) == UP


@pytest.mark.parametrize(
    "settings",
    [
        {"campaignConfig": {"syncWithLatestSolutionVersion": True}},
        {"campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.5"}}},
        {"state": "absent"},
    ],
)
def test_a_campaign_comes_back_as_its_file_says(deployment: Deployment, settings: dict[str, Any]) -> None:
    exploring = document()
    exploring["solutions"][0] |= {
        "recipeArn": f"{RECIPE}aws-user-personalization",
        "campaigns": [{"name": "web"} | settings],
    }
    assert deployment.run(exploring).succeeded
    before = [
        {name: value for name, value in one.items() if not name.endswith("DateTime")} for one in campaigns(deployment)
    ]
    by_schedule(deployment, "stop")
    assert campaigns(deployment) == []
    assert by_schedule(deployment, "start").succeeded
    after = [
        {name: value for name, value in one.items() if not name.endswith("DateTime")} for one in campaigns(deployment)
    ]
    assert after == before


def test_a_stop_that_was_cut_off_half_way_is_taken_up_by_the_next(deployment: Deployment) -> None:
    deployment.run(document())
    cut = due(deployment, "stop")
    cut.advance()
    deployment.stop(cut)
    deployment.emulator.finish()
    assert by_schedule(deployment, "retrain").succeeded
    assert by_schedule(deployment, "stop").succeeded
    assert serving(deployment) == OFF
    assert by_schedule(deployment, "start").succeeded
    assert serving(deployment) == UP


def test_a_file_that_is_refused_by_night_brings_nothing_back(deployment: Deployment) -> None:
    deployment.run(document())
    by_schedule(deployment, "stop")
    deployment.upload("params.json", document(filters=[{"name": "f"}]))
    assert by_schedule(deployment, "retrain").report["outcome"] == "rejected"
    deployment.upload("params.json", document())
    assert by_schedule(deployment, "retrain").succeeded
    assert serving(deployment) == OFF


def test_a_dry_run_switches_nothing(deployment: Deployment) -> None:
    deployment.run(document())
    by_schedule(deployment, "stop")
    planned = deployment.run(document(dryRun=True))
    assert planned.plans()["campaign"] == "create"
    assert by_schedule(deployment, "run").succeeded
    assert serving(deployment) == OFF


def test_a_file_that_stops_and_never_starts_is_told(deployment: Deployment) -> None:
    ended = deployment.run(document(schedules={"stop": "cron(0 20 * * ? *)"}))
    assert "`schedules.stop` with no `schedules.start`" in ended.mail


def test_a_teardown_forgets_that_serving_was_off(deployment: Deployment) -> None:
    deployment.run(document())
    by_schedule(deployment, "stop")
    assert deployment.run(document(teardown="shop")).succeeded
    assert deployment.read("locks/shop.json")["serving"] == {"off": [], "served": {}}


def test_a_start_does_not_wait_for_a_training_that_somebody_began(deployment: Deployment) -> None:
    deployment.run(document())
    (before, *_) = campaigns(deployment)
    by_schedule(deployment, "stop")
    solution = deployment.personalize.list_solutions()["solutions"][0]["solutionArn"]
    deployment.personalize.create_solution_version(solutionArn=solution, name="by-hand")
    ended = by_schedule(deployment, "start")
    assert ended.succeeded
    assert {one["solutionVersionArn"] for one in campaigns(deployment)} == {before["solutionVersionArn"]}


def test_the_switch_is_a_key_of_the_file_too(deployment: Deployment) -> None:
    deployment.run(document())
    assert deployment.run(document(serving="off")).mail.startswith("shop is off: ")
    assert serving(deployment) == OFF
    assert deployment.run(document(serving="keep")).succeeded
    assert serving(deployment) == OFF
    assert deployment.run(document()).succeeded
    assert serving(deployment) == UP


@pytest.mark.parametrize(("regression", "version"), [(0, "old"), (1, "new")])
def test_the_gate_weighs_what_comes_back_against_what_served(
    deployment: Deployment, regression: float, version: str
) -> None:
    gate = {"metric": "precision_at_25", "maxRegression": regression}
    gated = document()
    gated["solutions"][0]["campaigns"] = [{"name": "web", "deployWhen": gate}]
    deployment.run(gated)
    (before,) = campaigns(deployment)
    by_schedule(deployment, "stop")
    worse = [f"u{number % 700},i{number % 997},{1_700_000_000 + number}" for number in range(1500)]
    upload_interactions(deployment, "\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *worse]))
    by_schedule(deployment, "retrain")
    by_schedule(deployment, "stop")
    ended = by_schedule(deployment, "start")
    assert ended.succeeded, ended.mail
    (after,) = campaigns(deployment)
    old, new = before["solutionVersionArn"], newest_version(deployment)
    assert old != new
    assert after["solutionVersionArn"] == {"old": old, "new": new}[version], ended.mail
    row = ended.row("campaign")
    assert row["done"] == ("created, held" if version == "old" else "created")
    assert ended.mail.startswith("shop serves again: 1 recommender started, 1 campaign created")
    assert ("the gate held web on what it served" in ended.mail) == (version == "old")
