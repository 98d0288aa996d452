"""What holds for every state that runs: the context its paths see, and how large its data may be."""

import contextvars
import json
from typing import Any

from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from .patching import around, replace

_MAX_BYTES = 256 * 1024
_KINDS = ("pass", "task", "choice", "wait", "parallel", "map")

_execution: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("execution", default=None)
_context: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("context")


def running_execution() -> dict[str, Any] | None:
    """The execution whose state the calling thread runs."""
    return _execution.get()


def know_where_they_run() -> None:
    """A ResultSelector sees the context object, as Parameters do; `running_execution` tells whose state it is."""
    for kind in ("task", "parallel", "map"):
        around(sfn, f"_execute_{kind}", _remember)
    replace(sfn, "_apply_result_selector", _select)


def limit_data() -> None:
    """Data over 256 KiB is `States.DataLimitExceeded`, of a task's result as of a state's output."""
    around(sfn, "_invoke_resource", _limit_result)
    for kind in _KINDS:
        around(sfn, f"_execute_{kind}", _limit_output)


def _remember(original: Any, state: Any, raw_input: Any, execution: Any, ctx: Any) -> Any:
    _execution.set(execution)
    _context.set(ctx)
    return original(state, raw_input, execution, ctx)


def _select(state: dict[str, Any], data: Any) -> Any:
    selector = state.get("ResultSelector")
    return sfn._resolve_params_obj(selector, data, _context.get({})) if selector else data


def _limit_result(original: Any, resource: str, data: Any) -> Any:
    result = original(resource, data)
    _refuse_large(result, f"The state/task '{resource}' returned a result")
    return result


def _limit_output(original: Any, state: Any, *arguments: Any) -> Any:
    output, following = original(state, *arguments)
    _refuse_large(output, f"A state of type {state['Type']} produced an output")
    return output, following


def _refuse_large(data: Any, what: str) -> None:
    if len(json.dumps(data).encode()) > _MAX_BYTES:
        raise sfn._ExecutionError(
            "States.DataLimitExceeded",
            f"{what} with a size exceeding the maximum number of bytes service limit.",
        )
