"""Dataset groups and datasets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize

from .world import ACCOUNT, FIELDS, REGION, ROLE, World, refused, schema_text

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/abc"


def test_dataset_group__key_and_role_go_together(world: World) -> None:
    for half in ({"kmsKeyArn": KEY}, {"roleArn": ROLE}):
        with refused("InvalidInputException", "together"):
            world.api.create_dataset_group(name="g", **half)
    group = world.group(kmsKeyArn=KEY, roleArn=ROLE)
    assert world.api.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["kmsKeyArn"] == KEY


def test_dataset_group__domain_is_echoed(world: World) -> None:
    answer = world.api.create_dataset_group(name="g", domain="ECOMMERCE")
    assert answer["domain"] == "ECOMMERCE"
    assert "domain" not in world.api.create_dataset_group(name="h")


def test_dataset__arn_has_group_and_type_and_not_its_name(world: World) -> None:
    group = world.group(name="shop")
    arn = world.dataset(group, "interactions", world.schema("Interactions"))
    assert arn == f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset/shop/INTERACTIONS"
    assert world.api.describe_dataset(datasetArn=arn)["dataset"]["datasetType"] == "INTERACTIONS"


def test_dataset__second_of_a_type(world: World) -> None:
    group = world.group(name="shop")
    world.dataset(group)
    with refused("ResourceAlreadyExistsException", "dataset/shop/INTERACTIONS already exists"):
        world.dataset(group)


def test_dataset__unknown_type(world: World) -> None:
    group, schema = world.group(), world.schema("Users")
    with refused("InvalidInputException", "Dataset type Clicks is not one of Interactions"):
        world.dataset(group, "Clicks", schema)


@pytest.mark.parametrize("missing", ["datasetGroupArn", "schemaArn"])
def test_dataset__unknown_parent(world: World, missing: str) -> None:
    params = {"datasetGroupArn": world.group(), "schemaArn": world.schema("Users")}
    params[missing] += "-not"
    with refused("ResourceNotFoundException", f"does not exist: {params[missing]}"):
        world.api.create_dataset(name="d", datasetType="Users", **params)


def test_dataset__group_not_active_yet(world: World) -> None:
    group = world.api.create_dataset_group(name="g")["datasetGroupArn"]
    schema = world.schema("Users")
    with refused("ResourceInUseException", "its status is CREATE PENDING"):
        world.api.create_dataset(name="d", datasetType="Users", datasetGroupArn=group, schemaArn=schema)


def test_switch_for_the_error_of_a_parent_that_is_not_active() -> None:
    with mock_personalize(Settings(switches=Switches(parent_not_active_error="InvalidInputException"))) as emulator:
        world = World(emulator)
        group = world.api.create_dataset_group(name="g")["datasetGroupArn"]
        with refused("InvalidInputException", "not in ACTIVE status"):
            world.api.create_event_tracker(name="t", datasetGroupArn=group)


WIDER: list[dict[str, Any]] = [*FIELDS["Users"], {"name": "HEIGHT", "type": ["null", "float"]}]


def test_update_dataset__shows_pending_on_the_dataset_itself(world: World) -> None:
    dataset = world.dataset(world.group(), "Users")
    schema = world.schema("Users", WIDER)
    world.api.update_dataset(datasetArn=dataset, schemaArn=schema)

    def described() -> Any:
        return world.api.describe_dataset(datasetArn=dataset)["dataset"]

    assert described()["status"] == "UPDATE PENDING"
    assert described()["latestDatasetUpdate"]["status"] == "CREATE PENDING"
    assert described()["schemaArn"] != schema
    world.emulator.clock.advance(60)
    assert described()["status"] == "UPDATE IN_PROGRESS"
    world.finish()
    assert described()["status"] == "ACTIVE"
    assert described()["schemaArn"] == schema
    assert described()["latestDatasetUpdate"]["schemaArn"] == schema


def test_update_dataset__new_columns_can_be_imported(world: World) -> None:
    dataset = world.dataset(world.group(), "Users")
    world.imported(dataset, "USER_ID,AGE\nu1,3\n")
    world.api.update_dataset(datasetArn=dataset, schemaArn=world.schema("Users", WIDER))
    world.finish()
    job = world.imported(dataset, "USER_ID,AGE,HEIGHT\nu1,4,1.8\n", importMode="INCREMENTAL")
    assert job["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ([FIELDS["Users"][0], {"name": "SIZE", "type": "int"}], "must keep the field AGE"),
        ([FIELDS["Users"][0], {"name": "AGE", "type": "int"}], "must keep the field AGE"),
        ([*FIELDS["Users"], {"name": "HEIGHT", "type": "float"}], "must allow null"),
    ],
)
def test_update_dataset__schema_that_does_not_replace_the_old_one(
    world: World, fields: list[dict[str, Any]], message: str
) -> None:
    dataset, schema = world.dataset(world.group(), "Users"), world.schema("Users", fields)
    with refused("InvalidInputException", message):
        world.api.update_dataset(datasetArn=dataset, schemaArn=schema)


def test_update_dataset__only_items_and_users(world: World) -> None:
    dataset = world.dataset(world.group())
    fields = [*FIELDS["Interactions"], {"name": "X", "type": ["null", "int"]}]
    with refused("InvalidInputException", "Only the schema of an Items or Users dataset"):
        world.api.update_dataset(datasetArn=dataset, schemaArn=world.schema("Interactions", fields))


def test_update_dataset__twice_at_once(world: World) -> None:
    dataset, schema = world.dataset(world.group(), "Users"), world.schema("Users", WIDER)
    world.api.update_dataset(datasetArn=dataset, schemaArn=schema)
    with refused("ResourceInUseException"):
        world.api.update_dataset(datasetArn=dataset, schemaArn=schema)
    with refused("ResourceInUseException"):
        world.api.delete_schema(schemaArn=schema)


def test_lists_are_paged_and_filtered(world: World) -> None:
    groups = [world.group() for _ in range(3)]
    for group in groups[:2]:
        for kind in ("Users", "Items"):
            world.dataset(group, kind)
    pages = list(world.api.get_paginator("list_datasets").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["datasets"]) for page in pages] == [3, 1]
    assert "nextToken" not in pages[-1]
    assert "nextToken" not in world.api.list_datasets(maxResults=4), "a full last page is the last"
    assert len(world.api.list_datasets(datasetGroupArn=groups[0])["datasets"]) == 2
    assert world.api.list_datasets(datasetGroupArn=groups[2])["datasets"] == []


@pytest.mark.parametrize("token", ["nonsense", "WyJMaXN0U2NoZW1hcyIsIDFd"])
def test_list__token_of_nobody_and_of_another_operation(world: World, token: str) -> None:
    with refused("InvalidNextTokenException", "not valid"):
        world.api.list_datasets(nextToken=token)


def test_regions_and_accounts_are_apart(world: World) -> None:
    world.api.create_schema(name="mine", schema=json.dumps(json.loads(schema_text("Users"))))
    elsewhere = World(world.emulator, "eu-west-1")
    assert elsewhere.api.list_schemas()["schemas"] == []
    assert ":eu-west-1:" in elsewhere.schema("Users")
    assert len(world.emulator.state()["resources"]) == 2
