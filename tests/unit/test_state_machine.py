"""The template, the dispatch table and the error classes say the same; AWS's language accepts the definition."""

from __future__ import annotations

import copy
import inspect
import json
import random
import statistics
from typing import Any

import pytest
from cfnlint.api import lint
from pipeline import errors
from pipeline.handler import ACTIONS

from .state_machine import FUNCTION, VALUES, Execution, LambdaServiceException, definition

STATES: dict[str, dict[str, Any]] = definition()["States"]
CALLS = {name: state for name, state in STATES.items() if state.get("Resource") == FUNCTION}
CHECK = STATES["Check Data"]
CALLED_BY_AWS = {"startRuns", "mailEnding"}
ALL = ["States.ALL"]


def complaints(machine: dict[str, Any]) -> list[str]:
    properties = {
        "RoleArn": "arn:aws:iam::123456789012:role/shop-workflow",
        "DefinitionString": json.dumps(machine),
    }
    template = {"Resources": {"Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}}
    return [match.message for match in lint(json.dumps(template))]


def test_the_definition_is_legal() -> None:
    assert complaints(definition()) == []


def test_the_check_of_the_definition_can_fail() -> None:
    broken = copy.deepcopy(definition())
    del broken["States"]["Plan"]["Resource"]
    assert complaints(broken)


def test_the_definition_is_short() -> None:
    """A definition may have 1 MiB; one that a reader still takes in at a glance has few states."""
    assert len(json.dumps(definition())) < 16_000
    assert len(STATES) <= 33


def action_of(name: str) -> str:
    """`trainAndDeploy` of the state "Train and Deploy"."""
    head, *rest = name.split()
    return head.lower() + "".join(word.capitalize() for word in rest)


def test_a_state_and_its_action_have_the_same_name() -> None:
    assert action_of("Train and Deploy") == "trainAndDeploy"
    for name, state in CALLS.items():
        assert state["Parameters"]["action"] == action_of(name)


def test_the_actions_are_those_of_the_dispatch_table() -> None:
    called = {state["Parameters"]["action"] for state in CALLS.values()} | {CHECK["ItemSelector"]["action"]}
    assert called == set(ACTIONS) - CALLED_BY_AWS
    assert set(ACTIONS) >= CALLED_BY_AWS


def test_every_action_is_told_its_execution_and_the_state() -> None:
    for state in CALLS.values():
        assert state["Parameters"].keys() - {"canSpread"} == {"action", "execution.$", "state.$"}
        assert (state["Parameters"]["execution.$"], state["Parameters"]["state.$"]) == ("$$.Execution", "$")


# --- How a run goes on ------------------------------------------------------------------------------------------------


def followers(state: dict[str, Any]) -> set[str]:
    chosen = [*state.get("Choices", []), *state.get("Catch", [])]
    return {rule["Next"] for rule in chosen} | {state[name] for name in ("Next", "Default") if name in state}


def test_every_state_can_be_reached() -> None:
    reached, todo = set(), {definition()["StartAt"]}
    while todo:
        reached |= todo
        todo = set().union(*(followers(STATES[name]) for name in todo)) - reached
    assert reached == set(STATES)


@pytest.mark.parametrize("name", CALLS)
def test_every_stage_has_the_same_loop(name: str) -> None:
    done, wait = STATES[f"{name} Done?"], STATES[f"Wait to {name}"]
    assert STATES[name]["Next"] == f"{name} Done?"
    assert {choice["Variable"] for choice in done["Choices"]} == {"$.verdict"}
    chosen = {choice["StringEquals"]: choice["Next"] for choice in done["Choices"]}
    assert chosen.keys() == {"ready", "pending", "teardown", "checkData"}
    assert (chosen["pending"], chosen["teardown"]) == (f"Wait to {name}", "Tear Down")
    assert chosen["checkData"] == "Check Data"
    assert wait == {"Type": "Wait", "SecondsPath": "$.waitSeconds", "Next": name}


def test_whatever_ends_passes_through_the_report() -> None:
    for name in CALLS.keys() - {"Report"}:
        assert STATES[name]["Catch"] == [{"ErrorEquals": ALL, "ResultPath": "$.failure", "Next": "Report"}]
        assert STATES[f"{name} Done?"]["Default"] == "Report"
    assert STATES["Report Done?"]["Default"] == "Run Failed"
    assert {name for name, state in STATES.items() if "Run Succeeded" in followers(state)} == {"Report Done?"}


def test_every_failure_is_caught_so_that_it_is_mailed() -> None:
    tasks = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
    uncaught = {name for name, state in tasks.items() if [c["ErrorEquals"] for c in state.get("Catch", [])] != [ALL]}
    assert uncaught == {"Publish Plain Notice"}


def execution(invoke: Any, publish: Any = None) -> Execution:
    context = {"Id": "arn:aws:states:eu-west-1:123456789012:execution:shop-pipeline:run", "Name": "run", "Input": {}}
    return Execution(context, invoke, publish)


def finish(running: Execution) -> Execution:
    while running.advance() is not None:
        pass
    return running


def answers(**by_action: Any) -> Any:
    """A function whose actions are ready at once, unless said otherwise: an answer, or an error to raise."""

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        answer = by_action.get(event["action"], {"verdict": "ready"})
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    return invoke


def test_a_run_goes_from_stage_to_stage() -> None:
    ended = finish(execution(answers()))
    assert ended.status == "SUCCEEDED"
    assert [name for name in ended.entered if name in CALLS] == [
        *("Take Turn", "Plan", "Make Dataset Group", "Import Datasets", "Train and Deploy"),
        *("Ask for Recommendations", "Synchronise Schedules", "Report"),
    ]


def test_a_teardown_passes_by_what_makes() -> None:
    ended = finish(execution(answers(plan={"verdict": "teardown"})))
    stages = [name for name in ended.entered if name in CALLS]
    assert stages == ["Take Turn", "Plan", "Tear Down", "Synchronise Schedules", "Report"]


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("takeTurn", {"verdict": "over"}),
        ("plan", {"verdict": "over"}),
        ("importDatasets", {"verdict": "over"}),
        ("trainAndDeploy", errors.ActionFailed("a fault")),
    ],
)
def test_what_ends_early_is_reported_and_fails_with_what_the_report_says(action: str, answer: Any) -> None:
    told = {"verdict": "over", "error": "RunFailed", "cause": "what was wrong"}
    ended = finish(execution(answers(**{action: answer, "report": told})))
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "RunFailed", "what was wrong")
    assert "Train and Deploy Done?" not in ended.entered


def test_the_report_is_told_what_was_caught() -> None:
    seen: list[dict[str, Any]] = []

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        if event["action"] == "plan":
            raise errors.ActionFailed("a fault of ours")
        if event["action"] == "report":
            seen.append(event["state"])
        return {"verdict": "ready"}

    finish(execution(invoke))
    assert seen[0]["failure"]["Error"] == "ActionFailed"
    assert "a fault of ours" in seen[0]["failure"]["Cause"]


def test_a_report_that_fails_is_told_by_a_plain_notice() -> None:
    published: list[dict[str, Any]] = []
    ended = finish(execution(answers(report=errors.ActionFailed("no bucket")), published.append))
    assert (ended.status, ended.error) == ("FAILED", "RunNotReported")
    assert published[0]["TopicArn"] == VALUES["topic_arn"]
    assert ended.context["Id"] in published[0]["Message"]
    assert published[0]["MessageAttributes"] == {
        "outcome": {"DataType": "String", "StringValue": "failed"},
        "run": {"DataType": "String", "StringValue": "run"},
    }
    assert "Publish Plain Notice" in ended.entered


# --- Trying again -----------------------------------------------------------------------------------------------------


def test_all_calls_are_tried_again_in_the_same_way() -> None:
    tasks = [*CALLS.values(), *CHECK["ItemProcessor"]["States"].values()]
    policies = {json.dumps(state["Retry"], sort_keys=True) for state in tasks}
    assert len(policies) == 1
    trouble, rest = next(iter(CALLS.values()))["Retry"]
    assert rest["ErrorEquals"] == ALL
    assert trouble["JitterStrategy"] == rest["JitterStrategy"] == "FULL"


def test_every_error_of_ours_that_is_named_is_one_of_our_classes() -> None:
    classes = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    named = {error for state in STATES.values() for rule in state.get("Retry", []) for error in rule["ErrorEquals"]}
    named |= {error for state in STATES.values() for rule in state.get("Catch", []) for error in rule["ErrorEquals"]}
    ours = {error for error in named if not error.startswith(("States.", "Lambda."))}
    assert ours == {"ServiceTrouble"}
    assert ours <= classes


def delays(retrier: dict[str, Any]) -> list[float]:
    """The longest that each try may be waited for, in seconds."""
    return [
        min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt, retrier["MaxDelaySeconds"])
        for attempt in range(retrier["MaxAttempts"])
    ]


def patience(retrier: dict[str, Any], chance: random.Random) -> float:
    """Seconds until the last try, with full jitter."""
    return sum(chance.uniform(0, delay) for delay in delays(retrier))


def test_the_lambda_service_may_be_in_trouble_for_an_hour() -> None:
    trouble = CALLS["Plan"]["Retry"][0]
    chance = random.Random(0)
    waits = sorted(patience(trouble, chance) for _ in range(2000))
    assert statistics.mean(waits) > 3 * 3600
    assert waits[len(waits) // 1000] > 3600  # of a thousand runs the most impatient


@pytest.mark.parametrize(
    "error",
    [
        *("Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
        *("Lambda.TooManyRequestsException", "ServiceTrouble"),
    ],
)
def test_what_is_no_fault_of_ours_is_waited_for(error: str) -> None:
    """AWS's own list for tasks of Lambda: Developer Guide, "Handle transient Lambda service exceptions"."""
    assert error in CALLS["Plan"]["Retry"][0]["ErrorEquals"]


@pytest.mark.parametrize("name", CALLS.keys() - {"Tear Down"})
def test_a_run_outlasts_an_hour_of_trouble_at_any_stage(name: str) -> None:
    now, begun = 0.0, None

    def invoke(event: dict[str, Any]) -> dict[str, Any]:
        nonlocal begun
        if event["action"] == action_of(name):
            begun = now if begun is None else begun
            if now - begun < 3600:
                raise LambdaServiceException("Service unavailable")
        return {"verdict": "ready"}

    running = execution(invoke)
    while (seconds := running.advance()) is not None:
        now += seconds
    assert running.status == "SUCCEEDED"
    assert now > 3600


def test_a_fault_of_ours_is_told_within_the_hour_and_a_function_that_was_killed_has_some_minutes() -> None:
    """`States.Timeout`, `Lambda.Unknown` and `Sandbox.Timedout` are among the rest."""
    rest = CALLS["Plan"]["Retry"][1]
    assert sum(delays(rest)) < 3600
    chance = random.Random(0)
    assert statistics.mean(patience(rest, chance) for _ in range(1000)) > 5 * 60
