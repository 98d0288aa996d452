"""The safety net: endings that the workflow itself could not mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline.ending.report import report
from pipeline.errors import ActionFailed
from pipeline.handler import ACTIONS

from .conftest import BUCKET
from .state_machine import Execution
from .workflow import Deployment, deployed, invoke


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        yield deployment


def told(execution: Execution, status: str, **more: str) -> dict[str, Any]:
    """What EventBridge tells of an execution that did not succeed."""
    context = execution.context
    detail = {"executionArn": context["Id"], "name": context["Name"], "status": status, "startDate": 1795453502999}
    return {"source": "aws.states", "detail": detail | {"input": json.dumps(context["Input"])} | more}


def fail(_: dict[str, Any]) -> dict[str, Any]:
    raise ActionFailed("this does not work.")


def test_a_run_that_was_not_even_planned_is_mailed(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for action in ("takeTurn", "report"):
        monkeypatch.setitem(ACTIONS, action, fail)
    execution = deployment.start()
    deployment.exhaust(execution)
    assert execution.error == "RunNotReported"
    assert deployment.mails() == []
    ending = told(execution, "FAILED", error="RunNotReported", cause="The run's report could not be made.")
    assert invoke(ending) == {"mailed": True}
    (mail,) = deployment.mails()
    assert "the run: The run's report could not be made." in mail
    assert "Params file:   params.json" in mail
    assert deployment.report(execution.context["Name"])["error"] == "RunFailed"


def test_an_error_that_quotes_what_was_uploaded_fits_into_the_workflows_state(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step Functions takes 32,768 characters of a cause, and 262,144 bytes of a state."""

    def unforeseen(_: dict[str, Any]) -> dict[str, Any]:
        raise KeyError("ключ" * 30_000)

    def told(event: dict[str, Any]) -> dict[str, Any]:
        caught.append(event["state"]["failure"])
        return report(event)

    caught: list[dict[str, str]] = []
    monkeypatch.setitem(ACTIONS, "plan", unforeseen)
    monkeypatch.setitem(ACTIONS, "report", told)
    execution = deployment.start()
    deployment.exhaust(execution)
    assert execution.error == "RunFailed"
    assert len(json.dumps(caught)) < 32_768
    (mail,) = deployment.mails()
    assert "the run: plan: KeyError: 'ключ" in mail


def test_an_ending_is_mailed_once(deployment: Deployment) -> None:
    execution = deployment.start()
    ending = told(execution, "ABORTED")
    assert invoke(ending) == {"mailed": True}
    assert invoke(ending) == {"mailed": False}
    (mail,) = deployment.mails()
    assert "the run was stopped by hand" in mail


@pytest.mark.parametrize("planned", [True, False])
def test_an_ending_that_the_run_reported_is_left_alone(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, planned: bool
) -> None:
    """Also where AWS named the execution, so that the run's id has its start in it, told in two forms."""
    if not planned:
        monkeypatch.setitem(ACTIONS, "takeTurn", fail)
    execution = deployment.execute(deployment.upload("params.json", {}), "8f4e0c1d-3d4e-4cb6-9a53-1f2c33d1a0e7")
    deployment.exhaust(execution)
    assert execution.error == ("ParamsRejected" if planned else "RunFailed")
    (mail,) = deployment.mails()
    assert "Run:           20261123-170502-" in mail
    assert planned or "the run: this does not work." in mail
    assert invoke(told(execution, "FAILED")) == {"mailed": False}
    assert deployment.mails() == []


def test_what_the_run_had_made_is_listed(deployment: Deployment) -> None:
    deployment.upload_data()
    execution = deployment.start()
    assert execution.advance()
    assert deployment.calls("CreateDatasetGroup") == 1
    assert invoke(told(execution, "TIMED_OUT")) == {"mailed": True}
    (mail,) = deployment.mails()
    page = deployment.s3.get_object(Bucket=BUCKET, Key=f"runs/{execution.context['Name']}/report.html")["Body"].read()
    page = page.decode()
    assert "longer than its time limit" in mail
    (group,) = deployment.personalize.list_dataset_groups()["datasetGroups"]
    assert group["datasetGroupArn"] in page
    assert "created              dataset group shop" in mail
    assert "not created          solution for-you" in mail
