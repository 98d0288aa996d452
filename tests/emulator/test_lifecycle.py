"""Statuses on the clock, and the order of deletion."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Clock, Settings, Switches, mock_personalize

from .world import BUCKET, ROLE, World, refused

CREATE = ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]


def statuses(world: World, label: str, arn: str, seconds: float, step: float = 10) -> list[str]:
    """The different statuses that a poller sees, one after the other."""
    seen: list[str] = []
    for _ in range(int(seconds / step) + 2):
        status = world.described(label, arn)["status"]
        if seen[-1:] != [status]:
            seen.append(status)
        world.emulator.clock.advance(step)
    return seen


def test_every_status_of_creation_is_seen(world: World) -> None:
    group = world.api.create_dataset_group(name="g")["datasetGroupArn"]
    assert statuses(world, "dataset group", group, 60, step=3) == CREATE
    job = world.start_import(world.dataset(group))
    assert statuses(world, "dataset import job", job, 720) == CREATE
    version = world.start_version(world.solution(group))
    assert statuses(world, "solution version", version, 3600, 60) == CREATE


@pytest.mark.parametrize(("spelling", "expected"), [("live", CREATE), ("model", ["PENDING", "IN PROGRESS", "ACTIVE"])])
def test_switch_for_the_spelling_of_batch_statuses(spelling: Any, expected: list[str]) -> None:
    with mock_personalize(Settings(switches=Switches(batch_statuses=spelling))) as emulator:
        world = World(emulator)
        source = world.put("in/users.json", '{"userId": "u1"}\n')
        version = world.trained()
        job = world.api.create_batch_inference_job(
            jobName="b",
            solutionVersionArn=version,
            roleArn=ROLE,
            jobInput={"s3DataSource": {"path": source}},
            jobOutput={"s3DataDestination": {"path": f"s3://{BUCKET}/out/"}},
        )["batchInferenceJobArn"]
        assert statuses(world, "batch inference job", job, 1500, 30) == expected


def test_deletion_is_seen_and_then_the_resource_is_gone(world: World) -> None:
    version = world.trained()
    campaign = world.campaign(version)
    world.api.delete_campaign(campaignArn=campaign)
    assert world.described("campaign", campaign)["status"] == "DELETE PENDING"
    with refused("ResourceInUseException", "DELETE PENDING"):
        world.api.delete_campaign(campaignArn=campaign)
    world.emulator.clock.advance(9 * 60)
    assert world.described("campaign", campaign)["status"] == "DELETE IN_PROGRESS"
    world.finish()
    with refused("ResourceNotFoundException", campaign):
        world.described("campaign", campaign)
    assert world.described("solution version", version)


def test_dates_are_those_of_the_change_not_of_the_look(world: World) -> None:
    before = world.emulator.clock.now()
    group = world.api.create_dataset_group(name="g")["datasetGroupArn"]
    world.emulator.clock.advance(10_000)
    described = world.api.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]
    assert described["creationDateTime"].timestamp() == pytest.approx(before, abs=0.01)
    assert described["lastUpdatedDateTime"].timestamp() == pytest.approx(before + 60, abs=0.01)


def test_a_running_clock_needs_no_help() -> None:
    with mock_personalize(clock=Clock(scale=100_000)) as emulator:
        world = World(emulator)
        group = world.api.create_dataset_group(name="g")["datasetGroupArn"]
        for _ in range(1000):
            status = world.api.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"]
            if status == "ACTIVE":
                return
        pytest.fail(f"still {status}")


def test_durations_can_be_chosen() -> None:
    with mock_personalize(Settings(durations={"dataset group": 5})) as emulator:
        World(emulator).api.create_dataset_group(name="g")
        assert emulator.finish() == 5


def test_clock__stands_steps_and_runs() -> None:
    clock = Clock(start=1000)
    assert clock.now() == clock.now() == 1000
    assert clock.advance(5) == 1005
    clock.set_scale(1e6)
    assert clock.now() > 1005
    clock.set_scale(0)
    assert clock.now() == clock.now()
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
    with pytest.raises(ValueError, match="backwards"):
        clock.set_scale(-1)


def test_clock__a_change_of_speed_counts_from_that_moment_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real = [100.0]
    monkeypatch.setattr("local.personalize_emulator.clock.time.monotonic", lambda: real[0])
    clock = Clock(scale=10, start=1000)
    real[0] += 5
    assert clock.now() == 1050
    clock.set_scale(2)
    assert clock.now() == 1050
    real[0] += 5
    assert clock.now() == 1060
    clock.set_scale(0)
    real[0] += 5
    assert clock.advance(1) == 1061


# Deletion


def test_group__in_use_by_each_kind_of_child(world: World) -> None:
    group = world.group()
    dataset = world.dataset(group, "Items")
    solution = world.solution(group)
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("x")'
    made = world.api.create_filter(name="f", datasetGroupArn=group, filterExpression=expression)["filterArn"]
    tracker = world.api.create_event_tracker(name="t", datasetGroupArn=group)["eventTrackerArn"]
    world.finish()

    def refuses(child: str) -> None:
        with refused("ResourceInUseException", child):
            world.api.delete_dataset_group(datasetGroupArn=group)

    refuses("event tracker")
    world.api.delete_event_tracker(eventTrackerArn=tracker)
    world.finish()
    refuses("solution")
    world.api.delete_solution(solutionArn=solution)
    world.finish()
    with refused("ResourceInUseException", "filter"):
        world.api.delete_dataset(datasetArn=dataset)
    world.api.delete_filter(filterArn=made)
    world.finish()
    refuses("dataset")
    world.api.delete_dataset(datasetArn=dataset)
    world.finish()
    world.api.delete_dataset_group(datasetGroupArn=group)
    status = world.api.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["status"]
    assert status == "DELETE PENDING"
    world.finish()
    assert world.api.list_dataset_groups()["datasetGroups"] == []


def test_dataset__in_use_by_an_active_campaign_and_by_a_running_training(world: World) -> None:
    group = world.group_with_data()
    (dataset,) = world.api.list_datasets(datasetGroupArn=group)["datasets"]
    solution = world.solution(group)
    version = world.start_version(solution)
    with refused("ResourceInUseException", "solution version"):
        world.api.delete_dataset(datasetArn=dataset["datasetArn"])
    world.finish()
    campaign = world.campaign(version)
    with refused("ResourceInUseException", "campaign"):
        world.api.delete_dataset(datasetArn=dataset["datasetArn"])
    world.api.delete_campaign(campaignArn=campaign)
    world.finish()
    world.api.delete_dataset(datasetArn=dataset["datasetArn"])
    world.finish()
    assert world.api.list_dataset_import_jobs()["datasetImportJobs"] == []


def test_dataset__in_use_by_its_import_and_its_groups_tracker(world: World) -> None:
    group = world.group()
    dataset = world.dataset(group)
    world.start_import(dataset)
    with refused("ResourceInUseException", "import job"):
        world.api.delete_dataset(datasetArn=dataset)
    tracker = world.api.create_event_tracker(name="t", datasetGroupArn=group)["eventTrackerArn"]
    world.finish()
    with refused("ResourceInUseException", "event tracker"):
        world.api.delete_dataset(datasetArn=dataset)
    world.api.delete_event_tracker(eventTrackerArn=tracker)
    world.finish()
    world.api.delete_dataset(datasetArn=dataset)


def test_solution__in_use_by_campaign_and_training_and_takes_its_versions_along(world: World) -> None:
    version = world.trained()
    solution = version.rpartition("/")[0]
    world.start_version(solution)
    with refused("ResourceInUseException", "solution version"):
        world.api.delete_solution(solutionArn=solution)
    world.finish()
    campaign = world.campaign(version)
    with refused("ResourceInUseException", "campaign"):
        world.api.delete_solution(solutionArn=solution)
    world.api.delete_campaign(campaignArn=campaign)
    world.finish()
    world.api.delete_solution(solutionArn=solution)
    world.finish()
    with refused("ResourceNotFoundException", version):
        world.api.describe_solution_version(solutionVersionArn=version)


def test_failed_resources_can_be_deleted(world: World) -> None:
    from local.personalize_emulator import Fault

    world.emulator.faults.add(Fault("fail", operation="CreateDatasetGroup", reason="no capacity"))
    group = world.group()
    described = world.api.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]
    assert (described["status"], described["failureReason"]) == ("CREATE FAILED", "no capacity")
    world.api.delete_dataset_group(datasetGroupArn=group)
    world.finish()
    assert world.api.list_dataset_groups()["datasetGroups"] == []
