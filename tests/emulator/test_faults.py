"""Faults on demand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from local.personalize_emulator import Fault, Faults

from .world import REGION, World, client, refused


@pytest.fixture
def impatient() -> Iterator[Any]:
    """A client that does not try again."""
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    yield session.client("personalize", config=Config(retries={"total_max_attempts": 1}))


def test_fail__the_nth_create_of_a_type(world: World) -> None:
    world.emulator.faults.add(Fault("fail", "CreateDatasetGroup", nth=2, times=1, reason="no capacity"))
    groups = [world.group() for _ in range(3)]
    described = [world.api.describe_dataset_group(datasetGroupArn=g)["datasetGroup"] for g in groups]
    assert [d["status"] for d in described] == ["ACTIVE", "CREATE FAILED", "ACTIVE"]
    assert described[1]["failureReason"] == "no capacity"
    assert "failureReason" not in described[2]


def test_fail__by_name_and_for_updates(world: World) -> None:
    version = world.trained()
    campaign = world.campaign(version, name="unlucky")
    world.emulator.faults.add(Fault("fail", "UpdateCampaign", name="unlucky", reason="no capacity"))
    world.api.update_campaign(campaignArn=campaign, minProvisionedTPS=5)
    world.finish()
    described = world.api.describe_campaign(campaignArn=campaign)["campaign"]
    assert (described["status"], described["minProvisionedTPS"]) == ("ACTIVE", 1)
    update = described["latestCampaignUpdate"]
    assert (update["status"], update["failureReason"]) == ("CREATE FAILED", "no capacity")


def test_fail__a_failed_campaign_recovers_by_update(world: World) -> None:
    world.emulator.faults.add(Fault("fail", "CreateCampaign"))
    version = world.trained()
    campaign = world.campaign(version)
    assert world.api.describe_campaign(campaignArn=campaign)["campaign"]["status"] == "CREATE FAILED"
    world.api.update_campaign(campaignArn=campaign, solutionVersionArn=version)
    world.finish()
    described = world.api.describe_campaign(campaignArn=campaign)["campaign"]
    assert described["status"] == "ACTIVE"
    assert "failureReason" not in described


def test_error_and_throttle_have_no_effect(world: World, impatient: Any) -> None:
    world.emulator.faults.add(
        Fault("throttle", "CreateSchema", times=1),
        Fault("error", "CreateDatasetGroup", code="InvalidInputException", reason="not today"),
    )
    with refused("LimitExceededException", "Rate exceeded"):
        impatient.create_schema(name="s", schema="{}")
    with refused("InvalidInputException", "not today"):
        impatient.create_dataset_group(name="g")
    world.emulator.faults.clear()
    assert impatient.list_dataset_groups()["datasetGroups"] == []


def test_throttle__botocores_standard_mode_tries_again_by_itself(world: World) -> None:
    world.emulator.faults.add(Fault("throttle", "ListSchemas", times=1))
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    patient = session.client("personalize", config=Config(retries={"mode": "standard"}))
    assert patient.list_schemas()["schemas"] == []
    assert [call.result for call in world.emulator.calls] == ["LimitExceededException", "ok"]


def test_error__by_the_name_at_the_end_of_the_arn(world: World, impatient: Any) -> None:
    groups = [world.group(name=name) for name in ("lucky", "unlucky")]
    world.emulator.faults.add(Fault("error", "Describe*", name="unlucky", code="InvalidInputException"))
    assert impatient.describe_dataset_group(datasetGroupArn=groups[0])
    with refused("InvalidInputException", "Injected by a fault."):
        impatient.describe_dataset_group(datasetGroupArn=groups[1])


def test_throttle__a_share_of_the_calls(world: World, impatient: Any) -> None:
    world.emulator.faults.add(Fault("throttle", "ListSchemas", share=0.3))
    results = []
    for _ in range(200):
        try:
            impatient.list_schemas()
            results.append(True)
        except ClientError:
            results.append(False)
    assert 100 < sum(results) < 180
    assert world.emulator.faults.listed()[0]["struck"] == results.count(False)


def test_shares_repeat_from_run_to_run() -> None:
    def struck() -> list[bool]:
        faults = Faults()
        faults.add(Fault("throttle", share=0.5))
        return [bool(faults.strike(("throttle",), "X", "")) for _ in range(50)]

    assert struck() == struck()


def test_internal__is_http_500(world: World, impatient: Any) -> None:
    world.emulator.faults.add(Fault("internal", "List*"))
    with pytest.raises(ClientError) as caught:
        impatient.list_schemas()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert caught.value.response["Error"]["Code"] == "InternalServerException"


def test_delay__in_real_seconds(world: World) -> None:
    world.emulator.faults.add(Fault("delay", "ListSchemas", seconds=0.2))
    before = time.monotonic()
    world.api.list_schemas()
    assert time.monotonic() - before >= 0.2


def test_drop__the_effect_stays_and_the_reply_is_lost(world: World, impatient: Any) -> None:
    world.emulator.faults.add(Fault("drop", "CreateDatasetGroup", times=1))
    with pytest.raises(ConnectionClosedError):
        impatient.create_dataset_group(name="g")
    (group,) = impatient.list_dataset_groups()["datasetGroups"]
    assert group["name"] == "g"
    assert world.emulator.calls[-2].result == "reply lost"


def test_drop__a_client_that_tries_again_finds_its_own_work(world: World) -> None:
    world.emulator.faults.add(Fault("drop", "CreateDatasetGroup", times=1))
    with refused("ResourceAlreadyExistsException"):
        world.api.create_dataset_group(name="g")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"effect": "explode"}, "one of"),
        ({"effect": "fail", "operaton": "X"}, "Unknown fault key"),
        ({}, "one of"),
        ({"effect": "fail", "operation": "CreateCampain"}, "none matches 'CreateCampain'"),
        ({"effect": "error", "operation": "Describe*s"}, "none matches"),
    ],
)
def test_faults_that_are_not_ones(values: dict[str, Any], message: str) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=message):
        faults.load([{"effect": "fail"}, values])
    assert faults.listed() == []


def test_faults_that_are_not_ones__in_python() -> None:
    with pytest.raises(ValueError, match="one of"):
        Fault("explode")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="none matches"):
        Fault("fail", "CreateCampain")
    assert Fault("fail", "Put*") and Fault("fail", "GetRecommendations") and Fault("fail", "Create?ampaign")


def test_throttle__in_other_words(world: World, impatient: Any) -> None:
    world.emulator.faults.add(
        Fault("throttle", "ListSchemas", reason="Too many requests, slow down."),
        Fault("throttle", "ListFilters", code="ThrottlingException"),
    )
    with refused("LimitExceededException", "Too many requests, slow down."):
        impatient.list_schemas()
    with refused("ThrottlingException", "Rate exceeded"):
        impatient.list_filters()


def test_unavailable__is_http_503_and_has_no_effect(world: World, impatient: Any) -> None:
    world.emulator.faults.add(Fault("unavailable", "CreateDatasetGroup"))
    with pytest.raises(ClientError) as caught:
        impatient.create_dataset_group(name="g")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    assert caught.value.response["Error"]["Code"] == "ServiceUnavailableException"
    assert impatient.list_dataset_groups()["datasetGroups"] == []


def test_reset__the_connection_closes_before_anything_happens(world: World, impatient: Any) -> None:
    world.emulator.faults.add(Fault("reset", "CreateDatasetGroup", times=1))
    with pytest.raises(ConnectionClosedError):
        impatient.create_dataset_group(name="g")
    assert impatient.list_dataset_groups()["datasetGroups"] == []
    assert world.emulator.calls[-2].result == "connection reset"
    assert impatient.create_dataset_group(name="g")


def test_lasting__a_bad_ten_minutes_in_a_training(world: World, impatient: Any) -> None:
    version = world.start_version(world.solution(world.group_with_data()))
    world.emulator.clock.advance(1200)
    world.emulator.faults.add(Fault("unavailable", lasting=600))
    world.emulator.clock.advance(5000)  # it begins with the first call that it strikes
    seen = []
    for seconds in (0, 300, 299, 1, 600):
        world.emulator.clock.advance(seconds)
        try:
            seen.append(impatient.describe_solution_version(solutionVersionArn=version)["solutionVersion"]["status"])
        except ClientError as err:
            seen.append(err.response["Error"]["Code"])
    assert seen == ["ServiceUnavailableException"] * 3 + ["ACTIVE"] * 2


@pytest.mark.parametrize("effect", ["fail", "error", "throttle", "internal", "unavailable", "delay", "reset", "drop"])
def test_lasting__of_every_effect(effect: Any) -> None:
    faults = Faults()
    faults.add(Fault(effect, nth=2, lasting=10))
    struck = [bool(faults.strike((effect,), "ListSchemas", "", now)) for now in (0, 100, 105, 109.9, 110, 500)]
    assert struck == [False, True, True, True, False, False]


def test_lasting__and_so_many_times() -> None:
    faults = Faults()
    faults.add(Fault("error", times=2, lasting=10))
    assert [bool(faults.strike(("error",), "ListSchemas", "", now)) for now in (0, 5, 6)] == [True, True, False]


def test_lasting__of_failing_jobs(world: World) -> None:
    world.emulator.faults.add(Fault("fail", "CreateDatasetGroup", lasting=30))
    first = world.api.create_dataset_group(name="first")["datasetGroupArn"]
    world.finish()
    second = world.group()
    assert [world.described("dataset group", arn)["status"] for arn in (first, second)] == ["CREATE FAILED", "ACTIVE"]


# Who calls, and about what


def test_the_log_counts_what_was_read(world: World) -> None:
    group = world.group()
    other = world.group()
    solution = world.solution(world.group_with_data())
    version = world.version(solution)
    world.emulator.calls.clear()
    for arn in (group, group, other):
        world.described("dataset group", arn)
    world.api.list_datasets(datasetGroupArn=group)
    world.api.get_solution_metrics(solutionVersionArn=version)
    made = world.api.create_event_tracker(name="t", datasetGroupArn=group)["eventTrackerArn"]
    campaign = world.campaign(version, name="c")
    world.api.list_campaigns()
    with refused("ResourceAlreadyExistsException"):
        world.api.create_dataset_group(name=group.rpartition("/")[2])
    counted = Counter((call.operation, call.arn) for call in world.emulator.calls)
    assert counted == {
        ("DescribeDatasetGroup", group): 2,
        ("DescribeDatasetGroup", other): 1,
        ("ListDatasets", group): 1,
        ("GetSolutionMetrics", version): 1,
        ("CreateEventTracker", made): 1,
        ("CreateCampaign", campaign): 1,
        ("ListCampaigns", None): 1,
        ("CreateDatasetGroup", None): 1,
    }
    assert [c.name for c in world.emulator.calls if c.operation == "CreateCampaign"] == ["c"]


def test_another_person_of_the_account_makes_stops_and_deletes(world: World) -> None:
    other = client("personalize", key="somebody-else")
    group = world.group_with_data()
    solution = other.create_solution(
        name="by-hand", datasetGroupArn=group, recipeArn="arn:aws:personalize:::recipe/aws-sims"
    )["solutionArn"]
    version = world.start_version(solution)
    other.stop_solution_version_creation(solutionVersionArn=version)
    assert world.described("solution version", version)["status"] == "CREATE STOPPED"
    other.delete_solution(solutionArn=solution)
    world.finish()
    assert world.api.list_solutions()["solutions"] == []
    assert {call.principal for call in world.emulator.calls} == {"testing", "somebody-else"}


def test_reset_forgets_resources_calls_and_faults(world: World) -> None:
    world.group_with_data()
    world.emulator.faults.add(Fault("internal"))
    world.emulator.reset()
    assert world.emulator.state()["resources"] == []
    assert world.api.list_dataset_groups()["datasetGroups"] == []
    assert len(world.emulator.calls) == 1
    assert world.group_with_data()
