"""Schemas: what moto's own tests expect, and the rules of each dataset type and domain."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize

from .world import ACCOUNT, FIELDS, REGION, World, refused, schema_text

UNKNOWN = f"arn:aws:personalize:{REGION}:{ACCOUNT}:schema/nothing"


def test_create_schema(world: World) -> None:
    answer = world.api.create_schema(name="mine", schema=schema_text("Interactions"))
    assert answer["schemaArn"] == f"arn:aws:personalize:{REGION}:{ACCOUNT}:schema/mine"


def test_describe_schema(world: World) -> None:
    text = schema_text("Interactions")
    arn = world.api.create_schema(name="mine", schema=text)["schemaArn"]

    schema = world.api.describe_schema(schemaArn=arn)["schema"]

    assert (schema["name"], schema["schemaArn"], schema["schema"]) == ("mine", arn, text)
    assert schema["creationDateTime"] == schema["lastUpdatedDateTime"]
    assert "domain" not in schema


def test_describe_schema__with_domain(world: World) -> None:
    arn = world.schema("Interactions", domain="ECOMMERCE")
    assert world.api.describe_schema(schemaArn=arn)["schema"]["domain"] == "ECOMMERCE"


def test_list_schemas__none(world: World) -> None:
    assert world.api.list_schemas()["schemas"] == []


def test_list_schemas__leaves_out_the_text(world: World) -> None:
    arn = world.schema("Interactions")
    (listed,) = world.api.list_schemas()["schemas"]
    assert listed["schemaArn"] == arn
    assert "schema" not in listed


def test_delete_schema(world: World) -> None:
    world.api.delete_schema(schemaArn=world.schema("Interactions"))
    assert world.api.list_schemas()["schemas"] == []


@pytest.mark.parametrize("operation", ["describe_schema", "delete_schema"])
def test_unknown_schema(world: World, operation: str) -> None:
    with refused("ResourceNotFoundException", f"The given schema does not exist: {UNKNOWN}"):
        getattr(world.api, operation)(schemaArn=UNKNOWN)


def test_create_schema__name_taken(world: World) -> None:
    arn = world.api.create_schema(name="mine", schema=schema_text("Users"))["schemaArn"]
    with refused("ResourceAlreadyExistsException", f"Another resource with Arn {arn} already exists."):
        world.api.create_schema(name="mine", schema=schema_text("Items"))


def test_a_name_is_free_again_after_deletion(world: World) -> None:
    arn = world.api.create_schema(name="mine", schema=schema_text("Users"))["schemaArn"]
    world.api.delete_schema(schemaArn=arn)
    assert world.api.create_schema(name="mine", schema=schema_text("Users"))["schemaArn"] == arn


def test_delete_schema__in_use(world: World) -> None:
    schema = world.schema("Interactions")
    world.dataset(world.group(), "Interactions", schema)
    with refused("ResourceInUseException", "depends on it"):
        world.api.delete_schema(schemaArn=schema)


def test_schemas_are_not_read_when_the_switch_is_off() -> None:
    with mock_personalize(Settings(switches=Switches(check_schemas=False))) as emulator:
        world = World(emulator)
        arn = world.api.create_schema(name="mine", schema="sth")["schemaArn"]
        assert world.api.describe_schema(schemaArn=arn)["schema"]["schema"] == "sth"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ('"sth"', "must be an Avro record"),
        (schema_text("Users", []), "list of fields"),
        (schema_text("Users", name=""), "name of a dataset type"),
        (schema_text("Users", [{"name": "A"}]), "Field A must be of one type"),
        (schema_text("Users", [{"type": "string"}]), "needs a name"),
        (schema_text("Users", [{"name": "A", "type": {"type": "array", "items": "string"}}]), "Field A must be of one"),
        (schema_text("Users", [{"name": "A", "type": ["string", "int"]}]), "Field A must be of one type"),
        (schema_text("Users", [{"name": "1A", "type": "string"}]), "Field name 1A must match"),
        (schema_text("Users", [{"name": "A" * 151, "type": "string"}]), "at most 150"),
        (schema_text("Users", [{"name": "A_1", "type": "int"}, {"name": "A1", "type": "int"}]), "A_1, A1"),
        (schema_text("Users", [{"name": "Age", "type": "int"}, {"name": "AGE", "type": "int"}]), "Age, AGE"),
        (schema_text("Users", [{"name": "A", "type": "int", "categorical": True}]), "Only string fields"),
        (
            schema_text("Items", [{"name": "A", "type": "string", "categorical": True, "textual": True}]),
            "both categorical and textual",
        ),
    ],
)
def test_create_schema__not_a_schema(world: World, text: str, message: str) -> None:
    with refused("InvalidInputException", message):
        world.api.create_schema(name="mine", schema=text)


def field(name: str, type_: Any = "string", **attributes: bool) -> dict[str, Any]:
    return {"name": name, "type": type_, **attributes}


ITEMS_ID, USERS_ID = field("ITEM_ID"), field("USER_ID")


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("Interactions", FIELDS["Interactions"][:1], "missing the following columns: [ITEM_ID, TIMESTAMP]"),
        ("Interactions", [*FIELDS["Interactions"][:2], field("TIMESTAMP")], "TIMESTAMP must be of type long"),
        ("Interactions", [field("USER_ID", ["null", "string"]), *FIELDS["Interactions"][1:]], "must not allow null"),
        ("Interactions", [*FIELDS["Interactions"], field("EVENT_TYPE", categorical=True)], "neither categorical"),
        ("Interactions", [*FIELDS["Interactions"], field("EVENT_VALUE")], "EVENT_VALUE must be of type float"),
        ("Interactions", [*FIELDS["Interactions"], *(field(f"M{n}", "int") for n in range(6))], "at most 5 metadata"),
        ("Interactions", [*FIELDS["Interactions"], field("TEXT", textual=True)], "Only schemas for Items"),
        ("Users", [USERS_ID], "at least one metadata field"),
        ("Users", [USERS_ID, field("NOTE")], "at least one metadata field"),
        ("Users", [USERS_ID, *(field(f"M{n}", "int") for n in range(26))], "at most 25 metadata"),
        ("Items", [ITEMS_ID, field("CREATION_TIMESTAMP", "long")], "at least one metadata field"),
        ("Items", [ITEMS_ID, field("A", textual=True), field("B", textual=True)], "at most 1 textual"),
        ("Items", [ITEMS_ID, *(field(f"M{n}", "int") for n in range(101))], "at most 100 metadata"),
        ("Actions", [field("ACTION_ID"), *(field(f"M{n}", "int") for n in range(11))], "at most 10 metadata"),
        ("Action_Interactions", FIELDS["Action_Interactions"][:3], "missing the following columns: [TIMESTAMP]"),
    ],
)
def test_create_dataset__schema_breaks_the_rules_of_its_type(
    world: World, kind: str, fields: list[dict[str, Any]], message: str
) -> None:
    group, schema = world.group(), world.schema(kind, fields)
    with refused("InvalidInputException", message):
        world.dataset(group, kind, schema)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        *FIELDS.items(),
        ("Interactions", [*FIELDS["Interactions"], field("EVENT_TYPE"), field("EVENT_VALUE", ["float", "null"])]),
        ("Interactions", [*reversed(FIELDS["Interactions"]), field("IMPRESSION", ["null", "string"])]),
        ("Users", [field("USER_ID", ["string"]), field("GENDER", categorical=True), field("AGE", "int")]),
        ("Items", [ITEMS_ID, field("DESCRIPTION", ["null", "string"], textual=True)]),
    ],
)
def test_create_dataset__schemas_that_fit(world: World, kind: str, fields: list[dict[str, Any]]) -> None:
    dataset = world.dataset(world.group(), kind, world.schema(kind, fields))
    assert world.api.describe_dataset(datasetArn=dataset)["dataset"]["status"] == "ACTIVE"


EVENTS = [*FIELDS["Interactions"], field("EVENT_TYPE")]


@pytest.mark.parametrize(
    ("domain", "kind", "fields", "message"),
    [
        ("ECOMMERCE", "Interactions", FIELDS["Interactions"], "columns: [EVENT_TYPE]"),
        ("VIDEO_ON_DEMAND", "Interactions", FIELDS["Interactions"], "columns: [EVENT_TYPE]"),
        ("ECOMMERCE", "Items", [ITEMS_ID, field("PRICE", "float")], "columns: [CATEGORY_L1]"),
        ("ECOMMERCE", "Items", [ITEMS_ID, field("PRICE", "float"), field("CATEGORY_L1")], "must be categorical"),
        ("VIDEO_ON_DEMAND", "Items", [ITEMS_ID, field("GENRES", categorical=True)], "columns: [CREATION_TIMESTAMP]"),
        ("VIDEO_ON_DEMAND", "Users", [USERS_ID], "at least one metadata field"),
        ("ECOMMERCE", "Actions", FIELDS["Actions"], "takes no datasets of type ACTIONS"),
    ],
)
def test_create_dataset__schema_breaks_the_rules_of_its_domain(
    world: World, domain: str, kind: str, fields: list[dict[str, Any]], message: str
) -> None:
    group, schema = world.group(domain=domain), world.schema(kind, fields, domain=domain)
    with refused("InvalidInputException", message):
        world.dataset(group, kind, schema)


@pytest.mark.parametrize(
    ("domain", "kind", "fields"),
    [
        ("ECOMMERCE", "Interactions", EVENTS),
        ("VIDEO_ON_DEMAND", "Interactions", EVENTS),
        (
            "ECOMMERCE",
            "Items",
            [ITEMS_ID, field("PRICE", "float"), field("CATEGORY_L1", categorical=True)],
        ),
        (
            "VIDEO_ON_DEMAND",
            "Items",
            [ITEMS_ID, field("CREATION_TIMESTAMP", "long"), field("GENRES", categorical=True)],
        ),
        ("VIDEO_ON_DEMAND", "Users", [USERS_ID, field("SUBSCRIPTION_MODEL", categorical=True)]),
    ],
)
def test_create_dataset__schemas_that_fit_the_domain(
    world: World, domain: str, kind: str, fields: list[dict[str, Any]]
) -> None:
    group = world.group(domain=domain)
    assert world.dataset(group, kind, world.schema(kind, fields, domain=domain))


def test_create_dataset__domain_of_schema_and_group_differ(world: World) -> None:
    schema = world.schema("Interactions", EVENTS, domain="ECOMMERCE")
    with refused("InvalidInputException", "does not match the dataset group's domain"):
        world.dataset(world.group(), "Interactions", schema)


def test_create_dataset__record_of_another_type(world: World) -> None:
    with refused("InvalidInputException", "does not match the dataset type Items"):
        world.dataset(world.group(), "Items", world.schema("Users"))


@pytest.mark.parametrize(
    ("switches", "text", "message"),
    [
        (Switches(namespace_enforced=True), schema_text("Users", namespace="mine"), "namespace must be"),
        (
            Switches(required_columns_checked_by="CreateSchema"),
            schema_text("Items", [ITEMS_ID]),
            "at least one metadata field",
        ),
    ],
)
def test_switches_make_create_schema_stricter(switches: Switches, text: str, message: str) -> None:
    with mock_personalize() as lenient:
        World(lenient).api.create_schema(name="mine", schema=text)
    with mock_personalize(Settings(switches=switches)) as strict, refused("InvalidInputException", message):
        World(strict).api.create_schema(name="mine", schema=text)


@pytest.mark.parametrize("sensitive", [True, False])
def test_switch_for_the_case_of_the_record_name(sensitive: bool) -> None:
    with mock_personalize(Settings(switches=Switches(record_name_case_sensitive=sensitive))) as emulator:
        world = World(emulator)
        text = json.loads(schema_text("Users")) | {"name": "users"}
        schema = world.api.create_schema(name="mine", schema=json.dumps(text))["schemaArn"]
        group = world.group()
        if sensitive:
            with refused("InvalidInputException", "does not match the dataset type"):
                world.dataset(group, "Users", schema)
        else:
            assert world.dataset(group, "Users", schema)


def test_switch_for_the_name_of_the_expiry_column() -> None:
    fields = [*FIELDS["Actions"], field("ACTION_EXPIRATION_TIMESTAMP", ["string", "null"])]
    with mock_personalize() as emulator:
        world = World(emulator)
        assert world.dataset(world.group(), "Actions", world.schema("Actions", fields))
    switches = Switches(action_expiration_column="ACTION_EXPIRATION_TIMESTAMP")
    with mock_personalize(Settings(switches=switches)) as emulator:
        world = World(emulator)
        group, schema = world.group(), world.schema("Actions", fields)
        with refused("InvalidInputException", "must be of type long"):
            world.dataset(group, "Actions", schema)
