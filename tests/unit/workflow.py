"""Whole uploads in process: `state_machine.py` interprets the workflow, and waits pass on the emulator's clock."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from jsonschema import Draft202012Validator
from pipeline.handler import lambda_handler

from local.personalize_emulator import Emulator, Settings, mock_personalize
from tests.mails import unfolded

from .conftest import ACCOUNT, BUCKET, ENVIRONMENT, REGION, params
from .lambda_context import CONTEXT
from .state_machine import Execution, LambdaServiceException

MOST_LOOKS = 3000
SCHEMA = Path(__file__).parents[2] / "docs/report.schema.json"
REPORTS = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
# Emulated seconds: every state is seen, and a run takes some sixty looks instead of hundreds.
SHORT = {
    "dataset import job": 60,
    "solution version": 120,
    "campaign": 60,
    "delete": 60,
    "recommender": 120,
    "batch inference job": 60,
    "batch segment job": 60,
    "first automatic training": 120,
}
INTERACTIONS = "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(
    f"u{number % 60},i{(number * number) % 41},{1_700_000_000 + number}\n" for number in range(1500)
)
USERS = "USER_ID,AGE\n" + "".join(f"u{number},{20 + number % 50}\n" for number in range(60))


def invoke(event: dict[str, Any]) -> Any:
    """One invocation of the function; what goes in and out passes through JSON, as in Lambda."""
    return json.loads(json.dumps(lambda_handler(json.loads(json.dumps(event)), CONTEXT)))


@dataclass
class Ended:
    """How a run ended."""

    execution: Execution
    record: dict[str, Any]
    mail: str
    report: dict[str, Any]

    @property
    def succeeded(self) -> bool:
        """Whether the execution says so; the report must say the same."""
        assert (self.execution.status == "SUCCEEDED") == (self.report["error"] is None)
        return self.execution.status == "SUCCEEDED"

    @property
    def error(self) -> str | None:
        """The execution's error."""
        return self.execution.error

    @property
    def cause(self) -> str:
        """The execution's cause."""
        return self.execution.cause or ""

    def resources(self) -> list[dict[str, Any]]:
        """The graph, as the record has it."""
        return list(self.record.get("resources", []))

    def plans(self) -> dict[str, str]:
        """What was planned for each resource type, e.g. `{"datasetGroup": "create", ...}`."""
        return {resource["type"]: resource["plan"] for resource in self.resources() if "helper" not in resource}

    def row(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """What the report says of a resource, by its type in words."""
        return next(row for row in self.report["resources"] if row["type"] == kind and name in (None, row["name"]))

    def done(self) -> dict[str, str]:
        """What the report says was done, by type in words and name."""
        return {f"{row['type']} {row['name']}": row["done"] for row in self.report["resources"]}


class Deployment:
    """A bucket, a topic and a state machine of moto's, and a Personalize that is the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.personalize = boto3.client("personalize")
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self._runs, self._names = itertools.count(1), itertools.count(1)
        self._mailed: list[str] = []
        self.broken_lambda = 0  # invocations that the Lambda service fails from now on
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        topic = boto3.client("sns").create_topic(Name="shop-pipeline")["TopicArn"]
        self.mailbox = self.sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        boto3.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:mailbox"
        )
        self.machine = boto3.client("stepfunctions").create_state_machine(
            name="shop-pipeline",
            definition=json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9999, "End": True}}}),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/shop-workflow",
        )["stateMachineArn"]
        boto3.client("scheduler").create_schedule_group(Name=ENVIRONMENT["SCHEDULE_GROUP"])
        assert self.machine == ENVIRONMENT["STATE_MACHINE_ARN"]

    def upload(self, key: str, body: str | dict[str, Any]) -> dict[str, str]:
        """Put an object; returns it as an execution's `upload`."""
        text = body if isinstance(body, str) else json.dumps(body)
        version = self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())["VersionId"]
        return {"bucket": BUCKET, "key": key, "versionId": version}

    def upload_data(self, prefix: str = "", interactions: str = INTERACTIONS) -> None:
        """Put good data for the params of `conftest.params`."""
        self.upload(f"{prefix}Interactions/interactions.csv", interactions)
        self.upload(f"{prefix}Users/users.csv", USERS)

    def start(
        self, document: str | dict[str, Any] | None = None, key: str = "params.json", **overrides: str
    ) -> Execution:
        """Upload a params file: the execution that S3's event starts; it has not done anything yet."""
        upload = self.upload(key, params() if document is None else document)
        number = next(self._runs)
        made = dt.datetime(2026, 11, 23, 17, 5, tzinfo=dt.UTC) + dt.timedelta(seconds=number)
        return self.execute(upload | {"time": made.isoformat(), "sequencer": f"{number:016X}"}, **overrides)

    def execute(self, upload: dict[str, str], name: str | None = None, **overrides: str) -> Execution:
        """A running execution with that input."""
        name = name or f"20261123-170502-{next(self._names):08d}"
        given = {"upload": upload, "overrides": overrides}
        arn = boto3.client("stepfunctions").start_execution(
            stateMachineArn=self.machine, name=name, input=json.dumps(given)
        )["executionArn"]
        context = {"Id": arn, "Name": name, "StartTime": "2026-11-23T17:05:02.999Z", "Input": given}
        return Execution(context, self._invoke)

    def _invoke(self, event: dict[str, Any]) -> Any:
        if self.broken_lambda:
            self.broken_lambda -= 1
            raise LambdaServiceException("Service unavailable")
        return invoke(event)

    def finish(self, execution: Execution) -> Ended:
        """Let an execution run to its end, while the service's clock goes on."""
        self.exhaust(execution)
        return self.ended(execution)

    def exhaust(self, execution: Execution) -> None:
        """The same, where what it leaves behind is not all there."""
        for _ in range(MOST_LOOKS):
            seconds = execution.advance()
            if seconds is None:
                return
            self.emulator.clock.advance(seconds)
        raise AssertionError(f"never ended: {execution.summaries[-1]}")

    def step(self, *executions: Execution) -> list[Ended]:
        """Let executions run side by side, each from wait to wait, until all have ended."""
        ends: dict[int, Ended] = {}
        due = dict.fromkeys(range(len(executions)), 0.0)
        now = 0.0
        for _ in range(MOST_LOOKS):
            if not due:
                return [ends[number] for number in range(len(executions))]
            number = min(due, key=lambda one: due[one])
            self.emulator.clock.advance(due[number] - now)
            now = due[number]
            seconds = executions[number].advance()
            if seconds is None:
                del due[number]
                ends[number] = self.ended(executions[number])
            else:
                due[number] = now + seconds
        raise AssertionError("never ended")

    def ended(self, execution: Execution) -> Ended:
        """What an execution that has ended left behind."""
        boto3.client("stepfunctions").stop_execution(executionArn=execution.context["Id"])
        name = execution.context["Name"]
        self._mailed += self.mails()
        about = [mail for mail in self._mailed if f"Run:           {name}" in mail]
        return Ended(execution, self.read(f"runs/{name}/record.json"), about[-1], self.report(name))

    def stop(self, execution: Execution) -> str:
        """Stop an execution by hand; the mail that the safety net sends."""
        boto3.client("stepfunctions").stop_execution(executionArn=execution.context["Id"])
        self.mails()
        detail = {
            "executionArn": execution.context["Id"],
            "name": execution.context["Name"],
            "status": "ABORTED",
            "startDate": 1795453502999,
            "input": json.dumps(execution.context["Input"]),
        }
        invoke({"source": "aws.states", "detail": detail})
        return self.mails()[-1]

    def run(self, document: str | dict[str, Any] | None = None, key: str = "params.json", **overrides: str) -> Ended:
        """A whole run of an uploaded params file, from its turn to its mail."""
        return self.finish(self.start(document, key, **overrides))

    def mails(self) -> list[str]:
        """The texts mailed since the last call, oldest first."""
        messages = self.sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=message["ReceiptHandle"])
        return [unfolded(json.loads(message["Body"])["Message"]) for message in messages]

    def report(self, run: str) -> dict[str, Any]:
        """A run's report, which is as its published schema says."""
        report = self.read(f"runs/{run}/report.json")
        REPORTS.validate(report)
        return report

    def read(self, key: str) -> dict[str, Any]:
        """A JSON object of the bucket."""
        document: dict[str, Any] = json.loads(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
        return document

    def calls(self, *operations: str) -> int:
        """How often Personalize was called with any of these operations, successfully."""
        return sum(call.operation in operations and call.result == "ok" for call in self.emulator.calls)

    def writes(self) -> list[str]:
        """The calls so far that changed anything."""
        reads = ("Describe", "List", "Get")
        return [call.operation for call in self.emulator.calls if not call.operation.startswith(reads)]


@contextmanager
def deployed(settings: Settings | None = None) -> Iterator[Deployment]:
    """A deployment in an empty account."""
    with mock_personalize(settings or Settings(account_id=ACCOUNT, durations=SHORT)) as emulator:
        yield Deployment(emulator)
