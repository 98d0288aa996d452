"""What Personalize already has, compared with the params: each resource gets its `plan` and `reason`, or a problem."""

from __future__ import annotations

import json
from typing import Any

from pipeline.data.folders import DataFolder
from pipeline.engine.reconciler import listed
from pipeline.engine.resource_types import RESOURCE_TYPES
from pipeline.params.sections import Placed, Sections
from pipeline.planning import existing_datasets, existing_solutions
from pipeline.planning.comparison import compare


def decide(read: Sections, folders: dict[str, DataFolder], run: dict[str, Any]) -> None:
    """Plan every resource of `read`, in place; what can't be done is added to its problems."""
    compare(read, "$.datasetGroup", read.dataset_group)
    for dataset in read.datasets:
        existing_datasets.decide(read, dataset, folders[dataset.dataset_type], run)
    for placed in read.event_trackers:
        _event_tracker(read, placed)
    for placed in [*read.filters, *read.recommenders]:
        compare(read, placed.where, placed.resource)
    for solution in read.solutions:
        existing_solutions.decide(read, solution, run)


def _event_tracker(read: Sections, placed: Placed) -> None:
    """A group has one tracker, which is found by its group: its ARN has no name in it."""
    tracker = placed.resource
    kind = RESOURCE_TYPES["eventTracker"]
    present = [entry for entry in listed(kind, read.dataset_group["arn"]) if not entry["status"].startswith("DELETE")]
    if not present:
        tracker |= {"plan": "create", "reason": "does not exist yet"}
        return
    tracker["arn"] = present[0][kind.arn_member]
    compare(read, placed.where, tracker)
    if present[0]["name"] != tracker["name"]:
        read.notes.append(
            f"The group's event tracker is named {json.dumps(present[0]['name'])}; a group has one, so it is kept with "
            "its tracking ID, which your clients know."
        )
