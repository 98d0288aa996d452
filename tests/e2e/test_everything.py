"""A file with every section, then one change at a time: each run does exactly what its plan says."""

from __future__ import annotations

from typing import Any

import pytest

from .stack import Json, Pipeline, Run
from .uploads import INTERACTIONS, params

RECIPE = "arn:aws:personalize:::recipe/"
EVENT_TYPE = {"name": "EVENT_TYPE", "type": "string"}
LASTING = {"schema", "dataset group", "dataset", "event tracker", "filter", "solution", "campaign", "recommender"}


def with_events(event: str, rows: str = INTERACTIONS) -> str:
    """The rows with a column EVENT_TYPE."""
    header, *lines = rows.splitlines()
    return "\n".join([f"{header},EVENT_TYPE", *(f"{line},{event}" for line in lines)]) + "\n"


def with_event_type(document: Json) -> Json:
    """The params with EVENT_TYPE in the schema of Interactions."""
    document["datasets"]["Interactions"]["schema"]["fields"].append(EVENT_TYPE)
    return document


def everything() -> Json:
    """Every section of a custom dataset group."""
    document = with_event_type(params())
    del document["solution"], document["campaign"]
    return document | {
        "eventTracker": {"name": "clicks"},
        "filters": [{"name": "clicked", "filterExpression": expression("INCLUDE")}],
        "solutions": [
            {
                "name": "for-you",
                "recipeArn": f"{RECIPE}aws-user-personalization-v2",
                "campaigns": [{"name": "web", "minProvisionedTPS": 1}],
                "batchInferenceJobs": [{"jobName": "weekly", "filterName": "clicked"}],
            },
            {
                "name": "segments",
                "recipeArn": f"{RECIPE}aws-item-affinity",
                "batchSegmentJobs": [{"jobName": "fans", "numResults": 10}],
            },
        ],
        "schedules": {"retrain": "cron(0 3 ? * SUN *)"},
        "tags": [{"tagKey": "team", "tagValue": "ml"}],
    }


def expression(verb: str) -> str:
    return f'{verb} ItemID WHERE Interactions.EVENT_TYPE IN ("click")'


def upload_everything(shop: Pipeline) -> None:
    """Data and batch input for `everything`."""
    shop.upload_data(interactions=with_events("click"))
    shop.upload("batch/weekly/input/users.json", '{"userId": "u1"}\n')
    shop.upload("batch/fans/input/items.json", '{"itemId": "i1"}\n')


def new_data(shop: Pipeline, document: Json) -> None:
    shop.upload_data(interactions=with_events("click", INTERACTIONS + "u1,i1,1800000000\n"))


def new_throughput(shop: Pipeline, document: Json) -> None:
    document["solutions"][0]["campaigns"][0]["minProvisionedTPS"] = 3


def new_expression(shop: Pipeline, document: Json) -> None:
    document["filters"][0]["filterExpression"] = expression("EXCLUDE")


def new_filter(shop: Pipeline, document: Json) -> None:
    document["filters"].append({"name": "unclicked", "filterExpression": expression("EXCLUDE")})


def removed_schedule(shop: Pipeline, document: Json) -> None:
    document["schedules"] = {}


CHANGES = [
    (
        new_data,
        ["CreateBatchInferenceJob", "CreateBatchSegmentJob", "CreateDatasetImportJob"]
        + ["CreateSolutionVersion"] * 2
        + ["UpdateCampaign"],
    ),
    (new_throughput, ["UpdateCampaign"]),
    # Tried under another name first; and the batch job that uses it runs again.
    (new_expression, ["CreateBatchInferenceJob"] + ["CreateFilter"] * 2 + ["DeleteFilter"] * 2),
    (new_filter, ["CreateFilter"]),
    (removed_schedule, []),
]


def writes_of(shop: Pipeline, document: Json) -> tuple[Run, list[str]]:
    """A run of the document, and the writing calls to Personalize that it made, sorted; tagging apart."""
    before = shop.stack.personalize.writes()
    run = shop.run(document)
    assert run.status == "SUCCEEDED", run.mail
    return run, sorted(shop.stack.personalize.writes()[len(before) :])


def test_one_file_makes_everything_and_again_it_changes_what_changed(shop: Pipeline) -> None:
    upload_everything(shop)
    document = everything()
    first = shop.run(document)
    assert first.status == "SUCCEEDED", first.mail
    assert set(first.done().values()) == {"created"}
    assert "tracking ID for your clients" in first.mail

    again, writes = writes_of(shop, document)
    assert writes == []
    assert "nothing had changed" in again.mail

    for change, expected in CHANGES:
        change(shop, document)
        run, writes = writes_of(shop, document)
        assert writes == expected, f"{change.__name__}: {run.mail}"
    assert "removed              retrain" in run.mail


def test_a_teardown_cut_short_and_uploaded_again_leaves_nothing(shop: Pipeline) -> None:
    upload_everything(shop)
    assert shop.run(everything()).status == "SUCCEEDED"
    teardown = everything() | {"teardown": everything()["datasetGroup"]["name"]}
    shop.stack.personalize.break_down("error", "DeleteFilter", code="InvalidInputException", times=1, reason="Cut.")
    cut = shop.run(teardown)
    assert cut.status == "FAILED"
    assert "Cut." in cut.mail
    assert shop.run(teardown).status == "SUCCEEDED"
    assert [entry["name"] for entry in shop.stack.personalize.resources() if entry["type"] in LASTING] == []


@pytest.mark.parametrize(
    ("domain", "recipe", "event"),
    [
        ("ECOMMERCE", "aws-ecomm-popular-items-by-views", "View"),
        ("VIDEO_ON_DEMAND", "aws-vod-most-popular", "Watch"),
    ],
)
def test_a_domain_group_gets_a_recommender_that_can_be_stopped(
    shop: Pipeline, domain: str, recipe: str, event: str
) -> None:
    shop.upload_data(interactions=with_events(event))
    document = with_event_type(params())
    del document["solution"], document["campaign"]
    document["datasetGroup"]["domain"] = domain
    document["recommenders"] = [{"name": "top", "recipeArn": RECIPE + recipe}]
    run, writes = writes_of(shop, document)
    assert "recommendation request(s) per second" in run.mail
    document["recommenders"][0]["state"] = "stopped"
    run, writes = writes_of(shop, document)
    assert writes == ["StopRecommender"]
    assert "Nothing: no campaign or recommender is up" in run.mail


def test_a_recipe_that_changed_is_refused_before_anything_happens(shop: Pipeline) -> None:
    upload_everything(shop)
    document = everything()
    assert shop.run(document).status == "SUCCEEDED"
    before = shop.stack.personalize.writes()
    document["solutions"][0]["recipeArn"] = f"{RECIPE}aws-sims"
    run = shop.run(document)
    assert run.error == "ParamsRejected"
    assert "$.solutions[0].recipeArn" in run.mail
    assert shop.stack.personalize.writes() == before


def test_ten_solutions_train_side_by_side_and_one_failure_leaves_the_others(shop: Pipeline) -> None:
    document: Any = params()
    del document["solution"], document["campaign"]
    document["solutions"] = [{"name": f"s{number}", "recipeArn": f"{RECIPE}aws-sims"} for number in range(10)]
    shop.stack.personalize.break_down("fail", "CreateSolutionVersion", nth=5, times=1, reason="Bad luck.")
    run = shop.run(document)
    assert run.error == "ResourceFailed"
    assert run.mail.count("Bad luck.") == 1
    versions = shop.stack.personalize.resources("solution version")
    assert sorted(version["status"] for version in versions) == ["ACTIVE"] * 9 + ["CREATE FAILED"]
