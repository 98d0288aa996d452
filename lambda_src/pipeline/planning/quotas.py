"""Quotas on what exists, held against what a plan would make: what is over them fails before anything costs money.

Source: Developer Guide, "Amazon Personalize endpoints and quotas". Where AWS raised them, the account's own values come
from the Terraform input `quotas`. Quotas on what runs at the same time are waited for instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.engine import calls
from pipeline.engine.calls import is_being_deleted, status_of
from pipeline.engine.existing import Existing
from pipeline.engine.record import ids
from pipeline.engine.resource_types import RESOURCE_TYPES
from pipeline.engine.resources import ABSENT, Resource
from pipeline.params.sections import Sections


@dataclass(frozen=True)
class Quota:
    """How many resources of a type a dataset group may have; `regional` ones are counted over the whole region."""

    name: str
    type: str
    section: str
    usual: int
    regional: bool = False


QUOTAS = (
    Quota("dataset_groups", "datasetGroup", "$.datasetGroup", 5, regional=True),
    Quota("solutions", "solution", "$.solutions", 10),
    Quota("campaigns", "campaign", "$.solutions", 5),
    Quota("recommenders", "recommender", "$.recommenders", 5),
    Quota("filters", "filter", "$.filters", 30),
)


def check(read: Sections, existing: Existing, resources: list[Resource], raised: dict[str, int]) -> None:
    """Add a problem for each quota that the plan would exceed; those of `raised` are the account's own."""
    for quota in QUOTAS:
        mine = [resource for resource in resources if resource.type == quota.type]
        made = {resource.arn for resource in mine if resource.plan in ("create", "replace")}
        if not made:
            continue
        present = set(_present(read, existing, quota))
        gone = {resource.arn for resource in mine if resource.target == ABSENT and resource.plan == "delete"}
        allowed = raised.get(quota.name, quota.usual)
        if len(present | made) > allowed:
            for resource in mine:
                if resource.arn in made:  # its place becomes free only then
                    resource.after_any += ids(other for other in mine if other.arn in gone - made)
        if len((present - gone) | made) > max(allowed, len(present)):
            trials = [resource.name for resource in mine if resource.helper and resource.plan == "create"]
            why = " (a changed filter needs one free place while its expression is tried)" if trials else ""
            what = (
                f"{len(made - present)} {RESOURCE_TYPES[quota.type].label}(s) would be created{why} beside "
                f"{len(present - gone)}; {'a region' if quota.regional else 'a dataset group'} may have {allowed}. "
                f"Take some out or delete some; or have AWS raise the quota, and tell the module: "
                f"quotas = {{ {quota.name} = ... }}."
            )
            read.problem(quota.section, what)


def _present(read: Sections, existing: Existing, quota: Quota) -> Iterator[str]:
    """The ARNs of what exists and counts."""
    kind, group = RESOURCE_TYPES[quota.type], read.dataset_group.arn or ""
    if quota.regional:
        entries = calls.pages(kind.listing, {}).get(f"{kind.member}s", [])
    elif existing.describe("datasetGroup", group) is None:
        entries = []
    elif quota.type == "campaign":
        solutions = [entry["solutionArn"] for entry in existing.listed("solution", group)]
        existing.fetch_lists(("campaign", arn) for arn in solutions)
        entries = [entry for arn in solutions for entry in existing.listed("campaign", arn)]
    else:
        entries = existing.listed(quota.type, group)
    for entry in entries:
        if not is_being_deleted(status_of(entry)) and not calls.failed(status_of(entry)):
            yield entry[kind.arn_member]
