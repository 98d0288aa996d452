"""The log: what an operator looks for is in each line, as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
from pipeline import log
from pipeline.errors import ActionFailed
from pipeline.handler import ACTIONS, lambda_handler

from .lambda_context import CONTEXT


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The log as it is before any invocation."""
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setattr(log, "_lines", log.JsonLines())
    monkeypatch.setitem(ACTIONS, "report", lambda event: {"verdict": "ready", "outcome": event["outcome"]})
    log.configure()
    yield
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    log.configure()


def test_each_line_says_what_was_done_by_which_invocation_of_which_run(capsys: pytest.CaptureFixture[str]) -> None:
    event = {"action": "report", "outcome": "succeeded", "execution": {"Name": "r-1"}}
    for _ in range(2):
        lambda_handler(event, CONTEXT)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first.pop("timestamp") <= second.pop("timestamp")
    assert first.pop("location").startswith("lambda_handler:")
    assert first == {
        "level": "INFO",
        "message": "done",
        "service": "personalize-pipeline",
        "cold_start": True,
        "function_name": "shop-pipeline",
        "function_memory_size": 512,
        "function_arn": CONTEXT.invoked_function_arn,
        "function_request_id": "7d2a",
        "action": "report",
        "run": "r-1",
        "outcome": "succeeded",
        "verdict": "ready",
    }
    assert second["cold_start"] is False


def test_an_error_is_one_line_with_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ActionFailed):
        lambda_handler({"action": "report"}, CONTEXT)  # lacks the outcome that the stub reads
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["level"], line["message"], line["exception_name"]) == ("ERROR", "failed unexpectedly", "KeyError")
    assert "Traceback (most recent call last)" in line["exception"]
    assert "run" not in line


def test_below_its_level_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    log.configure()
    logging.getLogger("pipeline.engine").warning("a warning")
    assert capsys.readouterr().out == ""
