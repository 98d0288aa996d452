"""What arrives twice, or gets lost on its way back: nothing is paid twice, and no mail is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from .stack import Pipeline, Run, wait_for
from .uploads import params

TRAINED, IMPORTED = "CreateSolutionVersion", "CreateDatasetImportJob"


def upload_at_once(shop: Pipeline, *documents: dict[str, object]) -> list[Run]:
    """Upload params files at the same moment; their runs, ended."""
    with ThreadPoolExecutor() as threads:
        runs = list(threads.map(shop.start, documents))
    return [run.ended() for run in runs]


def test_two_uploads_of_the_same_within_a_second_mail_twice_and_train_once(shop: Pipeline) -> None:
    runs = upload_at_once(shop, params(), params())
    assert [run.status for run in runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert [len(run.mails()) for run in runs] == [1, 1]
    assert sorted(run.report["outcome"] for run in runs) == ["duplicate", "succeeded"]
    assert len(shop.stack.personalize.calls(TRAINED)) == 1
    assert len(shop.stack.personalize.calls(IMPORTED)) == 2  # Users and Interactions


def test_two_different_uploads_within_a_second_run_one_after_the_other(shop: Pipeline) -> None:
    settings = [{"name": "Campaign", "minProvisionedTPS": tps} for tps in (2, 3)]
    runs = upload_at_once(shop, *(params(campaign=campaign) for campaign in settings))
    assert [run.status for run in runs] == ["SUCCEEDED", "SUCCEEDED"], [run.mail for run in runs]
    assert [len(run.mails()) for run in runs] == [1, 1]
    assert [f"at least {tps} transaction(s)" in run.mail for tps, run in zip((2, 3), runs, strict=True)] == [True] * 2
    assert sorted(run.done()["campaign"] for run in runs) == ["created", "updated"]
    assert len(shop.stack.personalize.calls(TRAINED)) == 1
    assert len(shop.stack.personalize.calls(IMPORTED)) == 2


def test_an_event_delivered_again_starts_nothing_while_its_run_goes_on_or_later(shop: Pipeline) -> None:
    run = shop.start()
    date, time, _ = run.name.split("-")
    event_time = f"{date[:4]}-{date[4:6]}-{date[6:]}T{time[:2]}:{time[2:4]}:{time[4:]}.000Z"
    event = shop.uploaded(run.upload["key"], run.upload["versionId"], event_time)
    wait_for("the work's begin", lambda: shop.stack.personalize.writes())
    assert shop.invoke(event) == {"started": [run.name]}
    run.ended()
    assert shop.invoke(event) == {"started": [run.name]}
    assert [other.name for other in shop.runs()] == [run.name]
    assert run.status == "SUCCEEDED"
    assert len(run.mails()) == 1
    assert len(shop.stack.personalize.calls(TRAINED)) == 1


@pytest.mark.parametrize("operation", [TRAINED, IMPORTED])
def test_a_lost_reply_makes_nothing_twice(shop: Pipeline, operation: str) -> None:
    """Personalize does what it was told, and the connection breaks before it can say so."""
    shop.stack.personalize.break_down("drop", operation, times=1)
    run = shop.run(params(datasets={"Interactions": params()["datasets"]["Interactions"]}))
    assert run.status == "SUCCEEDED", run.mail
    kind = {TRAINED: "solution version", IMPORTED: "dataset import job"}[operation]
    assert len(shop.stack.personalize.resources(kind)) == 1
    assert set(run.done().values()) == {"created"}
