"""The pipeline's path: schema, group, dataset, import, solution, version, campaign."""

from __future__ import annotations

from .world import World


def test_data_becomes_a_campaign(world: World) -> None:
    version = world.trained()
    campaign = world.campaign(version)

    described = world.api.describe_campaign(campaignArn=campaign)["campaign"]
    assert described["status"] == "ACTIVE"
    assert described["solutionVersionArn"] == version
    assert described["minProvisionedTPS"] == 1


def test_every_resource_of_the_path_takes_its_time(world: World) -> None:
    emulator = world.emulator
    world.api.create_dataset_group(name="timed")
    assert emulator.finish() == 60


def test_better_data_gives_better_metrics(world: World) -> None:
    def metrics(skew: float) -> dict[str, float]:
        from .world import interactions_csv

        group = world.group_with_data(interactions_csv(4000, skew=skew))
        version = world.version(world.solution(group))
        found: dict[str, float] = world.api.get_solution_metrics(solutionVersionArn=version)["metrics"]
        return found

    flat, skewed = metrics(0.0), metrics(1.6)
    assert set(flat) == {
        "coverage",
        "mean_reciprocal_rank_at_25",
        "normalized_discounted_cumulative_gain_at_5",
        "normalized_discounted_cumulative_gain_at_10",
        "normalized_discounted_cumulative_gain_at_25",
        "precision_at_5",
        "precision_at_10",
        "precision_at_25",
    }
    for name in set(flat) - {"coverage"}:
        assert 0 <= flat[name] < skewed[name] <= 1, name
