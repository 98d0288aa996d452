"""Read, validate, and say of every resource what will be done. Nothing is created here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline import clients
from pipeline.costs.prices import Prices, prices
from pipeline.data import folders
from pipeline.data.checks import Summarise
from pipeline.data.spread import Planner, Share
from pipeline.engine.existing import Existing
from pipeline.engine.record import Record, load
from pipeline.errors import Overtaken
from pipeline.params import places, schedule_expressions
from pipeline.problems import MOST_TOLD, Position, Problem, told
from pipeline.settings import settings
from pipeline.upload import turns
from pipeline.upload.runs import Run, read_params_file, run_of

from . import costing, quotas
from .data_needs import check_data, check_interactions
from .datasets import digest
from .decisions import decide_all
from .graph import graph
from .reading import Reading, Surroundings, folder_in_bucket, read_params
from .switching import BACK, BARE, after, narrow, serving_arns
from .teardown import teardown

MOST_CHANGES = 3  # of the data while it is read by others
MOST_CALLS = 180  # that read shares, of seven events each: an execution may have 25,000 in all (docs/figures.md)
VERDICTS = {"proceed": "ready", "teardown": "teardown"}
EVERYTHING_GOES = "Everything that belonged to the dataset group is deleted, also what the params file does not name."


def make_plan(event: dict[str, Any]) -> dict[str, Any]:
    """Plan the run of one uploaded params file, and write its record.

    Args:
        event: `execution`, the context object of that name. Its `Input` has the `upload` (`bucket`, `key`, `versionId`)
            and optionally `overrides`: keys of the params file that this run sets otherwise. `state` has the
            `datasetGroup` whose turn it is, if any: also a file that is refused is about it. `canSpread`: that the
            workflow has the state that `checkData` leads to; an execution keeps its workflow over an upgrade.

    Returns:
        `outcome`, and as `verdict` what the workflow does about it: `ready` (proceed), `teardown`, `over` (rejected,
        or a dry run), or `checkData`: there is more data than one call can read, so each of the `shares` is read by a
        call of its own, and then it is planned again.
    """
    run = run_of(event["execution"])
    state = event.get("state", {})
    # A call that was repeated goes on with what the first one wrote.
    record = load(run.id) or _planned(run, state, can_spread=event.get("canSpread", False))
    if isinstance(record, DataUnread):
        number = settings().data_check_concurrency
        shares = [{"number": share, "of": number} for share in range(number)]
        group = state.get("datasetGroup")
        return {"verdict": "checkData", "run": run.id, "shares": shares, "datasetGroup": group} | asdict(record)
    if record.outcome in VERDICTS:
        serving = turns.Serving(record.serving.get("off", []), record.serving.get("served", {}))
        is_teardown = record.outcome == "teardown"
        turns.take_effect(record.run["datasetGroup"], run.id, is_teardown=is_teardown, serving=serving)
    return {
        "verdict": VERDICTS.get(record.outcome or "", "over"),
        "run": run.id,
        "outcome": record.outcome,
        "datasetGroup": record.run.get("datasetGroup"),
        "problems": record.problem_count,
    }


def check_share(event: dict[str, Any]) -> dict[str, Any]:
    """Read a share of data that is more than the plan can read. What is found is kept for the plan.

    Args:
        event: `execution`, as of `make_plan`; `share`: its `number`, and how many it is one `of`.

    Returns:
        `read`: how many pieces of files were.
    """
    run = run_of(event["execution"])
    share = Share(run.id, event["share"]["number"], event["share"]["of"])
    if run.bucket == settings().bucket and (body := read_params_file(run)) is not None:
        read_params(body, run.overrides, _surroundings(run, share))
    return {"verdict": "ready", "read": share.read}


@dataclass(frozen=True)
class DataUnread:
    """That others have to read the data first: as it is now (`data`), how often it `changed`, for which `round`."""

    data: str
    changed: int
    round: int


def _planned(run: Run, state: dict[str, Any], *, can_spread: bool) -> Record | DataUnread:
    record = _plan(run, state, can_spread=can_spread)
    if isinstance(record, DataUnread):
        return record
    record.run["startedAt"] = clients.clock.now()
    try:
        record.save()
    except Overtaken:
        return load(run.id) or record
    return record


def _surroundings(run: Run, summarise: Summarise) -> Surroundings:
    return Surroundings(
        settings().arns,
        settings().personalize_role_arn,
        places.home_of(run.bucket, run.prefix),
        lambda section: folder_in_bucket(section, run.bucket, run.prefix),
        settings().boundaries,
        run.key,
        lambda: folders.names_at(run.bucket, run.prefix),
        settings().data_checks,
        summarise,
    )


def _plan(run: Run, state: dict[str, Any], *, can_spread: bool) -> Record | DataUnread:
    group = state.get("datasetGroup")
    about = run.to_json() | ({"datasetGroup": group} if group else {})
    if run.bucket != settings().bucket:
        what = f"names the bucket {run.bucket}; this deployment reads {settings().bucket} only."
        return rejected(about, [Problem("the execution's input", what)])
    body = read_params_file(run)
    if body is None:
        return rejected(about, [Problem(run.key, "was deleted before it could be read. Upload it again.")])
    planner = Planner(
        run.id,
        settings().data_check_concurrency,
        others_have_read="round" in state,
        others_may_read=can_spread and state.get("round", 0) * settings().data_check_concurrency < MOST_CALLS,
    )
    reading = read_params(body, run.overrides, _surroundings(run, planner))
    if reading.is_pending:
        unread = _unread(reading, state)
        if unread.changed <= MOST_CHANGES:
            return unread
        what = (
            f"has changed {unread.changed} times while it was read. Upload the params file once the data is complete."
        )
        return rejected(about, [Problem(f"the data beside {run.key}", what)])
    named = reading.sections.dataset_group.name if reading.sections else run.dataset_group
    command = "aws scheduler delete-schedule --group-name {} --name {}.PURPOSE"
    remove = f"Remove the schedule: {command.format(settings().schedule_group, run.dataset_group)}"
    if run.dataset_group and named != run.dataset_group:
        what = f"a schedule of the dataset group {run.dataset_group} started this run; the file is about {named} now."
        return rejected(about, [Problem("$.datasetGroup.name", f"{what} {remove}")])
    before = turns.serving_of(named) if named else turns.Serving()
    outcome = "planned" if reading.document.get("dryRun") else None
    record = planned(reading, about, _terms(), outcome, before)
    asks = record.outcome == "proceed" and not record.serving.get("isOff")
    record.samples_wanted = reading.document.get("samples", settings().samples) if asks else 0
    if record.outcome in VERDICTS and named != group:  # what schedules start reads the file anew for each step
        what = f"the file was changed while the run took its turn, and is about {named} now. Upload it again."
        return rejected(about, [Problem("$.datasetGroup.name", what)])
    if run.dataset_group and record.outcome == "rejected":
        record.notes.append(f"A schedule started this run, and will start others until the file is mended. {remove}")
    return record


def _terms() -> Terms:
    ceiling = settings().boundaries.ceilings.get("monthly_cost")
    return Terms(settings().quotas, prices(settings().prices), ceiling)


def _unread(reading: Reading, state: dict[str, Any]) -> DataUnread:
    data = digest([dataclasses.astuple(folder) for folder in reading.folders.values()])
    changed = state.get("changed", 0) + (state.get("data", data) != data)
    return DataUnread(data, changed, state.get("round", 0) + 1)


@dataclass(frozen=True)
class Terms:
    """What a plan is held against besides what exists: the account's own `quotas`, where they are not AWS's, its
    `prices`, and the most that a dataset group may cost a month (`ceiling`)."""

    quotas: dict[str, int] = field(default_factory=dict)
    prices: Prices = field(default_factory=lambda: prices({}))
    ceiling: float | None = None


def planned(
    reading: Reading,
    about: dict[str, Any],
    terms: Terms,
    outcome: str | None = None,
    before: turns.Serving | None = None,
) -> Record:
    """The record of what a run would do.

    Args:
        reading: what `read_params` made of the file.
        about: `id`, and where the params file is or would be: `bucket`, `key`, `prefix`.
        terms: the account's quotas and prices, and what a month may cost.
        outcome: `planned` for a dry run; else it follows from the file.
        before: what earlier runs switched off, and what it served.
    """
    before = before or turns.Serving()
    read = reading.sections
    if read is None:
        return rejected(about, reading.problems, reading.notes, reading.positions)
    about = about | {"datasetGroup": read.dataset_group.name}
    if read.problems:
        return rejected(about, read.problems + reading.data_problems, read.notes, reading.positions)
    existing = Existing()
    if "teardown" in reading.document:
        return Record(about, outcome or "teardown", teardown(read, existing), notes=[EVERYTHING_GOES])
    read.notes += [
        f"The schedule `{purpose}`, {expression}, is past: it starts nothing more."
        for purpose, expression in read.schedules.items()
        if schedule_expressions.is_past(expression, clients.clock.now())
    ]
    if "stop" in read.schedules and "start" not in read.schedules:
        read.notes.append(BARE)
    narrow(read)
    home = places.home_of(about["bucket"], about["prefix"])
    decide_all(read, existing, reading.folders, about["id"], home, before)
    check_data(read, reading.looked)
    check_interactions(read, reading.looked)
    resources = graph(read)
    quotas.check(read, existing, resources, terms.quotas)
    facts = costing.facts_of(read, reading.looked)
    costs = costing.costs_of(read, resources, existing, reading.folders, facts, terms.prices)
    budget = reading.document.get("budget", {}).get("monthly")
    costing.check_budget(read, costs, budget, terms.ceiling)
    if read.problems:
        return rejected(about, read.problems, read.notes, reading.positions)
    counted = {dataset_type: looked.to_json() for dataset_type, looked in reading.looked.items()}
    serving = after(read, existing, before)
    was_off, is_off = (any(arn in state.off for arn in serving_arns(read)) for state in (before, serving))
    if was_off and not is_off:
        read.notes.append(BACK)
    return Record(
        about,
        outcome or "proceed",
        resources,
        notes=read.notes,
        data=counted,
        schedules=read.schedules,
        costs=costs,
        serving=asdict(serving) | {"isOff": is_off, "wasOff": was_off} if serving or before else {},
    )


def rejected(
    about: dict[str, Any],
    problems: list[Problem],
    notes: list[str] | None = None,
    positions: Mapping[str, Position] | None = None,
) -> Record:
    """The record of an upload that nothing is done for."""
    found = told(problems, positions or {})
    return Record(about, "rejected", problems=found[:MOST_TOLD], problem_count=len(found), notes=notes or [])
