"""A batch job whose input no line of can be answered is told before it is paid for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from pipeline.data import batch_input
from pipeline.data.folders import DataFile, DataFolder
from pipeline.params.recipes import RECIPES

from .conftest import params
from .workflow import Deployment, deployed

RECIPE = "arn:aws:personalize:::recipe/"
INPUT = "batch/weekly/input/users.json"


class Folder(DataFolder):
    """An input of one file, which is not in S3."""

    body: bytes

    def sample(self, file: DataFile) -> bytes:
        return self.body[: file.size]


def unfit(
    body: bytes, recipe: str = "aws-user-personalization", size: int | None = None
) -> tuple[str | None, str | None]:
    folder = Folder("b", "batch/weekly/input/", (DataFile(INPUT, len(body) if size is None else size, "e"),))
    object.__setattr__(folder, "body", body)
    return batch_input.unfit(folder, RECIPES[recipe].line)


@pytest.mark.parametrize(
    ("recipe", "body"),
    [
        ("aws-user-personalization-v2", b'{"userId": "u1"}\n\n{"userId": "u2", "filterValues": {}}\r\n'),
        ("aws-popularity-count", b'{"userId": "u1"}'),
        ("aws-personalized-ranking", b'{"userId": "u1", "itemList": ["i1"]}\n'),
        ("aws-similar-items", b'{"itemId": "i1"}\n'),
        ("aws-item-affinity", b'{"itemId": "i1"}\n'),
        ("aws-item-attribute-affinity", b'{"itemAttributes": "ITEMS.A = \\"x\\""}\n'),
        ("aws-sims", b""),
    ],
)
def test_lines_that_can_be_answered_pass(recipe: str, body: bytes) -> None:
    assert unfit(body, recipe) == (None, None)


@pytest.mark.parametrize(
    ("recipe", "body", "what"),
    [
        ("aws-sims", b'{"userId": "u1"}\n', 'line 1: lacks itemId. A line is like {"itemId": "i1"}.'),
        ("aws-user-personalization", b'\n{"userid": "u1"}\n', 'line 2: lacks userId. A line is like {"userId": "u1"}.'),
        ("aws-personalized-ranking", b"{}", "line 1: lacks userId and itemList. A line is like"),
        ("aws-user-personalization", b"userId\nu1\n", "line 1: is no JSON: each line is an object of its own"),
        ("aws-user-personalization", b'[\n{"userId": "u1"},\n]', "line 1: is no JSON"),
        ("aws-user-personalization", b'["u1"]\n"u2"', "line 1: is no object."),
        ("aws-user-personalization", b"\xff\xfe\x00", "line 1: is no JSON"),
    ],
)
def test_an_input_that_is_all_wrong_is_told(recipe: str, body: bytes, what: str) -> None:
    problem, note = unfit(body, recipe)
    assert problem is not None and what in problem and INPUT in problem
    assert note is None


def test_some_wrong_lines_are_a_note_for_the_others_are_answered() -> None:
    problem, note = unfit(b'{"userId": "u1"}\n{"user": "u2"}\n{"userId": "u3"}\n')
    assert problem is None
    assert note is not None and "line 2: lacks userId." in note
    assert "So it is with 1 of the 3 lines looked at; the others are answered." in note


def test_the_line_at_which_the_head_ends_is_not_looked_at() -> None:
    body = b'{"userId": "u1"}\n' * 5000
    assert unfit(body, size=batch_input.SAMPLE + 1) == (None, None)


def test_what_may_not_be_read_is_left_to_the_service() -> None:
    class Forbidden(DataFolder):
        def sample(self, file: DataFile) -> bytes:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    assert batch_input.unfit(Forbidden("b", "p/", (DataFile("k", 1, "e"),)), ("userId",)) == (None, None)


@given(st.binary(max_size=200) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_taken_or_told(body: bytes) -> None:
    unfit(body)


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def test_nothing_is_made_for_an_input_that_is_all_wrong_and_the_next_upload_goes_on(deployment: Deployment) -> None:
    solution: dict[str, Any] = {
        "name": "s",
        "recipeArn": f"{RECIPE}aws-sims",
        "batchInferenceJobs": [{"jobName": "weekly"}],
    }
    document = params(solution=None, campaign=None, solutions=[solution])
    deployment.upload(INPUT, '{"userId": "u1"}\n')
    wrong = deployment.run(document)
    assert f"$.solutions[0].batchInferenceJobs[0]: {INPUT}, line 1: lacks itemId." in wrong.mail
    assert deployment.personalize.list_dataset_groups()["datasetGroups"] == []
    deployment.upload(INPUT, '{"itemId": "i1"}\n{"userId": "u1"}\n')
    right = deployment.run(document)
    assert right.succeeded, right.mail
    assert "So it is with 1 of the 2 lines looked at" in right.mail
