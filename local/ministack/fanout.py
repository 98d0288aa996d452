"""Parallel and Map: branches that log what they do, and stop when one of them fails."""

import copy
import json
from typing import Any

from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from . import distributed, history, paths
from .branches import Job, run_side_by_side
from .patching import replace

Json = dict[str, Any]

_WITH_EXECUTION = ("Task", "Parallel", "Map")


def log_inner_states() -> None:
    """States inside Parallel and Map enter and exit in the history like any other."""
    replace(sfn, "_run_sub_machine", walk)


def fail_at_once() -> None:
    """The first branch to fail fails its Parallel or Map at once, and stops the others."""
    replace(sfn, "_run_parallel_branches", run_parallel)
    replace(sfn, "_run_map_items", run_map)


def walk(states: Json, start_at: str, data: Any, execution: Json, ctx: Json) -> Any:
    """Run the states of a branch from `start_at`; the output of the last one."""
    name: str | None = start_at
    data = copy.deepcopy(data)
    while name:
        state = states.get(name)
        if state is None:
            raise sfn._ExecutionError("States.Runtime", f"State '{name}' not found")
        kind = state["Type"]
        ctx["State"] = {"Name": name, "EnteredTime": sfn.now_iso(), "RetryCount": 0}
        sfn._add_event(
            execution,
            f"{kind}StateEntered",
            {"stateEnteredEventDetails": {"name": name, "input": json.dumps(data)}},
        )
        data, following = _execute(kind, state, data, execution, ctx)
        sfn._add_event(
            execution,
            f"{kind}StateExited",
            {"stateExitedEventDetails": {"name": name, "output": json.dumps(data)}},
        )
        name = following
    return data


def _execute(kind: str, state: Json, data: Any, execution: Json, ctx: Json) -> tuple[Any, str | None]:
    if kind == "Fail":
        raise sfn._ExecutionError(*sfn._fail_state_error(state, data, ctx))
    if kind == "Succeed":
        return sfn._apply_output_path(state, sfn._apply_input_path(state, data, ctx), ctx), None
    handler = getattr(sfn, f"_execute_{kind.lower()}")
    output, following = handler(state, data, execution, ctx) if kind in _WITH_EXECUTION else handler(state, data, ctx)
    return output, following


def run_parallel(state: Json, raw_input: Any, execution: Json, ctx: Json) -> tuple[Any, str | None]:
    data = sfn._apply_parameters(state, sfn._apply_input_path(state, raw_input, ctx), ctx)
    sfn._add_event(execution, "ParallelStateStarted")
    results = run_side_by_side(
        [_branch(branch, data, execution, _own(ctx)) for branch in state["Branches"]],
        workers=len(state["Branches"]),
        tolerates=lambda failed: False,
    )
    sfn._add_event(execution, "ParallelStateSucceeded")
    return _finish(state, raw_input, ctx, results)


def run_map(state: Json, raw_input: Any, execution: Json, ctx: Json) -> tuple[Any, str | None]:
    data = sfn._apply_input_path(state, raw_input, ctx)
    processor = state.get("ItemProcessor") or state["Iterator"]
    contexts = [
        _own(ctx, Map={"Item": {"Index": index, "Value": item}})
        for index, item in enumerate(_items(state, raw_input, data, ctx))
    ]
    inputs = [_item_input(state, raw_input, data, context) for context in contexts]
    key = history.details_key("MapStateStarted")
    sfn._add_event(execution, "MapStateStarted", {key: {"length": len(inputs)}})
    workers = int(paths.number(state, "MaxConcurrency", data, ctx)) or len(inputs)
    if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
        results = distributed.run(state, processor, data, inputs, contexts, execution, ctx, workers)
    else:
        jobs = [
            _iteration(execution, ctx["State"]["Name"], index, _branch(processor, item, execution, context))
            for index, (item, context) in enumerate(zip(inputs, contexts, strict=True))
        ]
        results = run_side_by_side(jobs, workers, tolerates=lambda failed: False)
    sfn._add_event(execution, "MapStateSucceeded")
    return _finish(state, raw_input, ctx, results)


def _branch(definition: Json, data: Any, execution: Json, ctx: Json) -> Job:
    return lambda: sfn._run_sub_machine(definition["States"], definition["StartAt"], data, execution, ctx)


def _iteration(execution: Json, name: str, index: int, job: Job) -> Job:
    def log(event: str) -> None:
        sfn._add_event(execution, event, {history.details_key(event): {"name": name, "index": index}})

    def logged() -> Any:
        log("MapIterationStarted")
        result = job()
        log("MapIterationSucceeded")
        return result

    return logged


def _own(ctx: Json, **more: Any) -> Json:
    """A context of its own for a branch, whose states and variables the others do not see."""
    return {**ctx, "variables": dict(ctx.get("variables", {})), **more}


def _items(state: Json, raw_input: Any, data: Any, ctx: Json) -> list[Any]:
    if state.get("ItemReader"):
        items = sfn._read_map_items(state["ItemReader"], data, ctx)
    elif "Items" in state and sfn._state_query_language(state, ctx) == "JSONata":
        items = sfn._jsonata_state_field(state, "Items", "array", raw_input, ctx)
    else:
        items = sfn._resolve_path_or_ctx(state.get("ItemsPath", "$"), data, ctx)
    if not isinstance(items, list):
        raise sfn._ExecutionError("States.Runtime", "Reference path of a Map's items must point to an array")
    return items


def _item_input(state: Json, raw_input: Any, data: Any, ctx: Json) -> Any:
    selector = state.get("ItemSelector") or state.get("Parameters")
    if not selector:
        return ctx["Map"]["Item"]["Value"]
    if sfn._state_query_language(state, ctx) == "JSONata":
        return sfn._apply_jsonata_template(selector, raw_input, ctx)
    return sfn._resolve_params_obj(selector, data, ctx)


def _finish(state: Json, raw_input: Any, ctx: Json, results: list[Any]) -> tuple[Any, str | None]:
    if sfn._state_query_language(state, ctx) == "JSONata":
        output = sfn._apply_jsonata_output(state, raw_input, ctx, result=results, default=results)
        sfn._apply_state_assign(state, raw_input, ctx, result=results)
    else:
        selected = sfn._apply_result_selector(state, results)
        output = sfn._apply_output_path(state, sfn._apply_result_path(state, raw_input, selected), ctx)
    return output, sfn._next_or_end(state)
