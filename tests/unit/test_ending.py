"""The safety net: endings that the workflow itself could not mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pipeline import clients
from pipeline.handler import lambda_handler

from .conftest import params
from .lambda_context import CONTEXT
from .workflow import Deployment, act, deployed

UPLOAD = {"bucket": "shop-input", "key": "params.json"}


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        yield deployment


def told(execution: dict[str, str], status: str, **more: str) -> dict[str, Any]:
    """What EventBridge tells of an execution that did not succeed."""
    detail = {"executionArn": execution["Id"], "name": execution["Name"], "status": status, "startDate": 1795453502999}
    return {"source": "aws.states", "detail": detail | {"input": json.dumps({"upload": UPLOAD})} | more}


def history(monkeypatch: pytest.MonkeyPatch, *outputs: dict[str, Any]) -> None:
    """Let every execution have a history in which the state "Plan" was left with these outputs."""
    events = [{"stateExitedEventDetails": {"name": "Plan", "output": json.dumps(output)}} for output in outputs]
    pages = SimpleNamespace(paginate=lambda **_: [{"events": [{"type": "ExecutionStarted"}, *events]}])
    monkeypatch.setattr(clients, "stepfunctions", lambda: SimpleNamespace(get_paginator=lambda _: pages))


def test_a_run_that_was_not_even_planned_is_mailed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = deployment.start()
    history(monkeypatch, {"upload": UPLOAD, "failure": {"Error": "ActionFailed", "Cause": "{}"}})
    ending = told(execution, "FAILED", error="RunNotReported", cause="The run's report could not be made.")
    assert lambda_handler(ending, CONTEXT) == {"mailed": True}
    (mail,) = deployment.mails()
    assert "the run: The run's report could not be made." in mail
    assert deployment.report(execution["Name"])["error"] == "RunNotReported"


def test_an_ending_is_mailed_once(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = deployment.start()
    history(monkeypatch)
    ending = told(execution, "ABORTED")
    assert lambda_handler(ending, CONTEXT) == {"mailed": True}
    assert lambda_handler(ending, CONTEXT) == {"mailed": False}
    (mail,) = deployment.mails()
    assert "the run was stopped by hand" in mail


@pytest.mark.parametrize("planned", [True, False])
def test_an_ending_that_the_run_reported_is_left_alone(deployment: Deployment, planned: bool) -> None:
    """Also where AWS named the execution, so that the run's id has its start in it, told in two forms."""
    execution = deployment.start("8f4e0c1d-3d4e-4cb6-9a53-1f2c33d1a0e7")
    state: dict[str, Any] = {"upload": UPLOAD}
    if planned:
        state["plan"] = act("plan", start={"upload": deployment.upload("params.json", {})}, execution=execution)
        assert state["plan"]["run"]["id"].startswith("20261123-170502-")
    act("report", state=state, execution=execution)
    (mail,) = deployment.mails()
    assert "Run:           20261123-170502-" in mail
    assert lambda_handler(told(execution, "FAILED"), CONTEXT) == {"mailed": False}
    assert deployment.mails() == []


def test_what_the_run_had_made_is_listed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment.upload_data()
    execution = deployment.start()
    upload = deployment.upload("params.json", params())
    plan = act("plan", start={"upload": upload}, execution=execution)
    act("ensureDatasetGroup", run=plan["run"], resource=plan["datasetGroup"])
    history(monkeypatch, {"upload": upload, "plan": plan})
    assert lambda_handler(told(execution, "TIMED_OUT"), CONTEXT) == {"mailed": True}
    (mail,) = deployment.mails()
    assert "longer than its time limit" in mail
    assert f"{plan['datasetGroup']['arn']}\n" in mail
    assert "not created          solution for-you" in mail
