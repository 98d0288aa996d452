"""ListRecipes, DescribeRecipe, DescribeAlgorithm, DescribeFeatureTransformation: the service's own catalogue."""

from __future__ import annotations

from typing import Any

from ..exceptions import InvalidInputException, ResourceNotFoundException
from ..models import PersonalizeBackend
from ..recipes import CATALOGUE_DATE, RECIPES, Recipe, catalogue_arn, recipe_type
from ..resources import Resource
from ..service_model import describe_members, summary_members
from .common import Params, page, shown

#: The one feature transformation that published outputs show.
FEATURE_TRANSFORMATION = "JSON-percentile-filtering"

#: What AutoML trains when a switch lets it pass.
_AUTO_ML_RECIPE = RECIPES["aws-popularity-count"]


def recipe_of(backend: PersonalizeBackend, arn: str) -> Recipe:
    """The recipe of an ARN. Raises ResourceNotFoundException."""
    return RECIPES[_name(backend, "recipe", arn, set(RECIPES))]


def custom_recipe(backend: PersonalizeBackend, arn: str) -> Recipe:
    """As `recipe_of`, for CreateSolution, which takes no use case. Raises also InvalidInputException."""
    recipe = recipe_of(backend, arn)
    if recipe.domain is not None:
        raise InvalidInputException(
            f"Recipe {arn} is a use case of domain {recipe.domain}; create a recommender with it."
        )
    return recipe


def recipe_of_solution(backend: PersonalizeBackend, solution: Resource) -> Recipe:
    arn = solution.record.get("recipeArn")
    return custom_recipe(backend, arn) if arn is not None else _AUTO_ML_RECIPE


def describe_recipe(backend: PersonalizeBackend, params: Params) -> Params:
    """The recipes of the guide.

    Source: guide "Choosing a recipe"
    """
    recipe = recipe_of(backend, params["recipeArn"])
    return {"recipe": shown(_record(backend, recipe), describe_members("DescribeRecipe", "recipe"))}


def list_recipes(backend: PersonalizeBackend, params: Params) -> Params:
    """Custom recipes and use cases together, or one domain's use cases; by name; by pages.

    Source: API ListRecipes
    """
    domain = params.get("domain")
    members = summary_members("ListRecipes", "recipes")
    found = [
        shown(_record(backend, recipe), members)
        for recipe in sorted(RECIPES.values(), key=lambda recipe: recipe.name)
        if domain is None or recipe.domain == domain
    ]
    return page(backend, "ListRecipes", "recipes", found, params)


def describe_algorithm(backend: PersonalizeBackend, params: Params) -> Params:
    """One algorithm of each recipe's name, without its parameters.

    Source: API DescribeAlgorithm
    """
    name = _name(backend, "algorithm", params["algorithmArn"], set(RECIPES))
    return {
        "algorithm": {
            "name": name,
            "algorithmArn": catalogue_arn(backend.partition, "algorithm", name),
            "trainingInputMode": "File",
            "creationDateTime": CATALOGUE_DATE,
            "lastUpdatedDateTime": CATALOGUE_DATE,
        }
    }


def describe_feature_transformation(backend: PersonalizeBackend, params: Params) -> Params:
    """The one that published outputs show, without parameters.

    Source: API DescribeFeatureTransformation
    """
    arn = params["featureTransformationArn"]
    name = _name(backend, "feature-transformation", arn, {FEATURE_TRANSFORMATION})
    return {
        "featureTransformation": {
            "name": name,
            "featureTransformationArn": arn,
            "defaultParameters": {},
            "status": "ACTIVE",
            "creationDateTime": CATALOGUE_DATE,
            "lastUpdatedDateTime": CATALOGUE_DATE,
        }
    }


def _name(backend: PersonalizeBackend, kind: str, arn: str, known: set[str]) -> str:
    prefix = catalogue_arn(backend.partition, kind, "")
    name = arn.removeprefix(prefix)
    if not arn.startswith(prefix) or name not in known:
        raise ResourceNotFoundException(arn, kind.replace("-", " "))
    return name


def _record(backend: PersonalizeBackend, recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "recipeArn": catalogue_arn(backend.partition, "recipe", recipe.name),
        "algorithmArn": catalogue_arn(backend.partition, "algorithm", recipe.name),
        "featureTransformationArn": catalogue_arn(backend.partition, "feature-transformation", FEATURE_TRANSFORMATION),
        "status": "ACTIVE",
        "description": recipe.description,
        "recipeType": recipe_type(recipe, backend.switches),
        "domain": recipe.domain,
        "creationDateTime": CATALOGUE_DATE,
        "lastUpdatedDateTime": CATALOGUE_DATE,
    }
