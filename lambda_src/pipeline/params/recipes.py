"""What the pipeline must know of the recipes to find an impossible combination before it costs anything.

Source: Developer Guide, "Choosing a recipe" and the recipes' pages. A recipe that is not listed is left to the service.
"""

from __future__ import annotations

from dataclasses import dataclass

# What a params file that asks for AutoML gets: AutoML chose among recipes that are withdrawn; this is their successor.
AUTO_ML_SUCCESSOR = "aws-user-personalization-v2"


@dataclass(frozen=True)
class Recipe:
    """Datasets that a recipe needs beside Interactions, and what its versions can serve."""

    needs: tuple[str, ...] = ()
    campaigns: bool = True
    batch: tuple[str, ...] = ("batchInferenceJob",)
    hpo: bool = True
    withdrawn: bool = False


SEGMENTS = ("batchSegmentJob",)
RECIPES = {
    "aws-user-personalization-v2": Recipe(hpo=False),
    "aws-user-personalization": Recipe(),
    "aws-personalized-ranking-v2": Recipe(hpo=False),
    "aws-personalized-ranking": Recipe(),
    "aws-similar-items": Recipe(),
    "aws-sims": Recipe(),
    "aws-semantic-similarity": Recipe(needs=("Items",)),
    "aws-trending-now": Recipe(hpo=False, batch=()),
    "aws-popularity-count": Recipe(hpo=False),
    "aws-next-best-action": Recipe(needs=("Actions",), hpo=False, batch=()),
    "aws-item-affinity": Recipe(campaigns=False, batch=SEGMENTS),
    "aws-item-attribute-affinity": Recipe(needs=("Items",), campaigns=False, batch=SEGMENTS),
    "aws-hrnn": Recipe(withdrawn=True),
    "aws-hrnn-metadata": Recipe(withdrawn=True),
    "aws-hrnn-coldstart": Recipe(withdrawn=True),
}


# Nothing is known of it, so nothing is refused.
UNKNOWN = Recipe(batch=("batchInferenceJob", "batchSegmentJob"))


def name_of(recipe_arn: str) -> str:
    """`aws-sims` of `arn:aws:personalize:::recipe/aws-sims`."""
    return recipe_arn.rsplit("/", 1)[-1]


def for_recommenders(recipe_arn: str) -> bool:
    """Whether the recipe is a domain's use case, which CreateRecommender takes and CreateSolution does not."""
    return name_of(recipe_arn).startswith(("aws-ecomm-", "aws-vod-"))


def domain_of(recipe_arn: str) -> str | None:
    """The domain of a recommender's recipe."""
    prefixes = {"aws-ecomm-": "ECOMMERCE", "aws-vod-": "VIDEO_ON_DEMAND"}
    return next((domain for prefix, domain in prefixes.items() if name_of(recipe_arn).startswith(prefix)), None)
