"""A thing of another dataset group is never touched: refused in the plan, and looked at again before a write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import params
from .workflow import Deployment, deployed

FILTER = {"name": "unseen", "filterExpression": "EXCLUDE UserID WHERE Users.AGE > 90"}
RECOMMENDER = "arn:aws:personalize:::recipe/aws-vod-top-picks"


def group(name: str, **sections: Any) -> dict[str, Any]:
    """Params of a dataset group whose resources have names of its own, but for the sections given."""
    own = {
        "datasetGroup": {"name": name},
        "solution": {"name": f"{name}-solution", "recipeArn": "arn:aws:personalize:::recipe/aws-sims"},
        "campaign": {"name": f"{name}-campaign", "minProvisionedTPS": 1},
    }
    return params(**(own | sections))


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        for folder in ("a/", "b/"):
            deployment.upload_data(folder)
        yield deployment


def run(deployment: Deployment, name: str, **sections: Any) -> Any:
    return deployment.run(group(name, **sections), key=f"{name}/params.json")


@pytest.mark.parametrize(
    ("where", "mine", "theirs"),
    [
        ("$.filters[0].name", {"filters": [FILTER]}, {"filters": [FILTER]}),
        ("$.filters[0].name", {"filters": [FILTER]}, {"filters": [FILTER | {"state": "absent"}]}),
        ("$.campaign.name", {}, {"campaign": {"name": "a-campaign", "state": "absent"}}),
        ("$.campaign.name", {}, {"campaign": {"name": "a-campaign", "minProvisionedTPS": 3}}),
        ("$.solution.name", {}, {"solution": group("a")["solution"]}),
    ],
)
def test_what_belongs_to_another_group_is_refused_by_name_in_the_plan(
    deployment: Deployment, where: str, mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    assert run(deployment, "a", **mine).succeeded
    assert run(deployment, "b").succeeded
    before = deployment.writes()
    ended = run(deployment, "b", **theirs)
    assert ended.error == "ParamsRejected", ended.mail
    (problem,) = [failure for failure in ended.report["failures"] if failure["where"] == where]
    assert "belongs to the" in problem["what"] and "Use another name" in problem["what"]
    assert deployment.writes() == before


@pytest.mark.parametrize("state", ["absent", "stopped", "present"])
def test_a_recommender_of_another_group_is_refused_whatever_is_wanted_of_it(deployment: Deployment, state: str) -> None:
    for name in ("a", "b"):
        deployment.personalize.create_dataset_group(name=name, domain="VIDEO_ON_DEMAND")
    deployment.emulator.clock.advance(600)
    schema = {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "version": "1.0",
        "fields": [
            {"name": "USER_ID", "type": "string"},
            {"name": "ITEM_ID", "type": "string"},
            {"name": "EVENT_TYPE", "type": "string"},
            {"name": "TIMESTAMP", "type": "long"},
        ],
    }
    rows = "".join(f"u{n % 60},i{n % 41},Watch,{1_700_000_000 + n}\n" for n in range(1500))
    for name in ("a", "b"):
        deployment.upload(f"{name}/Interactions/interactions.csv", "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n" + rows)

    def document(name: str, **recommender: Any) -> dict[str, Any]:
        return {
            "datasetGroup": {"name": name, "domain": "VIDEO_ON_DEMAND"},
            "datasets": {"Interactions": {"name": f"{name}-interactions", "schema": schema}},
            "recommenders": [{"name": "picks", "recipeArn": RECOMMENDER} | recommender],
        }

    assert deployment.run(document("a"), key="a/params.json").succeeded
    before = deployment.writes()
    ended = deployment.run(document("b", state=state), key="b/params.json")
    assert ended.error == "ParamsRejected"
    assert ended.report["failures"][0]["where"] == "$.recommenders[0].name"
    assert deployment.writes() == before


def test_two_files_side_by_side_that_share_names_leave_each_others_things_alone(deployment: Deployment) -> None:
    """Both plans see an empty account; who comes second finds out at its write, and says so."""
    shared = {"solution": group("x")["solution"], "campaign": group("x")["campaign"]}
    runs = [deployment.start(group(name, **shared), key=f"{name}/params.json") for name in ("a", "b")]
    first, second = deployment.step(*runs)
    winner, loser = (first, second) if first.succeeded else (second, first)
    assert winner.succeeded and not loser.succeeded
    assert loser.row("solution")["done"] == "not created"
    assert "belongs to the dataset group" in loser.row("solution")["problem"]
    assert loser.row("solution version")["done"] == loser.row("campaign")["done"] == "not attempted"
    assert deployment.calls("CreateSolution") == deployment.calls("CreateCampaign") == 1
    assert "Nothing: no campaign" in loser.mail


def test_a_custom_group_does_not_take_a_schema_of_a_domain(deployment: Deployment) -> None:
    """Schemas are named by what they say, and the domain is part of it."""
    schema = params()["datasets"]["Users"]["schema"]
    extended = schema | {
        "fields": [*schema["fields"], {"name": "SUBSCRIPTION_MODEL", "type": "string", "categorical": True}]
    }
    datasets = params()["datasets"]
    datasets["Users"] = {"name": "users", "schema": extended}
    events = datasets["Interactions"]["schema"]
    with_type = events | {"fields": [*events["fields"], {"name": "EVENT_TYPE", "type": "string"}]}
    datasets["Interactions"] = {"name": "interactions", "schema": with_type}
    rows = "".join(f"u{n % 60},i{n % 41},{1_700_000_000 + n},Watch\n" for n in range(1500))
    users = "".join(f"u{n},{20 + n % 50},basic\n" for n in range(60))
    for folder in ("a/", "b/"):
        deployment.upload(f"{folder}Interactions/interactions.csv", "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + rows)
        deployment.upload(f"{folder}Users/users.csv", "USER_ID,AGE,SUBSCRIPTION_MODEL\n" + users)
    domain = run(deployment, "a", datasetGroup={"name": "a", "domain": "VIDEO_ON_DEMAND"}, datasets=datasets)
    assert domain.succeeded, domain.mail
    custom = run(deployment, "b", datasets=datasets)
    assert custom.succeeded, custom.mail
    assert deployment.calls("CreateSchema") == 4


def test_what_somebody_else_made_in_the_same_second_is_not_told_as_found(deployment: Deployment) -> None:
    """Its create call is refused, for it exists by then; whose it is shows only the look after that."""
    shared = group("x")["solution"]
    execution = deployment.start(group("b", solution=shared), key="b/params.json")
    while "Train and Deploy" not in execution.entered:
        deployment.emulator.clock.advance(execution.advance() or 0)
        if "Wait to Import Datasets" in execution.entered and not deployment.personalize.list_solutions()["solutions"]:
            deployment.personalize.create_dataset_group(name="a")
            deployment.emulator.clock.advance(120)
            (other,) = [
                entry["datasetGroupArn"]
                for entry in deployment.personalize.list_dataset_groups()["datasetGroups"]
                if entry["name"] == "a"
            ]
            deployment.personalize.create_solution(
                name=shared["name"], datasetGroupArn=other, recipeArn=shared["recipeArn"]
            )
    ended = deployment.finish(execution)
    row = ended.row("solution")
    assert row["done"] == "not created" and row["status"] == "another group's" and row["arn"] is None
    assert "belongs to the dataset group a" in row["problem"]
