"""An execution's life: how it starts, how long it may take, how it is stopped and how it ends."""

import contextlib
import contextvars
import json
import os
import re
import threading
from typing import Any

from ministack.core.responses import error_response_json, json_response  # type: ignore[import-untyped]
from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from . import history, scopes
from .patching import around, replace

# Executions run with their waits scaled and their functions in real time, so a scaled task time-out could strike a
# function that is merely being started. It never strikes before this many real seconds.
TASK_TIMEOUT_FLOOR = "LOCAL_TASK_TIMEOUT_FLOOR"

_EXECUTION_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")

_scopes: dict[str, scopes.Scope] = {}
_ending = threading.Lock()


def sleep_stoppably() -> None:
    """Waits end when their execution is stopped; they stay scaled by SFN_WAIT_SCALE."""
    replace(sfn, "_scaled_sleep", sleep)


def sleep(seconds: float) -> None:
    scope = scopes.current() or scopes.Scope()
    scope.sleep(seconds * sfn._SFN_WAIT_SCALE)


def run_within_time() -> None:
    """The machine's TimeoutSeconds ends an execution TIMED_OUT, and StopExecution stops what still runs."""
    around(sfn, "_run_execution", _run)
    around(sfn, "_stop_execution", _stop)
    replace(sfn, "_fail_execution", _fail)


def scale_task_timeouts() -> None:
    """A task's TimeoutSeconds passes at the speed of the waits."""
    floor = float(os.environ.get(TASK_TIMEOUT_FLOOR, "0"))

    def invoke(original: Any, resource: str, data: Any, timeout: float) -> Any:
        scaled = max(timeout * sfn._SFN_WAIT_SCALE, floor) if sfn._SFN_WAIT_SCALE else timeout
        return original(resource, data, scaled)

    around(sfn, "_invoke_resource_with_timeout", invoke)


def start_idempotently() -> None:
    """Starting a running execution again with its own input answers with the execution that runs."""

    def start(original: Any, data: dict[str, Any]) -> Any:
        machine = sfn._resolve_state_machine_arn(data.get("stateMachineArn", "").partition("#")[0])
        if machine and data.get("name"):
            arn = f"{machine.replace(':stateMachine:', ':execution:')}:{data['name']}"
            running = sfn._executions.get(arn)
            if running and running["status"] == "RUNNING" and running["input"] == data.get("input", "{}"):
                return json_response({"executionArn": arn, "startDate": running["startDate"]})
        return original(data)

    around(sfn, "_start_execution", start)


def check_starts() -> None:
    """An execution's name has at most 80 permitted characters and its input is JSON."""

    def start(original: Any, data: dict[str, Any]) -> Any:
        name = data.get("name")
        if name is not None and not _EXECUTION_NAME.fullmatch(name):
            return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
        try:
            json.loads(data.get("input", "{}"))
        except ValueError as error:
            message = f"Invalid State Machine Execution Input: '{error}'"
            return error_response_json("InvalidExecutionInput", message, 400)
        return original(data)

    around(sfn, "_start_execution", start)


def _end(execution: dict[str, Any], status: str, **outcome: Any) -> bool:
    """End an execution that still runs; False when it has ended already."""
    with _ending:
        if execution["status"] != "RUNNING":
            return False
        execution.update(status=status, stopDate=sfn.now_iso(), **outcome)
    event = "Execution" + {"TIMED_OUT": "TimedOut"}.get(status, status.capitalize())
    history.append(execution, event, {history.details_key(event): outcome})
    if scope := _scopes.pop(execution["executionArn"], None):
        scope.stop()
    return True


def _fail(execution: dict[str, Any], error: str, cause: str) -> None:
    """End an execution FAILED; as on AWS it then has no output."""
    if _end(execution, "FAILED", error=error, cause=cause):
        sfn._emit_execution_status_event(execution)


def _run(original: Any, arn: str) -> None:
    execution = sfn._executions.get(arn)
    if execution is None:
        return
    scope = _scopes[arn] = scopes.Scope()
    deadline = _deadline(execution)
    with scope.entered(), contextlib.suppress(scopes.Stopped):
        original(arn)
    if deadline:
        deadline.cancel()
    _scopes.pop(arn, None)


def _stop(original: Any, data: dict[str, Any]) -> Any:
    response = original(data)
    if scope := _scopes.get(data.get("executionArn", "")):
        execution = sfn._executions.get(data["executionArn"])
        if execution and execution["status"] == "ABORTED":
            scope.stop()
    return response


def _deadline(execution: dict[str, Any]) -> threading.Timer | None:
    machine = sfn._state_machines.get(execution["stateMachineArn"], {})
    with contextlib.suppress(ValueError, AttributeError):
        seconds = json.loads(machine.get("definition", "{}")).get("TimeoutSeconds")
        if seconds and sfn._SFN_WAIT_SCALE:
            # A timer's thread starts without context variables, and with them the account and the region.
            context = contextvars.copy_context()
            timer = threading.Timer(seconds * sfn._SFN_WAIT_SCALE, context.run, (_time_out, execution))
            timer.daemon = True
            timer.start()
            return timer
    return None


def _time_out(execution: dict[str, Any]) -> None:
    if _end(execution, "TIMED_OUT", error="States.Timeout", cause=None):
        sfn._emit_execution_status_event(execution)
