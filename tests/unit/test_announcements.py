"""Mails of a run that is under way: each once, and none where there is nothing to tell."""

from __future__ import annotations

import re

import pytest
from pipeline import settings

from local.personalize_emulator import Settings

from .conftest import ACCOUNT
from .workflow import INTERACTIONS, SHORT, Deployment, deployed

MORE = INTERACTIONS + "u1,i1,1700000000\n" * 9


def news(deployment: Deployment) -> list[str]:
    """The mails so far that tell no ending."""
    return [mail for mail in deployment._mailed if re.match(r"shop (has begun|takes longer)", mail)]


def test_a_beginning_is_mailed_once_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNOUNCE_STARTS", "true")
    with deployed() as deployment:
        deployment.upload_data()
        deployment.run()
        (began,) = news(deployment)
    assert began.startswith("shop has begun.\n  create dataset group shop\n")
    assert "create campaign for-you" in began and "report.html" in began


def test_without_being_asked_a_run_mails_its_end_alone() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        deployment.run()
        deployment.upload_data(interactions=MORE)
        deployment.run()
        assert news(deployment) == []
        assert len(deployment._mailed) == 2


def test_a_training_that_takes_longer_than_it_used_to_is_told_once() -> None:
    with deployed(Settings(account_id=ACCOUNT, durations=SHORT)) as deployment:
        deployment.upload_data()
        deployment.run()
        deployment.emulator.settings.durations["solution version"] = 5 * 3600
        deployment.upload_data(interactions=MORE)
        ended = deployment.run()
        (late,) = news(deployment)
    assert ended.succeeded
    assert re.match(r"shop takes longer than it used to\.\n  solution version for-you: 1\d min so far; it used", late)
    assert f"Run:           {ended.record['run']['id']}" in late


def test_a_first_training_has_no_like_and_is_never_late() -> None:
    settings.settings.cache_clear()
    with deployed(Settings(account_id=ACCOUNT, durations=SHORT | {"solution version": 40 * 3600})) as deployment:
        deployment.upload_data()
        deployment.run()
        assert news(deployment) == []
