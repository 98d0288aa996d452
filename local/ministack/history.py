"""The events of an execution's history, named as AWS names them."""

import threading
from typing import Any

from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from . import scopes
from .patching import replace

_lock = threading.Lock()


def name_task_events() -> None:
    """A task on a function's ARN logs `LambdaFunction...` events, an integration `Task...`, each with a start."""
    replace(sfn, "_add_event", add)


def add(execution: dict[str, Any], event_type: str, details: dict[str, Any] | None = None) -> None:
    """Add an event for the calling thread, unless its execution was stopped: then raise `Stopped`."""
    scopes.check()
    for kind, detail in _as_aws(event_type, details or {}):
        append(execution, kind, detail)


def append(execution: dict[str, Any], event_type: str, details: dict[str, Any]) -> None:
    """Add one event, whoever asks: the execution's own thread, or the one that ends it."""
    with _lock:
        events = execution["events"]
        events.append({"id": len(events) + 1, "type": event_type, "timestamp": sfn.now_iso(), **details})


def details_key(event_type: str) -> str:
    """`ExecutionFailed` keeps its details under `executionFailedEventDetails`."""
    return f"{event_type[0].lower()}{event_type[1:]}EventDetails"


def _as_aws(event_type: str, details: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    if event_type not in ("TaskScheduled", "TaskSucceeded", "TaskFailed"):
        return [(event_type, details)]
    detail = details[details_key(event_type)]
    resource = str(detail.get("resource", ""))
    ending = event_type.removeprefix("Task")
    if ending == "Failed" and detail.get("error") == "States.Timeout":
        ending = "TimedOut"
    if ":function:" in resource:
        prefix = "LambdaFunction"
        kept = {key: detail[key] for key in ("output", "error", "cause") if key in detail}
        if ending == "Scheduled":
            kept["resource"] = resource
        started: dict[str, Any] = {}
    else:
        prefix = "Task"
        service, _, call = resource.rpartition(":")
        called = {"resourceType": service.rpartition(":::")[2], "resource": call}
        kept = {**detail, **called}
        started = {details_key("TaskStarted"): called}
    events = [(f"{prefix}{ending}", {details_key(f"{prefix}{ending}"): kept})]
    if ending == "Scheduled":
        events.append((f"{prefix}Started", started))
    return events
