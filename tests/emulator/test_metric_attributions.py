"""Metric attributions, from creation to deletion."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from local.personalize_emulator import Fault, Settings, Switches, mock_personalize

from .world import BUCKET, FIELDS, ROLE, World, refused

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


class TestReports:
    """What an import that publishes writes to S3."""

    FIELDS: ClassVar = [
        *FIELDS["Interactions"],
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "RECOMMENDATION_ID", "type": ["null", "string"]},
        {"name": "EVENT_ATTRIBUTION_SOURCE", "type": ["null", "string"]},
        {"name": "SECONDS", "type": ["null", "float"]},
    ]
    METRICS: ClassVar = [
        SOLD,
        SEEN,
        {"eventType": "view", "metricName": "time", "expression": "sum(Interactions.seconds)"},
    ]
    START = 1_700_000_000

    def group(self, world: World) -> tuple[str, str]:
        """A group with prices of items, and its empty dataset of interactions."""
        group = world.group()
        world.imported(world.dataset(group, "Items"), "ITEM_ID,GENRES,PRICE\ni1,a,2.5\ni2,a,10\n")
        return group, world.dataset(group, "Interactions", world.schema("Interactions", self.FIELDS))

    def rows(self, *special: str) -> str:
        header = ",".join(field["name"] for field in self.FIELDS)
        filling = [f"u{n},i{n % 9},{self.START + 5000},other,,," for n in range(1000)]
        return "\n".join([header, f"u,i1,{self.START},other,,,", *special, *filling, ""])

    def report(self, world: World, prefix: str = "metrics/") -> list[str]:
        """The lines of the only report."""
        (found,) = world.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        head, *lines = world.s3.get_object(Bucket=BUCKET, Key=found["Key"])["Body"].read().decode().splitlines()
        assert head == "METRIC_NAME,EVENT_TYPE,VALUE,MATH_FUNCTION,EVENT_ATTRIBUTION_SOURCE,TIMESTAMP"
        return list(lines)

    def test_a_value_for_each_metric_source_and_quarter_of_an_hour(self, world: World) -> None:
        group, dataset = self.group(world)
        create(world, group, metrics=self.METRICS)
        world.finish()
        special = [
            f"u1,i1,{self.START + 10},view,,shelf,1.5",
            f"u2,i1,{self.START + 20},view,,shelf,2",
            f"u3,i2,{self.START + 899},view,,,",
            f"u4,i2,{self.START + 900},view,,shelf,",
            f"u5,i1,{self.START + 901},buy,RID-unknown,,",
            f"u6,i2,{self.START + 902},buy,RID-unknown,both,",
        ]
        world.imported(dataset, self.rows(*special), publishAttributionMetricsToS3=True)
        assert self.report(world, "metrics/AggregatedAttributionMetrics - FULL - ") == [
            f"sold,buy,2.5,sum,SOURCE_NAME_UNDEFINED,{self.START + 900}",
            f"sold,buy,10.0,sum,both,{self.START + 900}",
            f"seen,view,1.0,samplecount,shelf,{self.START + 900}",
            f"seen,view,1.0,samplecount,SOURCE_NAME_UNDEFINED,{self.START}",
            f"seen,view,2.0,samplecount,shelf,{self.START}",
            f"time,view,0.0,sum,shelf,{self.START + 900}",
            f"time,view,0.0,sum,SOURCE_NAME_UNDEFINED,{self.START}",
            f"time,view,3.5,sum,shelf,{self.START}",
        ]

    def test_a_recommendation_is_known_by_its_id(self, world: World) -> None:
        group, dataset = self.group(world)
        campaign = world.campaign(world.trained())
        given = world.runtime.get_recommendations(campaignArn=campaign, userId="u")["recommendationId"]
        create(world, group, metrics=[SEEN])
        world.finish()
        text = self.rows(f"u1,i1,{self.START + 1},view,{given},,")
        world.imported(dataset, text, publishAttributionMetricsToS3=True)
        assert self.report(world) == [f"seen,view,1.0,samplecount,{campaign},{self.START}"]

    def test_each_import_has_a_report_of_its_own_rows(self, world: World) -> None:
        group, dataset = self.group(world)
        create(world, group, metrics=[SEEN])
        world.finish()
        for count, mode in ((1, "FULL"), (2, "INCREMENTAL")):
            special = [f"u{n},i1,{self.START + n},view,,," for n in range(count)]
            world.imported(dataset, self.rows(*special), importMode=mode, publishAttributionMetricsToS3=True)
            prefix = f"metrics/AggregatedAttributionMetrics - {mode} - "
            value = f"seen,view,{count}.0,samplecount,SOURCE_NAME_UNDEFINED,{self.START}"
            assert self.report(world, prefix) == [value]

    @pytest.mark.parametrize("why", ["not asked for", "no attribution", "no bucket"])
    def test_no_report(self, world: World, why: str) -> None:
        group, dataset = self.group(world)
        if why != "no attribution":
            create(world, group, **({"metricsOutputConfig": {"roleArn": ROLE}} if why == "no bucket" else {}))
            world.finish()
        asked = {"publishAttributionMetricsToS3": True} if why != "not asked for" else {}
        assert world.imported(dataset, self.rows(), **asked)["status"] == "ACTIVE"
        assert "Contents" not in world.s3.list_objects_v2(Bucket=BUCKET, Prefix="metrics/")

    def test_an_import_fails_where_its_report_cannot_be_written(self, world: World) -> None:
        group, dataset = self.group(world)
        output = {"s3DataDestination": {"path": "s3://nowhere/metrics/"}, "roleArn": ROLE}
        create(world, group, metricsOutputConfig=output)
        world.finish()
        job = world.imported(dataset, self.rows(), publishAttributionMetricsToS3=True)
        assert job["status"] == "CREATE FAILED"
