"""A view of something that goes on: drawn anew in a terminal, a line for each change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from rich.console import Console, RenderableType
from rich.live import Live

_BAR = 10
_STYLES = {"ACTIVE": "green", "SUCCEEDED": "green", "RUNNING": "yellow"}


class Ends(Protocol):
    """What is looked at."""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will change."""


Moment = TypeVar("Moment", bound=Ends)


def follow(
    console: Console,
    look: Callable[[], Moment],
    drawn: Callable[[Moment], RenderableType],
    changed: Callable[[Moment | None, Moment], Iterable[str]],
    pause: Callable[[], float],
) -> Moment:
    """Show each moment until the last one, which is returned.

    Args:
        console: where to.
        look: the present moment.
        drawn: all that there is to see of one, for a terminal.
        changed: what a moment has that the one before had not, a line each.
        pause: seconds until the next look.
    """
    if not console.is_terminal:
        return _lines(console, look, changed, pause)
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            moment = look()
            live.update(drawn(moment), refresh=True)
            if moment.has_ended:
                return moment
            time.sleep(pause())


def _lines(
    console: Console,
    look: Callable[[], Moment],
    changed: Callable[[Moment | None, Moment], Iterable[str]],
    pause: Callable[[], float],
) -> Moment:
    before = None
    while True:
        moment = look()
        for line in changed(before, moment):
            console.print(line, markup=False)
        if moment.has_ended:
            return moment
        before = moment
        time.sleep(pause())


def style(status: str) -> str:
    """The colour of a status of Personalize or of Step Functions."""
    if "FAILED" in status or status in ("TIMED_OUT", "ABORTED") or "STOPPED" in status:
        return "red"
    return _STYLES.get(status, "yellow")


def bar(part: float) -> str:
    """How far something is, of 1."""
    part = min(max(part, 0), 1)
    full = round(part * _BAR)
    return f"{'━' * full}{'─' * (_BAR - full)} {part:.0%}"


def duration(seconds: float) -> str:
    """`5 s`, `1 min 05 s`, `2 h 03 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
