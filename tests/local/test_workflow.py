"""The workflow's template: rendered by Terraform, run by MiniStack, with a function that plays a part."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from local import terraform
from local.servers import ROOT
from tests.local.emulated_aws import Aws, Run

STAGES = [
    "takeTurn",
    "plan",
    "makeDatasetGroup",
    "importDatasets",
    "trainAndDeploy",
    "askForRecommendations",
    "synchroniseSchedules",
    "report",
]
# Each action's answers, in turn; the last one again and again. A text is an error that is raised.
ACTOR = """
import json, pathlib
SCRIPT, SEEN = {script!r}, pathlib.Path({seen!r})
class ServiceTrouble(Exception): pass
def h(event, context):
    with SEEN.open("a") as file:
        print(json.dumps(event), file=file)
    calls = sum(json.loads(line)["action"] == event["action"] for line in SEEN.read_text().splitlines())
    answers = SCRIPT.get(event["action"], [{{"verdict": "ready"}}])
    answer = answers[min(calls, len(answers)) - 1]
    if isinstance(answer, str):
        raise {{"ServiceTrouble": ServiceTrouble}}.get(answer, RuntimeError)(answer)
    return answer
"""
LATER = {"verdict": "pending", "waitSeconds": 30}
READY = {"verdict": "ready"}

Play = Callable[[dict[str, Any]], tuple[Run, list[dict[str, Any]], str]]


@pytest.fixture
def play(aws: Aws, tmp_path: Path) -> Play:
    """Runs the workflow with a script; how it ended, what the function was told, and the topic."""

    def run(script: dict[str, Any]) -> tuple[Run, list[dict[str, Any]], str]:
        seen = tmp_path / "events"
        topic = str(aws.sns.create_topic(Name=aws.name())["TopicArn"])
        aws.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
        definition = rendered(aws.function(ACTOR.format(script=script, seen=str(seen))), topic)
        first, states = definition.pop("StartAt"), definition.pop("States")
        ended = aws.run({first: states.pop(first), **states}, {"upload": {"key": "params.json"}}, **definition)
        return ended, [json.loads(line) for line in seen.read_text().splitlines()], topic

    return run


def rendered(function: str, topic: str) -> dict[str, Any]:
    values = {"function_arn": function, "topic_arn": topic, "partition": "aws", "timeout_seconds": 100_000}
    template = f"templatefile({json.dumps(str(ROOT / 'statemachine.json.tftpl'))}, {json.dumps(values)})"
    found = terraform.find()
    done = subprocess.run(
        [found.path, "console"],
        input=f"jsonencode(jsondecode({template}))",
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "tests/fixtures",  # any folder without a configuration
        env=found.environment,
    )
    definition: dict[str, Any] = json.loads(json.loads(done.stdout))
    return definition


def actions(events: list[dict[str, Any]]) -> list[str]:
    return [event["action"] for event in events]


def test_a_run_goes_from_stage_to_stage_and_looks_again_where_it_has_to(play: Play) -> None:
    run, events, _ = play({"takeTurn": [LATER, LATER, READY], "trainAndDeploy": [LATER, READY | {"ready": 7}]})
    assert run.status == "SUCCEEDED"
    assert actions(events) == ["takeTurn", "takeTurn", *STAGES[:4], "trainAndDeploy", *STAGES[4:]]
    assert run.counts["WaitStateEntered"] == 3
    assert {event["execution"]["Id"] for event in events} == {run.arn}
    assert events[0]["execution"]["Input"] == events[0]["state"] == {"upload": {"key": "params.json"}}
    assert [event["state"] for event in events][1] == LATER
    assert events[-3]["state"] == READY | {"ready": 7}


def test_a_teardown_takes_its_own_way(play: Play) -> None:
    _, events, _ = play({"plan": [{"verdict": "teardown"}]})
    assert actions(events) == ["takeTurn", "plan", "tearDown", "synchroniseSchedules", "report"]


@pytest.mark.parametrize("action", ["takeTurn", "plan", "importDatasets", "trainAndDeploy"])
def test_what_is_over_is_reported_and_ends_as_the_report_says(play: Play, action: str) -> None:
    failed = {"verdict": "failed", "error": "RunFailed", "cause": "one of two failed"}
    run, events, _ = play({action: [{"verdict": "over"}], "report": [failed]})
    assert actions(events) == [*STAGES[: STAGES.index(action) + 1], "report"]
    assert (run.status, run.error, run.cause) == ("FAILED", "RunFailed", "one of two failed")


def test_trouble_is_waited_out(play: Play) -> None:
    run, events, _ = play({"importDatasets": [*["ServiceTrouble"] * 9, "other", READY]})
    assert run.status == "SUCCEEDED"
    assert actions(events).count("importDatasets") == 11


def test_what_fails_for_good_is_reported(play: Play) -> None:
    _, events, _ = play({"importDatasets": [LATER, "broken"]})
    assert actions(events)[-2:] == ["importDatasets", "report"]
    state = events[-1]["state"]
    assert state["verdict"] == "pending"
    assert state["failure"]["Error"] == "RuntimeError"


def test_a_report_that_fails_is_replaced_by_a_plain_notice(play: Play, aws: Aws) -> None:
    run, _, topic = play({"report": ["broken"]})
    assert (run.status, run.error) == ("FAILED", "RunNotReported")
    (mail,) = [m for m in requests.get(f"{aws.url}/_ministack/mails", timeout=5).json() if m["topic"] == topic]
    assert mail["subject"].startswith("[personalize-pipeline] ")
    assert run.arn in mail["message"]
    assert "(RuntimeError)" in mail["message"]
