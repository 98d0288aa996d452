"""Ensure: bring one resource to what its plan says, and tell whether it is there yet. Safe to call again at any time.

A resource travels through the workflow as one record, which every call returns renewed:

    type, name      `campaign`, the name in the params
    parameters      of the create call
    plan, reason    `create`, `update`, `reuse` or `skip`, and why
    arn             as soon as it is known
    status, ready, waitSeconds   what the last look saw
    looks           how often was looked since the state machine last began a fresh history
    since           when the service began to refuse the call for now
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from . import clients
from .errors import ResourceFailed
from .polling import LONGEST, wait_seconds
from .resource_types import RESOURCE_TYPES, Parameters, ResourceType, differs

logger = Logger(child=True)
Resource = dict[str, Any]

MOST_LOOKS = 2000  # then the state machine hands over to a fresh execution, far from the 25,000 events of a history

LONGEST_REFUSAL = 24 * 3600  # seconds that a "try later" of the service is believed
# Quotas on what runs at the same time free themselves; the message tells them from those on what exists
# (Developer Guide, "Common error messages in Amazon Personalize").
RUNNING_QUOTA = "PENDING or IN_PROGRESS"


def ensure(event: dict[str, Any]) -> Resource:
    """Create the event's resource if it is missing, update it if it differs, and look how far it is.

    Args:
        event: `run`, `resource`, and for a resource that needs what the run made before it, `dependencies`: parameters
            that were not known when the plan was made (a campaign's `solutionVersionArn`).

    Returns:
        The resource's record. `ready` is true once it can be used; else look again after `waitSeconds`.

    Raises:
        ResourceFailed: the service reports failure, or refuses for good. The message has the service's own reason.
    """
    resource = dict(event["resource"])
    if resource["plan"] == "skip":
        return resource | {"ready": True}
    resource["looks"] = resource.get("looks", 0) % MOST_LOOKS + 1
    resource["parameters"] = event.get("dependencies", {}) | resource["parameters"]
    return _ensure(RESOURCE_TYPES[resource["type"]], resource, event["run"])


def _ensure(kind: ResourceType, resource: Resource, run: dict[str, Any]) -> Resource:
    try:
        description = find(kind, resource, run)
        if description is None:
            resource["arn"] = _create(kind, resource, run)
            description = find(kind, resource, run)
        elif update := _update_needed(kind, resource, description, run):
            _call(kind, "update", {kind.arn_member: resource["arn"]} | update)
            logger.info("updated", extra={"arn": resource["arn"]})
            description = find(kind, resource, run)
    except ClientError as error:
        if not _frees_itself(error):
            raise _refusal(kind, resource, error) from error
        return _blocked(kind, resource, error)
    if description is None:
        return resource | {"ready": False, "status": "CREATE PENDING", "waitSeconds": wait_seconds(0)}
    return settle(kind, resource | {"arn": description[kind.arn_member]}, description, run)


def find(kind: ResourceType, resource: Resource, run: dict[str, Any]) -> Parameters | None:
    """The resource's description, or None where there is none yet."""
    if resource.get("arn") is None:
        resource["arn"] = newest_version(resource["parameters"]["solutionArn"], run["startedAt"])
    return describe(kind, resource["arn"]) if resource["arn"] else None


def describe(kind: ResourceType, arn: str) -> Parameters | None:
    """The description of `arn`, or None where it does not exist."""
    try:
        description: Parameters = _call(kind, "describe", {kind.arn_member: arn})[kind.member]
    except clients.personalize().exceptions.ResourceNotFoundException:
        return None
    return description


def versions(solution_arn: str) -> list[Parameters]:
    """The solution's versions, newest first; none where there is no solution."""
    pages = clients.personalize().get_paginator("list_solution_versions").paginate(solutionArn=solution_arn)
    try:
        found = [dict(version) for page in pages for version in page["solutionVersions"]]
    except clients.personalize().exceptions.ResourceNotFoundException:
        return []
    return sorted(found, key=lambda version: version["creationDateTime"], reverse=True)


def newest_version(solution_arn: str, since: float) -> str | None:
    """The ARN of the newest version begun since then, or None.

    A version's ARN does not follow from its name; a training whose create call was repeated, or whose reply was lost,
    is found again by its solution and time.
    """
    newest = next(iter(versions(solution_arn)), None)
    return newest["solutionVersionArn"] if newest and newest["creationDateTime"].timestamp() >= since else None


def _create(kind: ResourceType, resource: Resource, run: dict[str, Any]) -> str | None:
    """The new resource's ARN; of one that turns out to exist, the ARN by which to find it."""
    if resource["plan"] == "await":
        return None
    try:
        arn: str = _call(kind, "create", resource["parameters"])[kind.arn_member]
    except clients.personalize().exceptions.ResourceAlreadyExistsException:
        logger.info("exists already; adopted", extra={"resource": resource["name"]})
        return resource.get("arn")
    logger.info("created", extra={"arn": arn})
    return arn


def _update_needed(
    kind: ResourceType, resource: Resource, description: Parameters, run: dict[str, Any]
) -> Parameters | None:
    """The update call's parameters where the resource differs from its plan and can be changed now."""
    if kind.updatable is None or not is_settled(description["status"]):
        return None
    wanted = kind.updatable(resource["parameters"])
    if not differs(wanted, kind.updatable(description)):
        return None
    latest = description.get(kind.latest_update)
    if latest and (not is_settled(latest["status"]) or _failed_now(latest, run)):
        return None
    return wanted


def settle(kind: ResourceType, resource: Resource, description: Parameters, run: dict[str, Any]) -> Resource:
    """The record after a look at its description.

    Raises:
        ResourceFailed: the resource failed, or the update that this run began.
    """
    latest = description.get(kind.latest_update) if kind.updatable else None
    relevant = latest and (not is_settled(latest["status"]) or _failed_now(latest, run))
    state = latest if latest and relevant else description
    status = state.get("status", "ACTIVE")  # a schema has no status: it can be used at once
    if _failed(status):
        where = f"{kind.label} {resource['name']}" + (" (update)" if state is latest else "")
        raise ResourceFailed(f"{where}: {status}: {state.get('failureReason', 'Personalize gives no reason.')}")
    wanted = kind.updatable(resource["parameters"]) if kind.updatable else {}
    reached = kind.updatable is None or not differs(wanted, kind.updatable(description))
    age = clients.clock.now() - state["creationDateTime"].timestamp()
    seen = {
        "status": status,
        "ready": status == "ACTIVE" and reached,
        "waitSeconds": wait_seconds(age),
        "since": None,
    }
    return resource | seen


def _failed_now(latest: Parameters, run: dict[str, Any]) -> bool:
    """Whether this run's own update failed: it is reported then, not begun again."""
    return _failed(latest["status"]) and bool(latest["creationDateTime"].timestamp() >= run["startedAt"])


def is_settled(status: str) -> bool:
    """Whether the status is one that the service does not leave by itself."""
    return status in ("ACTIVE", "INACTIVE") or _failed(status)


def _failed(status: str) -> bool:
    return status.endswith("FAILED") or status == "CREATE STOPPED"


def _frees_itself(error: ClientError) -> bool:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return code == "ResourceInUseException" or (code == "LimitExceededException" and RUNNING_QUOTA in message)


def _refusal(kind: ResourceType, resource: Resource, error: ClientError) -> Exception:
    """The service's own errors are final; throttling, faults and missing rights are left to the workflow's retries."""
    if error.response["Error"]["Code"] in (
        "InvalidInputException",
        "LimitExceededException",
        "ResourceNotFoundException",
        "TooManyTagsException",
    ):
        return ResourceFailed(f"{kind.label} {resource['name']}: {error.response['Error']['Message']}")
    return error


def _blocked(kind: ResourceType, resource: Resource, error: ClientError) -> Resource:
    """The record of a call that the service refuses for now."""
    message = error.response["Error"]["Message"]
    now = clients.clock.now()
    since = resource.get("since") or now
    if now - since > LONGEST_REFUSAL:
        raise ResourceFailed(f"{kind.label} {resource['name']}: refused for 24 hours: {message}") from error
    logger.info("refused for now", extra={"resource": resource["name"], "reason": message})
    return resource | {
        "ready": False,
        "status": f"WAITING: {message}",
        "waitSeconds": LONGEST,
        "since": since,
    }


def _call(kind: ResourceType, verb: str, parameters: Parameters) -> dict[str, Any]:
    response: dict[str, Any] = getattr(clients.personalize(), kind.operation(verb))(**parameters)
    return response
