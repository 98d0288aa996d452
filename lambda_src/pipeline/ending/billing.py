"""What bills from now on: asked of the dataset group, for it is what exists that bills, not what a file names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.engine.calls import status_of
from pipeline.engine.existing import Existing
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters

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


def bills(group_arn: str, existing: Existing) -> list[Row]:
    """Each thing of the group that costs money while it exists: `type`, `name`, `arn`, `status`, `billed` in words, and
    the command that would `stop` it.

    Raises:
        ClientError, BotoCoreError: the group can't be looked at.
    """
    if existing.describe("datasetGroup", group_arn) is None:
        return []
    existing.fetch_lists([("solution", group_arn), ("recommender", group_arn)])
    solutions = existing.listed("solution", group_arn)
    existing.fetch_lists(("campaign", entry["solutionArn"]) for entry in solutions)
    campaigns = [entry for solution in solutions for entry in existing.listed("campaign", solution["solutionArn"])]
    found = {"campaign": campaigns, "recommender": existing.listed("recommender", group_arn), "solution": solutions}
    trainings = [
        entry["latestSolutionVersion"] for entry in _described("solution", solutions, existing) if _trains(entry)
    ]
    rows = [row for kind, entries in found.items() for row in _rows(kind, _described(kind, entries, existing))]
    rows += [_training(version) for version in trainings]
    rows = [row | {"stop": f"{STOPS[row['type']]} {row['arn']}"} for row in rows]
    return sorted(rows, key=lambda row: (row["type"], row["name"]))


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


def _rows(kind: str, descriptions: list[Parameters]) -> Iterator[Row]:
    for description in descriptions:
        status = status_of(description)
        if status in FREE or status.startswith("DELETE"):
            continue
        if kind == "solution" and not description.get("performAutoTraining"):
            continue
        row = RESOURCE_TYPES[kind]
        yield {
            "type": row.label,
            "name": description["name"],
            "arn": description[row.arn_member],
            "status": status,
            "billed": in_words(kind, description) + ("" if status == "ACTIVE" else f" (now {status})"),
        }


def in_words(kind: str, description: Parameters) -> str:
    """What it costs money for."""
    if kind == "campaign":
        return f"at least {description.get('minProvisionedTPS', 1)} transaction(s) per second, used or not"
    if kind == "recommender":
        rate = description.get("recommenderConfig", {}).get("minRecommendationRequestsPerSecond", 1)
        return f"at least {rate} recommendation request(s) per second, used or not, and its trainings"
    return "each automatic training"
