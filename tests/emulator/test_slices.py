"""Long work is done in slices, so that no call waits for all of it; short work is done at once on any machine."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.personalize_emulator import Clock, Emulator, Settings, mock_personalize
from local.personalize_emulator.clock import FREE_STEPS, Agenda, Pause, Steps, Work
from local.personalize_emulator.rows import ROWS_AT_A_STEP

from .test_jobs_on_s3 import run
from .test_memory import FakeS3
from .world import FIELDS, World, interactions_csv

#: Longer than a job may take, in emulated seconds.
LONG = 24 * 3600.0
BIG = (FREE_STEPS + 10) * ROWS_AT_A_STEP


def big_csv() -> str:
    lines = (f"u{n % 5000},i{n % 700},{1_700_000_000 + n}" for n in range(BIG))
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *lines])


@pytest.fixture
def world() -> Iterator[World]:
    """One whose calls give long work as little as they can: one step."""
    with mock_personalize(Settings(work_slice=0.0)) as emulator:
        yield World(emulator)


def polled(world: World, arn: str, label: str = "dataset import job") -> Iterator[str]:
    """Statuses of an import job or another resource, one for each look, until its creation has ended."""
    while True:
        status = world.described(label, arn)["status"]
        yield status
        if status in ("ACTIVE", "CREATE FAILED"):
            return


def rows(world: World, dataset: str) -> int:
    (backend,) = world.emulator.backends()
    return backend.rows.count(dataset)


def test_large_import_proceeds_with_each_look_and_is_there_only_at_its_end(world: World) -> None:
    dataset = world.dataset(world.group())
    job = world.start_import(dataset, big_csv())
    world.emulator.clock.advance(LONG)
    counts = [(status, rows(world, dataset)) for status in polled(world, job)]
    assert counts[-1] == ("ACTIVE", BIG)
    assert len(counts) > 5
    assert set(counts[:-1]) == {("CREATE IN_PROGRESS", 0)}
    ended = world.described("dataset import job", job)["lastUpdatedDateTime"].timestamp()
    assert ended == pytest.approx(world.emulator.clock.now(), abs=1)


def test_single_looks_are_short_against_the_whole() -> None:
    s3 = FakeS3()
    with mock_personalize(Settings(work_slice=0.01), s3=lambda _region: s3) as emulator:
        world = World(emulator)
        job = world.start_import(world.dataset(world.group()), location="s3://big/data.csv")
        emulator.clock.advance(LONG)
        began = time.thread_time()
        first = next(polled(world, job))
        looks = [time.thread_time()]
        for _ in polled(world, job):
            looks.append(time.thread_time())
    later = [after - before for before, after in itertools.pairwise(looks)]
    assert first == "CREATE IN_PROGRESS"
    # The first look does the free steps too; the median shows what the others take, whatever else the machine does.
    assert sorted(later)[len(later) // 2] < (looks[-1] - began) / 5


def test_reading_that_is_through_in_time_ends_at_the_jobs_own_moment(world: World) -> None:
    job = world.start_import(world.dataset(world.group()), big_csv())
    start = world.emulator.clock.now()
    world.emulator.clock.advance(600)
    for _ in range(50):
        world.emulator.settle()
    assert not world.emulator.working
    assert world.described("dataset import job", job)["status"] == "CREATE IN_PROGRESS"
    world.emulator.clock.advance(600)
    described = world.described("dataset import job", job)
    assert described["status"] == "ACTIVE"
    assert described["lastUpdatedDateTime"].timestamp() == pytest.approx(start + 720, abs=1)


def test_finish_does_all_at_once(world: World) -> None:
    dataset = world.dataset(world.group())
    assert world.imported(dataset, big_csv())["status"] == "ACTIVE"
    assert rows(world, dataset) == BIG


def test_small_import_is_done_by_the_first_look(world: World) -> None:
    dataset = world.dataset(world.group())
    for mode in ("FULL", "INCREMENTAL"):
        job = world.start_import(dataset, importMode=mode)
        world.emulator.clock.advance(LONG)
        assert list(polled(world, job)) == ["ACTIVE"]


def test_large_incremental_import_is_added_in_slices(world: World) -> None:
    dataset = world.dataset(world.group())
    world.imported(dataset)
    job = world.start_import(dataset, big_csv(), importMode="INCREMENTAL")
    world.emulator.clock.advance(LONG)
    assert len(list(polled(world, job))) > 5
    assert rows(world, dataset) == 2000 + BIG


def test_fault_late_in_the_data_fails_the_job_and_leaves_what_was(world: World) -> None:
    dataset = world.dataset(world.group())
    world.imported(dataset)
    job = world.start_import(dataset, big_csv() + "\nu1,i1,soon\n")
    world.emulator.clock.advance(LONG)
    assert list(polled(world, job))[-1] == "CREATE FAILED"
    assert "TIMESTAMP holds 'soon'" in world.described("dataset import job", job)["failureReason"]
    assert rows(world, dataset) == 2000
    (backend,) = world.emulator.backends()
    assert backend.rows.one("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'rows%'") == 1


def test_twins_and_equal_ids_are_one_across_slices(world: World) -> None:
    dataset = world.dataset(world.group())
    world.imported(dataset, big_csv() + "\n" + big_csv().partition("\n")[2])
    assert rows(world, dataset) == BIG
    users = world.dataset(world.group(), "Users")
    world.imported(users, "USER_ID,AGE\n" + "".join(f"u{n % 100},{n}\n" for n in range(BIG)))
    (backend,) = world.emulator.backends()
    assert backend.rows.one(f"SELECT min(AGE) FROM {backend.rows.table(users).name}") == BIG - 100


def test_columns_added_while_data_is_read_are_kept(world: World) -> None:
    group = world.group()
    dataset = world.dataset(group, "Users")
    job = world.start_import(dataset, "USER_ID,AGE\nu1,1\n")
    world.emulator.clock.advance(100)
    assert next(polled(world, job)) == "CREATE IN_PROGRESS"
    fields: list[dict[str, Any]] = [{"name": "USER_ID", "type": "string"}]
    fields += [{"name": name, "type": ["null", "int"]} for name in ("AGE", "SIZE")]
    world.api.update_dataset(datasetArn=dataset, schemaArn=world.schema("Users", fields))
    world.finish()
    world.events.put_users(datasetArn=dataset, users=[{"userId": "u2", "properties": '{"size": 4}'}])
    (backend,) = world.emulator.backends()
    found = backend.rows.query(f"SELECT USER_ID, AGE, SIZE FROM {backend.rows.table(dataset).name} ORDER BY USER_ID")
    assert list(found) == [("u1", 1, None), ("u2", None, 4)]


def test_reset_in_the_midst(world: World) -> None:
    world.start_import(world.dataset(world.group()), big_csv())
    world.emulator.clock.advance(LONG)
    world.emulator.settle()
    assert world.emulator.working
    world.emulator.reset()
    assert not world.emulator.working
    assert world.emulator.state()["resources"] == []


def test_batch_jobs_pause_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    version = world.trained()
    lines = [{"userId": "u1"}] * (FREE_STEPS + 5) * 100
    looks = []

    def look_on() -> None:
        world.emulator.clock.advance(LONG)
        while world.api.list_batch_inference_jobs()["batchInferenceJobs"][0]["status"] != "ACTIVE":
            looks.append(1)

    monkeypatch.setattr(world, "finish", look_on)
    job, written = run(world, version, lines, numResults=1)
    assert job["status"] == "ACTIVE"
    assert len(written) == len(lines)
    assert len(looks) >= 2


def version_in_the_midst(world: World, recipe: str = "aws-user-personalization-v2") -> tuple[str, str]:
    """Dataset, and a version of which more work is left than one look does, past its time."""
    dataset = world.dataset(world.group())
    world.imported(dataset, big_csv())
    group = str(world.described("dataset", dataset)["datasetGroupArn"])
    version = world.start_version(world.solution(group, recipe))
    world.emulator.clock.advance(LONG)
    assert world.described("solution version", version)["status"] == "CREATE IN_PROGRESS"
    return dataset, version


@pytest.mark.parametrize("recipe", ["user-personalization-v2", "trending-now", "item-affinity", "similar-items"])
def test_large_training_proceeds_with_each_look(world: World, recipe: str) -> None:
    _, version = version_in_the_midst(world, f"aws-{recipe}")
    looks = list(polled(world, version, "solution version"))
    assert looks[-1] == "ACTIVE"
    assert len(looks) > 5
    assert world.api.get_solution_metrics(solutionVersionArn=version)["metrics"]


def test_training_that_is_stopped_in_the_midst_works_no_more(world: World) -> None:
    _, version = version_in_the_midst(world)
    world.api.stop_solution_version_creation(solutionVersionArn=version)
    assert not world.emulator.working
    world.finish()
    assert world.described("solution version", version)["status"] == "CREATE STOPPED"


def test_import_that_ends_in_the_midst_of_a_training(world: World) -> None:
    dataset, version = version_in_the_midst(world)
    job = world.start_import(dataset, interactions_csv())
    world.emulator.clock.advance(LONG)
    assert list(polled(world, job))[-1] == "ACTIVE"
    assert rows(world, dataset) == 2000
    assert list(polled(world, version, "solution version"))[-1] == "ACTIVE"


def test_large_recommender_proceeds_with_each_look(world: World) -> None:
    group = world.group(domain="VIDEO_ON_DEMAND")
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    schema = world.schema("Interactions", fields, domain="VIDEO_ON_DEMAND")
    header, *lines = big_csv().splitlines()
    text = "\n".join([f"{header},EVENT_TYPE", *(f"{line},Watch" for line in lines)])
    world.imported(world.dataset(group, "Interactions", schema), text)
    arn = world.api.create_recommender(
        name="r", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-vod-top-picks"
    )["recommenderArn"]
    world.emulator.clock.advance(LONG)
    looks = list(polled(world, arn, "recommender"))
    assert looks[-1] == "ACTIVE"
    assert len(looks) > 5


def test_server_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from local.personalize_emulator.server import Server

    with mock_personalize(Settings(work_slice=0.0)) as emulator, Server(("127.0.0.1", 0), emulator) as server:
        world = World(emulator)
        job = world.start_import(world.dataset(world.group()), big_csv())
        emulator.clock.advance(LONG)
        emulator.settle()
        for _ in range(100):
            server.service_actions()
        assert not emulator.working
        monkeypatch.setattr(Emulator, "working", True)
        monkeypatch.setattr(emulator, "settle", lambda: 1 // 0)
        server.service_actions()
        assert "ZeroDivisionError" in capsys.readouterr().err
        monkeypatch.undo()
        assert world.described("dataset import job", job)["status"] == "ACTIVE"


def test_agenda__a_long_one_keeps_no_other_from_its_end() -> None:
    def steps(number: int) -> Steps:
        for _ in range(number):
            yield Pause.STEP

    agenda = Agenda()
    ended: list[str] = []

    def appoint(name: str, work: Work) -> None:
        agenda.at(1, lambda _: agenda.begin(work))
        agenda.at(2, lambda _: agenda.end(work, lambda: ended.append(name)))

    appoint("long", Work(steps(1000)))
    appoint("short", Work(steps(FREE_STEPS + 5)))
    runs = 0
    while not ended:
        agenda.run_until(10, 0.0)
        runs += 1
    assert ended == ["short"]
    assert runs < 10


def test_agenda__dropped_work_ends_nothing() -> None:
    def steps() -> Steps:
        yield Pause.UNTIL_END

    agenda, work = Agenda(), Work(steps())
    agenda.begin(work)
    agenda.drop(work)
    agenda.run_until(1)
    assert work.done
    assert not agenda.working


def test_running_clock_reads_with_each_look() -> None:
    clock = Clock(scale=100_000)
    with mock_personalize(Settings(work_slice=0.0), clock) as emulator:
        world = World(emulator)
        dataset = world.dataset(world.group())
        assert list(polled(world, world.start_import(dataset, interactions_csv())))[-1] == "ACTIVE"
