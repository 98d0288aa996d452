"""Quotas, and the rules of tags."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, mock_personalize
from local.personalize_emulator.quotas import QUOTAS
from local.personalize_emulator.settings import QUOTAS as NUMBERS

from .world import World, refused


def test_sixth_running_import(world: World) -> None:
    datasets = [world.dataset(world.group(), "Users") for _ in range(3)]
    datasets += [world.dataset(d["datasetGroupArn"], "Items") for d in world.api.list_dataset_groups()["datasetGroups"]]
    for dataset in datasets[:5]:
        world.start_import(dataset, "USER_ID,AGE\nu1,1\n")
    with refused("LimitExceededException", "More than 5 resources with PENDING or IN_PROGRESS status."):
        world.start_import(datasets[5], "x")
    world.finish()
    assert world.start_import(datasets[5], "x")


def test_sixth_dataset_group(world: World) -> None:
    groups = [world.group() for _ in range(5)]
    with refused("LimitExceededException", "More than 5 resources in ACTIVE state. Please delete some and try again."):
        world.group()
    World(world.emulator, "eu-west-1").group()
    world.api.delete_dataset_group(datasetGroupArn=groups[0])
    world.finish()
    assert world.group()


@pytest.mark.parametrize(
    "quota", [q for q in QUOTAS if q.label in ("schema", "solution", "campaign", "solution version")]
)
def test_each_quota_can_be_chosen(quota: Any) -> None:
    with mock_personalize(Settings(quotas={quota.name: 1})) as emulator:
        world = World(emulator)
        group = world.group_with_data()
        with refused("LimitExceededException", "More than 1 resources"):
            if quota.label == "schema":
                world.schema("Users")
            solution = world.solution(group)
            if quota.label == "solution":
                world.solution(group)
            if quota.label == "solution version":
                world.start_version(solution)
                world.start_version(solution)
            version = world.version(solution)
            world.campaign(version)
            world.campaign(version)


def test_every_quota_has_its_number() -> None:
    assert {quota.name for quota in QUOTAS} <= set(NUMBERS)


def tags(*keys: str) -> list[dict[str, str]]:
    return [{"tagKey": key, "tagValue": "v"} for key in keys]


def test_tags_are_kept_and_never_echoed(world: World) -> None:
    group = world.group(tags=tags("a"))
    assert "tags" not in world.api.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]
    world.api.tag_resource(resourceArn=group, tags=[{"tagKey": "a", "tagValue": "new"}, *tags("Ä b_.:/=+-@")])
    world.api.untag_resource(resourceArn=group, tagKeys=["nothing"])
    assert world.api.list_tags_for_resource(resourceArn=group)["tags"] == [
        {"tagKey": "a", "tagValue": "new"},
        *tags("Ä b_.:/=+-@"),
    ]
    world.api.untag_resource(resourceArn=group, tagKeys=["a"])
    assert world.api.list_tags_for_resource(resourceArn=group)["tags"] == tags("Ä b_.:/=+-@")


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (tags(*(f"k{n}" for n in range(51))), "TooManyTagsException", "at most 50"),
        (tags("a", "a"), "InvalidInputException", "unique"),
        (tags("aws:x"), "InvalidInputException", "must not start with aws:"),
        (tags("a*b"), "InvalidInputException", "satisfy regular expression pattern"),
        (tags("k" * 129), "InvalidInputException", "less than or equal to 128"),
        ([{"tagKey": "a", "tagValue": "v" * 257}], "InvalidInputException", "less than or equal to 256"),
        (tags(*(f"k{n}" for n in range(201))), "InvalidInputException", "less than or equal to 200"),
    ],
)
def test_tags__refused(world: World, given: list[dict[str, str]], code: str, message: str) -> None:
    with refused(code, message):
        world.api.create_dataset_group(name="g", tags=given)
    assert world.api.list_dataset_groups()["datasetGroups"] == []
    group = world.group()
    with refused(code, message):
        world.api.tag_resource(resourceArn=group, tags=given)


def test_tags__untaggable_and_unknown(world: World) -> None:
    schema = world.schema("Users")
    with refused("InvalidInputException", "A schema cannot have tags."):
        world.api.tag_resource(resourceArn=schema, tags=tags("a"))
    with refused("ResourceNotFoundException", "does not exist"):
        world.api.list_tags_for_resource(resourceArn=schema + "x")


def test_untag__too_many_keys(world: World) -> None:
    group = world.group()
    with refused("TooManyTagKeysException", "At most 50"):
        world.api.untag_resource(resourceArn=group, tagKeys=[f"k{n}" for n in range(51)])
