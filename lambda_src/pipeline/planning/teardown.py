"""What to delete, in the order in which the service lets go.

Order: Developer Guide, "Requirements for deleting Amazon Personalize resources". What exists is asked each time,
so a teardown that was interrupted goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.engine.reconciler import Resource, describe, listed
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.params.sections import Sections


def stages(read: Sections) -> list[dict[str, Any]]:
    """The deletions, as stages of resources that may go side by side."""
    group = read.dataset_group["arn"]

    def of(kind: str, parent: str = group, by: str = "datasetGroupArn") -> list[Parameters]:
        return listed(RESOURCE_TYPES[kind], parent, by)

    present = describe(RESOURCE_TYPES["datasetGroup"], group)
    solutions = of("solution") if present else []
    datasets = of("dataset") if present else []
    campaigns = [
        campaign for solution in solutions for campaign in of("campaign", solution["solutionArn"], "solutionArn")
    ]
    schemas = {section.schema["arn"] for section in read.datasets if section.schema}
    for dataset in datasets:
        description = describe(RESOURCE_TYPES["dataset"], dataset["datasetArn"])
        schemas |= {description["schemaArn"]} if description else set()
    found = [(describe(RESOURCE_TYPES["schema"], arn) or {"schemaArn": None}) for arn in sorted(schemas)]
    by_stage: list[list[Resource]] = [
        [*_records("campaign", campaigns), *_records("recommender", of("recommender") if present else [])],
        _records("solution", solutions),
        _records("eventTracker", of("eventTracker") if present else []),
        _records("metricAttribution", of("metricAttribution") if present else []),
        _records("filter", of("filter") if present else []),
        _records("dataset", datasets),
        _records("datasetGroup", [present] if present else []),
        [record | {"keepIfUsed": True} for record in _records("schema", found)],
    ]
    return [{"resources": resources} for resources in by_stage if resources]


def _records(kind: str, entries: Iterable[Parameters]) -> list[Resource]:
    arn_member = RESOURCE_TYPES[kind].arn_member
    return [
        {
            "type": kind,
            "name": entry["name"],
            "arn": entry[arn_member],
            "parameters": {},
            "plan": "delete",
            "reason": "the params ask for a teardown",
            "target": "ABSENT",
        }
        for entry in entries
        if entry[arn_member]
    ]
