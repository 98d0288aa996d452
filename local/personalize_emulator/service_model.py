"""botocore's models of the three Personalize services: what the emulator takes as the description of the wire."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

CONTROL = "personalize"
RUNTIME = "personalize-runtime"
EVENTS = "personalize-events"
SERVICES = (CONTROL, RUNTIME, EVENTS)


@dataclass(frozen=True)
class Operation:
    """One operation of one service, with what the emulator asks about it most."""

    service: str
    name: str
    model: OperationModel
    errors: frozenset[str]

    @property
    def input_shape(self) -> Shape | None:
        return self.model.input_shape

    @property
    def input_members(self) -> dict[str, Any]:
        return dict(self.model.input_shape.members) if self.model.input_shape else {}

    @property
    def output_members(self) -> dict[str, Any]:
        return dict(self.model.output_shape.members) if self.model.output_shape else {}


@cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@cache
def operations(service: str) -> dict[str, Operation]:
    """Every operation of the service by name."""
    model = service_model(service)
    result = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        errors = frozenset(shape.name for shape in operation.error_shapes)
        result[name] = Operation(service, name, operation, errors)
    return result


@cache
def http_statuses(service: str) -> dict[str, int]:
    """HTTP status by error code, as far as the service's model has them: that of the control plane has none."""
    errors = ((shape.name, shape.metadata.get("error", {})) for shape in service_model(service).error_shapes)
    return {code: error["httpStatusCode"] for code, error in errors if "httpStatusCode" in error}


@cache
def operations_by_path(service: str) -> dict[str, Operation]:
    """Operations of a REST service by their path, which is all that tells them apart (every one is a POST)."""
    return {op.model.http["requestUri"]: op for op in operations(service).values()}


@cache
def describe_members(operation: str, key: str) -> tuple[str, ...]:
    """Members of the structure that a Describe operation wraps in `key`."""
    return tuple(operations(CONTROL)[operation].output_members[key].members)


@cache
def summary_members(operation: str, key: str) -> tuple[str, ...]:
    """Members of the structures that a List operation gathers in `key`."""
    return tuple(operations(CONTROL)[operation].output_members[key].member.members)
