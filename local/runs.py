"""What a run looks like from outside: its execution, what Personalize works on, and its mail."""

import json
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from .errors import RunFailed
from .servers import Stack

_START_SECONDS = 30
_MAIL_SECONDS = 10

Json = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """What can be seen of a run at one moment."""

    status: str
    states: list[str]  # where the execution is, or what it does last
    resources: list[Json]
    now: float  # the emulator's clock
    real_seconds: float
    emulated_seconds: float
    error: str = ""

    @property
    def has_ended(self) -> bool:
        return self.status != "RUNNING"


@dataclass
class Watcher:
    """Looks at the runs of one deployment."""

    stack: Stack
    outputs: Json
    resources_before: list[Json] = field(default_factory=list)
    _known: set[str] = field(default_factory=set)
    _mails: int = 0
    _real: float = 0.0
    _emulated: float = 0.0

    def __post_init__(self) -> None:
        session: Any = boto3.Session(**self.stack.credentials)
        # On the loopback nothing is lost on the way: a server that does not answer is gone.
        settings: Json = {"endpoint_url": self.stack.aws.url, "config": Config(retries={"total_max_attempts": 2})}
        self.s3, self.sfn = session.client("s3", **settings), session.client("stepfunctions", **settings)

    def note_what_there_is(self) -> None:
        """To be called before an upload: what comes after it belongs to it."""
        self._known = {execution["executionArn"] for execution in self.executions()}
        self._mails = len(self.mails())
        state = self._state()
        self.resources_before = state["resources"]
        self._real, self._emulated = time.monotonic(), state["now"]

    def executions(self) -> list[Json]:
        """The runs, newest first."""
        machine = self.outputs["state_machine_arn"]
        executions: list[Json] = self.sfn.list_executions(stateMachineArn=machine)["executions"]
        return executions

    def started(self) -> str:
        """The execution that the upload started. Raises `RunFailed` when there is none in time."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            new = [run["executionArn"] for run in self.executions() if run["executionArn"] not in self._known]
            if new:
                return str(new[-1])
            time.sleep(0.2)
        raise RunFailed(
            f"The upload started no run within {_START_SECONDS} s. The function's output is in {self.stack.aws.log}; "
            f"what it could not handle is in the queue {self.outputs['dead_letter_queue_url']}."
        )

    def look(self, execution: str) -> Moment:
        """How the run is at this moment. Raises `RunFailed` when a server is gone."""
        try:
            return self._look(execution)
        except (BotoCoreError, OSError) as error:
            logs = " and ".join(str(server.log) for server in self.stack.servers)
            raise RunFailed(f"The local stack no longer answers: {error}. Its logs are {logs}.") from error

    def _look(self, execution: str) -> Moment:
        described = self.sfn.describe_execution(executionArn=execution)
        state = self._state()
        return Moment(
            status=described["status"],
            states=self._entered(execution),
            resources=state["resources"],
            now=state["now"],
            real_seconds=time.monotonic() - self._real,
            emulated_seconds=state["now"] - self._emulated,
            error=": ".join(filter(None, (described.get("error"), described.get("cause")))),
        )

    def mails(self) -> list[Json]:
        mails = _get(f"{self.stack.aws.url}/_ministack/mails")
        return [mail for mail in mails if mail["topic"] == self.outputs["topic_arn"]]

    def new_mails(self) -> list[Json]:
        """The mails since the upload; the last comes with the run's end, or a moment after it."""
        deadline = time.monotonic() + _MAIL_SECONDS
        while time.monotonic() < deadline:
            if new := self.mails()[self._mails :]:
                return new
            time.sleep(0.2)
        return []

    def _state(self) -> Json:
        state: Json = _get(f"{self.stack.personalize.url}/_personalize/state")
        return state

    def _entered(self, execution: str) -> list[str]:
        """The states that were entered and not yet left; several, where branches run side by side."""
        names: list[str] = []
        pages = self.sfn.get_paginator("get_execution_history").paginate(
            executionArn=execution, includeExecutionData=False, PaginationConfig={"PageSize": 1000}
        )
        for event in (event for page in pages for event in page["events"]):
            if details := event.get("stateEnteredEventDetails"):
                names.append(details["name"])
            elif (details := event.get("stateExitedEventDetails")) and details["name"] in names:
                names.remove(details["name"])
        return names


def _get(url: str) -> Any:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=10) as answer:
        return json.load(answer)
