"""Switches that no other file tries: each is seen at its default and thrown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.personalize_emulator import Settings, Switches, mock_personalize

from .test_jobs_on_s3 import run
from .world import ACCOUNT, REGION, ROLE, World

RECIPE = "arn:aws:personalize:::recipe/"


def answer(act: Callable[[World], Any], **switches: Any) -> Any:
    """What the act returns, or the code of the error it ends in, with these switches thrown."""
    with mock_personalize(Settings(switches=Switches(**switches))) as emulator:
        try:
            return act(World(emulator))
        except ClientError as err:
            return err.response["Error"]["Code"]


def second_import(world: World) -> None:
    dataset = world.dataset(world.group())
    world.start_import(dataset)
    world.start_import(dataset)


def foreign_schema(world: World) -> None:
    world.dataset(world.group(domain="ECOMMERCE"), "Users", world.schema("Users"))


def recommender_without_domain(world: World) -> None:
    world.api.create_recommender(name="r", datasetGroupArn=world.group(), recipeArn=RECIPE + "aws-vod-top-picks")


def autotrain(world: World) -> str:
    version = world.start_version(world.solution(world.group_with_data()), trainingMode="AUTOTRAIN")
    return str(world.described("solution version", version)["trainingMode"])


def both_lists(world: World) -> str:
    columns = {"INTERACTIONS": ["ITEM_ID"]}
    config = {"trainingDataConfig": {"includedDatasetColumns": columns, "excludedDatasetColumns": columns}}
    return str(world.described("solution", world.solution(world.group(), solutionConfig=config))["status"])


def incremental(world: World) -> Any:
    solution = world.solution(world.group(), "aws-semantic-similarity")
    return world.described("solution", solution).get("performIncrementalUpdate")


def deletion_arn(world: World) -> bool:
    job = world.api.create_data_deletion_job(
        jobName="gdpr", datasetGroupArn=world.group(), dataSource={"dataLocation": "s3://b/k/"}, roleArn=ROLE
    )
    return bool(job["dataDeletionJobArn"].endswith("/gdpr"))


def attribution_arn(world: World) -> bool:
    made = world.api.create_metric_attribution(
        name="sales",
        datasetGroupArn=world.group(),
        metrics=[{"eventType": "e", "metricName": "m", "expression": "SUM(Items.PRICE)"}],
        metricsOutputConfig={"roleArn": ROLE},
    )
    return bool(made["metricAttributionArn"].endswith("/sales"))


def type_of(recipe: str) -> Callable[[World], Any]:
    return lambda world: world.api.describe_recipe(recipeArn=RECIPE + recipe)["recipe"]["recipeType"]


def text_of_not_found(world: World) -> str:
    try:
        world.described("campaign", f"arn:aws:personalize:{REGION}:{ACCOUNT}:campaign/none")
    except ClientError as err:
        return str(err.response["Error"]["Message"]).partition(" arn:")[0]
    return "found"


def semantic_training(world: World) -> str:
    fields: list[dict[str, Any]] = [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TITLE", "type": "string", "itemName": True},
        {"name": "STORY", "type": "string", "textual": True},
    ]
    group = world.group()
    items = world.dataset(group, "Items", world.schema("Items", fields))
    world.imported(items, "ITEM_ID,TITLE,STORY\ni1,a,b\n")
    version = world.version(world.solution(group, "aws-semantic-similarity"))
    return str(world.described("solution version", version)["status"])


def metrics_of(recipe: str, key: str, **config: Any) -> Callable[[World], bool]:
    def act(world: World) -> bool:
        group = world.group_with_data()
        if recipe == "aws-next-best-action":
            world.dataset(group, "Actions")
        version = world.version(world.solution(group, recipe, **config))
        return key in world.api.get_solution_metrics(solutionVersionArn=version)["metrics"]

    return act


def wrong_recipe(world: World) -> None:
    world.campaign(world.trained("aws-item-affinity"))


def incremental_first(world: World) -> None:
    world.start_import(world.dataset(world.group()), importMode="INCREMENTAL")


def start_active_recommender(world: World) -> None:
    from .test_recommenders import shop, start

    recommender = start(world, shop(world))
    world.finish()
    world.api.start_recommender(recommenderArn=recommender)


def campaign_of_a_stopped_version(world: World) -> None:
    version = world.start_version(world.solution(world.group_with_data()))
    world.api.stop_solution_version_creation(solutionVersionArn=version)
    world.campaign(version)


def pages(world: World) -> list[int]:
    for _ in range(4):
        world.group()
    paginator = world.api.get_paginator("list_dataset_groups")
    return [len(page["datasetGroups"]) for page in paginator.paginate(PaginationConfig={"PageSize": 6})]


def batch_job_of_a_deleted_solution(world: World) -> int:
    version = world.trained()
    job, _ = run(world, version, [{"userId": "u1"}])
    assert job["status"] == "ACTIVE"
    world.api.delete_solution(solutionArn=job["solutionVersionArn"].rpartition("/")[0])
    world.finish()
    return len(world.api.list_batch_inference_jobs()["batchInferenceJobs"])


def metadata_of_v2(world: World) -> Any:
    group = world.group_with_data()
    world.imported(world.dataset(group, "Items"), "ITEM_ID,GENRES,PRICE\ni1,a,2.5\n")
    campaign = world.campaign(world.version(world.solution(group, V2)))
    answer = world.runtime.get_recommendations(
        campaignArn=campaign, userId="?", numResults=50, metadataColumns={"ITEMS": ["GENRES"]}
    )
    return next(item["metadata"] for item in answer["itemList"] if item["itemId"] == "i1")


EVENTS = {"solutionConfig": {"eventsConfig": {"eventParametersList": [{"eventType": "buy"}]}}}
V2 = "aws-user-personalization-v2"


@pytest.mark.parametrize(
    ("switch", "act", "by_default", "thrown", "then"),
    [
        ("conflicting_import_error", second_import, "ResourceInUseException", "LimitExceededException", None),
        ("wrong_domain_error", foreign_schema, "InvalidInputException", "ResourceInUseException", None),
        ("wrong_domain_error", recommender_without_domain, "InvalidInputException", "ResourceInUseException", None),
        ("recommender_state_error", start_active_recommender, "ResourceInUseException", "InvalidInputException", None),
        ("dead_parent_error", campaign_of_a_stopped_version, "InvalidInputException", "ResourceInUseException", None),
        ("short_pages", pages, [4], True, [2, 2]),
        ("batch_jobs_outlive_solutions", batch_job_of_a_deleted_solution, 0, True, 1),
        ("v2_metadata_needs_enabling", metadata_of_v2, {"genres": "a"}, True, "InvalidInputException"),
        ("unsuited_recipe_error", wrong_recipe, "InvalidInputException", "ResourceInUseException", None),
        ("first_incremental_import_error", incremental_first, "InvalidInputException", "ResourceInUseException", None),
        ("not_found_text", text_of_not_found, "The given campaign does not exist:", "No {type} {arn}", "No campaign"),
        ("autotrain_mode", autotrain, "InvalidInputException", "accept", "AUTOTRAIN"),
        ("both_column_lists", both_lists, "ACTIVE", "refuse", "InvalidInputException"),
        ("incremental_update_by_default", incremental, None, True, True),
        ("data_deletion_job_arn", deletion_arn, True, "id", False),
        ("metric_attribution_arn", attribution_arn, True, "id", False),
        ("popularity_count_type", type_of("aws-popularity-count"), "POPULAR_ITEMS", "USER_PERSONALIZATION", None),
        ("semantic_similarity_type", type_of("aws-semantic-similarity"), "RELATED_ITEMS", "USER_PERSONALIZATION", None),
        ("semantic_similarity_needs_interactions", semantic_training, "ACTIVE", True, "CREATE FAILED"),
        ("trend_accuracy_metric", metrics_of("aws-trending-now", "trend_prediction_accuracy"), True, "x", False),
        ("area_under_curve_metric", metrics_of("aws-next-best-action", "area_under_the_curve"), True, "auc", False),
        ("weighted_gain_metric", metrics_of(V2, Switches().weighted_gain_metric, **EVENTS), True, "gain", False),
    ],
)
def test_switch(switch: str, act: Callable[[World], Any], by_default: Any, thrown: Any, then: Any) -> None:
    """`then` is the answer after the switch is thrown; None where it is the switch's own value."""
    assert answer(act) == by_default
    assert answer(act, **{switch: thrown}) == (thrown if then is None else then)
