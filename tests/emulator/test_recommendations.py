"""Each recipe recommends what its name says: to guests of a cinema who have two tastes (side_by_side.py)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from local.personalize_emulator import Settings, mock_personalize
from local.personalize_emulator.algorithms import ALGORITHMS
from local.personalize_emulator.recipes import RECIPES
from local.personalize_emulator.rows import ORIGIN
from local.personalize_emulator.side_by_side import (
    FILMS,
    GUESTS,
    OFFERS,
    RISING,
    UNSEEN,
    Cinema,
    rows,
    tastes,
)

from .test_jobs_on_s3 import run
from .world import FIELDS, World

MANY = Settings(quotas={"campaigns in a group": 30, "solutions in a group": 30})
SPACE, HEART = (set(films) for films in FILMS.values())
NEW = "somebody new"

Deployed = Callable[[str], str]


@pytest.fixture(scope="module")
def cinema() -> Iterator[Cinema]:
    with mock_personalize(MANY) as emulator:
        yield Cinema(emulator)


@pytest.fixture(scope="module")
def version(cinema: Cinema) -> Deployed:
    """The version of a recipe, trained when it is first asked for."""
    return cache(cinema.train)


@pytest.fixture(scope="module")
def campaign(cinema: Cinema, version: Deployed) -> Deployed:
    """The campaign of a recipe, made when it is first asked for."""
    return cache(lambda recipe: cinema.deploy(version(recipe)))


@pytest.fixture
def recommended(cinema: Cinema, campaign: Deployed) -> Callable[[str, str], list[str]]:
    """What a recipe recommends to a guest."""
    return lambda recipe, guest: cinema.recommended(RECIPES[recipe], campaign(recipe), guest)


Recommended = Callable[[str, str], list[str]]


@pytest.fixture
def metrics(cinema: Cinema, version: Deployed) -> Callable[[str], dict[str, float]]:
    return lambda recipe: dict(cinema.api.get_solution_metrics(solutionVersionArn=version(recipe))["metrics"])


def seen(guest: str) -> set[str]:
    return {str(film) for who, film, _ in rows()["Interactions"] if who == guest}


def by_views() -> list[str]:
    views = Counter(str(film) for _, film, _ in rows()["Interactions"])
    return sorted(views, key=lambda film: (-views[film], film))


def test_every_recipe_has_an_algorithm() -> None:
    assert {recipe.algorithm for recipe in RECIPES.values()} == {*ALGORITHMS, "actions"}


@pytest.mark.parametrize("recipe", ["aws-user-personalization", "aws-user-personalization-v2"])
def test_users_get_what_is_to_their_taste_and_new_to_them(recommended: Recommended, recipe: str) -> None:
    assert set(recommended(recipe, "Sam")) <= SPACE - seen("Sam")
    assert set(recommended(recipe, "Hanna")) <= HEART - seen("Hanna")
    assert recommended(recipe, NEW) == by_views()[:4]


@pytest.mark.parametrize("recipe", ["aws-personalized-ranking", "aws-personalized-ranking-v2"])
def test_rankings_begin_with_what_is_to_the_users_taste(recommended: Recommended, recipe: str) -> None:
    assert set(recommended(recipe, "Sam")[:2]) <= SPACE
    assert set(recommended(recipe, "Hanna")[:2]) <= HEART


def test_scores_sum_to_one_over_all_items_or_those_that_are_given(cinema: Cinema, campaign: Deployed) -> None:
    asked = {"userId": "Sam", "numResults": 100}
    for_sam = cinema.runtime.get_recommendations(campaignArn=campaign("aws-user-personalization"), **asked)
    scores = [item["score"] for item in for_sam["itemList"]]
    assert len(scores) == len(SPACE | HEART) + 1
    assert sum(scores) == pytest.approx(1)
    assert scores == sorted(scores, reverse=True)
    ranking = cinema.runtime.get_personalized_ranking(
        campaignArn=campaign("aws-personalized-ranking"), userId="Sam", inputList=["Jupiter", "nothing", "July"]
    )["personalizedRanking"]
    assert sum(item["score"] for item in ranking) == pytest.approx(1)
    assert ranking[-1] == {"itemId": "nothing", "score": 0.0}


@pytest.mark.parametrize("recipe", ["aws-similar-items", "aws-sims", "aws-semantic-similarity"])
def test_similar_items_are_of_the_same_taste(recommended: Recommended, recipe: str) -> None:
    for guest, taste in (("Sam", SPACE), ("Hanna", HEART)):
        found = recommended(recipe, guest)
        assert set(found) <= taste
        assert GUESTS[guest] not in found


def test_a_film_that_nobody_saw_resembles_others_by_its_own_data(recommended: Recommended) -> None:
    assert GUESTS[NEW] == UNSEEN
    assert set(recommended("aws-similar-items", NEW)) <= HEART
    assert set(recommended("aws-semantic-similarity", NEW)) <= HEART
    assert recommended("aws-sims", NEW) == by_views()[:4], "by users alone nothing is known of it"


def test_columns_that_are_excluded_do_not_count() -> None:
    with mock_personalize(MANY) as emulator:
        cinema = Cinema(emulator)
        config = {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["GENRE"]}}}
        arn = cinema.deploy(cinema.train("aws-similar-items", solutionConfig=config))
        assert cinema.recommended(RECIPES["aws-similar-items"], arn, NEW) == by_views()[:4]


def test_popular_is_what_has_most_interactions(recommended: Recommended) -> None:
    assert [recommended("aws-popularity-count", guest) for guest in GUESTS] == [by_views()[:4]] * 3


def test_trending_is_what_rises(recommended: Recommended) -> None:
    assert by_views().index(RISING) > 4
    assert recommended("aws-trending-now", NEW)[0] == RISING


def test_segments_are_users_of_that_taste(cinema: Cinema, version: Deployed) -> None:
    taste = tastes()
    for recipe in ("aws-item-affinity", "aws-item-attribute-affinity"):
        for guest in ("Sam", "Hanna"):
            found = cinema.segment(RECIPES[recipe], version(recipe), guest)
            assert {taste[user] for user in found} == {taste[guest]}, (recipe, guest)
            assert len(set(found)) == 20


def test_actions_are_those_that_people_like_the_user_take(recommended: Recommended) -> None:
    space, heart, nobody = OFFERS
    assert recommended("aws-next-best-action", "Sam") == [space, heart, nobody]
    assert recommended("aws-next-best-action", "Hanna") == [heart, space, nobody]


def test_a_recipe_that_fits_the_data_measures_better(metrics: Callable[[str], dict[str, float]]) -> None:
    personal, popular = metrics("aws-user-personalization-v2"), metrics("aws-popularity-count")
    assert set(personal) == set(popular)
    for name, value in personal.items():
        assert value > popular[name], name


def test_segments_foresee_more_than_chance(metrics: Callable[[str], dict[str, float]]) -> None:
    found = metrics("aws-item-affinity")
    assert set(found) == {"coverage", "hits_at_1_percent", "recall_at_1_percent"}
    assert found["recall_at_1_percent"] > 0.01


def test_actions_are_measured_by_what_users_took(metrics: Callable[[str], dict[str, float]]) -> None:
    found = metrics("aws-next-best-action")
    assert found["normalized_discounted_cumulative_gain_at_5"] > 0.8
    assert "mean_reciprocal_rank_at_25" not in found


class TestEvents:
    """What is streamed counts at once, for the recipes that follow events."""

    @pytest.fixture
    def tracker(self, cinema: Cinema) -> str:
        trackers = cinema.api.list_event_trackers(datasetGroupArn=cinema.group)["eventTrackers"]
        if trackers:
            arn = trackers[0]["eventTrackerArn"]
        else:
            arn = cinema.api.create_event_tracker(name="t", datasetGroupArn=cinema.group)["eventTrackerArn"]
            cinema.finish()
        return str(cinema.api.describe_event_tracker(eventTrackerArn=arn)["eventTracker"]["trackingId"])

    def watch(self, cinema: Cinema, tracker: str, user: str, *films: str, moment: int = 1_800_000_000) -> None:
        events: list[dict[str, Any]] = [
            {"eventType": "watch", "sentAt": moment + place, "itemId": film} for place, film in enumerate(films)
        ]
        cinema.events.put_events(trackingId=tracker, userId=user, sessionId="s", eventList=events)

    def test_a_new_user_is_known_by_the_first_events(
        self, cinema: Cinema, tracker: str, recommended: Recommended
    ) -> None:
        follow = ("aws-user-personalization-v2", "aws-personalized-ranking-v2")
        stay = ("aws-popularity-count", "aws-sims")
        before = {recipe: recommended(recipe, NEW) for recipe in (*follow, *stay)}
        self.watch(cinema, tracker, NEW, "Lander", "Kepler")
        after = {recipe: recommended(recipe, NEW) for recipe in (*follow, *stay)}
        assert set(after[follow[0]]) <= SPACE - {"Lander", "Kepler"}
        assert set(before[follow[0]]) & HEART
        assert {recipe for recipe in before if before[recipe] != after[recipe]} >= {follow[0]}
        assert all(before[recipe] == after[recipe] for recipe in stay)

    def test_a_changed_mind_shows(self, cinema: Cinema, tracker: str, recommended: Recommended) -> None:
        self.watch(cinema, tracker, "Sam", *sorted(HEART)[:8])
        assert set(recommended("aws-user-personalization-v2", "Sam")) & HEART
        assert set(recommended("aws-user-personalization-v2", "Hanna")) <= HEART, "others are as they were"

    def test_what_everybody_watches_now_trends(self, cinema: Cinema, tracker: str, recommended: Recommended) -> None:
        recommended("aws-trending-now", NEW)
        for number in range(60):
            self.watch(cinema, tracker, f"late {number}", "Next Door")
        assert recommended("aws-trending-now", NEW)[0] == "Next Door"

    def test_a_refusal_lowers_an_action_for_its_user(self, cinema: Cinema, recommended: Recommended) -> None:
        space, heart, _ = OFFERS
        datasets = cinema.api.list_datasets(datasetGroupArn=cinema.group)["datasets"]
        arn = next(one["datasetArn"] for one in datasets if one["datasetType"] == "ACTION_INTERACTIONS")
        tracking = cinema.api.describe_dataset(datasetArn=arn)["dataset"]["trackingId"]
        assert recommended("aws-next-best-action", "Sam")[0] == space
        refusal = {"actionId": space, "userId": "Sam", "sessionId": "s", "timestamp": 1_800_000_000}
        for how in ("Not taken", "NOT_TAKEN", "Not Taken") * 3:
            cinema.events.put_action_interactions(
                trackingId=tracking, actionInteractions=[{**refusal, "eventType": how}]
            )
        assert recommended("aws-next-best-action", "Sam")[0] == heart
        assert recommended("aws-next-best-action", "Hanna")[0] == heart


def test_events_count_as_the_solution_selects_them() -> None:
    """Of a solution for purchases, a view tells nothing, neither in the training nor later."""
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    lines = [f"{who},{film},{moment},buy" for who, film, moment in rows()["Interactions"]]
    lines += [f"viewer,{film},{number},view" for number, film in enumerate(sorted(SPACE))]
    with mock_personalize() as emulator:
        world = World(emulator)
        group = world.group()
        schema = world.schema("Interactions", fields)
        text = "\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE", *lines, ""])
        world.imported(world.dataset(group, "Interactions", schema), text)
        solution = world.solution(group, solutionConfig={"eventValueThreshold": "0"}, eventType="buy")
        campaign = world.campaign(world.version(solution))
        tracker = world.api.create_event_tracker(name="t", datasetGroupArn=group)["trackingId"]
        world.finish()

        def recommended() -> list[str]:
            answer = world.runtime.get_recommendations(campaignArn=campaign, userId="viewer", numResults=4)
            return [item["itemId"] for item in answer["itemList"]]

        def send(kind: str) -> None:
            event = {"eventType": kind, "sentAt": 1_800_000_000, "itemId": "Letters"}
            world.events.put_events(trackingId=tracker, userId="viewer", sessionId="s", eventList=[event])

        assert recommended() == by_views()[:4]
        send("view")
        assert recommended() == by_views()[:4]
        send("buy")
        assert set(recommended()) <= HEART


def test_what_was_streamed_is_found_by_an_index() -> None:
    """However much was imported, and also after an import put other rows in the place of the first."""
    with mock_personalize() as emulator:
        world = World(emulator)
        dataset = world.dataset(world.group())
        for _ in range(2):
            world.imported(dataset)
        (backend,) = emulator.backends()
        table = backend.rows.table(dataset).name
        question = f"(SELECT *, rowid AS p FROM {table} WHERE 1) WHERE {ORIGIN} = 'put' AND USER_ID = ? ORDER BY p"
        plan = " ".join(row[-1] for row in backend.rows.query(f"EXPLAIN QUERY PLAN SELECT * FROM {question}", "u"))
        assert "USING INDEX streamed_" in plan


def test_batch_jobs_wait_for_the_next_training_with_what_is_streamed(world: World) -> None:
    """Source: guide "Getting batch recommendations"."""
    group = world.group_with_data()
    tracker = world.api.create_event_tracker(name="t", datasetGroupArn=group)["trackingId"]
    version = world.version(world.solution(group, "aws-user-personalization"))
    campaign = world.campaign(version)

    def in_batch(version: str) -> list[str]:
        (line,) = run(world, version, [{"userId": "late"}], numResults=5)[1]
        return list(line["output"]["recommendedItems"])

    def live() -> list[str]:
        found = world.runtime.get_recommendations(campaignArn=campaign, userId="late", numResults=5)["itemList"]
        return [one["itemId"] for one in found]

    before = in_batch(version)
    assert before == live()
    events = [{"eventType": "view", "sentAt": 1_800_000_000, "itemId": item} for item in ("i40", "i50")]
    world.events.put_events(trackingId=tracker, userId="late", sessionId="s", eventList=events)
    assert live() != before
    assert in_batch(version) == before
    solution = version.rpartition("/")[0]
    assert in_batch(world.version(solution)) != before


def test_answers_do_not_depend_on_how_python_hashes() -> None:
    script = (
        "from local.personalize_emulator import mock_personalize\n"
        "from local.personalize_emulator.recipes import RECIPES\n"
        "from local.personalize_emulator.side_by_side import Cinema\n"
        "with mock_personalize() as emulator:\n"
        "    cinema = Cinema(emulator)\n"
        "    version = cinema.train('aws-user-personalization-v2')\n"
        "    print(cinema.api.get_solution_metrics(solutionVersionArn=version)['metrics'])\n"
        "    print(cinema.runtime.get_recommendations(\n"
        "        campaignArn=cinema.deploy(version), userId='guest 5', numResults=30)['itemList'])\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "OPENBLAS_NUM_THREADS": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
