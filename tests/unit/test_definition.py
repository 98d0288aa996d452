"""The rendered definition before three judges of the language, for each lets something pass.

cfn-lint has AWS's schema of it, moto LocalStack's grammar, and the local stack follows the transitions.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import (  # type: ignore[import-untyped]
    AmazonStateLanguageParser,
    ASLParserException,
)

from local.ministack.definitions import problems

from .state_machine import definition
from .test_state_machine import complaints

Machine = dict[str, Any]


def verdicts(machine: Machine) -> Iterator[str]:
    """All that is wrong with a definition; the quick judges come first."""
    text = json.dumps(machine)
    yield from (str(problem) for problem in problems(text))
    try:
        AmazonStateLanguageParser.parse(text)
    except (ASLParserException, ValueError) as error:
        yield str(error)
    yield from complaints(machine)


def first(machine: Machine, kind: str) -> Machine:
    state: Machine = next(state for state in machine["States"].values() if state["Type"] == kind)
    return state


def test_the_definition_is_legal() -> None:
    assert list(verdicts(definition())) == []


BREAK: dict[str, Callable[[Machine], Any]] = {
    "a start that is nowhere": lambda machine: machine.update(StartAt="Nowhere"),
    "a state that is nowhere": lambda machine: first(machine, "Task").update(Next="Nowhere"),
    "a choice that leads nowhere": lambda machine: first(machine, "Choice")["Choices"][0].update(Next="Nowhere"),
    "a catch that leads nowhere": lambda machine: first(machine, "Task")["Catch"][0].update(Next="Nowhere"),
    "a state that nothing leads to": lambda machine: machine["States"].update(Alone={"Type": "Succeed"}),
    "no way on": lambda machine: first(machine, "Task").pop("Next"),
    "a type that is none": lambda machine: first(machine, "Task").update(Type="Tusk"),
    "a field that is none": lambda machine: first(machine, "Task").update(Timeout=3),
    "no resource": lambda machine: first(machine, "Task").pop("Resource"),
    "a field of a retrier that is none": lambda machine: first(machine, "Task")["Retry"][0].update(MaxAttempt=3),
    "a retrier of no error": lambda machine: first(machine, "Task")["Retry"][0].pop("ErrorEquals"),
    "a comparison that is none": lambda machine: first(machine, "Choice")["Choices"][0].update(StringEqual="x"),
    "two lengths of a wait": lambda machine: first(machine, "Wait").update(Seconds=3),
    "a path that is none": lambda machine: first(machine, "Wait").update(SecondsPath="seconds"),
    "a function that is none": lambda machine: first(machine, "Task")["Parameters"].update(
        {"x.$": "States.Frmat('a')"}
    ),
}


@pytest.mark.parametrize("what", BREAK)
def test_what_is_broken_is_told(what: str) -> None:
    broken = copy.deepcopy(definition())
    BREAK[what](broken)
    assert next(verdicts(broken), None)
