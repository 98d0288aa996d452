"""personalize-runtime: GetRecommendations, GetPersonalizedRanking, GetActionRecommendations.

Sources: service model of personalize-runtime; "Amazon Personalize endpoints and quotas"; recipe and use case pages.
"""

from __future__ import annotations

import uuid
from typing import Any

from ..exceptions import InvalidInputException
from ..models import PersonalizeBackend
from ..resources import Resource
from .campaigns import version_of
from .common import Params
from .recipes import recipe_of, recipe_of_solution
from .serving import Scored, Served, keeper
from .solution_versions import model_of

DEFAULT_RESULTS = 25
MAX_RESULTS = 500
MAX_RESULTS_WITH_METADATA = 50
MAX_METADATA_COLUMNS = 10
#: Types whose items carry a score.
_WITH_SCORES = ("USER_PERSONALIZATION", "PERSONALIZED_RANKING")


def get_recommendations(backend: PersonalizeBackend, params: Params) -> Params:
    """Campaign or recommender, ACTIVE; user and item as the recipe needs them; 500 results, 50 with metadata of
    10 columns; filters with their values; promotions. Popular items, from the version that is served.

    Source: API GetRecommendations
    """
    source, served = _serving(backend, params)
    if served.type in ("PERSONALIZED_RANKING", "PERSONALIZED_ACTIONS"):
        raise InvalidInputException(f"Recipe {served.recipe.name} does not answer GetRecommendations.")
    for name in served.recipe.needs:
        if not params.get(name):
            raise InvalidInputException(f"{name} must be specified for recipe {served.recipe.name}.")
    user, item = params.get("userId"), params.get("itemId")
    columns = _metadata_columns(source, params)
    most = _number(params, MAX_RESULTS_WITH_METADATA if columns else MAX_RESULTS)
    keep = keeper(backend, served.group_arn, params.get("filterArn"), params.get("filterValues", {}), user, item)
    promoted: dict[str, str] = {}
    found: list[Scored] = []
    for promotion in params.get("promotions", []):
        chosen = keeper(
            backend,
            served.group_arn,
            promotion.get("filterArn"),
            promotion.get("filterValues", {}),
            user,
            item,
        )
        found = served.recommend(chosen, most * promotion.get("percentPromotedItems", 100) // 100, item)
        promoted = {one: promotion.get("name", "") for one, _ in found}
    rest = served.recommend(lambda one: keep(one) and one not in promoted, most - len(found), item)
    return _answer("itemList", [*found, *rest], served, columns, promoted)


def get_personalized_ranking(backend: PersonalizeBackend, params: Params) -> Params:
    """Campaign of a ranking recipe; 1 to 500 items; filters and metadata as above.

    Source: API GetPersonalizedRanking
    """
    source, served = _serving(backend, params)
    if served.type != "PERSONALIZED_RANKING":
        raise InvalidInputException(f"Recipe {served.recipe.name} does not answer GetPersonalizedRanking.")
    if not 1 <= len(params["inputList"]) <= MAX_RESULTS:
        raise InvalidInputException(f"inputList must hold 1 to {MAX_RESULTS} items.")
    columns = _metadata_columns(source, params)
    values = params.get("filterValues", {})
    keep = keeper(backend, served.group_arn, params.get("filterArn"), values, params["userId"])
    ranked = [one for one in served.rank(params["inputList"]) if keep(one[0])]
    return _answer("personalizedRanking", ranked, served, columns)


def get_action_recommendations(backend: PersonalizeBackend, params: Params) -> Params:
    """Campaign of an action recipe; actions by how often they were taken.

    Source: API GetActionRecommendations
    """
    _source, served = _serving(backend, params)
    if served.type != "PERSONALIZED_ACTIONS":
        raise InvalidInputException(f"Recipe {served.recipe.name} does not answer GetActionRecommendations.")
    if not params.get("userId"):
        raise InvalidInputException("userId must be specified.")
    values = params.get("filterValues", {})
    keep = keeper(backend, served.group_arn, params.get("filterArn"), values, params["userId"])
    found = served.recommend(keep, _number(params, MAX_RESULTS))
    actions = [{"actionId": one, "score": score} for one, score in found]
    return {"actionList": actions, "recommendationId": _recommendation_id()}


def _serving(backend: PersonalizeBackend, params: Params) -> tuple[Resource, Served]:
    """The campaign or recommender that is asked, and what it serves. Raises InvalidInput, ResourceNotFound."""
    if ("campaignArn" in params) == ("recommenderArn" in params):
        raise InvalidInputException("Either campaignArn or recommenderArn must be specified.")
    label = "campaign" if "campaignArn" in params else "recommender"
    source = backend.get(label, params[f"{label}Arn"])
    if source.status != "ACTIVE":
        raise InvalidInputException(f"{label.capitalize()} {source.arn} is not ACTIVE; its status is {source.status}.")
    group = source.record["datasetGroupArn"]
    if label == "recommender":
        return source, Served(backend, recipe_of(backend, source.record["recipeArn"]), model_of(source), group)
    version = version_of(backend, source)
    solution = backend.get("solution", version.record["solutionArn"])
    return source, Served(backend, recipe_of_solution(backend, solution), model_of(version), group)


def _metadata_columns(source: Resource, params: Params) -> list[str]:
    columns: list[str] = [c for given in params.get("metadataColumns", {}).values() for c in given]
    config = source.record.get("campaignConfig") or source.record.get("recommenderConfig") or {}
    if columns and not config.get("enableMetadataWithRecommendations"):
        raise InvalidInputException("Metadata with recommendations is not enabled.")
    if len(columns) > MAX_METADATA_COLUMNS:
        raise InvalidInputException(f"At most {MAX_METADATA_COLUMNS} metadata columns can be asked for.")
    return columns


def _number(params: Params, most: int) -> int:
    number: int = params.get("numResults") or DEFAULT_RESULTS
    if number > most:
        raise InvalidInputException(f"numResults must be at most {most}.")
    return number


def _answer(
    key: str, found: list[Scored], served: Served, columns: list[str], promoted: dict[str, str] | None = None
) -> Params:
    items = []
    for one, score in found:
        entry: dict[str, Any] = {"itemId": one}
        if served.type in _WITH_SCORES:
            entry["score"] = score
        if promoted and one in promoted:
            entry["promotionName"] = promoted[one]
        if columns:
            entry["metadata"] = served.metadata(columns, one)
        items.append(entry)
    return {key: items, "recommendationId": _recommendation_id()}


def _recommendation_id() -> str:
    return f"RID-{uuid.uuid4()}"[:40]
