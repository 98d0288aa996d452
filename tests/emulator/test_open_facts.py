"""Switches for what no source settles and a client must be ready for either way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from local.personalize_emulator import Fault, Settings, Switches, mock_personalize

from .test_recommenders import VIEWS, shop, start
from .world import ACCOUNT, FIELDS, REGION, ROLE, World, refused

PREFIX = f"arn:aws:personalize:{REGION}:{ACCOUNT}"
RECIPE = "arn:aws:personalize:::recipe/"


@contextmanager
def thrown(**switches: Any) -> Iterator[World]:
    with mock_personalize(Settings(switches=Switches(**switches))) as emulator:
        yield World(emulator)


# Names of versions


@pytest.mark.parametrize(
    ("scope", "same_solution", "other_solution"),
    [("solution", False, True), ("account", False, False), ("none", True, True)],
)
def test_version_names_unique_in(scope: Any, same_solution: bool, other_solution: bool) -> None:
    with thrown(version_names_unique_in=scope) as world:
        group = world.group_with_data()
        first, second = world.solution(group), world.solution(group)
        made = [world.start_version(first, name="monday")]
        for solution, allowed in ((first, same_solution), (second, other_solution)):
            if allowed:
                made.append(world.start_version(solution, name="monday"))
            else:
                with refused("ResourceAlreadyExistsException"):
                    world.start_version(solution, name="monday")
        assert len(set(made)) == 1 + same_solution + other_solution
        assert all(world.described("solution version", arn)["name"].endswith("/monday") for arn in made)


# Lists


LISTS = [
    ("list_datasets", {"datasetGroupArn": f"{PREFIX}:dataset-group/none"}, "datasets", "dataset group"),
    ("list_solutions", {"datasetGroupArn": f"{PREFIX}:dataset-group/none"}, "solutions", "dataset group"),
    ("list_filters", {"datasetGroupArn": f"{PREFIX}:dataset-group/none"}, "Filters", "dataset group"),
    ("list_campaigns", {"solutionArn": f"{PREFIX}:solution/none"}, "campaigns", "solution"),
    ("list_dataset_import_jobs", {"datasetArn": f"{PREFIX}:dataset/none/USERS"}, "datasetImportJobs", "dataset"),
    (
        "list_metric_attribution_metrics",
        {"metricAttributionArn": f"{PREFIX}:metric-attribution/none"},
        "metrics",
        "metric attribution",
    ),
]


@pytest.mark.parametrize(("operation", "params", "key", "parent"), LISTS)
def test_unknown_parent_in_list(operation: str, params: dict[str, str], key: str, parent: str) -> None:
    with thrown() as world:
        assert getattr(world.api, operation)(**params)[key] == []
    (arn,) = params.values()
    for code in ("ResourceNotFoundException", "InvalidInputException"):
        with thrown(unknown_parent_in_list=code) as world, refused(code, f"The given {parent} does not exist: {arn}"):
            getattr(world.api, operation)(**params)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("empty", "ResourceNotFoundException"),
        ("ResourceNotFoundException", "ResourceNotFoundException"),
        ("InvalidInputException", "InvalidInputException"),
    ],
)
def test_unknown_parent_in_list__of_versions_is_never_empty(answer: Any, code: str) -> None:
    with thrown(unknown_parent_in_list=answer) as world, refused(code, "does not exist"):
        world.api.list_solution_versions(solutionArn=f"{PREFIX}:solution/none")


# Metrics


def metrics(world: World, version: str) -> Any:
    return world.api.get_solution_metrics(solutionVersionArn=version)["metrics"]


def test_solution_metrics__in_use_for_some_minutes() -> None:
    with thrown(solution_metrics="ResourceInUseException") as world:
        version = world.trained()
        with refused("ResourceInUseException"):
            metrics(world, version)
        world.emulator.clock.advance(599)
        with refused("ResourceInUseException"):
            metrics(world, version)
        world.emulator.clock.advance(1)
        assert metrics(world, version)


@pytest.mark.parametrize("code", ["InvalidInputException", "AccessDeniedException"])
def test_solution_metrics__never(code: Any) -> None:
    with thrown() as world:
        assert metrics(world, world.trained())
    with thrown(solution_metrics=code) as world:
        version = world.trained()
        world.emulator.clock.advance(10**6)
        with refused(code):
            metrics(world, version)


# Texts that are numbers


@pytest.mark.parametrize(
    ("switch", "shown"), [("as given", ("0.30", "5", "0.10", "x")), ("canonical", ("0.3", "5.0", "0.1", "x"))]
)
def test_number_texts_shown(switch: Any, shown: tuple[str, ...]) -> None:
    with thrown(number_texts_shown=switch) as world:
        config = {
            "eventValueThreshold": "0.30",
            "algorithmHyperParameters": {"hidden_dimension": "5", "other": "x"},
            "trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["E5"]}},
        }
        version = world.trained("aws-user-personalization", solutionConfig=config)
        exploration = {"itemExplorationConfig": {"explorationWeight": "0.10"}}
        campaign = world.campaign(version, campaignConfig=exploration)
        world.api.update_campaign(campaignArn=campaign, campaignConfig=exploration)
        for label, arn in (("solution", version.rpartition("/")[0]), ("solution version", version)):
            found = world.described(label, arn)["solutionConfig"]
            assert found["trainingDataConfig"]["excludedDatasetColumns"] == {"ITEMS": ["E5"]}
            parameters = found["algorithmHyperParameters"]
            assert (found["eventValueThreshold"], parameters["hidden_dimension"], parameters["other"]) == (
                shown[0],
                shown[1],
                shown[3],
            )
        described = world.described("campaign", campaign)
        for one in (described, described["latestCampaignUpdate"]):
            assert one["campaignConfig"]["itemExplorationConfig"]["explorationWeight"] == shown[2]


# What is seen late


def test_update_seen_after() -> None:
    with thrown(update_seen_after=30) as world:
        campaign = world.campaign(world.trained())
        before = world.described("campaign", campaign)
        world.api.update_campaign(campaignArn=campaign, minProvisionedTPS=3)
        world.emulator.clock.advance(29)
        assert world.described("campaign", campaign) == before
        assert "latestCampaignUpdate" not in before
        with refused("ResourceInUseException"):  # it is there all the same
            world.api.update_campaign(campaignArn=campaign, minProvisionedTPS=4)
        world.emulator.clock.advance(1)
        assert world.described("campaign", campaign)["latestCampaignUpdate"]["status"] == "CREATE PENDING"
        world.finish()
        after = world.described("campaign", campaign)
        assert (after["minProvisionedTPS"], after["latestCampaignUpdate"]["status"]) == (3, "ACTIVE")


def test_update_seen_after__of_a_dataset_whose_own_status_changes() -> None:
    with thrown(update_seen_after=30) as world:
        dataset = world.dataset(world.group(), "Users")
        schema = world.schema("Users", [*FIELDS["Users"], {"name": "HEIGHT", "type": ["null", "float"]}])
        world.api.update_dataset(datasetArn=dataset, schemaArn=schema)
        seen = []
        for _ in range(2):
            (listed,) = world.api.list_datasets()["datasets"]
            seen.append((world.described("dataset", dataset)["status"], listed["status"]))
            world.emulator.clock.advance(30)
        assert seen == [("ACTIVE", "ACTIVE"), ("UPDATE IN_PROGRESS", "UPDATE IN_PROGRESS")]


def test_creation_seen_after() -> None:
    with thrown(creation_seen_after=5) as world:
        arn = world.api.create_dataset_group(name="g")["datasetGroupArn"]
        for _ in range(2):
            with refused("ResourceNotFoundException", f"The given dataset group does not exist: {arn}"):
                world.described("dataset group", arn)
            assert world.api.list_dataset_groups()["datasetGroups"] == []
            with refused("ResourceAlreadyExistsException"):
                world.api.create_dataset_group(name="g")
            world.emulator.clock.advance(4)
        assert world.described("dataset group", arn)["status"] == "CREATE IN_PROGRESS"
        assert len(world.api.list_dataset_groups()["datasetGroups"]) == 1


def test_creation_seen_after__of_solutions_versions_and_recommenders() -> None:
    with thrown(creation_seen_after=5) as world:
        solution = world.solution(world.group_with_data())
        version = world.start_version(solution)  # known where it is used, only not yet shown
        world.emulator.clock.advance(4)
        with refused("ResourceNotFoundException"):
            world.described("solution version", version)
        world.emulator.clock.advance(1)
        assert world.described("solution", solution)["latestSolutionVersion"]["solutionVersionArn"] == version
        other = world.start_version(solution)
        shown = world.described("solution", solution)["latestSolutionVersion"]["solutionVersionArn"]
        assert shown == version
        world.emulator.clock.advance(5)
        assert world.described("solution", solution)["latestSolutionVersion"]["solutionVersionArn"] == other
        recommender = start(world, shop(world))
        with refused("ResourceNotFoundException"):
            world.described("recommender", recommender)


# Recommenders


@pytest.mark.parametrize("allowed", [True, False])
def test_update_inactive_recommender(allowed: bool) -> None:
    with thrown(update_inactive_recommender=allowed) as world:
        recommender = start(world, shop(world))
        world.finish()
        world.api.stop_recommender(recommenderArn=recommender)
        world.finish()
        change = {"recommenderArn": recommender, "recommenderConfig": {"minRecommendationRequestsPerSecond": 3}}
        if not allowed:
            with refused("ResourceInUseException", "INACTIVE"):
                world.api.update_recommender(**change)
            return
        world.api.update_recommender(**change)
        world.finish()
        described = world.described("recommender", recommender)
        assert described["status"] == "INACTIVE"
        assert described["recommenderConfig"] == change["recommenderConfig"]


# A parent that comes or goes


@pytest.mark.parametrize("code", ["ResourceInUseException", "InvalidInputException"])
@pytest.mark.parametrize("leaving", [False, True])
def test_parent_not_active_error__group_that_comes_or_goes(code: Any, leaving: bool) -> None:
    with thrown(parent_not_active_error=code) as world:
        arn = world.api.create_dataset_group(name="g", domain="ECOMMERCE")["datasetGroupArn"]
        if leaving:
            world.finish()
            world.api.delete_dataset_group(datasetGroupArn=arn)
        status = "DELETE PENDING" if leaving else "CREATE PENDING"
        with refused(code, status):
            world.api.create_solution(name="s", datasetGroupArn=arn, recipeArn=RECIPE + "aws-sims")
        with refused(code, status):
            world.api.create_recommender(name="r", datasetGroupArn=arn, recipeArn=VIEWS)
        with refused(code, status):
            world.api.create_event_tracker(name="t", datasetGroupArn=arn)


# What failed can be deleted


def _filter(world: World) -> Any:
    group = world.group()
    world.dataset(group, "Items")
    expression = "INCLUDE ItemID WHERE Items.PRICE > 1"
    return world.api.create_filter(name="f", datasetGroupArn=group, filterExpression=expression)


def _recommender(world: World) -> Any:
    return world.api.create_recommender(name="r", datasetGroupArn=shop(world), recipeArn=VIEWS)


def _dataset(world: World) -> Any:
    given = {"name": "d", "datasetType": "Users", "schemaArn": world.schema("Users")}
    return world.api.create_dataset(datasetGroupArn=world.group(), **given)


def _attribution(world: World) -> Any:
    metric = {"eventType": "e", "metricName": "m", "expression": "SAMPLECOUNT()"}
    given = {"name": "m", "metrics": [metric], "metricsOutputConfig": {"roleArn": ROLE}}
    return world.api.create_metric_attribution(datasetGroupArn=world.group(), **given)


MAKERS: dict[str, Callable[[World], Any]] = {
    "DatasetGroup": lambda world: world.api.create_dataset_group(name="g"),
    "Dataset": _dataset,
    "Solution": lambda world: world.api.create_solution(
        name="s", datasetGroupArn=world.group(), recipeArn=RECIPE + "aws-sims"
    ),
    "Campaign": lambda world: world.api.create_campaign(name="c", solutionVersionArn=world.trained()),
    "Recommender": _recommender,
    "Filter": _filter,
    "EventTracker": lambda world: world.api.create_event_tracker(name="t", datasetGroupArn=world.group()),
    "MetricAttribution": _attribution,
}


@pytest.mark.parametrize("noun", MAKERS)
def test_what_failed_can_be_deleted(world: World, noun: str) -> None:
    world.emulator.faults.add(Fault("fail", f"Create{noun}"))
    member = f"{noun[0].lower()}{noun[1:]}Arn"
    arn = MAKERS[noun](world)[member]
    world.finish()
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in noun).strip()
    assert world.described(words, arn)["status"] == "CREATE FAILED"
    world.emulator.faults.clear()
    getattr(world.api, f"delete_{words.replace(' ', '_')}")(**{member: arn})
    assert world.described(words, arn)["status"] == "DELETE PENDING"
    world.finish()
    with refused("ResourceNotFoundException", arn):
        world.described(words, arn)
