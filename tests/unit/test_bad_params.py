"""A good file with one thing wrong: what is told, and where. Grouped by what is wrong; other tables have more.

Filters: `test_filter_expressions.py`. Settings by recipe, and schedules: `test_recipe_rules.py`. Schemas:
`test_schemas.py`. Data: `test_data_rows.py`, `test_data_files.py`, `test_data_needs.py`. Batch input:
`test_batch_input.py`.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.arns import Arns
from pipeline.boundaries import Boundaries
from pipeline.planning.reading import Surroundings, read_params

from .conftest import ACCOUNT, REGION
from .test_everything import RECIPE, everything

SURROUNDINGS = Surroundings(
    Arns("aws", REGION, ACCOUNT),
    f"arn:aws:iam::{ACCOUNT}:role/shop-personalize",
    "s3://shop-input/",
    lambda section: None,
    Boundaries(),
    "params.json",
)
MISSING = ...
METRIC = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
CLICKED = {"name": "a", "filterExpression": 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'}


def tags(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"tagKey": key, "tagValue": value} for key, value in pairs]


def good() -> dict[str, Any]:
    return copy.deepcopy(everything(metricAttribution={"name": "m", "metrics": [METRIC]}))


def told(document: Any) -> list[str]:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    reading = read_params(body, {}, SURROUNDINGS)
    problems = reading.problems + (reading.sections.problems if reading.sections else [])
    return [str(problem) for problem in dict.fromkeys(problems)]


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good file with another value at a place; `MISSING` takes it out."""
    document: Any = good()
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    at = document
    for step in steps:
        at = at[step]
    if value is MISSING:
        del at[last]
    else:
        at[last] = value
    return document  # type: ignore[no-any-return]


BAD: dict[str, list[tuple[str, Any, str]]] = {
    "tags": [
        ("tags", tags(("aws:x", "y")), "$.tags[0].tagKey: aws:x begins with aws:, which is AWS's own."),
        ("tags", tags(("a", "1"), ("a", "2")), "$.tags: has the key a 2 times. Keep one of them."),
        ("tags", tags(*((f"k{i}", "v") for i in range(51))), "$.tags: has 51 entries; at most 50 are allowed."),
        ("tags", tags(("k" * 129, "v")), "$.tags[0].tagKey: has 129 characters; at most 128 are allowed."),
        ("tags", tags(("", "v")), "$.tags[0].tagKey: has 0 characters; at least 1 are needed."),
        ("tags", tags(("k", "v" * 257)), "$.tags[0].tagValue: has 257 characters; at most 256 are allowed."),
        ("tags", {"a": "b"}, '$.tags: must be of type array, not {"a": "b"}.'),
        ("tags", [{"Key": "a", "Value": "b"}], "$.tags[0].tagKey: is missing; it is required."),
        ("tags", [{"tagKey": "a"}], "$.tags[0].tagValue: is missing; it is required."),
        ("tags", [{"tagKey": "a", "tagValue": 1}], "$.tags[0].tagValue: must be of type string, not 1."),
        (
            "tags",
            tags(("a;b", "v")),
            '$.tags[0].tagKey: "a;b" has other characters than letters, digits, blanks and _ . : / = + - @.',
        ),
        ("tags", tags(("AWS:x", "y")), "$.tags[0].tagKey: AWS:x begins with aws:, which is AWS's own."),
        (
            "solutions.0.tags",
            tags(*((f"s{i}", "v") for i in range(50))),
            "$.solutions[0].tags: comes to 51 tags with those of $.tags; a resource takes 50.",
        ),
        (
            "solutions.0.tags",
            tags(("a", "1"), ("a", "2")),
            "$.solutions[0].tags: has the key a 2 times. Keep one of them.",
        ),
        (
            "datasets.Users.schema.tags",
            [],
            "$.datasets.Users.schema.tags: unknown key. Known here: fields, name, namespace, type, version.",
        ),
    ],
    "frame": [
        ("datasetGroup", MISSING, "$.datasetGroup: is missing; it is required."),
        ("datasets", MISSING, "$.datasets: is missing; it is required."),
        ("datasets.Interactions", MISSING, "$.datasets.Interactions: is missing; it is required."),
        (
            "datasets.Movies",
            {},
            "$.datasets.Movies: unknown key. Known here: Action_Interactions, Actions, Interactions, Items,",
        ),
        ("datasetgroup", {}, "$.datasetgroup: unknown key. Did you mean `datasetGroup`?"),
        ("solutions", {}, "$.solutions: must be of type array, not {}."),
        ("filters", {}, "$.filters: must be of type array, not {}."),
        ("dryRun", "yes", '$.dryRun: must be of type boolean, not "yes".'),
        ("import", "sometimes", '$.import: must be one of ["auto", "always", "never"], not "sometimes".'),
        ("train", True, '$.train: must be one of ["auto", "always", "never"], not true.'),
        ("batch", "maybe", '$.batch: must be one of ["auto", "always", "never"], not "maybe".'),
        (
            "teardown",
            "shopp",
            "$.teardown: must be the dataset group's name again, shop: everything in that group is deleted.",
        ),
        ("teardown", True, "$.teardown: must be of type string, not true."),
        ("dataChecks", "all", '$.dataChecks: must be one of ["full", "sample", "off"], not "all".'),
        ("eventTracker", [{"name": "x"}], '$.eventTracker: must be of type object, not [{"name": "x"}].'),
        (
            "campaign",
            {"name": "x"},
            "$: `campaign` needs `solution`, whose newest version it serves. Or put it into `solutions`.",
        ),
        ("schedules", ["rate(1 day)"], '$.schedules: must be of type object, not ["rate(1 day)"].'),
        ("schedules.train", "rate(1 day)", "$.schedules.train: unknown key. Did you mean `retrain`?"),
        ("$schema", 1, "$.$schema: must be of type string, not 1."),
        ("datasets", [], "$.datasets: must be of type object, not []."),
        (
            "recommenders",
            [{"name": "r", "recipeArn": RECIPE + "aws-ecomm-recommended-for-you"}],
            "$.recommenders[0]: a recommender needs a dataset group with a `domain`. Use `solutions` instead.",
        ),
        (
            "solution",
            {"name": "for-you", "recipeArn": RECIPE + "aws-sims"},
            "$.solutions[0]: has the name of $.solution, for-you. Names are unique.",
        ),
    ],
    "names": [
        (
            "datasetGroup.name",
            "",
            '$.datasetGroup.name: "" is no name: letters, digits, hyphens and underscores, a letter or digit',
        ),
        (
            "datasetGroup.name",
            "-shop",
            '$.datasetGroup.name: "-shop" is no name: letters, digits, hyphens and underscores, a letter or',
        ),
        ("datasetGroup.name", "s" * 64, "$.datasetGroup.name: has 64 characters; at most 63 are allowed."),
        (
            "datasetGroup.name",
            "sho p",
            '$.datasetGroup.name: "sho p" is no name: letters, digits, hyphens and underscores, a letter or',
        ),
        ("datasetGroup.name", 5, "$.datasetGroup.name: must be of type string, not 5."),
        (
            "datasetGroup.domain",
            "TRAVEL",
            '$.datasetGroup.domain: must be one of ["ECOMMERCE", "VIDEO_ON_DEMAND"], not "TRAVEL".',
        ),
        (
            "datasetGroup.roleArn",
            "arn:aws:iam::123456789012:role/x",
            "$.datasetGroup.roleArn: is only legal together with `kmsKeyArn`. Leave it out.",
        ),
        (
            "datasetGroup.kmsKeyArn",
            "alias/x",
            '$.datasetGroup.kmsKeyArn: "alias/x" is not the ARN of a KMS key (an alias is none).',
        ),
        (
            "datasets.Users.name",
            "shop interactions",
            '$.datasets.Users.name: "shop interactions" is no name: letters, digits, hyphens and underscores, a',
        ),
        ("solutions.0.name", "segments", "$.solutions[1]: has the name of $.solutions[0], segments. Names are unique."),
        (
            "solutions.0.campaigns.1.name",
            "web",
            "$.solutions[0].campaigns[1]: has the name of $.solutions[0].campaigns[0], web. Names are unique.",
        ),
        (
            "filters",
            [CLICKED] * 2,
            "$.solutions[0].batchInferenceJobs[0].filterName: clicked is not among `filters`, or shall be absent.",
        ),
        (
            "eventTracker.name",
            "a b",
            '$.eventTracker.name: "a b" is no name: letters, digits, hyphens and underscores, a letter or digit',
        ),
        ("eventTracker", {}, "$.eventTracker.name: is missing; it is required."),
        ("filters.0.name", MISSING, "$.filters[0].name: is missing; it is required."),
        ("filters.0.filterExpression", MISSING, "$.filters[0].filterExpression: is missing; it is required."),
        ("filters.0.filterExpression", "", "$.filters[0].filterExpression: has 0 characters; at least 1 are needed."),
        ("filters.0.state", "gone", '$.filters[0].state: must be one of ["present", "absent"], not "gone".'),
        (
            "metricAttribution.name",
            "x/y",
            '$.metricAttribution.name: "x/y" is no name: letters, digits, hyphens and underscores, a letter or',
        ),
    ],
    "solution": [
        ("solutions.0.recipeArn", MISSING, "$.solutions[0].recipeArn: is missing; for instance"),
        (
            "solutions.0.recipeArn",
            "aws-sims",
            '$.solutions[0].recipeArn: "aws-sims" is not the ARN of a resource of Amazon Personalize.',
        ),
        (
            "solutions.0.recipeArn",
            "arn:aws:personalize:eu-west-1::recipe/aws-sims",
            "$.solutions[0].recipeArn: is arn:aws:personalize:eu-west-1::recipe/aws-sims; recipes are AWS's own:",
        ),
        (
            "solutions.0.recipeArn",
            "arn:aws:personalize:::recipe/aws-hrnn",
            "$.solutions[0].recipeArn: aws-hrnn is withdrawn. aws-user-personalization-v2 is its successor.",
        ),
        (
            "solutions.0.recipeArn",
            RECIPE + "aws-ecomm-recommended-for-you",
            "$.solutions[0].recipeArn: aws-ecomm-recommended-for-you is a recommender's recipe; a solution can't",
        ),
        ("solutions.0.performHPO", "true", '$.solutions[0].performHPO: must be of type boolean, not "true".'),
        (
            "solutions.0.performHPO",
            True,
            "$.solutions[0].performHPO: aws-user-personalization-v2 has no hyperparameter optimisation of its",
        ),
        (
            "solutions.0.performAutoML",
            True,
            "$.solutions[0].recipeArn: is not legal with `performAutoML`. Drop the latter.",
        ),
        ("solutions.0.eventType", "e" * 257, "$.solutions[0].eventType: has 257 characters; at most 256 are allowed."),
        ("solutions.0.eventType", 5, "$.solutions[0].eventType: must be of type string, not 5."),
        (
            "solutions.0.solutionConfig",
            {"algorithmHyperParameters": {"a": 1}},
            "$.solutions[0].solutionConfig.algorithmHyperParameters.a: must be of type string, not 1.",
        ),
        (
            "solutions.0.solutionConfig",
            {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "41"}}},
            '$.solutions[0].solutionConfig.hpoConfig.hpoResourceConfig.maxNumberOfTrainingJobs: is "41"; write a whole',
        ),
        (
            "solutions.0.solutionConfig",
            {"eventsConfig": {"eventParametersList": [{"eventType": "click", "weight": 2}]}},
            "$.solutions[0].solutionConfig.eventsConfig.eventParametersList[0].weight: is 2; at most 1 is",
        ),
        (
            "solutions.0.solutionConfig",
            {"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}},
            "$.solutions[0].solutionConfig.autoTrainingConfig.schedulingExpression: is rate(31 days); write a",
        ),
        (
            "solutions.0.solutionConfig",
            {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"}},
            "$.solutions[0].solutionConfig.optimizationObjective: goes with aws-user-personalization and",
        ),
        (
            "solutions.0.solutionConfig",
            {"trainingDataConfig": {"excludedDatasetColumns": {"Interactions": ["NOPE"]}}},
            "$.solutions[0].solutionConfig.trainingDataConfig.excludedDatasetColumns.Interactions[0]: Interactions has",
        ),
        (
            "solutions.0.solutionVersion",
            {"trainingMode": "UPDATE"},
            "$.solutions[0].solutionVersion.trainingMode: UPDATE needs the recipe aws-user-personalization, not",
        ),
        (
            "solutions.0.solutionVersion",
            {"trainingMode": "SOMETIMES"},
            '$.solutions[0].solutionVersion.trainingMode: must be one of ["FULL", "UPDATE", "AUTOTRAIN"], not',
        ),
        (
            "solutions.0.solutionVersion",
            {"name": "x y"},
            '$.solutions[0].solutionVersion.name: "x y" is no name: letters, digits, hyphens and underscores, a',
        ),
        (
            "solutions.0.datasetGroupArn",
            "arn:aws:personalize:eu-west-1:123456789012:dataset-group/other",
            "$.solutions[0].datasetGroupArn: the pipeline fills in",
        ),
        (
            "solutions.0.performIncrementalUpdate",
            True,
            "$.solutions[0].performIncrementalUpdate: goes with aws-semantic-similarity only, not with",
        ),
    ],
    "campaign": [
        ("solutions.0.campaigns.0.name", MISSING, "$.solutions[0].campaigns[0].name: is missing; it is required."),
        (
            "solutions.0.campaigns.0.minProvisionedTPS",
            0,
            "$.solutions[0].campaigns[0].minProvisionedTPS: is 0; at least 1 is needed.",
        ),
        (
            "solutions.0.campaigns.0.minProvisionedTPS",
            "1",
            '$.solutions[0].campaigns[0].minProvisionedTPS: must be of type integer, not "1".',
        ),
        (
            "solutions.0.campaigns.0.minProvisionedTPS",
            1.5,
            "$.solutions[0].campaigns[0].minProvisionedTPS: must be of type integer, not 1.5.",
        ),
        (
            "solutions.0.campaigns.0.minProvisionedTps",
            1,
            "$.solutions[0].campaigns[0].minProvisionedTps: unknown key. Did you mean `minProvisionedTPS`?",
        ),
        (
            "solutions.0.campaigns.0.campaignConfig",
            {"itemExplorationConfig": {"explorationWeight": "0.5"}},
            "$.solutions[0].campaigns[0].campaignConfig.itemExplorationConfig: goes with",
        ),
        (
            "solutions.0.campaigns.0.campaignConfig",
            {"syncWithLatestSolutionVersion": "yes"},
            "$.solutions[0].campaigns[0].campaignConfig.syncWithLatestSolutionVersion: must be of type boolean,",
        ),
        (
            "solutions.0.campaigns.0.campaignConfig",
            {"enableMetadata": True},
            "$.solutions[0].campaigns[0].campaignConfig.enableMetadata: unknown key. Known here:",
        ),
        (
            "solutions.0.campaigns.0.deployWhen",
            {},
            "$.solutions[0].campaigns[0].deployWhen.metric: is missing; it is required.",
        ),
        (
            "solutions.0.campaigns.0.deployWhen",
            {"metric": "coverge", "minimum": 0.1},
            "$.solutions[0].campaigns[0].deployWhen.metric: coverge is no metric of aws-user-personalization-v2.",
        ),
        (
            "solutions.0.campaigns.0.deployWhen",
            {"metric": "coverage", "minimum": "0.1"},
            '$.solutions[0].campaigns[0].deployWhen.minimum: must be of type number, not "0.1".',
        ),
        (
            "solutions.0.campaigns.0.deployWhen",
            {"metric": "coverage", "maxRegression": -1},
            "$.solutions[0].campaigns[0].deployWhen.maxRegression: is -1; at least 0 is needed.",
        ),
        (
            "solutions.0.campaigns.0.solutionVersionArn",
            "x",
            '$.solutions[0].campaigns[0].solutionVersionArn: "x" is not the ARN of a resource of Amazon',
        ),
        (
            "solutions.0.campaigns.0.state",
            "stopped",
            '$.solutions[0].campaigns[0].state: must be one of ["present", "absent"], not "stopped".',
        ),
        (
            "solutions.1.campaigns",
            [{"name": "seg"}],
            "$.solutions[1].campaigns[0]: the recipe aws-item-affinity makes user segments in batch jobs; no",
        ),
        (
            "solutions.0.campaigns.0.campaignConfig",
            {"rankingInfluence": {"POPULARITY": 2}},
            "$.solutions[0].campaigns[0].campaignConfig.rankingInfluence.POPULARITY: is 2; at most 1 is allowed.",
        ),
    ],
    "batch": [
        (
            "solutions.0.batchInferenceJobs.0.jobName",
            MISSING,
            "$.solutions[0].batchInferenceJobs[0].jobName: is missing; it is required.",
        ),
        (
            "solutions.0.batchInferenceJobs.0.numResults",
            0,
            "$.solutions[0].batchInferenceJobs[0].numResults: is 0; at least 1 is needed.",
        ),
        (
            "solutions.0.batchInferenceJobs.0.numResults",
            "5",
            '$.solutions[0].batchInferenceJobs[0].numResults: must be of type integer, not "5".',
        ),
        (
            "solutions.0.batchInferenceJobs.0.filterName",
            "nope",
            "$.solutions[0].batchInferenceJobs[0].filterName: nope is not among `filters`, or shall be absent.",
        ),
        (
            "solutions.0.batchInferenceJobs.0.filterArn",
            "x",
            '$.solutions[0].batchInferenceJobs[0].filterArn: "x" is not the ARN of a resource of Amazon',
        ),
        (
            "solutions.0.batchInferenceJobs.0.jobInput",
            {"s3DataSource": {"path": "s3://other/x"}},
            "$.solutions[0].batchInferenceJobs[0].jobInput.s3DataSource.path: Personalize may read the",
        ),
        (
            "solutions.0.batchInferenceJobs.0.jobInput",
            {"s3DataSource": {"path": "x"}},
            '$.solutions[0].batchInferenceJobs[0].jobInput.s3DataSource.path: "x" is no place in S3, like',
        ),
        (
            "solutions.0.batchInferenceJobs.0.jobOutput",
            {"s3DataDestination": {"path": "s3://shop-input/out"}},
            "$.solutions[0].batchInferenceJobs[0].jobOutput.s3DataDestination.path: Personalize may write to",
        ),
        (
            "solutions.0.batchInferenceJobs.0.batchInferenceJobMode",
            "THEME_GENERATION",
            "$.solutions[0].batchInferenceJobs[0].batchInferenceJobMode: THEME_GENERATION goes with",
        ),
        (
            "solutions.0.batchInferenceJobs.0.batchInferenceJobMode",
            "FAST",
            '$.solutions[0].batchInferenceJobs[0].batchInferenceJobMode: must be one of ["BATCH_INFERENCE",',
        ),
        (
            "solutions.0.batchInferenceJobs.0.batchInferenceJobConfig",
            {"itemExplorationConfig": {"explorationWeight": "0.5"}},
            "$.solutions[0].batchInferenceJobs[0].batchInferenceJobConfig.itemExplorationConfig: goes with",
        ),
        (
            "solutions.0.batchSegmentJobs",
            [{"jobName": "x"}],
            "$.solutions[0].batchSegmentJobs[0]: the recipe aws-user-personalization-v2 can't do this; the batch",
        ),
        (
            "solutions.1.batchInferenceJobs",
            [{"jobName": "x"}],
            "$.solutions[1].batchInferenceJobs[0]: the recipe aws-item-affinity can't do this; the batch jobs",
        ),
        (
            "solutions.1.batchSegmentJobs.0.numResults",
            0,
            "$.solutions[1].batchSegmentJobs[0].numResults: is 0; at least 1 is needed.",
        ),
        (
            "solutions.1.batchSegmentJobs.0.numResults",
            5000001,
            "$.solutions[1].batchSegmentJobs[0].numResults: is 5,000,001; a segment has at most 5,000,000 users.",
        ),
        (
            "solutions.0.batchInferenceJobs.0.roleArn",
            "arn:aws:iam::123456789012:role/other",
            "$.solutions[0].batchInferenceJobs[0].roleArn: the pipeline can pass only its own role to",
        ),
        (
            "solutions.0.batchInferenceJobs.0.themeGenerationConfig",
            {"fieldsForThemeGeneration": {"itemName": "X"}},
            '$.solutions[0].batchInferenceJobs[0].themeGenerationConfig: needs "batchInferenceJobMode":',
        ),
    ],
    "metrics": [
        (
            "metricAttribution.metrics.0.expression",
            "COUNT()",
            '$.metricAttribution.metrics[0].expression: "COUNT()" is none. Write SAMPLECOUNT(), or',
        ),
        (
            "metricAttribution.metrics.0.eventType",
            "e" * 300,
            "$.metricAttribution.metrics[0].eventType: has 300 characters; at most 256 are allowed.",
        ),
        (
            "metricAttribution.metrics",
            [{"eventType": "c", "metricName": f"m{i}", "expression": "SAMPLECOUNT()"} for i in range(11)],
            "$.metricAttribution.metrics: has 11 entries; at most 10 are allowed.",
        ),
        (
            "metricAttribution.metricsOutputConfig",
            {"roleArn": "arn:aws:iam::123456789012:role/other"},
            "$.metricAttribution.metricsOutputConfig.roleArn: the pipeline can pass only its own role to",
        ),
        (
            "metricAttribution.metricsOutputConfig",
            {"s3DataDestination": {"path": "s3://other/"}},
            "$.metricAttribution.metricsOutputConfig.s3DataDestination.path: Personalize may write to such",
        ),
    ],
    "datasets": [
        (
            "datasets.Users.schemaArn",
            "arn:aws:personalize:eu-west-1:123456789012:schema/x",
            "$.datasets.Users: give either `schema` or `schemaArn`.",
        ),
        ("datasets.Users.schema", MISSING, "$.datasets.Users: lacks its `schema`."),
        (
            "datasets.Users.schema",
            "{",
            "$.datasets.Users.schema: not valid JSON at character 2: a name in double quotation marks is missing",
        ),
        ("datasets.Users.schema", "[]", "$.datasets.Users.schema: must be of type object, not []."),
        ("datasets.Users.schema", {}, "$.datasets.Users.schema.type: is missing; it is required."),
        ("datasets.Users.schema.type", "array", '$.datasets.Users.schema.type: must be "record", not "array".'),
        (
            "datasets.Users.schema.name",
            "People",
            '$.datasets.Users.schema.name: must be "Users", the dataset\'s type, not "People".',
        ),
        ("datasets.Users.schema.fields", [], "$.datasets.Users.schema.fields: has 0 entries; at least 1 are needed."),
        (
            "datasets.Users.schema.fields.0.type",
            "text",
            '$.datasets.Users.schema.fields[0].type: is "text"; accepted are "float", "double", "int", "long",',
        ),
        (
            "datasets.Users.schema.fields.0.name",
            "USER ID",
            '$.datasets.Users.schema.fields[0].name: "USER ID" is no column\'s name: letters, digits and',
        ),
        (
            "datasets.Users.schema.fields.1.type",
            ["null", "int", "string"],
            '$.datasets.Users.schema.fields[1].type: is ["null", "int", "string"]; accepted are "float",',
        ),
        (
            "datasets.Users.schema.fields.1.doc",
            "x",
            "$.datasets.Users.schema.fields[1].doc: unknown key. Known here: categorical, itemName, name,",
        ),
        (
            "datasets.Users.importJob",
            {"importMode": "PARTIAL"},
            '$.datasets.Users.importJob.importMode: must be one of ["FULL", "INCREMENTAL"], not "PARTIAL".',
        ),
        (
            "datasets.Users.importJob",
            {"jobName": "x y"},
            '$.datasets.Users.importJob.jobName: "x y" is no name: letters, digits, hyphens and underscores, a',
        ),
        (
            "datasets.Users.importJob",
            {"dataSource": {"dataLocation": "s3://elsewhere/x/"}},
            "$.datasets.Users.importJob.dataSource.dataLocation: Personalize may read the deployment's bucket",
        ),
        (
            "datasets.Users.importJob",
            {"dataSource": {"dataLocation": "/tmp/x"}},
            '$.datasets.Users.importJob.dataSource.dataLocation: "/tmp/x" is no place in S3, like',
        ),
        (
            "datasets.Users.importJob",
            {"roleArn": "arn:aws:iam::123456789012:role/other"},
            "$.datasets.Users.importJob.roleArn: the pipeline can pass only its own role to Personalize,",
        ),
        (
            "datasets.Users.importJob",
            {"publishAttributionMetricsToS3": "yes"},
            '$.datasets.Users.importJob.publishAttributionMetricsToS3: must be of type boolean, not "yes".',
        ),
        (
            "datasets.Users.datasetType",
            "Items",
            "$.datasets.Users.datasetType: the pipeline fills in Users. Leave it out.",
        ),
        ("datasets.Users.name", MISSING, "$.datasets.Users.name: is missing; it is required."),
    ],
}
CASES = [
    pytest.param(*case, id=f"{group}: {case[0]} {number}")
    for group, cases in BAD.items()
    for number, case in enumerate(cases)
]


def test_the_good_file_is_good() -> None:
    assert told(good()) == []


@pytest.mark.parametrize(("path", "value", "problem"), CASES)
def test_one_fault_is_told_alone_and_where_it_is(path: str, value: Any, problem: str) -> None:
    found = told(changed(path, value))
    assert found[0].startswith(problem), found


SLIPS = [
    ('{"a": }', "line 1, column 7: not valid JSON: a value is missing here"),
    ('{"a": yes}', "a value is missing here, or something else stands in its place (texts need quotation marks)"),
    ("{'a': 1}", "line 1, column 2: not valid JSON: a name in double quotation marks is missing here"),
    ('{"a" 1}', "a colon is missing here"),
    ('{"a": 1 "b": 2}', "line 1, column 9: not valid JSON: a comma is missing here, or a closing bracket"),
    ('{"a": 1}}', "the document ends before this place, and more follows"),
    ('{"a": "b', "a text begins here that has no closing quotation mark"),
    ('{"a": "b\nc"}', "a text has a line break or tab in it"),
    ('{"a": "C:\\data"}', "a text has a backslash that says nothing"),
    ('{"a": "\\u12"}', "a text has a backslash that says nothing"),
    ("", "line 1, column 1: not valid JSON: a value is missing here"),
]


@pytest.mark.parametrize(("text", "problem"), SLIPS)
def test_a_slip_of_json_is_told_in_our_own_words(text: str, problem: str) -> None:
    (found,) = told(text.encode())
    assert problem in found
    assert "Expecting" not in found


@given(st.text('{}[]:,"\\ab1 \n\t', max_size=30))
def test_no_word_of_the_parser_is_an_explanation(text: str) -> None:
    for problem in told(text.encode()):
        assert not [
            word for word in ("Expecting", "Invalid", "Unterminated", "breaks off", "delimiter") if word in problem
        ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("solutions.0.solutionConfig", {"algorithmHyperParameters": {"tags": "0.3"}}),
        ("solutions.0.campaigns.0.campaignConfig", {"itemExplorationConfig": {"tags": "0.3"}}),
        ("solutions.0.solutionConfig", {"trainingDataConfig": {"excludedDatasetColumns": {"tags": ["x"]}}}),
    ],
)
def test_tags_are_those_of_resources(path: str, value: Any) -> None:
    assert not [problem for problem in told(changed(path, value)) if "tag" in problem.partition(": ")[2]]


GOOD: dict[str, list[tuple[str, Any]]] = {
    "tags": [
        ("tags", []),
        ("tags", tags(("Team: a/b", ""))),
        ("tags", tags(("awsome", "x"))),
        ("tags", tags(("größe", "ü"))),
        ("solutions.0.tags", tags(("team", "other"))),
        ("tags", tags(*((f"k{number}", "v") for number in range(50)))),
    ],
    "frame": [
        ("$schema", "https://example.com/params.schema.json"),
        ("dryRun", False),
        ("import", "never"),
        ("dataChecks", "off"),
        ("teardown", "shop"),
        ("recommenders", []),
        ("schedules", {}),
        ("filters.0.state", "present"),
    ],
    "names": [
        ("datasetGroup.name", "9"),
        ("datasetGroup.name", "S_-" + "s" * 60),
        ("solutions.0.campaigns.0.name", "for-you"),
        ("eventTracker.name", "shop"),
    ],
    "solution": [
        ("solutions.0.eventType", "click"),
        ("solutions.0.solutionConfig", {"eventValueThreshold": "0.05"}),
        ("solutions.0.solutionConfig", {"algorithmHyperParameters": {"apply_recency_bias": "false"}}),
        ("solutions.0.performAutoTraining", True),
        ("solutions.0.recipeArn", f"{RECIPE}aws-something-of-tomorrow"),
        ("solutions.0.solutionVersion", {"trainingMode": "FULL"}),
        ("solutions.0.performHPO", False),
        ("solutions.0.campaigns", []),
    ],
    "campaign": [
        ("solutions.0.campaigns.0.minProvisionedTPS", MISSING),
        ("solutions.0.campaigns.0.minProvisionedTPS", 2.0),
        ("solutions.0.campaigns.0.campaignConfig", {}),
        ("solutions.0.campaigns.0.deployWhen", {"metric": "coverage", "minimum": 0}),
        ("solutions.0.campaigns.0.deployWhen", {"metric": "precision_at_10", "maxRegression": 0.02}),
        ("solutions.0.campaigns.0.state", "absent"),
    ],
    "batch": [
        ("solutions.0.batchInferenceJobs.0.numResults", 500),
        ("solutions.0.batchInferenceJobs.0.filterName", MISSING),
        ("solutions.1.batchSegmentJobs.0.numResults", 5_000_000),
        ("solutions.0.batchInferenceJobs.0.jobInput", {"s3DataSource": {"path": "s3://shop-input/any/where.json"}}),
    ],
    "metrics": [
        ("metricAttribution.metrics.0.expression", "sum( interactions.EVENT_VALUE )"),
        ("metricAttribution.metrics.0.expression", "SUM(Items.PRICE)"),
        ("metricAttribution.metrics.0.metricName", "Clicks, all of them"),
        ("metricAttribution.state", "absent"),
    ],
    "datasets": [
        ("datasets.Users", MISSING),
        ("datasets.Users.schema.version", "1.1"),
        ("datasets.Users.schema.namespace", "any.thing"),
        ("datasets.Users.schema.fields.1.type", ["int", "null"]),
        ("datasets.Users.schema.fields.1.type", ["int"]),
        ("datasets.Users.importJob", {"importMode": "FULL"}),
        ("datasets.Users.importJob", {"dataSource": {"dataLocation": "s3://shop-input/people/all.csv"}}),
    ],
}


@pytest.mark.parametrize(("path", "value"), [case for cases in GOOD.values() for case in cases])
def test_what_is_odd_and_legal_is_not_refused(path: str, value: Any) -> None:
    document = changed(path, value)
    if path == "metricAttribution.metrics.0.expression" and "interactions" in str(value):
        document["datasets"]["Interactions"]["schema"]["fields"].append(
            {"name": "EVENT_VALUE", "type": ["float", "null"]}
        )
    assert told(document) == []
