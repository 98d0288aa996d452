"""The workflow as AWS would run it: the rendered template, interpreted as far as the template uses the language."""

from __future__ import annotations

import functools
import json
import random
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "statemachine.json.tftpl"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:shop-pipeline"
VALUES = {
    "function_arn": FUNCTION,
    "topic_arn": "arn:aws:sns:eu-west-1:123456789012:shop-pipeline",
    "partition": "aws",
    "timeout_seconds": 1_213_200,
}
Json = dict[str, Any]


class LambdaServiceException(Exception):
    """What Step Functions names `Lambda.ServiceException`: the Lambda service itself has trouble."""


@functools.cache
def definition() -> Json:
    """The template, rendered by Terraform itself."""
    with tempfile.TemporaryDirectory() as empty:
        expression = f"jsonencode(jsondecode(templatefile({json.dumps(str(TEMPLATE))}, {json.dumps(VALUES)})))"
        done = subprocess.run(
            ["terraform", "console", "-no-color"],
            input=expression,
            capture_output=True,
            text=True,
            cwd=empty,
            check=True,
        )
    return json.loads(json.loads(done.stdout.splitlines()[0]))  # type: ignore[no-any-return]


class Execution:
    """One execution, advanced from wait to wait.

    Args:
        context: the context object's `Execution`.
        invoke: the Lambda function: an event to a result; its exceptions are errors of their class's name.
        publish: `sns:publish`.
    """

    def __init__(
        self, context: Json, invoke: Callable[[Json], Json], publish: Callable[[Json], None] | None = None
    ) -> None:
        self.context = context
        self.status = "RUNNING"
        self.error: str | None = None
        self.cause: str | None = None
        self.state = json.loads(json.dumps(context["Input"]))
        self.at: str = definition()["StartAt"]
        self.summaries: list[Json] = []
        self.entered: list[str] = []
        self._invoke, self._publish = invoke, publish
        self._attempts: dict[int, int] = {}
        self._item: Any = None  # that a map is at
        self._random = random.Random(0)

    def advance(self) -> float | None:
        """Go on to the next wait: its seconds; None when the execution has ended."""
        while self.status == "RUNNING":
            state = definition()["States"][self.at]
            if not self.entered or self.entered[-1] != self.at:
                self.entered.append(self.at)
            if (seconds := self._enter(state)) is not None:
                return seconds
        return None

    def _enter(self, state: Json) -> float | None:
        if state["Type"] == "Task":
            return self._task(state)
        if state["Type"] == "Map":
            return self._map(state)
        if state["Type"] == "Wait":
            self.at = state["Next"]
            return float(self._read(state["SecondsPath"]))
        if state["Type"] == "Choice":
            chosen = (rule["Next"] for rule in state["Choices"] if self._read(rule["Variable"]) == rule["StringEquals"])
            self.at = next(chosen, state["Default"])
        elif state["Type"] == "Succeed":
            self.status = "SUCCEEDED"
        elif state["Type"] == "Fail":
            self.status = "FAILED"
            self.error = self._read(state["ErrorPath"]) if "ErrorPath" in state else state["Error"]
            self.cause = self._read(state["CausePath"]) if "CausePath" in state else state["Cause"]
        return None

    def _task(self, state: Json) -> float | None:
        try:
            if state["Resource"] == FUNCTION:
                result = self._invoke(json.loads(json.dumps(self._filled(state["Parameters"]))))
                self.summaries.append(result)
                self.state = json.loads(json.dumps(result))
            elif self._publish:
                self._publish(self._filled(state["Parameters"]))
        except Exception as error:
            return self._failed(state, error)
        self._attempts = {}
        self.at = state["Next"]
        return None

    def _map(self, state: Json) -> float | None:
        """The items' tasks, one after the other. Where one is tried again, so are those before it."""
        tasks = state["ItemProcessor"]["States"]
        (task,) = tasks.values()
        for item in self._read(state["ItemsPath"]):
            self._item = item
            try:
                self._invoke(json.loads(json.dumps(self._filled(state["ItemSelector"]))))
            except Exception as error:
                return self._failed(state | {"Retry": task["Retry"]}, error)
        self._attempts = {}
        self.at = state["Next"]
        return None

    def _failed(self, state: Json, error: Exception) -> float | None:
        """Try again after a while, or go where the error is caught."""
        name = "Lambda.ServiceException" if isinstance(error, LambdaServiceException) else type(error).__name__
        for number, retrier in enumerate(state["Retry"]):
            if name in retrier["ErrorEquals"] or retrier["ErrorEquals"] == ["States.ALL"]:
                attempt = self._attempts.get(number, 0)
                if attempt >= retrier["MaxAttempts"]:
                    break
                self._attempts[number] = attempt + 1
                longest = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt
                return self._random.uniform(0, min(longest, retrier["MaxDelaySeconds"]))
        if "Catch" not in state:
            self.status, self.error, self.cause = "FAILED", name, str(error)
            return None
        cause = {"errorMessage": str(error), "errorType": name, "stackTrace": ["..."]}
        self.state["failure"] = {"Error": name, "Cause": json.dumps(cause)}
        self._attempts = {}
        self.at = state["Catch"][0]["Next"]
        return None

    def _filled(self, parameters: Json) -> Json:
        return {
            name.removesuffix(".$"): self._read(value)
            if name.endswith(".$")
            else self._filled(value)
            if isinstance(value, dict)
            else value
            for name, value in parameters.items()
        }

    def _read(self, path: str) -> Any:
        if path.startswith("States.Format("):
            return f"The run {self.context['Id']} ended, and its report failed."
        context = {"Execution": self.context, "Map": {"Item": {"Value": self._item}}}
        value: Any = context if path.startswith("$$") else self.state
        for step in path.lstrip("$").split("."):
            value = value[step] if step else value  # a path that leads nowhere fails, as on AWS
        return value
