"""Recommenders of domain dataset groups."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize
from local.personalize_emulator.recipes import RECIPES

from .world import FIELDS, World, interactions_csv, refused

RECIPE = "arn:aws:personalize:::recipe/"
VIEWS = RECIPE + "aws-ecomm-popular-items-by-views"


def shop(world: World, event: str = "View", rows: int = 2000) -> str:
    group = world.group(domain="ECOMMERCE")
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    dataset = world.dataset(group, "Interactions", world.schema("Interactions", fields, domain="ECOMMERCE"))
    header, *lines = interactions_csv(rows).splitlines()
    world.imported(dataset, "\n".join([f"{header},EVENT_TYPE", *(f"{line},{event}" for line in lines)]))
    return group


def start(world: World, group: str, recipe: str = VIEWS, **params: Any) -> str:
    arn = world.api.create_recommender(name=world.name("r"), datasetGroupArn=group, recipeArn=recipe, **params)
    return str(arn["recommenderArn"])


def described(world: World, recommender: str) -> dict[str, Any]:
    return dict(world.api.describe_recommender(recommenderArn=recommender)["recommender"])


def test_recommender__trains_and_serves(world: World) -> None:
    recommender = start(world, shop(world))
    assert "modelMetrics" not in described(world, recommender)
    world.finish()
    ready = described(world, recommender)
    assert ready["status"] == "ACTIVE"
    assert 0 < ready["modelMetrics"]["precision_at_5"] <= 1
    assert world.runtime.get_recommendations(recommenderArn=recommender, userId="u1", numResults=3)["itemList"]


def test_recommender__custom_group(world: World) -> None:
    group = world.group()
    with refused("InvalidInputException", "Please use a domains-specific Dataset Group to create the Recommender"):
        start(world, group)


@pytest.mark.parametrize("recipe", ["aws-vod-top-picks", "aws-sims"])
def test_recommender__recipe_of_another_domain(world: World, recipe: str) -> None:
    group = world.group(domain="ECOMMERCE")
    with refused("InvalidInputException", "is not a use case of the dataset group's domain ECOMMERCE"):
        start(world, group, RECIPE + recipe)


def test_recommender__too_few_events_of_its_type(world: World) -> None:
    recommender = start(world, shop(world, "Purchase"))
    world.finish()
    failed = described(world, recommender)
    assert failed["status"] == "CREATE FAILED"
    assert failed["failureReason"] == "Dataset has fewer than 1000 interactions after filtering by event type: View"


@pytest.mark.parametrize(("sensitive", "status"), [(False, "ACTIVE"), (True, "CREATE FAILED")])
def test_switch_for_the_case_of_event_types(sensitive: bool, status: str) -> None:
    with mock_personalize(Settings(switches=Switches(use_case_event_case_sensitive=sensitive))) as emulator:
        world = World(emulator)
        recommender = start(world, shop(world, "view"))
        world.finish()
        assert described(world, recommender)["status"] == status


def test_recommender__stops_and_starts(world: World) -> None:
    recommender = start(world, shop(world))
    with refused("ResourceInUseException"):
        world.api.stop_recommender(recommenderArn=recommender)
    world.finish()
    seen: list[str] = []

    def walk() -> None:
        for _ in range(12):
            status = described(world, recommender)["status"]
            if status not in seen[-1:]:
                seen.append(status)
            world.emulator.clock.advance(60)

    with refused("ResourceInUseException", "not INACTIVE"):
        world.api.start_recommender(recommenderArn=recommender)
    world.api.stop_recommender(recommenderArn=recommender)
    walk()
    with refused("InvalidInputException", "not ACTIVE"):
        world.runtime.get_recommendations(recommenderArn=recommender, userId="u1")
    world.api.start_recommender(recommenderArn=recommender)
    walk()
    assert seen == [
        "STOP PENDING",
        "STOP IN_PROGRESS",
        "INACTIVE",
        "START PENDING",
        "START IN_PROGRESS",
        "ACTIVE",
    ]


def test_recommender__updated(world: World) -> None:
    recommender = start(world, shop(world))
    world.finish()
    config = {"minRecommendationRequestsPerSecond": 4}
    world.api.update_recommender(recommenderArn=recommender, recommenderConfig=config)
    during = described(world, recommender)
    assert during["status"] == "ACTIVE"
    assert "recommenderConfig" not in during
    assert during["latestRecommenderUpdate"]["status"] == "CREATE PENDING"
    with refused("ResourceInUseException"):
        world.api.stop_recommender(recommenderArn=recommender)
    world.finish()
    after = described(world, recommender)
    assert after["recommenderConfig"] == config
    assert after["latestRecommenderUpdate"]["status"] == "ACTIVE"


def test_recommender__exploration_only_where_the_use_case_has_it(world: World) -> None:
    group = shop(world)
    config = {"itemExplorationConfig": {"explorationWeight": "0.5"}}
    with refused("InvalidInputException", "itemExplorationConfig is not supported"):
        start(world, group, recommenderConfig=config)
    assert start(world, group, RECIPE + "aws-ecomm-recommended-for-you", recommenderConfig=config)


def test_recommender__inactive_one_can_be_deleted(world: World) -> None:
    recommender = start(world, shop(world))
    world.finish()
    world.api.stop_recommender(recommenderArn=recommender)
    with refused("ResourceInUseException"):
        world.api.delete_recommender(recommenderArn=recommender)
    world.finish()
    world.api.delete_recommender(recommenderArn=recommender)
    world.finish()
    with refused("ResourceNotFoundException"):
        described(world, recommender)


@pytest.mark.parametrize(
    ("domain", "recipe", "leaves_out", "other"),
    [
        ("ECOMMERCE", "aws-ecomm-recommended-for-you", "Purchase", "View"),
        ("ECOMMERCE", "aws-ecomm-customers-who-viewed-x-also-viewed", "purchase", "View"),
        ("VIDEO_ON_DEMAND", "aws-vod-because-you-watched-x", "Watch", "Click"),
        ("VIDEO_ON_DEMAND", "aws-vod-top-picks", "WATCH", "Click"),
    ],
)
def test_use_cases_leave_out_what_the_user_had(
    world: World, domain: str, recipe: str, leaves_out: str, other: str
) -> None:
    group = world.group(domain=domain)
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    header, *lines = interactions_csv(4000).splitlines()
    kinds = ("Watch", "Click") if domain == "VIDEO_ON_DEMAND" else ("View",)
    rows = [f"{line},{kinds[number % len(kinds)]}" for number, line in enumerate(lines)]
    dataset = world.dataset(group, "Interactions", world.schema("Interactions", fields, domain=domain))
    world.imported(dataset, "\n".join([f"{header},EVENT_TYPE", *rows]))
    tracker = world.api.create_event_tracker(name="t", datasetGroupArn=group)["trackingId"]
    recommender = start(world, group, RECIPE + recipe)
    world.finish()

    def recommended() -> list[str]:
        about = {"userId": "me", "itemId": "i9"}
        asked = {name: about[name] for name in RECIPES[recipe].needs}
        answer = world.runtime.get_recommendations(recommenderArn=recommender, numResults=60, **asked)
        return [item["itemId"] for item in answer["itemList"]]

    def send(kind: str) -> None:
        event = {"eventType": kind, "sentAt": 1_800_000_000, "itemId": "i1"}
        world.events.put_events(trackingId=tracker, userId="me", sessionId="s", eventList=[event])

    assert "i1" in recommended()
    send(other)
    assert "i1" in recommended()
    send(leaves_out)
    assert "i1" not in recommended()


def test_best_sellers_leave_nothing_out(world: World) -> None:
    recommender = start(world, shop(world))
    world.finish()
    found = world.runtime.get_recommendations(recommenderArn=recommender, userId="u1", numResults=60)["itemList"]
    assert len(found) == 60
    assert RECIPES["aws-ecomm-popular-items-by-views"].leaves_out is None
