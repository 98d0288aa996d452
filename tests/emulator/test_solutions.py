"""Solutions, their versions, and automatic training."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize
from local.personalize_emulator.settings import DAY, HOUR

from .world import FIELDS, World, interactions_csv, refused

RECIPE = "arn:aws:personalize:::recipe/"


def test_solution__described_with_the_services_defaults(world: World) -> None:
    group = world.group()
    arn = world.api.create_solution(name="s", datasetGroupArn=group, recipeArn=RECIPE + "aws-sims")["solutionArn"]
    solution = world.api.describe_solution(solutionArn=arn)["solution"]
    assert solution["performAutoTraining"] is True
    assert (solution["performHPO"], solution["performAutoML"]) == (False, False)
    assert "latestSolutionVersion" not in solution
    assert "latestSolutionUpdate" not in solution


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"recipeArn": None}, "InvalidInputException", "recipeArn must be specified"),
        ({"performAutoML": True}, "InvalidInputException", "recipeArn must not be specified"),
        ({"recipeArn": None, "performAutoML": True}, "InvalidInputException", "performAutoML is no longer supported"),
        (
            {"recipeArn": RECIPE + "aws-hrnn"},
            "ResourceNotFoundException",
            "The given recipe does not exist: arn:aws:personalize:::recipe/aws-hrnn",
        ),
        ({"recipeArn": RECIPE + "aws-vod-top-picks"}, "InvalidInputException", "create a recommender with it"),
        ({"performHPO": True}, "InvalidInputException", "performHPO is not supported by recipe aws-user-pers"),
        (
            {"recipeArn": RECIPE + "aws-sims", "performHPO": True},
            "InvalidInputException",
            "hpoConfig must be specified",
        ),
        ({"performIncrementalUpdate": True}, "InvalidInputException", "performIncrementalUpdate is not supported"),
        (
            {"solutionConfig": {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "41"}}}},
            "InvalidInputException",
            "maxNumberOfTrainingJobs must be a number from 1 to 40",
        ),
        (
            {"solutionConfig": {"hpoConfig": {"hpoResourceConfig": {"maxParallelTrainingJobs": "11"}}}},
            "InvalidInputException",
            "maxParallelTrainingJobs must be a number from 1 to 10",
        ),
        (
            {
                "recipeArn": RECIPE + "aws-sims",
                "solutionConfig": {"eventsConfig": {"eventParametersList": [{"eventType": "buy"}]}},
            },
            "InvalidInputException",
            "eventsConfig is not supported by recipe aws-sims",
        ),
        (
            {"solutionConfig": {"optimizationObjective": {"itemAttribute": "PRICE"}}},
            "InvalidInputException",
            "optimizationObjective is not supported",
        ),
        (
            {
                "recipeArn": RECIPE + "aws-user-personalization",
                "solutionConfig": {"optimizationObjective": {"itemAttribute": "PRICE"}},
            },
            "InvalidInputException",
            "itemAttribute PRICE must be a numeric column",
        ),
        (
            {"solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}}},
            "InvalidInputException",
            "between rate(1 day) and rate(30 days)",
        ),
        (
            {"solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(2 weeks)"}}},
            "InvalidInputException",
            "satisfy regular expression pattern",
        ),
        ({"solutionConfig": {"eventValueThreshold": "high"}}, "InvalidInputException", "must be a number"),
        (
            {"solutionConfig": {"trainingDataConfig": {"excludedDatasetColumns": {"Clicks": ["A"]}}}},
            "InvalidInputException",
            "unknown dataset types: Clicks",
        ),
    ],
)
def test_create_solution__refused(world: World, params: dict[str, Any], code: str, message: str) -> None:
    group = world.group()
    call = {"name": "s", "datasetGroupArn": group, "recipeArn": RECIPE + "aws-user-personalization-v2"} | params
    with refused(code, message):
        world.api.create_solution(**{k: v for k, v in call.items() if v is not None})


def test_create_solution__objective_on_a_numeric_column(world: World) -> None:
    group = world.group_with_data()
    world.dataset(group, "Items")
    config = {"optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"}}
    version = world.version(world.solution(group, "aws-user-personalization", solutionConfig=config))
    assert "average_rewards_at_k" in world.api.get_solution_metrics(solutionVersionArn=version)["metrics"]


def test_events_config_adds_its_metric(world: World) -> None:
    config = {"eventsConfig": {"eventParametersList": [{"eventType": "buy", "weight": 0.5}]}}
    version = world.trained(solutionConfig=config)
    metrics = world.api.get_solution_metrics(solutionVersionArn=version)["metrics"]
    assert "normalized_discounted_cumulative_gain_with_event_weights_at_k" in metrics


@pytest.mark.parametrize(
    ("recipe", "there", "not_there"),
    [
        ("aws-trending-now", "trend_prediction_accuracy", "recall_at_5"),
        ("aws-item-affinity", "hits_at_1_percent", "mean_reciprocal_rank_at_25"),
        ("aws-sims", "precision_at_25", "recall_at_25"),
    ],
)
def test_metrics_follow_the_recipes_type(world: World, recipe: str, there: str, not_there: str) -> None:
    metrics = world.api.get_solution_metrics(solutionVersionArn=world.trained(recipe))["metrics"]
    assert there in metrics
    assert not_there not in metrics
    assert all(0 <= value <= 1 for value in metrics.values())


def test_switch_lets_auto_ml_pass() -> None:
    with mock_personalize(Settings(switches=Switches(perform_auto_ml="popularity"))) as emulator:
        world = World(emulator)
        group = world.group_with_data()
        params = {"name": "s", "datasetGroupArn": group, "performAutoML": True, "performAutoTraining": False}
        solution = world.api.create_solution(**params)["solutionArn"]
        world.finish()
        version = world.version(solution)
        assert world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]["status"] == "ACTIVE"


def test_version__described(world: World) -> None:
    version = world.trained()
    described = world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    solution, _, number = version.rpartition("/")
    assert described["name"] == f"{solution.rpartition('/')[2]}/{number}"
    assert len(number) == 8
    assert int(number, 16) >= 0
    assert (described["trainingMode"], described["trainingType"]) == ("FULL", "MANUAL")
    assert described["trainingHours"] == 1.0
    latest = world.api.describe_solution(solutionArn=solution)["solution"]["latestSolutionVersion"]
    assert latest["solutionVersionArn"] == version


def test_version__each_call_trains_again(world: World) -> None:
    solution = world.solution(world.group_with_data())
    assert world.start_version(solution) != world.start_version(solution)


def test_version__name_taken(world: World) -> None:
    solution = world.solution(world.group_with_data())
    arn = world.start_version(solution, name="first")
    assert world.api.describe_solution_version(solutionVersionArn=arn)["solutionVersion"]["name"].endswith("/first")
    with refused("ResourceAlreadyExistsException"):
        world.start_version(solution, name="first")


def test_switch_puts_the_versions_name_into_its_arn() -> None:
    with mock_personalize(Settings(switches=Switches(version_name_in_arn=True))) as emulator:
        world = World(emulator)
        assert world.start_version(world.solution(world.group_with_data()), name="first").endswith("/first")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (interactions_csv(2000, users=20), "Dataset has fewer than 25 users with at least 2 interactions each"),
        (
            "USER_ID,ITEM_ID,TIMESTAMP\n" + "u1,i1,1700000000\n" * 1500,
            "Dataset has fewer than 1000 interactions",
        ),
        (
            "USER_ID,ITEM_ID,TIMESTAMP\n"
            + "".join(f"u{n},i{n % 7},{n}\n" for n in range(3000))
            + "".join(f"u{n},i8,{n}\n" for n in range(26)),
            "Fewer than 1 percent of the users",
        ),
    ],
)
def test_version__too_little_data_fails_the_version_not_the_call(world: World, text: str, reason: str) -> None:
    version = world.version(world.solution(world.group_with_data(text)))
    described = world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert described["status"] == "CREATE FAILED"
    assert reason in described["failureReason"]
    assert "trainingHours" not in described
    with refused("ResourceInUseException", "not available"):
        world.api.get_solution_metrics(solutionVersionArn=version)


def test_version__event_type_filters_the_training_data(world: World) -> None:
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    group = world.group()
    dataset = world.dataset(group, "Interactions", world.schema("Interactions", fields))
    header, *rows = interactions_csv(2500).splitlines()
    kinds = (f"{row},{'buy' if n % 5 == 0 else 'click'}" for n, row in enumerate(rows))
    world.imported(dataset, "\n".join([f"{header},EVENT_TYPE", *kinds]))
    statuses = {}
    for event in ("buy", "click"):
        version = world.version(world.solution(group, eventType=event))
        statuses[event] = world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert statuses["click"]["status"] == "ACTIVE"
    assert statuses["buy"]["failureReason"] == (
        "Dataset has fewer than 1000 interactions after filtering by event type: buy"
    )


def test_version__event_types_that_mean_something_else(world: World) -> None:
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    group = world.group()
    dataset = world.dataset(group, "Interactions", world.schema("Interactions", fields))
    header, *rows = interactions_csv().splitlines()
    world.imported(dataset, "\n".join([f"{header},EVENT_TYPE", *(f"{row},user_id" for row in rows)]))
    failed = world.described("solution version", world.version(world.solution(group)))
    assert failed["failureReason"] == "All values in the event_type column are either reserved keywords or null"


def test_version__required_dataset_missing(world: World) -> None:
    version = world.version(world.solution(world.group_with_data(), "aws-item-attribute-affinity"))
    described = world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
    assert described["failureReason"] == "The dataset group has no ITEMS dataset, which the recipe requires"


def test_switch_finds_missing_datasets_at_create_solution() -> None:
    with mock_personalize(Settings(switches=Switches(required_datasets_checked_by="CreateSolution"))) as emulator:
        world = World(emulator)
        group = world.group()
        with refused("InvalidInputException", "has no INTERACTIONS dataset"):
            world.solution(group)


def test_version__solution_not_active() -> None:
    with mock_personalize(Settings(durations={"solution": 30})) as emulator:
        world = World(emulator)
        solution = world.api.create_solution(
            name="s", datasetGroupArn=world.group(), recipeArn=RECIPE + "aws-sims", performAutoTraining=False
        )["solutionArn"]
        with refused("ResourceInUseException", "CREATE PENDING"):
            world.start_version(solution)


@pytest.mark.parametrize(("after", "first"), [(0, "CREATE STOPPED"), (600, "CREATE STOPPING")])
def test_version__stopped(world: World, after: float, first: str) -> None:
    version = world.start_version(world.solution(world.group_with_data()))
    world.emulator.clock.advance(after)
    world.api.stop_solution_version_creation(solutionVersionArn=version)

    def status() -> str:
        described = world.api.describe_solution_version(solutionVersionArn=version)["solutionVersion"]
        return str(described["status"])

    assert status() == first
    world.finish()
    assert status() == "CREATE STOPPED"
    world.emulator.clock.advance(DAY)
    assert status() == "CREATE STOPPED"
    with refused("ResourceInUseException", "cannot be stopped while its status is CREATE STOPPED"):
        world.api.stop_solution_version_creation(solutionVersionArn=version)


def test_update_training(world: World) -> None:
    group = world.group_with_data()
    solution = world.solution(group, "aws-user-personalization")
    with refused("InvalidInputException", "needs an active solution version"):
        world.start_version(solution, trainingMode="UPDATE")
    world.version(solution)
    with refused("InvalidInputException", "There should be updates to at least one dataset"):
        world.start_version(solution, trainingMode="UPDATE")
    (dataset,) = world.api.list_datasets(datasetGroupArn=group)["datasets"]
    world.imported(dataset["datasetArn"])
    version = world.version(solution, trainingMode="UPDATE")
    assert world.api.get_solution_metrics(solutionVersionArn=version)["metrics"] == {}


def test_update_training__recipe_without_it(world: World) -> None:
    solution = world.solution(world.group_with_data())
    with refused("InvalidInputException", "UPDATE is not supported by recipe aws-user-personalization-v2"):
        world.start_version(solution, trainingMode="UPDATE")


def test_switch_refuses_two_trainings_of_one_solution() -> None:
    with mock_personalize(Settings(switches=Switches(concurrent_versions_of_a_solution=False))) as emulator:
        world = World(emulator)
        solution = world.solution(world.group_with_data())
        world.start_version(solution)
        with refused("ResourceInUseException", "is being trained already"):
            world.start_version(solution)


def test_list_versions__solution_of_nobody(world: World) -> None:
    solution = world.solution(world.group())
    assert world.api.list_solution_versions(solutionArn=solution)["solutionVersions"] == []
    with refused("ResourceNotFoundException", f"{solution}x"):
        world.api.list_solution_versions(solutionArn=f"{solution}x")
    assert world.api.list_campaigns(solutionArn=f"{solution}x")["campaigns"] == []


# Automatic training


def versions(world: World, solution: str) -> list[dict[str, Any]]:
    found = world.api.list_solution_versions(solutionArn=solution)["solutionVersions"]
    return sorted(found, key=lambda version: version["creationDateTime"])


def test_automatic_training_starts_by_itself_and_repeats_with_new_data(world: World) -> None:
    group = world.group_with_data()
    solution = world.solution(group, performAutoTraining=True)
    assert versions(world, solution) == []
    world.emulator.clock.advance(HOUR + 1)
    (first,) = versions(world, solution)
    assert first["trainingType"] == "AUTOMATIC"

    world.emulator.clock.advance(7 * DAY)
    assert len(versions(world, solution)) == 1, "no new data, no new training"
    (dataset,) = world.api.list_datasets(datasetGroupArn=group)["datasets"]
    world.imported(dataset["datasetArn"])
    world.emulator.clock.advance(7 * DAY)
    assert [v["trainingType"] for v in versions(world, solution)] == ["AUTOMATIC", "AUTOMATIC"]


def test_automatic_training__manual_version_within_the_hour_takes_its_place(world: World) -> None:
    solution = world.solution(world.group_with_data(), performAutoTraining=True)
    world.start_version(solution)
    world.emulator.clock.advance(6 * DAY)
    assert [v["trainingType"] for v in versions(world, solution)] == ["MANUAL"]


def test_automatic_training__manual_version_replaces_the_first_even_if_data_comes_after_it(world: World) -> None:
    group = world.group_with_data()
    solution = world.solution(group, performAutoTraining=True)
    world.start_version(solution)
    (dataset,) = world.api.list_datasets(datasetGroupArn=group)["datasets"]
    world.start_import(dataset["datasetArn"])
    world.emulator.clock.advance(6 * DAY)
    assert [v["trainingType"] for v in versions(world, solution)] == ["MANUAL"]
    world.emulator.clock.advance(2 * DAY)
    assert [v["trainingType"] for v in versions(world, solution)] == ["MANUAL", "AUTOMATIC"]


def test_automatic_training__later_manual_version_is_a_second_training(world: World) -> None:
    solution = world.solution(world.group_with_data(), performAutoTraining=True)
    world.emulator.clock.advance(HOUR + 1)
    world.start_version(solution)
    assert [v["trainingType"] for v in versions(world, solution)] == ["AUTOMATIC", "MANUAL"]


def test_automatic_training__waits_for_data(world: World) -> None:
    group = world.group()
    solution = world.solution(group, performAutoTraining=True)
    world.emulator.clock.advance(3 * HOUR)
    assert versions(world, solution) == []
    world.imported(world.dataset(group))
    world.emulator.clock.advance(HOUR)
    assert len(versions(world, solution)) == 1


def test_update_solution__turns_automatic_training_off_and_on(world: World) -> None:
    solution = world.solution(world.group_with_data(), performAutoTraining=True)
    world.api.update_solution(solutionArn=solution, performAutoTraining=False)
    update = world.api.describe_solution(solutionArn=solution)["solution"]["latestSolutionUpdate"]
    assert (update["status"], update["performAutoTraining"]) == ("CREATE PENDING", False)
    with refused("ResourceInUseException"):
        world.api.update_solution(solutionArn=solution, performAutoTraining=True)
    with refused("ResourceInUseException"):
        world.api.delete_solution(solutionArn=solution)
    world.emulator.clock.advance(DAY)
    assert versions(world, solution) == []
    assert world.api.describe_solution(solutionArn=solution)["solution"]["performAutoTraining"] is False

    world.api.update_solution(solutionArn=solution, performAutoTraining=True)
    world.emulator.clock.advance(2 * HOUR)
    assert len(versions(world, solution)) == 1


def test_update_solution__new_frequency_starts_a_version_within_the_hour(world: World) -> None:
    group = world.group_with_data()
    solution = world.solution(group, performAutoTraining=True)
    world.emulator.clock.advance(HOUR + 1)
    world.finish()
    (dataset,) = world.api.list_datasets(datasetGroupArn=group)["datasets"]
    world.imported(dataset["datasetArn"])
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(1 day)"}}
    world.api.update_solution(solutionArn=solution, solutionUpdateConfig=config)
    world.emulator.clock.advance(2 * HOUR)
    assert len(versions(world, solution)) == 2
    described = world.api.describe_solution(solutionArn=solution)["solution"]
    assert described["solutionConfig"] == config


def test_update_solution__rules_of_creation_hold(world: World) -> None:
    solution = world.solution(world.group(), "aws-sims")
    config: dict[str, Any] = {"eventsConfig": {"eventParametersList": []}}
    with refused("InvalidInputException", "eventsConfig is not supported"):
        world.api.update_solution(solutionArn=solution, solutionUpdateConfig=config)


def test_deleted_solutions_train_no_more(world: World) -> None:
    solution = world.solution(world.group_with_data(), performAutoTraining=True)
    world.api.delete_solution(solutionArn=solution)
    world.emulator.clock.advance(30 * DAY)
    assert world.api.list_solution_versions()["solutionVersions"] == []
