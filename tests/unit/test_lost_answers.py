"""Answers that are lost, calls that die, reports in bad minutes: nothing is made twice, and the mail stays true."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError

from local.personalize_emulator import Fault

from .conftest import params
from .workflow import Deployment, deployed, invoke

HOUR = 3600
METRIC = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


class Killed(BaseException):
    """The sandbox dies: no `except Exception` sees it."""


@pytest.fixture
def at_call(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`at_call(operation, action, after=True)`: do `action` once, before or after the first such call."""
    original = botocore.client.BaseClient._make_api_call
    plans: list[list[Any]] = []
    lock = threading.Lock()  # a stage calls in threads, and of two such calls only one may take a plan

    def taken(operation: str, parameters: dict[str, Any]) -> list[list[Any]]:
        with lock:
            due = [plan for plan in plans if plan[0] == operation and plan[2](parameters)]
            plans[:] = [plan for plan in plans if plan not in due]
            return due

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        due = taken(operation, parameters)
        for _, action, _, after in due:
            if not after:
                action()
        answer = original(self, operation, parameters)
        for _, action, _, after in due:
            if after:
                action()
        return answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    return lambda operation, action, after=False, when=lambda _: True: plans.append([operation, action, when, after])


def die() -> None:
    raise Killed


def advance_until(deployment: Deployment, execution: Any, state: str) -> None:
    while state not in execution.entered:
        deployment.emulator.clock.advance(execution.advance() or 0)


@pytest.mark.parametrize("effect", ["internal", "unavailable"])
def test_a_training_that_is_refused_for_ever_ends_after_six_hours(deployment: Deployment, effect: Any) -> None:
    deployment.emulator.faults.add(Fault(effect, operation="CreateSolutionVersion"))
    execution, begun = deployment.start(), deployment.emulator.clock.now()
    while (seconds := execution.advance()) is not None:
        deployment.emulator.clock.advance(seconds)
        assert deployment.emulator.clock.now() - begun < 9 * HOUR, execution.summaries[-1]
    assert "refused for 6." in deployment.ended(execution).mail


def test_a_look_that_died_after_its_call_is_told_when_the_run_is_stopped(deployment: Deployment, at_call: Any) -> None:
    at_call("CreateSolutionVersion", die, after=True)
    execution = deployment.start()
    with pytest.raises(Killed):
        deployment.finish(execution)
    mail = deployment.stop(execution)
    assert len(deployment.personalize.list_solution_versions()["solutionVersions"]) == 1  # it trains, and costs
    assert "not created          solution version for-you (absent" not in mail


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        ("CreateCampaign", "not created          campaign for-you"),
        ("CreateDatasetImportJob", "not created          dataset import job shop-"),
    ],
)
def test_a_look_that_died_after_its_call_is_told_where_the_name_tells(
    deployment: Deployment, at_call: Any, operation: str, line: str
) -> None:
    at_call(operation, die, after=True)
    execution = deployment.start()
    with pytest.raises(Killed):
        deployment.finish(execution)
    mail = deployment.stop(execution)
    assert not [shown for shown in mail.splitlines() if line in shown and "(CREATE" in shown]


def test_ten_bad_minutes_during_the_report_do_not_fail_a_run(deployment: Deployment) -> None:
    execution = deployment.start()
    actual = execution._invoke

    def spy(event: dict[str, Any]) -> Any:
        if event["action"] == "report" and not deployment.emulator.faults.listed():
            deployment.emulator.faults.add(Fault("unavailable", lasting=600))
        return actual(event)

    execution._invoke = spy
    ended = deployment.finish(execution)
    assert ended.succeeded, ended.mail


@pytest.mark.parametrize("effect", ["throttle", "unavailable", "reset"])
def test_a_schema_is_left_behind_for_one_refused_call(deployment: Deployment, effect: Any) -> None:
    assert deployment.run().succeeded
    deployment.emulator.faults.add(Fault(effect, operation="DeleteSchema", times=1))
    ended = deployment.run(params(teardown="shop"))
    assert deployment.personalize.list_schemas()["schemas"] == [], ended.mail


def test_a_deleted_schema_whose_reply_was_lost_is_not_told_as_kept(deployment: Deployment) -> None:
    assert deployment.run().succeeded
    deployment.emulator.faults.add(Fault("drop", operation="DeleteSchema"))
    ended = deployment.run(params(teardown="shop"))
    assert deployment.personalize.list_schemas()["schemas"] == []
    assert ended.row("schema")["done"] == "deleted"


def test_somebody_elses_update_is_not_taken_for_the_own_one(deployment: Deployment) -> None:
    """Ours is answered with 503 and has no effect; another update comes meanwhile."""
    assert deployment.run().succeeded
    (campaign,) = deployment.personalize.list_campaigns()["campaigns"]
    deployment.emulator.faults.add(Fault("unavailable", operation="UpdateCampaign", times=1))
    execution = deployment.start(params(campaign={"name": "for-you", "minProvisionedTPS": 5}))
    while not any(call.operation == "UpdateCampaign" for call in deployment.emulator.calls):
        deployment.emulator.clock.advance(execution.advance() or 0)
    deployment.personalize.update_campaign(campaignArn=campaign["campaignArn"], minProvisionedTPS=9)
    ended = deployment.finish(execution)
    shown = deployment.personalize.describe_campaign(campaignArn=campaign["campaignArn"])["campaign"]
    assert not ended.succeeded or shown["minProvisionedTPS"] == 5, ended.mail


def test_an_update_of_the_metric_attribution_whose_reply_was_lost_is_told(deployment: Deployment) -> None:
    from .conftest import interactions_schema
    from .test_everything import with_events

    deployment.upload_data(interactions=with_events())

    def document(name: str) -> dict[str, Any]:
        document = params(metricAttribution={"name": "attr", "metrics": [METRIC | {"metricName": name}]})
        document["datasets"]["Interactions"]["schema"] = interactions_schema({"name": "EVENT_TYPE", "type": "string"})
        return document

    assert deployment.run(document("clicks")).succeeded
    deployment.emulator.faults.add(Fault("drop", operation="UpdateMetricAttribution", times=1))
    ended = deployment.run(document("more"))
    assert (
        deployment.personalize.list_metric_attribution_metrics(
            metricAttributionArn=ended.row("metric attribution")["arn"]
        )["metrics"][0]["metricName"]
        == "more"
    )
    assert ended.row("metric attribution")["done"] == "updated"


def test_a_failed_run_mails_once_where_its_report_cannot_be_written(deployment: Deployment, monkeypatch: Any) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateCampaign", times=1))
    original = botocore.client.BaseClient._make_api_call

    def call(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if operation == "PutObject" and parameters["Key"].endswith("report.json"):
            answer = {"Error": {"Code": "SlowDown", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 503}}
            raise ClientError(answer, operation)  # type: ignore[arg-type]
        return original(self, operation, parameters)

    execution = deployment.start()
    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", call)
        deployment.exhaust(execution)
    assert execution.status == "FAILED"
    detail = {
        "executionArn": execution.context["Id"],
        "name": execution.context["Name"],
        "status": "FAILED",
        "startDate": 1795453502999,
        "input": "{}",
        "cause": execution.cause,
    }
    invoke({"source": "aws.states", "detail": detail})
    assert len(deployment.mails()) == 1


def test_a_function_killed_after_the_mail_went_out_does_not_mail_again(deployment: Deployment, at_call: Any) -> None:
    class Unknown(Exception):
        pass

    execution = deployment.start()
    actual = execution._invoke

    def survive(event: dict[str, Any]) -> Any:
        try:
            return actual(event)
        except Killed:
            raise Unknown from None

    execution._invoke = survive
    at_call("PutObject", die, when=lambda parameters: parameters["Key"].endswith("report.json"))
    deployment.exhaust(execution)
    assert len(deployment.mails()) == 1


def test_a_failed_update_does_not_delete_the_metric_attribution(deployment: Deployment) -> None:
    from .conftest import interactions_schema
    from .test_everything import with_events

    deployment.upload_data(interactions=with_events())

    def document(name: str) -> dict[str, Any]:
        document = params(metricAttribution={"name": "attr", "metrics": [METRIC | {"metricName": name}]})
        document["datasets"]["Interactions"]["schema"] = interactions_schema({"name": "EVENT_TYPE", "type": "string"})
        return document

    assert deployment.run(document("clicks")).succeeded
    deployment.emulator.faults.add(Fault("fail", operation="UpdateMetricAttribution", times=1, reason="Bad luck."))
    ended = deployment.run(document("more"))
    assert deployment.calls("DeleteMetricAttribution") == 0 or "Bad luck." in ended.mail
