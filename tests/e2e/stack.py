"""The module applied to the local stack, from its users' side: objects go in, executions run, mails come out."""

from __future__ import annotations

import datetime as dt
import functools
import json
import platform
import re
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from pipeline.run_ids import run_id

from local import terraform
from local.servers import ROOT, Stack, stack
from tests.mails import unfolded

from .uploads import INTERACTIONS, USERS, params

Json = dict[str, Any]
T = TypeVar("T")

SCALE = 1000.0  # emulated seconds in a second, of the workflow's waits and time limits
FAST = 3000.0  # the same of Personalize's jobs, where a test is not about time
DEADLINE = 120  # seconds; what a test waits for takes a few, and still comes on a busy machine
DEPLOYMENT = Path(__file__).parent / "deployment"


def wait_for(what: str, look: Callable[[], T | None], deadline: float = DEADLINE) -> T:
    """What `look` finds, as soon as it finds anything."""
    end = time.monotonic() + deadline
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"waited {deadline:.0f} s in vain for {what}"
        time.sleep(0.1)


class Personalize:
    """The emulator of Personalize, looked at and disturbed from outside."""

    def __init__(self, url: str, credentials: Json) -> None:
        self._url = f"{url}/_personalize/"
        self.client = boto3.client("personalize", endpoint_url=url, config=Config(proxies={}), **credentials)

    def resources(self, kind: str | None = None) -> list[Json]:
        """What exists, in order of creation; of one kind such as "solution version"."""
        return [entry for entry in fetch(self._url + "state")["resources"] if kind in (None, entry["type"])]

    def log(self) -> list[Json]:
        """Every call since the last reset, refused ones too."""
        calls: list[Json] = fetch(self._url + "calls")["calls"]
        return calls

    def calls(self, operation: str) -> list[Json]:
        """The calls of an operation since the last reset, refused ones too."""
        return [call for call in self.log() if call["operation"] == operation]

    def writes(self) -> list[str]:
        """The operations called since the last reset, refused ones too, that change something."""
        reads = ("Describe", "List", "Get")
        return [call["operation"] for call in self.log() if not call["operation"].startswith(reads)]

    def struck(self) -> int:
        """How often faults have struck since the last reset."""
        return sum(fault["struck"] for fault in fetch(self._url + "faults")["faults"])

    def break_down(self, effect: str, operation: str, **more: Any) -> None:
        """Let a fault strike calls of an operation (local/personalize_emulator/faults.py)."""
        fetch(self._url + "faults", {"faults": [{"effect": effect, "operation": operation, **more}]})

    def run_at(self, scale: float) -> None:
        """Let time pass at another speed; 0 stops it."""
        fetch(self._url + "clock", {"scale": scale})

    def advance(self, minutes: float) -> None:
        """Let time pass at once, also where the clock stands still."""
        fetch(self._url + "clock", {"advance": minutes * 60})

    def advance_to(self, what: str, look: Callable[[], T | None]) -> T:
        """Stop the clock as soon as `look` finds anything, and not a minute later, on however busy a machine."""
        self.run_at(0)

        def a_minute_later() -> T | None:
            self.advance(minutes=1)
            return look()

        return wait_for(what, a_minute_later)

    def reset(self) -> None:
        """An empty account, no faults, jobs that take little time."""
        fetch(self._url + "reset", {})
        self.run_at(FAST)


class LocalStack:
    """Both servers, with the deployments that Terraform made."""

    def __init__(self, running: Stack, deployed: dict[str, Json]) -> None:
        self.deployed = deployed
        self.personalize = Personalize(running.personalize.url, running.credentials)
        at: Json = {"endpoint_url": running.aws.url, "config": Config(proxies={}), **running.credentials}
        self.s3 = boto3.client("s3", **at)
        self.stepfunctions = boto3.client("stepfunctions", **at)
        self.functions = boto3.client("lambda", **at)
        self.iam = boto3.client("iam", **at)
        self.sts = boto3.client("sts", **at)
        self.sqs = boto3.client("sqs", **at)
        self.sns = boto3.client("sns", **at)
        self.cloudwatch = boto3.client("cloudwatch", **at)
        self.dead_letters: list[str] = []  # received so far
        self.disturbed: set[str] = set()  # folders used while a permission was missing
        self._mails = f"{running.aws.url}/_ministack/mails"

    def mails(self) -> list[Json]:
        """Every mail so far, with `subject`, `message`, `topic` and `to`."""
        mails: list[Json] = fetch(self._mails)
        return mails

    def executions(self, machine: str) -> list[Json]:
        """All runs of a state machine so far, newest first."""
        pages = self.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine)
        return [dict(execution) for page in pages for execution in page["executions"]]

    @contextmanager
    def pipeline(self, name: str, folder: str) -> Iterator[Pipeline]:
        """A deployment used from an empty folder, with an empty Personalize; nothing runs on afterwards."""
        pipeline = Pipeline(self, self.deployed[name], folder)
        pipeline.receive_dead_letters()
        self.personalize.reset()
        try:
            yield pipeline
        finally:
            for execution in self.executions(pipeline.machine):
                if execution["status"] == "RUNNING":
                    self.stepfunctions.stop_execution(executionArn=execution["executionArn"])
            self.personalize.reset()

    def check_that_nothing_was_lost(self) -> None:
        """Every run so far was mailed once, and no event was lost, but where a permission was missing."""
        for name, deployed in self.deployed.items():
            pipeline = Pipeline(self, deployed, "")
            for run in pipeline.runs():
                if not run.upload["key"].startswith(tuple(self.disturbed)):
                    run.ended()
                    assert len(run.mails()) == 1, f"{name}: {run.upload['key']}"
            pipeline.receive_dead_letters()
        assert [letter for letter in self.dead_letters if not any(key in letter for key in self.disturbed)] == []


class Pipeline:
    """One deployment, used from one folder of its bucket."""

    def __init__(self, stack: LocalStack, deployed: Json, folder: str) -> None:
        self.stack = stack
        self.deployed = deployed
        self.folder = folder
        self.bucket: str = deployed["bucket"]
        self.machine: str = deployed["state_machine"]
        self.function: str = deployed["function"]
        self.roles: dict[str, str] = deployed["roles"]
        self.queue: str = deployed["dead_letters"]
        self.params_file: str = deployed.get("params_file", "params.json")
        self._mails_before = len(stack.mails())

    def beside(self, folder: str) -> Pipeline:
        """The same deployment, used from a folder inside this one."""
        return Pipeline(self.stack, self.deployed, self.folder + folder)

    def upload(self, name: str, body: str | Json) -> str:
        """Put an object into the folder; its version."""
        text = body if isinstance(body, str) else json.dumps(body)
        version: str = self.stack.s3.put_object(Bucket=self.bucket, Key=self.folder + name, Body=text.encode())[
            "VersionId"
        ]
        return version

    def upload_data(self, interactions: str = INTERACTIONS, users: str = USERS) -> None:
        """Put the data that the params of `uploads.params` speak of."""
        self.upload("Interactions/interactions.csv", interactions)
        self.upload("Users/users.csv", users)

    def start(self, document: str | Json | None = None) -> Run:
        """Upload params; the run that this starts."""
        return self.run_of(self.upload(self.params_file, params() if document is None else document))

    def run_of(self, version: str) -> Run:
        """The run that an upload of params started, by the object's version."""
        return wait_for(
            "the run of the upload",
            lambda: next((run for run in self.runs() if run.upload.get("versionId") == version), None),
        )

    def run(self, document: str | Json | None = None) -> Run:
        """Upload params, and wait until their run has ended and its mail has come."""
        return self.start(document).ended()

    def run_named(self, name: str) -> Run:
        """A run by its name."""
        return Run(self, self.machine.replace(":stateMachine:", ":execution:") + f":{name}")

    def runs(self) -> list[Run]:
        """The runs that uploads into this folder started, newest first."""
        runs = [Run(self, entry["executionArn"]) for entry in self.stack.executions(self.machine)]
        return [run for run in runs if run.upload.get("key", "").startswith(self.folder)]

    def invoke(self, event: Json) -> Any:
        """Invoke the function, and return what it returns."""
        answer = self.stack.functions.invoke(FunctionName=self.function, Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, result
        return result

    def mails(self) -> list[Json]:
        """The mails since the test began."""
        return self.stack.mails()[self._mails_before :]

    @contextmanager
    def subscribed(self, wanted: Json) -> Iterator[Callable[[], list[Json]]]:
        """A queue that is subscribed to the topic for a while, with a filter policy.

        What it yields receives the messages that have come: `subject`, `text` and the message attributes by name.
        """
        sqs, sns, topic = self.stack.sqs, self.stack.sns, self.deployed["topic"]
        url = sqs.create_queue(QueueName=f"subscribed-{time.monotonic_ns()}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        let_sns_send = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [let_sns_send | {"Resource": arn}]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        filtered = {"FilterPolicy": json.dumps(wanted)}
        subscription = sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=filtered, ReturnSubscriptionArn=True
        )["SubscriptionArn"]

        def received() -> list[Json]:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
            bodies = [json.loads(message["Body"]) for message in found]
            return [
                {"subject": body["Subject"], "text": body["Message"]}
                | {name: attribute["Value"] for name, attribute in body["MessageAttributes"].items()}
                for body in bodies
            ]

        try:
            yield received
        finally:
            sns.unsubscribe(SubscriptionArn=subscription)
            sqs.delete_queue(QueueUrl=url)

    def receive_dead_letters(self) -> list[str]:
        """Take all that could not be handled out of the queue, so that its alarm is quiet again."""
        sqs = self.stack.sqs
        letters: list[str] = []
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            letters += [message["Body"] for message in messages]
        prefix = self.function  # the alarm's name begins with the function's
        wait_for(
            "a quiet alarm",
            lambda: all(
                alarm["StateValue"] != "ALARM"
                for alarm in self.stack.cloudwatch.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
            ),
        )
        self.stack.dead_letters += letters
        return letters

    @contextmanager
    def without(self, role: str, action: str, on: str | None = None) -> Iterator[None]:
        """Take an action out of the one of a role's policies that allows it, for a while.

        With `on`, only the right on the resources that end so is taken away.
        """
        self.stack.disturbed.add(self.folder)
        iam, name = self.stack.iam, self.roles[role].rpartition("/")[2]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document: Any = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            if any(action in statement["Action"] for statement in document["Statement"]):
                break
        else:
            raise AssertionError(f"{name} may not {action}")
        kept = document | {
            "Statement": [s for statement in document["Statement"] for s in _less(statement, action, on)]
        }
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(kept))
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))

    def uploaded(self, key: str, version: str, time: str, sequencer: str = "1") -> Json:
        """The event with which S3 tells the function of an upload."""
        s3 = {"bucket": {"name": self.bucket}, "object": {"key": key, "versionId": version, "sequencer": sequencer}}
        return {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": time, "s3": s3}]}


@dataclass
class Run:
    """One execution of the state machine."""

    pipeline: Pipeline
    arn: str

    @functools.cached_property
    def name(self) -> str:
        """The run's id: its execution's name, but for those that schedules start."""
        started = self.execution["startDate"].astimezone(dt.UTC)
        return run_id({"Name": self.arn.rpartition(":")[2], "StartTime": started.isoformat()})

    @property
    def execution(self) -> Json:
        """As Step Functions describes it."""
        return dict(self.pipeline.stack.stepfunctions.describe_execution(executionArn=self.arn))

    @property
    def upload(self) -> dict[str, str]:
        """The object that it was started for."""
        upload: dict[str, str] = json.loads(self.execution["input"]).get("upload", {})
        return upload

    @property
    def overrides(self) -> dict[str, str]:
        """What a schedule told it to set otherwise than the params file."""
        overrides: dict[str, str] = json.loads(self.execution["input"]).get("overrides", {})
        return overrides

    @property
    def status(self) -> str:
        return str(self.execution["status"])

    @property
    def error(self) -> str:
        return str(self.execution["error"])

    @property
    def cause(self) -> str:
        return str(self.execution["cause"])

    @property
    def event(self) -> Json:
        """The event of S3 that started it."""
        upload = self.upload
        return self.pipeline.uploaded(upload["key"], upload["versionId"], upload["time"], upload["sequencer"])

    def planned(self) -> Run:
        """The same, once its plan is in its record, and is being carried out."""
        wait_for(f"the plan of {self.name}", lambda: self.record)
        return self

    def ended(self) -> Run:
        """The same, once it has ended and its mail has come."""
        wait_for(f"the end of {self.name}", lambda: self.status != "RUNNING")
        wait_for(f"the mail of {self.name}", self.mails, deadline=30)
        return self

    def mails(self) -> list[Json]:
        """The mails about its ending, as the function writes them; news of its work come besides, on a busy machine."""
        about = re.compile(rf"^Run: +{self.name}$", re.MULTILINE)
        found = [mail for mail in self.pipeline.stack.mails() if about.search(mail["message"])]
        return [mail for mail in found if not mail["subject"].startswith("[personalize-pipeline] under way: ")]

    @property
    def mail(self) -> str:
        """The text of its mail, each of its lines whole."""
        return unfolded(str(self.mails()[-1]["message"]))

    @property
    def subject(self) -> str:
        """The subject of its mail."""
        return str(self.mails()[-1]["subject"])

    @property
    def report(self) -> Json:
        """The report that it left in the bucket."""
        report = self._read("report.json")
        assert report is not None
        return report

    @property
    def record(self) -> Json | None:
        """What it knows; None before it has a plan."""
        return self._read("record.json")

    @property
    def page(self) -> str:
        """The page that it left in the bucket."""
        return (self._object("report.html") or b"").decode()

    def _read(self, name: str) -> Json | None:
        body = self._object(name)
        return None if body is None else dict(json.loads(body))

    def _object(self, name: str) -> bytes | None:
        s3 = self.pipeline.stack.s3
        try:
            return bytes(s3.get_object(Bucket=self.pipeline.bucket, Key=f"runs/{self.name}/{name}")["Body"].read())
        except s3.exceptions.NoSuchKey:
            return None

    def rows(self, kind: str) -> list[Json]:
        """What the report says of each resource of a kind."""
        return [row for row in self.report["resources"] if row["type"] == kind]

    def wrong(self) -> str:
        """What its mail says is wrong."""
        return self.mail.partition("What is wrong\n")[2].partition("\n\n")[0]

    def done(self) -> dict[str, str]:
        """What the report says was done with each kind of resource: created, reused, updated, not created."""
        return {row["type"]: row["done"] for row in self.report["resources"]}

    def events(self) -> list[Json]:
        """Its history."""
        history = self.pipeline.stack.stepfunctions.get_paginator("get_execution_history")
        return [dict(event) for page in history.paginate(executionArn=self.arn) for event in page["events"]]


def _less(statement: Json, action: str, on: str | None) -> list[Json]:
    """What is left of a statement without the action, or without the action on the resources that end with `on`."""
    if action not in statement["Action"]:
        return [statement]
    others = {"Action": [other for other in statement["Action"] if other != action]}
    left = {"Action": [action], "Resource": [r for r in statement["Resource"] if on and not r.endswith(on)]}
    parts = [others, left | {"Sid": f"{statement['Sid']}Still"}]
    return [statement | part for part in parts if part["Action"] and part.get("Resource", True)]


def fetch(url: str, body: Any = None) -> Any:
    """GET, or POST of a body; the answer's JSON."""
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return json.load(answer)


@contextmanager
def bring_up(folder: Path) -> Iterator[LocalStack]:
    """Start the servers and apply the deployments; Terraform's state and the logs go to `folder`."""
    with stack(scale=SCALE, logs=folder / "logs") as running:
        yield LocalStack(running, apply(running.aws.url, folder / "terraform"))


def apply(url: str, folder: Path) -> dict[str, Json]:
    """Apply the deployments out of the sources' tree; their outputs."""
    folder.mkdir()
    configuration = (DEPLOYMENT / "main.tf").read_text().replace('"../../.."', json.dumps(str(ROOT)))
    (folder / "main.tf").write_text(configuration)
    variables = {
        "endpoint": url,
        "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
    }
    found = terraform.find()
    found.apply(folder, variables, lambda done, planned: None)
    deployed: dict[str, Json] = found.outputs(folder)["pipelines"]
    return deployed
