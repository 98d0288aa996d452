"""What a planned run will cost once, what will bill each month after it, and whether that is within the budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from pipeline.costs import formulas
from pipeline.costs.formulas import money, told, total
from pipeline.costs.prices import Prices
from pipeline.costs.standing import Facts, Standing, billed_hours, standing
from pipeline.data import batch_input
from pipeline.data.checks import Looked
from pipeline.data.folders import DataFolder, at
from pipeline.engine.existing import Existing
from pipeline.engine.resources import ACTIVE, Resource
from pipeline.params import recipes
from pipeline.params.sections import Sections

BILLING = ("campaign", "recommender", "solution")
MADE = ("create", "replace")
MOST_SHOWN = 3  # of what bills, in a refusal
Json = dict[str, Any]


def costs_of(
    read: Sections,
    resources: list[Resource],
    existing: Existing,
    folders: dict[str, DataFolder],
    facts: Facts,
    prices: Prices,
) -> Json:
    """The costs of a plan, as the record keeps them.

    Returns:
        `prices` (which they are), `counted` (the facts), `upload` (lines of what is paid once) and `uploadTotal`,
        `monthly` (lines of what bills while it exists) and `monthlyTotal`, and of what bills before the run
        `monthlyBefore`.
    """
    before = standing(read.dataset_group.arn or "", existing)
    once = list(_once(read, existing, folders, facts, prices))
    after = _after(before, resources, existing)
    present = {one.arn for one in before}
    monthly, earlier = (
        [
            one.monthly(prices, facts, existing).line(one.shown) | ({} if one.arn in present else {"isNew": True})
            for one in all_
        ]
        for all_ in (after, before)
    )
    return {
        "prices": prices.about,
        "counted": asdict(facts),
        "upload": once,
        "uploadTotal": total(once),
        "monthly": monthly,
        "monthlyTotal": total(monthly),
        "monthlyBefore": total(earlier),
    }


def check_budget(read: Sections, costs: Json, budget: float | None, ceiling: float | None) -> None:
    """Add a problem where a month would cost more than it may, and more than it does already.

    What is over the budget before the run is told: to refuse an import would not make it cheaper. Nor is what has no
    price let through, but where it is there already.
    """
    bounds = [("$.budget.monthly", budget, ""), ("the plan", ceiling, "Terraform's input `ceilings.monthly_cost`: ")]
    after, before = costs["monthlyTotal"], costs["monthlyBefore"]
    unknown = [line for line in costs["monthly"] if line["amount"] is None]
    # How long automatic trainings take nobody knows before the first: they can't be let through at no other time.
    refused = [line["what"] for line in unknown if line.get("isNew") and not line["what"].startswith("solution ")]
    passed = [line["what"] for line in unknown if line["what"] not in refused]
    for where, bound, whose in bounds:
        if bound is None:
            continue
        largest = sorted(costs["monthly"], key=lambda line: -(line["amount"] or 0))[:MOST_SHOWN]
        lines = "; ".join(f"{line['what']} {money(line['amount'])}" for line in largest)
        over = f"{whose}{told(after)} a month would bill ({lines}), and {money(bound)} may."
        if after["amount"] > bound and after["amount"] > before["amount"]:
            read.problem(where, f"{over} Lower what is provisioned, take something out, or raise the bound.")
        elif after["amount"] > bound:
            read.notes.append(f"{where}: {over} This run does not make it more.")
        if refused:
            what = f"what {', '.join(refused)} costs is not known, so a month can't be held against {money(bound)}."
            read.problem(where, f"{whose}{what} Give its price in Terraform's input `prices`, or take the bound out.")
        if passed:
            read.notes.append(f"{where}: {whose}what {', '.join(passed)} costs is not known, and not in the sum.")


def _once(
    read: Sections, existing: Existing, folders: dict[str, DataFolder], facts: Facts, prices: Prices
) -> Iterator[Json]:
    for dataset in read.datasets:
        if dataset.import_job.plan == "create":
            cost = formulas.importing(prices, folders[dataset.dataset_type].size)
            yield cost.line(f"import of {dataset.dataset_type}", dataset.import_job.id)
    for section in read.solutions:
        solution, version = section.solution, section.solution_version
        recipe = recipes.name_of(solution.parameters.get("recipeArn", ""))
        if version.plan in ("create", "await"):
            hours = billed_hours(solution.arn or "", existing) if solution.plan not in MADE else None
            cost = formulas.training(prices, recipe, facts.interactions, hours, more=facts.more)
            yield cost.line(f"training of {solution.name}", version.id)
        for job in section.batch_jobs:
            if job.resource.plan == "create":
                lines = batch_input.lines_of(at(job.resource.parameters["jobInput"]["s3DataSource"]["path"]))
                cost = formulas.batch(prices, job.resource.type, recipe, lines)
                yield cost.line(job.resource.shown)


def _after(before: list[Standing], resources: list[Resource], existing: Existing) -> list[Standing]:
    """What bills once the plan is carried out: what stays of `before`, and what is made or changed."""
    left = {one.arn: one for one in before}
    recipe_of = {one.arn: recipes.name_of(one.parameters.get("recipeArn", "")) for one in resources}
    for resource in resources:
        arn = resource.arn or ""
        if resource.type not in BILLING or resource.plan == "skip":
            continue
        left.pop(arn, None)
        if resource.target != ACTIVE:
            continue
        present = existing.describe(resource.type, arn) if resource.plan not in MADE else None
        description = (present or {}) | resource.parameters | {"name": resource.name, resource.kind.arn_member: arn}
        if resource.type == "solution" and not description.get("performAutoTraining"):
            continue
        recipe = recipe_of[resource.solution] if resource.type == "campaign" else recipe_of[arn]
        left[arn] = Standing(resource.type, description, recipe)
    return sorted(left.values(), key=lambda one: (one.kind, one.description["name"]))


def facts_of(read: Sections, looked: dict[str, Looked]) -> Facts:
    """What was counted in the interactions, where all of them were read."""
    seen = looked.get("Interactions")
    events_are_sent = bool(read.event_trackers)
    if seen is None or seen.summary is None or not seen.is_whole:
        return Facts(more=events_are_sent)
    section = next(one for one in read.datasets if one.dataset_type == "Interactions")
    adds = section.import_job.parameters.get("importMode") == "INCREMENTAL"
    counts = seen.summary.counts
    users = round(counts.users.number) if counts.users is not None and not adds else None
    return Facts(users, None if adds else counts.rows, events_are_sent)
