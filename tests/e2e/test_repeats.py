"""What arrives twice, or gets lost on its way back: nothing is paid twice, and no mail is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from .stack import FAST, Pipeline, wait_for
from .uploads import params

TRAINED, IMPORTED = "CreateSolutionVersion", "CreateDatasetImportJob"


def test_two_uploads_of_a_file_within_a_second_mail_twice_and_train_once(shop: Pipeline) -> None:
    with ThreadPoolExecutor() as threads:
        runs = [run.ended() for run in threads.map(shop.start, [params(), params()])]
    assert [run.status for run in runs] == ["SUCCEEDED", "SUCCEEDED"]
    assert [len(run.mails()) for run in runs] == [1, 1]
    older, newer = sorted(runs, key=lambda run: (run.upload["time"], run.upload["sequencer"]))
    assert newer.report["outcome"] == "succeeded"
    assert older.report["outcome"] in ("superseded", "succeeded")  # it may have begun before the other was there
    assert len(shop.stack.personalize.calls(TRAINED)) == 1
    assert len(shop.stack.personalize.calls(IMPORTED)) == 2  # Users and Interactions


def test_two_files_uploaded_within_a_second_run_one_after_the_other(shop: Pipeline) -> None:
    """Of one dataset group, and of the same data."""
    datasets = params()["datasets"]
    for kind, dataset in datasets.items():
        location = {"dataLocation": f"s3://{shop.bucket}/{shop.folder}{kind}/"}
        dataset["importJob"] = {"jobName": dataset["name"], "dataSource": location}
    documents = [params(datasets=datasets, campaign={"name": "Campaign", "minProvisionedTPS": n}) for n in (2, 3)]
    shop.stack.personalize.run_at(0)
    runs = [shop.beside("one/").start(documents[0]).planned(), shop.beside("other/").start(documents[1])]
    shop.stack.personalize.run_at(FAST)
    runs = [run.ended() for run in runs]
    assert [run.status for run in runs] == ["SUCCEEDED", "SUCCEEDED"], [run.mail for run in runs]
    assert [len(run.mails()) for run in runs] == [1, 1]
    assert [f"at least {tps} transaction(s)" in run.mail for tps, run in zip((2, 3), runs, strict=True)] == [True] * 2
    assert [run.done()["campaign"] for run in runs] == ["created", "updated"]
    assert len(shop.stack.personalize.calls(TRAINED)) == 1
    assert len(shop.stack.personalize.calls(IMPORTED)) == 2


def test_an_event_delivered_again_starts_nothing_while_its_run_goes_on_or_later(shop: Pipeline) -> None:
    run = shop.start()
    wait_for("the work's begin", lambda: shop.stack.personalize.writes())
    assert shop.invoke(run.event) == {"started": [run.name]}
    run.ended()
    assert shop.invoke(run.event) == {"started": [run.name]}
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
