"""personalize-runtime: GetRecommendations, GetPersonalizedRanking, GetActionRecommendations.

Sources: service model of personalize-runtime; "Amazon Personalize endpoints and quotas"; recipe and use case pages.
"""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from ..exceptions import InvalidInputException
from ..models import PersonalizeBackend
from ..recipes import ITEMS
from ..resources import Resource
from .campaigns import version_of
from .common import Params
from .filters import schemas_of
from .recipes import recipe_of, recipe_of_solution
from .serving import Scored, Served, keeper
from .solution_versions import model_of

DEFAULT_RESULTS = 25
MAX_RESULTS = 500
MAX_RESULTS_WITH_METADATA = 50
MAX_METADATA_COLUMNS = 10
#: Of how many recommendations it is known which campaign or recommender gave them.
REMEMBERED = 10_000


def get_recommendations(backend: PersonalizeBackend, params: Params) -> Params:
    """Campaign or recommender, ACTIVE; user and item as the recipe needs them; 500 results, 50 with metadata of
    10 columns; filters with their values; promotions. What the recipe's algorithm recommends, by the
    version that is served.

    Source: API GetRecommendations
    """
    source, served = _serving(backend, params)
    if served.type in ("PERSONALIZED_RANKING", "PERSONALIZED_ACTIONS"):
        raise InvalidInputException(f"Recipe {served.recipe.name} does not answer GetRecommendations.")
    for name in served.recipe.needs:
        if not params.get(name):
            raise InvalidInputException(f"{name} must be specified for recipe {served.recipe.name}.")
    user, item = params.get("userId"), params.get("itemId")
    columns = _metadata_columns(source, served, params)
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
        found = served.recommend(chosen, most * promotion.get("percentPromotedItems", 100) // 100, user, item)
        promoted = {one: promotion.get("name", "") for one, _ in found}
    rest = served.recommend(lambda one: keep(one) and one not in promoted, most - len(found), user, item)
    return _answer("itemList", [*found, *rest], source, served, columns, promoted)


def get_personalized_ranking(backend: PersonalizeBackend, params: Params) -> Params:
    """Campaign of a ranking recipe; 1 to 500 items; filters and metadata as above.

    Source: API GetPersonalizedRanking
    """
    source, served = _serving(backend, params)
    if served.type != "PERSONALIZED_RANKING":
        raise InvalidInputException(f"Recipe {served.recipe.name} does not answer GetPersonalizedRanking.")
    if not 1 <= len(params["inputList"]) <= MAX_RESULTS:
        raise InvalidInputException(f"inputList must hold 1 to {MAX_RESULTS} items.")
    columns = _metadata_columns(source, served, params)
    values = params.get("filterValues", {})
    keep = keeper(backend, served.group_arn, params.get("filterArn"), values, params["userId"])
    ranked = [one for one in served.rank(params["inputList"], params["userId"]) if keep(one[0])]
    return _answer("personalizedRanking", ranked, source, served, columns)


def get_action_recommendations(backend: PersonalizeBackend, params: Params) -> Params:
    """Campaign of an action recipe; actions by how likely the user takes them.

    Source: API GetActionRecommendations
    """
    source, served = _serving(backend, params)
    if served.type != "PERSONALIZED_ACTIONS":
        raise InvalidInputException(f"Recipe {served.recipe.name} does not answer GetActionRecommendations.")
    if not params.get("userId"):
        raise InvalidInputException("userId must be specified.")
    values = params.get("filterValues", {})
    keep = keeper(backend, served.group_arn, params.get("filterArn"), values, params["userId"])
    found = served.recommend(keep, _number(params, MAX_RESULTS), params["userId"])
    actions = [{"actionId": one, "score": score} for one, score in found]
    return {"actionList": actions, "recommendationId": _recommendation_id(served.backend, source)}


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


def _metadata_columns(source: Resource, served: Served, params: Params) -> list[str]:
    """The columns that are asked for, as the schema spells them; in a request any case will do."""
    given = params.get("metadataColumns", {})
    if unknown := sorted(set(given) - {ITEMS}):
        raise InvalidInputException(f"metadataColumns can name columns of {ITEMS}, and not of {', '.join(unknown)}.")
    columns: list[str] = given.get(ITEMS, [])
    config = source.record.get("campaignConfig") or source.record.get("recommenderConfig") or {}
    on_anyway = served.recipe.name.endswith("-v2") and not served.backend.switches.v2_metadata_needs_enabling
    if columns and not on_anyway and not config.get("enableMetadataWithRecommendations"):
        raise InvalidInputException("Metadata with recommendations is not enabled.")
    if len(columns) > MAX_METADATA_COLUMNS:
        raise InvalidInputException(f"At most {MAX_METADATA_COLUMNS} metadata columns can be asked for.")
    schema = schemas_of(served.backend, source.record["datasetGroupArn"]).get(ITEMS)
    known = {field.name.upper(): field.name for field in schema.fields} if schema else {}
    if unknown := [column for column in columns if column.upper() not in known]:
        raise InvalidInputException(f"The Items dataset has no columns of these names: {', '.join(unknown)}.")
    return [known[column.upper()] for column in columns]


def _number(params: Params, most: int) -> int:
    number: int = params.get("numResults") or DEFAULT_RESULTS
    if number > most:
        raise InvalidInputException(f"numResults must be at most {most}.")
    return number


def _answer(
    key: str,
    found: list[Scored],
    source: Resource,
    served: Served,
    columns: list[str],
    promoted: dict[str, str] | None = None,
) -> Params:
    items = []
    for one, score in found:
        entry: dict[str, Any] = {"itemId": one}
        if served.with_scores:
            entry["score"] = score
        if promoted and one in promoted:
            entry["promotionName"] = promoted[one]
        if columns:
            entry["metadata"] = served.metadata(columns, one)
        items.append(entry)
    return {key: items, "recommendationId": _recommendation_id(served.backend, source)}


def _recommendation_id(backend: PersonalizeBackend, source: Resource) -> str:
    """RID, a UUID without its first six digits, CID, and six digits more: as real ids have been since 2024.

    What gave it is remembered for a while, since events may name it.
    """
    made = f"RID-{str(uuid.uuid4())[6:]}-CID-{secrets.token_hex(3)}"
    backend.recommended_by[made] = source.arn
    if len(backend.recommended_by) > REMEMBERED:
        del backend.recommended_by[next(iter(backend.recommended_by))]
    return made
