"""Least privilege, shown: the function's policy allows the calls that its code makes, and no others."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
from pipeline.resource_types import RESOURCE_TYPES

ROOT = Path(__file__).parents[2]
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "lambda_src/pipeline").glob("*.py"))
POLICY = (ROOT / "modules/pipeline_function/permissions.tf").read_text(encoding="utf-8")

SERVICES = {"personalize": "personalize", "s3": "s3", "sns": "sns", "stepfunctions": "states"}
# The actions that authorise an operation, where they are not of its name.
AUTHORISED_BY = {
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:GetObject": {"s3:GetObject", "s3:GetObjectVersion"},  # the params file is read by its version
}
# Not calls of the code: what AWS does in the function's name.
IMPLIED = {
    "personalize:TagResource",  # a create call with tags
    "iam:PassRole",  # an import job's and a dataset group's role
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",  # the dead-letter queue
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "kms:Decrypt",
    "kms:GenerateDataKey",
}


def called() -> set[str]:
    """The operations that the code calls: literally, and through the table of resource types."""
    names = set(re.findall(r"\.(\w+)\(", SOURCES)) | set(re.findall(r'get_paginator\("(\w+)"\)', SOURCES))
    for kind in RESOURCE_TYPES.values():
        names |= {kind.operation(verb) for verb in ("create", "describe", *(["update"] if kind.updatable else []))}
    actions: set[str] = set()
    for service, prefix in SERVICES.items():
        operations = boto3.client(service).meta.method_to_api_mapping  # type: ignore[call-overload]
        actions |= {f"{prefix}:{operation}" for name, operation in operations.items() if name in names}
    return set().union(*(AUTHORISED_BY.get(action, {action}) for action in actions))


def allowed() -> set[str]:
    return set(re.findall(r'"((?:personalize|iam|s3|sns|states|logs|sqs|xray|kms):\w+)"', POLICY)) - {
        "iam:PassedToService"
    }


def test_the_policy_allows_every_call_of_the_code() -> None:
    assert called() - allowed() == set()


def test_the_policy_allows_nothing_else() -> None:
    assert allowed() - called() == IMPLIED
