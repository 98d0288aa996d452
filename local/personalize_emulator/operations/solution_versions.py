"""CreateSolutionVersion, StopSolutionVersionCreation, GetSolutionMetrics: training.

Sources: developer guide, "Manually creating a solution version", "Stopping the creation of a solution version",
"Evaluating an Amazon Personalize solution version with metrics".
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from typing import Any

from ..clock import Pause
from ..exceptions import (
    InvalidInputException,
    JobFailure,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    error,
)
from ..models import PersonalizeBackend, WorkInSteps
from ..quotas import check_volume
from ..recipes import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, Recipe, required_datasets
from ..resources import Resource
from ..service_model import summary_members
from ..settings import HOUR
from ..training import Model, Selection, TrainingData, check_maximums, check_minimums, train
from . import campaigns
from .common import Params
from .datasets import dataset_of, schema_of
from .recipes import recipe_of_solution

SUMMARY = summary_members("ListSolutionVersions", "solutionVersions")

_FROM_SOLUTION = (
    "performHPO",
    "performAutoML",
    "performIncrementalUpdate",
    "recipeArn",
    "eventType",
    "solutionConfig",
    "datasetGroupArn",
)


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Solution ACTIVE; name not taken; UPDATE only with a recipe that has it, after an ACTIVE FULL version and
    with changed data; 20 running to a region. In the training: required datasets, 1000 interactions after
    filtering, 25 users and 1 % of users with two; at most 500 million interactions and 750,000 items (v2 recipes:
    3 billion and 5 million), 1000 actions.

    Source: guide "Manually creating a solution version", "Amazon Personalize endpoints and quotas"
    """
    solution = backend.get_active("solution", params["solutionArn"])
    one_at_a_time = not backend.switches.concurrent_versions_of_a_solution
    if one_at_a_time and any(v.busy for v in backend.all("solution version", solutionArn=solution.arn)):
        raise ResourceInUseException(f"A version of {solution.arn} is being trained already.")
    return {"solutionVersionArn": start(backend, solution, params).arn}


def start(backend: PersonalizeBackend, solution: Resource, params: Params, *, automatic: bool = False) -> Resource:
    """Start a training. Raises the errors of CreateSolutionVersion."""
    mode = params.get("trainingMode", "FULL")
    recipe = recipe_of_solution(backend, solution)
    if mode == "AUTOTRAIN" and backend.switches.autotrain_mode == "refuse":
        raise InvalidInputException("trainingMode AUTOTRAIN cannot be asked for.")
    if mode == "UPDATE":
        _check_update_training(backend, solution, recipe)
    number = secrets.token_hex(4)
    given = params.get("name")
    name = f"{solution.name}/{given or number}"
    if given and _name_is_taken(backend, solution, given):
        raise ResourceAlreadyExistsException(backend.arn(f"solution/{name}"))
    if given and backend.switches.version_name_in_arn:
        number = given
    version = backend.create(
        "solution version",
        {"tags": params["tags"]} if "tags" in params else {},
        lambda: _train(backend, solution, version, recipe),
        arn_parts={"solution": solution.name, "id": number},
        name=name,
        solutionArn=solution.arn,
        trainingMode=mode,
        trainingType="AUTOMATIC" if automatic else "MANUAL",
        **{key: solution.record.get(key) for key in _FROM_SOLUTION},
    )
    version.inner["given name"] = given
    return version


def _name_is_taken(backend: PersonalizeBackend, solution: Resource, given: str) -> bool:
    """Whether another version has the name, within what the switch `version_names_unique_in` says."""
    scope = backend.switches.version_names_unique_in
    links = {"solutionArn": solution.arn} if scope == "solution" else {}
    versions = backend.all("solution version", **links) if scope != "none" else ()
    return any(version.inner.get("given name") == given for version in versions)


def stop(backend: PersonalizeBackend, params: Params) -> Params:
    """CREATE PENDING stops at once, CREATE IN_PROGRESS by way of CREATE STOPPING; anything else is in use.

    Source: guide "Stopping the creation of a solution version"
    """
    version = backend.get("solution version", params["solutionVersionArn"])
    if version.status not in ("CREATE PENDING", "CREATE IN_PROGRESS"):
        raise ResourceInUseException(
            f"The creation of {version.arn} cannot be stopped while its status is {version.status}."
        )
    backend.stop_job(version)
    return {}


def metrics(backend: PersonalizeBackend, params: Params) -> Params:
    """Version ACTIVE; keys by recipe type, values measured on held-out users; none for UPDATE versions.

    Source: guide "Evaluating an Amazon Personalize solution version with metrics"
    """
    version = backend.get("solution version", params["solutionVersionArn"])
    if version.status != "ACTIVE":
        raise ResourceInUseException(
            f"Metrics of {version.arn} are not available while its status is {version.status}."
        )
    _check_metrics_answer(backend, version)
    # "UPDATE versions yield no new metrics": there are none of their own.
    found = {} if version.record["trainingMode"] == "UPDATE" else model_of(version).metrics
    return {"solutionVersionArn": version.arn, "metrics": dict(found)}


def _check_metrics_answer(backend: PersonalizeBackend, version: Resource) -> None:
    """Raises what the switch `solution_metrics` names."""
    answer = backend.switches.solution_metrics
    if answer == "ResourceInUseException":
        ready = version.record["lastUpdatedDateTime"] + backend.settings.duration("metrics after training")
        if backend.now < ready:
            raise ResourceInUseException(f"Metrics of {version.arn} are being computed.")
    elif answer == "AccessDeniedException":
        action = "personalize:GetSolutionMetrics"
        raise error(answer, f"User is not authorized to perform: {action} on resource: {version.arn}")
    elif answer != "answers":
        raise error(answer, f"Metrics of {version.arn} cannot be retrieved.")


def model_of(version: Resource) -> Model:
    """What the training left; an empty model before that."""
    model: Model = version.inner.get("model", Model())
    return model


def has_new_interactions(backend: PersonalizeBackend, solution: Resource) -> bool:
    """Whether interactions arrived since the start of the solution's last training, or ever, before the first."""
    recipe = recipe_of_solution(backend, solution)
    kind = ACTION_INTERACTIONS if recipe.type == "PERSONALIZED_ACTIONS" else INTERACTIONS
    dataset = dataset_of(backend, solution.record["datasetGroupArn"], kind)
    changed = dataset.inner.get("data changed") if dataset is not None else None
    starts = [v.record["creationDateTime"] for v in backend.all("solution version", solutionArn=solution.arn)]
    return changed is not None and (not starts or changed > max(starts))


def check_volumes(backend: PersonalizeBackend, group_arn: str, recipe: Recipe, data: TrainingData) -> None:
    """Raises JobFailure for more data than the quotas of a training."""

    def count(kind: str) -> int:
        dataset = dataset_of(backend, group_arn, kind) if kind in (*recipe.requires, *recipe.uses) else None
        return backend.rows.count(dataset.arn) if dataset is not None and dataset.arn in backend.rows else 0

    if INTERACTIONS in data.tables:
        check_maximums(data, recipe, count(ITEMS), backend.settings)
    if recipe.type == "PERSONALIZED_ACTIONS" and backend.switches.training_above_quota == "fail":
        check_volume(backend.settings, "actions in training", count(ACTIONS), "Actions in the training")
        events = count(ACTION_INTERACTIONS)
        check_volume(backend.settings, "action interactions in training", events, "Action interactions in the training")


def training_data(
    backend: PersonalizeBackend, group_arn: str, recipe: Recipe, selection: Selection, columns: Params
) -> TrainingData:
    """What a training uses; `columns` is a TrainingDataConfig. Raises JobFailure when a dataset lacks."""
    for kind in required_datasets(recipe, backend.switches):
        if dataset_of(backend, group_arn, kind) is None:
            raise JobFailure(f"The dataset group has no {kind} dataset, which the recipe requires")
    used = {kind: dataset_of(backend, group_arn, kind) for kind in (INTERACTIONS, *recipe.requires, *recipe.uses)}
    tables = {
        kind: backend.rows.table(dataset.arn)
        for kind, dataset in used.items()
        if dataset is not None and dataset.arn in backend.rows
    }
    schema = schema_of(backend, items) if (items := used.get(ITEMS)) is not None else None
    excluded = columns.get("excludedDatasetColumns", {}).get(ITEMS, [])
    included = columns.get("includedDatasetColumns", {}).get(ITEMS)
    fields = [
        field
        for field in (schema.fields if schema is not None else ())
        if field.name not in excluded and (included is None or field.name in included)
    ]
    return TrainingData(backend.rows, tables, selection, fields)


def train_on(
    backend: PersonalizeBackend, group_arn: str, recipe: Recipe, data: TrainingData, extra_metrics: Sequence[str] = ()
) -> Generator[Pause, None, Model]:
    """Hold the data against minimums and maximums, and train. Raises JobFailure."""
    check_volumes(backend, group_arn, recipe, data)
    needs_interactions = INTERACTIONS in required_datasets(recipe, backend.switches)
    if needs_interactions and INTERACTIONS in data.tables:
        check_minimums(data, backend.settings.minimums)
    if not data.has_interactions and recipe.algorithm != "semantics":
        return Model()
    return (yield from train(data, recipe, backend.settings, extra_metrics, enough_users=needs_interactions))


def _check_item_columns(backend: PersonalizeBackend, group_arn: str, recipe: Recipe) -> None:
    """What two recipes ask of the Items schema. Raises JobFailure."""
    dataset = dataset_of(backend, group_arn, ITEMS)
    schema = schema_of(backend, dataset) if dataset is not None else None
    if schema is None:
        return
    if recipe.name == "aws-semantic-similarity" and not (
        any(f.item_name for f in schema.fields) and any(f.textual for f in schema.fields)
    ):
        raise JobFailure("The Items schema needs one field with itemName and one textual field")
    if recipe.name == "aws-item-attribute-affinity" and not any(
        not f.textual and f.name not in ("ITEM_ID", "CREATION_TIMESTAMP") for f in schema.fields
    ):
        raise JobFailure("The Items schema needs a metadata column that is neither textual nor reserved")


def _train(backend: PersonalizeBackend, solution: Resource, version: Resource, recipe: Recipe) -> WorkInSteps:
    group = version.record["datasetGroupArn"]
    config = version.record.get("solutionConfig", {})
    threshold = config.get("eventValueThreshold")
    selection = Selection(version.record.get("eventType"), float(threshold) if threshold else None)
    columns = config.get("trainingDataConfig", {})
    data = training_data(backend, group, recipe, selection, columns)
    _check_item_columns(backend, group, recipe)
    extra = []
    if config.get("optimizationObjective"):
        extra.append("average_rewards_at_k")
    if config.get("eventsConfig"):
        extra.append(backend.switches.weighted_gain_metric)
    model = yield from train_on(backend, group, recipe, data, extra)
    began = version.record["creationDateTime"]

    def commit() -> None:
        version.inner["model"] = model
        version.record["trainingHours"] = round((backend.now - began) / HOUR, 3)
        if version.record["performHPO"]:
            version.record["tunedHPOParams"] = {"algorithmHyperParameters": _tuned(config)}
        for campaign in backend.all("campaign", solutionArn=solution.arn):
            campaigns.synchronise(backend, campaign)

    return commit


def _tuned(config: dict[str, Any]) -> dict[str, str]:
    """A value out of each range that was to be tuned."""
    ranges = config.get("hpoConfig", {}).get("algorithmHyperParameterRanges", {})
    found: dict[str, str] = {}
    for kind in ("integerHyperParameterRanges", "continuousHyperParameterRanges"):
        found |= {r["name"]: str(r["minValue"]) for r in ranges.get(kind, []) if "name" in r and "minValue" in r}
    for entry in ranges.get("categoricalHyperParameterRanges", []):
        if "name" in entry and entry.get("values"):
            found[entry["name"]] = entry["values"][0]
    return found


def _check_update_training(backend: PersonalizeBackend, solution: Resource, recipe: Recipe) -> None:
    if not recipe.update_training:
        raise InvalidInputException(f"trainingMode UPDATE is not supported by recipe {recipe.name}.")
    full = [
        v.record["creationDateTime"]
        for v in backend.all("solution version", solutionArn=solution.arn, trainingMode="FULL")
        if v.status == "ACTIVE"
    ]
    if not full:
        raise InvalidInputException(
            "trainingMode UPDATE needs an active solution version trained with trainingMode FULL."
        )
    group = solution.record["datasetGroupArn"]
    changes = [d.inner.get("data changed", 0.0) for d in backend.all("dataset", datasetGroupArn=group)]
    if not any(change > max(full) for change in changes):
        raise InvalidInputException(
            "There should be updates to at least one dataset after last active solution version "
            "with training mode set to FULL"
        )
