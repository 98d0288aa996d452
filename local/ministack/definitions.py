"""Refuses state machine definitions that AWS refuses."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from ministack.core.responses import json_response  # type: ignore[import-untyped]
from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from .patching import around, replace

Json = dict[str, Any]

_TYPES = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
_WITHOUT_NEXT = ("Choice", "Succeed", "Fail")


class Problem(NamedTuple):
    """One thing wrong with a definition."""

    code: str
    message: str
    location: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {self.location}"


def refuse_invalid_definitions() -> None:
    """A definition that is not JSON, or whose transitions lead nowhere, is `InvalidDefinition`."""

    def check(original: Any, text: str) -> str | None:
        found = next(problems(text), None)
        return f"Invalid State Machine Definition: '{found}'" if found else original(text)

    around(sfn, "_validate_definition_jsonata", check)
    replace(sfn, "_validate_state_machine_definition", _validate)


def problems(text: str) -> Iterator[Problem]:
    """What is wrong with a definition, as far as it can be run at all."""
    try:
        definition = json.loads(text)
    except (TypeError, ValueError) as error:
        yield Problem("INVALID_JSON_DESCRIPTION", str(error), "/")
        return
    yield from _of_states(definition, "")


def _validate(data: Json) -> Any:
    diagnostics = [{"severity": "ERROR", **found._asdict()} for found in problems(data.get("definition", ""))]
    return json_response({"result": "FAIL" if diagnostics else "OK", "diagnostics": diagnostics})


def _of_states(definition: Any, path: str) -> Iterator[Problem]:
    states = definition.get("States") if isinstance(definition, dict) else None
    if not isinstance(states, dict) or not states:
        yield Problem("SCHEMA_VALIDATION_FAILED", "States must have at least one state", f"{path}/States")
        return
    targets = {definition.get("StartAt"): f"{path}/StartAt"}
    for name, state in states.items():
        here = f"{path}/States/{name}"
        yield from _of_state(state, here)
        targets.update({target: at for target, at in _transitions(state, here) if target not in targets})
    for target, at in targets.items():
        if target not in states:
            yield Problem("MISSING_TRANSITION_TARGET", f"Missing transition target: {target}", at)
    for name in states:
        if name not in targets:
            yield Problem("MISSING_TRANSITION_TARGET", f'State "{name}" is not reachable.', f"{path}/States/{name}")


def _of_state(state: Json, here: str) -> Iterator[Problem]:
    kind = state.get("Type")
    if kind not in _TYPES:
        yield Problem("SCHEMA_VALIDATION_FAILED", f"Type is not one of {', '.join(_TYPES)}", f"{here}/Type")
    elif kind not in _WITHOUT_NEXT and ("Next" in state) == bool(state.get("End")):
        yield Problem("SCHEMA_VALIDATION_FAILED", "A state needs either Next or End", here)
    if kind == "Task" and "Resource" not in state:
        yield Problem("SCHEMA_VALIDATION_FAILED", "A Task needs a Resource", here)
    for index, branch in enumerate(state.get("Branches", [])):
        yield from _of_states(branch, f"{here}/Branches[{index}]")
    for field in ("ItemProcessor", "Iterator"):
        if field in state:
            yield from _of_states(state[field], f"{here}/{field}")


def _transitions(state: Json, here: str) -> Iterator[tuple[str, str]]:
    for field in ("Next", "Default"):
        if field in state:
            yield state[field], f"{here}/{field}"
    for field in ("Choices", "Catch"):
        for index, rule in enumerate(state.get(field, [])):
            yield rule.get("Next"), f"{here}/{field}[{index}]/Next"
