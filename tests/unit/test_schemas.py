"""The service's schema rules find a fault before a dataset is made with it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from pipeline.params import schemas

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
    assert problems("Interactions", avro) == ["TIMESTAMP must be of type long."]


def test_the_record_is_named_after_the_dataset_type() -> None:
    avro = users_schema() | {"name": "users"}
    assert problems("Users", avro) == ['must be "Users", the dataset\'s type, not "users".']


def test_users_need_metadata() -> None:
    avro = users_schema()
    avro["fields"] = avro["fields"][:1]
    assert problems("Users", avro) == ["Users needs at least one field besides USER_ID."]


def test_names_that_the_service_takes_for_the_same_are_found() -> None:
    avro = users_schema({"name": "GENRES_1", "type": "string"}, {"name": "GENRES1", "type": "string"})
    assert "GENRES_1 and GENRES1 are the same name" in problems("Users", avro)[0]


def test_one_textual_field_of_items_is_allowed() -> None:
    fields = [{"name": "ITEM_ID", "type": "string"}] + [
        {"name": f"TEXT{number}", "type": "string", "textual": True} for number in range(2)
    ]
    items = users_schema() | {"name": "Items", "fields": fields}
    assert problems("Items", items) == ["TEXT0, TEXT1 are textual; one textual field is allowed."]
    items["fields"].pop()
    assert problems("Items", items) == []
    users = users_schema({"name": "BIO", "type": "string", "textual": True})
    assert problems("Users", users) == ["BIO is textual; only Items may have a textual field."]


def test_the_number_of_metadata_fields_is_bounded() -> None:
    more = [{"name": f"F{number}", "type": "int"} for number in range(6)]
    assert problems("Interactions", interactions_schema(*more)) == [
        "has 6 metadata fields; Interactions takes at most 5."
    ]


def test_a_domain_has_required_fields_of_its_own() -> None:
    assert problems("Interactions", interactions_schema(), "ECOMMERCE") == [
        "lacks the field EVENT_TYPE of type string, which Interactions needs."
    ]


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
