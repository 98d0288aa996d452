"""boto3 clients, made once per execution environment, and the clock of the service behind them."""

from __future__ import annotations

import functools
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

# A repeated create is harmless (names are unique, versions are named), so the SDK may retry lost replies.
CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 4},
    connect_timeout=5,
    read_timeout=15,
    user_agent_extra="personalize-pipeline",
)


class ServiceClock:
    """The time at Personalize, from the `Date` header of its last answer.

    Ages are differences to the service's own timestamps, so they are measured on its own clock.
    """

    def __init__(self) -> None:
        self._date: str | None = None

    def observe(self, http_response: Any, **_: Any) -> None:
        """Keep the answer's `Date`; registered with botocore for `after-call`."""
        self._date = http_response.headers.get("date", self._date)

    def now(self) -> float:
        """Seconds since the epoch; this machine's own clock before the first answer."""
        return parsedate_to_datetime(self._date).timestamp() if self._date else time.time()


clock = ServiceClock()


@functools.cache
def personalize() -> PersonalizeClient:
    """The control plane of Amazon Personalize."""
    client = boto3.client("personalize", config=CONFIG)
    client.meta.events.register("after-call.personalize", clock.observe)
    return client


@functools.cache
def s3() -> S3Client:
    """The input bucket's service."""
    return boto3.client("s3", config=CONFIG)


@functools.cache
def sns() -> SNSClient:
    """The mail's service."""
    return boto3.client("sns", config=CONFIG)


@functools.cache
def stepfunctions() -> SFNClient:
    """The workflow's service."""
    return boto3.client("stepfunctions", config=CONFIG)


@functools.cache
def scheduler() -> EventBridgeSchedulerClient:
    """The schedules' service."""
    return boto3.client("scheduler", config=CONFIG)
