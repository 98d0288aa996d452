"""The service's schema rules find a fault before a dataset is made with it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline.params import schemas

from local.personalize_emulator import Switches
from local.personalize_emulator import avro as emulator
from local.personalize_emulator.exceptions import InvalidInputException

from .conftest import interactions_schema, users_schema


def problems(dataset_type: str, avro: dict[str, Any], domain: str | None = None) -> list[str]:
    return [problem.what for problem in schemas.problems("$.s", dataset_type, domain, avro)]


def test_the_examples_have_no_problems() -> None:
    assert problems("Interactions", interactions_schema()) == []
    assert problems("Users", users_schema()) == []


@pytest.mark.parametrize("missing", ["USER_ID", "ITEM_ID", "TIMESTAMP"])
def test_a_missing_required_field_is_named(missing: str) -> None:
    avro = interactions_schema()
    avro["fields"] = [field for field in avro["fields"] if field["name"] != missing]
    assert any(missing in what for what in problems("Interactions", avro))


def test_a_required_field_of_another_type_is_named() -> None:
    avro = interactions_schema()
    avro["fields"][2]["type"] = "string"
    assert problems("Interactions", avro) == [
        "TIMESTAMP must be of type long, not string: the name has a meaning to Personalize."
    ]


def test_the_record_is_named_after_the_dataset_type() -> None:
    avro = users_schema() | {"name": "users"}
    assert problems("Users", avro) == ['must be "Users", the dataset\'s type, not "users".']


def test_users_need_metadata() -> None:
    avro = users_schema()
    avro["fields"] = avro["fields"][:1]
    needed = "Users needs at least one field besides USER_ID that is a number, or a categorical text."
    assert problems("Users", avro) == [f"{needed} Other texts teach nothing."]
    avro["fields"].append({"name": "CITY", "type": "string"})
    assert problems("Users", avro) == [f"{needed} Other texts teach nothing."]
    avro["fields"][1]["categorical"] = True
    assert problems("Users", avro) == []


def test_names_that_the_service_takes_for_the_same_are_found() -> None:
    avro = users_schema({"name": "GENRES_1", "type": "string"}, {"name": "GENRES1", "type": "string"})
    assert "GENRES_1 and GENRES1 are the same name" in problems("Users", avro)[0]


def test_one_textual_field_of_items_is_allowed() -> None:
    fields = [{"name": "ITEM_ID", "type": "string"}] + [
        {"name": f"TEXT{number}", "type": "string", "textual": True} for number in range(2)
    ]
    items = users_schema() | {"name": "Items", "fields": fields}
    assert problems("Items", items) == ["TEXT0, TEXT1 are textual; one field may be."]
    items["fields"].pop()
    assert problems("Items", items) == []
    users = users_schema({"name": "BIO", "type": "string", "textual": True})
    assert problems("Users", users) == ["BIO is textual; only Items may have a field that is."]


def test_the_number_of_metadata_fields_is_bounded() -> None:
    more = [{"name": f"F{number}", "type": "int"} for number in range(6)]
    assert problems("Interactions", interactions_schema(*more)) == [
        "has 6 metadata fields; Interactions takes at most 5."
    ]


def test_a_domain_has_required_fields_of_its_own() -> None:
    assert problems("Interactions", interactions_schema(), "ECOMMERCE") == [
        "lacks the field EVENT_TYPE of type string, which Interactions needs."
    ]


def items_schema(*fields: dict[str, Any]) -> dict[str, Any]:
    return users_schema() | {"name": "Items", "fields": [{"name": "ITEM_ID", "type": "string"}, *fields]}


def column(name: str, kind: Any = "string", **attributes: bool) -> dict[str, Any]:
    return {"name": name, "type": kind, **attributes}


PRICE, GENRES = column("PRICE", "float"), column("GENRES", categorical=True)
MADE = column("CREATION_TIMESTAMP", "long")


@pytest.mark.parametrize(
    ("dataset_type", "domain", "avro", "what"),
    [
        ("Items", None, items_schema(PRICE, column("N", ["string", "int"])), "N is string and int; a field has one"),
        ("Items", None, items_schema(PRICE, column("N", "null")), "N is null and nothing else; give it a type."),
        (
            "Items",
            None,
            items_schema(PRICE, column("N", "int", categorical=True)),
            "N is categorical and of type int; only a string can be categorical.",
        ),
        ("Items", None, items_schema(column("N", ["null", "float"], textual=True)), "N is textual and of type float;"),
        ("Items", None, items_schema(PRICE, column("N", "int", itemName=True)), "N is itemName and of type int;"),
        ("Items", None, items_schema(PRICE, column("CREATION_TIMESTAMP")), "CREATION_TIMESTAMP must be of type long,"),
        ("Items", None, items_schema(MADE), "Items needs at least one field besides ITEM_ID that is a number,"),
        (
            "Items",
            None,
            {**items_schema(PRICE), "fields": [column("ITEM_ID", ["string", "null"]), PRICE]},
            "ITEM_ID may not be null: every row needs it.",
        ),
        (
            "Interactions",
            None,
            interactions_schema(column("EVENT_TYPE", categorical=True)),
            "EVENT_TYPE must not be categorical: the name has a meaning to Personalize.",
        ),
        (
            "Interactions",
            None,
            interactions_schema(column("EVENT_VALUE", "string")),
            "EVENT_VALUE must be of type float,",
        ),
        ("Interactions", None, interactions_schema(column("X", itemName=True)), "X is itemName; only Items may have"),
        (
            "Items",
            "ECOMMERCE",
            items_schema(PRICE, column("CATEGORY_L1")),
            "CATEGORY_L1 must be categorical: the name has a meaning to Personalize.",
        ),
        (
            "Items",
            "ECOMMERCE",
            items_schema(PRICE, column("CATEGORY_L1", categorical=True), column("PRODUCT_DESCRIPTION")),
            "PRODUCT_DESCRIPTION must be textual: the name has a meaning to Personalize.",
        ),
        (
            "Items",
            "VIDEO_ON_DEMAND",
            items_schema(GENRES, column("CREATION_TIMESTAMP", ["long", "null"])),
            "CREATION_TIMESTAMP may not be null: every row needs it.",
        ),
        ("Items", "VIDEO_ON_DEMAND", items_schema(MADE, GENRES, column("DURATION", "int")), "DURATION must be of type"),
        (
            "Users",
            "VIDEO_ON_DEMAND",
            users_schema(column("SUBSCRIPTION_MODEL")),
            "SUBSCRIPTION_MODEL must be categorical",
        ),
    ],
)
def test_what_a_column_may_not_be_is_told(
    dataset_type: str, domain: str | None, avro: dict[str, Any], what: str
) -> None:
    (problem,) = problems(dataset_type, avro, domain)
    assert what in problem


@pytest.mark.parametrize(
    ("dataset_type", "domain", "avro"),
    [
        ("Items", None, items_schema(column("TITLE"), column("N", ["null", "double"]))),
        ("Items", None, items_schema(column("STORY", ["null", "string"], textual=True))),
        ("Items", None, items_schema(PRICE, column("ADULT", "boolean"), column("NAME", itemName=True))),
        ("Items", None, items_schema(GENRES, column("CREATION_TIMESTAMP", ["null", "long"]))),
        ("Items", "ECOMMERCE", items_schema(column("PRICE", "double"), column("CATEGORY_L1", categorical=True))),
        ("Items", "ECOMMERCE", items_schema(PRICE, column("CATEGORY_L1", categorical=True), column("GENRES"))),
        ("Items", "VIDEO_ON_DEMAND", items_schema(MADE, GENRES, PRICE)),
        ("Interactions", None, interactions_schema(column("EVENT_VALUE", ["null", "double"]))),
        (
            "Interactions",
            "ECOMMERCE",
            interactions_schema(column("EVENT_TYPE"), column("IMPRESSION", ["string", "null"])),
        ),
        ("Users", "ECOMMERCE", users_schema(column("SUBSCRIPTION_MODEL"))),
    ],
)
def test_what_a_column_may_be_passes(dataset_type: str, domain: str | None, avro: dict[str, Any]) -> None:
    assert problems(dataset_type, avro, domain) == []


# The plan and the emulator, which know nothing of each other, of the same schemas.

_NAMES = st.sampled_from(
    [
        *("USER_ID", "ITEM_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "PRICE", "VALUE"),
        *("CREATION_TIMESTAMP", "CATEGORY_L1", "CATEGORY_L2", "PRODUCT_DESCRIPTION", "GENRES", "DURATION", "A", "B_1"),
    ]
)
_KINDS = st.sampled_from(["string", "long", "float", "int", "double", "boolean"])
_FIELDS = st.builds(
    lambda name, kind, null, attributes: column(name, ["null", kind] if null else kind, **attributes),
    _NAMES,
    _KINDS,
    st.booleans(),
    st.sampled_from([{}, {}, {"categorical": True}, {"textual": True}]),
)


def _least(dataset_type: str, domain: str | None) -> list[dict[str, Any]]:
    """The fields that a dataset needs."""
    added = schemas.DOMAINS[domain].get(dataset_type, schemas.DatasetRules())
    required = schemas.CUSTOM[dataset_type].required | added.required
    return [
        column(name, rule.type, **({rule.attribute: True} if rule.attribute else {})) for name, rule in required.items()
    ]


@settings(max_examples=500)
@given(
    st.sampled_from([(kind, domain) for kind in ("Interactions", "Items", "Users") for domain in schemas.DOMAINS])
    | st.sampled_from([("Actions", None), ("Action_Interactions", None)]),
    st.lists(_FIELDS, max_size=4),
    st.booleans(),
)
def test_the_plan_refuses_what_the_emulator_refuses(
    kind: tuple[str, str | None], fields: list[dict[str, Any]], complete: bool
) -> None:
    """But for nulls in columns that may be left out, which the guide's tables show without, and nobody has tried."""
    dataset_type, domain = kind
    least = _least(dataset_type, domain) if complete else []
    reserved = schemas.CUSTOM[dataset_type].reserved | (
        schemas.DOMAINS[domain].get(dataset_type, schemas.DatasetRules()).reserved
    )
    for one in fields:
        if one["name"] in reserved and isinstance(one["type"], list):
            one["type"] = one["type"][1]
    avro = users_schema() | {"name": dataset_type, "fields": [*least, *fields]}
    try:
        emulator.check(emulator.parse(json.dumps(avro), Switches()), dataset_type.upper(), domain, Switches())
        refused = None
    except InvalidInputException as err:
        refused = err.message
    assert bool(problems(dataset_type, avro, domain)) == bool(refused), (problems(dataset_type, avro, domain), refused)


def test_another_schema_has_another_name_and_the_same_one_the_same() -> None:
    one, other = interactions_schema(), interactions_schema({"name": "EVENT_TYPE", "type": "string"})
    assert schemas.name_for("shop", None, one) == schemas.name_for("shop", None, copy.deepcopy(one))
    assert schemas.name_for("shop", None, one) != schemas.name_for("shop", None, other)
    assert len(schemas.name_for("x" * 63, None, one)) <= 63


def test_the_same_schema_of_another_domain_has_another_name() -> None:
    """A group takes schemas of its own domain only."""
    names = {schemas.name_for("shop", domain, interactions_schema()) for domain in schemas.DOMAINS}
    assert len(names) == len(schemas.DOMAINS)


@pytest.mark.parametrize(
    ("dataset_type", "added", "refused"),
    [
        ("Users", {"name": "TIER", "type": ["null", "string"]}, None),
        ("Users", {"name": "TIER", "type": "string"}, "must allow null"),
        ("Interactions", {"name": "TIER", "type": ["null", "string"]}, "can't be replaced"),
    ],
)
def test_a_schema_can_be_replaced_where_the_service_can(
    dataset_type: str, added: dict[str, Any], refused: str | None
) -> None:
    problem = schemas.replacement_problem(dataset_type, users_schema(), users_schema(added))
    assert problem is None if refused is None else refused in str(problem)


def test_a_replacement_keeps_every_old_field() -> None:
    old = users_schema({"name": "TIER", "type": "string"})
    assert "keep every old field" in str(schemas.replacement_problem("Users", old, users_schema()))


def test_schemas_are_the_same_by_their_fields() -> None:
    assert schemas.same(users_schema(), users_schema() | {"name": "users", "version": "2.0"})
    assert not schemas.same(users_schema(), users_schema({"name": "TIER", "type": "int"}))


@pytest.mark.parametrize("name", ["Action_Interactions", "ActionInteractions"])
def test_both_spellings_of_action_interactions_are_accepted(name: str) -> None:
    names = ("USER_ID", "ACTION_ID", "EVENT_TYPE")
    fields = [{"name": field, "type": "string"} for field in names] + [{"name": "TIMESTAMP", "type": "long"}]
    assert problems("Action_Interactions", users_schema() | {"name": name, "fields": fields}) == []
