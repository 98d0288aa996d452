"""Uploads with faults that can be seen up front: all are told in one mail, and nothing is created."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .stack import Pipeline, Run
from .uploads import SOLUTION, interactions, params


def assert_rejected(run: Run, *problems: str) -> None:
    """Its mail lists the problems, the execution failed with them, and Personalize was asked for nothing."""
    assert run.subject.startswith("[personalize-pipeline] rejected: ")
    assert re.match(r".+ was not started: the upload has (a problem|\d+ problems)\. Nothing was created", run.mail)
    assert [problem for problem in problems if problem not in run.mail or problem not in run.cause] == [], run.mail
    assert (run.status, run.error) == ("FAILED", "ParamsRejected")
    assert len(run.report["failures"]) == len(problems), run.mail
    assert run.pipeline.stack.personalize.writes() == []


def without(document: dict[str, Any], dataset: str) -> dict[str, Any]:
    return document | {"datasets": {name: entry for name, entry in document["datasets"].items() if name != dataset}}


LONG = "n" * 64
FAULTS = {
    "broken JSON": ('{"datasetGroup": {"name": "shop"', ["line 1, column 33: not valid JSON"]),
    "no Interactions": (without(params(), "Interactions"), ["$.datasets.Interactions: is missing"]),
    "an unknown key": (params(solution=SOLUTION | {"recipe": "x"}), ["$.solution.recipe: unknown key"]),
    "a name of 64 characters": (params(datasetGroup={"name": LONG}), ["$.datasetGroup.name: has 64 characters"]),
    "three at once": (
        params(datasetGroup={"name": LONG}, campaign={"name": "Campaign", "minTPS": 1}, solution={"name": "for you"}),
        ["$.datasetGroup.name: has 64", "$.campaign.minTPS: unknown key", '$.solution.name: "for you" is no name'],
    ),
    "an unknown recipe": (
        params(solution=SOLUTION | {"recipeArn": "arn:aws:personalize:::recipe/aws-user-personalisation"}),
        ["$.solution.recipeArn: arn:aws:personalize:::recipe/aws-user-personalisation is no recipe"],
    ),
}


@pytest.mark.parametrize(("document", "problems"), FAULTS.values(), ids=FAULTS)
def test_faulty_params_are_rejected(shop: Pipeline, document: str | dict[str, Any], problems: list[str]) -> None:
    assert_rejected(shop.run(document), *problems)


def test_params_that_name_users_without_data_are_rejected(shop: Pipeline) -> None:
    shop.stack.s3.delete_object(Bucket=shop.bucket, Key=f"{shop.folder}Users/users.csv")
    assert_rejected(shop.run(), f"s3://{shop.bucket}/{shop.folder}Users/: no data")


def test_data_that_does_not_fit_its_schema_is_rejected(shop: Pipeline) -> None:
    shop.upload_data(interactions=interactions([("u1", "i1")] * 50), users="USER_ID,AGE\nu1,30\n")
    assert_rejected(shop.run(), "Users/users.csv: the header lacks GENDER", "50 interactions in all")


def test_mended_params_run(shop: Pipeline) -> None:
    """A rejected upload leaves nothing behind that a second one would stumble over."""
    document = params(solution=None, campaign=None)
    assert_rejected(shop.run(json.dumps(document)[:-1]), "not valid JSON")
    run = shop.run(document)
    assert run.status == "SUCCEEDED", run.mail
