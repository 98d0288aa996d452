"""Ensure: bring one resource to what its plan says, and tell whether it is there yet. Safe to call again at any time.

A resource travels through the workflow as one record, which every call returns renewed:

    type, name      `campaign`, the name in the params
    parameters      of the create call
    plan, reason    what shall be done (`create`, `update`, `reuse`, `delete`, ...), and why; nothing is done for `skip`
    target          the status to reach: `ACTIVE` unless said otherwise, `INACTIVE` (a stopped recommender) or `ABSENT`
    arn             as soon as it is known
    status, ready, waitSeconds   what the last look saw
    looks           how often was looked since the state machine last began a fresh history
    since           when the service began to refuse the call for now
    keepIfUsed      what others use is not to be deleted: a schema may be shared by dataset groups
    addTags         tags that an existing resource lacks
    updated         an update was made: one is enough, even if the service shows its parameters in another form
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from pipeline import clients
from pipeline.engine.polling import LONGEST, wait_seconds
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters, ResourceType, differs
from pipeline.errors import ResourceFailed

logger = Logger(child=True)
Resource = dict[str, Any]
Run = dict[str, Any]

MOST_LOOKS = 2000  # then the state machine hands over to a fresh execution, far from the 25,000 events of a history
LONGEST_REFUSAL = 24 * 3600  # seconds that a "try later" of the service is believed
# Quotas on what runs at the same time free themselves; the message tells them from those on what exists
# (Developer Guide, "Common error messages in Amazon Personalize").
RUNNING_QUOTA = "PENDING or IN_PROGRESS"
# Parameters that say something by being left out; of others the service may show a default of its own.
ABSENCE_COUNTS = {"domain", "eventType"}
FINAL_REFUSALS = {
    "InvalidInputException",
    "LimitExceededException",
    "ResourceNotFoundException",
    "TooManyTagsException",
}


def ensure(event: dict[str, Any]) -> Resource:
    """Take the event's resource one step towards its target, if it needs one, and look how far it is.

    Args:
        event: `run`, `resource`, and for a resource that needs what the run made before it, `dependencies`: parameters
            that were not known when the plan was made (a campaign's `solutionVersionArn`).

    Returns:
        The resource's record. `ready` is true once it is what it shall be; else look again after `waitSeconds`.

    Raises:
        ResourceFailed: the service reports failure, or refuses for good. The message has the service's own reason.
    """
    resource = dict(event["resource"])
    if resource["plan"] in ("skip", "hold"):
        return resource | {"ready": True}
    dependencies = event.get("dependencies", {})
    resource["looks"] = resource.get("looks", 0) % MOST_LOOKS + 1
    resource["parameters"] = dependencies | resource["parameters"]
    if resource["type"] == "campaign":
        resource["serves"] = dependencies.get("solutionVersionArn")
    return _ensure(RESOURCE_TYPES[resource["type"]], resource, event["run"])


def _ensure(kind: ResourceType, resource: Resource, run: Run) -> Resource:
    try:
        description = find(kind, resource, run)
        if step := _step(kind, resource, description, run):
            _take(kind, resource, *step)
            description = find(kind, resource, run)
        elif description and "addTags" in resource and is_settled(status_of(description)):
            clients.personalize().tag_resource(resourceArn=resource["arn"], tags=resource["addTags"])
            del resource["addTags"]
    except ClientError as error:
        if resource.get("keepIfUsed") and error.response["Error"]["Code"] == "ResourceInUseException":
            return resource | {"status": "IN USE", "ready": True}
        if _frees_itself(error):
            return _blocked(kind, resource, error)
        if error.response["Error"]["Code"] in FINAL_REFUSALS:
            raise ResourceFailed(f"{_named(kind, resource)}: {error.response['Error']['Message']}") from error
        raise  # throttling, faults and missing rights are left to the workflow's retries
    return settle(kind, resource, description, run)


def find(kind: ResourceType, resource: Resource, run: Run) -> Parameters | None:
    """The resource's description, or None where there is none yet. Notes the ARN in the record when it is found."""
    if resource.get("arn") is None and kind.listed_by:
        since = run["startedAt"] if kind.noun == "SolutionVersion" else 0
        parent = resource["parameters"][kind.listed_by]
        resource["arn"] = next(
            (entry[kind.arn_member] for entry in listed(kind, parent) if begun(entry) >= since), None
        )
    return describe(kind, resource["arn"]) if resource["arn"] else None


def describe(kind: ResourceType, arn: str) -> Parameters | None:
    """The description of `arn`, or None where it does not exist."""
    try:
        description: Parameters = _call(kind, "describe", {kind.arn_member: arn})[kind.member]
    except clients.personalize().exceptions.ResourceNotFoundException:
        return None
    return description


def listed(kind: ResourceType, parent_arn: str, by: str | None = None) -> list[Parameters]:
    """The resources of a type that belong to `parent_arn`, newest first; none where the parent does not exist."""
    parameter = by or kind.listed_by
    assert parameter
    paginator = clients.personalize().get_paginator(kind.listing)  # type: ignore[call-overload]
    try:
        pages = list(paginator.paginate(**{parameter: parent_arn}))
    except clients.personalize().exceptions.ResourceNotFoundException:
        return []
    entries = [entry for page in pages for found in page.values() if isinstance(found, list) for entry in found]
    return sorted(entries, key=lambda entry: entry["creationDateTime"], reverse=True)


def begun(entry: Parameters) -> float:
    """When a listed or described resource, or its update, was begun: epoch seconds."""
    return float(entry["creationDateTime"].timestamp())


def target_of(resource: Resource) -> str:
    """The status that the resource shall reach."""
    return str(resource.get("target", "ACTIVE"))


def _step(
    kind: ResourceType, resource: Resource, description: Parameters | None, run: Run
) -> tuple[str, Parameters] | None:
    """The call that the resource needs now, as verb and parameters, or None where it needs none or must wait."""
    target = target_of(resource)
    if description is None:
        return None if target == "ABSENT" or resource["plan"] == "await" else ("create", resource["parameters"])
    status = status_of(description)
    itself = {kind.arn_member: resource["arn"]}
    if not is_settled(status):
        return None
    if target == "ABSENT" or (kind.replaceable and fixed_changes(kind, resource, description)):
        return "delete", itself
    if (status, target) in (("INACTIVE", "ACTIVE"), ("ACTIVE", "INACTIVE")):
        return "start" if target == "ACTIVE" else "stop", itself
    latest = description.get(kind.latest_update)
    if latest and (not is_settled(latest["status"]) or _failed_now(latest, run)):
        return None
    return ("update", itself | _wanted(kind, resource)) if _update_differs(kind, resource, description) else None


def _take(kind: ResourceType, resource: Resource, verb: str, parameters: Parameters) -> None:
    """Make the call. What a create call finds existing is adopted: it is this run's own, its reply was lost."""
    try:
        answer = _call(kind, verb, parameters)
    except clients.personalize().exceptions.ResourceAlreadyExistsException:
        logger.info("exists already; adopted", extra={"resource": resource["name"]})
    except clients.personalize().exceptions.ResourceNotFoundException:
        if verb != "delete":
            raise
    else:
        if verb == "create":
            resource["arn"] = answer[kind.arn_member]
        if verb == "update":
            resource["updated"] = True
        logger.info("called", extra={"operation": kind.operation(verb), "arn": resource["arn"]})


def settle(kind: ResourceType, resource: Resource, description: Parameters | None, run: Run) -> Resource:
    """The record after a look at its description.

    Raises:
        ResourceFailed: the resource failed, or the update that this run began.
    """
    target = target_of(resource)
    if description is None:
        status = "ABSENT" if target == "ABSENT" else "CREATE PENDING"
        return resource | {"status": status, "ready": status == target, "waitSeconds": wait_seconds(0), "since": None}
    latest = description.get(kind.latest_update)
    relevant = latest and (not is_settled(latest["status"]) or _failed_now(latest, run))
    state = latest if latest and relevant else description
    status = status_of(state)
    if failed(status) and target != "ABSENT":
        update = " (update)" if state is latest else ""
        reason = state.get("failureReason", "Personalize gives no reason.")
        raise ResourceFailed(f"{_named(kind, resource)}{update}: {status}: {reason}")
    reached = status == target and not _update_differs(kind, resource, description)
    replaced = not (kind.replaceable and fixed_changes(kind, resource, description))
    ready = reached and replaced and "addTags" not in resource and not _serves_another(resource, description)
    age = 0 if target == "ABSENT" else clients.clock.now() - begun(state)  # deletes are short
    return resource | {"status": status, "ready": ready, "waitSeconds": wait_seconds(age), "since": None}


def fixed_changes(kind: ResourceType, resource: Resource, description: Parameters) -> list[str]:
    """The parameters that can't be changed, and are other than wanted."""
    wanted = resource["parameters"]
    return [
        name
        for name in kind.fixed
        if (name in wanted or name in ABSENCE_COUNTS)
        and differs(_fixed(wanted.get(name), name), _fixed(description.get(name), name))
    ]


def _fixed(value: Any, parameter: str) -> Any:
    if parameter == "solutionConfig" and value:
        # The rest of it; these two are what UpdateSolution changes.
        return {name: part for name, part in value.items() if name not in ("autoTrainingConfig", "eventsConfig")}
    return value


def updates(kind: ResourceType, resource: Resource, description: Parameters) -> list[str]:
    """The parameters that an update would change."""
    if kind.updatable is None:
        return []
    present = kind.updatable(description)
    return [name for name, value in _wanted(kind, resource).items() if differs(value, present.get(name))]


def _wanted(kind: ResourceType, resource: Resource) -> Parameters:
    return kind.updatable(resource["parameters"]) if kind.updatable else {}


def _update_differs(kind: ResourceType, resource: Resource, description: Parameters) -> bool:
    wants = target_of(resource) == "ACTIVE" and not resource.get("updated")
    return wants and bool(updates(kind, resource, description))


def _serves_another(resource: Resource, description: Parameters) -> bool:
    """Whether a campaign that follows its solution by itself ($LATEST) has not come to the run's version yet."""
    follows = str(resource["parameters"].get("solutionVersionArn", "")).endswith("/$LATEST")
    serving = str(description.get("solutionVersionArn", ""))
    return bool(
        follows and resource.get("serves") and not serving.endswith("/$LATEST") and serving != resource["serves"]
    )


def status_of(description: Parameters) -> str:
    """The status; a schema has none, it can be used at once."""
    return str(description.get("status", "ACTIVE"))


def is_settled(status: str) -> bool:
    """Whether the status is one that the service does not leave by itself."""
    return status in ("ACTIVE", "INACTIVE") or failed(status)


def failed(status: str) -> bool:
    """Whether the status is an end that can't be used."""
    return status.endswith("FAILED") or status == "CREATE STOPPED"


def _failed_now(latest: Parameters, run: Run) -> bool:
    """Whether this run's own update failed: it is reported then, not begun again."""
    return failed(latest["status"]) and begun(latest) >= run["startedAt"]


def _frees_itself(error: ClientError) -> bool:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return code == "ResourceInUseException" or (code == "LimitExceededException" and RUNNING_QUOTA in message)


def _blocked(kind: ResourceType, resource: Resource, error: ClientError) -> Resource:
    """The record of a call that the service refuses for now."""
    message = error.response["Error"]["Message"]
    now = clients.clock.now()
    since = resource.get("since") or now
    if now - since > LONGEST_REFUSAL:
        raise ResourceFailed(f"{_named(kind, resource)}: refused for 24 hours: {message}") from error
    logger.info("refused for now", extra={"resource": resource["name"], "reason": message})
    return resource | {"ready": False, "status": f"WAITING: {message}", "waitSeconds": LONGEST, "since": since}


def _named(kind: ResourceType, resource: Resource) -> str:
    return f"{kind.label} {resource['name']}"


def _call(kind: ResourceType, verb: str, parameters: Parameters) -> dict[str, Any]:
    response: dict[str, Any] = getattr(clients.personalize(), kind.operation(verb))(**parameters)
    return response
