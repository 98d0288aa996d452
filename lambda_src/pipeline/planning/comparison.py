"""One resource of the params against the one that Personalize has: what is to be done about the difference."""

from __future__ import annotations

from pipeline.engine import ownership
from pipeline.engine.calls import failed, is_being_deleted, is_settled, status_of, took
from pipeline.engine.differences import changed, fixed_changes
from pipeline.engine.existing import Existing
from pipeline.engine.reconcile import NO_REASON
from pipeline.engine.resource_types import Parameters
from pipeline.engine.resources import ABSENT, ACTIVE, INACTIVE, OPEN, READY, Resource
from pipeline.params.sections import Sections
from pipeline.problems import Problem


def compare(read: Sections, existing: Existing, where: str, resource: Resource) -> Parameters | None:
    """Plan one resource whose ARN is known, in place; returns its description."""
    assert resource.arn
    description = existing.describe(resource.type, resource.arn)
    if description and (owner := ownership.other_owner(resource, read.dataset_group.arn or "", description)):
        what = f"{resource.shown} belongs to {owner}, and is not touched. Use another name."
        read.problem(f"{where}.name", what)
        decide(resource, "skip", "belongs to somebody else")
        return description
    if resource.target == ABSENT:
        _plan_deletion(resource, description)
    elif description is None:
        _plan_creation(read, resource)
    else:
        read.problems += _problems(where, resource, description)
        _plan_change(resource, description)
        _plan_tags(existing, resource)
    return description


def decide(resource: Resource, plan: str, reason: str) -> None:
    """Note what will be done and why. For what is left alone, nothing remains to be done."""
    resource.plan, resource.reason = plan, reason
    if plan == "skip":
        resource.state = READY


def _plan_deletion(resource: Resource, description: Parameters | None) -> None:
    if description is None:
        decide(resource, "skip", "is absent, as wanted")
    elif is_being_deleted(status_of(description)):
        decide(resource, "delete", "is being deleted already")
    else:
        decide(resource, "delete", "shall be absent")


def _plan_creation(read: Sections, resource: Resource) -> None:
    if resource.target == INACTIVE:
        decide(resource, "skip", "does not exist, and shall be stopped")
        read.notes.append(
            f"{resource.shown.capitalize()} does not exist, and shall be stopped: it is not made for that."
        )
    else:
        decide(resource, "create", "new")


def _plan_change(resource: Resource, description: Parameters) -> None:
    kind, status = resource.kind, status_of(description)
    resource.status = status
    if is_being_deleted(status):
        decide(resource, "create", "is being deleted: waited for, then created anew")
    elif failed(status):
        why = description.get("failureReason", NO_REASON)
        decide(resource, "replace", f"is {status} ({why}): deleted and created anew")
    elif kind.replaceable and (changes := fixed_changes(kind, resource.parameters, description)):
        decide(resource, "replace", f"{', '.join(changes)} changed: deleted and created anew")
    elif resource.target == INACTIVE:
        settings = ", ".join(changed(kind, resource.parameters, description))
        later = f"; changed {settings} will apply when it is started" if settings else ""
        stopped = status == INACTIVE
        decide(resource, "reuse" if stopped else "stop", ("is stopped" if stopped else "shall be stopped") + later)
    elif status == INACTIVE:
        decide(resource, "start", "is stopped, and shall run")
    elif changes := changed(kind, resource.parameters, description):
        decide(
            resource, "update", f"{', '.join(_shown_change(resource, name, description) for name in changes)} changed"
        )
    else:
        decide(resource, "reuse", "exists as wanted")
    if resource.plan == "reuse" and is_settled(status) and is_settled(_latest(resource, description)):
        resource.state = READY
    resource.durations = _durations(resource, description)


def _durations(resource: Resource, description: Parameters) -> list[float]:
    """What its last update took; where there was none, its creation, which is of the same length."""
    last = description.get(resource.kind.latest_update, description)
    return [took(last)] if last.get("status") == ACTIVE and "lastUpdatedDateTime" in last else []


def _latest(resource: Resource, description: Parameters) -> str:
    return str(description.get(resource.kind.latest_update, {}).get("status", ACTIVE))


def _shown_change(resource: Resource, name: str, description: Parameters) -> str:
    """`minProvisionedTPS (50 to 1, its default, since the file does not say)`."""
    default = resource.kind.defaults.get(name)
    if name in resource.parameters or default is None or isinstance(default, dict):
        return name
    return f"{name} ({description[name]} to {default}, its default, since the file does not say)"


def _plan_tags(existing: Existing, resource: Resource) -> None:
    assert resource.arn
    if resource.plan not in ("reuse", "update", "start", "stop") or not resource.parameters.get("tags"):
        return
    if lacking := existing.lacking_tags(resource.arn, resource.parameters["tags"]):
        resource.add_tags = lacking
        resource.state = OPEN
        if resource.plan == "reuse":
            decide(resource, "update", "tags changed")


def _problems(where: str, resource: Resource, description: Parameters) -> list[Problem]:
    status = status_of(description)
    if resource.kind.replaceable or is_being_deleted(status) or failed(status):
        return []
    return [
        Problem(
            f"{where}.{parameter}",
            f"{resource.shown} exists with {_shown(description.get(parameter))}, and this can't be changed. "
            "Use another name.",
        )
        for parameter in fixed_changes(resource.kind, resource.parameters, description)
    ]


def _shown(value: object) -> str:
    return "none" if value is None else f"{value}"
