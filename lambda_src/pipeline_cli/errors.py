"""Why a command can't do its work, in words for the terminal."""

from __future__ import annotations

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)


class CommandError(Exception):
    """When a command can't go on. The message is all that is shown."""


def in_words(error: BotoCoreError | ClientError) -> str:
    """What keeps AWS from answering, and what to do about it."""
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials were found. Sign in, or set AWS_PROFILE."
    if isinstance(error, NoRegionError):
        return "no AWS region is set. Set AWS_DEFAULT_REGION, or AWS_PROFILE to a profile that has one."
    if isinstance(error, ClientError):
        refusal = error.response["Error"]
        return f"AWS refused {error.operation_name}: {refusal.get('Message') or refusal.get('Code')}"
    if isinstance(error, ConnectionError | HTTPClientError):
        return f"AWS can't be reached: {error}. Is the region right (AWS_DEFAULT_REGION), and the network up?"
    return f"{error}"  # of the settings: a profile that is not there, a sign-in that is over
