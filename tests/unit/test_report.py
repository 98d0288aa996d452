"""The report: one mail for each ending, whatever happens after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.upload import run_lock

from .conftest import params
from .workflow import Deployment, act, deployed


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
    execution = deployment.start()
    upload = deployment.upload("params.json", "{")
    state = {"upload": upload, "plan": act("plan", start={"upload": upload}, execution=execution)}
    monkeypatch.setattr(clients.s3(), "put_object", refuse)
    assert act("report", state=state, execution=execution)["error"] == "ParamsRejected"
    assert len(deployment.mails()) == 1


def test_a_lock_that_cannot_be_released_neither_fails_the_run_nor_blocks_the_next(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(run_lock, "release", refuse)
        assert deployment.run(params(campaign=None)).result == {"succeeded": True}
    assert deployment.run(params(campaign=None)).result == {"succeeded": True}


def test_a_resource_that_cannot_be_looked_at_does_not_hide_the_others(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The right to describe campaigns was taken away while the run went on."""
    upload, execution = deployment.upload("params.json", params()), deployment.start()
    state = {"upload": upload, "plan": act("plan", start={"upload": upload}, execution=execution)}
    deployment.work(state)
    monkeypatch.setattr(clients.personalize(), "describe_campaign", refuse)
    assert act("report", state=state, execution=execution)["error"] == "ResourceFailed"
    (mail,) = deployment.mails()
    assert "campaign for-you: could not be looked at" in mail
    assert "created in 2 min     solution version for-you" in mail
