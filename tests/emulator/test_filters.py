"""Filter expressions: what parses, what the schemas allow, and what passes at run time."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize
from local.personalize_emulator.appearance import normalised
from local.personalize_emulator.exceptions import InvalidInputException
from local.personalize_emulator.filters import parse

from .world import FIELDS, World, interactions_csv, refused

ITEMS = [
    *FIELDS["Items"],
    {"name": "STORY", "type": ["null", "string"], "textual": True},
    {"name": "ADULT", "type": ["null", "boolean"]},
    {"name": "MAKER", "type": ["null", "string"]},
]


@pytest.mark.parametrize(
    "text",
    [
        'INCLUDE ItemID WHERE Items.GENRES IN ("drama", "news")',
        'EXCLUDE ItemID WHERE Items.GENRES NOT IN ("a \\"quoted\\" word")',
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)",
        "INCLUDE ItemID WHERE Items.PRICE >= 10 AND Items.PRICE < 20.5 OR Items.PRICE = -1",
        "INCLUDE ItemID WHERE Items.PRICE <= $MOST",
        "INCLUDE ItemID WHERE Items.GENRES IN ($GENRES) IF CurrentUser.AGE > 17 AND CurrentUser.SEX IN ('x')".replace(
            "'", '"'
        ),
        'INCLUDE ItemID WHERE Items.GENRES IN ("a") | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")',
        "INCLUDE ItemID WHERE Items.MAKER IN (CurrentItem.MAKER)",
        "INCLUDE ItemID WHERE Items.MAKER IN ($CurrentItem.MAKER)",
        "EXCLUDE UserID WHERE Users.AGE < 18",
        'INCLUDE ActionID WHERE Actions.KIND IN ("offer")',
        # As published samples spell them.
        'EXCLUDE itemId WHERE INTERACTIONS.event_type in ("Purchase")',
        'exclude itemid where Items.GENRES not in ("a") if currentuser.AGE > 17',
        "INCLUDE ItemID WHERE ITEMS.MAKER IN CurrentItem.MAKER",
        "INCLUDE ItemID WHERE Items.MAKER IN $MAKER",
        "INCLUDE ActionID WHERE Actions.VALUE > ($VALUE)",
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
    ],
)
def test_expressions_that_parse(text: str) -> None:
    assert parse(text).expressions


def test_spellings_mean_the_same() -> None:
    plain = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*) AND Interactions.KIND IN ("x") OR Interactions.N > 3'
    other = 'exclude itemId where INTERACTIONS.EVENT_TYPE in "*" and interactions.KIND in "x" or Interactions.N > (3)'
    assert parse(plain) == parse(other)


def test_a_column_in_another_case(world: World) -> None:
    group = world.group()
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    world.dataset(group, fields=fields)
    made = make(world, group, 'INCLUDE ItemID WHERE Interactions.event_type IN ("Watch")')
    assert world.described("filter", made)["status"] == "ACTIVE"


def test_users_are_compared_by_equality_of_strings(world: World) -> None:
    group = world.group()
    world.dataset(group, "Items")
    users = [*FIELDS["Users"], {"name": "MEMBERSHIP", "type": "string", "categorical": True}]
    world.dataset(group, "Users", fields=users)
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("a") IF CurrentUser.MEMBERSHIP = $PREMIUM'
    assert world.described("filter", make(world, group, expression))["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            'exclude itemId  where INTERACTIONS.event_type not in ("in  or","b")or Interactions.N>=3',
            'EXCLUDE itemId WHERE INTERACTIONS.event_type NOT IN ("in  or", "b") OR Interactions.N >= 3',
        ),
        (
            'INCLUDE ItemID WHERE Items.A IN $A|EXCLUDE ItemID WHERE Items.B IN( "x" )',
            'INCLUDE ItemID WHERE Items.A IN ($A) | EXCLUDE ItemID WHERE Items.B IN ("x")',
        ),
        ("INCLUDE ItemID WHERE A.B IN CurrentItem.B", "INCLUDE ItemID WHERE A.B IN (CurrentItem.B)"),
        ("EXCLUDE ItemID WHERE A.EVENT_TYPE IN (*)", "EXCLUDE ItemID WHERE A.EVENT_TYPE IN (*)"),
    ],
)
def test_normalised(given: str, shown: str) -> None:
    assert normalised(given) == shown == normalised(shown)


def test_switch_shows_expressions_normalised() -> None:
    expression = "include ItemID where Items.MAKER in CurrentItem.MAKER"
    for switch, shown in (("as given", expression), ("normalised", normalised(expression))):
        with mock_personalize(Settings(switches=Switches(filter_expression_shown=switch))) as emulator:
            world = World(emulator)
            group = world.group()
            world.dataset(group, "Items", fields=ITEMS)
            made = make(world, group, expression)
            assert world.described("filter", made)["filterExpression"] == shown


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Unexpected"),
        ("INCLUDE ItemID", "Unexpected"),
        ("KEEP ItemID WHERE Items.A IN (1)", "Unexpected"),
        ("INCLUDE ItemID WHERE Items.A LIKE 1", "Unexpected"),
        ('INCLUDE ItemID WHERE Items.A IN ("x"', "Unexpected"),
        ('INCLUDE ItemID WHERE Items.A IN ("x") IF Items.B IN ("y")', "Unexpected"),
        ('INCLUDE ItemID WHERE Items.A IN ("x") IF CurrentUser.B > 1 OR CurrentUser.B < 0', "Unexpected"),
        ('INCLUDE ItemID WHERE Films.A IN ("x")', "Films is not a dataset"),
        ('INCLUDE ItemID WHERE Items.A IN ("x") AND Interactions.B IN ("y")', "can use one dataset"),
        ('INCLUDE ItemID WHERE Users.A IN ("x")', "ItemID can be filtered by Interactions, Items"),
        ("INCLUDE ItemID WHERE Items.A NOT IN ($A)", "Placeholders are not allowed with NOT_IN operator"),
        (f"INCLUDE ItemID WHERE Items.A IN (${'A' * 51})", "at most 50 characters"),
        ("INCLUDE ItemID WHERE Items.A IN (*)", "* can be used only with EVENT_TYPE IN"),
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN (*)", "* can be used only with EVENT_TYPE IN"),
        (
            'INCLUDE ItemID WHERE Items.A IN ("x") | EXCLUDE UserID WHERE Users.B IN ("y")',
            "about the same kind of id",
        ),
    ],
)
def test_expressions_that_do_not(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputException) as caught:
        parse(text)
    assert caught.value.message.startswith("Could not create filter. Invalid Expression: ")
    assert reason in caught.value.message


def shop(world: World) -> str:
    group = world.group_with_data()
    items = world.dataset(group, "Items", world.schema("Items", ITEMS))
    rows = [f"i{n},{'drama|news' if n % 2 else 'sport'},{n},,,{'acme' if n < 10 else ''}" for n in range(60)]
    assert world.imported(items, "\n".join(["ITEM_ID,GENRES,PRICE,STORY,ADULT,MAKER", *rows]))["status"] == "ACTIVE"
    users = world.dataset(group, "Users")
    world.imported(users, "USER_ID,AGE\nu1,15\nu2,40\n")
    return group


def make(world: World, group: str, expression: str) -> str:
    arn = world.api.create_filter(name=world.name("f"), datasetGroupArn=group, filterExpression=expression)
    world.finish()
    return str(arn["filterArn"])


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ('INCLUDE ItemID WHERE Items.COLOUR IN ("x")', "Field COLOUR does not exist in the Items dataset"),
        ('INCLUDE ItemID WHERE Items.STORY IN ("x")', "Field STORY cannot be used in a filter"),
        ('INCLUDE ItemID WHERE Items.ADULT IN ("x")', "Field ADULT cannot be used in a filter"),
        ('INCLUDE ActionID WHERE Actions.KIND IN ("x")', "The dataset group has no Actions dataset"),
        ("INCLUDE ItemID WHERE Items.GENRES > 3", "Operator > needs a number, and GENRES is string"),
        ("INCLUDE ItemID WHERE Items.GENRES IN (3)", "cannot be compared with a number"),
        ('INCLUDE ItemID WHERE Items.PRICE IN ("x")', "cannot be compared with a string"),
        (
            'INCLUDE ItemID WHERE Items.GENRES IN ("x") IF CurrentUser.SEX IN ("x")',
            "Field SEX does not exist in the Us",
        ),
        ("INCLUDE ItemID WHERE Items.GENRES IN (CurrentItem.SEX)", "Field SEX does not exist in the Items dataset"),
    ],
)
def test_create_filter__does_not_fit_the_schemas(world: World, expression: str, reason: str) -> None:
    group = shop(world)
    with refused("InvalidInputException", reason):
        make(world, group, expression)


def test_create_filter__group_not_active(world: World) -> None:
    group = world.api.create_dataset_group(name="g")["datasetGroupArn"]
    with refused("InvalidInputException", "not in ACTIVE status"):
        make(world, group, 'INCLUDE ItemID WHERE Items.GENRES IN ("x")')


def test_switch_wants_data_before_filters() -> None:
    expression = 'INCLUDE ItemID WHERE Items.GENRES IN ("x")'
    with mock_personalize(Settings(switches=Switches(filter_needs_imported_data=True))) as emulator:
        world = World(emulator)
        group = world.group()
        items = world.dataset(group, "Items")
        with refused("InvalidInputException", "has no data yet"):
            make(world, group, expression)
        world.imported(items, "ITEM_ID,GENRES,PRICE\ni1,x,1\n")
        assert make(world, group, expression)


def test_quotas_of_fields() -> None:
    with mock_personalize(
        Settings(quotas={"fields in a filter": 1, "fields in all filters of a group": 2})
    ) as emulator:
        world = World(emulator)
        group = shop(world)
        with refused("LimitExceededException", "at most 1 distinct"):
            make(world, group, 'INCLUDE ItemID WHERE Items.GENRES IN ("x") AND Items.PRICE > 1')
        make(world, group, 'INCLUDE ItemID WHERE Items.GENRES IN ("x")')
        make(world, group, "INCLUDE ItemID WHERE Items.PRICE > 1")
        make(world, group, "INCLUDE ItemID WHERE Items.PRICE > 2")
        with refused("LimitExceededException", "The filters of a dataset group can use at most 2"):
            make(world, group, 'INCLUDE ItemID WHERE Items.MAKER IN ("x")')


@pytest.fixture
def served(world: World) -> tuple[str, str]:
    group = shop(world)
    return group, world.campaign(world.version(world.solution(group)))


def answered(world: World, campaign: str, user: str, filter_arn: str, **values: str) -> set[int]:
    answer = world.runtime.get_recommendations(
        campaignArn=campaign, userId=user, filterArn=filter_arn, filterValues=values, numResults=100
    )
    return {int(item["itemId"][1:]) for item in answer["itemList"]}


EVERY = set(range(60))


@pytest.mark.parametrize(
    ("expression", "values", "user", "expected"),
    [
        ('INCLUDE ItemID WHERE Items.GENRES IN ("news")', {}, "u1", {n for n in EVERY if n % 2}),
        ('INCLUDE ItemID WHERE Items.GENRES NOT IN ("news")', {}, "u1", {n for n in EVERY if n % 2 == 0}),
        ('EXCLUDE ItemID WHERE Items.GENRES IN ("news")', {}, "u1", {n for n in EVERY if n % 2 == 0}),
        ("INCLUDE ItemID WHERE Items.PRICE >= 10 AND Items.PRICE < 12", {}, "u1", {10, 11}),
        ("INCLUDE ItemID WHERE Items.PRICE = 1 OR Items.PRICE = 3", {}, "u1", {1, 3}),
        ("INCLUDE ItemID WHERE Items.PRICE != 1", {}, "u1", EVERY - {1}),
        ("INCLUDE ItemID WHERE Items.PRICE > $LEAST", {"LEAST": "57"}, "u1", {58, 59}),
        ("INCLUDE ItemID WHERE Items.GENRES IN ($G)", {"G": '"sport","x"'}, "u1", {n for n in EVERY if n % 2 == 0}),
        ("INCLUDE ItemID WHERE Items.GENRES IN ($G)", {"G": '"SPORT"'}, "u1", set()),
        (
            'INCLUDE ItemID WHERE Items.MAKER IN ("acme") | EXCLUDE ItemID WHERE Items.PRICE < 8',
            {},
            "u1",
            {8, 9},
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE = 1 | INCLUDE ItemID WHERE Items.PRICE = 2",
            {},
            "u1",
            {1, 2},
        ),
        ("INCLUDE ItemID WHERE Items.PRICE = 1 IF CurrentUser.AGE > 18", {}, "u1", EVERY),
        ("INCLUDE ItemID WHERE Items.PRICE = 1 IF CurrentUser.AGE > 18", {}, "u2", {1}),
    ],
)
def test_what_passes(
    world: World, served: tuple[str, str], expression: str, values: dict[str, str], user: str, expected: set[int]
) -> None:
    group, campaign = served
    assert answered(world, campaign, user, make(world, group, expression), **values) == expected


def test_interactions_are_those_of_the_user_who_asks(world: World) -> None:
    group = world.group()
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    dataset = world.dataset(group, "Interactions", world.schema("Interactions", fields))
    header, *rows = interactions_csv(2000, items=20).splitlines()
    world.imported(dataset, "\n".join([f"{header},EVENT_TYPE", *(f"{row},Buy" for row in rows)]))
    campaign = world.campaign(world.version(world.solution(group)))
    theirs = {int(row.split(",")[1][1:]) for row in rows if row.startswith("u1,")}
    made = make(world, group, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")')
    assert answered(world, campaign, "u1", made) == set(range(20)) - theirs
    assert answered(world, campaign, "stranger", made) == set(range(20))


def test_current_item(world: World) -> None:
    group = shop(world)
    campaign = world.campaign(world.version(world.solution(group, "aws-similar-items")))
    made = make(world, group, "INCLUDE ItemID WHERE Items.MAKER IN (CurrentItem.MAKER)")
    answer = world.runtime.get_recommendations(campaignArn=campaign, itemId="i3", filterArn=made)
    assert {item["itemId"] for item in answer["itemList"]} == {f"i{n}" for n in range(10)} - {"i3"}


@pytest.mark.parametrize(
    ("values", "message"), [({}, "parameters are missing: G"), ({"G": "1", "H": "2"}, "of these names: H")]
)
def test_values_must_match_the_placeholders(
    world: World, served: tuple[str, str], values: dict[str, Any], message: str
) -> None:
    group, campaign = served
    made = make(world, group, "INCLUDE ItemID WHERE Items.GENRES IN ($G)")
    with refused("InvalidInputException", message):
        answered(world, campaign, "u1", made, **values)


def test_list_filters__answers_with_a_capital(world: World) -> None:
    group = shop(world)
    made = make(world, group, "INCLUDE ItemID WHERE Items.PRICE > 1")
    (listed,) = world.api.list_filters(datasetGroupArn=group)["Filters"]
    assert (listed["filterArn"], listed["status"]) == (made, "ACTIVE")
    assert "filterExpression" not in listed
