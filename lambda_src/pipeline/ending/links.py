"""Where a person finds things in AWS's console, by the partition's own address."""

from __future__ import annotations

from urllib.parse import quote

CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def of_object(bucket: str, key: str, near: str) -> str:
    """An object in the bucket; `near` is an ARN of the deployment's partition and region."""
    return f"{_console(near)}/s3/object/{bucket}?region={_region(near)}&prefix={quote(key)}"


def of_execution(arn: str) -> str:
    """An execution of the state machine."""
    return f"{_console(arn)}/states/home?region={_region(arn)}#/v2/executions/details/{quote(arn, safe=':')}"


def of_personalize(arn: str) -> str:
    """Amazon Personalize in the region of `arn`: deeper addresses are documented nowhere."""
    return f"{_console(arn)}/personalize/home?region={_region(arn)}"


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _console(arn: str) -> str:
    host = CONSOLES.get(arn.split(":")[1], CONSOLES["aws"])
    return f"https://{_region(arn)}.{host}"
