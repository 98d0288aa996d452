"""Quotas, and the rules of tags."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize
from local.personalize_emulator.quotas import QUOTAS
from local.personalize_emulator.settings import QUOTAS as NUMBERS

from .world import World, interactions_csv, refused


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


def test_too_many_filters_at_once(world: World) -> None:
    group = world.group()
    world.dataset(group, "Items")

    def make(name: str) -> None:
        expression = "INCLUDE ItemID WHERE Items.PRICE > 1"
        world.api.create_filter(name=name, datasetGroupArn=group, filterExpression=expression)

    for number in range(10):
        make(f"f{number}")
    with refused("LimitExceededException", "More than 10 filters with PENDING or IN_PROGRESS status."):
        make("one-more")
    world.finish()
    for filter_arn in [one["filterArn"] for one in world.api.list_filters()["Filters"]]:
        world.api.delete_filter(filterArn=filter_arn)
    make("one-more")  # what is being deleted is not being created


@pytest.mark.parametrize(
    ("texts", "running", "existing"),
    [
        (
            "documented",
            "More than 1 resources with PENDING or IN_PROGRESS status.",
            "More than 1 resources in ACTIVE state. Please delete some and try again.",
        ),
        ("other", "Too many concurrent jobs.", "You have exceeded the maximum number of active campaigns."),
    ],
)
def test_switches_for_the_texts_of_quotas(texts: Any, running: str, existing: str) -> None:
    quotas = {"running solution versions": 1, "campaigns in a group": 1}
    switches = Switches(existing_limit_text=texts, running_limit_text=texts)
    with mock_personalize(Settings(quotas=quotas, switches=switches)) as emulator:
        world = World(emulator)
        version = world.trained()
        world.start_version(version.rpartition("/")[0])
        with refused("LimitExceededException", running):
            world.start_version(version.rpartition("/")[0])
        world.campaign(version)
        with refused("LimitExceededException", existing):
            world.campaign(version)


def test_quotas_can_be_raised_to_fifty_solutions_four_campaigns_each_and_a_hundred_filters() -> None:
    quotas = {
        "solutions in a group": 50,
        "campaigns in a group": 200,
        "filters in a group": 100,
        "filters being created": 100,
        "running solution versions": 50,
    }
    with mock_personalize(Settings.from_mapping({"quotas": quotas})) as emulator:
        world = World(emulator)
        group = world.group_with_data(interactions_csv(1000, users=30))
        world.dataset(group, "Items")
        solutions = [world.solution(group, "aws-sims") for _ in range(50)]
        with refused("LimitExceededException"):
            world.solution(group)
        versions = [world.start_version(solution) for solution in solutions]
        world.finish()
        for version in versions:
            for _ in range(4):
                world.api.create_campaign(name=world.name("c"), solutionVersionArn=version)
        with refused("LimitExceededException"):
            world.campaign(versions[0])
        for number in range(100):
            expression = f"INCLUDE ItemID WHERE Items.PRICE > {number}"
            world.api.create_filter(name=f"f{number}", datasetGroupArn=group, filterExpression=expression)
        world.finish()
        for operation, key, count in (("list_campaigns", "campaigns", 200), ("list_filters", "Filters", 100)):
            pages = list(world.api.get_paginator(operation).paginate(PaginationConfig={"PageSize": 100}))
            assert [len(page[key]) for page in pages] == [100] * (count // 100)
            assert {one["status"] for page in pages for one in page[key]} == {"ACTIVE"}


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
