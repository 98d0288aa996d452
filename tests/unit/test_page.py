"""The page of a run and the list of runs: written while it works and at its end, and no reason for a run to fail."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline import objects
from pipeline.ending import history, index, page, publishing
from pipeline.ending.timeline import timeline
from pipeline.engine.record import Record
from pipeline.engine.resources import FAILED, OPEN, READY, Resource

from .conftest import BUCKET, params
from .test_everything import DOMAINS, domain, everything, with_events
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


def test_a_list_of_entries_of_another_form_keeps_no_run_from_being_reported() -> None:
    with deployed() as deployment:
        for form in ('{"runs":[{}]}', '{"runs":[3]}', '{"runs":{"a":1}}', '{"runs":[{"id":"0"}]}'):
            deployment.upload("runs/index.json", form)
            assert deployment.run({"no": "params"}).report["outcome"] == "rejected"


def test_a_look_that_was_overtaken_lists_no_run_as_under_way_that_has_ended() -> None:
    with deployed():
        index.put({"id": "1", "outcome": "failed"})
        index.put({"id": "1", "outcome": "under way"})
        assert [run["outcome"] for run in index.runs()] == ["failed"]


def test_the_page_of_the_list_has_what_another_run_wrote_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed() as deployment:
        overwrite, others = objects.overwrite, iter(["other"])

        def meanwhile(key: str, body: bytes, content_type: str) -> None:
            if (other := next(others, None)) and key == index.PAGE:
                publishing._list(ended(other))
            overwrite(key, body, content_type)

        monkeypatch.setattr(objects, "overwrite", meanwhile)
        publishing._list(ended("mine"))
        html = text(deployment, index.PAGE)
    assert "mine/report.html" in html and "other/report.html" in html


def ended(run: str) -> dict[str, Any]:
    return {"outcome": "superseded", "run": {"id": run}, "failures": [], "resources": []}


def test_a_dry_run_is_not_what_the_next_one_is_compared_with() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        deployment.run()
        deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1700000000\n" * 9)
        assert "(+9 rows)" in deployment.run(params(dryRun=True)).mail
        assert "(+9 rows)" in deployment.run().mail


def test_a_campaign_that_was_held_before_it_existed_is_not_said_to_serve() -> None:
    document = params()
    document["campaign"]["deployWhen"] = {"metric": "coverage", "minimum": 99}
    with deployed() as deployment:
        deployment.upload_data()
        held = deployment.run(document)
    assert held.mail.startswith("shop: the run succeeded, and the gate let nothing be deployed as for-you.\n")
    assert held.record["run"]["id"] and "new version" not in headline_why(held.report)


def headline_why(report: dict[str, Any]) -> str:
    return str(index.entry_of(report)["why"])


def test_data_that_was_imported_and_not_trained_on_is_not_called_up_to_date() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        deployment.run()
        deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1700000000\n" * 9)
        imported = deployment.run(params(train="never"))
    assert imported.mail.startswith("shop: data was imported, and no model was trained on it by this run.\n")


def test_a_recommender_that_learns_by_itself_is_up_to_date() -> None:
    with deployed() as deployment:
        deployment.upload_data(interactions=with_events(event="View"))
        first = deployment.run(domain(*DOMAINS[0]))
    assert first.mail.startswith("shop is up to date.\n")


def test_a_second_teardown_had_nothing_to_do() -> None:
    with deployed() as deployment:
        deployment.upload_data()
        deployment.run()
        gone = [deployment.run(params(teardown="shop")).mail for _ in range(2)]
    assert gone[0].startswith("shop is torn down") and gone[1].startswith("shop: there was nothing left to tear down.")


def test_many_versions_are_asked_about_as_far_as_a_page_shows_them() -> None:
    existing = Many()
    solutions = [
        Resource("solution", f"s{number}", {"recipeArn": "r"}, arn=f"solution/s{number}", plan="reuse")
        for number in range(100)
    ]
    told = history.history(Record({"id": "x"}, resources=solutions), existing)  # type: ignore[arg-type]
    assert len(told) == 100 and len(existing.asked) == len(set(existing.asked)) <= 2 * 100


class Many:
    """A group with a dozen versions of each solution."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def fetch_lists(self, wanted: Any) -> None:
        list(wanted)

    def listed(self, _: str, arn: str) -> list[dict[str, Any]]:
        when = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        return [
            {"solutionVersionArn": f"{arn}/{number}", "status": "ACTIVE", "lastUpdatedDateTime": when}
            for number in range(12)
        ]

    def metrics(self, arn: str) -> dict[str, float]:
        self.asked.append(arn)
        return {"coverage": 0.5}


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


def test_imports_lie_on_the_path_though_no_solution_waits_for_them_by_name() -> None:
    job = worked("job", 20, 3600, stage="importDatasets")
    solution = worked("solution", 3700, None, stage="trainAndDeploy", over_at=3701.0)
    version = worked("version", 3705, 100, "campaign solution", "campaign job", stage="trainAndDeploy")
    found = spans(job, solution, version, now=5000.0)
    assert found["campaign solution"]["free"] == 3620.0
    assert [name for name, span in found.items() if span["critical"]] == [
        "campaign job",
        "campaign solution",
        "campaign version",
    ]


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
