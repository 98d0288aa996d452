"""How good the versions of each solution were, by the metrics that Personalize keeps of them."""

from __future__ import annotations

import time
from typing import Any

from pipeline.engine.calls import side_by_side
from pipeline.engine.existing import Existing
from pipeline.engine.record import Record
from pipeline.engine.resource_types import Parameters
from pipeline.engine.resources import Resource
from pipeline.params.recipes import name_of

MOST, LEAST = 12, 2  # versions of a solution, the newest; the second where there are many solutions
MOST_IN_ALL = 120  # versions whose metrics are asked for
BUDGET = 10  # seconds in which that is begun: a mail without some of them is better than none
# Of the metrics of a recipe, the one that a headline names; of other recipes the first by name.
HEADLINE = (
    "normalized_discounted_cumulative_gain_at_25",
    "mean_reciprocal_rank_at_25",
    "precision_at_25",
    "recall_at_1_percent",
    "coverage",
)
Json = dict[str, Any]


def history(record: Record, existing: Existing) -> list[Json]:
    """Of each solution of the run that has a trained version.

    Returns:
        `solution` (its name), `recipe`, `metric` (the key of the headline's), `gates` (of its campaigns: `campaign` and
        what `deployWhen` says), `versions` from old to new: `name`, `trainedAt` (epoch seconds), `metrics`,
        `isNew` (made by this run), `serving` (names of the campaigns that serve it).

    Raises:
        ClientError, BotoCoreError: Personalize can't be asked for the versions.
    """
    solutions = [one for one in record.of_type("solution") if one.arn and one.plan != "skip"]
    existing.fetch_lists(("solutionVersion", one.arn or "") for one in solutions)
    most = min(MOST, max(LEAST, MOST_IN_ALL // max(len(solutions), 1)))
    trained = {one.id: _trained(existing.listed("solutionVersion", one.arn or ""), most) for one in solutions}
    arns = [version["solutionVersionArn"] for versions in trained.values() for version in reversed(versions)]
    deadline = time.monotonic() + BUDGET
    found = side_by_side(lambda arn: existing.metrics(arn) if time.monotonic() < deadline else {}, arns)
    metrics = dict(zip(arns, found, strict=True))
    return [_of(one, record, trained[one.id], metrics, existing) for one in solutions if trained[one.id]]


def headline_metric(metrics: dict[str, float]) -> str | None:
    """The key of the metric that stands for a version."""
    return next((name for name in HEADLINE if name in metrics), min(metrics, default=None))


def _trained(versions: list[Parameters], most: int) -> list[Parameters]:
    """The newest that were trained, from old to new."""
    return [version for version in versions if version["status"] == "ACTIVE"][:most][::-1]


def _of(
    solution: Resource,
    record: Record,
    versions: list[Parameters],
    metrics: dict[str, dict[str, float]],
    existing: Existing,
) -> Json:
    campaigns = [one for one in record.of_type("campaign") if one.solution == solution.arn]
    made = {one.arn for one in record.of_type("solutionVersion") if one.did("create")}
    told = [
        {
            "name": version["solutionVersionArn"].rsplit("/", 1)[-1],
            "trainedAt": round(version["lastUpdatedDateTime"].timestamp()),
            "metrics": metrics[version["solutionVersionArn"]],
            "isNew": version["solutionVersionArn"] in made,
            "serving": [one.name for one in campaigns if _serves(one, existing) == version["solutionVersionArn"]],
        }
        for version in versions
    ]
    return {
        "solution": solution.name,
        "recipe": name_of(solution.parameters.get("recipeArn", "")),
        "metric": headline_metric(told[-1]["metrics"]),
        "gates": [{"campaign": one.name} | one.gate for one in campaigns if one.gate],
        "versions": told,
    }


def _serves(campaign: Resource, existing: Existing) -> str | None:
    description = existing.describe("campaign", campaign.arn) if campaign.arn else None
    return str(description["solutionVersionArn"]) if description else None
