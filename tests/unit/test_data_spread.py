"""Data that is more than one call can read: shares of it are read side by side, once, and then it is planned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pipeline.data import checks, memory, spread
from pipeline.data.memory import PREFIX

from .conftest import BUCKET, params
from .workflow import INTERACTIONS, Deployment, deployed

HEADER, _, ROWS = INTERACTIONS.partition("\n")
LINES = ROWS.splitlines(keepends=True)


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    """One whose calls read little: the test data is too much for the plan, and falls into some twenty pieces."""
    monkeypatch.setattr(spread, "AT_ONCE", 5000)
    monkeypatch.setattr(spread, "WORTH_KEEPING", 100)
    monkeypatch.setattr(checks, "PIECE", 2000)
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


@pytest.fixture
def reads(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The pieces that are read: keys and beginnings."""
    read: list[tuple[str, int]] = []
    look = checks.look

    def spy(folder: Any, piece: checks.Piece, avro: Any) -> Any:
        read.append((piece.file.key, piece.begin))
        return look(folder, piece, avro)

    monkeypatch.setattr(spread, "look", spy)
    return read


def test_a_run_reads_every_piece_once_and_goes_on(deployment: Deployment, reads: list[Any]) -> None:
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    assert ended.execution.entered[:4] == ["Take Turn", "Take Turn Done?", "Plan", "Plan Done?"]
    assert ended.execution.entered[4:6] == ["Check Data", "Plan"]
    assert len(reads) == len(set(reads)) > 10


def test_what_did_not_change_is_not_read_again(deployment: Deployment, reads: list[Any]) -> None:
    assert deployment.run().succeeded
    reads.clear()
    ended = deployment.run()
    assert ended.succeeded
    assert "Check Data" not in ended.execution.entered
    assert reads == []
    deployment.upload("Interactions/more.csv", HEADER + "\n" + "".join(LINES[:50]))
    assert deployment.run().succeeded
    assert {key for key, _ in reads} == {"Interactions/more.csv"}


def test_a_fault_is_told_by_its_line_in_the_whole_file(deployment: Deployment) -> None:
    lines = [*LINES[:1234], "u1,i1,yesterday\n", *LINES[1235:]]
    deployment.upload("Interactions/interactions.csv", HEADER + "\n" + "".join(lines))
    ended = deployment.run()
    assert ended.error == "ParamsRejected"
    assert 'Interactions/interactions.csv, line 1,236, TIMESTAMP: "yesterday" is not a whole number.' in ended.mail
    assert deployment.personalize.list_dataset_groups()["datasetGroups"] == []
    deployment.upload_data()
    assert deployment.run().succeeded


def test_a_share_that_takes_too_long_is_gone_on_with(
    deployment: Deployment, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spread, "SHARE_SECONDS", -1)  # each call reads nothing
    first = deployment.start()
    for _ in range(3):
        while first.at != "Check Data":
            first._enter(_state(first.at))
        first._enter(_state("Check Data"))
    assert not [key for key, _ in reads if key.startswith("Interactions/")]
    monkeypatch.setattr(spread, "SHARE_SECONDS", 60)
    assert deployment.finish(first).succeeded


def _state(name: str) -> Any:
    from .state_machine import definition

    return definition()["States"][name]


def test_what_was_read_before_a_call_died_is_not_read_again(
    deployment: Deployment, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    look, calls = spread.look, []

    def dies_once(folder: Any, piece: Any, avro: Any) -> Any:
        calls.append(piece)
        if len(calls) == 5:
            raise RuntimeError("the sandbox died")
        return look(folder, piece, avro)

    monkeypatch.setattr(spread, "look", dies_once)
    assert deployment.run().succeeded
    assert len(reads) == len(set(reads))


def test_a_file_that_cannot_be_read_is_told_and_looked_at_again_by_the_next_run(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = checks.look

    def archived(folder: Any, piece: Any, avro: Any) -> Any:
        found = look(folder, piece, avro)
        found.problem, found.passing = "can't be read (archived).", True
        return found

    with monkeypatch.context() as patched:
        patched.setattr(spread, "look", archived)
        ended = deployment.run()
    assert ended.error == "ParamsRejected"
    assert ended.mail.count("interactions.csv: can't be read (archived)") == 1
    assert deployment.run().succeeded


def test_two_folders_of_data_and_two_groups_do_not_mix(deployment: Deployment, reads: list[Any]) -> None:
    deployment.upload_data("other/")
    ended = deployment.run()
    assert ended.succeeded
    first = len(reads)
    other = params()
    other["datasetGroup"]["name"] = "other"
    deployment.upload("other/Interactions/interactions.csv", HEADER + "\n" + "".join(reversed(LINES)))
    ended = deployment.run(other, key="other/params.json")
    assert {key.partition("/")[0] for key, _ in reads[first:]} == {"other"}


def test_data_of_too_many_files_is_spread_too(
    deployment: Deployment, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    spread_files = [f"Interactions/{number:03}.csv" for number in range(spread.FILES_AT_ONCE + 5)]
    deployment.s3.delete_object(Bucket=BUCKET, Key="Interactions/interactions.csv")
    for number, key in enumerate(spread_files):
        deployment.upload(key, HEADER + "\n" + "".join(LINES[number * 7 : number * 7 + 7]))
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    assert sorted(key for key, _ in reads) == [*spread_files, "Users/users.csv"]
    monkeypatch.setattr(spread, "WORTH_KEEPING", 10**9)  # each is small, and all together are many
    again = deployment.run()
    assert "Check Data" not in again.execution.entered


def test_what_checks_found_lies_where_only_the_function_writes(deployment: Deployment) -> None:
    assert deployment.run().succeeded
    kept = deployment.s3.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX)["Contents"]
    assert len(kept) > 10
    assert PREFIX.startswith("runs/")


@pytest.mark.parametrize(("mode", "said"), [("sample", ""), ("off", "since data checks are off")])
def test_a_params_file_may_ask_for_less(deployment: Deployment, reads: list[Any], mode: str, said: str) -> None:
    ended = deployment.run(params() | {"dataChecks": mode})
    assert ended.succeeded
    assert reads == []
    assert said in ended.mail


def test_the_plan_gathers_shares_with_few_calls(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten thousand files it must not ask one by one: three shares, and the summary of each folder."""
    calls: list[int] = []
    get, plan = memory.Kept._get, spread.Planner.__call__

    def counted(self: Any, digest: str) -> Any:
        calls[-1] += 1
        return get(self, digest)

    def planned(self: Any, folder: Any, avro: Any) -> Any:
        calls.append(0)
        with monkeypatch.context() as patched:
            patched.setattr(memory.Kept, "_get", counted)
            return plan(self, folder, avro)

    monkeypatch.setattr(spread.Planner, "__call__", planned)
    assert deployment.run(params() | {"dryRun": True}).succeeded
    assert max(calls) <= 4


def test_another_number_of_shares_reads_nothing_anew(
    deployment: Deployment, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upgrade may change it while a run is under way, and what was kept by pieces holds."""
    from pipeline.settings import settings

    document = params()
    assert deployment.run(document | {"dryRun": True}).succeeded
    reads.clear()
    monkeypatch.setenv("DATA_CHECK_CONCURRENCY", "5")
    settings.cache_clear()
    deployment.upload("Users/more.csv", "USER_ID,AGE\nu999,3\n")
    assert deployment.run(document).succeeded
    assert {key for key, _ in reads} <= {"Users/more.csv", "Users/users.csv"}


def test_data_that_keeps_changing_is_told(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = deployment.start()
    enter = execution._map

    def changes_meanwhile(state: Any) -> Any:
        entered = enter(state)
        rounds.append(state)
        deployment.upload("Interactions/interactions.csv", HEADER + "\n" + "".join(LINES[len(rounds) :]))
        return entered

    rounds: list[Any] = []
    monkeypatch.setattr(execution, "_map", changes_meanwhile)
    ended = deployment.finish(execution)
    assert ended.error == "ParamsRejected"
    assert "the data beside params.json: has changed 4 times while it was read." in ended.mail
    assert deployment.run().succeeded


def test_what_was_archived_since_it_was_read_is_looked_at_again(
    deployment: Deployment, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.data import folders

    assert deployment.run(params() | {"dryRun": True}).succeeded
    reads.clear()
    made = folders.DataFile
    monkeypatch.setattr(folders, "DataFile", lambda *given: made(*given[:3], "GLACIER"))
    deployment.run(params() | {"dryRun": True})
    assert reads


def test_faults_of_small_data_are_told_though_large_data_is_sampled(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(_state("Plan")["Parameters"], "canSpread")
    deployment.upload("Users/users.csv", "USER_ID,AGE\n" + "u1,7\n" * 400 + "u2,oops\n")
    ended = deployment.run()
    assert ended.error == "ParamsRejected"
    assert 'Users/users.csv, line 402, AGE: "oops" is not a whole number.' in ended.mail


def test_data_that_was_imported_may_be_archived_afterwards(deployment: Deployment) -> None:
    assert deployment.run().succeeded
    for key in ("Interactions/interactions.csv", "Users/users.csv"):
        source = {"Bucket": BUCKET, "Key": key}
        deployment.s3.copy_object(Bucket=BUCKET, Key=key, CopySource=source, StorageClass="GLACIER")
    document = params(campaign={"name": "for-you", "minProvisionedTPS": 2})
    ended = deployment.run(document)
    assert ended.succeeded, ended.mail
    assert "Not imported by this run, and faulty: Users/users.csv: is archived" in ended.mail
    ended = deployment.run(document | {"import": "always"})
    assert ended.error == "ParamsRejected"
    assert "is archived, so nobody can read it. Restore it, or upload it again." in ended.mail


def test_data_that_only_personalize_may_read_is_a_note(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError
    from pipeline.data.folders import DataFolder

    def refused(*_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "kms:Decrypt"}}, "GetObject")

    monkeypatch.setattr(DataFolder, "read", refused)
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    assert "S3 does not show it to the pipeline (AccessDenied), so it was not looked at" in ended.mail


def test_two_groups_on_one_folder_do_not_hinder_each_other(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = spread.look

    def archived(folder: Any, piece: Any, avro: Any) -> Any:
        found = look(folder, piece, avro)
        if piece.begin:
            found.problem, found.passing = "is archived.", True
        return found

    monkeypatch.setattr(spread, "look", archived)
    other = params()
    other["datasetGroup"]["name"] = "other"
    for kind, entry in other["datasets"].items():
        entry |= {"name": f"other-{kind.lower()}"}
        entry["importJob"] = {"dataSource": {"dataLocation": f"s3://{BUCKET}/{kind}/"}}
    runs = [deployment.start(), deployment.start(other, key="other/params.json")]
    for _ in range(60):
        for run in runs:
            if run.status == "RUNNING":
                run._enter(_state(run.at))
    assert [run.status for run in runs] == ["FAILED", "FAILED"]


def test_a_note_about_the_future_ends_with_it() -> None:
    from pipeline.data import verdict
    from pipeline.data.findings import Seen
    from pipeline.data.summary import FileSummary, Summary

    seen = {("TIMESTAMP", "future"): Seen(1, [(7, "1800000000", 10, 0)])}
    summary = Summary([FileSummary("a.csv", None, seen)])  # type: ignore[arg-type]
    assert verdict.notes(summary, {"fields": []}, "Interactions/", 1_790_000_000)
    assert not verdict.notes(summary, {"fields": []}, "Interactions/", 1_800_000_001)
    seen["TIMESTAMP", "future"] = Seen(2, [(7, "1800000000", 10, 0), (9, "1900000000", 10, 0)])
    assert verdict.notes(summary, {"fields": []}, "Interactions/", 1_800_000_001) == [
        "a.csv, line 9, TIMESTAMP: 1900000000 lies in the future."
    ]


def test_a_run_that_began_before_an_upgrade_samples(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its workflow has no state that reads shares."""
    monkeypatch.delitem(_state("Plan")["Parameters"], "canSpread")
    monkeypatch.setattr(checks, "SAMPLE", 1000)
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    assert "was looked at (there is more than this run can read)" in ended.mail
    assert "Check Data" not in ended.execution.entered


def test_rounds_without_end_are_ended(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "SHARE_SECONDS", -1)
    monkeypatch.setattr("pipeline.planning.plan.MOST_CALLS", 15)  # of three a round
    monkeypatch.setattr(checks, "SAMPLE", 1000)
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    assert "was looked at (there is more than this run can read)" in ended.mail
    assert ended.execution.entered.count("Check Data") == 5


def test_a_share_goes_on_where_the_last_call_stopped(
    deployment: Deployment, reads: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece a call, so many rounds: what was read is asked for in one object, or a share would never end."""
    moments = iter(range(10**6))
    monkeypatch.setattr(spread.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(spread, "SHARE_SECONDS", 1)
    findings = memory.Kept.findings
    asked: list[Any] = []
    monkeypatch.setattr(memory.Kept, "findings", lambda self, *of: asked.append(of) or findings(self, *of))
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    assert ended.execution.entered.count("Check Data") > 3
    assert len(asked) == len(reads) == len(set(reads))


def test_data_of_a_refused_file_is_not_read_by_many_calls(deployment: Deployment, reads: list[Any]) -> None:
    ended = deployment.run(params() | {"nonsense": 1})
    assert ended.error == "ParamsRejected"
    assert "Check Data" not in ended.execution.entered
    assert not [key for key, _ in reads if key.startswith("Interactions/")]
    assert "Interactions/: more than one call can read; it is looked at once the rest is right." in ended.mail


def test_a_check_that_fails_for_good_is_told_with_its_dataset_group(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("no")

    with monkeypatch.context() as patched:
        patched.setattr(spread, "look", lambda folder, piece, avro: fails() if piece.end > 1500 else None)
        execution = deployment.start()
        deployment.exhaust(execution)
    assert execution.status == "FAILED"
    assert "Dataset group: shop" in deployment.mails()[-1]
    assert deployment.run().succeeded
