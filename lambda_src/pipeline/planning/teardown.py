"""What to delete, each after what has to be gone before it.

Order: Developer Guide, "Requirements for deleting Amazon Personalize resources". What exists is asked each time,
so a teardown that was interrupted goes on with what is left. A training that is under way is stopped.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.engine.calls import is_settled, status_of
from pipeline.engine.existing import Existing
from pipeline.engine.record import ids
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.engine.resources import ABSENT, ENDED, TEARDOWN, Resource
from pipeline.params.sections import Sections

from .graph import TEAR_DOWN

OF_THE_GROUP = ("recommender", "solution", "eventTracker", "metricAttribution", "filter", "dataset")


def teardown(read: Sections, existing: Existing) -> list[Resource]:
    """The deletions: all that belongs to the dataset group, whether the params name it or not."""
    group = read.dataset_group.arn or ""
    present = existing.describe("datasetGroup", group)
    if present:
        existing.fetch_lists((kind, group) for kind in OF_THE_GROUP)
    of = {kind: existing.listed(kind, group) if present else [] for kind in OF_THE_GROUP}
    solutions = [entry["solutionArn"] for entry in of["solution"]]
    existing.fetch_lists((kind, arn) for arn in solutions for kind in ("campaign", "solutionVersion"))
    running = [
        version
        for arn in solutions
        for version in existing.listed("solutionVersion", arn)
        if not is_settled(status_of(version))
    ]
    campaigns = [campaign for arn in solutions for campaign in existing.listed("campaign", arn)]
    # One rank after the other; within a rank the order does not matter.
    ranks = [
        [*_deletions("campaign", campaigns), *_deletions("recommender", of["recommender"]), *_stops(running)],
        *(_deletions(kind, of[kind]) for kind in OF_THE_GROUP[1:]),
        _deletions("datasetGroup", [present] if present else []),
        _schemas(read, existing, of["dataset"]),
    ]
    before: list[Resource] = []
    for rank in [rank for rank in ranks if rank]:
        for resource in rank:
            resource.stage, resource.after = TEAR_DOWN, ids(before)
        before = rank
    return [resource for rank in ranks for resource in rank]


def _deletions(kind: str, entries: Iterable[Parameters]) -> list[Resource]:
    arn_member = RESOURCE_TYPES[kind].arn_member
    return [
        Resource(kind, entry["name"], arn=entry[arn_member], target=ABSENT, plan="delete", reason=TEARDOWN)
        for entry in entries
    ]


def _stops(versions: list[Parameters]) -> list[Resource]:
    """Names of versions are not listed; the end of the ARN tells one from another."""
    return [
        Resource(
            "solutionVersion",
            "/".join(version["solutionVersionArn"].split("/")[1:]),
            arn=version["solutionVersionArn"],
            target=ENDED,
            plan="stop",
            reason=TEARDOWN,
        )
        for version in versions
    ]


def _schemas(read: Sections, existing: Existing, datasets: list[Parameters]) -> list[Resource]:
    """The schemas of the datasets and of the params; those that other groups use stay."""
    arns = {section.schema.arn for section in read.datasets if section.schema and section.schema.arn}
    for dataset in datasets:
        description = existing.describe("dataset", dataset["datasetArn"])
        arns |= {description["schemaArn"]} if description else set()
    found = [existing.describe("schema", arn) for arn in sorted(arns)]
    removals = _deletions("schema", [schema for schema in found if schema])
    for removal in removals:
        removal.keep_if_used = True
    return removals
