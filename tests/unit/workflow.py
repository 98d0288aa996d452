"""The workflow in process: the actions of statemachine.json.tftpl in their order, waiting on the emulator's clock.

The end-to-end tests run the real state machine; here its order is written once more, so that runs take milliseconds.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from pipeline.errors import PipelineError
from pipeline.handler import lambda_handler

from local.personalize_emulator import Emulator, Settings, mock_personalize

from .conftest import ACCOUNT, BUCKET, ENVIRONMENT, REGION, params
from .lambda_context import CONTEXT

MOST_LOOKS = 2000
# Emulated seconds: every state is seen, and a run takes some sixty looks instead of hundreds.
SHORT = {
    "dataset import job": 60,
    "solution version": 120,
    "campaign": 60,
    "recommender": 120,
    "batch inference job": 60,
    "batch segment job": 60,
    "first automatic training": 120,
}
# What uses a solution version: the action, and where the plan lists it.
USES = {
    "ensureCampaign": "campaigns",
    "ensureBatchInferenceJob": "batchInferenceJobs",
    "ensureBatchSegmentJob": "batchSegmentJobs",
}
INTERACTIONS = "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(
    f"u{number % 60},i{(number * number) % 41},{1_700_000_000 + number}\n" for number in range(1500)
)
USERS = "USER_ID,AGE\n" + "".join(f"u{number},{20 + number % 50}\n" for number in range(60))


def act(action: str, **event: Any) -> Any:
    """One invocation of the function; what goes in and out passes through JSON, as in Lambda."""
    result = lambda_handler(json.loads(json.dumps({"action": action} | event)), CONTEXT)
    return json.loads(json.dumps(result))


@dataclass
class Ended:
    """How a run ended."""

    plan: dict[str, Any]
    result: dict[str, Any]
    mail: str
    report: dict[str, Any]

    def resources(self) -> list[dict[str, Any]]:
        """The plan's resources, in the order of the workflow."""
        resources = [self.plan["datasetGroup"]]
        for dataset in self.plan["datasets"]:
            resources += [dataset["schema"], dataset["dataset"], dataset["importJob"]]
        resources += [*self.plan["eventTrackers"], *self.plan["filters"]]
        for solution in self.plan["solutions"]:
            resources += [solution["solution"], solution["solutionVersion"]]
            resources += [use for uses in USES.values() for use in solution[uses]]
        return resources + self.plan["recommenders"]

    def plans(self) -> dict[str, str]:
        """What was planned for each resource type, e.g. `{"datasetGroup": "create", ...}`."""
        return {resource["type"]: resource["plan"] for resource in self.resources()}

    def row(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """What the report says of a resource, by its type in words."""
        return next(row for row in self.report["resources"] if row["type"] == kind and name in (None, row["name"]))


class Deployment:
    """A bucket, a topic and a state machine of moto's, and a Personalize that is the emulator."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.personalize = boto3.client("personalize")
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self._runs = itertools.count(1)
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

    def start(self, name: str | None = None) -> dict[str, str]:
        """A running execution, as the state machine's context object shows it."""
        name = name or f"20261123-170502-{next(self._runs):08d}"
        arn = boto3.client("stepfunctions").start_execution(stateMachineArn=self.machine, name=name)["executionArn"]
        return {"Id": arn, "Name": name, "StartTime": "2026-11-23T17:05:02.999Z"}

    def end(self, execution: dict[str, str]) -> None:
        """Let an execution end."""
        boto3.client("stepfunctions").stop_execution(executionArn=execution["Id"])

    def run(self, document: str | dict[str, Any] | None = None, key: str = "params.json", **overrides: str) -> Ended:
        """A whole run of an uploaded params file, from its plan to its mail."""
        upload = self.upload(key, params() if document is None else document)
        execution = self.start()
        start = {"upload": upload, "overrides": overrides}
        state: dict[str, Any] = {"upload": upload, "plan": act("plan", start=start, execution=execution)}
        if state["plan"]["outcome"] == "proceed":
            self.work(state)
        if state["plan"]["outcome"] == "teardown":
            self._tear_down(state)
        result = act("report", state=state, execution=execution)
        self.end(execution)
        return Ended(state["plan"], result, self.mails()[-1], self.report(execution["Name"]))

    def work(self, state: dict[str, Any]) -> None:
        """All states between the plan and the report."""
        plan = state["plan"]
        run = plan["run"]
        with _caught(state):
            plan["datasetGroup"] = self.ensure("ensureDatasetGroup", run, plan["datasetGroup"])
        if "failure" in state:
            return
        for dataset in plan["datasets"]:
            with _caught(dataset):
                dataset["schema"] = self.ensure("ensureSchema", run, dataset["schema"])
                dataset["dataset"] = self.ensure("ensureDataset", run, dataset["dataset"])
                dataset["importJob"] = self.ensure("ensureDatasetImportJob", run, dataset["importJob"])
        state["imports"] = {"datasets": plan["datasets"]}
        if any("failure" in dataset for dataset in plan["datasets"]):
            return
        built = {name: plan[name] for name in ("eventTrackers", "filters", "solutions", "recommenders")}
        self._each("ensureEventTracker", run, built["eventTrackers"])
        self._each("ensureFilter", run, built["filters"])
        for number, solution in enumerate(built["solutions"]):
            with _caught(solution):
                solution["solution"] = self.ensure("ensureSolution", run, solution["solution"])
                solution["solutionVersion"] = self.ensure("ensureSolutionVersion", run, solution["solutionVersion"])
                solution = built["solutions"][number] = act("compareVersions", run=run, solution=solution)
                known = {"solutionVersionArn": solution["solutionVersion"]["arn"]}
                for action, uses in USES.items():
                    self._each(action, run, solution[uses], known)
        self._each("ensureRecommender", run, built["recommenders"])
        state["built"] = built
        self._synchronise(state)

    def _tear_down(self, state: dict[str, Any]) -> None:
        run = state["plan"]["run"]
        with _caught(state):
            for stage in state["plan"]["stages"]:
                for number, resource in enumerate(stage["resources"]):
                    stage["resources"][number] = self.ensure("ensureAbsence", run, resource)
            self._synchronise(state)

    def _synchronise(self, state: dict[str, Any]) -> None:
        plan = state["plan"]
        state["schedules"] = act("synchroniseSchedules", run=plan["run"], schedules=plan["schedules"])

    def _each(
        self, action: str, run: dict[str, Any], records: list[dict[str, Any]], known: dict[str, str] | None = None
    ) -> None:
        """A Map over independent resources: each catches its own failure."""
        for number, record in enumerate(records):
            with _caught(record):
                records[number] = self.ensure(action, run, record, known)

    def ensure(
        self, action: str, run: dict[str, Any], resource: dict[str, Any], dependencies: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """The loop that every resource has: ensure, ready?, wait."""
        for _ in range(MOST_LOOKS):
            resource = act(action, run=run, resource=resource, dependencies=dependencies or {})
            if resource["ready"]:
                return resource
            self.emulator.clock.advance(resource["waitSeconds"])
        raise AssertionError(f"{action} never got ready: {resource}")

    def mails(self) -> list[str]:
        """The texts mailed since the last call, oldest first."""
        messages = self.sqs.receive_message(QueueUrl=self.mailbox, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.mailbox, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"])["Message"] for message in messages]

    def report(self, run: str) -> dict[str, Any]:
        """A run's report."""
        body = self.s3.get_object(Bucket=BUCKET, Key=f"runs/{run}/report.json")["Body"].read()
        report: dict[str, Any] = json.loads(body)
        return report

    def calls(self, *operations: str) -> int:
        """How often Personalize was called with any of these operations, successfully."""
        return sum(call.operation in operations and call.result == "ok" for call in self.emulator.calls)

    def writes(self) -> list[str]:
        """The calls so far that changed anything."""
        reads = ("Describe", "List", "Get")
        return [call.operation for call in self.emulator.calls if not call.operation.startswith(reads)]


@contextmanager
def _caught(record: dict[str, Any]) -> Iterator[None]:
    """A Catch: the error's name and cause, as Step Functions records them for a Lambda function."""
    try:
        yield
    except PipelineError as error:
        cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": ["..."]}
        record["failure"] = {"Error": type(error).__name__, "Cause": json.dumps(cause)}


@contextmanager
def deployed(settings: Settings | None = None) -> Iterator[Deployment]:
    """A deployment in an empty account."""
    with mock_personalize(settings or Settings(account_id=ACCOUNT, durations=SHORT)) as emulator:
        yield Deployment(emulator)
