"""Metric attributions, from creation to deletion."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Fault, Settings, Switches, mock_personalize

from .world import BUCKET, ROLE, World, refused

SOLD = {"eventType": "buy", "metricName": "sold", "expression": "SUM(Items.PRICE)"}
SEEN = {"eventType": "view", "metricName": "seen", "expression": "SAMPLECOUNT()"}
OUTPUT = {"s3DataDestination": {"path": f"s3://{BUCKET}/metrics/"}, "roleArn": ROLE}


def create(world: World, group: str, **params: Any) -> str:
    given = {"name": "m", "datasetGroupArn": group, "metrics": [SOLD, SEEN], "metricsOutputConfig": OUTPUT} | params
    return str(world.api.create_metric_attribution(**given)["metricAttributionArn"])


def metrics(world: World, arn: str) -> set[str]:
    listed = world.api.list_metric_attribution_metrics(metricAttributionArn=arn)["metrics"]
    return {metric["metricName"] for metric in listed}


def watched(world: World, arn: str) -> list[str]:
    seen: list[str] = []
    for _ in range(7):
        status = world.described("metric attribution", arn)["status"]
        if seen[-1:] != [status]:
            seen.append(status)
        world.emulator.clock.advance(10)
    return seen


def test_life_of_a_metric_attribution(world: World) -> None:
    group = world.group()
    arn = create(world, group)
    with refused("ResourceInUseException"):
        world.api.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["sold"])
    with refused("ResourceInUseException"):
        world.api.delete_metric_attribution(metricAttributionArn=arn)
    assert watched(world, arn) == ["CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE"]
    described = world.described("metric attribution", arn)
    assert (described["name"], described["datasetGroupArn"]) == ("m", group)
    assert described["metricsOutputConfig"] == OUTPUT
    (summary,) = world.api.list_metric_attributions(datasetGroupArn=group)["metricAttributions"]
    assert (summary["name"], summary["metricAttributionArn"], summary["status"]) == ("m", arn, "ACTIVE")
    assert metrics(world, arn) == {"sold", "seen"}

    carted = {**SEEN, "metricName": "carted", "eventType": "cart"}
    changes = {"addMetrics": [carted], "removeMetrics": ["sold"], "metricsOutputConfig": {"roleArn": ROLE}}
    answer = world.api.update_metric_attribution(metricAttributionArn=arn, **changes)
    assert answer["metricAttributionArn"] == arn
    assert metrics(world, arn) == {"sold", "seen"}
    with refused("ResourceInUseException"):
        world.api.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["seen"])
    with refused("ResourceInUseException"):
        world.api.delete_metric_attribution(metricAttributionArn=arn)
    assert watched(world, arn) == ["UPDATE PENDING", "UPDATE IN_PROGRESS", "ACTIVE"]
    assert metrics(world, arn) == {"carted", "seen"}
    assert world.described("metric attribution", arn)["metricsOutputConfig"] == {"roleArn": ROLE}

    world.api.delete_metric_attribution(metricAttributionArn=arn)
    assert world.described("metric attribution", arn)["status"] == "DELETE PENDING"
    world.emulator.clock.advance(40)
    assert world.described("metric attribution", arn)["status"] == "DELETE IN_PROGRESS"
    world.finish()
    with refused("ResourceNotFoundException", f"The given metric attribution does not exist: {arn}"):
        world.described("metric attribution", arn)
    assert world.api.list_metric_attributions()["metricAttributions"] == []


def test_one_to_a_group(world: World) -> None:
    group = world.group()
    arn = create(world, group)
    with refused("ResourceAlreadyExistsException", f"Another resource with Arn {arn} already exists."):
        create(world, group, name="other")
    create(world, world.group(), name="other")


def test_switch_for_the_second_one() -> None:
    switches = Switches(second_metric_attribution_error="LimitExceededException")
    with mock_personalize(Settings(switches=switches)) as emulator:
        world = World(emulator)
        group = world.group()
        create(world, group)
        with refused("LimitExceededException"):
            create(world, group, name="other")


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"metrics": [SOLD, SOLD]}, "ResourceAlreadyExistsException", "already exists"),
        ({"metrics": [{**SOLD, "expression": "AVG(Items.PRICE)"}]}, "InvalidInputException", "AVG(Items.PRICE)"),
        ({"metrics": [{**SOLD, "expression": "SUM(Users.AGE)"}]}, "InvalidInputException", "SUM(Users.AGE)"),
        ({"metrics": [{**SOLD, "metricName": f"m{n}"} for n in range(11)]}, "InvalidInputException", "equal to 10"),
        ({"metricsOutputConfig": {**OUTPUT, "roleArn": "role"}}, "InvalidInputException", "roleArn"),
    ],
)
def test_create__refused(world: World, params: dict[str, Any], code: str, message: str) -> None:
    group = world.group()
    with refused(code, message):
        create(world, group, **params)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"removeMetrics": ["none"]}, "InvalidInputException", "names: none"),
        ({"addMetrics": [SOLD]}, "ResourceAlreadyExistsException", "already exists"),
        ({"addMetrics": [{**SOLD, "metricName": f"m{n}"} for n in range(9)]}, "InvalidInputException", "at most 10"),
        ({"addMetrics": [{**SEEN, "metricName": "x", "expression": "1"}]}, "InvalidInputException", "neither"),
    ],
)
def test_update__refused(world: World, changes: dict[str, Any], code: str, message: str) -> None:
    arn = create(world, world.group())
    world.finish()
    with refused(code, message):
        world.api.update_metric_attribution(metricAttributionArn=arn, **changes)
    assert metrics(world, arn) == {"sold", "seen"}
    with refused("InvalidInputException", "metricAttributionArn must be specified"):
        world.api.update_metric_attribution(**changes)


def test_update__replaces_a_metric_in_one_call(world: World) -> None:
    arn = create(world, world.group())
    world.finish()
    changed = {**SOLD, "expression": "SUM(Interactions.EVENT_VALUE)"}
    world.api.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["sold"], addMetrics=[changed])
    world.finish()
    listed = world.api.list_metric_attribution_metrics(metricAttributionArn=arn)["metrics"]
    assert changed in listed
    assert len(listed) == 2


def test_update__failed(world: World) -> None:
    arn = create(world, world.group())
    world.finish()
    world.emulator.faults.add(Fault("fail", "UpdateMetricAttribution", times=1, reason="no capacity"))
    world.api.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["sold"])
    world.finish()
    described = world.described("metric attribution", arn)
    assert (described["status"], described["failureReason"]) == ("UPDATE FAILED", "no capacity")
    assert metrics(world, arn) == {"sold", "seen"}
    world.api.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["sold"])
    world.finish()
    described = world.described("metric attribution", arn)
    assert (described["status"], "failureReason" in described) == ("ACTIVE", False)


def test_group_is_in_use_by_its_attribution(world: World) -> None:
    group = world.group()
    arn = create(world, group)
    world.finish()
    with refused("ResourceInUseException", "metric attribution"):
        world.api.delete_dataset_group(datasetGroupArn=group)
    world.api.delete_metric_attribution(metricAttributionArn=arn)
    world.finish()
    world.api.delete_dataset_group(datasetGroupArn=group)
