"""How fast the emulator is on this machine: `python -m personalize_emulator.benchmark`."""

from __future__ import annotations

import http.client
import io
import json
import math
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import mock_personalize
from .requests import DEFAULT_REGION

ROWS = 1_000_000
DESCRIBES = 20_000
#: The first one imports numpy too.
TRAINED = ("aws-popularity-count", "aws-user-personalization-v2", "aws-item-affinity")
_BY_HAND = {"performAutoTraining": False}
_SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
}
_AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential=test/20260101/{DEFAULT_REGION}/personalize/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=0"
)


def main() -> None:
    cores = os.cpu_count()
    print(f"{platform.python_implementation()} {platform.python_version()}, {cores} cores, {_processor()}")
    print("Rates are for a second of processor time, so that they mean the same on a busy machine.")
    with _server() as (process, port, seconds):
        print(f"start-up of the server: {seconds:.2f} s of real time")
        print(f"describes over HTTP: {_describes(process, port):,.0f} a second of one core")
    made = _Made(ROWS)
    importing, trainings = _import_and_train(made)
    speed = f"{importing:.1f} s, {ROWS / importing:,.0f} rows a second"
    print(f"import of {ROWS:,} interactions ({len(made.body) / 1e6:.0f} MB): {speed}")
    for recipe, seconds in trainings.items():
        print(f"training of {recipe} on them, with metrics: {seconds:.1f} s")
    print(f"memory of the whole process, with the file in it: {_memory() / 1e6:.0f} MB at most")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@contextmanager
def _server() -> Iterator[tuple[int, int, float]]:
    """Process and port of a server with a standing clock, and how long it took to answer for the first time."""
    began = time.monotonic()
    module = f"{__package__}"
    process = subprocess.Popen(
        [sys.executable, "-m", module, "--port", "0", "--scale", "0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/_personalize/health")
        connection.getresponse().read()
        connection.close()
        seconds = time.monotonic() - began
        yield process.pid, port, seconds
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _processor_time(process: int) -> float:
    """Seconds that a process has kept a core busy; real time where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return time.monotonic()


def _describes(process: int, port: int) -> float:
    """Describes over one connection, for each second that they keep the server's core busy."""
    arn = f"arn:aws:personalize:{DEFAULT_REGION}:000000000000:dataset-group/g"
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as replies:

        def call(operation: str, params: dict[str, str]) -> bytes:
            body = json.dumps(params).encode()
            head = (
                f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nX-Amz-Target: AmazonPersonalize.{operation}\r\n"
                "Content-Type: application/x-amz-json-1.1\r\nUser-Agent: Boto3/1.43 md/Botocore#1.43 os/linux\r\n"
                f"X-Amz-Date: 20260101T000000Z\r\nAuthorization: {_AUTHORIZATION}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            connection.sendall(head.encode() + body)
            length = 0
            while (line := replies.readline()) != b"\r\n":
                if line.startswith(b"Content-Length"):
                    length = int(line.partition(b":")[2])
            return replies.read(length)

        call("CreateDatasetGroup", {"name": "g"})
        assert b"CREATE PENDING" in call("DescribeDatasetGroup", {"datasetGroupArn": arn})
        began = _processor_time(process)
        for _ in range(DESCRIBES):
            call("DescribeDatasetGroup", {"datasetGroupArn": arn})
        return DESCRIBES / (_processor_time(process) - began)


class _Made:
    """An S3 whose one object is a CSV file of so many interactions."""

    def __init__(self, rows: int) -> None:
        lines = (f"user-{n % 9973},item-{n * 31 % 1700},{1_700_000_000 + n}\n" for n in range(rows))
        self.body = ("USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(lines)).encode()

    def head_object(self, **_: Any) -> dict[str, int]:
        return {"ContentLength": len(self.body)}

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.body)}

    def get_paginator(self, _: str) -> Any:
        raise NotImplementedError


def _memory() -> float:
    """Bytes that this process has held at most; not a number where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return math.nan
    return 1024.0 * int(status.partition("VmHWM:")[2].split()[0])


def _import_and_train(s3: _Made) -> tuple[float, dict[str, float]]:
    """Seconds of an import, and of a training by each recipe."""
    import boto3

    with mock_personalize(s3=lambda _region: s3) as emulator:
        client: Any = boto3.client("personalize", region_name=DEFAULT_REGION)

        def seconds_until_done() -> float:
            began = time.process_time()
            emulator.finish()
            return time.process_time() - began

        schema = client.create_schema(name="s", schema=json.dumps(_SCHEMA))["schemaArn"]
        group = client.create_dataset_group(name="g")["datasetGroupArn"]
        emulator.finish()
        dataset = client.create_dataset(name="d", schemaArn=schema, datasetGroupArn=group, datasetType="Interactions")[
            "datasetArn"
        ]
        emulator.finish()
        client.create_dataset_import_job(
            jobName="j",
            datasetArn=dataset,
            dataSource={"dataLocation": "s3://made/interactions.csv"},
            roleArn="arn:aws:iam::123456789012:role/r",
        )
        imported = seconds_until_done()
        trained = {}
        for recipe in TRAINED:
            solution = client.create_solution(
                name=recipe, datasetGroupArn=group, recipeArn=f"arn:aws:personalize:::recipe/{recipe}", **_BY_HAND
            )["solutionArn"]
            emulator.finish()
            version = client.create_solution_version(solutionArn=solution)["solutionVersionArn"]
            trained[recipe] = seconds_until_done()
            assert client.get_solution_metrics(solutionVersionArn=version)["metrics"]
        return imported, trained


if __name__ == "__main__":
    main()
