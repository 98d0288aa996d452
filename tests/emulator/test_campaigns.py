"""Campaigns: which version they serve, and how they move to another."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize

from .world import World, refused

SYNC = {"syncWithLatestSolutionVersion": True}


def described(world: World, campaign: str) -> dict[str, Any]:
    return dict(world.api.describe_campaign(campaignArn=campaign)["campaign"])


def test_update_campaign__serves_the_old_version_until_the_update_is_done(world: World) -> None:
    first = world.trained()
    solution = first.rpartition("/")[0]
    campaign = world.campaign(first)
    assert "latestCampaignUpdate" not in described(world, campaign)
    second = world.version(solution)

    world.api.update_campaign(campaignArn=campaign, solutionVersionArn=second)

    during = described(world, campaign)
    assert (during["status"], during["solutionVersionArn"]) == ("ACTIVE", first)
    assert during["latestCampaignUpdate"]["status"] == "CREATE PENDING"
    assert during["latestCampaignUpdate"]["solutionVersionArn"] == second
    world.emulator.clock.advance(300)
    assert described(world, campaign)["latestCampaignUpdate"]["status"] == "CREATE IN_PROGRESS"
    with refused("ResourceInUseException", "in progress"):
        world.api.update_campaign(campaignArn=campaign, minProvisionedTPS=2)
    with refused("ResourceInUseException"):
        world.api.delete_campaign(campaignArn=campaign)
    world.finish()
    after = described(world, campaign)
    assert after["solutionVersionArn"] == second
    assert after["latestCampaignUpdate"]["status"] == "ACTIVE"


def test_update_campaign__only_the_throughput(world: World) -> None:
    version = world.trained()
    campaign = world.campaign(version)
    world.api.update_campaign(campaignArn=campaign, minProvisionedTPS=3)
    world.finish()
    after = described(world, campaign)
    assert (after["minProvisionedTPS"], after["solutionVersionArn"]) == (3, version)


def test_update_campaign__not_active_yet(world: World) -> None:
    version = world.trained()
    campaign = world.api.create_campaign(name="c", solutionVersionArn=version)["campaignArn"]
    with refused("ResourceInUseException", "CREATE PENDING"):
        world.api.update_campaign(campaignArn=campaign, minProvisionedTPS=2)


def test_create_campaign__bare_solution_arn(world: World) -> None:
    solution = world.trained().rpartition("/")[0]
    with refused("ResourceNotFoundException", solution):
        world.campaign(solution)


def test_create_campaign__version_not_active(world: World) -> None:
    version = world.start_version(world.solution(world.group_with_data()))
    with refused("ResourceInUseException", "CREATE PENDING"):
        world.campaign(version)


def test_latest__means_the_newest_active_version(world: World) -> None:
    solution = world.solution(world.group_with_data())
    with refused("ResourceNotFoundException", "$LATEST"):
        world.campaign(f"{solution}/$LATEST")
    world.version(solution)
    second = world.version(solution)
    world.start_version(solution)
    campaign = world.campaign(f"{solution}/$LATEST")
    assert described(world, campaign)["solutionVersionArn"] == second
    world.finish()
    assert described(world, campaign)["solutionVersionArn"] == second, "without sync it stays"


def test_switch_shows_latest_as_it_was_sent() -> None:
    with mock_personalize(Settings(switches=Switches(latest_resolved_in_describe=False))) as emulator:
        world = World(emulator)
        version = world.trained()
        asked = f"{version.rpartition('/')[0]}/$LATEST"
        campaign = world.campaign(asked)
        assert described(world, campaign)["solutionVersionArn"] == asked
        assert world.runtime.get_recommendations(campaignArn=campaign, userId="u1")["itemList"]


def test_sync__needs_latest(world: World) -> None:
    version = world.trained()
    with refused("InvalidInputException", "of the form <solution ARN>/$LATEST"):
        world.campaign(version, campaignConfig=SYNC)


def test_sync__follows_each_new_version_by_itself(world: World) -> None:
    solution = world.trained().rpartition("/")[0]
    campaign = world.campaign(f"{solution}/$LATEST", campaignConfig=SYNC)
    second = world.version(solution)
    during = described(world, campaign)
    assert during["solutionVersionArn"] == second
    assert during["latestCampaignUpdate"]["solutionVersionArn"] == second


def test_sync__catches_up_with_a_version_that_came_during_creation(world: World) -> None:
    solution = world.trained().rpartition("/")[0]
    newer = world.start_version(solution)
    world.emulator.clock.advance(3600 - 60)
    campaign = world.campaign(f"{solution}/$LATEST", campaignConfig=SYNC)
    assert described(world, campaign)["solutionVersionArn"] == newer


def test_sync__is_left_with_a_concrete_version(world: World) -> None:
    first = world.trained()
    solution = first.rpartition("/")[0]
    campaign = world.campaign(f"{solution}/$LATEST", campaignConfig=SYNC)
    world.api.update_campaign(
        campaignArn=campaign, solutionVersionArn=first, campaignConfig={"syncWithLatestSolutionVersion": False}
    )
    world.finish()
    world.version(solution)
    assert described(world, campaign)["solutionVersionArn"] == first


def test_update_campaign__version_of_another_solution(world: World) -> None:
    campaign, other = world.campaign(world.trained()), world.trained()
    with refused("InvalidInputException", "is not a version of the campaign's solution"):
        world.api.update_campaign(campaignArn=campaign, solutionVersionArn=other)


def test_switch_lets_a_campaign_change_its_solution() -> None:
    with mock_personalize(Settings(switches=Switches(campaign_may_change_solution=True))) as emulator:
        world = World(emulator)
        campaign, other = world.campaign(world.trained()), world.trained()
        world.api.update_campaign(campaignArn=campaign, solutionVersionArn=other)
        world.finish()
        assert described(world, campaign)["solutionVersionArn"] == other


@pytest.mark.parametrize(
    ("recipe", "config", "message"),
    [
        ("aws-item-affinity", {}, "aws-item-affinity does not support campaigns"),
        ("aws-sims", {"itemExplorationConfig": {"explorationWeight": "0.3"}}, "does not support itemExplorationConfig"),
        ("aws-sims", {"enableMetadataWithRecommendations": True}, "needs an Items dataset"),
    ],
)
def test_create_campaign__recipe_cannot_do_it(world: World, recipe: str, config: dict[str, Any], message: str) -> None:
    version = world.trained(recipe)
    with refused("InvalidInputException", message):
        world.campaign(version, campaignConfig=config)


def test_list_campaigns__by_solution(world: World) -> None:
    versions = [world.trained(), world.trained()]
    campaigns = [world.campaign(version) for version in versions]
    for version, campaign in zip(versions, campaigns, strict=True):
        (listed,) = world.api.list_campaigns(solutionArn=version.rpartition("/")[0])["campaigns"]
        assert listed["campaignArn"] == campaign
        assert "solutionVersionArn" not in listed
