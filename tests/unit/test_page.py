"""The page of a run and the list of runs: written while it works and at its end, and no reason for a run to fail."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline.ending import index, page, publishing
from pipeline.ending.timeline import timeline
from pipeline.engine.record import Record
from pipeline.engine.resources import FAILED, OPEN, READY, Resource

from .conftest import BUCKET, params
from .test_everything import everything
from .workflow import INTERACTIONS, Deployment, deployed


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    publishing._shown.clear()
    yield


def text(deployment: Deployment, key: str) -> str:
    return deployment.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


def versions(deployment: Deployment, key: str) -> list[str]:
    """What an object held, oldest first."""
    listed = deployment.s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    found = [one for one in listed if one["Key"] == key]
    found = found if found[-1]["IsLatest"] else found[::-1]
    read = (deployment.s3.get_object(Bucket=BUCKET, Key=key, VersionId=one["VersionId"]) for one in found)
    return [answer["Body"].read().decode() for answer in read]


def headline(html: str) -> str:
    return re.findall(r"<h1>(.*?)</h1>", html)[0]


def test_the_page_follows_the_run_to_its_end() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        ended = deployment.run()
        told = [headline(html) for html in versions(deployment, f"runs/{ended.record['run']['id']}/report.html")]
    assert told[0].startswith("shop is under way: the dataset group is made, 0 of ")
    assert any("data is imported" in one for one in told) and any("trained and deployed" in one for one in told)
    assert told[-1].startswith("shop is up to date: for-you has a new version")


def test_a_look_that_changed_nothing_writes_no_page() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        ended = deployment.run()
        pages = versions(deployment, f"runs/{ended.record['run']['id']}/report.html")
        records = versions(deployment, f"runs/{ended.record['run']['id']}/record.json")
    assert len(pages) <= len(records) < len(ended.execution.summaries)


@pytest.mark.parametrize("document", [params(dryRun=True), {"no": "params"}], ids=["planned", "rejected"])
def test_what_does_not_work_has_a_page_too(document: dict[str, Any]) -> None:
    with deployed() as deployment:
        deployment.upload_data()
        ended = deployment.run(document)
        html = text(deployment, f"runs/{ended.record['run']['id']}/report.html")
        listed = deployment.read("runs/index.json")["runs"]
    assert ended.report["outcome"] in html
    assert [run["outcome"] for run in listed] == [ended.report["outcome"]]


def test_the_list_has_every_run_newest_first_with_its_number_and_a_page_of_its_own() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        deployment.run()
        deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1700000000\n" * 9)
        deployment.run()
        deployment.run({"no": "params"})
        listed = deployment.read("runs/index.json")["runs"]
        html = text(deployment, "runs/index.html")
    assert [run["outcome"] for run in listed] == ["rejected", "succeeded", "succeeded"]
    assert listed[1]["quality"]["value"] > 0 and listed[1]["data"]["Interactions"]["rows"] == 1509
    assert all(f"{run['id']}/report.html" in html for run in listed)


def test_two_groups_that_end_in_the_same_second_are_both_listed() -> None:
    with deployed() as deployment:
        deployment.upload_data("a/")
        deployment.upload_data("b/")
        names = ("a", "b")
        documents = [shop_of(name) for name in names]
        executions = [
            deployment.start(document, f"{name}/params.json") for name, document in zip(names, documents, strict=True)
        ]
        ends = deployment.step(*executions)
        listed = deployment.read("runs/index.json")["runs"]
    assert all(ended.succeeded for ended in ends)
    assert {run["datasetGroup"] for run in listed} == {"a-shop", "b-shop"}
    assert {run["outcome"] for run in listed} == {"succeeded"}


def shop_of(name: str) -> dict[str, Any]:
    text = json.dumps(params())
    return dict(json.loads(text.replace('"shop', f'"{name}-shop').replace("for-you", f"{name}-for-you")))


def test_rows_are_compared_with_the_groups_last_run() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        first = deployment.run()
        deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1700000000\n" * 9)
        second = deployment.run()
    assert "change" not in first.report["data"]["Interactions"]
    assert second.report["data"]["Interactions"]["change"] == "+9 rows"
    assert "(as many rows as before)" in second.mail


def test_a_page_that_cannot_be_made_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> str:
        raise RuntimeError("no page today")

    monkeypatch.setattr(page, "render", broken)
    monkeypatch.setattr(page, "render_index", broken)
    with deployed() as deployment:
        deployment.upload_data()
        ended = deployment.run()
    assert ended.succeeded
    assert ended.mail.startswith("shop is up to date")


def test_a_list_of_another_form_is_written_anew() -> None:
    with deployed() as deployment:
        for form in ("[]", "{", '{"runs": 3}'):
            deployment.upload("runs/index.json", form)
            deployment.run({"no": "params"})
            assert len(deployment.read("runs/index.json")["runs"]) == 1


def test_the_list_keeps_the_newest() -> None:
    with deployed():
        for number in range(index.MOST + 2):
            if number in (0, 1, index.MOST + 1):
                index.put({"id": f"{number:06}", "outcome": "succeeded"})
        assert [run["id"] for run in index.runs()] == [f"{index.MOST + 1:06}", "000001", "000000"]


def test_everything_that_can_be_built_has_a_page() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        deployment.upload("batch/nightly/input/users.json", '{"userId": "u1"}\n')
        ended = deployment.run(everything())
        html = text(deployment, f"runs/{ended.record['run']['id']}/report.html")
    for row in ended.report["resources"]:
        assert row["name"] in html and (row["arn"] or "") in html


# --- The timeline -----------------------------------------------------------------------------------------------------


def worked(name: str, at: float, took: float | None, *after: str, **more: Any) -> Resource:
    given = {"state": READY, "done": [{"what": "create", "at": at}], "took": took, "after": list(after)} | more
    return Resource("campaign", name, **given)


def spans(*resources: Resource, now: float = 1000.0) -> dict[str, Any]:
    return timeline(Record({"id": "x", "startedAt": 10.0}, resources=list(resources)), now)


def test_waiting_begins_when_the_last_before_it_ended() -> None:
    found = spans(worked("a", 20, 30), worked("b", 20, 80), worked("c", 130, 50, "campaign a", "campaign b"))
    assert found["campaign c"] == {"free": 100.0, "begun": 130.0, "ended": 180.0, "critical": True}
    assert found["campaign a"] == {"free": 10.0, "begun": 20.0, "ended": 50.0, "critical": False}


def test_the_critical_path_leads_from_what_ended_last_to_what_each_waited_for_last() -> None:
    found = spans(
        worked("a", 20, 30), worked("b", 20, 80), worked("c", 130, 50, "campaign a", "campaign b"), worked("d", 60, 20)
    )
    assert [name for name, span in found.items() if span["critical"]] == ["campaign b", "campaign c"]


def test_what_is_not_over_lasts_until_now_and_what_was_left_alone_has_no_bar() -> None:
    found = spans(
        worked("a", 20, 30, state=OPEN),
        Resource("campaign", "reused", state=READY),
        Resource("campaign", "waits", state=OPEN),
        worked("b", 20, None, state=FAILED, over_at=77.0),
    )
    assert found["campaign a"]["ended"] == 1000.0
    assert found["campaign b"]["ended"] == 77.0
    assert found.keys() == {"campaign a", "campaign b"}


def test_of_nothing_there_is_no_timeline() -> None:
    assert spans() == {}
