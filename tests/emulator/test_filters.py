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


GUIDE = "https://docs.aws.amazon.com/personalize/latest/dg/"
SAMPLES = "https://github.com/aws-samples/"

#: Expressions that AWS publishes, by where.
PUBLISHED = {
    f"{GUIDE}item-recommendation-filter-examples.html": [
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)",
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream")',
        'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")',
        "EXCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)",
        "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE",
        'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("shoe") AND Items.CATEGORY_L2 NOT IN ("boot")',
        "INCLUDE ItemID WHERE Items.PRICE <= $PRICE",
        "INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE",
        "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $DATE",
        "EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE",
    ],
    f"{GUIDE}action-recommendation-filter-examples.html": [
        "INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ($EVENT_TYPE)",
        'EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")',
        "EXCLUDE ActionID WHERE Actions.CATEGORY IN ($CATEGORY)",
        "INCLUDE ActionID WHERE Actions.VALUE > ($VALUE)",
        'INCLUDE ActionID WHERE Action.MEMBERSHIP_LEVEL IN ("Premium") IF CurrentUser.MEMBERSHIP = $PREMIUM',
        "EXCLUDE ActionID WHERE Actions.VALUE < ($VALUE) IF CurrentUser.MEMBERSHIP = $PREMIUM",
    ],
    f"{GUIDE}multiple-expression-example.html": [
        "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY) "
        '| INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("favorite")',
    ],
    "the developer guide as it was on GitHub, filters.md": [
        'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
        'EXCLUDE ItemID WHERE Items.CATEGORY IN ("shoe") AND Items.DESCRIPTION NOT IN ("boot")',
    ],
    f"{SAMPLES}amazon-personalize-immersion-day (created, seen ACTIVE)": [
        "INCLUDE ItemID WHERE Items.GENRES IN ($GENRE)",
        'INCLUDE ItemID WHERE Items.PROMOTION IN ("true")',
        "INCLUDE ItemID WHERE Items.YEAR >= $YEAR1 AND Items.YEAR < $YEAR2",
        'INCLUDE ItemID WHERE Interactions.event_type IN ("Watch")',
        "INCLUDE ItemID WHERE Items.ARTICLE_GENRE IN ($GENRELIST) AND Items.CREATION_TIMESTAMP > $CUTOFF "
        '| EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
        'EXCLUDE itemId WHERE INTERACTIONS.event_type in ("Purchase")',
    ],
    f"{SAMPLES}amazon-personalize-samples (created)": [
        'INCLUDE ItemID WHERE Items.GENRE IN ("Film-Noir")',
        "INCLUDE ItemID WHERE Items.YEAR >= 1970 AND Items.YEAR < 1980",
    ],
    f"{SAMPLES}retail-demo-store": [
        "INCLUDE ItemID WHERE ITEMS.CATEGORY_L1 IN CurrentItem.CATEGORY_L1",
        'EXCLUDE ItemID WHERE Items.CATEGORY_L1 NOT IN ("a", "b")',
    ],
    "the AWS Solution's sample configuration": [
        'INCLUDE ItemID WHERE Interactions.EVENT_TYPE in ("click", "stream")',
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE in ("*")',
    ],
}
OTHERS = [
    "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)",
    'EXCLUDE ItemID WHERE Items.GENRES NOT IN ("a \\"quoted\\" word")',
    "INCLUDE ItemID WHERE Items.PRICE >= 10 AND Items.PRICE < 20.5 OR Items.PRICE = -1",
    'INCLUDE ItemID WHERE Items.GENRES IN ($GENRES) IF CurrentUser.AGE > 17 AND CurrentUser.SEX IN ("x")',
    "INCLUDE ItemID WHERE Items.MAKER IN (CurrentItem.MAKER)",
    "INCLUDE ItemID WHERE Items.MAKER IN ($CurrentItem.MAKER)",
    "INCLUDE ItemID WHERE Items.MAKER IN $MAKER",
    "EXCLUDE UserID WHERE Users.AGE < 18",
    'exclude itemid where Items.GENRES not in ("a") if currentuser.AGE > 17',
]


@pytest.mark.parametrize(
    ("source", "text"),
    [(source, text) for source, texts in {**PUBLISHED, "ours": OTHERS}.items() for text in texts],
)
def test_expressions_that_parse(source: str, text: str) -> None:
    assert parse(text).expressions, source


def test_spellings_mean_the_same() -> None:
    plain = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*) OR Interactions.EVENT_TYPE IN ("x")'
    other = 'exclude itemId where INTERACTIONS.EVENT_TYPE in "*" or interactions.EVENT_TYPE in "x"'
    assert parse(plain) == parse(other)
    plain, other = "INCLUDE ItemID WHERE Items.N > 3", "include itemid where ITEMS.N > (3)"
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
        ("", "the expression ends too early; expected INCLUDE or EXCLUDE."),
        ("INCLUDE ItemID", "expected WHERE."),
        ("KEEP ItemID WHERE Items.A IN (1)", "unexpected KEEP at position 1; expected INCLUDE or EXCLUDE."),
        ("INCLUDE ItemID WHERE Items.A LIKE 1", "unexpected LIKE at position 30; expected IN, NOT, a comparison."),
        ("INCLUDE ItemID WHERE Items.A == 1", "unexpected = at position 31"),
        ("INCLUDE ItemID WHERE Items.A IN ('x')", "unexpected ' at position 34"),
        ('INCLUDE ItemID WHERE Items.A IN ("x"', "expected a closing parenthesis, a comma."),
        ("INCLUDE ItemID WHERE Items.A > 1 AND", "expected a name."),
        ('INCLUDE ItemID WHERE Items.A IN ("x") IF Items.B IN ("y")', "unexpected Items at position 42"),
        ('INCLUDE ItemID WHERE Items.A IN ("x") IF CurrentUser.B > 1 OR CurrentUser.B < 0', "expected AND, the end, |"),
        ('INCLUDE ItemID WHERE Interactions.DEVICE IN ("x")', "Of Interactions only EVENT_TYPE can be used"),
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
        ("INCLUDE ItemID WHERE Items.PRICE IN ($P)", {"P": "3, 4"}, "u1", {3, 4}),
        ("INCLUDE ItemID WHERE Items.PRICE NOT IN (0, 1)", {}, "u1", EVERY - {0, 1}),
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


NO_LIST = "must be numbers, or texts in quotation marks"


@pytest.mark.parametrize(
    ("condition", "values", "message"),
    [
        ("Items.GENRES IN ($G)", {}, "parameters are missing: G"),
        ("Items.GENRES IN ($G)", {"G": '"a"', "H": "2"}, "of these names: H"),
        ("Items.GENRES IN ($G)", {"G": "drama"}, NO_LIST),
        ("Items.GENRES IN ($G)", {"G": '"drama'}, NO_LIST),
        ("Items.GENRES IN ($G)", {"G": "null"}, NO_LIST),
        ("Items.GENRES IN ($G)", {"G": '"\\ud800"'}, NO_LIST),
        ("Items.GENRES IN ($G)", {"G": "[" * 1000}, NO_LIST),
        ("Items.GENRES IN ($G)", {"G": ""}, "must have one value"),
        ("Items.GENRES IN ($G)", {"G": "3"}, "must have a text in quotation marks: field GENRES is of type string"),
        ("Items.PRICE > $P", {"P": '"3"'}, "must have a number: field PRICE is of type"),
        ("Items.PRICE > $P", {"P": "1, 2"}, "must have one value"),
        ("Items.PRICE > $P", {"P": "9" * 400}, NO_LIST),
        ("Items.PRICE > $P", {"P": "NaN"}, NO_LIST),
    ],
)
def test_values_must_match_the_placeholders(
    world: World, served: tuple[str, str], condition: str, values: dict[str, Any], message: str
) -> None:
    group, campaign = served
    made = make(world, group, f"INCLUDE ItemID WHERE {condition}")
    with refused("InvalidInputException", message):
        answered(world, campaign, "u1", made, **values)


def test_values_of_an_exclusion_may_be_left_out_and_then_it_is_not_used(world: World, served: tuple[str, str]) -> None:
    group, campaign = served
    made = make(world, group, "EXCLUDE ItemID WHERE Items.GENRES IN ($G) | EXCLUDE ItemID WHERE Items.PRICE > $P")
    assert answered(world, campaign, "u1", made) == EVERY
    assert answered(world, campaign, "u1", made, P="9") == set(range(10))
    assert answered(world, campaign, "u1", made, P="9", G='"sport"') == {1, 3, 5, 7, 9}


def test_list_filters__answers_with_a_capital(world: World) -> None:
    group = shop(world)
    made = make(world, group, "INCLUDE ItemID WHERE Items.PRICE > 1")
    (listed,) = world.api.list_filters(datasetGroupArn=group)["Filters"]
    assert (listed["filterArn"], listed["status"]) == (made, "ACTIVE")
    assert "filterExpression" not in listed
