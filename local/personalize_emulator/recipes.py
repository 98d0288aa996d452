"""Recipes as data: what each trains on, what it can serve, which parameters go with it.

Sources: developer guide, "Choosing a recipe", the recipe pages, "ECOMMERCE use cases", "VIDEO_ON_DEMAND use cases".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from .settings import Switches

INTERACTIONS, ITEMS, USERS = "INTERACTIONS", "ITEMS", "USERS"
ACTIONS, ACTION_INTERACTIONS = "ACTIONS", "ACTION_INTERACTIONS"
ECOMMERCE, VIDEO = "ECOMMERCE", "VIDEO_ON_DEMAND"

RecipeType = Literal[
    "USER_PERSONALIZATION",
    "PERSONALIZED_RANKING",
    "RELATED_ITEMS",
    "POPULAR_ITEMS",
    "PERSONALIZED_ACTIONS",
    "USER_SEGMENTATION",
]


@dataclass(frozen=True)
class Recipe:
    """One recipe. `domain` marks a use case, which only CreateRecommender takes."""

    name: str
    type: str
    #: What the emulator trains under this name (algorithms/).
    algorithm: str
    requires: tuple[str, ...] = (INTERACTIONS,)
    uses: tuple[str, ...] = (ITEMS, USERS)
    #: Real-time campaigns, batch inference, batch segments.
    campaign: bool = True
    batch: bool = True
    segments: bool = False
    hpo: bool = False
    #: trainingMode UPDATE.
    update_training: bool = False
    events_config: bool = False
    exploration: bool = False
    objective: bool = False
    incremental: bool = False
    themes: bool = False
    domain: str | None = None
    #: Event type of which a use case needs its minimum of interactions.
    event: str | None = None
    #: Event type whose items of a user are left out of what that user is recommended.
    leaves_out: str | None = None
    #: What GetRecommendations must be given.
    needs: tuple[str, ...] = field(default=("userId",))
    description: str = ""


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "aws-user-personalization-v2",
            "USER_PERSONALIZATION",
            "personalization",
            events_config=True,
            description="Recommends items to users, for up to 5 million items.",
        ),
        Recipe(
            "aws-user-personalization",
            "USER_PERSONALIZATION",
            "personalization",
            hpo=True,
            update_training=True,
            exploration=True,
            objective=True,
            description="Recommends items to users and explores new items.",
        ),
        Recipe(
            "aws-personalized-ranking-v2",
            "PERSONALIZED_RANKING",
            "personalization",
            events_config=True,
            description="Orders a list of items for a user, for up to 5 million items.",
        ),
        Recipe(
            "aws-personalized-ranking",
            "PERSONALIZED_RANKING",
            "personalization",
            hpo=True,
            objective=True,
            description="Orders a list of items for a user.",
        ),
        Recipe(
            "aws-similar-items",
            "RELATED_ITEMS",
            "similarity",
            uses=(ITEMS,),
            hpo=True,
            themes=True,
            needs=("itemId",),
            description="Recommends items like a given one, by interactions and metadata.",
        ),
        Recipe(
            "aws-sims",
            "RELATED_ITEMS",
            "co-occurrence",
            uses=(),
            hpo=True,
            needs=("itemId",),
            description="Recommends items that occur together with a given one.",
        ),
        Recipe(
            "aws-semantic-similarity",
            "RELATED_ITEMS",
            "semantics",
            requires=(ITEMS,),
            uses=(INTERACTIONS, USERS),
            incremental=True,
            needs=("itemId",),
            description="Recommends items whose text resembles that of a given one.",
        ),
        Recipe(
            "aws-trending-now",
            "POPULAR_ITEMS",
            "trending",
            uses=(),
            batch=False,
            needs=(),
            description="Recommends items that gain popularity fastest.",
        ),
        Recipe(
            "aws-popularity-count",
            "POPULAR_ITEMS",
            "popularity",
            uses=(),
            description="Recommends the items with the most interactions.",
        ),
        Recipe(
            "aws-next-best-action",
            "PERSONALIZED_ACTIONS",
            "actions",
            requires=(ACTIONS, INTERACTIONS),
            uses=(ACTION_INTERACTIONS, USERS, ITEMS),
            batch=False,
            description="Recommends actions to users.",
        ),
        Recipe(
            "aws-item-affinity",
            "USER_SEGMENTATION",
            "affinity",
            campaign=False,
            batch=False,
            segments=True,
            description="Finds the users most likely to be interested in an item.",
        ),
        Recipe(
            "aws-item-attribute-affinity",
            "USER_SEGMENTATION",
            "affinity",
            requires=(INTERACTIONS, ITEMS),
            uses=(USERS,),
            campaign=False,
            batch=False,
            segments=True,
            description="Finds the users most likely to be interested in items of some kind.",
        ),
        *(
            Recipe(
                name,
                kind,
                algorithm,
                uses=uses,
                domain=domain,
                event=event,
                needs=needs,
                exploration=exploration,
                requires=requires,
            )
            for name, kind, algorithm, domain, requires, uses, event, needs, exploration in (
                (
                    "aws-ecomm-popular-items-by-views",
                    "POPULAR_ITEMS",
                    "popularity",
                    ECOMMERCE,
                    (INTERACTIONS,),
                    (),
                    "View",
                    ("userId",),
                    False,
                ),
                (
                    "aws-ecomm-popular-items-by-purchases",
                    "POPULAR_ITEMS",
                    "popularity",
                    ECOMMERCE,
                    (INTERACTIONS,),
                    (),
                    "Purchase",
                    ("userId",),
                    False,
                ),
                (
                    "aws-ecomm-frequently-bought-together",
                    "RELATED_ITEMS",
                    "co-occurrence",
                    ECOMMERCE,
                    (INTERACTIONS,),
                    (),
                    "Purchase",
                    ("itemId",),
                    False,
                ),
                (
                    "aws-ecomm-customers-who-viewed-x-also-viewed",
                    "RELATED_ITEMS",
                    "co-occurrence",
                    ECOMMERCE,
                    (INTERACTIONS,),
                    (),
                    "View",
                    ("userId", "itemId"),
                    False,
                ),
                (
                    "aws-ecomm-recommended-for-you",
                    "USER_PERSONALIZATION",
                    "personalization",
                    ECOMMERCE,
                    (INTERACTIONS,),
                    (ITEMS, USERS),
                    None,
                    ("userId",),
                    True,
                ),
                (
                    "aws-vod-because-you-watched-x",
                    "RELATED_ITEMS",
                    "co-occurrence",
                    VIDEO,
                    (INTERACTIONS,),
                    (),
                    "Watch",
                    ("userId", "itemId"),
                    False,
                ),
                (
                    "aws-vod-more-like-x",
                    "RELATED_ITEMS",
                    "similarity",
                    VIDEO,
                    (INTERACTIONS, ITEMS),
                    (),
                    None,
                    ("userId", "itemId"),
                    False,
                ),
                (
                    "aws-vod-most-popular",
                    "POPULAR_ITEMS",
                    "popularity",
                    VIDEO,
                    (INTERACTIONS,),
                    (),
                    "Watch",
                    ("userId",),
                    False,
                ),
                ("aws-vod-trending-now", "POPULAR_ITEMS", "trending", VIDEO, (INTERACTIONS,), (), None, (), False),
                (
                    "aws-vod-top-picks",
                    "USER_PERSONALIZATION",
                    "personalization",
                    VIDEO,
                    (INTERACTIONS,),
                    (ITEMS, USERS),
                    None,
                    ("userId",),
                    True,
                ),
            )
        ),
    )
}

#: Use cases that leave out what a user had, and by events of which type. Source: the guide's pages of use cases.
_LEAVE_OUT = {
    "Purchase": ("aws-ecomm-customers-who-viewed-x-also-viewed", "aws-ecomm-recommended-for-you"),
    "Watch": ("aws-vod-because-you-watched-x", "aws-vod-more-like-x", "aws-vod-top-picks"),
}
for event_type, names in _LEAVE_OUT.items():
    RECIPES |= {name: replace(RECIPES[name], leaves_out=event_type) for name in names}

#: When the catalogue says it was made; real recipes carry the date of their release.
CATALOGUE_DATE = 1559606400.0

RANKED_METRICS = (
    "coverage",
    "mean_reciprocal_rank_at_25",
    *(f"{name}_at_{k}" for name in ("normalized_discounted_cumulative_gain", "precision") for k in (5, 10, 25)),
)
SEGMENT_METRICS = ("coverage", "hits_at_1_percent", "recall_at_1_percent")
ACTION_METRICS = (
    "coverage",
    *(
        f"{name}_at_{k}"
        for name in ("normalized_discounted_cumulative_gain", "precision", "recall")
        for k in (5, 10, 25)
    ),
)


def recipe_type(recipe: Recipe, switches: Switches) -> str:
    """The recipe's type, with the switches for the two that no source settles."""
    return {
        "aws-popularity-count": switches.popularity_count_type,
        "aws-semantic-similarity": switches.semantic_similarity_type,
    }.get(recipe.name, recipe.type)


def required_datasets(recipe: Recipe, switches: Switches) -> tuple[str, ...]:
    """Dataset types that training cannot do without."""
    if recipe.name == "aws-semantic-similarity" and switches.semantic_similarity_needs_interactions:
        return (*recipe.requires, INTERACTIONS)
    return recipe.requires


def catalogue_arn(partition: str, kind: str, name: str) -> str:
    """ARN of a recipe, algorithm or feature transformation: they belong to no region and no account."""
    return f"arn:{partition}:personalize:::{kind}/{name}"
