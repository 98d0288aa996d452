"""Whose turn it is: one run at a time works on a dataset group, and uploads take effect in the order they were made.

`locks/<dataset group>.json` says who works, who waits, and which upload took effect last. Every change of it is a
conditional write, so of two runs that want the same turn one gets it. It is never deleted: an upload whose event comes
hours late must find out that a newer one has been there.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from botocore.exceptions import ClientError

from pipeline import clients, objects
from pipeline.boundaries import GROUP_NAME
from pipeline.engine.record import Record, load
from pipeline.engine.waiting import SHORTEST, seconds_until_turn
from pipeline.params import document as params
from pipeline.params.dialects import normalise
from pipeline.settings import settings

from .runs import Run, read_params_file, run_of

logger = logging.getLogger(__name__)
FORMAT = 1
SETTLING = 5  # seconds until the events of uploads that were made before this one have come, too
SWITCHES = ("on", "off")  # what overrides say of `serving`; of several that wait the last one counts
TRIES = 8  # conditional writes in one action; ten uploads in a second all want to
Json = dict[str, Any]


@dataclass
class Ticket:
    """A run that works or waits. `order` sorts uploads by the time they were made; None for a run without an upload.

    `overrides` are what a schedule sets otherwise than the params file.
    """

    run: str
    executionArn: str
    key: str
    order: list[Any] | None = None
    overrides: dict[str, str] = field(default_factory=dict)
    tookEffect: bool = False
    tearsDown: bool = False
    ended: float | None = None  # epoch seconds


@dataclass
class Serving:
    """The ARNs of campaigns and recommenders that runs switched `off`, and the version that each campaign `served`."""

    off: list[str] = field(default_factory=list)
    served: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.off or self.served)


@dataclass
class Turns:
    """The turns of one dataset group, and what its runs have to know of those before."""

    holder: Ticket | None = None
    waiting: list[Ticket] = field(default_factory=list)
    latest: Ticket | None = None  # the newest upload that took effect
    serving: Serving = field(default_factory=Serving)


def take_turn(event: Json) -> Json:
    """Take the turn of the dataset group that the upload names, if it is this run's.

    Args:
        event: `execution`, the context object of that name.

    Returns:
        `verdict`: `ready`; `pending`, with `waitSeconds`; or `over`: superseded by a newer upload, or waited in vain.
        What can't be read, names no group or one that it may not name, or is a dry run, needs no turn: planning tells
        what is wrong with it.
    """
    run = run_of(event["execution"])
    group = _group_of(run)
    if (before := event.get("state", {}).get("datasetGroup")) and before != group:
        release(before, run.id)  # the file names another group since the last look
    if group is None:
        return {"verdict": "ready", "run": run.id}
    for _ in range(TRIES):
        turns, etag = _read(group)
        answer = _next(turns, run, group)
        if _write(group, turns, etag):
            return answer | {"run": run.id, "datasetGroup": group}
    return {"verdict": "pending", "run": run.id, "datasetGroup": group, "waitSeconds": SHORTEST}


def take_effect(group: str, id_: str, is_teardown: bool, serving: Serving) -> None:
    """Note that the run's plan will be carried out: older uploads come too late from now on."""

    def change(turns: Turns) -> None:
        if turns.holder and turns.holder.run == id_:
            turns.holder.tookEffect, turns.holder.tearsDown = True, is_teardown
            turns.serving = serving

    _change(group, change)


def serving_of(group: str) -> Serving:
    """What the last run that took effect left of the group's campaigns and recommenders."""
    return _read(group)[0].serving


def release(group: str, id_: str) -> None:
    """Give the turn back, if it is this run's."""

    def change(turns: Turns) -> None:
        if turns.holder and turns.holder.run == id_:
            _end(turns)
        turns.waiting = [ticket for ticket in turns.waiting if ticket.run != id_]

    _change(group, change)


def _next(turns: Turns, run: Run, group: str) -> Json:
    """Decide on this run's turn, and change `turns` accordingly."""
    mine = Ticket(run.id, run.execution_arn, run.key, run.order, run.overrides)
    if turns.holder and turns.holder.run == run.id:
        return {"verdict": "ready"}
    if turns.holder and not _is_running(turns.holder.executionArn):
        _end(turns)
    turns.waiting = [ticket for ticket in turns.waiting if ticket.run != run.id]
    if newer := _overtaken_by(turns, mine, run, group):
        _supersede(run, group, newer)
        return {"verdict": "over", "supersededBy": newer}
    ahead = turns.holder or _first(turns, lambda ticket: _sorts_before(ticket, mine))
    settling = SETTLING - (time.time() - mine.order[0] / 1000) if mine.order else 0
    if ahead is None and settling > 0:
        turns.waiting = sorted([*turns.waiting, mine], key=_sorting)
        return {"verdict": "pending", "waitSeconds": math.ceil(settling), "waitingFor": "uploads made just before"}
    if ahead is None:
        turns.holder = mine
        return {"verdict": "ready"}
    waited = time.time() - run.started
    if waited > settings().timeout_seconds:
        _give_up(run, group, waited)
        return {"verdict": "over"}
    turns.waiting = sorted([*turns.waiting, mine], key=_sorting)
    return {"verdict": "pending", "waitSeconds": seconds_until_turn(waited), "waitingFor": ahead.run}


def _first(turns: Turns, wanted: Callable[[Ticket], bool]) -> Ticket | None:
    """The first that waits and is wanted. Those whose run has ended meanwhile are forgotten on the way."""
    for ticket in sorted(filter(wanted, turns.waiting), key=_sorting):
        if _is_running(ticket.executionArn):
            return ticket
        turns.waiting.remove(ticket)
    return None


def _end(turns: Turns) -> None:
    """The holder's run is over."""
    ended, turns.holder = turns.holder, None
    if ended:
        ended.ended = time.time()
    if ended and ended.tookEffect and ended.order and (not turns.latest or _sorts_before(turns.latest, ended)):
        turns.latest = ended


def _overtaken_by(turns: Turns, mine: Ticket, run: Run, group: str) -> Json | None:
    """The newer upload that makes this one pointless: one that took effect, or one of the same file."""
    if mine.order is None:
        # A schedule's run reads the newest file, so nothing overtakes it; but one that waits is enough.
        last = turns.latest
        if last and last.tearsDown and last.ended and last.ended > run.started:
            return {"key": last.key, "run": last.run, "tookEffect": True}  # it waited while all was torn down
        if mine.overrides.get("serving") in SWITCHES:
            # They came due while another run worked: what was to be stopped by night is not stopped in the morning.
            later = _first(turns, lambda ticket: _switches(ticket, mine.key) and _sorts_before(mine, ticket))
            return {"key": later.key, "run": later.run, "switches": True} if later else None
        alike = (None, mine.key, mine.overrides)
        same = _first(turns, lambda ticket: (ticket.order, ticket.key, ticket.overrides) == alike)
        return {"key": same.key, "run": same.run, "isTheSame": True} if same else None
    if turns.latest and turns.latest.order and turns.latest.order > mine.order:
        return {"key": turns.latest.key, "run": turns.latest.run, "tookEffect": True}
    if newer := _first(turns, lambda ticket: ticket.key == mine.key and (ticket.order or []) > (mine.order or [])):
        return {"key": newer.key, "run": newer.run}
    # Its event may be hours late; the bucket knows.
    newest = _newest_version(run) if run.version_id else None
    is_old = newest is not None and newest != run.version_id
    return {"key": run.key} if is_old and _group_of(run.at_newest_version()) == group else None


def _switches(ticket: Ticket, key: str) -> bool:
    """Whether a schedule of that params file says that what serves is to be on, or off."""
    return ticket.order is None and ticket.key == key and ticket.overrides.get("serving") in SWITCHES


def _newest_version(run: Run) -> str | None:
    try:
        return clients.s3().head_object(Bucket=run.bucket, Key=run.key).get("VersionId")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey", "405", "403"):
            return None
        raise


def _sorting(ticket: Ticket) -> list[Any]:
    return ticket.order or [_millis(ticket.run), "", ticket.run]


def _millis(id_: str) -> int:
    """The time in a run's id: of runs that schedules start."""
    try:
        return int(dt.datetime.strptime(id_[:15], "%Y%m%d-%H%M%S").replace(tzinfo=dt.UTC).timestamp() * 1000)
    except ValueError:
        return 0


def _sorts_before(one: Ticket, other: Ticket) -> bool:
    return _sorting(one) < _sorting(other)


def _supersede(run: Run, group: str, newer: Json) -> None:
    _record(run, group, Record(run.to_json(), outcome="superseded", superseded_by=newer))


def _give_up(run: Run, group: str, waited: float) -> None:
    failure = f"it waited {waited / 3600:.0f} hours for its turn, longer than a run may take (timeout_hours)."
    _record(run, group, Record(run.to_json(), failure=failure))


def _record(run: Run, group: str, record: Record) -> None:
    record.run |= {"datasetGroup": group, "startedAt": clients.clock.now()}
    if load(run.id) is None:
        record.save()


def _group_of(run: Run) -> str | None:
    """The dataset group that a run works on; None where its params file names none, or may not be carried out."""
    body = read_params_file(run)
    if body is None:
        return None
    document, _ = params.parse(body)
    document, _ = normalise(document)
    if not isinstance(document, dict) or (document | run.overrides).get("dryRun") is True:
        return None
    document |= run.overrides
    section = document.get("datasetGroup")
    name = section.get("name") if isinstance(section, dict) else None
    if not isinstance(name, str) or not GROUP_NAME.fullmatch(name):
        return None
    return None if settings().boundaries.refusals(run.key, document) else name


def _is_running(execution_arn: str) -> bool:
    stepfunctions = clients.stepfunctions()
    try:
        return stepfunctions.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return False


# --- The object -------------------------------------------------------------------------------------------------------


def _key(group: str) -> str:
    return f"locks/{group}.json"


def _change(group: str, change: Callable[[Turns], None]) -> None:
    for _ in range(TRIES):
        turns, etag = _read(group)
        before = asdict(turns)
        change(turns)
        if asdict(turns) == before or _write(group, turns, etag):
            return
    logger.warning("turns not written", extra={"group": group})


def _read(group: str) -> tuple[Turns, str | None]:
    """The turns, and the object's ETag. What is not of this form is no turn of anybody's: it is written over."""
    if (found := objects.read(_key(group))) is None:
        return Turns(), None
    body, etag = found
    try:
        values = json.loads(body)
        ticket = functools.partial(_ticket, settings().execution_prefix)
        holder, latest = ticket(values.get("holder")), ticket(values.get("latest"))
        waiting = [waits for entry in values.get("waiting", []) if (waits := ticket(entry))]
        serving = Serving(
            **{name: values.get("serving", {}).get(name, usual) for name, usual in asdict(Serving()).items()}
        )
        return Turns(holder, waiting, latest, serving), etag
    except (ValueError, TypeError, AttributeError):
        logger.warning("foreign object at a lock's place", extra={"group": group})
        return Turns(), etag


def _ticket(execution_prefix: str, values: Any) -> Ticket | None:
    """A run of this deployment's; anything else is none."""
    if values is None:
        return None
    known = {entry.name for entry in fields(Ticket)}
    ticket = Ticket(**{name: value for name, value in values.items() if name in known})
    if not str(ticket.executionArn).startswith(execution_prefix):
        raise ValueError("an execution of another state machine")
    return ticket


def _write(group: str, turns: Turns, etag: str | None) -> bool:
    body = json.dumps({"format": FORMAT} | asdict(turns)).encode()
    try:
        objects.write(_key(group), body, etag)
    except objects.Changed:
        return False
    return True
