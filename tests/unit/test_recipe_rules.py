"""Settings that don't fit their recipe, the schemas, or Scheduler are told by the plan; odd but good ones pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.arns import Arns
from pipeline.params import document as params_document
from pipeline.params import schedule_expressions, sections

from .conftest import interactions_schema, items_schema, params, users_schema
from .workflow import Deployment, deployed

RECIPE = "arn:aws:personalize:::recipe/"
ITEMS = items_schema(
    {"name": "PRICE", "type": "float"},
    {"name": "MARGIN", "type": ["null", "float"]},
    {"name": "TITLE", "type": "string", "itemName": True},
    {"name": "STORY", "type": ["null", "string"], "textual": True},
)
TEXT_ALONE = {**ITEMS, "fields": [ITEMS["fields"][0], ITEMS["fields"][4]]}
DATASETS = {
    "Interactions": {"name": "i", "schema": interactions_schema()},
    "Users": {"name": "u", "schema": users_schema()},
    "Items": {"name": "t", "schema": ITEMS},
}


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def solution(recipe: str = "aws-user-personalization", **more: Any) -> dict[str, Any]:
    given = {"name": "s", "recipeArn": RECIPE + recipe, **more}
    return params(datasets=DATASETS, solution=None, campaign=None, solutions=[given])


def config(recipe: str = "aws-user-personalization", **more: Any) -> dict[str, Any]:
    return solution(recipe, solutionConfig=more)


def campaign(recipe: str = "aws-user-personalization", **more: Any) -> dict[str, Any]:
    return solution(recipe, campaigns=[{"name": "c", **more}])


def batch(recipe: str = "aws-similar-items", **more: Any) -> dict[str, Any]:
    return solution(recipe, batchInferenceJobs=[{"jobName": "b", **more}])


def recommender(recipe: str, **more: Any) -> dict[str, Any]:
    group = {"name": "shop", "domain": "VIDEO_ON_DEMAND"}
    events = interactions_schema({"name": "EVENT_TYPE", "type": "string"})
    return params(
        datasetGroup=group,
        datasets={"Interactions": {"name": "i", "schema": events}, "Users": DATASETS["Users"]},
        solution=None,
        campaign=None,
        recommenders=[{"name": "r", "recipeArn": RECIPE + recipe, "recommenderConfig": more}],
    )


def scheduled(expression: str) -> dict[str, Any]:
    return params(schedules={"retrain": expression})


def said(arns: Arns, document: dict[str, Any]) -> list[str]:
    """All that is wrong with a file: by the published schema, or else by what the sections say."""
    found = params_document.schema_problems(document) or sections.read(document, arns, None, None).problems
    return [str(problem) for problem in found]


AT = "$.solutions[0]"
HPO = f"{AT}.solutionConfig.hpoConfig"
JOB = f"{AT}.batchInferenceJobs[0]"
RETRAIN = "$.schedules.retrain"
WHAT_IS_WRONG: list[tuple[dict[str, Any], str]] = [
    # Solutions
    (
        config(eventsConfig={"eventParametersList": [{"eventType": "buy"}]}),
        f"{AT}.solutionConfig.eventsConfig: goes with the v2 recipes only, not with aws-user-personalization.",
    ),
    (
        config("aws-sims", optimizationObjective={"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"}),
        f"{AT}.solutionConfig.optimizationObjective: goes with aws-user-personalization and aws-personalized-ranking",
    ),
    (
        solution("aws-sims", performIncrementalUpdate=True),
        f"{AT}.performIncrementalUpdate: goes with aws-semantic-similarity only, not with aws-sims.",
    ),
    (
        config(optimizationObjective={"itemAttribute": "PRIZE"}),
        f"{AT}.solutionConfig.optimizationObjective.itemAttribute: Items has no column PRIZE. Did you mean PRICE?",
    ),
    (
        config(optimizationObjective={"itemAttribute": "MARGIN"}),
        f"{AT}.solutionConfig.optimizationObjective.itemAttribute: MARGIN is null or float; an objective is a column",
    ),
    (config(eventValueThreshold="high"), f'{AT}.solutionConfig.eventValueThreshold: is "high"; write a number'),
    (config(eventValueThreshold="nan"), f'{AT}.solutionConfig.eventValueThreshold: is "nan"; write a number'),
    (
        config(autoTrainingConfig={"schedulingExpression": "rate(31 days)"}),
        f"{AT}.solutionConfig.autoTrainingConfig.schedulingExpression: is rate(31 days); write a number of days from 1",
    ),
    (
        config(hpoConfig={"hpoResourceConfig": {"maxNumberOfTrainingJobs": "41", "maxParallelTrainingJobs": "10"}}),
        f'{HPO}.hpoResourceConfig.maxNumberOfTrainingJobs: is "41"; write a whole number from 1 to 40 as a text.',
    ),
    (
        config(hpoConfig={"hpoResourceConfig": {"maxParallelTrainingJobs": "ten"}}),
        f'{HPO}.hpoResourceConfig.maxParallelTrainingJobs: is "ten"; write a whole number from 1 to 10 as a text.',
    ),
    (
        config(
            hpoConfig={
                "algorithmHyperParameterRanges": {
                    "integerHyperParameterRanges": [{"name": "bptt", "minValue": 9, "maxValue": 3}]
                }
            }
        ),
        f"{HPO}.algorithmHyperParameterRanges.integerHyperParameterRanges[0]: begins at 9, above its end, 3.",
    ),
    (
        config(trainingDataConfig={"excludedDatasetColumns": {"ITEMS": ["PRICE", "PRIZE"]}}),
        f"{AT}.solutionConfig.trainingDataConfig.excludedDatasetColumns.ITEMS[1]: Items has no column PRIZE.",
    ),
    (
        params(
            datasets={**DATASETS, "Items": {"name": "t", "schema": TEXT_ALONE}},
            solution={"name": "s", "recipeArn": f"{RECIPE}aws-semantic-similarity"},
        ),
        "$.solution.recipeArn: aws-semantic-similarity needs a column of Items with `itemName` and one with `textual`.",
    ),
    (
        params(
            datasets={**DATASETS, "Items": {"name": "t", "schema": TEXT_ALONE}},
            solution={"name": "s", "recipeArn": f"{RECIPE}aws-item-attribute-affinity"},
            campaign=None,
        ),
        "$.solution.recipeArn: aws-item-attribute-affinity needs a column of Items that is neither textual nor",
    ),
    (
        solution() | {"solutions": [{"name": "s", "recipeArn": "arn:aws:personalize:eu-west-1::recipe/aws-sims"}]},
        f"{AT}.recipeArn: is arn:aws:personalize:eu-west-1::recipe/aws-sims; recipes are AWS's own",
    ),
    # Campaigns
    (
        campaign("aws-user-personalization-v2", campaignConfig={"itemExplorationConfig": {"explorationWeight": "0.3"}}),
        f"{AT}.campaigns[0].campaignConfig.itemExplorationConfig: goes with aws-user-personalization only,",
    ),
    (
        campaign(campaignConfig={"itemExplorationConfig": {"explorationWeight": "1.5"}}),
        f"{AT}.campaigns[0].campaignConfig.itemExplorationConfig.explorationWeight: "
        'is "1.5"; write a number from 0 to 1 as a text.',
    ),
    (
        campaign(campaignConfig={"itemExplorationConfig": {"explorationItemAgeCutOff": "0"}}),
        f"{AT}.campaigns[0].campaignConfig.itemExplorationConfig.explorationItemAgeCutOff: "
        'is "0"; write a number of days from 1 on as a text.',
    ),
    (
        campaign(campaignConfig={"rankingInfluence": {"POPULARITY": 2}}),
        f"{AT}.campaigns[0].campaignConfig.rankingInfluence.POPULARITY",
    ),
    (
        campaign(deployWhen={"metric": "precision_at_20", "minimum": 0.1}),
        f"{AT}.campaigns[0].deployWhen.metric: precision_at_20 is no metric of aws-user-personalization. "
        "Did you mean precision_at_25?",
    ),
    (
        campaign(deployWhen={"metric": "average_rewards_at_k", "minimum": 0.1}),
        f"{AT}.campaigns[0].deployWhen.metric: average_rewards_at_k is no metric of",
    ),
    # Batch jobs
    (
        batch(
            "aws-sims",
            batchInferenceJobMode="THEME_GENERATION",
            themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "TITLE"}},
        ),
        f"{JOB}.batchInferenceJobMode: THEME_GENERATION goes with aws-similar-items only, not with aws-sims.",
    ),
    (batch(batchInferenceJobMode="THEME_GENERATION"), f"{JOB}.themeGenerationConfig: is missing: it names the column"),
    (
        batch(themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "TITLE"}}),
        f'{JOB}.themeGenerationConfig: needs "batchInferenceJobMode": "THEME_GENERATION".',
    ),
    (
        batch(
            batchInferenceJobMode="THEME_GENERATION",
            themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "TITEL"}},
        ),
        f"{JOB}.themeGenerationConfig.fieldsForThemeGeneration.itemName: Items has no column TITEL. Did you mean",
    ),
    (batch(numResults=0), f"{JOB}.numResults: is 0; at least 1 is needed."),
    (
        batch(
            "aws-user-personalization",
            batchInferenceJobConfig={"itemExplorationConfig": {"explorationWeight": "much"}},
        ),
        f'{JOB}.batchInferenceJobConfig.itemExplorationConfig.explorationWeight: is "much"; write a number from 0',
    ),
    # Recommenders
    (
        recommender("aws-vod-most-popular", itemExplorationConfig={"explorationWeight": "0.3"}),
        "$.recommenders[0].recommenderConfig.itemExplorationConfig: goes with the use cases that recommend for a user",
    ),
    (
        recommender("aws-vod-top-picks", itemExplorationConfig={"explorationWeight": "-1"}),
        '$.recommenders[0].recommenderConfig.itemExplorationConfig.explorationWeight: is "-1"; write a number from 0',
    ),
    (
        recommender("aws-vod-top-picks", trainingDataConfig={"excludedDatasetColumns": {"USERS": ["AGES"]}}),
        "$.recommenders[0].recommenderConfig.trainingDataConfig.excludedDatasetColumns.USERS[0]: "
        "Users has no column AGES. Did you mean AGE?",
    ),
    # Schedules
    (scheduled("rate(0 days)"), f"{RETRAIN}: rate(0 days): `0` is no whole number from 1 on."),
    (scheduled("rate(1.5 hours)"), f"{RETRAIN}: rate(1.5 hours): `1.5` is no whole number from 1 on."),
    (scheduled("rate(-1 hour)"), f"{RETRAIN}: rate(-1 hour): `-1` is no whole number from 1 on."),
    (scheduled("rate(6 weeks)"), f"{RETRAIN}: rate(6 weeks): `weeks` is no unit; there are minutes, hours and days."),
    (scheduled("rate(6 hour s)"), f"{RETRAIN}: rate(6 hour s): a rate is a number and a unit, as in rate(6 hours)."),
    (scheduled("rate(6 hurs)"), f"{RETRAIN}: rate(6 hurs): `hurs` is no unit; there are minutes, hours and days. Did"),
    (scheduled("cron(0 25 * * ? *)"), f"{RETRAIN}: cron(0 25 * * ? *): hours `25` is none of 0-23."),
    (scheduled("cron(60 3 ? * SUN *)"), "minutes `60` is none of 0-59."),
    (scheduled("cron(0 3 ? * SUNDAY *)"), "day of week `SUNDAY` is none of 1-7 or SUN-SAT. Did you mean SUN?"),
    (scheduled("cron(0 3 ? * 0 *)"), "day of week `0` is none of 1-7 or SUN-SAT."),
    (scheduled("cron(0 3 ? * 6#6 *)"), "day of week `6#6` is none of 1-7 or SUN-SAT."),
    (scheduled("cron(0 3 32 * ? *)"), "day of month `32` is none of 1-31."),
    (scheduled("cron(0 3 1 13 ? *)"), "month `13` is none of 1-12 or JAN-DEC."),
    (scheduled("cron(0 3 1 * ? 1969)"), "year `1969` is none of 1970-2199."),
    (scheduled("cron(0 3 30 2 ? *)"), "day 30 never comes in FEB."),
    (scheduled("cron(0 3 31 APR,JUN ? *)"), "day 31 never comes in APR, JUN."),
    (scheduled("cron(0 3 * * * *)"), "one of day of month and day of week must be `?`, and the other not"),
    (scheduled("cron(0 3 ? * ? *)"), "one of day of month and day of week must be `?`, and the other not"),
    (
        scheduled("cron(0 3 * * *)"),
        "has 5 fields, and needs six (minutes, hours, day of month, month, day of week, year)",
    ),
    (scheduled("cron(*/0 * * * ? *)"), "minutes `*/0` needs a whole number from 1 on after the slash."),
    (scheduled("cron(1- * * * ? *)"), "minutes `1-` is none of 0-59."),
    (scheduled("cron(1,,2 * * * ? *)"), "minutes `` is none of 0-59."),
    (scheduled("cron(? 3 * * ? *)"), "minutes `?` is none of 0-59."),
    (scheduled("at(2027-02-30T00:00:00)"), "there is no such moment as 2027-02-30T00:00:00."),
    (scheduled("at(2027-02-20)"), "the moment has the form yyyy-mm-ddThh:mm:ss, as in at(2027-01-31T03:00:00)"),
    (scheduled("at(2027-02-20T00:00:00Z)"), "the moment has the form yyyy-mm-ddThh:mm:ss"),
    (scheduled("at(tomorrow)"), "the moment has the form yyyy-mm-ddThh:mm:ss"),
]
ODD_BUT_GOOD = [
    solution("aws-hyper-modern", performIncrementalUpdate=True, solutionConfig={"eventsConfig": {}}),
    config("aws-user-personalization-v2", eventsConfig={"eventParametersList": [{"eventType": "b", "weight": 1}]}),
    config(optimizationObjective={"itemAttribute": "PRICE", "objectiveSensitivity": "OFF"}),
    config(eventValueThreshold=" 1e-3 "),
    config(autoTrainingConfig={"schedulingExpression": "rate(1 day)"}),
    config(autoTrainingConfig={"schedulingExpression": "rate(30 days)"}),
    config(hpoConfig={"hpoResourceConfig": {"maxNumberOfTrainingJobs": "40", "maxParallelTrainingJobs": "1"}}),
    config(
        hpoConfig={
            "algorithmHyperParameterRanges": {
                "continuousHyperParameterRanges": [{"name": "x", "minValue": 0.5, "maxValue": 0.5}, {"name": "y"}]
            }
        }
    ),
    config(trainingDataConfig={"includedDatasetColumns": {"items": ["PRICE"], "USERS": ["AGE"]}}),
    config(trainingDataConfig={"excludedDatasetColumns": {"ACTIONS": ["WHO_KNOWS"]}}),
    solution("aws-semantic-similarity", performIncrementalUpdate=True),
    solution("aws-item-attribute-affinity"),
    campaign(campaignConfig={"itemExplorationConfig": {"explorationWeight": "0", "explorationItemAgeCutOff": "30.0"}}),
    campaign(campaignConfig={"itemExplorationConfig": {"somethingNew": "x"}}),
    campaign(campaignConfig={"rankingInfluence": {"POPULARITY": 0, "FRESHNESS": 1.0}}),
    campaign(deployWhen={"metric": "coverage", "minimum": 0}),
    campaign("aws-trending-now", deployWhen={"metric": "trend_prediction_accuracy", "minimum": 0}),
    campaign("aws-hyper-modern", deployWhen={"metric": "joy", "minimum": 0}),
    solution(
        solutionConfig={"optimizationObjective": {"itemAttribute": "PRICE"}},
        campaigns=[{"name": "c", "deployWhen": {"metric": "average_rewards_at_k", "minimum": 0}}],
    ),
    solution(
        "aws-user-personalization-v2",
        solutionConfig={"eventsConfig": {"eventParametersList": [{"eventType": "buy"}]}},
        campaigns=[
            {
                "name": "c",
                "deployWhen": {
                    "metric": "normalized_discounted_cumulative_gain_with_event_weights_at_10",
                    "minimum": 0,
                },
            }
        ],
    ),
    batch(
        batchInferenceJobMode="THEME_GENERATION",
        themeGenerationConfig={"fieldsForThemeGeneration": {"itemName": "TITLE"}},
    ),
    batch(batchInferenceJobMode="BATCH_INFERENCE", numResults=1),
    batch("aws-user-personalization", batchInferenceJobConfig={"itemExplorationConfig": {"explorationWeight": "1"}}),
    recommender("aws-vod-top-picks", itemExplorationConfig={"explorationWeight": "0.3"}),
    recommender("aws-vod-most-popular", minRecommendationRequestsPerSecond=1),
    *map(
        scheduled,
        [
            *("rate(1 minute)", "rate(1 days)", "rate(007 hours)", "rate(6  hours)", "at(2020-01-01T00:00:00)"),
            *("cron(0 3 ? * SUN *)", "cron(0/15 8-18 ? * mon-fri *)", "cron(*/5 * * * ? *)", "cron(0 3 L * ? *)"),
            *("cron(0 3 LW * ? *)", "cron(0 3 15W * ? *)", "cron(0 3 L-3 * ? *)", "cron(0 3 ? * 6#3 *)"),
            *(
                "cron(0 3 ? * 2L *)",
                "cron(0 3 29 FEB ? *)",
                "cron(0 3 30,31 2,3 ? *)",
                "cron(0,30 3 1 1-12/3 ? 2027-2030)",
            ),
            *("cron(0  3 ?  * SUN *)", "cron(0 3 ? * FRI-MON *)", "cron(0 3 ? JAN,feb 1 *)"),
        ],
    ),
]


@pytest.mark.parametrize(("document", "what"), WHAT_IS_WRONG, ids=[what for _, what in WHAT_IS_WRONG])
def test_what_does_not_fit_is_told_at_its_place(arns: Arns, document: dict[str, Any], what: str) -> None:
    (problem,) = said(arns, document)
    assert what in problem
    assert problem.startswith("$.")


@pytest.mark.parametrize("document", ODD_BUT_GOOD, ids=str)
def test_what_is_odd_but_good_passes(arns: Arns, document: dict[str, Any]) -> None:
    assert said(arns, document) == []


def test_all_that_does_not_fit_is_told_at_once(arns: Arns) -> None:
    document = solution(
        "aws-sims",
        performIncrementalUpdate=True,
        solutionConfig={
            "eventsConfig": {},
            "eventValueThreshold": "x",
            "hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "0", "maxParallelTrainingJobs": "0"}},
        },
        campaigns=[{"name": "c", "deployWhen": {"metric": "x", "minimum": 0}}],
    ) | {"schedules": {"run": "rate(0 days)", "import": "cron(61 3 ? * SUN *)"}}
    assert len(said(arns, document)) == 8


def test_one_schedule_that_is_none_does_not_hide_the_others(deployment: Deployment) -> None:
    wrong = {"run": "every day", "import": "rate(0 days)", "retrain": "cron(0 3 ? * SUN *)", "weekly": "rate(7 days)"}
    mail = deployment.run(params(schedules=wrong)).mail
    for name, what in (("run", '"every day" is no'), ("import", "rate(0 days): `0`"), ("weekly", "unknown key.")):
        assert f"$.schedules.{name}: {what}" in mail
    assert "$.schedules.retrain" not in mail


def test_a_moment_that_is_past_is_a_note(deployment: Deployment) -> None:
    ended = deployment.run(params(schedules={"retrain": "at(2020-01-31T03:00:00)"}, dryRun=True))
    assert "The schedule `retrain`, at(2020-01-31T03:00:00), is past: it starts nothing more." in ended.mail
    assert ended.succeeded


@given(st.sampled_from(["rate({})", "cron({})", "at({})", "{}"]), st.text(max_size=40))
def test_any_expression_is_taken_or_told(form: str, text: str) -> None:
    expression = form.format(text)
    for fault in (schedule_expressions.fault(expression), schedule_expressions.training_fault(expression)):
        assert fault is None or fault.endswith((".", "?"))


FIELD = st.sampled_from([*"0123456789*?,-/L#W ", "SUN", "JAN", "31", "2027"])


@given(st.lists(FIELD, max_size=30).map("".join))
def test_any_cron_is_taken_or_told(fields: str) -> None:
    fault = schedule_expressions.fault(f"cron({fields})")
    assert fault is None or fault.endswith((".", "?"))


def test_a_moment_that_is_past() -> None:
    assert schedule_expressions.is_past("at(2026-01-01T00:00:00)", 1_767_225_601)
    assert not schedule_expressions.is_past("at(2026-01-01T00:00:00)", 1_767_225_599)
    assert not schedule_expressions.is_past("rate(1 day)", 1e12)
