"""`runs watch`: a run as it goes on, from its execution and its record, until its report is there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline import clients
from pipeline.arns import execution_prefix
from pipeline.ending import mail, words
from pipeline.ending.report import GOOD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from . import runs
from .deployments import Deployment
from .live import bar, duration, follow, style
from .runs import label
from .terminal import Terminal

Json = dict[str, Any]
LOOK_SECONDS = 5  # it costs two reads; runs take from minutes to hours
REPORT_LOOKS = 6  # after an execution ended, until its report has to be there: that of a time-out comes a bit later
DONE = {"reuse": "reused", "hold": "held", "skip": "skipped"}  # of what nothing is done to


@dataclass(frozen=True)
class Moment:
    """A run at one moment: its execution's status, its record and, at its end, its report."""

    run: str
    status: str
    record: Json | None
    report: Json | None
    now: float
    started: float
    is_over: bool

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will change."""
        return self.is_over

    @property
    def resources(self) -> list[Json]:
        """The graph, as far as it is planned; what is passed over or only helps is left out."""
        there = words.printable((self.record or {}).get("resources", []))
        return [entry for entry in there if entry.get("plan") != "skip" and not entry.get("helper")]

    @property
    def outcome(self) -> str:
        """As the report says; else as the execution ended."""
        return str(self.report["outcome"]) if self.report else self.status.lower()


def watch(deployment: Deployment, terminal: Terminal, run: str | None, group: str | None) -> int:
    """Follow a run to its end, and show what its mail says.

    Returns:
        0 when it ended well; 1 when it did not.
    """
    row = runs.find(deployment, run, group)
    return follow_run(deployment, terminal, row)


def follow_run(deployment: Deployment, terminal: Terminal, row: Json) -> int:
    """As `watch`, of a run that is known: `run`, `executionArn`."""
    looker = Looker(deployment, row)
    if terminal.as_json:
        last = _json_lines(looker, terminal)
    else:
        terminal.say(f"run {row['run']} of {deployment.where}; Ctrl-C ends the watching, not the run")
        last = follow(terminal.out, looker.look, drawn, changes, lambda: LOOK_SECONDS)
        if last.report:
            terminal.out.print()
            terminal.out.print(Text(mail.compose(last.report)[1]))
        else:
            terminal.say(f"The run ended {last.status}, and left no report in the bucket.")
    return 0 if last.outcome in GOOD else 1


class Looker:
    """Looks at one run."""

    def __init__(self, deployment: Deployment, row: Json) -> None:
        self._deployment, self._run = deployment, row["run"]
        self._execution = row.get("executionArn") or execution_prefix(deployment.state_machine_arn) + self._run
        self._looks_left = REPORT_LOOKS

    def look(self) -> Moment:
        """The run now. The execution's status is asked first, so that what ended has all that it wrote."""
        stepfunctions = clients.stepfunctions()
        try:
            described = stepfunctions.describe_execution(executionArn=self._execution)
            status, started = str(described["status"]), described["startDate"].timestamp()
            now = described["stopDate"].timestamp() if "stopDate" in described else time.time()
        except stepfunctions.exceptions.ExecutionDoesNotExist:
            status, started, now = "UNKNOWN", 0.0, 0.0  # Step Functions forgets after 90 days
        record = runs.read(self._deployment, self._run, "record")
        report = runs.read(self._deployment, self._run, "report")
        if status != "RUNNING":
            self._looks_left -= 1
        is_over = status != "RUNNING" and (report is not None or self._looks_left < 1)
        return Moment(self._run, status, record, report, now, started, is_over)


def drawn(moment: Moment) -> Group:
    """Everything there is to see."""
    head = Text.assemble("run ", (moment.status, style(moment.status)), f"  {_elapsed(moment)}")
    if not moment.resources:
        waits = "waits for its turn, or plans" if moment.status == "RUNNING" else ""
        return Group(head, Text(waits, "dim"))
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("resource", "name", "plan", "status", ""):
        # In a narrow terminal the columns that may wrap give way.
        shown.add_column(heading, no_wrap=heading not in ("name", "status"))
    worked_on = [entry for entry in moment.resources if not _is_left(entry)]
    for entry in worked_on:
        status = _status(entry)
        name = Text(entry["name"], no_wrap=True, overflow="ellipsis")
        shown.add_row(label(entry), name, entry.get("plan", ""), Text(status, style(status)), _progress(entry, moment))
    left = len(moment.resources) - len(worked_on)
    return Group(head, *([shown] if worked_on else []), *([Text(f"and {left} as before", "dim")] if left else []))


def changes(before: Moment | None, after: Moment) -> Iterator[str]:
    """What is new, in a line each."""
    known = {(entry["type"], entry["name"]): _status(entry) for entry in before.resources} if before else {}
    for entry in after.resources:
        status, was = _status(entry), known.get((entry["type"], entry["name"]))
        if status != was and (was is not None or not _is_left(entry)):
            change = f"{was} -> {status}" if was else status
            yield f"{_elapsed(after)}  {label(entry)} {entry['name']}: {change}"
    if after.has_ended or before is None or before.status != after.status:
        yield f"{_elapsed(after)}  run {after.status}"


def _json_lines(looker: Looker, terminal: Terminal) -> Moment:
    """A line for each change; the last one has the report."""
    shown: Json = {}
    while True:
        moment = looker.look()
        resources = [
            {"type": label(entry), "name": entry["name"], "plan": entry.get("plan"), "status": _status(entry)}
            for entry in moment.resources
        ]
        now: Json = {"run": moment.run, "status": moment.status, "outcome": moment.outcome, "resources": resources}
        if now != shown or moment.has_ended:
            terminal.line(now | ({"report": moment.report} if moment.has_ended else {}))
        if moment.has_ended:
            return moment
        shown = now
        time.sleep(LOOK_SECONDS)


def _is_left(entry: Json) -> bool:
    """Whether nothing is done to it, and nothing is wrong with it."""
    return entry.get("plan") in DONE and entry.get("state", "open") in ("open", "ready")


def _status(entry: Json) -> str:
    """As Personalize told it last; what failed or was not begun in the engine's words."""
    state = entry.get("state", "open")
    if state == "failed":
        return f"FAILED: {entry.get('failure', '')}"
    if state == "blocked":
        return "not attempted"
    if trouble := entry.get("trouble"):
        return f"waits: {trouble.get('what', '')}"
    return entry.get("status") or DONE.get(entry.get("plan", "")) or ("done" if state == "ready" else "to come")


def _progress(entry: Json, moment: Moment) -> str:
    """How far a job is, by what its like took last time."""
    if entry.get("state", "open") != "open" or "since" not in entry or not entry.get("durations"):
        return ""
    if moment.now < entry["since"]:
        return ""  # another clock: that of the local stack
    return bar((moment.now - entry["since"]) / max(entry["durations"][0], 1))


def _elapsed(moment: Moment) -> str:
    return duration(max(moment.now - moment.started, 0)) if moment.started else ""
