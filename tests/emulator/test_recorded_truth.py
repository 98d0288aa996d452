"""What outputs of real calls show: durations, texts, orders."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, mock_personalize

from .world import ACCOUNT, FIELDS, REGION, World, interactions_csv, refused, schema_text

PREFIX = f"arn:aws:personalize:{REGION}:{ACCOUNT}"
MINUTE = 60.0


@pytest.mark.parametrize(
    ("label", "tail"),
    [
        ("solution", "solution/none"),
        ("solution version", "solution/none/0123abcd"),
        ("dataset group", "dataset-group/none"),
        ("dataset import job", "dataset-import-job/none"),
        ("event tracker", "event-tracker/0123abcd"),
    ],
)
def test_not_found_is_told_by_type(world: World, label: str, tail: str) -> None:
    with refused("ResourceNotFoundException", f"The given {label} does not exist: {PREFIX}:{tail}"):
        world.described(label, f"{PREFIX}:{tail}")


def test_a_solution_is_active_at_the_first_look(world: World) -> None:
    group = world.group_with_data()
    recipe = "arn:aws:personalize:::recipe/aws-sims"
    solution = world.api.create_solution(name="s", datasetGroupArn=group, recipeArn=recipe)["solutionArn"]
    version = world.start_version(solution)
    described = world.described("solution", solution)
    assert described["status"] == "ACTIVE"
    assert described["creationDateTime"] == described["lastUpdatedDateTime"]
    assert world.described("solution version", version)["status"] == "CREATE PENDING"


def lasts(world: World, act: Any) -> float:
    """Emulated minutes until nothing runs any more."""
    act()
    return round(world.emulator.finish() / MINUTE, 2)


def test_filters_on_interactions_take_longer(world: World) -> None:
    group = world.group()
    world.dataset(group, "Items")
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    world.dataset(group, "Interactions", fields=fields)

    def make(name: str, expression: str) -> Any:
        return lambda: world.api.create_filter(name=name, datasetGroupArn=group, filterExpression=expression)

    items = "INCLUDE ItemID WHERE Items.PRICE > 1"
    events = "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)"
    assert lasts(world, make("items", items)) == 0.5
    assert lasts(world, make("events", events)) == 2
    assert lasts(world, make("both", f"{items} | {events}")) == 2


def test_deletions_take_their_time(world: World) -> None:
    from .test_recommenders import shop, start

    group = world.group_with_data()
    (dataset,) = world.api.list_datasets(datasetGroupArn=group)["datasets"]
    solution = world.solution(group)
    campaign = world.campaign(world.version(solution))
    made = world.api.create_event_tracker(name="t", datasetGroupArn=group)["eventTrackerArn"]
    world.dataset(group, "Items")
    expression = "INCLUDE ItemID WHERE Items.PRICE > 1"
    chosen = world.api.create_filter(name="f", datasetGroupArn=group, filterExpression=expression)["filterArn"]
    recommender = start(world, shop(world))
    world.finish()
    api = world.api
    took = {
        "campaign": lasts(world, lambda: api.delete_campaign(campaignArn=campaign)),
        "recommender": lasts(world, lambda: api.delete_recommender(recommenderArn=recommender)),
        "solution": lasts(world, lambda: api.delete_solution(solutionArn=solution)),
        "event tracker": lasts(world, lambda: api.delete_event_tracker(eventTrackerArn=made)),
        "filter": lasts(world, lambda: api.delete_filter(filterArn=chosen)),
        "dataset": lasts(world, lambda: api.delete_dataset(datasetArn=dataset["datasetArn"])),
    }
    expected = {"campaign": 16.5, "recommender": 18, "solution": 1, "event tracker": 0.3, "filter": 1.3, "dataset": 1.3}
    assert took == expected
    (items,) = api.list_datasets(datasetGroupArn=group)["datasets"]
    lasts(world, lambda: api.delete_dataset(datasetArn=items["datasetArn"]))
    assert lasts(world, lambda: api.delete_dataset_group(datasetGroupArn=group)) == 1


@pytest.mark.parametrize(
    ("durations", "campaign", "group", "events"),
    [
        ({"delete": 5}, 5, 5, 120),
        ({"delete": 5, "delete campaign": 7}, 7, 5, 120),
        ({"filter": 3}, 990, 60, 3),
        ({"filter": 3, "filter on interactions": 4}, 990, 60, 4),
    ],
)
def test_durations_can_be_chosen_together_and_singly(
    durations: dict[str, float], campaign: float, group: float, events: float
) -> None:
    settings = Settings(durations=durations)
    found = [settings.duration(name) for name in ("delete campaign", "delete dataset group", "filter on interactions")]
    assert found == [campaign, group, events]


def test_update_dataset_shows_on_the_dataset_for_108_seconds(world: World) -> None:
    dataset = world.dataset(world.group(), "Users")
    wider = [*FIELDS["Users"], {"name": "HEIGHT", "type": ["null", "float"]}]
    schema = world.schema("Users", wider)
    world.api.update_dataset(datasetArn=dataset, schemaArn=schema)
    seen = []
    for seconds in (0, 60, 47, 1):
        world.emulator.clock.advance(seconds)
        seen.append(world.described("dataset", dataset)["status"])
    assert seen == ["UPDATE PENDING", "UPDATE IN_PROGRESS", "UPDATE IN_PROGRESS", "ACTIVE"]
    described = world.described("dataset", dataset)
    assert described["schemaArn"] == described["latestDatasetUpdate"]["schemaArn"] == schema


def names(world: World, **params: Any) -> list[str]:
    return [
        one["name"] for page in world.api.get_paginator("list_schemas").paginate(**params) for one in page["schemas"]
    ]


def test_lists_come_in_no_order_but_always_in_the_same() -> None:
    given = [f"{letter}-{number}" for number, letter in enumerate("hbgafced")]

    def listed() -> list[str]:
        with mock_personalize() as emulator:
            world = World(emulator)
            for name in given:
                world.api.create_schema(name=name, schema=schema_text("Users"))
            found = names(world)
            assert names(world, PaginationConfig={"PageSize": 3}) == found
            return found

    found = listed()
    assert sorted(found) == sorted(given)
    assert found not in (given, given[::-1], sorted(given), sorted(given)[::-1])
    assert listed() == found


def test_recipes_are_listed_by_name(world: World) -> None:
    recipes = [one["name"] for one in world.api.list_recipes(maxResults=100)["recipes"]]
    assert recipes == sorted(recipes)


def test_hits_of_segments_are_a_count(world: World) -> None:
    group = world.group_with_data(interactions_csv(8000, users=800, items=3))
    version = world.version(world.solution(group, "aws-item-affinity"))
    metrics = world.api.get_solution_metrics(solutionVersionArn=version)["metrics"]
    assert 1 < metrics["hits_at_1_percent"] <= 8  # of the eight users in a segment
    assert 0 < metrics["recall_at_1_percent"] <= 1
