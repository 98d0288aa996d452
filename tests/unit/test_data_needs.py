"""Interactions that no training can learn from are told before anything is created."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import interactions_schema, params
from .workflow import Deployment, deployed

EVENT_TYPE = {"name": "EVENT_TYPE", "type": "string"}
HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n"


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def events(count: int = 1200, users: int = 60, **types: int) -> str:
    """Rows of so many users, of which the first so many are of a type and the rest views."""
    names = [name for name, number in types.items() for _ in range(number)]
    names += ["view"] * (count - len(names))
    rows = (f"u{n % users},i{n % 41},{1_700_000_000 + n},{name}\n" for n, name in enumerate(names))
    return HEADER + "".join(rows)


def document(**solution: Any) -> dict[str, Any]:
    given = params()
    given["datasets"]["Interactions"]["schema"] = interactions_schema(EVENT_TYPE)
    given["solution"] |= solution
    return given


def test_good_data_is_no_problem(deployment: Deployment) -> None:
    deployment.upload_data(interactions=events(purchase=1100))
    assert deployment.run(document(eventType="purchase")).succeeded


@pytest.mark.parametrize(
    ("data", "solution", "told"),
    [
        (
            events(purchase=999),
            {"eventType": "purchase"},
            "$.solution.eventType: learns from events of the type purchase, of which the data has 999; it needs 1,000. "
            "It has purchase (999), view (201).",
        ),
        (
            events(purchase=1100),
            {"eventType": "purchases"},
            "of which the data has 0; it needs 1,000. It has purchase (1,100), view (100). Did you mean purchase?",
        ),
        (
            events(count=1010, users=1000),
            {},
            "$.datasets.Interactions: 10 of 1,000 users have two interactions or more; a training needs 25.",
        ),
        (
            events(count=5000, users=5000),
            {},
            "$.datasets.Interactions: none of 1,024 users, taken by chance out of about ",
        ),
    ],
    ids=["few", "misspelt", "few twice", "none twice"],
)
def test_what_a_training_lacks_refuses_the_first_upload(
    deployment: Deployment, data: str, solution: dict[str, Any], told: str
) -> None:
    deployment.upload_data(interactions=data)
    ended = deployment.run(document(**solution))
    assert ended.error == "ParamsRejected"
    assert told in " ".join(ended.mail.split())
    assert deployment.personalize.list_dataset_groups()["datasetGroups"] == []


def test_event_types_count_in_any_case(deployment: Deployment) -> None:
    deployment.upload_data(interactions=events(PURCHASE=600, Purchase=600))
    assert "learns from" not in deployment.run(document(eventType="purchase") | {"dryRun": True}).mail


def test_where_events_may_have_been_sent_it_is_a_note(deployment: Deployment) -> None:
    deployment.upload_data(interactions=events(purchase=1100))
    assert deployment.run(document(eventType="purchase")).succeeded
    deployment.upload_data(interactions=events(purchase=900))
    ended = deployment.run(document(eventType="purchase") | {"dryRun": True})
    assert ended.succeeded
    told = " ".join(ended.mail.split())
    assert "of which the data has 900; it needs 1,000." in told
    assert "Events that were sent count as well" in told


def test_what_does_not_train_needs_nothing(deployment: Deployment) -> None:
    deployment.upload_data(interactions=events(count=1010, users=1000))
    given = document() | {"train": "never"}
    del given["campaign"]
    assert deployment.run(given).succeeded


def test_a_use_case_needs_its_own_event_type(deployment: Deployment) -> None:
    given = document()
    del given["solution"], given["campaign"]
    given["datasetGroup"]["domain"] = "ECOMMERCE"
    recipe = "arn:aws:personalize:::recipe/aws-ecomm-popular-items-by-purchases"
    given["recommenders"] = [{"name": "best-sellers", "recipeArn": recipe}]
    deployment.upload_data(interactions=events(Purchase=300))
    ended = deployment.run(given)
    assert ended.error == "ParamsRejected"
    told = " ".join(ended.mail.split())
    assert "$.recommenders[0].recipeArn: learns from events of the type Purchase, of which the data has 300" in told


@pytest.mark.parametrize(("types", "told"), [(12, "has 12 event types"), (1500, "has more than 1,000 event types")])
def test_more_event_types_than_personalize_takes(deployment: Deployment, types: int, told: str) -> None:
    rows = (f"u{n % 60},i{n % 41},{1_700_000_000 + n},type-{n % types}\n" for n in range(4000))
    deployment.upload_data(interactions=HEADER + "".join(rows))
    ended = deployment.run(document())
    assert ended.error == "ParamsRejected"
    assert f"$.datasets.Interactions: {told} and 1 optional columns (EVENT_TYPE); together at most 10" in ended.mail


def test_an_event_type_that_the_schema_does_not_have_is_not_used(deployment: Deployment) -> None:
    deployment.upload_data(interactions=events().replace(",view", ","))
    ended = deployment.run(params())
    assert ended.succeeded, ended.mail
    assert "the columns EVENT_TYPE are not in the schema, so they are not used" in ended.mail


def test_a_weight_of_events_that_do_not_occur_is_a_note(deployment: Deployment) -> None:
    deployment.upload_data(interactions=events(purchase=600))
    weights = [{"eventType": "Purchase", "weight": 1.0}, {"eventType": "veiw", "weight": 0.1}]
    given = document(solutionConfig={"eventsConfig": {"eventParametersList": weights}})
    ended = deployment.run(given | {"dryRun": True})
    assert ended.succeeded
    (note,) = [note for note in ended.report["notes"] if "eventsConfig" in note]
    assert note.endswith("has no event of the type veiw. It has purchase (600), view (600). Did you mean view?")


def test_few_users_among_many_are_a_note(deployment: Deployment) -> None:
    rows = [f"u{n},i{n % 41},{1_700_000_000 + n},view\n" for n in (*range(4000), *range(0, 4000, 200))]
    deployment.upload_data(interactions=HEADER + "".join(rows))
    mail = deployment.run(document() | {"dryRun": True}).mail
    assert "users have two interactions or more; a training fails with fewer than 25, or than 1 % of all." in mail
