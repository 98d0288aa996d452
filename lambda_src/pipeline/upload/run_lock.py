"""One run at a time works on a dataset group. A lock object in the bucket names the run that does.

S3 answers a conditional write atomically, so of two runs started in the same second one gets the lock. A lock whose run
has ended, however it ended, is taken over: nothing has to be cleaned up by hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipeline import clients
from pipeline.settings import settings

LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


@dataclass(frozen=True)
class Holder:
    """The run that holds a dataset group's lock, and the fingerprint of what it was started with."""

    execution_arn: str
    fingerprint: str

    @property
    def name(self) -> str:
        """The run's execution name."""
        return self.execution_arn.rsplit(":", 1)[-1]


def claim(dataset_group: str, mine: Holder) -> Holder:
    """Take the dataset group's lock for `mine`.

    Returns:
        Who holds it now: `mine`, or the running run that came first.
    """
    if _put(dataset_group, mine, IfNoneMatch="*"):
        return mine
    held = _get(dataset_group)
    if held is None:  # released in between: the next look gets it
        return Holder("", "")
    holder, etag = held
    if holder.execution_arn == mine.execution_arn:
        return mine
    if _is_running(holder.execution_arn):
        return holder
    return mine if _put(dataset_group, mine, IfMatch=etag) else Holder("", "")


def release(dataset_group: str, execution_arn: str) -> None:
    """Give the lock back, if it is this run's."""
    held = _get(dataset_group)
    if held and held[0].execution_arn == execution_arn:
        clients.s3().delete_object(Bucket=settings().bucket, Key=_key(dataset_group))


def _key(dataset_group: str) -> str:
    return f"locks/{dataset_group}.json"


def _put(dataset_group: str, holder: Holder, **condition: Any) -> bool:
    body = json.dumps({"executionArn": holder.execution_arn, "fingerprint": holder.fingerprint})
    try:
        clients.s3().put_object(Bucket=settings().bucket, Key=_key(dataset_group), Body=body.encode(), **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] in LOST_RACE:
            return False
        raise
    return True


def _get(dataset_group: str) -> tuple[Holder, str] | None:
    try:
        answer = clients.s3().get_object(Bucket=settings().bucket, Key=_key(dataset_group))
    except clients.s3().exceptions.NoSuchKey:
        return None
    lock = json.loads(answer["Body"].read())
    return Holder(lock["executionArn"], lock["fingerprint"]), answer["ETag"]


def _is_running(execution_arn: str) -> bool:
    stepfunctions = clients.stepfunctions()
    try:
        return stepfunctions.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        return False
