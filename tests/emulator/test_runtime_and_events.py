"""personalize-runtime and personalize-events."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.personalize_emulator import Settings, Switches, mock_personalize
from local.personalize_emulator.rows import ORIGIN

from .world import ACCOUNT, FIELDS, REGION, World, interactions_csv, refused


@pytest.fixture
def campaign(world: World) -> str:
    return world.campaign(world.trained())


def popular(rows: str) -> list[str]:
    items = [line.split(",")[1] for line in rows.splitlines()[1:]]
    return sorted(set(items), key=lambda item: (-items.count(item), item))


def test_somebody_unknown_gets_the_most_popular_items(world: World, campaign: str) -> None:
    answer = world.runtime.get_recommendations(campaignArn=campaign, userId="anyone", numResults=10)
    assert [item["itemId"] for item in answer["itemList"]] == popular(interactions_csv())[:10]
    scores = [item["score"] for item in answer["itemList"]]
    assert scores == sorted(scores, reverse=True)
    assert 0 < sum(scores) <= 1
    assert re.fullmatch("RID-[0-9a-f]{2}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-CID-[0-9a-f]{6}", answer["recommendationId"])


def test_recommendations__25_unless_told(world: World, campaign: str) -> None:
    assert len(world.runtime.get_recommendations(campaignArn=campaign, userId="u")["itemList"]) == 25


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({}, "InvalidInputException", "userId must be specified"),
        ({"userId": "u", "numResults": 501}, "InvalidInputException", "at most 500"),
        ({"userId": "u", "campaignArn": None}, "InvalidInputException", "Either campaignArn or recommenderArn"),
        (
            {"userId": "u", "filterArn": "arn:aws:personalize:us-east-1:123456789012:filter/no"},
            "ResourceNotFoundException",
            "filter/no",
        ),
    ],
)
def test_recommendations__refused(world: World, campaign: str, params: dict[str, Any], code: str, message: str) -> None:
    call = {k: v for k, v in ({"campaignArn": campaign} | params).items() if v is not None}
    with refused(code, message):
        world.runtime.get_recommendations(**call)


def test_recommendations__metadata_must_be_enabled_but_with_v2_recipes(world: World, campaign: str) -> None:
    other = world.campaign(world.trained("aws-user-personalization"))
    for arn, message in ((other, "not enabled"), (campaign, "has no columns of these names: A")):
        with refused("InvalidInputException", message):
            world.runtime.get_recommendations(campaignArn=arn, userId="u", metadataColumns={"ITEMS": ["A"]})


def test_statuses_are_those_of_the_models(world: World, campaign: str) -> None:
    unknown = campaign.replace("campaign/", "campaign/un")
    calls = (
        (404, lambda: world.runtime.get_recommendations(campaignArn=unknown, userId="u")),
        (400, lambda: world.runtime.get_recommendations(campaignArn=campaign)),
        (409, lambda: world.events.put_items(datasetArn=in_the_making(world), items=[{"itemId": "i"}])),
        (400, lambda: world.api.describe_campaign(campaignArn=unknown)),
    )
    for status, call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def in_the_making(world: World) -> str:
    """An Items dataset that is not ACTIVE yet."""
    schema = world.schema("Items", FIELDS["Items"])
    made = world.api.create_dataset(name="items", schemaArn=schema, datasetGroupArn=world.group(), datasetType="Items")
    return str(made["datasetArn"])


def test_recommendations__campaign_of_nobody_and_one_in_the_making(world: World) -> None:
    version = world.trained()
    with refused("ResourceNotFoundException"):
        world.runtime.get_recommendations(campaignArn=version.replace("solution/", "campaign/"), userId="u")
    campaign = world.api.create_campaign(name="c", solutionVersionArn=version)["campaignArn"]
    with refused("InvalidInputException", "is not ACTIVE"):
        world.runtime.get_recommendations(campaignArn=campaign, userId="u")


def test_related_items_leave_out_the_item_itself(world: World) -> None:
    campaign = world.campaign(world.trained("aws-sims"))
    with refused("InvalidInputException", "itemId must be specified"):
        world.runtime.get_recommendations(campaignArn=campaign, userId="u")
    answer = world.runtime.get_recommendations(campaignArn=campaign, itemId="i0", numResults=100)
    items = [item["itemId"] for item in answer["itemList"]]
    assert set(items) == {item for item in popular(interactions_csv()) if item != "i0"}
    assert "score" not in answer["itemList"][0]


def test_ranking_orders_what_it_is_given(world: World, campaign: str) -> None:
    ranking = world.campaign(world.trained("aws-personalized-ranking-v2"))
    answer = world.runtime.get_personalized_ranking(
        campaignArn=ranking, userId="u", inputList=["unknown", "i9", "i0", "i3"]
    )
    assert [item["itemId"] for item in answer["personalizedRanking"]] == [
        *(item for item in popular(interactions_csv()) if item in ("i0", "i3", "i9")),
        "unknown",
    ]
    with refused("InvalidInputException", "does not answer GetPersonalizedRanking"):
        world.runtime.get_personalized_ranking(campaignArn=campaign, userId="u", inputList=["i1"])
    with refused("InvalidInputException", "does not answer GetRecommendations"):
        world.runtime.get_recommendations(campaignArn=ranking, userId="u")
    with refused("InvalidInputException", "1 to 500 items"):
        world.runtime.get_personalized_ranking(campaignArn=ranking, userId="u", inputList=[])


def test_promotions_and_metadata(world: World) -> None:
    group = world.group_with_data()
    items = world.dataset(group, "Items")
    world.imported(items, "ITEM_ID,GENRES,PRICE\n" + "".join(f"i{n},g{n % 2},{n}\n" for n in range(60)))
    expression = "INCLUDE ItemID WHERE Items.PRICE > 57"
    made = world.api.create_filter(name="f", datasetGroupArn=group, filterExpression=expression)["filterArn"]
    campaign = world.campaign(
        world.version(world.solution(group)), campaignConfig={"enableMetadataWithRecommendations": True}
    )
    answer = world.runtime.get_recommendations(
        campaignArn=campaign,
        userId="u",
        numResults=8,
        promotions=[{"name": "dear", "percentPromotedItems": 25, "filterArn": made}],
        metadataColumns={"ITEMS": ["GENRES", "PRICE"]},
    )["itemList"]
    assert len(answer) == len({item["itemId"] for item in answer}) == 8
    promoted = {item["itemId"] for item in answer if item.get("promotionName") == "dear"}
    assert promoted == {"i58", "i59"}
    first = next(item for item in answer if item["itemId"] == "i59")
    assert first["metadata"] == {"genres": "g1", "price": "59.0"}
    (one,) = world.runtime.get_recommendations(
        campaignArn=campaign, userId="u", numResults=1, metadataColumns={"ITEMS": ["genres"]}
    )["itemList"]
    assert set(one["metadata"]) == {"genres"}
    for columns, message in (
        ({"ITEMS": ["GENRE", "PRICE"]}, "The Items dataset has no columns of these names: GENRE."),
        ({"USERS": ["AGE"]}, "metadataColumns can name columns of ITEMS, and not of USERS."),
    ):
        with refused("InvalidInputException", message):
            world.runtime.get_recommendations(campaignArn=campaign, userId="u", metadataColumns=columns)
    with refused("InvalidInputException", "at most 50"):
        world.runtime.get_recommendations(
            campaignArn=campaign, userId="u", numResults=51, metadataColumns={"ITEMS": ["GENRES"]}
        )


# Events


@pytest.fixture
def tracker(world: World) -> tuple[str, str]:
    group = world.group()
    world.dataset(group)
    tracking = world.api.create_event_tracker(name="t", datasetGroupArn=group)["trackingId"]
    world.finish()
    return group, tracking


def send(world: World, tracking: str, number: int, user: str | None = "u") -> None:
    """Ten events."""
    events = [{"eventType": "click", "itemId": f"i{n}", "sentAt": 1_700_000_000 + 10 * number + n} for n in range(10)]
    who = {"userId": f"{user}{number % 40}"} if user else {}
    world.events.put_events(trackingId=tracking, sessionId="s", eventList=events, **who)


def test_streamed_events_train(world: World, tracker: tuple[str, str]) -> None:
    group, tracking = tracker
    solution = world.solution(group)
    for number in range(100):
        send(world, tracking, number)
    version = world.version(solution)
    described = world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert described["status"] == "ACTIVE", described


def test_events_of_unknown_users_do_not_train(world: World, tracker: tuple[str, str]) -> None:
    group, tracking = tracker
    for number in range(100):
        send(world, tracking, number, user=None)
    version = world.version(world.solution(group))
    described = world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert described["failureReason"] == "Dataset has fewer than 1000 interactions"


def test_events__tracker_of_nobody_and_one_in_the_making(world: World) -> None:
    with refused("InvalidInputException", "There is no event tracker"):
        send(world, "nobody", 1)
    tracking = world.api.create_event_tracker(name="t", datasetGroupArn=world.group())["trackingId"]
    with refused("InvalidInputException", "is not ACTIVE"):
        send(world, tracking, 1)


def test_events__properties_must_be_json(world: World, tracker: tuple[str, str]) -> None:
    event = {"eventType": "click", "itemId": "i", "sentAt": 1, "properties": "{"}
    with refused("InvalidInputException", "properties must be JSON"):
        world.events.put_events(trackingId=tracker[1], sessionId="s", userId="u", eventList=[event])


@pytest.mark.parametrize("moment", [2**63, -(2**64), 1e300])
def test_events__moments_that_are_none(world: World, tracker: tuple[str, str], moment: float) -> None:
    # boto3 turns moments into seconds itself, so this goes past it.
    from local.personalize_emulator.dispatch import Caller, handle
    from local.personalize_emulator.exceptions import InvalidInputException

    event = {"eventType": "e", "itemId": "i", "sentAt": moment}
    params = {"trackingId": tracker[1], "sessionId": "s", "userId": "u", "eventList": [event]}
    with pytest.raises(InvalidInputException):
        handle(world.emulator, "personalize-events", "PutEvents", params, Caller("testing", ACCOUNT, REGION))


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"genre": "a"}, "has no fields for the properties GENRE"),
        ({"genres": "a", "price": "cheap"}, "Column PRICE holds 'cheap', which is not of type float"),
        ({"genres": "a", "price": True}, "Column PRICE holds 'true', which is not of type float"),
        ({"genres": ["a", "b"], "price": 1}, "The value of GENRES must be a text, a number, true, false or null."),
        ({"genres": "a" * 1001, "price": 1}, "Length cannot be more than 1000 characters for GENRES"),
    ],
)
def test_put_items__must_fit_the_schema(world: World, properties: dict[str, Any], message: str) -> None:
    dataset = world.dataset(world.group(), "Items")
    with refused("InvalidInputException", message):
        world.events.put_items(datasetArn=dataset, items=[{"itemId": "i1", "properties": json.dumps(properties)}])


def test_put_users__what_may_not_be_null_must_be_there(world: World) -> None:
    fields = [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": "int"}]
    dataset = world.dataset(world.group(), "Users", fields=fields)
    with refused("InvalidInputException", "Column AGE holds an empty value, and its type does not allow null"):
        world.events.put_users(datasetArn=dataset, users=[{"userId": "u"}])
    world.events.put_users(datasetArn=dataset, users=[{"userId": "u", "properties": '{"age": "12"}'}])


def test_events__one_that_does_not_fit_keeps_them_all_out(world: World, tracker: tuple[str, str]) -> None:
    group, tracking = tracker
    good = {"eventType": "click", "itemId": "i", "sentAt": 1}
    with refused("InvalidInputException", "has no fields for the properties DEVICE"):
        world.events.put_events(
            trackingId=tracking, sessionId="s", userId="u", eventList=[good, good | {"properties": '{"device": "x"}'}]
        )
    (backend,) = world.emulator.backends()
    (dataset,) = backend.all("dataset", datasetGroupArn=group)
    assert backend.rows.count(dataset.arn) == 0


def test_switch_ignores_properties_that_the_schema_does_not_have() -> None:
    with mock_personalize(Settings(switches=Switches(unknown_properties="ignore"))) as emulator:
        world = World(emulator)
        dataset = world.dataset(world.group(), "Items")
        properties = '{"genres": "a", "price": 1, "colour": "red"}'
        world.events.put_items(datasetArn=dataset, items=[{"itemId": "i1", "properties": properties}])


def test_put_items__replaces_by_id(world: World) -> None:
    group = world.group()
    dataset = world.dataset(group, "Items")
    for price in ("1", "2.5"):
        item = {"itemId": "i1", "properties": f'{{"genres": "a", "price": {price}}}'}
        world.events.put_items(datasetArn=dataset, items=[item])
    (backend,) = world.emulator.backends()
    table = backend.rows.table(dataset).name
    rows = list(backend.rows.query(f"SELECT ITEM_ID, GENRES, PRICE, {ORIGIN} FROM {table}"))
    assert rows == [("i1", "a", 2.5, "put")]
    users = world.dataset(group, "Users")
    with refused("InvalidInputException", "is not a dataset of type ITEMS"):
        world.events.put_items(datasetArn=users, items=[{"itemId": "i1"}])


def test_action_recommendations_are_the_actions_taken_most(world: World) -> None:
    group = world.group_with_data()
    actions = world.dataset(group, "Actions")
    world.imported(actions, "ACTION_ID,KIND\nhelp,x\nbuy,x\nleave,x\n")
    events = world.dataset(group, "Action_Interactions")
    tracking = world.api.describe_dataset(datasetArn=events)["dataset"]["trackingId"]
    for action, kind in (("leave", "Taken"), ("buy", "Taken"), ("buy", "Viewed"), ("help", "Not Taken")):
        one = {"actionId": action, "userId": "u", "sessionId": "s", "timestamp": 1_700_000_000, "eventType": kind}
        world.events.put_action_interactions(trackingId=tracking, actionInteractions=[one])
    campaign = world.campaign(world.version(world.solution(group, "aws-next-best-action")))
    answer = world.runtime.get_action_recommendations(campaignArn=campaign, userId="u")["actionList"]
    assert [one["actionId"] for one in answer] == ["leave", "buy", "help"]
    assert 1 >= answer[0]["score"] > answer[1]["score"] > answer[2]["score"] > 0


def test_event_tracker__one_to_a_group(world: World) -> None:
    group = world.group()
    first = world.api.create_event_tracker(name="a", datasetGroupArn=group)["eventTrackerArn"]
    assert len(first.rpartition("/")[2]) == 8
    with refused("ResourceAlreadyExistsException", first):
        world.api.create_event_tracker(name="b", datasetGroupArn=group)


@pytest.mark.parametrize("code", ["ResourceAlreadyExistsException", "LimitExceededException"])
def test_switch_for_the_error_of_a_second_tracker(code: Any) -> None:
    with mock_personalize(Settings(switches=Switches(second_event_tracker_error=code))) as emulator:
        world = World(emulator)
        group = world.group()
        world.api.create_event_tracker(name="a", datasetGroupArn=group)
        with refused(code):
            world.api.create_event_tracker(name="b", datasetGroupArn=group)


def test_switch_wants_a_dataset_before_the_tracker() -> None:
    with mock_personalize(Settings(switches=Switches(tracker_needs_interactions_dataset=True))) as emulator:
        world = World(emulator)
        group = world.group()
        with refused("InvalidInputException", "has no Interactions dataset"):
            world.api.create_event_tracker(name="a", datasetGroupArn=group)
