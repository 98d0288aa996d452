"""The view of a run: a table that changes in a terminal, a line for each change elsewhere."""

from collections.abc import Callable, Iterator, Sequence

from pipeline_cli.live import bar, duration, follow, style
from rich.console import Group
from rich.table import Table
from rich.text import Text

from .runs import Json, Moment
from .steps import console

_LOOK_SECONDS = 0.5

Look = Callable[[], Moment]


def watch(look: Look, before: Sequence[Json] = ()) -> Moment:
    """Show what a run does to the resources that there were `before`, until it has ended; how it ended."""

    def changed(last: Moment | None, moment: Moment) -> Iterator[str]:
        for line in changes(last.resources if last else before, moment.resources):
            yield f"    {_elapsed(moment)}  {line}"
        if moment.has_ended:
            yield f"    {_elapsed(moment)}  run {moment.status}"

    return follow(console, look, lambda moment: table(moment, before), changed, lambda: _LOOK_SECONDS)


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
        shown.add_row(resource["type"], name, Text(status, style(status)), _progress(resource, moment.now))
    head = Text.assemble("run ", (moment.status, style(moment.status)), f"  {_elapsed(moment)}")
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


def _status(resource: Json) -> str:
    """The status, or while a campaign moves to another version that of the move."""
    update = resource.get("updateStatus")
    if update and update != "ACTIVE":
        return str(update).replace("CREATE", "UPDATE")
    return resource["status"] or "ACTIVE"  # a schema has none and can be used at once


def _looks(resource: Json) -> tuple[str, float]:
    return _status(resource), resource["lastUpdatedDateTime"]


def _progress(resource: Json, now: float) -> str:
    end, start = resource.get("expectedEnd"), resource["creationDateTime"]
    if not end or end <= now:
        return ""
    if resource.get("updateStatus"):
        start = resource["lastUpdatedDateTime"]
    return bar((now - start) / (end - start) if end > start else 0)


def _elapsed(moment: Moment) -> str:
    return f"{duration(moment.real_seconds)} here, {duration(moment.emulated_seconds)} emulated"
