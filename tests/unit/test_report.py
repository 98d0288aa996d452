"""The report: one mail for each ending, whatever happens after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.ending.report import report
from pipeline.handler import ACTIONS
from pipeline.upload import turns

from .conftest import params
from .workflow import Deployment, deployed


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def refuse(*_: Any, **__: Any) -> None:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


def test_a_report_that_cannot_be_written_does_not_have_the_mail_repeated(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def put(**parameters: Any) -> Any:
        written.append(parameters["Key"])
        return put_object(**parameters) if parameters["Key"].endswith("record.json") else refuse()

    put_object = clients.s3().put_object
    monkeypatch.setattr(clients.s3(), "put_object", put)
    execution = deployment.start("{")
    deployment.exhaust(execution)
    assert execution.error == "ParamsRejected"
    assert len(deployment.mails()) == 1
    assert written[-1] == f"runs/{execution.context['Name']}/report.json"


def test_a_lock_that_cannot_be_released_neither_fails_the_run_nor_blocks_the_next(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(turns, "release", refuse)
        assert deployment.run(params(campaign=None)).succeeded
    assert deployment.read("locks/shop.json")["holder"]
    assert deployment.run(params(campaign=None)).succeeded


def test_a_resource_that_cannot_be_looked_at_does_not_hide_the_others(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right to describe campaigns was taken away while the run went on."""

    def unsighted(event: dict[str, Any]) -> dict[str, Any]:
        monkeypatch.setattr(clients.personalize(), "describe_campaign", refuse)
        return report(event)

    monkeypatch.setitem(ACTIONS, "report", unsighted)
    execution = deployment.start()
    deployment.exhaust(execution)
    assert execution.status == "SUCCEEDED"  # what the record says is true, whoever can look at it
    (mail,) = deployment.mails()
    assert "1 resource(s) could not be looked at once more, and are told as the run left them" in mail
    assert "What bills from now on could not be looked at" in mail
    assert "created in 2 min     solution version for-you" in mail
