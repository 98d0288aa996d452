"""Short ways to use a running MiniStack in the tests of its corrections."""

import io
import itertools
import json
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local.servers import ACCOUNT, CREDENTIALS

_names = itertools.count()

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def wait_until(true: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true answer of `true`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := true():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s")


class Run:
    """An execution that has ended."""

    def __init__(self, sfn: Any, arn: str) -> None:
        described = sfn.describe_execution(executionArn=arn)
        self.arn: str = arn
        self.status: str = described["status"]
        self.error: str | None = described.get("error")
        self.cause: str | None = described.get("cause")
        self.output: Any = json.loads(described["output"]) if described.get("output") else None
        self.seconds: float = (described["stopDate"] - described["startDate"]).total_seconds()
        pages = sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
        self.events: list[dict[str, Any]] = [event for page in pages for event in page["events"]]
        self.counts = Counter(event["type"] for event in self.events)


class Aws:
    """The server under test, with functions, machines and executions made in one line each."""

    def __init__(self, url: str) -> None:
        self.url = url
        # One attempt: a refusal is to be seen, not to be tried again.
        settings = Config(retries={"total_max_attempts": 1})
        session: Any = boto3.Session(**CREDENTIALS)
        self.client: Callable[[str], Any] = lambda service: session.client(service, endpoint_url=url, config=settings)
        self.iam, self.lambda_, self.sfn = (self.client(name) for name in ("iam", "lambda", "stepfunctions"))
        self.s3, self.sns, self.sqs, self.events = (self.client(name) for name in ("s3", "sns", "sqs", "events"))

    def name(self) -> str:
        return f"name-{next(_names)}"

    def role(self, *statements: dict[str, Any], service: str = "states.amazonaws.com") -> str:
        """The ARN of a role that `service` may assume, with these statements as its policy."""
        name = self.name()
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
        created = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return str(created["Role"]["Arn"])

    def function(self, code: str, *statements: dict[str, Any], **settings: Any) -> str:
        """The ARN of a function whose handler is `h` in `code`."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as package:
            package.writestr("h.py", code)
        created = self.lambda_.create_function(
            FunctionName=self.name(),
            Role=self.role(*statements, service="lambda.amazonaws.com"),
            Runtime="python3.13",
            Handler="h.h",
            Timeout=30,
            Code={"ZipFile": archive.getvalue()},
            **settings,
        )
        return str(created["FunctionArn"])

    def call(self, function: str, payload: Any = None) -> Any:
        answer = self.lambda_.invoke(FunctionName=function, Payload=json.dumps(payload))
        return json.loads(answer["Payload"].read())

    def machine(self, states: dict[str, Any], *, role: str | None = None, **top: Any) -> str:
        """The ARN of a machine with `states`, the first of which is where it starts."""
        definition = json.dumps({"StartAt": next(iter(states)), "States": states, **top})
        role = role or self.role(EVERYTHING)
        created = self.sfn.create_state_machine(name=self.name(), definition=definition, roleArn=role)
        return str(created["stateMachineArn"])

    def start(self, machine: str, data: Any = None, **more: Any) -> str:
        data = json.dumps({} if data is None else data)
        return str(self.sfn.start_execution(stateMachineArn=machine, input=data, **more)["executionArn"])

    def ended(self, execution: str) -> Run:
        describe = self.sfn.describe_execution
        wait_until(lambda: describe(executionArn=execution)["status"] != "RUNNING", 20)
        return Run(self.sfn, execution)

    def run(self, states: dict[str, Any], data: Any = None, *, role: str | None = None, **top: Any) -> Run:
        return self.ended(self.start(self.machine(states, role=role, **top), data))

    def run_state(self, state: dict[str, Any], data: Any = None, *, role: str | None = None, **top: Any) -> Run:
        return self.run({"A": {"End": True, **state}}, data, role=role, **top)


def make_recorder(aws: Aws, events: Path, first: str = "") -> tuple[str, Callable[[], list[Any]]]:
    """A function that keeps its events in a file, after doing what comes `first`, and a way to read them."""
    events.touch()
    note = f"with open({str(events)!r}, 'a') as f: print(json.dumps(event), file=f)"
    code = f"import json\ndef h(event, context):\n {first}\n {note}"
    return aws.function(code), lambda: [json.loads(line) for line in events.read_text().splitlines()]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def queue(aws: Aws) -> tuple[str, str]:
    """The URL and ARN of a new queue."""
    name = aws.name()
    url = aws.sqs.create_queue(QueueName=name)["QueueUrl"]
    return url, f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
