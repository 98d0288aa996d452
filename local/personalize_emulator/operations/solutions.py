"""CreateSolution, UpdateSolution, DescribeSolution, and automatic training.

Sources: developer guide, "Configuring automatic training", "Updating a solution to change its automatic training
configuration", "Choosing a recipe".
"""

from __future__ import annotations

import re
from typing import Any

from ..avro import NUMERIC, RECORD_NAMES
from ..exceptions import InvalidInputException, PersonalizeError, ResourceInUseException
from ..models import PersonalizeBackend
from ..recipes import ITEMS, Recipe, required_datasets
from ..resources import CREATE, Resource
from ..settings import DAY
from . import solution_versions
from .common import Params, described, shown
from .datasets import dataset_of, schema_of
from .recipes import custom_recipe

DEFAULT_SCHEDULE = "rate(7 days)"
_SCHEDULE = re.compile(r"rate\((\d+) days?\)")
MAX_HPO_JOBS = {"maxNumberOfTrainingJobs": 40, "maxParallelTrainingJobs": 10}


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE; recipe known and no use case; AutoML refused; HPO, eventsConfig, optimizationObjective and
    incremental updates only with recipes that have them; 40 and 10 HPO jobs at most; rate of 1 to 30 days; 10
    to a group. Automatic training unless switched off.

    Source: guide "Choosing a recipe", "Configuring automatic training"
    """
    group = backend.get_active("dataset group", params["datasetGroupArn"])
    recipe = _recipe(backend, params)
    config = params.get("solutionConfig", {})
    _check_config(backend, params, recipe, config, group)
    needed = required_datasets(recipe, backend.switches) if recipe is not None else ()
    if backend.switches.required_datasets_checked_by == "CreateSolution":
        for kind in needed:
            if dataset_of(backend, group.arn, kind) is None:
                raise InvalidInputException(
                    f"Dataset group {group.arn} has no {kind} dataset, which the recipe requires."
                )
    incremental = recipe is not None and recipe.incremental and backend.switches.incremental_update_by_default
    solution = backend.create(
        "solution",
        params,
        lambda: lambda: schedule_training(backend, solution),
        performHPO=params.get("performHPO", False),
        performAutoML=params.get("performAutoML", False),
        performAutoTraining=params.get("performAutoTraining", True),
        performIncrementalUpdate=params.get("performIncrementalUpdate", incremental or None),
    )
    return {"solutionArn": solution.arn}


def update(backend: PersonalizeBackend, params: Params) -> Params:
    """Solution ACTIVE, no update running; rules of creation for what is given; a new frequency resets the
    schedule.

    Source: guide "Updating a solution to change its automatic training configuration"
    """
    solution = backend.get("solution", params["solutionArn"])
    changes = {k: v for k, v in params.items() if k != "solutionArn"}
    config = changes.get("solutionUpdateConfig", {})
    recipe = _recipe(backend, solution.record)
    group = backend.get("dataset group", solution.record["datasetGroupArn"])
    _check_config(backend, changes, recipe, config, group)
    if solution.status != "ACTIVE":
        raise ResourceInUseException(f"Resource {solution.arn} is in use: its status is {solution.status}.")

    def apply() -> None:
        record = solution.record
        before = (record["performAutoTraining"], schedule(record))
        record |= {k: changes[k] for k in ("performAutoTraining", "performIncrementalUpdate") if k in changes}
        if config:
            record["solutionConfig"] = {**record.get("solutionConfig", {}), **config}
        # A new frequency resets the schedule, turning it on starts it like a new solution's.
        if (record["performAutoTraining"], schedule(record)) != before:
            schedule_training(backend, solution)

    backend.update(solution, changes, CREATE, lambda: apply)
    return {"solutionArn": solution.arn}


def describe(backend: PersonalizeBackend, params: Params) -> Params:
    """Shows `latestSolutionVersion` once there is a version, `latestSolutionUpdate` once there was an update.

    Source: API DescribeSolution
    """
    solution = backend.look("solution", params["solutionArn"])
    answer = described(backend, solution)
    versions = [v for v in backend.all("solution version", solutionArn=solution.arn) if backend.visible(v)]
    if versions:
        answer["latestSolutionVersion"] = shown(versions[-1].record, solution_versions.SUMMARY)
    return {"solution": answer}


def schedule(record: dict[str, Any]) -> float:
    """Seconds between automatic trainings."""
    config = record.get("solutionConfig", {}).get("autoTrainingConfig", {})
    return _days(config.get("schedulingExpression", DEFAULT_SCHEDULE)) * DAY


def schedule_training(backend: PersonalizeBackend, solution: Resource) -> None:
    """Start automatic training anew: the first version within the hour, unless a manual one comes before it."""
    for appointment in solution.appointments:
        appointment.cancelled = True
    solution.appointments.clear()
    if solution.record["performAutoTraining"]:
        hour = backend.settings.duration("first automatic training")
        _appoint(backend, solution, backend.now + hour, unless_trained_since=backend.now)


def _appoint(
    backend: PersonalizeBackend, solution: Resource, when: float, *, unless_trained_since: float | None = None
) -> None:
    """At `when`, train by itself if there are new interactions; then make the next appointment.

    `unless_trained_since` is for the first one, which a version made by hand replaces.
    """

    def train(now: float) -> None:
        versions = list(backend.all("solution version", solutionArn=solution.arn))
        replaced = unless_trained_since is not None and any(
            v.record["creationDateTime"] >= unless_trained_since for v in versions
        )
        period = schedule(solution.record)
        if solution.status == "ACTIVE" and not replaced and solution_versions.has_new_interactions(backend, solution):
            try:
                solution_versions.start(backend, solution, {}, automatic=True)
            except PersonalizeError:
                # Too many versions in training: as with a person's call, only that nobody reads the error.
                period = backend.settings.duration("first automatic training")
        elif not versions:
            # Nothing to train on yet: look again.
            period = backend.settings.duration("first automatic training")
        _appoint(backend, solution, now + period)

    solution.appointments[:] = [backend.agenda.at(when, train, recurring=True)]


def _recipe(backend: PersonalizeBackend, params: Params) -> Recipe | None:
    """The recipe, or None for AutoML that a switch lets pass."""
    if params.get("performAutoML"):
        if "recipeArn" in params:
            raise InvalidInputException("recipeArn must not be specified when performAutoML is true.")
        if backend.switches.perform_auto_ml == "refuse":
            raise InvalidInputException("performAutoML is no longer supported. Specify a recipeArn.")
        return None
    if "recipeArn" not in params:
        raise InvalidInputException("recipeArn must be specified when performAutoML is false.")
    return custom_recipe(backend, params["recipeArn"])


def _check_config(
    backend: PersonalizeBackend, params: Params, recipe: Recipe | None, config: Params, group: Resource
) -> None:
    """Rules of which option goes with which recipe, for creation and update. Raises InvalidInputException."""
    name = recipe.name if recipe is not None else "AutoML"

    def only_if(allowed: bool, what: str) -> None:
        if not allowed:
            raise InvalidInputException(f"{what} is not supported by recipe {name}.")

    if params.get("performHPO"):
        only_if(recipe is None or recipe.hpo, "performHPO")
        if "hpoConfig" not in config:
            raise InvalidInputException("solutionConfig.hpoConfig must be specified when performHPO is true.")
    for key, most in MAX_HPO_JOBS.items():
        given = config.get("hpoConfig", {}).get("hpoResourceConfig", {}).get(key)
        if given is not None and not (given.isdecimal() and 1 <= int(given) <= most):
            raise InvalidInputException(f"{key} must be a number from 1 to {most}.")
    if params.get("performIncrementalUpdate"):
        only_if(recipe is not None and recipe.incremental, "performIncrementalUpdate")
    if "eventsConfig" in config:
        only_if(recipe is not None and recipe.events_config, "eventsConfig")
    if objective := config.get("optimizationObjective"):
        only_if(recipe is not None and recipe.objective, "optimizationObjective")
        _check_objective(backend, group, objective.get("itemAttribute"))
    expression = config.get("autoTrainingConfig", {}).get("schedulingExpression", DEFAULT_SCHEDULE)
    if not 1 <= _days(expression) <= 30:
        raise InvalidInputException("The schedulingExpression must be between rate(1 day) and rate(30 days).")
    if threshold := config.get("eventValueThreshold"):
        try:
            float(threshold)
        except ValueError as err:
            raise InvalidInputException("eventValueThreshold must be a number.") from err
    columns_of = config.get("trainingDataConfig", {})
    if len(columns_of) > 1 and backend.switches.both_column_lists == "refuse":
        raise InvalidInputException("trainingDataConfig can either include or exclude columns.")
    for columns in columns_of.values():
        if unknown := [kind for kind in columns if kind.upper() not in RECORD_NAMES]:
            raise InvalidInputException(f"trainingDataConfig names unknown dataset types: {', '.join(unknown)}.")


def _check_objective(backend: PersonalizeBackend, group: Resource, attribute: str | None) -> None:
    items = dataset_of(backend, group.arn, ITEMS)
    schema = schema_of(backend, items) if items is not None else None
    field = schema.field(attribute) if schema is not None and attribute is not None else None
    if field is None or field.nullable or field.type not in NUMERIC:
        raise InvalidInputException(
            f"itemAttribute {attribute} must be a numeric column of the Items dataset without null."
        )


def _days(expression: str) -> int:
    match = _SCHEDULE.fullmatch(expression)
    assert match is not None  # held against the model's pattern before
    return int(match.group(1))
