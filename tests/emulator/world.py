"""Builds what a test needs in the emulator, in the order the service wants it."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.personalize_emulator import Emulator
from local.personalize_emulator.resources import RESOURCE_TYPES

REGION = "us-east-1"
ACCOUNT = "123456789012"
BUCKET = "shop-data"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Personalize"

FIELDS: dict[str, list[dict[str, Any]]] = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "Users": [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["null", "int"]}],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": ["string", "null"], "categorical": True},
        {"name": "PRICE", "type": "float"},
    ],
    "Actions": [{"name": "ACTION_ID", "type": "string"}, {"name": "KIND", "type": "string", "categorical": True}],
    "Action_Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ACTION_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
}


def schema_text(kind: str, fields: list[dict[str, Any]] | None = None, **changes: Any) -> str:
    record = {
        "type": "record",
        "name": kind,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": FIELDS[kind] if fields is None else fields,
        "version": "1.0",
    }
    return json.dumps(record | changes)


@cache
def interactions_csv(rows: int = 2000, users: int = 100, items: int = 60, *, seed: int = 1, skew: float = 1.0) -> str:
    """Interactions of `users` with `items`; the higher the skew, the more popular the popular."""
    rng = random.Random(seed)
    weights = [1 / (n + 1) ** skew for n in range(items)]
    chosen = rng.choices(range(items), weights, k=rows)
    lines = [f"u{rng.randrange(users)},i{item},{1_700_000_000 + n}" for n, item in enumerate(chosen)]
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *lines, ""])


@cache
def client(service: str, region: str = REGION, key: str = "testing") -> Any:
    """A boto3 client for use under the mock; making one takes longer than most tests."""
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key="testing", region_name=region)
    return session.client(service)  # type: ignore[call-overload]


class World:
    """boto3 clients of one region, and short ways to resources that are ACTIVE."""

    def __init__(self, emulator: Emulator, region: str = REGION) -> None:
        self.emulator = emulator
        self.api = client("personalize", region)
        self.runtime = client("personalize-runtime", region)
        self.events = client("personalize-events", region)
        self.s3 = client("s3", REGION)
        self._numbers = iter(range(10**6))
        with contextlib.suppress(ClientError):
            self.s3.create_bucket(Bucket=BUCKET)

    def name(self, stem: str) -> str:
        return f"{stem}-{next(self._numbers)}"

    def put(self, key: str, text: str | bytes) -> str:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode() if isinstance(text, str) else text)
        return f"s3://{BUCKET}/{key}"

    def finish(self) -> None:
        self.emulator.finish()

    def described(self, label: str, arn: str) -> dict[str, Any]:
        """What the Describe operation of a type ("solution version") shows."""
        kind = RESOURCE_TYPES[label]
        answer = getattr(self.api, f"describe_{label.replace(' ', '_')}")(**{kind.arn_member: arn})
        return dict(answer[kind.stem])

    def schema(self, kind: str, fields: list[dict[str, Any]] | None = None, **params: Any) -> str:
        answer = self.api.create_schema(name=self.name(kind), schema=schema_text(kind, fields), **params)
        return str(answer["schemaArn"])

    def group(self, **params: Any) -> str:
        arn = self.api.create_dataset_group(**{"name": self.name("group"), **params})["datasetGroupArn"]
        self.finish()
        return str(arn)

    def dataset(self, group: str, kind: str = "Interactions", schema: str | None = None, **params: Any) -> str:
        arn = self.api.create_dataset(
            name=self.name(kind),
            datasetGroupArn=group,
            datasetType=kind,
            schemaArn=schema or self.schema(kind, **params),
        )["datasetArn"]
        self.finish()
        return str(arn)

    def start_import(self, dataset: str, text: str | None = None, key: str | None = None, **params: Any) -> str:
        name = params.pop("jobName", self.name("import"))
        location = params.pop("location", None) or self.put(key or f"{name}/data.csv", text or interactions_csv())
        return str(
            self.api.create_dataset_import_job(
                **{"jobName": name, "datasetArn": dataset, "dataSource": {"dataLocation": location}, "roleArn": ROLE}
                | params
            )["datasetImportJobArn"]
        )

    def imported(self, dataset: str, text: str | None = None, **params: Any) -> dict[str, Any]:
        """The import job after it has ended, well or not."""
        arn = self.start_import(dataset, text, **params)
        self.finish()
        return dict(self.api.describe_dataset_import_job(datasetImportJobArn=arn)["datasetImportJob"])

    def group_with_data(self, text: str | None = None) -> str:
        group = self.group()
        job = self.imported(self.dataset(group), text)
        assert job["status"] == "ACTIVE", job
        return group

    def solution(self, group: str, recipe: str = "aws-user-personalization-v2", **params: Any) -> str:
        arn = self.api.create_solution(
            **{
                "name": self.name("solution"),
                "datasetGroupArn": group,
                "recipeArn": f"arn:aws:personalize:::recipe/{recipe}",
                "performAutoTraining": False,
            }
            | params
        )["solutionArn"]
        self.finish()
        return str(arn)

    def start_version(self, solution: str, **params: Any) -> str:
        return str(self.api.create_solution_version(solutionArn=solution, **params)["solutionVersionArn"])

    def version(self, solution: str, **params: Any) -> str:
        arn = self.start_version(solution, **params)
        self.finish()
        return arn

    def trained(self, recipe: str = "aws-user-personalization-v2", **params: Any) -> str:
        """A version of a new solution in a new group with data."""
        return self.version(self.solution(self.group_with_data(), recipe, **params))

    def campaign(self, version: str, **params: Any) -> str:
        arn = self.api.create_campaign(**{"name": self.name("campaign"), "solutionVersionArn": version} | params)
        self.finish()
        return str(arn["campaignArn"])


@contextlib.contextmanager
def refused(code: str, message: str | None = None) -> Iterator[None]:
    """Expects the service to answer with this error code and, when given, a message that has this text."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if message is not None:
        assert message in error["Message"], error
