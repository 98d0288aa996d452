"""The plan and the emulator, which know nothing of each other, of the same solutions.

Where they differ is listed in `DIFFERENCES`; nothing else may.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from local.personalize_emulator import Settings, mock_personalize

from .conftest import ACCOUNT, REGION, interactions_schema, items_schema
from .test_bad_params import told
from .test_everything import EVENTS, RECIPE, everything

ITEMS = items_schema(
    {"name": "PRICE", "type": "float"},
    {"name": "STOCK", "type": ["null", "int"]},
    {"name": "GENRE", "type": ["null", "string"], "categorical": True},
)
# What only one of the two refuses, by words of the refusal.
DIFFERENCES = (
    "at most 10 ",  # the emulator counts what the group has
    "is no recipe",  # the plan asks the service
    "is withdrawn",  # the guide: no longer available; accounts that had it may
    "itemAttribute None",  # with the sensitivity OFF, which asks for nothing
    "begins at",  # a range whose end lies before its beginning
    "no column",  # columns of a training are looked at when it begins
    "eventValueThreshold",  # a text to the service, until a training reads it as a number
    "EVENT_TYPE",
)
NAMES = [
    *("aws-user-personalization-v2", "aws-user-personalization", "aws-personalized-ranking-v2"),
    *("aws-personalized-ranking", "aws-similar-items", "aws-sims", "aws-trending-now", "aws-popularity-count"),
    *("aws-item-affinity", "aws-item-attribute-affinity", "aws-ecomm-popular-items-by-views", "aws-hrnn"),
]


def sometimes(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=members)


NUMBERS = st.sampled_from(["0", "1", "10", "40", "41", "-1", "x", "", "1.5", "007"])
RANGE = st.builds(
    lambda name, low, high: {"name": name, "minValue": low, "maxValue": high},
    st.sampled_from(["hidden_dimension", "bptt"]),
    st.integers(1, 20),
    st.integers(1, 20),
)
CONFIG = sometimes(
    eventValueThreshold=st.sampled_from(["0.5", "3", "x"]),
    autoTrainingConfig=st.builds(
        lambda n, unit: {"schedulingExpression": f"rate({n} {unit})"},
        st.integers(0, 40),
        st.sampled_from(["day", "days"]),
    ),
    optimizationObjective=sometimes(
        itemAttribute=st.sampled_from(["PRICE", "STOCK", "GENRE", "NOPE"]),
        objectiveSensitivity=st.sampled_from(["LOW", "OFF"]),
    ).filter(bool),
    eventsConfig=st.builds(
        lambda weights: {"eventParametersList": [{"eventType": f"e{n}", "weight": w} for n, w in enumerate(weights)]},
        st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=3),
    ),
    hpoConfig=sometimes(
        hpoResourceConfig=sometimes(maxNumberOfTrainingJobs=NUMBERS, maxParallelTrainingJobs=NUMBERS),
        algorithmHyperParameterRanges=sometimes(integerHyperParameterRanges=st.lists(RANGE, max_size=2)),
    ),
    trainingDataConfig=sometimes(
        excludedDatasetColumns=st.dictionaries(
            st.sampled_from(["Items", "ITEMS"]),
            st.lists(st.sampled_from(["GENRE", "STOCK", "NOPE"]), min_size=1, max_size=2),
        )
    ),
)
SOLUTIONS = st.fixed_dictionaries(
    {"name": st.just("s"), "recipeArn": st.sampled_from([RECIPE + name for name in NAMES])},
    optional={
        "performHPO": st.booleans(),
        "performIncrementalUpdate": st.booleans(),
        "eventType": st.sampled_from(["click", ""]),
        "solutionConfig": CONFIG,
    },
)


@pytest.fixture(scope="module")
def personalize() -> Iterator[Any]:
    with mock_personalize(Settings(account_id=ACCOUNT)) as emulator:
        client = boto3.client("personalize", REGION)
        group = client.create_dataset_group(name="shop")["datasetGroupArn"]
        emulator.clock.advance(3600)
        for kind, avro in (("Interactions", interactions_schema(EVENTS)), ("Items", ITEMS)):
            schema = client.create_schema(name=kind, schema=json.dumps(avro))["schemaArn"]
            client.create_dataset(name=kind, schemaArn=schema, datasetGroupArn=group, datasetType=kind)
        emulator.clock.advance(3600)
        client.emulator, client.group = emulator, group
        yield client


def refused_by_the_emulator(personalize: Any, solution: dict[str, Any]) -> str | None:
    try:
        made = personalize.create_solution(datasetGroupArn=personalize.group, performAutoTraining=False, **solution)
    except (ClientError, ParamValidationError) as error:
        return str(error)
    personalize.emulator.clock.advance(600)
    personalize.delete_solution(solutionArn=made["solutionArn"])
    personalize.emulator.clock.advance(600)
    return None


@pytest.mark.usefixtures("personalize")
@settings(max_examples=300, deadline=None)
@given(solution=SOLUTIONS)
def test_they_refuse_the_same_solutions(personalize: Any, solution: dict[str, Any]) -> None:
    document = everything(solutions=[copy.deepcopy(solution)])
    document["datasets"]["Items"] = {"name": "items", "schema": ITEMS}
    ours, theirs = told(document), refused_by_the_emulator(personalize, solution)
    if bool(ours) != bool(theirs):
        refusals = ours or [str(theirs)]
        unlisted = [refusal for refusal in refusals if not any(words in refusal for words in DIFFERENCES)]
        assert not unlisted, (solution, ours, theirs)
