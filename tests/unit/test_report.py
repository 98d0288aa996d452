"""The report: one mail for each ending, whatever happens after it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.ending.report import document_of, report
from pipeline.engine.record import Record
from pipeline.engine.resources import Resource
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


def test_a_run_says_which_code_ran_it(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgraded(event: dict[str, Any]) -> dict[str, Any]:
        monkeypatch.setattr("pipeline.ending.report.version", lambda: "fedcba987654")
        return report(event)

    monkeypatch.setitem(ACTIONS, "report", upgraded)
    run = deployment.run(params(campaign=None))
    assert (run.report["codeVersion"], run.record["run"]["codeVersion"]) == ("fedcba987654", "unbuilt")
    assert "Code:          fedcba987654, begun with unbuilt\n" in run.mail


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
    folder = f"runs/{execution.context['Name']}"
    assert written[-3:] == [f"{folder}/report.json", f"{folder}/report.html", "runs/index.json"]


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


def test_of_ten_thousand_problems_the_first_hundred_are_told_and_all_are_counted(deployment: Deployment) -> None:
    """Duplicates are no problem of their own, and a problem of any length takes its share."""
    faulty = params() | {"long" * 1000: 0} | {f"k{number:04}": 0 for number in range(9_999)}
    ended = deployment.run(faulty)
    assert ended.error == "ParamsRejected"
    plan = next(summary for summary in ended.execution.summaries if summary.get("outcome") == "rejected")
    assert plan["problems"] == ended.report["failureCount"] == 10_000
    assert len(ended.report["failures"]) == len(ended.record["problems"]) == 100
    assert len(json.dumps(ended.report["failures"])) < 250_000
    assert ended.mail.count("unknown key") == 100
    assert "  ... and 9,900 more\n" in ended.mail
    assert len(ended.cause) <= 2000
    assert f"... and {10_000 - ended.cause.count('unknown key'):,} more" in ended.cause


def test_a_file_that_is_refused_is_about_its_dataset_group_if_it_names_one(deployment: Deployment) -> None:
    """Whoever asks for the messages of a dataset group gets its rejections too."""
    assert deployment.run(params(teapot={})).report["run"]["datasetGroup"] == "shop"
    assert deployment.read("locks/shop.json")["holder"] is None
    assert "datasetGroup" not in deployment.run("{").report["run"]
    assert "datasetGroup" not in deployment.run(params(datasetGroup={"name": "s h o p"})).report["run"]


def test_of_many_faulty_files_the_first_three_are_told_and_all_are_counted(deployment: Deployment) -> None:
    for number in range(60):
        deployment.upload(f"Users/{number:02}.csv", "USER_ID\nu1\n")
        deployment.upload(f"Interactions/{number:02}.csv", "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,soon\n,i1,1700000000\n")
    ended = deployment.run()
    assert ended.error == "ParamsRejected"
    told = [problem["what"] for problem in ended.report["failures"]]
    assert "57 more of its files have the same fault." in told
    assert "57 more of its files have the same fault in the column TIMESTAMP." in told
    assert "57 more of its files have the same fault in the column USER_ID." in told
    assert len(told) == ended.report["failureCount"] == 12


def test_of_many_failed_resources_the_first_hundred_are_told_and_all_are_counted(deployment: Deployment) -> None:
    names = [f"f{number}" for number in range(150)]
    record = Record({"id": "r", "datasetGroup": "shop", "startedAt": 0}, "proceed")
    record.resources = [Resource("filter", name, failure="x" * 2000, state="failed", plan="create") for name in names]
    document = document_of(record)
    assert (len(document["failures"]), document["failureCount"]) == (100, 150)
    assert max(len(failure["what"]) for failure in document["failures"]) < 1100
    assert len(document["resources"]) == 150
