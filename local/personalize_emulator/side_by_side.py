"""The same guests of a small cinema under each recipe.

`python -m personalize_emulator.side_by_side` prints them; the docs have them as a table.
"""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3

from .avro import NAMESPACE
from .emulator import Emulator
from .mock import mock_personalize
from .recipes import RECIPES, Recipe
from .requests import DEFAULT_REGION
from .settings import Settings

#: Films by taste; the first of each are seen more often than the last.
FILMS = {
    "space": (
        *("Aurora", "Beacon", "Comet", "Drift", "Eclipse", "Far Side", "Gravity", "Horizon"),
        *("Icarus", "Jupiter", "Kepler", "Lander", "Meteor", "Helios"),
    ),
    "heart": (
        *("Always", "Bouquet", "Courtship", "Darling", "Embrace", "First Kiss", "Goodbye", "Honeymoon"),
        *("In Spring", "July", "Keepsake", "Letters", "Moonlight", "Next Door"),
    ),
}
#: Who is asked about, and the film from which to start where a recipe asks for one.
GUESTS = {"Sam": "Comet", "Hanna": "Courtship", "somebody new": "Premiere"}
#: Of late everybody talks about it. Nobody has seen "Premiere", of which only genre and story are known.
RISING, UNSEEN = "Helios", "Premiere"
#: What is offered, and the share of guests who take it, by taste.
OFFERS = {
    "Astronomy evening": {"space": 0.8, "heart": 0.1},
    "Dinner for two": {"space": 0.1, "heart": 0.8},
    "Survey": {"space": 0.05, "heart": 0.05},
}
#: What rankings put in order; neither Sam nor Hanna has seen any of them.
RANKED = ["Bouquet", "Eclipse", "Lander", "Letters"]
VISITORS, VISITS, OFFERED, SHOWN = 150, 7, 3, 4
#: How often others see a film that is not to their taste.
ASTRAY = 0.1

_START, _DAY = 1_700_000_000, 86_400
_SCHEMAS: dict[str, list[dict[str, Any]]] = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRE", "type": "string", "categorical": True},
        {"name": "TITLE", "type": "string", "itemName": True},
        {"name": "STORY", "type": ["string", "null"], "textual": True},
    ],
    "Actions": [
        {"name": "ACTION_ID", "type": "string"},
        {"name": "PLACE", "type": "string", "categorical": True},
    ],
    "Action_Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ACTION_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
}
_STORIES = {"space": "A crew adrift among distant stars", "heart": "Two strangers fall for each other in spring"}


def tastes() -> dict[str, str]:
    """Each guest's taste. Sam and Hanna have the first two; who is new is not among them."""
    kinds = list(FILMS)
    names = ["Sam", "Hanna", *(f"guest {number}" for number in range(VISITORS - 2))]
    return {name: kinds[number % 2] for number, name in enumerate(names)}


def rows() -> dict[str, list[tuple[str | int, ...]]]:
    """The rows of each dataset, in the order of its schema; the same each time."""
    chance = random.Random(7)
    made: dict[str, list[tuple[str | int, ...]]] = {kind: [] for kind in _SCHEMAS}
    for genre, films in FILMS.items():
        made["Items"] += [(film, genre, film, _STORIES[genre]) for film in films]
    made["Items"].append((UNSEEN, "heart", UNSEEN, _STORIES["heart"]))
    made["Actions"] = [(offer, "foyer") for offer in OFFERS]
    for guest, taste in tastes().items():
        other = next(kind for kind in FILMS if kind != taste)
        astray = 0.0 if guest in GUESTS else ASTRAY
        seen: set[str] = set()
        for visit in range(VISITS):
            # Nobody sees a film twice; the last day is that of Helios.
            unseen = [film for film in FILMS[other if chance.random() < astray else taste] if film not in seen]
            (film,) = chance.choices(unseen, [1 / (rank + 2) for rank in range(len(unseen))])
            film = RISING if visit == VISITS - 1 and RISING not in seen and chance.random() < 0.25 else film
            seen.add(film)
            moment = _START + visit * _DAY + chance.randrange(_DAY)
            made["Interactions"].append((guest, film, moment))
        for day, (offer, takers) in itertools.product(range(OFFERED), OFFERS.items()):
            taken = "Taken" if chance.random() < takers[taste] else "Not taken"
            made["Action_Interactions"].append((guest, offer, taken, _START + day * _DAY))
    return made


class Cinema:
    """The cinema's dataset group in a running mock, with all its data imported."""

    def __init__(self, emulator: Emulator) -> None:
        self.finish = emulator.finish
        session = boto3.Session(region_name=DEFAULT_REGION)
        self.api: Any = session.client("personalize")
        self.runtime: Any = session.client("personalize-runtime")
        self.events: Any = session.client("personalize-events")
        self.s3: Any = session.client("s3")
        self.s3.create_bucket(Bucket="cinema")
        self.group = str(self.api.create_dataset_group(name="cinema")["datasetGroupArn"])
        self.finish()
        for kind, lines in rows().items():
            self._import(kind, lines)

    def _import(self, kind: str, lines: list[tuple[str | int, ...]]) -> None:
        record = {"type": "record", "name": kind, "namespace": NAMESPACE, "fields": _SCHEMAS[kind], "version": "1.0"}
        schema = self.api.create_schema(name=kind, schema=json.dumps(record))["schemaArn"]
        dataset = self.api.create_dataset(name=kind, datasetGroupArn=self.group, datasetType=kind, schemaArn=schema)[
            "datasetArn"
        ]
        self.finish()
        text = [",".join(field["name"] for field in _SCHEMAS[kind]), *(",".join(map(str, line)) for line in lines), ""]
        self.s3.put_object(Bucket="cinema", Key=f"{kind}.csv", Body="\n".join(text).encode())
        job = self.api.create_dataset_import_job(
            jobName=kind, datasetArn=dataset, dataSource={"dataLocation": f"s3://cinema/{kind}.csv"}, roleArn=_ROLE
        )["datasetImportJobArn"]
        self.finish()
        ended = self.api.describe_dataset_import_job(datasetImportJobArn=job)["datasetImportJob"]
        assert ended["status"] == "ACTIVE", ended["failureReason"]

    def train(self, recipe: str, **params: Any) -> str:
        """ARN of a solution version; `params` go to CreateSolution."""
        solution = self.api.create_solution(
            name=recipe,
            datasetGroupArn=self.group,
            recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
            performAutoTraining=False,
            **params,
        )["solutionArn"]
        self.finish()
        version = self.api.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        self.finish()
        return str(version)

    def deploy(self, version: str) -> str:
        """ARN of a campaign."""
        name = version.split("/")[1]
        campaign = self.api.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
        self.finish()
        return str(campaign)

    def recommended(self, recipe: Recipe, campaign: str, guest: str) -> list[str]:
        """What a campaign recommends to a guest, best first."""
        if recipe.type == "PERSONALIZED_ACTIONS":
            answer = self.runtime.get_action_recommendations(campaignArn=campaign, userId=guest)
            return [one["actionId"] for one in answer["actionList"]]
        if recipe.type == "PERSONALIZED_RANKING":
            answer = self.runtime.get_personalized_ranking(campaignArn=campaign, userId=guest, inputList=RANKED)
            return [one["itemId"] for one in answer["personalizedRanking"]]
        about = {"userId": guest, "itemId": GUESTS[guest]}
        asked = {name: about[name] for name in recipe.needs}
        answer = self.runtime.get_recommendations(campaignArn=campaign, numResults=SHOWN, **asked)
        return [one["itemId"] for one in answer["itemList"]]

    def segment(self, recipe: Recipe, version: str, guest: str) -> list[str]:
        """The users whom a segment job finds for a guest's film, or for its genre."""
        genre = next((kind for kind, films in FILMS.items() if GUESTS[guest] in films), "heart")
        by_item = recipe.name == "aws-item-affinity"
        line = {"itemId": GUESTS[guest]} if by_item else {"itemAttributes": f'ITEMS.GENRE = "{genre}"'}
        self.s3.put_object(Bucket="cinema", Key="asked.json", Body=json.dumps(line).encode())
        self.api.create_batch_segment_job(
            jobName=f"{recipe.name}-{guest}".replace(" ", "-"),
            solutionVersionArn=version,
            numResults=20,
            jobInput={"s3DataSource": {"path": "s3://cinema/asked.json"}},
            jobOutput={"s3DataDestination": {"path": "s3://cinema/out/"}},
            roleArn=_ROLE,
        )
        self.finish()
        body = self.s3.get_object(Bucket="cinema", Key="out/asked.json.out")["Body"].read()
        return list(json.loads(body)["output"]["usersList"])


_ROLE = "arn:aws:iam::123456789012:role/Personalize"
HEAD = ("recipe", "learns", *GUESTS, "NDCG at 10")


def table() -> Iterator[tuple[str, ...]]:
    """Each recipe with what it learns, what it recommends to each guest, and how well it foresees what guests do."""
    with mock_personalize(
        Settings(quotas=dict.fromkeys(("campaigns in a group", "solutions in a group"), len(RECIPES)))
    ) as emulator:
        cinema = Cinema(emulator)
        for recipe in RECIPES.values():
            if recipe.domain is not None:
                continue
            version = cinema.train(recipe.name)
            metrics = cinema.api.get_solution_metrics(solutionVersionArn=version)["metrics"]
            if recipe.segments:
                found = [_by_taste(cinema.segment(recipe, version, guest)) for guest in GUESTS]
            else:
                campaign = cinema.deploy(version)
                found = [", ".join(cinema.recommended(recipe, campaign, guest)) for guest in GUESTS]
            gain = metrics.get("normalized_discounted_cumulative_gain_at_10")
            yield recipe.name, recipe.algorithm, *found, "" if gain is None else f"{gain:.3f}"


def _by_taste(users: list[str]) -> str:
    counts = Counter(tastes()[user] for user in users)
    return ", ".join(f"{number} of {taste}" for taste, number in counts.most_common())


if __name__ == "__main__":
    for line in (HEAD, *table()):
        print("  ".join(f"{cell:28.60}" for cell in line))
