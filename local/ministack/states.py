"""What holds for every state that runs: how large its data may be, and how it waits."""

import json
from typing import Any

from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from .patching import around

_MAX_BYTES = 256 * 1024
_KINDS = ("pass", "task", "choice", "wait")


def limit_data() -> None:
    """Data over 256 KiB is `States.DataLimitExceeded`, of a task's result as of a state's output."""
    around(sfn, "_invoke_resource", _limit_result)
    for kind in _KINDS:
        around(sfn, f"_execute_{kind}", _limit_output)


def refuse_odd_waits() -> None:
    """What a Wait's SecondsPath leads to is a whole number, not negative; else the execution fails."""

    def wait(original: Any, state: Any, data: Any, *context: Any) -> Any:
        if path := state.get("SecondsPath"):
            seconds = sfn._resolve_path(path, sfn._apply_input_path(state, data, *context))
            if type(seconds) is not int or seconds < 0:
                raise sfn._ExecutionError(
                    "States.Runtime",
                    f"The SecondsPath parameter cannot be parsed as a long value: {path} == {json.dumps(seconds)}",
                )
        return original(state, data, *context)

    around(sfn, "_execute_wait", wait)


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
