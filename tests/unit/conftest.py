"""The surroundings of every unit test: fake credentials, a clean environment, and fresh clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline import clients
from pipeline import settings as settings_module
from pipeline.arns import Arns

ACCOUNT, REGION = "123456789012", "eu-west-1"
BUCKET = "shop-input"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "BUCKET": BUCKET,
    "PARAMS_FILE": "params.json",
    "STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:shop-pipeline",
    "TOPIC_ARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:shop-pipeline",
    "PERSONALIZE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/shop-personalize",
    "SCHEDULE_GROUP": "shop-pipeline",
    "SCHEDULE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/shop-schedules",
    "DEAD_LETTER_QUEUE_ARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:shop-pipeline-dead-letters",
    "TIMEOUT_SECONDS": "604800",
    "PATIENCE_SECONDS": "21600",
    "QUOTAS": "{}",
    "BOUNDARIES": '{"dataset_groups": ["*"], "folders": {}, "ceilings": {}, "allow_teardown": true}',
    "DATA_CHECKS": "full",
    "DATA_CHECK_CONCURRENCY": "3",
    "SAMPLES": "3",
    "PRICES": "{}",
    "ANNOUNCE_STARTS": "false",
    "LOG_LEVEL": "ERROR",
}
CACHED = (
    clients.personalize,
    clients.personalize_once,
    clients.personalize_runtime,
    clients.s3,
    clients.scheduler,
    clients.sns,
    clients.stepfunctions,
    settings_module.settings,
)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The deployment's environment, and nothing of the developer's AWS settings."""
    for name in (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_PERSONALIZE",
        "AWS_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)  # the SDK's pauses between its own retries
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def arns() -> Arns:
    """ARNs of the test's account."""
    return Arns("aws", REGION, ACCOUNT)


def interactions_schema(*more: dict[str, Any]) -> dict[str, Any]:
    """The smallest Interactions schema, with more fields."""
    return _schema(
        "Interactions",
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        *more,
    )


def users_schema(*more: dict[str, Any]) -> dict[str, Any]:
    """A Users schema with one metadata field, and more."""
    return _schema("Users", {"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["null", "int"]}, *more)


def items_schema(*fields: dict[str, Any]) -> dict[str, Any]:
    """An Items schema with these fields beside the id."""
    return _schema("Items", {"name": "ITEM_ID", "type": "string"}, *fields)


def _schema(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": list(fields),
        "version": "1.0",
    }


def params(**sections: Any) -> dict[str, Any]:
    """A params document that everything accepts, with sections replaced; None takes one out."""
    document = {
        "datasetGroup": {"name": "shop"},
        "datasets": {
            "Interactions": {"name": "shop-interactions", "schema": interactions_schema()},
            "Users": {"name": "shop-users", "schema": users_schema()},
        },
        "solution": {"name": "for-you", "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization-v2"},
        "campaign": {"name": "for-you", "minProvisionedTPS": 1},
    } | sections
    return json.loads(json.dumps({name: section for name, section in document.items() if section is not None}))  # type: ignore[no-any-return]
