"""The SDK's clients, made once per execution environment, and the clock of the service behind them."""

from __future__ import annotations

import functools
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_stepfunctions import SFNClient

CONNECTIONS = 10  # side by side
CONFIG = Config(
    # Few: patience is the engine's, which waits in the workflow and not in a function that bills.
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=15,
    max_pool_connections=CONNECTIONS,
    user_agent_extra="personalize-pipeline",
)
# A write that got no answer may have taken effect. The engine looks before it tries again; the SDK would not.
ONCE = CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


class ServiceClock:
    """The time at Personalize, from the `Date` header of its last answer.

    Ages are differences to the service's own timestamps, so they are measured on its own clock.
    """

    def __init__(self) -> None:
        self._ahead = 0.0

    def observe(self, http_response: Any, **_: Any) -> None:
        """Keep how far the answer's `Date` is ahead of this machine; registered with botocore for `after-call`."""
        if date := http_response.headers.get("date"):
            self._ahead = parsedate_to_datetime(date).timestamp() - time.time()

    def now(self) -> float:
        """Seconds since the epoch; this machine's own clock before the first answer."""
        return time.time() + self._ahead


clock = ServiceClock()


@functools.cache
def _session() -> botocore.session.Session:
    """One for all: reading a service's model takes longer than most calls.

    botocore's own: boto3 makes the same clients, and takes a tenth of a cold start for resources and transfers.
    """
    return botocore.session.Session()


def _client(service: str, config: Config = CONFIG) -> Any:
    return _session().create_client(service, config=config)


@functools.cache
def personalize() -> PersonalizeClient:
    """The control plane of Amazon Personalize, to read."""
    client: PersonalizeClient = _observed(_client("personalize"))
    return client


@functools.cache
def personalize_once() -> PersonalizeClient:
    """The control plane of Amazon Personalize, to write: without retries of the SDK's own."""
    client: PersonalizeClient = _observed(_client("personalize", ONCE))
    return client


def _observed(client: Any) -> Any:
    client.meta.events.register(f"after-call.{client.meta.service_model.service_id.hyphenize()}", clock.observe)
    return client


@functools.cache
def personalize_runtime() -> PersonalizeRuntimeClient:
    """What answers for campaigns and recommenders."""
    client: PersonalizeRuntimeClient = _observed(_client("personalize-runtime"))
    return client


@functools.cache
def s3() -> S3Client:
    """The input bucket's service."""
    client: S3Client = _client("s3")
    return client


@functools.cache
def sns() -> SNSClient:
    """The mail's service."""
    client: SNSClient = _client("sns")
    return client


@functools.cache
def stepfunctions() -> SFNClient:
    """The workflow's service."""
    client: SFNClient = _client("stepfunctions")
    return client


@functools.cache
def scheduler() -> EventBridgeSchedulerClient:
    """The schedules' service."""
    client: EventBridgeSchedulerClient = _client("scheduler")
    return client
