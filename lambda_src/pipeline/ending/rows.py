"""What a report says of each resource: what was done, as recorded, and how it is, as a last look shows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients
from pipeline.costs.standing import in_words
from pipeline.engine import attempts, lookup
from pipeline.engine.calls import is_settled, side_by_side, status_of
from pipeline.engine.existing import Existing
from pipeline.engine.reconcile import sentence
from pipeline.engine.record import Record
from pipeline.engine.resource_types import Parameters
from pipeline.engine.resources import ABSENT, BLOCKED, ENDED, FAILED, READY, Resource

from .timeline import Times, timeline

logger = logging.getLogger(__name__)
BUDGET = 45  # seconds of the last look: a mail that leaves some open is better than none
Row = dict[str, Any]
PAST = {
    "find": "found",
    "create": "created",
    "update": "updated",
    "start": "started",
    "stop": "stopped",
    "tag": "tagged",
}
# What is told of a resource that nothing was done to, by what was planned.
UNTOUCHED = {"reuse": "reused", "hold": "held", "skip": "skipped", "await": "trained by Personalize"}


def planned(resource: Resource) -> Row:
    """The row of a dry run: nothing was done."""
    return _row(resource) | {"status": resource.status, "problem": None, "done": ""}


def recorded(resource: Resource, times: dict[str, Times]) -> Row:
    """The row of a run that is under way: as its record has it."""
    row = _row(resource) | {"done": done(resource) if resource.is_over or resource.done else "", "problem": None}
    return row | {"status": resource.status} | _when(resource, times)


def _when(resource: Resource, times: dict[str, Times]) -> Row:
    return {"times": times[resource.id]} if resource.id in times else {}


def looked_at(record: Record, existing: Existing) -> list[Row]:
    """The rows of a run, after a last look at every resource."""
    shown = [resource for resource in record.resources if resource.plan != "skip" and not resource.helper]
    shown += [resource for resource in record.resources if resource.helper and resource.failure]
    deadline = time.monotonic() + BUDGET
    times = timeline(record, clients.clock.now())
    return side_by_side(lambda resource: _looked_at(resource, existing, deadline) | _when(resource, times), shown)


def _row(resource: Resource) -> Row:
    return {
        "id": resource.id,
        "type": resource.kind.label,
        "name": resource.name,
        "arn": resource.arn,
        "plan": resource.plan,
        "reason": resource.reason,
    }


def _looked_at(resource: Resource, existing: Existing, deadline: float) -> Row:
    with suppress(ClientError, BotoCoreError, lookup.NoneUsable):
        if resource.intent:  # a call whose answer is not known: what it made is there, or not
            attempts.recover(resource, lookup.find(resource))
    row = _row(resource) | {"done": done(resource), "status": resource.status, "problem": problem(resource)}
    if resource.took:
        row["seconds"] = round(resource.took)
    if time.monotonic() > deadline:
        return row | {"unseen": "Personalize answers too slowly"}
    try:
        return row | _seen(resource, existing)
    except (ClientError, BotoCoreError) as error:
        logger.exception("not looked at")  # what the record says is told
        return row | {"unseen": f"{error}"}


def done(resource: Resource) -> str:
    """What this run did to it, in the past tense: from its record alone."""
    if resource.foreign:
        return "not created"
    verbs = list(dict.fromkeys(step["what"] for step in resource.done))
    if resource.held:
        if "create" in verbs:  # it was switched off, and came back as it was
            return "created, held"
        return "held, settings updated" if "update" in verbs else "held"
    if "update" in verbs and resource.state == FAILED:
        return "not updated"
    if "create" in verbs:
        return "replaced" if "delete" in verbs else "created"
    if "delete" in verbs:
        return "deleted"
    if resource.keep_if_used and resource.status == "IN USE":
        return "kept"
    if verbs:
        return " and ".join(PAST[verb] for verb in verbs)
    if resource.state == BLOCKED:
        return "not attempted"
    if resource.intent:
        return "not known"
    if resource.plan in UNTOUCHED:
        return UNTOUCHED[resource.plan]
    if resource.target in (ABSENT, ENDED) and resource.state == READY:
        return "gone"
    return {"create": "not created", "replace": "not replaced"}.get(resource.plan, "unchanged")


def problem(resource: Resource) -> str | None:
    """Why the resource is not as planned, or None."""
    if resource.failure:
        return sentence(resource.failure)
    if resource.no_answer:
        return sentence(resource.no_answer)
    if resource.state == READY:
        return None
    if resource.intent:
        return (
            f"the call to {resource.intent['what']} it got no answer by the end of the run; the next upload finds out."
        )
    if resource.trouble:
        return f"is not ready: {resource.trouble['what']}"
    if resource.status is None or (is_settled(resource.status) and not resource.done):
        return "was not begun: the run ended before."
    return f"is not ready: {resource.status}."


def _seen(resource: Resource, existing: Existing) -> Row:
    """How it is now."""
    if resource.foreign:
        return {"arn": None, "status": "another group's"}
    description = existing.describe(resource.type, resource.arn) if resource.arn else None
    if description is None:
        gone = resource.target in (ABSENT, ENDED) or resource.plan == "hold"
        lost = None if gone or resource.state != READY else "is gone: somebody deleted it while the run worked."
        return {"arn": None, "status": None} | ({"problem": lost} if lost else {})
    status = status_of(description)
    seen: Row = {"arn": description[resource.kind.arn_member], "status": status}
    if resource.state == READY and resource.target == "ACTIVE" and is_settled(status) and status != "ACTIVE":
        seen["problem"] = f"became {status} while the run worked."
    if extra := EXTRAS.get(resource.type):
        seen |= extra(resource, description, existing)
    return seen


def _version(resource: Resource, description: Parameters, existing: Existing) -> Row:
    trained = description["status"] == "ACTIVE"
    return {"metrics": existing.metrics(description["solutionVersionArn"])} if trained else {}


def _campaign(resource: Resource, description: Parameters, existing: Existing) -> Row:
    """With the metrics of the version that it served, and of the one that it moves to or is held from."""
    serves, before = description["solutionVersionArn"], resource.serving
    told: Row = {"solutionVersionArn": serves, "billed": in_words("campaign", description)}
    new = str(resource.weighed or resource.parameters.get("solutionVersionArn", serves))
    if before and not before.endswith("/$LATEST") and before != new:
        told["comparison"] = {"serving": existing.metrics(before), "new": existing.metrics(new)}
    return told


EXTRAS: dict[str, Callable[[Resource, Parameters, Existing], Row]] = {
    "solutionVersion": _version,
    "campaign": _campaign,
    "recommender": lambda _, recommender, __: {"metrics": recommender.get("modelMetrics") or {}},
    "eventTracker": lambda _, tracker, __: {"trackingId": tracker["trackingId"]},
}
