"""What a run has cost, and what bills from now on: of what was done and is there, not of what was planned."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.costs import formulas
from pipeline.costs.formulas import total
from pipeline.costs.prices import Prices, prices
from pipeline.costs.standing import Facts, bills
from pipeline.engine.existing import Existing
from pipeline.engine.record import Record
from pipeline.params import recipes
from pipeline.settings import settings

MADE = ("created", "replaced", "trained by Personalize")
logger = logging.getLogger(__name__)
Json = dict[str, Any]


def told(record: Record, rows: list[Json], existing: Existing) -> Json:
    """What the report says of it.

    Returns:
        `bills`, and `costs`: as the record has them, with `upload` of what was done, and `monthly` of what is there. Or
        `billsUnknown`: why the dataset group could not be looked at.
    """
    known = prices(settings().prices)
    facts = Facts(**record.costs.get("counted", {}))
    try:
        group = settings().arns.of("dataset-group", record.run["datasetGroup"])
        found = bills(group, existing, known, facts)
    except (ClientError, BotoCoreError) as error:
        logger.exception("bills not looked at")
        return {"billsUnknown": f"{error}"}
    once = _once(record, rows, existing, known)
    monthly = [row | {"amount": row["monthly"]} for row in found if "monthly" in row]
    costs = {"prices": known.about, "upload": once, "uploadTotal": total(once), "monthlyTotal": total(monthly)}
    planned = {name: record.costs[name] for name in ("counted", "monthlyBefore") if name in record.costs}
    return {"bills": found, "costs": costs | planned}


def _once(record: Record, rows: list[Json], existing: Existing, known: Prices) -> list[Json]:
    """The planned lines of what was made after all, and did not fail: that is not billed.

    A training that is paid by the hour is told with its own hours.
    """
    made = {row["id"]: row for row in rows if row["done"] in MADE and row["status"] != "CREATE FAILED"}
    return [
        _trained(record, line, row, existing, known) if row["type"] == "solution version" else line
        for line in record.costs.get("upload", [])
        if (row := made.get(line["resource"]))
    ]


def _trained(record: Record, line: Json, version: Json, existing: Existing, known: Prices) -> Json:
    solution = next(one for one in record.of_type("solution") if one.name == version["name"])
    recipe = recipes.name_of(solution.parameters.get("recipeArn", ""))
    if formulas.is_v2(recipe) or not version["arn"]:
        return line
    with suppress(ClientError, BotoCoreError):  # the plan's figure then
        hours = (existing.describe("solutionVersion", version["arn"]) or {}).get("trainingHours")
        if hours is not None:
            return formulas.training(known, recipe, None, hours).line(line["what"], line["resource"])
    return line
