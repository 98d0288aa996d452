"""A Map in DISTRIBUTED mode: every item is an execution of its own under one Map Run."""

import json
import threading
from collections.abc import Sequence
from typing import Any

from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from . import history, paths, roles, running, scopes
from .branches import run_side_by_side

Json = dict[str, Any]

_COUNTS = (
    *("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten"),
    *("failuresNotRedrivable", "pendingRedrive"),
)


class _ChildFailed(Exception):
    """When a child execution did not succeed; carries what AWS puts in the Map's output for it."""

    def __init__(self, record: Json) -> None:
        super().__init__(record["Status"])
        self.record = record


def run(
    state: Json,
    processor: Json,
    data: Any,
    inputs: Sequence[Any],
    contexts: Sequence[Json],
    execution: Json,
    ctx: Json,
    workers: int,
) -> list[Any]:
    """Run a child execution for each of `inputs`; their outputs.

    Raises `States.ExceedToleratedFailureThreshold` as soon as more fail than the state tolerates.
    """
    roles.require("states:StartExecution", execution["stateMachineArn"])
    map_run = MapRun(state, data, execution, ctx, len(inputs))
    sfn._add_event(execution, "MapRunStarted", {history.details_key("MapRunStarted"): {"mapRunArn": map_run.arn}})
    jobs = [
        lambda entry=entry, context=context: map_run.child(processor, entry, context)
        for entry, context in zip(inputs, contexts, strict=True)
    ]
    try:
        results = run_side_by_side(jobs, workers, map_run.tolerates)
    except scopes.Stopped:
        map_run.end("ABORTED")
        raise
    except _ChildFailed:
        map_run.end("FAILED")
        sfn._add_event(execution, "MapRunFailed")
        raise sfn._ExecutionError(
            "States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded"
        ) from None
    map_run.end("SUCCEEDED")
    sfn._add_event(execution, "MapRunSucceeded")
    # https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html: a tolerated failure is
    # represented by its whole execution result, a success by its output alone.
    return [result.record if isinstance(result, _ChildFailed) else result for result in results]


class MapRun:
    """What DescribeMapRun tells of the children of one distributed Map."""

    def __init__(self, state: Json, data: Any, execution: Json, ctx: Json, total: int) -> None:
        self._machine = execution["stateMachineArn"]
        self._label = state.get("Label") or sfn.new_uuid()
        self._lock = threading.Lock()
        self._total = total
        self.arn = f"{self._machine.replace(':stateMachine:', ':mapRun:')}/{self._label}:{sfn.new_uuid()}"
        self._counts = dict.fromkeys(_COUNTS, 0) | {"total": total, "pending": total}
        self._record = sfn._map_runs[self.arn] = {
            "mapRunArn": self.arn,
            "executionArn": execution["executionArn"],
            "status": "RUNNING",
            "startDate": sfn.now_iso(),
            "maxConcurrency": int(paths.number(state, "MaxConcurrency", data, ctx)),
            "toleratedFailurePercentage": paths.number(state, "ToleratedFailurePercentage", data, ctx),
            "toleratedFailureCount": int(paths.number(state, "ToleratedFailureCount", data, ctx)),
            "itemCounts": self._counts,
            "executionCounts": self._counts,
            "redriveCount": 0,
            "_stateMachineArn": f"{self._machine}/{self._label}",
        }
        self._limited = {
            kind: any(f"{kind}{suffix}" in state for suffix in ("", "Path"))
            for kind in ("ToleratedFailureCount", "ToleratedFailurePercentage")
        }

    def tolerates(self, failed: int) -> bool:
        """Whether so many failures are accepted; without a threshold none is."""
        too_many = failed > self._record["toleratedFailureCount"]
        too_large = failed * 100 > self._record["toleratedFailurePercentage"] * self._total
        exceeded = [
            over
            for over, kind in ((too_many, "ToleratedFailureCount"), (too_large, "ToleratedFailurePercentage"))
            if self._limited[kind]
        ]
        return bool(exceeded) and not any(exceeded)

    def end(self, status: str) -> None:
        self._record.update(status=status, stopDate=sfn.now_iso())

    def child(self, processor: Json, data: Any, ctx: Json) -> Any:
        """Run one child execution; its output, or `_ChildFailed`."""
        execution = self._start(data)
        ctx["Execution"] = {
            "Id": execution["executionArn"],
            "Input": data,
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        }
        started = history.details_key("ExecutionStarted")
        parent = scopes.current()
        with running.scope_of(execution, parent).entered():
            history.append(execution, "ExecutionStarted", {started: {"input": execution["input"]}})
            try:
                output = sfn._run_sub_machine(processor["States"], processor["StartAt"], data, execution, ctx)
                running.end(execution, "SUCCEEDED", output=json.dumps(output))
            except scopes.Stopped:
                running.end(execution, "ABORTED", error=None, cause=None)
            except sfn._ExecutionError as error:
                running.end(execution, "FAILED", error=error.error, cause=error.cause)
            except Exception as error:
                running.end(execution, "FAILED", error="States.Runtime", cause=str(error))
        self._count("running", execution["status"].lower())
        if parent is not None and parent.stopped:
            raise scopes.Stopped
        if execution["status"] != "SUCCEEDED":
            raise _ChildFailed(_record(execution))
        return output

    def _start(self, data: Any) -> Json:
        name = sfn.new_uuid()
        machine = self._record["_stateMachineArn"]
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        execution: Json = {
            "executionArn": arn,
            "stateMachineArn": machine,
            "mapRunArn": self.arn,
            "name": name,
            "status": "RUNNING",
            "startDate": sfn.now_iso(),
            "stopDate": None,
            "input": json.dumps(data),
            "output": None,
            "testCase": None,
            "mockAttempts": {},
            "events": [],
        }
        sfn._executions[arn] = execution
        self._count("pending", "running")
        return execution

    def _count(self, before: str, after: str) -> None:
        with self._lock:
            self._counts[before] -= 1
            self._counts[after] += 1


def _record(execution: Json) -> Json:
    return {
        "ExecutionArn": execution["executionArn"],
        "Name": execution["name"],
        "Status": execution["status"],
        "StateMachineArn": execution["stateMachineArn"],
        "StartDate": execution["startDate"],
        "StopDate": execution["stopDate"],
        "Input": execution["input"],
        "InputDetails": {"Included": True},
        "Error": execution["error"],
        "Cause": execution["cause"],
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
    }
