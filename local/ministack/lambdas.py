"""Lambda functions that fail as on AWS: under their own error's name, in an environment that stays warm."""

import contextvars
import os
import re
import time
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]
from ministack.services import eventbridge, lambda_svc  # type: ignore[import-untyped]
from ministack.services import stepfunctions as sfn

from .patching import around, edit, replace

Json = dict[str, Any]

# What a worker puts its error under. MiniStack kills a worker that reports an error in its own way.
_MARK = "function error"

_ANSWER = r"""
        try:
            result = handler_fn(event, context)
            _real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\n")
        except Exception as e:
            _real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()}) + "\n")
"""
_ANSWER_AS_AWS = rf"""
        try:
            result = handler_fn(event, context)
            try:
                json.dumps(result)
            except Exception as e:
                raise type("Runtime.MarshalError", (Exception,), {{}})(f"Unable to marshal response: {{e}}") from None
        except Exception as e:
            print(f"[ERROR] {{type(e).__name__}}: {{e}}", traceback.format_exc(), sep="\n")
            result = {{"{_MARK}": {{
                "errorMessage": str(e),
                "errorType": type(e).__name__,
                "requestId": context.aws_request_id,
                "stackTrace": traceback.format_tb(e.__traceback__)[1:],
            }}}}
        _real_stdout.write(json.dumps({{"status": "ok", "result": result}}) + "\n")
"""
_INIT_ERROR = '{"status": "error", "error": str(e)})'
_INIT_ERROR_NAMED = '{"status": "error", "error": type(e).__name__ + ": " + str(e)})'
_INIT_FAILED = re.compile(r"Worker init failed: (\w+): (.*)", re.DOTALL)

# Before anything is imported: a function sees the standard library and its own package, not the packages that this
# server runs on, nor PYTHONPATH.
_OWN_PACKAGES_ONLY = """
import sys, sysconfig
sys.path[:] = [
    entry for entry in sys.path
    if entry.startswith((sysconfig.get_path("stdlib"), sys.base_prefix)) and "-packages" not in entry
]
"""

# How long AWS keeps an event that is throttled, how long it waits between attempts at most, and how long this does at
# least in real time.
_KEPT_SECONDS = 6 * 3600
_LONGEST_DELAY = 300.0
_SHORTEST_DELAY = 0.05
_THROTTLED = "TooManyRequestsException"

_waits_for_room: contextvars.ContextVar[bool] = contextvars.ContextVar("waits_for_room", default=False)

# The times of AWS's retries of an asynchronous invocation: one minute, then two.
_ASYNC_RETRY_SECONDS = {"LAMBDA_ASYNC_RETRY_BASE_SECONDS": 60, "LAMBDA_ASYNC_RETRY_MAX_SECONDS": 120}


def keep_errors_and_environments() -> None:
    """An exception is reported by its class with requestId and stackTrace, and does not end its environment."""
    script = edit(lambda_runtime._PYTHON_WORKER_SCRIPT, _ANSWER, _ANSWER_AS_AWS)
    lambda_runtime._PYTHON_WORKER_SCRIPT = edit(script, _INIT_ERROR, _INIT_ERROR_NAMED)
    around(lambda_svc, "_execute_function_warm", _execute)


def hide_other_packages() -> None:
    """What a function's package lacks is missing, even if this server has it installed."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = _OWN_PACKAGES_ONLY + lambda_runtime._PYTHON_WORKER_SCRIPT


def scale_async_retries() -> None:
    """Asynchronous retries come after one and two minutes at the speed of the waits."""
    for name, seconds in _ASYNC_RETRY_SECONDS.items():
        if name not in os.environ:
            setattr(lambda_svc, f"_{name}", seconds * float(os.environ.get("SFN_WAIT_SCALE", "1")))


def keep_throttled_events() -> None:
    """An asynchronous event that is throttled waits, for up to six hours, until the function has room for it.

    A task that is throttled fails under AWS's name for it.
    """
    scale = float(os.environ.get("SFN_WAIT_SCALE", "1"))

    def invoke(original: Any, function: Json, event: Any) -> None:
        waiting = _waits_for_room.set(True)
        original(function, event)  # in a thread of its own, which takes the context along
        _waits_for_room.reset(waiting)

    def execute(original: Any, function: Json, event: Any) -> Json:
        result: Json = original(function, event)
        delay, deadline = 1.0, time.monotonic() + _KEPT_SECONDS * scale
        while result.get("throttle") and _waits_for_room.get() and time.monotonic() < deadline:
            time.sleep(max(delay * scale, _SHORTEST_DELAY))
            delay = min(delay * 2, _LONGEST_DELAY)
            result = original(function, event)
        return result

    def call(original: Any, reference: str, event: Any) -> Any:
        try:
            return original(reference, event)
        except sfn._ExecutionError as error:
            if _THROTTLED in error.cause and error.error == "Lambda.Unknown":
                raise sfn._ExecutionError(f"Lambda.{_THROTTLED}", error.cause) from None
            raise

    around(lambda_svc, "invoke_async_with_retry", invoke)
    around(lambda_svc, "_execute_function", execute)
    around(sfn, "_call_lambda", call)


def retry_events() -> None:
    """EventBridge invokes a function asynchronously, so a failure is tried again and then goes to its destination."""

    def dispatch(arn: str, payload: str) -> None:
        function, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            eventbridge.logger.warning("EventBridge: function %s not found", name)
            return
        record = lambda_svc._execution_record_for_config(function, config)
        lambda_svc.invoke_async_with_retry(record, eventbridge.json.loads(payload))

    replace(eventbridge, "_dispatch_to_lambda", dispatch)


def _execute(original: Any, function: Json, event: Any, request_id: str) -> Json:
    result: Json = original(function, event, request_id)
    body = result.get("body")
    if not isinstance(body, dict):
        return result
    if _MARK in body:
        return {**result, "body": body[_MARK], "error": True}
    failed = _INIT_FAILED.fullmatch(str(body.get("errorMessage"))) if result.get("error") else None
    if failed:
        config = function.get("config") or function
        return {**result, "body": _init_error(config["Handler"], failed[1], failed[2])}
    return result


def _init_error(handler: str, kind: str, message: str) -> Json:
    module, _, name = handler.rpartition(".")
    if kind in ("ImportError", "ModuleNotFoundError"):
        kind, message = "Runtime.ImportModuleError", f"Unable to import module '{module}': {message}"
    elif kind == "AttributeError" and f"'{name}'" in message:
        kind, message = "Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'"
    return {"errorMessage": message, "errorType": kind, "requestId": "", "stackTrace": []}
