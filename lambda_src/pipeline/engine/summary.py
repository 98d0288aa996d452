"""What a stage's action returns after a look: for the workflow, and for a person who looks at the execution."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from pipeline import clients

from . import waiting
from .resources import BLOCKED, FAILED, OPEN, READY, Resource

MOST_NAMED = 20  # resources: the state of an execution is bounded


def summarise(stage: str, run: str, resources: list[Resource], working: list[Resource], looks: int) -> dict[str, Any]:
    """The summary of a stage's resources, of which some are being worked on.

    Returns:
        `verdict`: `ready`, or `pending` with `waitSeconds` and `nextLook`; the number of `looks` so far; how many are
        `ready`, which `failed`; of the `pending` ones the status, since when, and by when it is expected to be over;
        how many wait for them.
    """
    still_open = [resource for resource in resources if resource.state == OPEN]
    summary: dict[str, Any] = {
        "verdict": "pending" if still_open else "ready",
        "run": run,
        "stage": stage,
        "looks": looks,
        "ready": sum(resource.state == READY for resource in resources),
        "failed": [resource.shown for resource in resources if resource.state in (FAILED, BLOCKED)][:MOST_NAMED],
    }
    if still_open:
        now = clients.clock.now()
        until = min((_seconds_until(resource, now) for resource in working), default=waiting.SHORTEST)
        seconds = math.ceil(max(until, waiting.least_wait(looks)))
        summary |= {
            "waitSeconds": seconds,  # a Wait takes whole numbers only
            "nextLook": _iso(now + seconds),
            "pending": [_shown(resource, now) for resource in working[:MOST_NAMED]],
            "waitingForThem": len(still_open) - len(working),
        }
    return summary


def _seconds_until(resource: Resource, now: float) -> float:
    """Until the next look at it."""
    if resource.trouble and resource.trouble.get("wantsSlot"):
        return waiting.LONGEST  # or when one of its like has ended, which is looked at anyway
    if resource.trouble:
        return max(float(resource.trouble["next"]) - now, waiting.SHORTEST)
    age = now - (resource.since or now)
    fastest = resource.kind.fastest if resource.did("create") else 0
    return waiting.seconds_until_next_look(age, resource.durations, fastest)


def _shown(resource: Resource, now: float) -> dict[str, Any]:
    shown: dict[str, Any] = {"resource": resource.shown, "status": resource.status}
    if resource.trouble:
        shown["refused"] = resource.trouble["what"][:200]
    if resource.since:
        shown |= {"since": _iso(resource.since), "minutes": round((now - resource.since) / 60, 1)}
        if window := waiting.expected(resource.durations):
            shown["expectedBy"] = _iso(resource.since + window.latest)
    return shown


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")
