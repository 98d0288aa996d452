"""Quotas on what one job may read or train on, and on calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.personalize_emulator import Minimums, Settings, Switches, mock_personalize
from local.personalize_emulator.settings import GB, MB, QUOTAS

from .test_jobs_on_s3 import run
from .world import BUCKET, FIELDS, ROLE, World, interactions_csv, refused

CSV = interactions_csv()
ABOVE = "more than the maximum of"


@contextmanager
def limited(quotas: dict[str, int], **switches: Any) -> Iterator[World]:
    with mock_personalize(Settings(quotas=quotas, switches=Switches(**switches))) as emulator:
        yield World(emulator)


def test_numbers_of_the_service() -> None:
    assert QUOTAS["bytes of a FULL import"] == 100 * GB
    assert QUOTAS["bytes of an INCREMENTAL import"] == GB
    assert QUOTAS["bytes of a data deletion"] == 100 * MB
    assert QUOTAS["calls in a second"] == 0


@pytest.mark.parametrize("spare", [0, 1])
def test_import__size_is_that_of_all_its_objects(spare: int) -> None:
    with limited({"bytes of a FULL import": 2 * len(CSV) - spare, "bytes of an INCREMENTAL import": 10}) as world:
        dataset = world.dataset(world.group())
        for name in ("a", "b"):
            world.put(f"many/{name}.csv", CSV)
        job = world.imported(dataset, location=f"s3://{BUCKET}/many/")
        assert job["status"] == ("CREATE FAILED" if spare else "ACTIVE")
        if spare:
            assert job["failureReason"] == f"Bytes of the input: {2 * len(CSV):,}, {ABOVE} {2 * len(CSV) - 1:,}."


def test_import__size_of_one_object_by_mode() -> None:
    with limited({"bytes of an INCREMENTAL import": len(CSV) - 1}) as world:
        dataset = world.dataset(world.group())
        assert world.imported(dataset, CSV)["status"] == "ACTIVE"
        assert ABOVE in world.imported(dataset, CSV, importMode="INCREMENTAL")["failureReason"]


def test_import__too_large_is_not_read() -> None:
    class Large:
        def head_object(self, **_: Any) -> dict[str, Any]:
            return {"ContentLength": 100 * GB + 1}

        def get_object(self, **_: Any) -> Any:
            raise AssertionError("it is known to be too large")

    with mock_personalize(s3=lambda _region: Large()) as emulator:
        world = World(emulator)
        job = world.imported(world.dataset(world.group()), location="s3://large/i.csv")
        assert ABOVE in job["failureReason"]


def test_import__incremental_has_the_minimum_too(world: World) -> None:
    dataset = world.dataset(world.group())
    world.imported(dataset)
    few = "\n".join(CSV.splitlines()[:1000])
    job = world.imported(dataset, few, importMode="INCREMENTAL")
    assert job["failureReason"] == "The import holds 999 interactions, fewer than the minimum of 1000."


def events(types: int, *, first: int = 0, rows: int = 1000) -> str:
    header, *lines = CSV.splitlines()
    typed = [f"{line},t{first + n % types},1" for n, line in enumerate(lines[:rows])]
    return "\n".join([f"{header},EVENT_TYPE,EVENT_VALUE", *typed])


def typed_dataset(world: World, *, metadata: int = 0) -> str:
    fields = [
        *FIELDS["Interactions"],
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "EVENT_VALUE", "type": ["float", "null"]},
        *({"name": f"M{n}", "type": ["string", "null"], "categorical": True} for n in range(metadata)),
    ]
    return world.dataset(world.group(), "Interactions", world.schema("Interactions", fields))


@pytest.mark.parametrize(("types", "status"), [(8, "ACTIVE"), (9, "CREATE FAILED")])
def test_import__event_types_and_their_columns(world: World, types: int, status: str) -> None:
    job = world.imported(typed_dataset(world), events(types))
    assert job["status"] == status
    if status == "CREATE FAILED":
        reason = f"Event types and optional metadata columns together: 11, {ABOVE} 10."
        assert job["failureReason"] == reason


def test_import__metadata_columns_leave_less_room_for_event_types(world: World) -> None:
    header, *lines = events(6).splitlines()
    text = "\n".join([f"{header},M0,M1,M2", *(f"{line},a,b,c" for line in lines)])
    assert "together: 11" in world.imported(typed_dataset(world, metadata=3), text)["failureReason"]


def test_import__event_types_add_up_over_incremental_imports_only(world: World) -> None:
    dataset = typed_dataset(world)
    assert world.imported(dataset, events(5))["status"] == "ACTIVE"
    assert "together: 11" in world.imported(dataset, events(4, first=5), importMode="INCREMENTAL")["failureReason"]
    assert world.imported(dataset, events(3, first=5), importMode="INCREMENTAL")["status"] == "ACTIVE"
    assert world.imported(dataset, events(8, first=20))["status"] == "ACTIVE"


def reason_of_training(world: World, recipe: str) -> str | None:
    version = world.trained(recipe)
    reason: str | None = world.described("solution version", version).get("failureReason")
    return reason


@pytest.mark.parametrize(
    ("quota", "limit", "recipe", "fails"),
    [
        ("interactions in training", 1999, "aws-user-personalization", True),
        ("interactions in training", 2000, "aws-user-personalization", False),
        ("interactions in training", 1999, "aws-user-personalization-v2", False),
        ("interactions in training of a v2 recipe", 1999, "aws-user-personalization-v2", True),
        ("items in training", 59, "aws-sims", True),
        ("items in training", 60, "aws-sims", False),
        ("items in training of a v2 recipe", 59, "aws-personalized-ranking-v2", True),
    ],
)
def test_training__more_than_it_takes(quota: str, limit: int, recipe: str, fails: bool) -> None:
    with limited({quota: limit}) as world:
        reason = reason_of_training(world, recipe)
        assert (reason is not None and f"{ABOVE} {limit:,}." in reason) == fails, reason


def test_training__more_than_it_takes_may_be_ignored() -> None:
    with limited({"interactions in training": 10}, training_above_quota="ignore") as world:
        assert reason_of_training(world, "aws-sims") is None


def test_training__items_with_metadata_count_without_interactions() -> None:
    with limited({"items in training": 99}) as world:
        group = world.group_with_data()
        world.imported(
            world.dataset(group, "Items"), "ITEM_ID,GENRES,PRICE\n" + "".join(f"n{n},,1\n" for n in range(100))
        )
        for recipe, fails in (("aws-similar-items", True), ("aws-sims", False)):
            version = world.described("solution version", world.version(world.solution(group, recipe)))
            assert (version["status"] == "CREATE FAILED") == fails


@pytest.mark.parametrize("quota", ["actions in training", "action interactions in training"])
def test_training__actions(quota: str) -> None:
    settings = Settings(quotas={quota: 1}, minimums=Minimums(rows_in_an_interactions_import=1))
    with mock_personalize(settings) as emulator:
        world = World(emulator)
        group = world.group_with_data()
        world.imported(world.dataset(group, "Actions"), "ACTION_ID,KIND\na,x\nb,x\n")
        happened = "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP\nu1,a,Taken,1\nu1,b,Viewed,2\n"
        world.imported(world.dataset(group, "Action_Interactions"), happened)
        version = world.described("solution version", world.version(world.solution(group, "aws-next-best-action")))
        assert version["failureReason"].endswith(f"in the training: 2, {ABOVE} 1.")


def test_recommender__more_than_it_takes() -> None:
    with limited({"interactions in training": 1500}) as world:
        group = world.group(domain="VIDEO_ON_DEMAND")
        fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
        schema = world.schema("Interactions", fields, domain="VIDEO_ON_DEMAND")
        header, *lines = CSV.splitlines()
        text = "\n".join([f"{header},EVENT_TYPE", *(f"{line},Watch" for line in lines)])
        world.imported(world.dataset(group, "Interactions", schema), text)
        recipe = "arn:aws:personalize:::recipe/aws-vod-most-popular"
        made = world.api.create_recommender(name="r", datasetGroupArn=group, recipeArn=recipe)["recommenderArn"]
        world.finish()
        assert ABOVE in world.described("recommender", made)["failureReason"]


@pytest.mark.parametrize(
    ("quotas", "reason"),
    [
        ({"files of a batch job": 1}, f"Files of the input: 2, {ABOVE} 1."),
        ({"bytes of a batch job": 30}, f"Bytes of the input: 32, {ABOVE} 30."),
        ({"records of a batch inference file": 0}, "The input holds more than 0 records."),
    ],
)
def test_batch__input(quotas: dict[str, int], reason: str) -> None:
    with limited(quotas) as world:
        for name in ("a", "b"):
            world.put(f"lines/{name}.json", '{"userId": "u1"}')
        source = {"s3DataSource": {"path": f"s3://{BUCKET}/lines/"}}
        job, _ = run(world, world.trained(), [], jobInput=source)
        assert job["failureReason"] == reason


def test_batch__users_in_a_segment(world: World) -> None:
    version = world.trained("aws-item-affinity")
    with refused("InvalidInputException", "numResults must be at most 5000000."):
        run(world, version, [], segment=True, numResults=5_000_001)


def test_deletion__size() -> None:
    with limited({"bytes of a data deletion": 5}) as world:
        arn = world.api.create_data_deletion_job(
            jobName="gdpr",
            datasetGroupArn=world.group(),
            dataSource={"dataLocation": world.put("leavers.csv", "USER_ID\nu1\n")},
            roleArn=ROLE,
        )["dataDeletionJobArn"]
        world.finish()
        job = world.described("data deletion job", arn)
        assert (job["status"], job["failureReason"]) == ("FAILED", f"Bytes of the input: 11, {ABOVE} 5.")


ITEM = {"itemId": "i", "properties": '{"genres": "a", "price": 1}'}
RATES = [
    ("recommendation requests in a second", "campaign", "get_recommendations"),
    ("recommendation requests in a second to a campaign", "campaign", "get_recommendations"),
    ("event requests in a second to a group", "tracker", "put_events"),
    ("record requests in a second to a group", "items", "put_items"),
]


@pytest.mark.parametrize(("quota", "what", "call"), RATES)
def test_requests_in_a_second(quota: str, what: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # botocore's retries wait
    with limited({quota: 2}) as world:
        ask = asking(world, what, call)
        ask()
        ask()
        with refused("ThrottlingException", "Rate exceeded"):
            ask()
        world.emulator.clock.advance(1)
        ask()


def asking(world: World, what: str, call: str) -> Callable[[], Any]:
    """A request that succeeds, to be made again and again."""
    group = world.group_with_data()
    if what == "campaign":
        campaign = world.campaign(world.version(world.solution(group)))
        return lambda: getattr(world.runtime, call)(campaignArn=campaign, userId="u")
    if what == "items":
        dataset = world.dataset(group, "Items")
        return lambda: getattr(world.events, call)(datasetArn=dataset, items=[ITEM])
    tracking = world.api.create_event_tracker(name="t", datasetGroupArn=group)["trackingId"]
    world.finish()
    event = {"eventType": "click", "itemId": "i1", "sentAt": 1_700_000_000}
    return lambda: getattr(world.events, call)(trackingId=tracking, sessionId="s", userId="u", eventList=[event])


def test_on_a_standing_clock_published_rates_do_not_hold(world: World) -> None:
    dataset = world.dataset(world.group(), "Items")
    for _ in range(11):
        world.events.put_items(datasetArn=dataset, items=[ITEM])


def test_on_a_running_clock_they_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    dataset = world.dataset(world.group(), "Items")
    world.emulator.clock.set_scale(1e-6)
    with refused("ThrottlingException", "Rate exceeded"):
        for _ in range(11):
            world.events.put_items(datasetArn=dataset, items=[ITEM])


def test_calls_in_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)  # botocore's retries wait
    for code in ("LimitExceededException", "ThrottlingException"):
        with limited({"calls in a second": 3}, rate_error=code) as world:
            for _ in range(3):
                world.api.list_schemas()
            with refused(code, "Rate exceeded"):
                world.api.create_schema(name="s", schema="{}")
            world.emulator.clock.advance(1)
            world.api.list_schemas()
