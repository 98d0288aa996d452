"""The two servers of the local stack: started on the loopback, waited for, stopped with all they started.

with stack(scale=60) as running:
    boto3.client("s3", endpoint_url=running.aws.url, **running.credentials)
"""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import PortTaken, ServerFailed
from .processes import HOST, command, end_group, end_with_parent, free_port, is_taken, listener

ROOT = Path(__file__).resolve().parents[1]
REGION = "us-east-1"
ACCOUNT = "000000000000"
# Keyword arguments of a boto3 session or client.
CREDENTIALS: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": REGION}

AWS_PORT = 4566
PERSONALIZE_PORT = 4580
SCALE = 150.0  # emulated seconds per real second

_START_SECONDS = 60
_LOG_LINES = 15


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    name: str
    module: str
    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def is_running(self) -> bool:
        """Whether its process lives, and is still this server rather than a later one with its number."""
        return self.module in command(self.pid)

    def stop(self) -> None:
        if self.is_running():
            end_group(self.pid)


@dataclass(frozen=True)
class Stack:
    """The two servers, which know of each other."""

    aws: Server
    personalize: Server
    scale: float

    @property
    def servers(self) -> tuple[Server, Server]:
        return self.aws, self.personalize

    @property
    def credentials(self) -> dict[str, Any]:
        """Keyword arguments of a boto3 client, but for its endpoint_url."""
        return dict(CREDENTIALS)

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


@contextmanager
def ministack(
    *,
    port: int | None = None,
    scale: float = SCALE,
    personalize_url: str | None = None,
    task_timeout_floor: float = 15.0,
    logs: Path | None = None,
) -> Iterator[Server]:
    """The corrected MiniStack alone, on `port` or a free one, stopped on leaving."""
    server = start_ministack(port, scale, personalize_url, task_timeout_floor, logs, outlives=False)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def stack(
    *,
    scale: float = SCALE,
    aws_port: int | None = None,
    personalize_port: int | None = None,
    logs: Path | None = None,
    personalize_arguments: Sequence[str] = (),
) -> Iterator[Stack]:
    """Both servers, on the given or free ports, stopped on leaving, and also if this process (or thread) is killed."""
    running = start_stack(scale, aws_port, personalize_port, logs, personalize_arguments, outlives=False)
    try:
        yield running
    finally:
        running.stop()


def start_stack(
    scale: float = SCALE,
    aws_port: int | None = None,
    personalize_port: int | None = None,
    logs: Path | None = None,
    personalize_arguments: Sequence[str] = (),
    outlives: bool = True,
) -> Stack:
    """Start both servers and leave them running; neither is left when one fails.

    Unless they are to outlive this process, they end with it even if it is killed.
    """
    aws_port, personalize_port = aws_port or free_port(), personalize_port or free_port()
    with ExitStack() as undo:
        aws = start_ministack(aws_port, scale, f"http://{HOST}:{personalize_port}", logs=logs, outlives=outlives)
        undo.callback(aws.stop)
        personalize = start_personalize(personalize_port, scale, aws.url, logs, personalize_arguments, outlives)
        undo.pop_all()
    return Stack(aws, personalize, scale)


def start_ministack(
    port: int | None = None,
    scale: float = SCALE,
    personalize_url: str | None = None,
    task_timeout_floor: float = 15.0,
    logs: Path | None = None,
    outlives: bool = True,
) -> Server:
    """Start the corrected MiniStack; its waits pass `scale` times as fast as they say."""
    arguments = ["--wait-scale", f"{1 / scale:.6f}", "--task-timeout-floor", str(task_timeout_floor)]
    if personalize_url:
        arguments += ["--personalize-url", personalize_url]
    return _start("MiniStack", "local.ministack", port, arguments, "/_ministack/health", logs, outlives)


def start_personalize(
    port: int | None = None,
    scale: float = SCALE,
    aws_url: str | None = None,
    logs: Path | None = None,
    arguments: Sequence[str] = (),
    outlives: bool = True,
) -> Server:
    """Start the Personalize emulator; it reads from, and asks the policies of, the AWS side at `aws_url`."""
    known = ["--scale", f"{scale:g}"]
    if aws_url:
        known += ["--s3-endpoint", aws_url, "--authorizer", f"{aws_url}/_ministack/authorize"]
    everything = [*known, *arguments]
    module = "local.personalize_emulator"
    return _start("Personalize emulator", module, port, everything, "/_personalize/health", logs, outlives)


def check_port(name: str, port: int, how_to_choose: str) -> None:
    """Raise `PortTaken`, saying by whom if that can be known, and how to choose another port."""
    if not is_taken(port):
        return
    holder = listener(port)
    who = f"process {holder[0]} ({holder[1][:120]})" if holder else "another process"
    raise PortTaken(f"Port {port}, where {name} is to listen, is taken by {who}. {how_to_choose}")


def _start(
    name: str, module: str, port: int | None, arguments: Sequence[str], health: str, logs: Path | None, outlives: bool
) -> Server:
    port = port or free_port()
    check_port(name, port, "Stop that process, or choose another port.")
    folder = logs or Path(tempfile.mkdtemp(prefix="personalize-pipeline-"))
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{module.rpartition('.')[2]}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "--port", str(port), *arguments],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, which ends whole
            preexec_fn=None if outlives else end_with_parent,
        )
    server = Server(name, module, port, process.pid, log)
    try:
        _wait_until_healthy(server, process, health)
    except BaseException:
        end_group(process.pid)
        process.wait()
        raise
    process.returncode = 0  # it is ended through its group, by number, perhaps by a later command
    return server


def _environment() -> dict[str, str]:
    """The environment of a server: nothing of the developer's own AWS account, no proxy for the loopback."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "NO_PROXY": f"{HOST},localhost", "no_proxy": f"{HOST},localhost", "PYTHONUNBUFFERED": "1"}


def _wait_until_healthy(server: Server, process: subprocess.Popen[bytes], health: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerFailed(f"{server.name} ended with status {process.returncode}. {_end_of(server.log)}")
        try:
            with direct.open(server.url + health, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise ServerFailed(f"{server.name} did not answer within {_START_SECONDS} s. {_end_of(server.log)}")


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return f"The end of its log, {log}:\n  " + "\n  ".join(lines)
