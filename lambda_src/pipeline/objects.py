"""The pipeline's own objects in the bucket: written only where they are still as they were read."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from pipeline import clients
from pipeline.settings import settings

JSON = "application/json"
# How S3 says that the object is another by now (PutObject, conditional writes).
LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409"}


class Changed(Exception):
    """Somebody else wrote the object meanwhile."""


def read(key: str) -> tuple[bytes, str] | None:
    """The content of an object and its ETag, or None where it is not there."""
    try:
        answer = clients.s3().get_object(Bucket=settings().bucket, Key=key)
    except clients.s3().exceptions.NoSuchKey:
        return None
    return answer["Body"].read(), answer["ETag"]


def etag_of(key: str) -> str | None:
    """The ETag of an object, or None where it is not there."""
    try:
        return clients.s3().head_object(Bucket=settings().bucket, Key=key)["ETag"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return None
        raise


def write(key: str, body: bytes, etag: str | None, content_type: str = JSON) -> str:
    """Write an object that had that `etag` when it was read (None: that was not there); returns the new one.

    Raises:
        Changed: it is another by now.
    """
    condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
    try:
        answer = clients.s3().put_object(
            Bucket=settings().bucket, Key=key, Body=body, ContentType=content_type, **condition
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in LOST_RACE:
            raise Changed(key) from None
        raise
    return answer["ETag"]


def overwrite(key: str, body: bytes, content_type: str = JSON) -> None:
    """Write an object, whatever it was."""
    clients.s3().put_object(Bucket=settings().bucket, Key=key, Body=body, ContentType=content_type)
