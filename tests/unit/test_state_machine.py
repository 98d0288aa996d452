"""The template, the dispatch table and the error classes say the same; AWS's language accepts the definition."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import lint
from pipeline import errors
from pipeline.engine.reconciler import MOST_LOOKS
from pipeline.handler import ACTIONS

TEMPLATE = Path(__file__).parents[2] / "statemachine.json.tftpl"
VALUES = {
    "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:shop-pipeline",
    "topic_arn": "arn:aws:sns:eu-west-1:123456789012:shop-pipeline",
    "partition": "aws",
    "timeout_seconds": "432000",
}
CALLED_BY_AWS = {"startRuns", "mailEnding"}


def rendered() -> str:
    return re.sub(r"\$\{(\w+)\}", lambda match: VALUES[match[1]], TEMPLATE.read_text(encoding="utf-8"))


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in inside(state):
            yield from states(inner)


def inside(state: dict[str, Any]) -> list[dict[str, Any]]:
    """The machines within a Map or Parallel."""
    return ([state["ItemProcessor"]] if "ItemProcessor" in state else []) + state.get("Branches", [])


DEFINITION = json.loads(rendered())
STATES = dict(states(DEFINITION))
CALLS = {name: state for name, state in STATES.items() if state.get("Resource") == VALUES["function_arn"]}


def complaints(definition: dict[str, Any]) -> list[str]:
    properties = {
        "RoleArn": "arn:aws:iam::123456789012:role/shop-workflow",
        "DefinitionString": json.dumps(definition),
    }
    template = {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}
    return [match.message for match in lint(json.dumps(template))]


def test_the_definition_is_legal() -> None:
    assert complaints(DEFINITION) == []


def test_the_check_of_the_definition_can_fail() -> None:
    broken = json.loads(rendered())
    del broken["States"]["Plan"]["Resource"]
    assert complaints(broken)


def test_every_state_is_named_once() -> None:
    assert len(STATES) == len(list(states(DEFINITION)))


def test_a_state_and_its_action_have_the_same_name() -> None:
    for name, state in CALLS.items():
        words = name.split()
        assert state["Parameters"]["action"] == words[0].lower() + "".join(words[1:])


def test_the_actions_are_those_of_the_dispatch_table() -> None:
    assert {state["Parameters"]["action"] for state in CALLS.values()} == set(ACTIONS) - CALLED_BY_AWS


def test_every_call_is_tried_again_except_after_a_final_failure() -> None:
    for state in CALLS.values():
        final, transient = state["Retry"]
        assert final == {"ErrorEquals": [errors.ResourceFailed.__name__], "MaxAttempts": 0}
        assert transient["ErrorEquals"] == ["States.ALL"]


def uncaught(machine: dict[str, Any]) -> Iterator[str]:
    """The states whose failure nothing catches, neither they themselves nor a state around them."""
    for name, state in machine["States"].items():
        caught = [catch["ErrorEquals"] for catch in state.get("Catch", [])] == [["States.ALL"]]
        if state["Type"] in ("Task", "Map", "Parallel") and not caught:
            yield name
            for inner in inside(state):
                yield from uncaught(inner)


def test_every_failure_is_caught_so_that_it_is_mailed() -> None:
    assert list(uncaught(DEFINITION)) == ["Publish Plain Notice"]


def test_every_failure_of_the_run_passes_through_the_report() -> None:
    for name in ("Plan", "Ensure Dataset Group", "Import Datasets", "Build on the Data", "Tear Down"):
        assert STATES[name]["Catch"][0]["Next"] == "Report"
    assert STATES["Report"]["Catch"][0]["Next"] == "Publish Plain Notice"


@pytest.mark.parametrize("name", [name for name in CALLS if STATES.get(f"{name.removeprefix('Ensure ')} Ready?")])
def test_every_resource_has_the_same_loop(name: str) -> None:
    noun = name.removeprefix("Ensure ")
    record = STATES[name]["ResultPath"]
    assert STATES[name]["Next"] == f"{noun} Ready?"
    assert STATES[f"{noun} Ready?"]["Choices"][0]["Variable"] == f"{record}.ready"
    assert STATES[f"{noun} Ready?"]["Default"] == f"Wait for {noun}"
    wait = {"Type": "Wait", "SecondsPath": f"{record}.waitSeconds", "Next": name}
    assert STATES[f"Wait for {noun}"] == wait


def test_a_history_stays_under_its_limit_however_long_a_training_takes() -> None:
    """A look is a task (5 events), a choice (2) and a wait (2); a history ends at 25,000 events."""
    handover = STATES["Solution Version Ready?"]["Choices"][1]
    assert handover["NumericGreaterThanEquals"] == MOST_LOOKS
    assert MOST_LOOKS * 9 < 25_000 - 5_000
    assert STATES["Solutions Settled?"]["Choices"][0]["Next"] == "Train Solutions"


def test_each_solution_has_a_history_of_its_own() -> None:
    processor = STATES["Train Solutions"]["ItemProcessor"]["ProcessorConfig"]
    assert processor == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
