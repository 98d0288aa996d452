"""CreateRecommender, UpdateRecommender, StartRecommender, StopRecommender: training and serving of a use case in one.

Sources: developer guide, "ECOMMERCE use cases", "VIDEO_ON_DEMAND use cases", "Stopping and starting a recommender".
"""

from __future__ import annotations

from ..exceptions import InvalidInputException, ResourceInUseException, error
from ..models import PersonalizeBackend, WorkInSteps
from ..recipes import ITEMS, Recipe
from ..resources import CREATE, RECOMMENDER_START, RECOMMENDER_STOP, Resource, Statuses
from ..training import Selection
from .common import Params, described
from .datasets import dataset_of
from .recipes import recipe_of
from .solution_versions import model_of, train_on, training_data


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE and of the recipe's domain; exploration and metadata only where they are possible; 5 to a
    group. In the training: required datasets, 1000 interactions of the use case's event, 25 users with two; at most
    500 million interactions and 750,000 items.

    Source: guide "ECOMMERCE use cases", "VIDEO_ON_DEMAND use cases"
    """
    group = backend.get_active("dataset group", params["datasetGroupArn"])
    recipe = recipe_of(backend, params["recipeArn"])
    domain = group.record.get("domain")
    if domain is None:
        message = "Please use a domains-specific Dataset Group to create the Recommender"
        raise error(backend.switches.wrong_domain_error, message)
    if recipe.domain != domain:
        message = f"Recipe {recipe.name} is not a use case of the dataset group's domain {domain}."
        raise error(backend.switches.wrong_domain_error, message)
    config = params.get("recommenderConfig", {})
    _check_config(backend, group, recipe, config)
    recommender = backend.create("recommender", params, lambda: _train(backend, recommender, recipe, config))
    return {"recommenderArn": recommender.arn}


def update(backend: PersonalizeBackend, params: Params) -> Params:
    """Recommender ACTIVE or INACTIVE, no update running; other training columns train anew.

    Source: API UpdateRecommender
    """
    recommender = backend.get("recommender", params["recommenderArn"])
    allowed = ("ACTIVE", "INACTIVE") if backend.switches.update_inactive_recommender else ("ACTIVE",)
    if recommender.status not in allowed:
        raise ResourceInUseException(f"Resource {recommender.arn} is in use: its status is {recommender.status}.")
    recipe = recipe_of(backend, recommender.record["recipeArn"])
    group = backend.get("dataset group", recommender.record["datasetGroupArn"])
    config = params["recommenderConfig"]
    _check_config(backend, group, recipe, config)
    before = recommender.record.get("recommenderConfig", {})
    # Other training columns mean training anew; the rest is only deployed.
    retrains = config.get("trainingDataConfig") != before.get("trainingDataConfig")

    def begin() -> WorkInSteps:
        trained = (yield from _train(backend, recommender, recipe, config)) if retrains else None

        def apply() -> None:
            recommender.record["recommenderConfig"] = config
            if trained is not None:
                trained()

        return apply

    backend.update(recommender, {"recommenderConfig": config}, CREATE, begin)
    return {"recommenderArn": recommender.arn}


def start(backend: PersonalizeBackend, params: Params) -> Params:
    """Recommender INACTIVE.

    Source: guide "Stopping and starting a recommender"
    """
    return _switch(backend, params["recommenderArn"], "Start", "INACTIVE", RECOMMENDER_START)


def stop(backend: PersonalizeBackend, params: Params) -> Params:
    """Recommender ACTIVE and not being updated.

    Source: guide "Stopping and starting a recommender"
    """
    return _switch(backend, params["recommenderArn"], "Stop", "ACTIVE", RECOMMENDER_STOP)


def describe(backend: PersonalizeBackend, params: Params) -> Params:
    """Shows `modelMetrics` unless it is being created or deleted.

    Source: guide "Evaluating a recommender"
    """
    recommender = backend.look("recommender", params["recommenderArn"])
    answer = described(backend, recommender)
    # "null while creating or deleting"
    if recommender.status is not None and not recommender.status.startswith(("CREATE", "DELETE")):
        answer["modelMetrics"] = dict(model_of(recommender).metrics)
    return {"recommender": answer}


def _switch(backend: PersonalizeBackend, arn: str, verb: str, needed: str, statuses: Statuses) -> Params:
    recommender = backend.get("recommender", arn)
    if recommender.status != needed or recommender.busy:
        raise error(
            backend.switches.recommender_state_error,
            f"Resource {arn} is in use: its status is {recommender.status}, not {needed}.",
        )
    backend.run_job(
        recommender,
        f"recommender {verb.lower()}",
        {statuses: recommender.record},
        operation=f"{verb}Recommender",
    )
    return {"recommenderArn": arn}


def _check_config(backend: PersonalizeBackend, group: Resource, recipe: Recipe, config: Params) -> None:
    if config.get("itemExplorationConfig") and not recipe.exploration:
        raise InvalidInputException(f"itemExplorationConfig is not supported by recipe {recipe.name}.")
    if config.get("enableMetadataWithRecommendations") and dataset_of(backend, group.arn, ITEMS) is None:
        raise InvalidInputException("enableMetadataWithRecommendations needs an Items dataset.")


def _train(backend: PersonalizeBackend, recommender: Resource, recipe: Recipe, config: Params) -> WorkInSteps:
    group = recommender.record["datasetGroupArn"]
    selection = Selection(recipe.event, any_case=not backend.switches.use_case_event_case_sensitive)
    columns = config.get("trainingDataConfig", {})
    model = yield from train_on(backend, group, recipe, training_data(backend, group, recipe, selection, columns))

    def commit() -> None:
        recommender.inner["model"] = model

    return commit
