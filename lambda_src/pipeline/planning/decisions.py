"""What Personalize already has, compared with the params: each resource gets its `plan` and `reason`, or a problem."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pipeline.data.folders import DataFolder
from pipeline.engine.calls import is_being_deleted, status_of
from pipeline.engine.differences import canonical_expression
from pipeline.engine.existing import Existing
from pipeline.engine.resources import ABSENT, Resource
from pipeline.params.sections import Placed, Sections
from pipeline.upload.turns import Serving

from . import switching
from .comparison import compare, decide
from .dataset_needs import check_filters, check_metadata
from .datasets import decide_dataset, digest
from .solutions import decide_solution

LONGEST_NAME = 63
TRIAL = re.compile(r"-trial-[0-9a-f]{8}$")


def decide_all(
    read: Sections, existing: Existing, folders: dict[str, DataFolder], run_id: str, home: str, before: Serving
) -> None:
    """Plan every resource of `read`, in place; what can't be done is added to its problems."""
    existing.fetch(_known(read))
    switching.keep_off(read, existing, before)
    compare(read, existing, "$.datasetGroup", read.dataset_group)
    existing.fetch_lists(_parents(read, existing))
    for dataset in read.datasets:
        decide_dataset(read, existing, dataset, folders[dataset.dataset_type], run_id)
    for placed in [*read.event_trackers, *read.metric_attributions]:
        _only_one(read, existing, placed)
    for placed in [*read.filters, *read.recommenders]:
        compare(read, existing, placed.where, placed.resource)
        if placed.resource.type == "filter" and placed.resource.plan == "replace":
            _try_first(read, existing, placed)
    check_filters(read, existing)
    check_metadata(read, existing)
    _forget_trials(read, existing)
    for solution in read.solutions:
        decide_solution(read, existing, solution, run_id, home, before)
    switching.explain(read)


def _known(read: Sections) -> Iterator[Resource]:
    """All whose ARNs follow from their names."""
    yield read.dataset_group
    for dataset in read.datasets:
        yield dataset.dataset
        if dataset.schema:
            yield dataset.schema
    for placed in [*read.filters, *read.recommenders]:
        yield placed.resource
    for section in read.solutions:
        yield section.solution
        yield from (placed.resource for placed in section.campaigns)


def _parents(read: Sections, existing: Existing) -> Iterator[tuple[str, str]]:
    """The lists that the decisions need, of what exists."""
    for dataset in read.datasets:
        if dataset.dataset.arn and existing.describe("dataset", dataset.dataset.arn):
            yield "datasetImportJob", dataset.dataset.arn
    for section in read.solutions:
        if section.solution.arn and existing.describe("solution", section.solution.arn):
            yield "solutionVersion", section.solution.arn


def _only_one(read: Sections, existing: Existing, placed: Placed) -> None:
    """A group has one tracker and one metric attribution, found by their group: their ARNs may have no name in them."""
    resource = placed.resource
    group = read.dataset_group
    stays = group.plan not in ("create", "replace")
    entries = existing.listed(resource.type, group.arn or "") if stays else []
    present = [entry for entry in entries if not is_being_deleted(status_of(entry))]
    another = bool(present) and present[0]["name"] != resource.name
    if resource.target == ABSENT and (not present or another):
        decide(resource, "skip", "is absent, as wanted")
        return
    if not present:
        decide(resource, "create", "new")
        return
    resource.arn = present[0][resource.kind.arn_member]
    compare(read, existing, placed.where, resource)
    if another:
        also = " with its tracking ID, which your clients know" if resource.type == "eventTracker" else ""
        name, label = json.dumps(present[0]["name"]), resource.kind.label
        read.notes.append(f"The group's {label} is named {name}; a group has one, so it is kept{also}.")


def _forget_trials(read: Sections, existing: Existing) -> None:
    """Trials that an earlier run, stopped in the middle, left behind: their names say what they try."""
    stays = read.dataset_group.plan not in ("create", "replace")
    known = {resource.arn for resource in read.trials}
    for entry in existing.listed("filter", read.dataset_group.arn or "") if stays and read.filters else []:
        arn = entry["filterArn"]
        if arn in known or not TRIAL.search(entry["name"]):
            continue
        described = existing.describe("filter", arn) or {"filterExpression": ""}
        if entry["name"].endswith(_trial_mark(described["filterExpression"])):
            leftover = Resource("filter", entry["name"], arn=arn, target=ABSENT, helper="left by an earlier run")
            decide(leftover, "delete", "an earlier run was stopped while it tried an expression")
            read.trials.append(leftover)


def _trial_mark(expression: str) -> str:
    return f"-trial-{digest(canonical_expression(expression))}"


def _try_first(read: Sections, existing: Existing, placed: Placed) -> None:
    """A filter can't be updated, and only the service knows whether an expression is legal.

    So the new expression is first made a filter of its own; only when that one is ACTIVE the old filter is deleted, and
    created anew. Then the trial goes.
    """
    resource = placed.resource
    expression = resource.parameters["filterExpression"]
    mark = _trial_mark(expression)
    name = resource.name[: LONGEST_NAME - len(mark)] + mark
    arn = (resource.arn or "").rpartition("/")[0] + f"/{name}"
    given = {key: value for key, value in resource.parameters.items() if key != "tags"}
    trial = Resource("filter", name, given | {"name": name}, arn, helper="trial")
    compare(read, existing, placed.where, trial)
    if trial.plan == "create":
        trial.reason = f"tries the new expression before {resource.name} is deleted for it"
    removal = Resource("filter", name, arn=arn, target=ABSENT, helper="end of trial")
    decide(removal, "delete", "the trial is over")
    resource.after.append(trial.id)
    removal.after_any = [trial.id, resource.id]
    read.trials += [trial, removal]
