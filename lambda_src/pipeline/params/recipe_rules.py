"""What settings of solutions, campaigns, recommenders and batch jobs may say, by their recipe and the schemas.

Source: Developer Guide, the recipes' pages, "Choosing a recipe", "Hyperparameters and HPO", "Configuring columns to use
when training", "Evaluating ... with metrics"; API reference. What they leave open is left to the service.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.engine.resource_types import Parameters

from . import schedule_expressions
from .recipes import SEGMENTS, Recipe
from .schemas import Avro, field_types

# Where in the section it is, from its own place on, and what is wrong.
Finding = tuple[str, str]
Schemas = Mapping[str, Avro]

NUMERIC = {"int", "long", "float", "double"}
# Most of the trainings in hyperparameter optimisation, one after the other and side by side.
HPO_JOBS = {"maxNumberOfTrainingJobs": 40, "maxParallelTrainingJobs": 10}
RANGES = ("integerHyperParameterRanges", "continuousHyperParameterRanges")
MOST_IN_SEGMENT = 5_000_000  # users (quotas)
EXPRESSION = re.compile(
    r"\s*(?:SUM\(\s*(?P<dataset>Interactions|Items)\.(?P<column>\w+)\s*\)|SAMPLECOUNT\(\s*\))\s*", re.IGNORECASE
)
# What every recipe of items is measured by; others and event weights add to it.
METRICS = (
    "coverage",
    "mean_reciprocal_rank_at_25",
    *(f"{name}_at_{k}" for name in ("normalized_discounted_cumulative_gain", "precision") for k in (5, 10, 25)),
)


def of_solution(name: str, recipe: Recipe, given: Parameters, schemas: Schemas) -> Iterator[Finding]:
    """What is wrong with a solution, `given` as to CreateSolution; `name` is its recipe's."""
    config = given.get("solutionConfig", {})
    if "eventsConfig" in config and not recipe.events_config:
        yield ".solutionConfig.eventsConfig", f"goes with the v2 recipes only, not with {name}. Leave it out."
    if "optimizationObjective" in config and not recipe.objective:
        what = "goes with aws-user-personalization and aws-personalized-ranking only"
        yield ".solutionConfig.optimizationObjective", f"{what}, not with {name}. Leave it out."
    if given.get("performIncrementalUpdate") and not recipe.incremental:
        yield ".performIncrementalUpdate", f"goes with aws-semantic-similarity only, not with {name}. Leave it out."
    if "eventValueThreshold" in config and _number(config["eventValueThreshold"]) is None:
        what = f'is "{config["eventValueThreshold"]}"; write a number in quotation marks, like "0.5".'
        yield ".solutionConfig.eventValueThreshold", what
    expression = config.get("autoTrainingConfig", {}).get("schedulingExpression")
    if expression and (fault := schedule_expressions.training_fault(expression)):
        yield ".solutionConfig.autoTrainingConfig.schedulingExpression", fault
    if given.get("performHPO") and recipe.hpo and "hpoConfig" not in config:
        yield ".solutionConfig.hpoConfig", "is missing: `performHPO` needs to know the ranges and how many trainings."
    yield from _hpo(config.get("hpoConfig", {}))
    yield from _columns(".solutionConfig.trainingDataConfig", config.get("trainingDataConfig", {}), schemas)
    if "Items" in schemas:
        yield from _objective(config.get("optimizationObjective", {}), schemas["Items"])
        yield from _items(name, schemas["Items"])


def of_campaign(name: str, recipe: Recipe, solution: Parameters, campaign: Parameters, gate: Any) -> Iterator[Finding]:
    """What is wrong with a campaign, given as to CreateCampaign, and with its gate."""
    exploration = campaign.get("campaignConfig", {}).get("itemExplorationConfig")
    if exploration is not None and not recipe.exploration:
        what = f"goes with aws-user-personalization only, not with {name}. Leave it out."
        yield ".campaignConfig.itemExplorationConfig", what
    yield from _exploration(".campaignConfig.itemExplorationConfig", exploration or {})
    yield from _influence(".campaignConfig.rankingInfluence", campaign.get("campaignConfig", {}))
    if gate and recipe.metrics_are_known and not _is_metric(gate["metric"], solution):
        close = difflib.get_close_matches(str(gate["metric"]), METRICS, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(METRICS)}."
        yield ".deployWhen.metric", f"{gate['metric']} is no metric of {name}. {hint}"


def of_recommender(name: str, recipe: Recipe, given: Parameters, schemas: Schemas) -> Iterator[Finding]:
    """What is wrong with a recommender, given as to CreateRecommender."""
    config = given.get("recommenderConfig", {})
    if "itemExplorationConfig" in config and not recipe.exploration:
        what = "goes with the use cases that recommend for a user, aws-ecomm-recommended-for-you and aws-vod-top-picks"
        yield ".recommenderConfig.itemExplorationConfig", f"{what}, not with {name}. Leave it out."
    yield from _exploration(".recommenderConfig.itemExplorationConfig", config.get("itemExplorationConfig", {}))
    yield from _columns(".recommenderConfig.trainingDataConfig", config.get("trainingDataConfig", {}), schemas)


def of_batch_job(name: str, recipe: Recipe, job: Parameters, schemas: Schemas) -> Iterator[Finding]:
    """What is wrong with a batch job, given as to its create call."""
    themes = job.get("batchInferenceJobMode") == "THEME_GENERATION"
    if themes and not recipe.themes:
        yield ".batchInferenceJobMode", f"THEME_GENERATION goes with aws-similar-items only, not with {name}."
    if themes and "themeGenerationConfig" not in job:
        yield ".themeGenerationConfig", "is missing: it names the column of Items that has the items' names."
    if "themeGenerationConfig" in job and not themes:
        yield ".themeGenerationConfig", 'needs "batchInferenceJobMode": "THEME_GENERATION".'
    title = job.get("themeGenerationConfig", {}).get("fieldsForThemeGeneration", {}).get("itemName")
    if title and "Items" in schemas and title not in _names(schemas["Items"]):
        where = ".themeGenerationConfig.fieldsForThemeGeneration.itemName"
        yield where, _no_column("Items", title, schemas["Items"])
    if job.get("numResults", 1) < 1:
        yield ".numResults", f"is {job['numResults']}; at least 1 is needed."
    if recipe.batch == SEGMENTS and job.get("numResults", 1) > MOST_IN_SEGMENT:
        yield ".numResults", f"is {job['numResults']:,}; a segment has at most {MOST_IN_SEGMENT:,} users."
    config = job.get("batchInferenceJobConfig", {})
    if "itemExplorationConfig" in config and not recipe.exploration:
        what = f"goes with aws-user-personalization only, not with {name}. Leave it out."
        yield ".batchInferenceJobConfig.itemExplorationConfig", what
    yield from _exploration(".batchInferenceJobConfig.itemExplorationConfig", config.get("itemExplorationConfig", {}))
    yield from _influence(".batchInferenceJobConfig.rankingInfluence", config)


def of_metric(metric: Parameters, schemas: Schemas) -> Iterator[Finding]:
    """What is wrong with a metric of an attribution. Source: API MetricAttribute."""
    match = EXPRESSION.fullmatch(metric["expression"])
    if match is None:
        what = "is none. Write SAMPLECOUNT(), or SUM(Items.COLUMN) or SUM(Interactions.COLUMN)"
        yield ".expression", f'"{metric["expression"][:60]}" {what}.'
        return
    dataset, name = (match["dataset"] or "").capitalize(), match["column"]
    if dataset not in schemas:
        return
    found = next((field for field in schemas[dataset]["fields"] if field["name"] == name), None)
    if found is None:
        yield ".expression", _no_column(dataset, name, schemas[dataset])
    elif not set(field_types(found)) & NUMERIC:
        yield ".expression", f"{dataset}.{name} is {' or '.join(field_types(found))}; a sum is of numbers."


def _hpo(config: Parameters) -> Iterator[Finding]:
    where = ".solutionConfig.hpoConfig"
    for name, most in HPO_JOBS.items():
        text = config.get("hpoResourceConfig", {}).get(name)
        if text is not None and not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
            yield f"{where}.hpoResourceConfig.{name}", f'is "{text}"; write a whole number from 1 to {most} as a text.'
    for kind in RANGES:
        for number, entry in enumerate(config.get("algorithmHyperParameterRanges", {}).get(kind, [])):
            if entry.get("minValue", -math.inf) > entry.get("maxValue", math.inf):
                what = f"begins at {entry['minValue']}, above its end, {entry['maxValue']}. Exchange them."
                yield f"{where}.algorithmHyperParameterRanges.{kind}[{number}]", what


def _columns(where: str, config: Parameters, schemas: Schemas) -> Iterator[Finding]:
    """Columns that a training leaves out, or takes alone, of the datasets whose schemas are known."""
    by_capitals = {kind.upper(): kind for kind in schemas}
    for key in ("excludedDatasetColumns", "includedDatasetColumns"):
        for dataset, names in config.get(key, {}).items():
            kind = by_capitals.get(dataset.upper())
            for number, name in enumerate(names if kind else []):
                if name not in _names(schemas[str(kind)]):
                    yield f"{where}.{key}.{dataset}[{number}]", _no_column(str(kind), name, schemas[str(kind)])


def _objective(objective: Parameters, items: Avro) -> Iterator[Finding]:
    """The column that a solution is optimised for: numbers, and none missing."""
    where, name = ".solutionConfig.optimizationObjective.itemAttribute", objective.get("itemAttribute")
    if name is None:
        if objective.get("objectiveSensitivity", "OFF") != "OFF":
            yield where, "is missing: it names the column of Items that the solution is optimised for."
        return
    found = next((field for field in items["fields"] if field["name"] == name), None)
    if found is None:
        yield where, _no_column("Items", name, items)
    elif not set(field_types(found)) <= NUMERIC:
        types = " or ".join(field_types(found))
        yield where, f"{name} is {types}; an objective is a column of numbers that is never null."


def _items(name: str, items: Avro) -> Iterator[Finding]:
    """What two recipes ask of the Items schema."""
    fields = items["fields"]
    if name == "aws-semantic-similarity" and not (
        any(field.get("itemName") for field in fields) and any(field.get("textual") for field in fields)
    ):
        what = "needs a column of Items with `itemName` and one with `textual`. Set them in its schema."
        yield ".recipeArn", f"{name} {what}"
    own = [field for field in fields if field["name"] not in ("ITEM_ID", "CREATION_TIMESTAMP")]
    if name == "aws-item-attribute-affinity" and all(field.get("textual") for field in own):
        yield ".recipeArn", f"{name} needs a column of Items that is neither textual nor reserved."


def _exploration(where: str, config: Parameters) -> Iterator[Finding]:
    """Exploration's numbers, which are written as texts."""
    for name, least, most in (("explorationWeight", 0.0, 1.0), ("explorationItemAgeCutOff", 1.0, math.inf)):
        text = config.get(name)
        number = _number(text) if text is not None else least
        if number is None or not least <= number <= most:
            span = f"from {least:g} to {most:g}" if most < math.inf else f"of days from {least:g} on"
            yield f"{where}.{name}", f'is "{text}"; write a number {span} as a text.'


def _influence(where: str, config: Parameters) -> Iterator[Finding]:
    for name, value in config.get("rankingInfluence", {}).items():
        if not 0 <= value <= 1:
            yield f"{where}.{name}", f"is {value}; it lies between 0 and 1."


def _is_metric(metric: str, solution: Parameters) -> bool:
    config = solution.get("solutionConfig", {})
    more = {"average_rewards_at_k"} if "optimizationObjective" in config else set()
    weighted = metric.startswith("normalized_discounted_cumulative_gain_with_event_weights")
    return metric in {*METRICS, *more} or (weighted and "eventsConfig" in config)


def _number(text: Any) -> float | None:
    """The number that a text says; None for another text."""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _names(avro: Avro) -> list[str]:
    return [field["name"] for field in avro["fields"]]


def _no_column(dataset: str, name: str, avro: Avro) -> str:
    close = difflib.get_close_matches(name, _names(avro), n=1)
    hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(_names(avro))}."
    return f"{dataset} has no column {name}. {hint}"
