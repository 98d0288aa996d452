"""Finding a deployment: by name, by bucket, or as the only one of the account and region.

Its Lambda function, `<name>-pipeline`, knows all about it: its environment names the bucket and what params files may
do. Whoever may not read that is told so, for a bucket need not be called after the deployment (`bucket_name`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.arns import Arns
from pipeline.boundaries import Boundaries
from pipeline.settings import DataChecks

from .errors import CommandError

SUFFIX = "-pipeline"  # of state machine and function: main.tf, `local.deployment.name`
MISSING = ("ResourceNotFoundException", "NoSuchBucket", "404")


@dataclass(frozen=True)
class Deployment:
    """One deployment, from its function's environment (modules/pipeline_function/main.tf).

    Attributes:
        name: the module's input `name`.
        bucket: its input bucket.
        params_file: the file name whose upload starts a run.
        state_machine_arn: of its runs.
        boundaries: what params files may do.
        quotas: the account's own, by name, where they are not AWS's.
        prices: the account's own, by name, where they are not those of the table.
        data_checks: how much of the data is looked at, where params files say nothing.
    """

    name: str
    bucket: str
    params_file: str
    state_machine_arn: str
    boundaries: Boundaries
    quotas: dict[str, int]
    prices: dict[str, float]
    data_checks: DataChecks

    @property
    def arns(self) -> Arns:
        """Of its partition, region and account."""
        return Arns.near(self.state_machine_arn)

    @property
    def where(self) -> str:
        """In a sentence: `shop (bucket shop-input, eu-west-1)`."""
        return f"{self.name} (bucket {self.bucket}, {self.arns.region})"


def find(name: str | None = None, bucket: str | None = None) -> Deployment:
    """The deployment of that name or bucket; the only one there is, where neither is given.

    Raises:
        CommandError: there is none, or there are several.
    """
    if name:
        found = _read(f"{name}{SUFFIX}") or (_read(name) if name.endswith(SUFFIX) else None)
        if found is None:
            raise CommandError(f"there is no deployment {name}. {_there_are(names())}")
        if bucket and found.bucket != bucket:
            raise CommandError(f"the bucket of deployment {name} is {found.bucket}, not {bucket}. Name one of the two.")
        return found
    if bucket:
        return _with_bucket(bucket)
    there = [deployment for one in names() if (deployment := _read(f"{one}{SUFFIX}"))]
    if len(there) == 1:
        return there[0]
    if there:
        several = ", ".join(one.where for one in there)
        raise CommandError(f"there are several deployments: {several}. Name one: --deployment NAME.")
    raise CommandError(_there_are([]))


def names() -> list[str]:
    """The names of what may be deployments, by their state machines."""
    pages = clients.stepfunctions().get_paginator("list_state_machines").paginate()
    machines = (machine["name"] for page in pages for machine in page["stateMachines"])
    return sorted(name.removesuffix(SUFFIX) for name in machines if name.endswith(SUFFIX))


def _with_bucket(bucket: str) -> Deployment:
    """By the function that the bucket's notification calls."""
    try:
        answer = clients.s3().get_bucket_notification_configuration(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            raise CommandError(f"there is no bucket {bucket}.") from None
        raise
    for entry in answer.get("LambdaFunctionConfigurations", []):
        found = _read(entry["LambdaFunctionArn"])
        if found and found.bucket == bucket:
            return found
    raise CommandError(f"{bucket} is no deployment's input bucket: its notifications call no pipeline.")


def _read(function: str) -> Deployment | None:
    """The deployment of a function, by name or ARN; None where that is none of ours."""
    lambda_: Any = boto3.client("lambda", config=clients.CONFIG)
    try:
        configuration = lambda_.get_function_configuration(FunctionName=function)
    except ClientError as error:
        if error.response["Error"]["Code"] in MISSING:
            return None
        raise
    told = configuration.get("Environment", {}).get("Variables", {})
    try:
        return Deployment(
            configuration["FunctionName"].removesuffix(SUFFIX),
            told["BUCKET"],
            told["PARAMS_FILE"],
            told["STATE_MACHINE_ARN"],
            Boundaries.from_json(told["BOUNDARIES"]),
            json.loads(told["QUOTAS"]),
            json.loads(told.get("PRICES", "{}")),  # a deployment of an older version has none
            told["DATA_CHECKS"],
        )
    except (KeyError, ValueError):
        return None  # a function of somebody else's, that happens to be called like one


def _there_are(found: list[str]) -> str:
    if not found:
        settings = "AWS_DEFAULT_REGION, AWS_PROFILE"
        return f"There is no deployment in {_region()}. Is that the region, and the account ({settings})?"
    return f"In {_region()} there are: {', '.join(found)}."


def _region() -> str:
    return clients.stepfunctions().meta.region_name
