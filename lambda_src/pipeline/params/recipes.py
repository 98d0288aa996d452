"""What the pipeline must know of the recipes to find an impossible combination before it costs anything.

Source: Developer Guide, "Choosing a recipe" and the recipes' pages. A recipe that is not listed is left to the service.
"""

from __future__ import annotations

from dataclasses import dataclass

# What a params file that asks for AutoML gets: AutoML chose among recipes that are withdrawn; this is their successor.
AUTO_ML_SUCCESSOR = "aws-user-personalization-v2"


@dataclass(frozen=True)
class Recipe:
    """Datasets that a recipe needs beside Interactions, what its versions can serve, and which settings it takes."""

    needs: tuple[str, ...] = ()
    campaigns: bool = True
    batch: tuple[str, ...] = ("batchInferenceJob",)
    hpo: bool = True
    withdrawn: bool = False
    events_config: bool = False
    objective: bool = False
    exploration: bool = False
    incremental: bool = False
    themes: bool = False
    metrics_are_known: bool = True
    line: tuple[str, ...] = ("userId",)  # what a line of a batch job's input must have


SEGMENTS = ("batchSegmentJob",)
RANKED = ("userId", "itemList")
ACTIONS = "aws-next-best-action"  # the one recipe that recommends actions
RECIPES = {
    "aws-user-personalization-v2": Recipe(hpo=False, events_config=True),
    "aws-user-personalization": Recipe(objective=True, exploration=True),
    "aws-personalized-ranking-v2": Recipe(hpo=False, events_config=True, line=RANKED),
    "aws-personalized-ranking": Recipe(objective=True, line=RANKED),
    "aws-similar-items": Recipe(themes=True, line=("itemId",)),
    "aws-sims": Recipe(line=("itemId",)),
    "aws-semantic-similarity": Recipe(needs=("Items",), incremental=True, metrics_are_known=False, line=("itemId",)),
    "aws-trending-now": Recipe(hpo=False, batch=(), metrics_are_known=False),
    "aws-popularity-count": Recipe(hpo=False),
    ACTIONS: Recipe(needs=("Actions",), hpo=False, batch=(), metrics_are_known=False),
    "aws-item-affinity": Recipe(campaigns=False, batch=SEGMENTS, hpo=False, line=("itemId",)),
    "aws-item-attribute-affinity": Recipe(
        needs=("Items",), campaigns=False, batch=SEGMENTS, hpo=False, line=("itemAttributes",)
    ),
    "aws-hrnn": Recipe(withdrawn=True),
    "aws-hrnn-metadata": Recipe(withdrawn=True),
    "aws-hrnn-coldstart": Recipe(withdrawn=True),
}


# Nothing is known of it, so nothing is refused.
UNKNOWN = Recipe(
    batch=("batchInferenceJob", "batchSegmentJob"),
    events_config=True,
    objective=True,
    exploration=True,
    incremental=True,
    themes=True,
    metrics_are_known=False,
    line=(),
)
# Use cases of the domains, as far as they differ.
EXPLORING = ("aws-ecomm-recommended-for-you", "aws-vod-top-picks")
# The event type that a use case learns from; the others take any. Source: Developer Guide, the domains' use cases.
LEARNS_FROM = {
    "aws-ecomm-popular-items-by-views": "View",
    "aws-ecomm-popular-items-by-purchases": "Purchase",
    "aws-ecomm-frequently-bought-together": "Purchase",
    "aws-ecomm-customers-who-viewed-x-also-viewed": "View",
    "aws-vod-because-you-watched-x": "Watch",
    "aws-vod-most-popular": "Watch",
}
# What a use case is asked about, where it is not a user alone. Source: the same.
USE_CASES_ABOUT = {
    "aws-ecomm-frequently-bought-together": ("itemId",),
    "aws-ecomm-customers-who-viewed-x-also-viewed": ("userId", "itemId"),
    "aws-vod-because-you-watched-x": ("userId", "itemId"),
    "aws-vod-more-like-x": ("userId", "itemId"),
}
USE_CASE, EXPLORING_USE_CASE = Recipe(), Recipe(exploration=True)


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
