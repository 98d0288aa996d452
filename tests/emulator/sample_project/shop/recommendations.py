"""The shop's recommendations: set up once, asked on every page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import boto3

RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}


class SetupFailed(Exception):
    """Something did not become ACTIVE; the message says what, and why."""


def set_up(data: str, role: str, wait: Callable[[], object] = lambda: time.sleep(60)) -> str:
    """From a CSV file in S3 to a campaign; returns its ARN. Raises SetupFailed."""
    api: Any = boto3.client("personalize")

    def active(describe: Callable[[], dict[str, Any]]) -> None:
        while (shown := describe())["status"] != "ACTIVE":
            if shown["status"].endswith("FAILED"):
                raise SetupFailed(shown.get("failureReason", "no reason given"))
            wait()

    schema = api.create_schema(name="shop", schema=json.dumps(SCHEMA))["schemaArn"]
    group = api.create_dataset_group(name="shop")["datasetGroupArn"]
    active(lambda: api.describe_dataset_group(datasetGroupArn=group)["datasetGroup"])
    dataset = api.create_dataset(name="shop", datasetGroupArn=group, datasetType="Interactions", schemaArn=schema)[
        "datasetArn"
    ]
    active(lambda: api.describe_dataset(datasetArn=dataset)["dataset"])
    job = api.create_dataset_import_job(
        jobName="shop", datasetArn=dataset, dataSource={"dataLocation": data}, roleArn=role
    )["datasetImportJobArn"]
    active(lambda: api.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"])
    solution = api.create_solution(name="shop", datasetGroupArn=group, recipeArn=RECIPE, performAutoTraining=False)[
        "solutionArn"
    ]
    active(lambda: api.describe_solution(solutionArn=solution)["solution"])
    version = api.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    active(lambda: api.describe_solution_version(solutionVersionArn=version)["solutionVersion"])
    campaign = str(api.create_campaign(name="shop", solutionVersionArn=version)["campaignArn"])
    active(lambda: api.describe_campaign(campaignArn=campaign)["campaign"])
    return campaign


def recommended(campaign: str, user: str, count: int = 5) -> list[str]:
    """Item ids for a user, best first."""
    runtime: Any = boto3.client("personalize-runtime")
    answer = runtime.get_recommendations(campaignArn=campaign, userId=user, numResults=count)
    return [item["itemId"] for item in answer["itemList"]]
