"""Whatever is sent to it, the emulator answers as a service does, and goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.personalize_emulator import Clock, Emulator, mock_personalize
from local.personalize_emulator.clock import LATEST
from local.personalize_emulator.dispatch import Caller
from local.personalize_emulator.requests import DEEPEST, Answer, answer
from local.personalize_emulator.service_model import CONTROL, SERVICES, operations

from .world import ACCOUNT, REGION

OPERATIONS = [(service, name) for service in SERVICES for name in sorted(operations(service))]

# Surrogates too, which JSON can tell and no encoding can write.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
ARNS = st.sampled_from(
    [
        f"arn:aws:personalize:{REGION}:{ACCOUNT}:{tail}"
        for tail in ("campaign/c", "dataset/g/ITEMS", "solution/s", "dataset-group/g", "filter/f", "recommender/r")
    ]
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with mock_personalize() as emulator:
        yield emulator


def sent(emulator: Emulator, service: str, operation: str, body: str | bytes) -> Answer:
    path = "/" if service == CONTROL else operations(service)[operation].model.http["requestUri"]
    target = {"x-amz-target": f"AmazonPersonalize.{operation}"} if service == CONTROL else {}
    return answer(emulator, path, target, body, Caller("testing", ACCOUNT, REGION))


def is_refused(reply: Answer) -> bool:
    return 400 <= reply.status < 500 and set(json.loads(reply.body)) == {"__type", "message"}


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operation=st.sampled_from(OPERATIONS), data=st.data())
def test_any_values_of_any_members(emulator: Emulator, operation: tuple[str, str], data: st.DataObject) -> None:
    service, name = operation
    shape = operations(service)[name].input_shape
    members = list(shape.members) if shape is not None and hasattr(shape, "members") else []
    params = data.draw(st.dictionaries(st.sampled_from(members) | TEXTS, ARNS | VALUES, max_size=6))
    reply = sent(emulator, service, name, json.dumps(params))
    assert reply.status == 200 or is_refused(reply), reply.body


SOLUTION = f"arn:aws:personalize:{REGION}:{ACCOUNT}:solution/none"


@pytest.mark.parametrize("stray", [{"datasetArn": []}, {"metricsOutputConfig": 5}, {"roleArn": {}}, {"tags": 1}])
def test_members_of_other_operations_are_passed_over(emulator: Emulator, stray: dict[str, Any]) -> None:
    reply = sent(emulator, CONTROL, "DescribeSolution", json.dumps({"solutionArn": SOLUTION, **stray}))
    assert is_refused(reply), reply.body


#: Where no list goes on.
PLACES = st.integers(max_value=-1) | st.integers(min_value=2**31)


def token_of(value: Any) -> str:
    """A token as the emulator makes them."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(token=TEXTS | VALUES.map(token_of) | PLACES.map(lambda place: token_of(["ListSchemas", place])))
def test_any_token(emulator: Emulator, token: str) -> None:
    reply = sent(emulator, CONTROL, "ListSchemas", json.dumps({"nextToken": token}))
    assert is_refused(reply), reply.body


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"name": NaN}',
        b'{"maxResults": 1e999}',
        b'{"maxResults": ' + b"9" * 5000 + b"}",
        b'{"nextToken": "\\ud800"}',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"[" * DEEPEST + b"]" * DEEPEST + b"}",
        b'{"a": ' + b'{"a": ' * 500 + b"1" + b"}" * 501,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_bodies_that_are_none(emulator: Emulator, body: bytes) -> None:
    assert is_refused(sent(emulator, CONTROL, "ListSchemas", body))


def test_time_ends_before_dates_can_not_be_written(emulator: Emulator) -> None:
    clock = Clock(scale=1e12)
    for seconds in (3e11, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="year 9999"):
            clock.advance(seconds)
    with pytest.raises(ValueError, match="finite"):
        clock.set_scale(float("inf"))
    late: Any = Clock(scale=1e12, start=LATEST - 1)
    with mock_personalize(clock=late):
        assert sent(Emulator.current(), CONTROL, "ListSchemas", "{}").status == 200
