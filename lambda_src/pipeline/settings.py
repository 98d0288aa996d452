"""What the deployment tells the function, read once from its environment (set by modules/pipeline_function)."""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass
from typing import Literal, cast

from pipeline.arns import Arns, execution_prefix
from pipeline.boundaries import Boundaries

DataChecks = Literal["full", "sample", "off"]


@dataclass(frozen=True)
class Settings:
    """Names and ARNs of the deployment's own resources, and its limits.

    `timeout_seconds` is how long a run may work, and how long it may wait for its turn; `patience_seconds` how long
    throttling, faults and busy resources are waited for; `quotas` are the account's own, where they are not AWS's;
    `boundaries` are what params files may do; `data_checks` says how much of the data is looked at where they say
    nothing, by `data_check_concurrency` calls side by side; `samples` for how many users a run asks what it has made;
    `prices` are the account's own, where they are not those of `costs/prices.json`;
    `announce_starts` whether a run mails that it begins.
    """

    bucket: str
    params_file: str
    state_machine_arn: str
    topic_arn: str
    personalize_role_arn: str
    schedule_group: str
    schedule_role_arn: str
    dead_letter_queue_arn: str
    timeout_seconds: float
    patience_seconds: float
    quotas: dict[str, int]
    boundaries: Boundaries
    data_checks: DataChecks
    data_check_concurrency: int
    samples: int
    prices: dict[str, float]
    announce_starts: bool

    @property
    def arns(self) -> Arns:
        """The account's Personalize ARNs; partition, region and account are those of the state machine."""
        return Arns.near(self.state_machine_arn)

    @property
    def execution_prefix(self) -> str:
        """What the ARN of every execution of the deployment's state machine begins with."""
        return execution_prefix(self.state_machine_arn)


@functools.cache
def settings() -> Settings:
    """The function's settings.

    Raises:
        KeyError: a variable is missing from the environment.
        ValueError: `BOUNDARIES` has not its form.
    """
    return Settings(
        bucket=os.environ["BUCKET"],
        params_file=os.environ["PARAMS_FILE"],
        state_machine_arn=os.environ["STATE_MACHINE_ARN"],
        topic_arn=os.environ["TOPIC_ARN"],
        personalize_role_arn=os.environ["PERSONALIZE_ROLE_ARN"],
        schedule_group=os.environ["SCHEDULE_GROUP"],
        schedule_role_arn=os.environ["SCHEDULE_ROLE_ARN"],
        dead_letter_queue_arn=os.environ["DEAD_LETTER_QUEUE_ARN"],
        timeout_seconds=float(os.environ["TIMEOUT_SECONDS"]),
        patience_seconds=float(os.environ["PATIENCE_SECONDS"]),
        quotas=json.loads(os.environ["QUOTAS"]),
        boundaries=Boundaries.from_json(os.environ["BOUNDARIES"]),
        data_checks=cast(DataChecks, os.environ["DATA_CHECKS"]),
        data_check_concurrency=int(os.environ["DATA_CHECK_CONCURRENCY"]),
        samples=int(os.environ["SAMPLES"]),
        prices=json.loads(os.environ["PRICES"]),
        announce_starts=os.environ["ANNOUNCE_STARTS"] == "true",
    )
