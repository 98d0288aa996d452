"""The view of a run: a table that changes in a terminal, a line for each change elsewhere."""

import time
from collections.abc import Callable, Iterator, Sequence

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .runs import Json, Moment
from .steps import console

_LOOK_SECONDS = 0.5
_BAR = 10
_STYLES = {"ACTIVE": "green", "SUCCEEDED": "green", "RUNNING": "yellow"}

Look = Callable[[], Moment]


def watch(look: Look, before: Sequence[Json] = ()) -> Moment:
    """Show what a run does to the resources that there were `before`, until it has ended; how it ended."""
    return _watch_live(look, before) if console.is_terminal else _watch_lines(look, before)


def table(moment: Moment, before: Sequence[Json] = ()) -> Group:
    """Everything there is to see at one moment; resources that are as before are only counted."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("resource", "name", "status", ""):
        # In a narrow terminal a column that may wrap gives way: that of the names, which are then cut.
        shown.add_column(heading, no_wrap=heading != "name")
    known = {resource["arn"]: _looks(resource) for resource in before}
    touched = [resource for resource in moment.resources if known.get(resource["arn"]) != _looks(resource)]
    for resource in touched:
        status = _status(resource)
        name = Text(resource["name"], no_wrap=True, overflow="ellipsis")
        shown.add_row(resource["type"], name, Text(status, _style(status)), _progress(resource, moment.now))
    head = Text.assemble("run ", (moment.status, _style(moment.status)), f"  {_elapsed(moment)}")
    where = [Text(", ".join(dict.fromkeys(moment.states)), "dim")] if moment.states else []
    untouched = len(moment.resources) - len(touched)
    rest = [Text(f"and {untouched} as before", "dim")] if untouched else []
    return Group(head, *where, *([shown] if touched else []), *rest)


def changes(before: Sequence[Json], after: Sequence[Json]) -> Iterator[str]:
    """What is new about the resources, in a line each."""
    known = {resource["arn"]: _status(resource) for resource in before}
    for resource in after:
        status, was = _status(resource), known.get(resource["arn"])
        if status != was:
            change = f"{was} -> {status}" if was else status
            reason = f": {resource['failureReason']}" if resource.get("failureReason") else ""
            yield f"{resource['type']} {resource['name']}: {change}{reason}"


def _watch_live(look: Look, before: Sequence[Json]) -> Moment:
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            moment = look()
            live.update(table(moment, before), refresh=True)
            if moment.has_ended:
                return moment
            time.sleep(_LOOK_SECONDS)


def _watch_lines(look: Look, resources: Sequence[Json]) -> Moment:
    while True:
        moment = look()
        lines = [*changes(resources, moment.resources), *([f"run {moment.status}"] if moment.has_ended else [])]
        for line in lines:
            console.print(f"    {_elapsed(moment)}  {line}", markup=False)
        if moment.has_ended:
            return moment
        resources = moment.resources
        time.sleep(_LOOK_SECONDS)


def _status(resource: Json) -> str:
    """The status, or while a campaign moves to another version that of the move."""
    update = resource.get("updateStatus")
    if update and update != "ACTIVE":
        return str(update).replace("CREATE", "UPDATE")
    return resource["status"] or "ACTIVE"  # a schema has none and can be used at once


def _looks(resource: Json) -> tuple[str, float]:
    return _status(resource), resource["lastUpdatedDateTime"]


def _style(status: str) -> str:
    if "FAILED" in status or status in ("TIMED_OUT", "ABORTED") or "STOPPED" in status:
        return "red"
    return _STYLES.get(status, "yellow")


def _progress(resource: Json, now: float) -> str:
    end, start = resource.get("expectedEnd"), resource["creationDateTime"]
    if not end or end <= now:
        return ""
    if resource.get("updateStatus"):
        start = resource["lastUpdatedDateTime"]
    part = min(max((now - start) / (end - start), 0), 1) if end > start else 0
    full = round(part * _BAR)
    return f"{'━' * full}{'─' * (_BAR - full)} {part:.0%}"


def _elapsed(moment: Moment) -> str:
    return f"{_duration(moment.real_seconds)} here, {_duration(moment.emulated_seconds)} emulated"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
