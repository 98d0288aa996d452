"""Requests held against the service model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.personalize_emulator import Settings, Switches, mock_personalize
from local.personalize_emulator.service_model import SERVICES, operations
from local.personalize_emulator.validation import _compiled

from .world import REGION, ROLE, World, refused


@pytest.fixture
def unchecked(world: World) -> Any:
    """A client that lets everything through to the service."""
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    return session.client("personalize", config=Config(parameter_validation=False))


ARN = "arn:aws:personalize:us-east-1:123456789012:"


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("create_dataset_group", {"name": "x" * 64}, "Value '" + "x" * 64 + "' at 'name' failed to satisfy constraint: "
         "Member must have length less than or equal to 63"),
        ("create_dataset_group", {"name": ""}, "Member must have length greater than or equal to 1"),
        ("create_dataset_group", {"name": "-a"}, r"satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\-_]*"),
        ("create_dataset_group", {"name": "a b"}, "satisfy regular expression pattern"),
        ("create_dataset_group", {"name": "a\n"}, "satisfy regular expression pattern"),
        ("create_dataset_group", {}, "Value null at 'name' failed to satisfy constraint: Member must not be null"),
        ("create_dataset_group", {"name": None}, "Member must not be null"),
        ("create_dataset_group", {"name": 5}, "Member must be of type string"),
        ("create_dataset_group", {"name": True}, "Member must be of type string"),
        ("create_dataset_group", {"name": "a", "domain": "NOPE"}, "enum value set: [ECOMMERCE, VIDEO_ON_DEMAND]"),
        ("create_dataset_group", {"name": "a", "kmsKeyArn": "alias/x", "roleArn": ROLE}, "at 'kmsKeyArn'"),
        ("create_dataset_group", {"name": "a", "tags": [{"tagKey": "k"}]}, "at 'tags.1.member.tagValue'"),
        ("describe_campaign", {"campaignArn": "campaign"}, "at 'campaignArn' failed to satisfy constraint"),
        ("describe_campaign", {"campaignArn": ARN + "x" * 256}, "less than or equal to 256"),
        ("create_campaign", {"name": "c", "solutionVersionArn": ARN + "solution/a/b", "minProvisionedTPS": 0},
         "Value '0' at 'minProvisionedTPS' failed to satisfy constraint: "
         "Member must have value greater than or equal to 1"),
        ("create_campaign", {"name": "c", "solutionVersionArn": ARN + "solution/a/b", "minProvisionedTPS": 1.5},
         "must be of type integer"),
        ("create_campaign", {"name": "c", "solutionVersionArn": ARN + "solution/a/b",
                             "campaignConfig": {"rankingInfluence": {"POPULARITY": 1.5}}},
         "at 'campaignConfig.rankingInfluence.POPULARITY.value'"),
        ("create_campaign", {"name": "c", "solutionVersionArn": ARN + "solution/a/b",
                             "campaignConfig": {"rankingInfluence": {"PRICE": 1}}},
         "at 'campaignConfig.rankingInfluence.PRICE.key'"),
        ("list_schemas", {"maxResults": 0}, "at 'maxResults'"),
        ("list_schemas", {"maxResults": 101}, "at 'maxResults'"),
        ("create_dataset_import_job", {"jobName": "j", "datasetArn": ARN + "dataset/a/b", "roleArn": "me",
                                       "dataSource": {"dataLocation": "/data"}}, "2 validation errors detected"),
    ],
)  # fmt: skip
def test_a_request_that_breaks_the_model(unchecked: Any, operation: str, params: dict[str, Any], message: str) -> None:
    code = "ValidationException" if operation == "list_schemas" else "InvalidInputException"
    with refused(code, message):
        getattr(unchecked, operation)(**params)


def test_switch_for_the_class_of_the_error() -> None:
    settings = Settings(switches=Switches(invalid_request_error="ValidationException"))
    with mock_personalize(settings) as emulator, refused("ValidationException", "1 validation error detected"):
        World(emulator).api.create_dataset_group(name="a b")


def test_switch_for_the_http_status() -> None:
    switches = Switches(http_status={"ResourceNotFoundException": 404})
    with mock_personalize(Settings(switches=switches)) as emulator:
        api = World(emulator).api
        for arn, status in ((ARN + "campaign/none", 404), ("none", 400)):
            with pytest.raises(api.exceptions.ClientError) as caught:
                api.describe_campaign(campaignArn=arn)
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_every_pattern_of_the_models_can_be_read() -> None:
    def patterns(shape: Shape | None, seen: set[str]) -> Iterator[str]:
        if shape is None or shape.name in seen:
            return
        seen.add(shape.name)
        if "pattern" in shape.metadata:
            yield shape.metadata["pattern"]
        if isinstance(shape, StructureShape):
            for member in shape.members.values():
                yield from patterns(member, seen)
        elif isinstance(shape, ListShape):
            yield from patterns(shape.member, seen)
        elif isinstance(shape, MapShape):
            yield from patterns(shape.key, seen)
            yield from patterns(shape.value, seen)

    found = {p for s in SERVICES for op in operations(s).values() for p in patterns(op.input_shape, set())}
    assert len(found) > 5
    for pattern in found:
        assert _compiled(pattern).fullmatch("\x00") is None or "ASCII" in pattern


def test_null_says_as_much_as_leaving_a_member_out(unchecked: Any) -> None:
    assert unchecked.list_campaigns(nextToken=None, maxResults=None)["campaigns"] == []
