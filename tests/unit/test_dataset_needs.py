"""A file need not name datasets that an earlier one made; what it says of them is held against what they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import params, users_schema
from .workflow import Deployment, Ended, deployed

WHERE = "$.filters[0].filterExpression"
RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
WITHOUT_MODEL: dict[str, Any] = {"solution": None, "campaign": None}


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def file(expression: str, **more: Any) -> dict[str, Any]:
    return params(filters=[{"name": "f", "filterExpression": expression}], **WITHOUT_MODEL, **more)


def test_one_that_neither_is_there_nor_named(deployment: Deployment) -> None:
    ended = deployment.run(file("INCLUDE ItemID WHERE Items.PRICE > 1"))
    assert ended.record["outcome"] == "rejected"
    assert f"{WHERE}: reads Items, a dataset that the group does not have. Add it to `datasets`." in ended.mail
    assert deployment.personalize.list_dataset_groups()["datasetGroups"] == []


def test_one_that_an_earlier_file_made(deployment: Deployment) -> None:
    first = deployment.run(params(**WITHOUT_MODEL))
    assert first.succeeded, first.mail
    left = params()["datasets"]
    del left["Users"]
    wrong = deployment.run(file("EXCLUDE UserID WHERE Users.AGES > 90", datasets=left))
    assert f"{WHERE}: at character 22: Users has no column AGES. Did you mean AGE?" in wrong.mail
    right = deployment.run(file("EXCLUDE UserID WHERE Users.AGE > 90", datasets=left))
    assert right.succeeded, right.mail


def test_one_whose_schema_is_named_by_its_arn(deployment: Deployment) -> None:
    schema = deployment.personalize.create_schema(name="users", schema=json.dumps(users_schema()))["schemaArn"]
    datasets = params()["datasets"] | {"Users": {"name": "u", "schemaArn": schema}}
    wrong = deployment.run(file('EXCLUDE UserID WHERE Users.AGE IN ("1")', datasets=datasets))
    assert 'AGE is a number; write "1" without quotation marks.' in wrong.mail
    right = deployment.run(file("EXCLUDE UserID WHERE Users.AGE IN (1)", datasets=datasets))
    assert right.succeeded, right.mail


def test_metadata_are_of_items(deployment: Deployment) -> None:
    shown = {"name": "web", "campaignConfig": {"enableMetadataWithRecommendations": True}}

    def run(**more: Any) -> Ended:
        solution = {"name": "s", "recipeArn": RECIPE, "campaigns": [shown | more]}
        return deployment.run(params(solution=None, campaign=None, solutions=[solution]))

    where = "$.solutions[0].campaigns[0].campaignConfig.enableMetadataWithRecommendations"
    wrong = run()
    assert f"{where}: needs a dataset of Items, which the group does not have." in wrong.mail
    assert deployment.personalize.list_dataset_groups()["datasetGroups"] == []
    gone = run(state="absent")
    assert gone.succeeded, gone.mail


def test_metadata_of_items_that_an_earlier_file_made(deployment: Deployment) -> None:
    items = {"type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema", "version": "1.0"}
    fields = [{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"}]
    datasets = params()["datasets"]
    deployment.upload("Items/items.csv", "ITEM_ID,PRICE\ni1,2.5\n")
    first = params(datasets=datasets | {"Items": {"name": "t", "schema": items | {"fields": fields}}}, **WITHOUT_MODEL)
    assert deployment.run(first).succeeded
    shown = {"name": "for-you", "campaignConfig": {"enableMetadataWithRecommendations": True}}
    later = deployment.run(params(datasets=datasets, campaign=shown))
    assert later.succeeded, later.mail
