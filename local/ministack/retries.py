"""Retry and Catch as AWS reads them."""

import random
from typing import Any

from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from . import running
from .patching import around

# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html: these end the execution whatever
# a state retries or catches under a wildcard; the first is not caught by its name either.
_RUNTIME = "States.Runtime"
_TERMINAL = (_RUNTIME, "States.DataLimitExceeded")


def wait_full_delays() -> None:
    """A retry waits IntervalSeconds * BackoffRate ** attempt, up to MaxDelaySeconds, less its jitter."""

    def find(original: Any, retriers: Any, error: str, counts: dict[int, int]) -> Any:
        retrier, index = original(retriers, error, counts)
        if retrier is None:
            return retrier, index
        running.sleep(_delay(retrier, counts.get(index, 0)))
        # MiniStack's own wait, which follows, cuts every delay to 60 seconds.
        return {**retrier, "IntervalSeconds": 0}, index

    around(sfn, "_find_matching_retrier", find)


def keep_terminal_errors() -> None:
    """`States.Runtime` and `States.DataLimitExceeded` pass by States.ALL and States.TaskFailed."""

    def matches(original: Any, error_equals: list[str], error: str) -> bool:
        if error in _TERMINAL:
            return error != _RUNTIME and error in error_equals
        return bool(original(error_equals, error))

    around(sfn, "_error_matches", matches)


def _delay(retrier: dict[str, Any], attempts: int) -> float:
    delay = float(retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** attempts)
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    return random.uniform(0, delay) if retrier.get("JitterStrategy") == "FULL" else delay
