"""One resource of the params against the one that Personalize has: what is to be done about the difference."""

from __future__ import annotations

from pipeline.engine.reconciler import Resource, describe, failed, fixed_changes, status_of, target_of, updates
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters, ResourceType
from pipeline.params import tags
from pipeline.params.sections import Sections
from pipeline.problems import Problem

DELETING = ("DELETE PENDING", "DELETE IN_PROGRESS")


def compare(read: Sections, where: str, resource: Resource) -> Parameters | None:
    """Plan one resource whose ARN is known, in place; returns its description."""
    kind = RESOURCE_TYPES[resource["type"]]
    description = describe(kind, resource["arn"])
    if target_of(resource) == "ABSENT":
        resource |= _deletion(description)
    elif description is None:
        resource |= {"plan": "create", "reason": "does not exist yet"}
    else:
        problems = _problems(kind, where, resource, description)
        read.problems += problems
        resource |= _change(kind, resource, description)
        if not problems and (lacking := tags.lacking(resource["arn"], resource["parameters"].get("tags", []))):
            resource["addTags"] = lacking
            if resource["plan"] == "reuse":
                resource |= {"plan": "update", "reason": "tags changed"}
    return description


def _deletion(description: Parameters | None) -> dict[str, str]:
    if description is None:
        return {"plan": "skip", "reason": "is absent, as wanted"}
    return {"plan": "delete", "reason": "shall be absent"}


def _change(kind: ResourceType, resource: Resource, description: Parameters) -> dict[str, str]:
    status, target = status_of(description), target_of(resource)
    if kind.replaceable and (changes := fixed_changes(kind, resource, description)):
        return {"plan": "replace", "reason": f"{', '.join(changes)} changed: deleted and created anew"}
    if (status, target) == ("INACTIVE", "ACTIVE"):
        return {"plan": "start", "reason": "is stopped, and shall run"}
    if target == "INACTIVE" and status != target:
        return {"plan": "stop", "reason": "shall be stopped"}
    if changes := updates(kind, resource, description):
        return {"plan": "update", "reason": f"{', '.join(changes)} changed"}
    return {"plan": "reuse", "reason": "exists as wanted"}


def _problems(kind: ResourceType, where: str, resource: Resource, description: Parameters) -> list[Problem]:
    name, status = f"{kind.label} {resource['name']}", status_of(description)
    if status in DELETING:
        return [Problem(where, f"{name} is being deleted. Upload again when it is gone.")]
    if failed(status):
        reason = description.get("failureReason", "Personalize gives no reason")
        command = f"aws personalize {kind.operation('delete').replace('_', '-')}"
        command += f" --{kind.label.replace(' ', '-')}-arn {resource['arn']}"
        return [Problem(where, f"{name} is {status} ({reason}). Delete it ({command}) and upload again.")]
    if kind.replaceable:
        return []
    return [
        Problem(
            f"{where}.{parameter}",
            f"{name} exists with {_shown(description.get(parameter))}, and this can't be changed. Use another name.",
        )
        for parameter in fixed_changes(kind, resource, description)
    ]


def _shown(value: object) -> str:
    return "none" if value is None else f"{value}"
