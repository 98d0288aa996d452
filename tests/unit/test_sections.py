"""Sections become resources with all the parameters of their calls; impossible combinations are told first."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pipeline.arns import Arns
from pipeline.params import sections

from .conftest import interactions_schema, params, users_schema

ROLE = "arn:aws:iam::123456789012:role/shop-personalize"
HOME = "s3://shop-input/train/"
GROUP = "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop"
SYNC = {"syncWithLatestSolutionVersion": True}
RECIPE = "arn:aws:personalize:::recipe/"


def read(arns: Arns, **replaced: Any) -> sections.Sections:
    return sections.read(params(**replaced), arns, ROLE, HOME)


def problems(arns: Arns, **replaced: Any) -> list[str]:
    return [str(problem) for problem in read(arns, **replaced).problems]


def solution(**more: Any) -> dict[str, Any]:
    return {"name": "for-you", "recipeArn": f"{RECIPE}aws-user-personalization-v2"} | more


def importing(**job: Any) -> dict[str, Any]:
    """Params whose Interactions have an import job of their own."""
    return {"datasets": {"Interactions": {"name": "i", "schema": interactions_schema(), "importJob": job}}}


def batch(source: str | None = None, output: str | None = None, **more: Any) -> dict[str, Any]:
    """Params with a batch inference job, which may name its places."""
    job: dict[str, Any] = {"jobName": "weekly"} | more
    if source:
        job["jobInput"] = {"s3DataSource": {"path": source}}
    if output:
        job["jobOutput"] = {"s3DataDestination": {"path": output}}
    return {"solution": solution(batchInferenceJobs=[job])}


def attribution(**more: Any) -> dict[str, Any]:
    """Params with a metric attribution."""
    metric = {"eventType": "purchase", "metricName": "sold", "expression": "SAMPLECOUNT()"}
    return {"metricAttribution": {"name": "sales", "metrics": [metric]} | more}


def test_every_call_gets_the_arns_that_the_pipeline_knows(arns: Arns) -> None:
    found = read(arns)
    interactions = found.datasets[0]
    assert found.problems == []
    assert found.dataset_group.arn == GROUP
    assert str(interactions.dataset.arn).endswith(":dataset/shop/INTERACTIONS")
    assert interactions.dataset.parameters["datasetGroupArn"] == GROUP
    assert interactions.schema and interactions.dataset.parameters["schemaArn"] == interactions.schema.arn
    assert interactions.import_job.parameters["roleArn"] == ROLE
    assert found.solutions[0].solution.parameters["datasetGroupArn"] == GROUP


def test_automatic_training_is_off_unless_asked_for(arns: Arns) -> None:
    assert read(arns).solutions[0].solution.parameters["performAutoTraining"] is False
    asked = read(arns, solution=solution(performAutoTraining=True))
    assert asked.solutions[0].solution.parameters["performAutoTraining"] is True


def test_auto_ml_becomes_its_successor_and_the_mail_says_so(arns: Arns) -> None:
    found = read(arns, solution={"name": "for-you", "performAutoML": True})
    parameters = found.solutions[0].solution.parameters
    assert parameters["recipeArn"] == f"{RECIPE}aws-user-personalization-v2"
    assert "performAutoML" not in parameters
    assert any("AutoML is withdrawn" in note for note in found.notes)


@pytest.mark.parametrize(
    ("replaced", "problem"),
    [
        ({"solution": {"name": "a"}}, "$.solution.recipeArn: is missing; for instance arn:aws:personalize:::recipe/"),
        ({"solution": solution(recipeArn=f"{RECIPE}aws-hrnn")}, "aws-hrnn is withdrawn"),
        ({"solution": solution(recipeArn=f"{RECIPE}aws-vod-top-picks")}, "is a recommender's recipe"),
        (
            {"solution": solution(recipeArn=f"{RECIPE}aws-item-affinity")},
            "$.campaign: the recipe aws-item-affinity makes",
        ),
        ({"solution": solution(recipeArn=f"{RECIPE}aws-next-best-action")}, "$.datasets.Actions: is missing"),
        ({"solution": solution(performHPO=True)}, "no hyperparameter optimisation of its own"),
        ({"solution": solution(eventType="click")}, "EVENT_TYPE, which the Interactions schema lacks"),
        ({"solution": solution(performAutoML=True)}, "is not legal with `performAutoML`"),
        ({"solution": solution(datasetGroupArn=f"{GROUP}2")}, "$.solution.datasetGroupArn: the pipeline fills in"),
        ({"solution": solution(solutionVersion={"trainingMode": "UPDATE"})}, "UPDATE needs the recipe"),
        ({"campaign": {"name": "c", "solutionVersionArn": f"{GROUP}/x"}}, "is no version of the solution"),
        ({"campaign": {"name": "c", "deployWhen": {"metric": "m"}, "campaignConfig": SYNC}}, "can't hold a campaign"),
        ({"datasetGroup": {"name": "shop", "roleArn": ROLE}}, "only legal together with `kmsKeyArn`"),
        ({"datasets": {"Interactions": {"name": "i"}}}, "$.datasets.Interactions: lacks its `schema`"),
        ({"datasets": {"Interactions": {"name": "i", "schema": "{"}}}, "not valid JSON"),
        (
            {"datasets": {"Interactions": {"name": "i", "schema": '{"type": "map"}'}}},
            "$.datasets.Interactions.schema.type",
        ),
        ({"datasets": {"Interactions": {"name": "i", "schema": users_schema()}}}, 'must be "Interactions"'),
        (
            importing(roleArn=ROLE + "-2"),
            f"importJob.roleArn: the pipeline can pass only its own role to Personalize, {ROLE}.",
        ),
        (
            importing(dataSource={"dataLocation": "s3://shop-inputs/i/"}),
            "importJob.dataSource.dataLocation: Personalize may read the deployment's bucket only, shop-input.",
        ),
        (importing(dataSource={"dataLocation": "https://shop-input/i/"}), "must be a place in S3, like s3://"),
        (batch(roleArn=ROLE + "-2"), "batchInferenceJobs[0].roleArn: the pipeline can pass only its own role"),
        (batch("s3://other/in/"), "jobInput.s3DataSource.path: Personalize may read the deployment's bucket only"),
        (
            batch(output="s3://other/batch/weekly/output/x/"),
            "jobOutput.s3DataDestination.path: Personalize may write to such places only: "
            "s3://shop-input/train/batch/weekly/output/SOME-NAME/.",
        ),
        (batch(output="s3://shop-input/train/weekly/output/"), "Personalize may write to such places only"),
        (batch(output="s3://shop-input/batch/weekly/output"), "Personalize may write to such places only"),
        (batch(output="https://shop-input/batch/weekly/output/x/"), "Personalize may write to such places only"),
        (batch(output="s3://shop-input/batch/weekly/output/x"), "must be a folder, and end with a slash"),
        (batch(output="s3://shop-input/train/batch/weekly/input/batch/output/"), "lies in the job's input, s3://"),
        (batch("s3://shop-input/batch/a/output/", "s3://shop-input/batch/a/output/"), "lies in the job's input"),
        (
            attribution(metricsOutputConfig={"s3DataDestination": {"path": "s3://shop-input/results/"}}),
            "metricsOutputConfig.s3DataDestination.path: Personalize may write to such places only: "
            "s3://shop-input/train/metrics/sales/output/.",
        ),
        (
            attribution(metricsOutputConfig={"roleArn": f"{ROLE}-2"}),
            "$.metricAttribution.metricsOutputConfig.roleArn: the pipeline can pass only its own role",
        ),
        (batch("s3://shop-input/batch/a/out", "s3://shop-input/batch/a/output/x/"), "lies in the job's input"),
    ],
)
def test_an_impossible_combination_is_told(arns: Arns, replaced: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in problems(arns, **replaced)), problems(arns, **replaced)


def test_a_schema_may_be_given_as_the_text_that_the_call_takes(arns: Arns) -> None:
    text = {"Interactions": {"name": "shop-interactions", "schema": json.dumps(interactions_schema())}}
    given = {"Interactions": {"name": "shop-interactions", "schema": interactions_schema()}}
    assert read(arns, datasets=text).datasets == read(arns, datasets=given).datasets


def test_a_synchronised_campaign_follows_the_newest_version(arns: Arns) -> None:
    campaign = {"name": "c", "campaignConfig": {"syncWithLatestSolutionVersion": True}}
    parameters = read(arns, campaign=campaign).solutions[0].campaigns[0].resource.parameters
    assert parameters["solutionVersionArn"].endswith(":solution/for-you/$LATEST")


def test_a_key_gets_the_deployments_role(arns: Arns) -> None:
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    parameters = read(arns, datasetGroup={"name": "shop", "kmsKeyArn": key}).dataset_group.parameters
    assert parameters["roleArn"] == ROLE


def test_a_metric_attribution_gets_its_place_and_the_deployments_role(arns: Arns) -> None:
    found = read(arns, **attribution()).metric_attributions[0].resource
    assert found.arn is None  # its ARN may have no name in it
    assert found.parameters["datasetGroupArn"] == GROUP
    place = {"path": "s3://shop-input/train/metrics/sales/output/"}
    assert found.parameters["metricsOutputConfig"] == {"roleArn": ROLE, "s3DataDestination": place}


def test_tags_of_all_reach_what_takes_tags_and_nothing_else(arns: Arns) -> None:
    tags = [{"tagKey": "team", "tagValue": "ml"}]
    found = read(arns, tags=tags, **attribution())
    dataset, solution = found.datasets[0], found.solutions[0]
    for tagged in (dataset.dataset, dataset.import_job, solution.solution, solution.solution_version):
        assert tagged.parameters["tags"] == tags
    assert dataset.schema and "tags" not in dataset.schema.parameters
    assert "tags" not in found.metric_attributions[0].resource.parameters


OWN_PLACES = batch("s3://shop-input/elsewhere/in", "s3://shop-input/books/batch/any/output/", roleArn=ROLE)


@pytest.mark.parametrize(
    "replaced",
    [
        importing(roleArn=ROLE, dataSource={"dataLocation": "s3://shop-input/elsewhere/"}),
        OWN_PLACES,
        batch(output="s3://shop-input/train/batch/weekly/output/mine/"),
        batch(filterArn="arn:aws:personalize:eu-west-1:123456789012:filter/any"),
    ],
)
def test_places_in_the_bucket_and_the_deployments_role_may_be_named(arns: Arns, replaced: dict[str, Any]) -> None:
    assert problems(arns, **replaced) == []


def test_what_is_not_known_of_a_deployment_is_not_compared(arns: Arns) -> None:
    for replaced in (importing(roleArn=f"{ROLE}-2", dataSource={"dataLocation": "s3://any/i/"}), OWN_PLACES):
        found = sections.read(params(**replaced), arns, None, None)
        assert found.problems == []
    assert "roleArn" not in sections.read(params(), arns, None, None).datasets[0].import_job.parameters
    slip = batch(output="s3://any/results/")
    assert "s3://BUCKET/batch/weekly/output/" in str(sections.read(params(**slip), arns, None, None).problems[0])
