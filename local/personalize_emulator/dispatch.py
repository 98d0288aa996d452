"""From a request that names its operation to an answer: faults, validation, permission, effect, log."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import reference, validation
from .authorization import SERVICE_PRINCIPAL, Need, demand
from .emulator import Call, Emulator
from .exceptions import (
    ConnectionReset,
    InternalServerException,
    PersonalizeError,
    ReplyLost,
    ResourceNotFoundException,
    ServiceUnavailableException,
    UnknownOperationException,
    ValidationException,
    error,
)
from .faults import Effect
from .models import PersonalizeBackend
from .operations import HANDLERS
from .resources import RESOURCE_TYPES, ResourceType
from .service_model import CONTROL, Operation, http_statuses, operations

Params = dict[str, Any]


@dataclass(frozen=True)
class Caller:
    """Who asks: the access key, the account it belongs to, and the region of the credential scope."""

    access_key: str
    account_id: str
    region: str


def handle(emulator: Emulator, service: str, name: str, params: Params, caller: Caller) -> Params:
    """Answer one call and log it. Raises PersonalizeError with the reply, or ReplyLost when there is to be none."""
    principal, result = caller.access_key, "ok"
    answer: Params = {}
    params = {member: value for member, value in params.items() if value is not None}  # null says as much as nothing
    try:
        operation = operations(service).get(name)
        if operation is None:
            raise UnknownOperationException(name)
        resource_name = _name_of(params)
        _faults_before(emulator, name, resource_name)
        _validate(emulator, operation, params)
        try:
            backend = emulator.accounts[caller.account_id][caller.region]
        except KeyError as err:
            raise ValidationException(f"Amazon Personalize is not available in region {caller.region}.") from err
        needs = list(_needs(backend, operation, params))
        principal = demand(emulator.authorizer, {"accessKeyId": caller.access_key}, needs)
        with emulator.lock:
            backend.settle()
            backend.rates.count(backend, service, name, params)
            answer = HANDLERS[service][name](backend, params)
        if emulator.faults.strike(("drop",), name, resource_name, emulator.clock.now()):
            raise ReplyLost
        return answer
    except PersonalizeError as err:
        switches = emulator.settings.switches
        err.code = (http_statuses(service) | dict(switches.http_status)).get(err.error_code, err.code)
        if isinstance(err, ResourceNotFoundException):
            err.message = switches.not_found_text.format(arn=err.arn, type=err.kind)
        result = err.error_code
        raise
    except ReplyLost as lost:
        result = lost.result
        raise
    except Exception:
        result = "the emulator failed"
        raise
    finally:
        arn = _subject(name, params, answer)
        emulator.calls.append(Call(name, params, principal, result, emulator.clock.now(), arn, _name_of(params)))


def _name_of(params: Params) -> str:
    """Name of the resource that a call is about, for faults: as given, or the tail of the first ARN."""
    named = params.get("name") or params.get("jobName")
    arns = (value for member, value in params.items() if member.endswith("Arn") and isinstance(value, str))
    return str(named or next(arns, "").rpartition("/")[2])


def _faults_before(emulator: Emulator, operation: str, resource_name: str) -> None:
    effects: tuple[Effect, ...] = ("delay", "throttle", "internal", "unavailable", "reset", "error")
    for fault in emulator.faults.strike(effects, operation, resource_name, emulator.clock.now()):
        match fault.effect:
            case "delay":
                time.sleep(fault.seconds)
            case "reset":
                raise ConnectionReset
            case "internal":
                raise InternalServerException(fault.text)
            case "unavailable":
                raise ServiceUnavailableException(fault.text)
            case _:
                raise error(fault.code, fault.text)


def _validate(emulator: Emulator, operation: Operation, params: Params) -> None:
    message = validation.violation(operation.input_shape, params)
    if message is None:
        return
    code = emulator.settings.switches.invalid_request_error
    raise error(code if code in operation.errors else "ValidationException", message)


# Permissions


def _types_by_operation() -> dict[str, ResourceType]:
    verbs = ("Create", "Describe", "Delete", "Update", "Start", "Stop")
    return {f"{verb}{kind.noun}": kind for kind in RESOURCE_TYPES.values() for verb in verbs}


_TYPES = _types_by_operation()

#: Operations that act on something other than their type's ARN member: the member that names it.
_ACTS_ON = {
    "CreateSolutionVersion": "solutionArn",
    "StopSolutionVersionCreation": "solutionVersionArn",
    "GetSolutionMetrics": "solutionVersionArn",
    "TagResource": "resourceArn",
    "UntagResource": "resourceArn",
    "ListTagsForResource": "resourceArn",
    "DescribeRecipe": "recipeArn",
    "DescribeAlgorithm": "algorithmArn",
    "DescribeFeatureTransformation": "featureTransformationArn",
    "ListMetricAttributionMetrics": "metricAttributionArn",
}


_OF_OTHER_SERVICES = ("roleArn", "kmsKeyArn")


def _subject(operation: str, params: Params, answer: Params) -> str | None:
    """ARN of what a call was about: what it made, else what it names first (of a List, the parent)."""
    kind = _TYPES.get(operation)
    members = [kind.arn_member, _ACTS_ON.get(operation, "")] if kind else [_ACTS_ON.get(operation, "")]
    for source in (answer, params):
        for member in members:
            if isinstance(source.get(member), str):
                return str(source[member])
    arns = (v for k, v in params.items() if k.endswith("Arn") and k not in _OF_OTHER_SERVICES and isinstance(v, str))
    return next(arns, None)


def _needs(backend: PersonalizeBackend, operation: Operation, params: Params) -> Iterator[Need]:
    """Permissions that a call needs: its own, personalize:TagResource if it tags, iam:PassRole if it names a role.

    Of `params` only what the operation has counts; the rest was not validated.
    """
    params = {name: value for name, value in params.items() if name in operation.input_members}
    resource = _acted_on(backend, operation, params)
    yield Need(f"personalize:{operation.name}", resource, {})
    types = reference.checked(operation.name, backend.switches.rights_checked_on)
    for member, arn in params.items():
        if member.endswith("Arn") and arn != resource and reference.arn_type(arn) in types:
            yield Need(f"personalize:{operation.name}", arn, {})
    if params.get("tags") and operation.name.startswith("Create"):
        yield Need("personalize:TagResource", resource, {})
    for role in (params.get("roleArn"), params.get("metricsOutputConfig", {}).get("roleArn")):
        if role is not None:
            yield Need("iam:PassRole", role, {"iam:PassedToService": SERVICE_PRINCIPAL})


def _acted_on(backend: PersonalizeBackend, operation: Operation, params: Params) -> str:
    if not reference.listed(operation.name):
        return "*"
    if operation.service != CONTROL:
        return next((params[m] for m in ("campaignArn", "recommenderArn", "datasetArn") if m in params), "*")
    if member := _ACTS_ON.get(operation.name):
        return str(params.get(member, "*"))
    kind = _TYPES[operation.name]
    if not operation.name.startswith("Create"):
        return str(params.get(kind.arn_member, "*"))
    if kind.label == "dataset":
        group = params["datasetGroupArn"].rpartition("/")[2]
        return backend.new_arn("dataset", group=group, kind=params["datasetType"].upper())
    return backend.new_arn(kind.label, name=params.get(kind.name_member, ""), id="*")
