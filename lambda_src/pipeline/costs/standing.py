"""What bills while it exists: asked of the dataset group, for it is what exists that bills, not what a file names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.engine.calls import status_of
from pipeline.engine.existing import Existing
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.params import recipes

from .formulas import Cost, every, recommending, serving, training
from .prices import Prices

Row = dict[str, Any]
# Statuses that don't bill: failed ones, and a stopped recommender.
FREE = ("CREATE FAILED", "INACTIVE")

# How to end what bills.
STOPS = {
    "campaign": "aws personalize delete-campaign --campaign-arn",
    "recommender": "aws personalize stop-recommender --recommender-arn",
    "solution": "aws personalize update-solution --no-perform-auto-training --solution-arn",
    "solution version": "aws personalize stop-solution-version-creation --solution-version-arn",
}
RATE = re.compile(r"rate\((\d+) days?\)")  # autoTrainingConfig.schedulingExpression
USUAL_DAYS = 7  # between automatic trainings (Developer Guide, "Configuring automatic training")


@dataclass(frozen=True)
class Facts:
    """What prices depend on: how many `users` and `interactions` the data has, where that was counted.

    `more`: that there are interactions beside those that were counted, as of events that were sent.
    """

    users: int | None = None
    interactions: int | None = None
    more: bool = False


@dataclass(frozen=True)
class Standing:
    """Something that bills: a campaign, a recommender, or a solution with automatic training, as it is described."""

    kind: str
    description: Parameters
    recipe: str

    @property
    def arn(self) -> str:
        """Its ARN."""
        return str(self.description[RESOURCE_TYPES[self.kind].arn_member])

    @property
    def shown(self) -> str:
        """`campaign web`."""
        return f"{RESOURCE_TYPES[self.kind].label} {self.description['name']}"

    def monthly(self, prices: Prices, facts: Facts, existing: Existing) -> Cost:
        """What a month of it costs, at its minimum."""
        given = self.description
        if self.kind == "campaign":
            metadata = bool(given.get("campaignConfig", {}).get("enableMetadataWithRecommendations"))
            return serving(prices, self.recipe, given.get("minProvisionedTPS", 1), metadata=metadata)
        if self.kind == "recommender":
            config = given.get("recommenderConfig", {})
            rate = config.get("minRecommendationRequestsPerSecond", 1)
            metadata = bool(config.get("enableMetadataWithRecommendations"))
            return recommending(prices, facts.users, rate, metadata=metadata)
        return self._automatic(prices, facts, existing)

    def _automatic(self, prices: Prices, facts: Facts, existing: Existing) -> Cost:
        """A solution's automatic trainings, where each finds new data."""
        config = self.description.get("solutionConfig", {}).get("autoTrainingConfig", {})
        said = RATE.fullmatch(str(config.get("schedulingExpression", "")))
        days = int(said[1]) if said else USUAL_DAYS
        hours = billed_hours(self.arn, existing) if "solutionArn" in self.description else None
        return every(days, training(prices, self.recipe, facts.interactions, hours), more=facts.more)


def standing(group_arn: str, existing: Existing) -> list[Standing]:
    """All of the group that bills while it exists, by type and name.

    Raises:
        ClientError, BotoCoreError: the group can't be looked at.
    """
    if existing.describe("datasetGroup", group_arn) is None:
        return []
    found = [*_all(group_arn, existing)]
    return sorted((one for one in found if _is_billed(one)), key=lambda one: (one.kind, one.description["name"]))


def bills(group_arn: str, existing: Existing, prices: Prices, facts: Facts) -> list[Row]:
    """Each thing of the group that costs money while it exists.

    Returns:
        `type`, `name`, `arn`, `status`, `billed` in words, the command that would `stop` it; what a month costs,
        `monthly`, in the currency of the prices (None: not known; `isAtLeast` as in `formulas.Cost`), by which
        `formula`. A training that goes on has no price of a month.

    Raises:
        ClientError, BotoCoreError: the group can't be looked at.
    """
    rows = [_row(one, one.monthly(prices, facts, existing)) for one in standing(group_arn, existing)]
    solutions = [one.description for one in _all(group_arn, existing) if one.kind == "solution"]
    rows += [_training(solution["latestSolutionVersion"]) for solution in solutions if _trains(solution)]
    rows = [row | {"stop": f"{STOPS[row['type']]} {row['arn']}"} for row in rows]
    return sorted(rows, key=lambda row: (row["type"], row["name"]))


def billed_hours(solution_arn: str, existing: Existing) -> float | None:
    """The training hours of the solution's newest trained version, as Personalize bills them."""
    trained = (one for one in existing.listed("solutionVersion", solution_arn) if status_of(one) == "ACTIVE")
    newest = next(trained, None)
    version = existing.describe("solutionVersion", newest["solutionVersionArn"]) if newest else None
    hours: float | None = (version or {}).get("trainingHours")
    return hours


def in_words(kind: str, description: Parameters) -> str:
    """What it costs money for."""
    if kind == "campaign":
        return f"at least {description.get('minProvisionedTPS', 1)} transaction(s) per second, used or not"
    if kind == "recommender":
        rate = description.get("recommenderConfig", {}).get("minRecommendationRequestsPerSecond", 1)
        return f"at least {rate} recommendation request(s) per second, used or not, and its trainings"
    return "each automatic training"


def _all(group_arn: str, existing: Existing) -> Iterator[Standing]:
    existing.fetch_lists([("solution", group_arn), ("recommender", group_arn)])
    solutions = _described("solution", existing.listed("solution", group_arn), existing)
    recipe_of = {one["solutionArn"]: recipes.name_of(one.get("recipeArn", "")) for one in solutions}
    existing.fetch_lists(("campaign", arn) for arn in recipe_of)
    campaigns = [(entry, recipe) for arn, recipe in recipe_of.items() for entry in existing.listed("campaign", arn)]
    recipe_of_campaign = {entry["campaignArn"]: recipe for entry, recipe in campaigns}
    for campaign in _described("campaign", [entry for entry, _ in campaigns], existing):
        yield Standing("campaign", campaign, recipe_of_campaign[campaign["campaignArn"]])
    for recommender in _described("recommender", existing.listed("recommender", group_arn), existing):
        yield Standing("recommender", recommender, recipes.name_of(recommender.get("recipeArn", "")))
    for solution in solutions:
        yield Standing("solution", solution, recipe_of[solution["solutionArn"]])


def _is_billed(one: Standing) -> bool:
    status = status_of(one.description)
    if status in FREE or status.startswith("DELETE"):
        return False
    return one.kind != "solution" or bool(one.description.get("performAutoTraining"))


def _trains(solution: Parameters) -> bool:
    """Whether its newest version is being trained, for this run or for anybody."""
    return status_of(solution.get("latestSolutionVersion", {})) in ("CREATE PENDING", "CREATE IN_PROGRESS")


def _training(version: Parameters) -> Row:
    arn = version["solutionVersionArn"]
    billed = "a training that goes on, and bills until it ends or is stopped"
    name = arn.split(":solution/")[-1]
    return {"type": "solution version", "name": name, "arn": arn, "status": status_of(version), "billed": billed}


def _described(kind: str, entries: list[Parameters], existing: Existing) -> list[Parameters]:
    """Lists lack what bills."""
    arns = [entry[RESOURCE_TYPES[kind].arn_member] for entry in entries]
    existing.fetch_descriptions((kind, arn) for arn in arns)
    return [description for arn in arns if (description := existing.describe(kind, arn))]


def _row(one: Standing, cost: Cost) -> Row:
    status = status_of(one.description)
    line = cost.line(one.shown)
    return {
        "type": RESOURCE_TYPES[one.kind].label,
        "name": one.description["name"],
        "arn": one.arn,
        "status": status,
        "billed": in_words(one.kind, one.description) + ("" if status == "ACTIVE" else f" (now {status})"),
        "monthly": line["amount"],
        "formula": line["formula"],
    } | ({"isAtLeast": True} if cost.is_at_least else {})
