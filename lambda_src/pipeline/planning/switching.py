"""Serving switched off, on, or left as it is: `serving` in the params, which the schedules `stop` and `start` set.

A recommender is stopped and started. A campaign can only be deleted and created anew: under its old name, so it has its
old ARN. What it served is remembered, for a gate goes on weighing new versions against it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.engine.calls import is_being_deleted, status_of
from pipeline.engine.existing import Existing
from pipeline.engine.resources import ABSENT, ACTIVE, INACTIVE, Resource
from pipeline.params.sections import Placed, Sections
from pipeline.upload.turns import Serving

from .comparison import decide

OFF = "serving is switched off"
STAYS_OFF = "serving was switched off, and stays off until the schedule `start` or an upload"
BACK = "Serving was switched off; this run brings it back."
BARE = "Serving is switched off by `schedules.stop` with no `schedules.start`: it comes back with the next upload only."


def narrow(read: Sections) -> None:
    """Of a file whose serving is off, leave what serves: nothing else is to be made, changed or found fault with."""
    if read.serving != "off":
        return
    read.datasets, read.event_trackers, read.filters, read.metric_attributions = [], [], [], []
    for section in read.solutions:
        section.batch_jobs = []
    for placed in _serving(read):
        if placed.resource.target == ACTIVE:
            placed.resource.target = ABSENT if placed.resource.type == "campaign" else INACTIVE


def keep_off(read: Sections, existing: Existing, before: Serving) -> None:
    """What an earlier run switched off is not brought back by one that has other business."""
    if read.serving != "keep":
        return
    for placed in _serving(read):
        resource = placed.resource
        if resource.target != ACTIVE or resource.arn not in before.off:
            continue
        description = existing.describe(resource.type, resource.arn or "")
        status = status_of(description) if description else ABSENT
        if resource.type == "recommender" and status == INACTIVE:
            resource.target = INACTIVE
        if resource.type == "campaign" and (status == ABSENT or is_being_deleted(status)):
            read.kept_off.add(resource.arn or "")
    if read.kept_off:
        names = ", ".join(placed.resource.name for placed in _serving(read) if placed.resource.arn in read.kept_off)
        read.notes.append(f"Campaign(s) {names}: {STAYS_OFF}.")


def explain(read: Sections) -> None:
    """Say why it goes, and leave alone what a run that only switches off has no business with."""
    if read.serving != "off":
        return
    serving = [placed.resource for placed in _serving(read)]
    others = [read.dataset_group, *(part for one in read.solutions for part in (one.solution, one.solution_version))]
    for resource in [*serving, *others]:
        if resource.plan in ("delete", "stop"):
            resource.reason = OFF
        elif resource.plan != "reuse":
            decide(resource, "skip", resource.reason if resource.plan == "skip" else OFF)


def baseline(existing: Existing, campaign: Resource, before: Serving) -> str | None:
    """The version that a campaign served before it was switched off, if it is there."""
    version = before.served.get(campaign.arn or "")
    return version if version and existing.describe("solutionVersion", version) else None


def after(read: Sections, existing: Existing, before: Serving) -> Serving:
    """What the next runs have to know, once this one has taken effect."""
    served = dict(before.served)
    for section in read.solutions:
        for placed in section.campaigns:
            arn = placed.resource.arn or ""
            if description := existing.describe("campaign", arn):
                version = str(description["solutionVersionArn"])
                served.pop(arn, None)
                if read.serving == "off" and not version.endswith("/$LATEST"):
                    served[arn] = version
    mine = serving_arns(read)
    off = {"on": set(before.off) - mine, "off": set(before.off) | mine}.get(read.serving, set(before.off))
    return Serving(sorted(off), served)


def serving_arns(read: Sections) -> set[str]:
    """The campaigns and recommenders of the file."""
    return {placed.resource.arn or "" for placed in _serving(read)}


def _serving(read: Sections) -> Iterator[Placed]:
    yield from read.recommenders
    for section in read.solutions:
        yield from section.campaigns
