"""The emulator as a server. `personalize-emulator replay --help` and `... ask --help` tell of the other commands."""

from __future__ import annotations

import argparse
import contextlib
import math
import signal
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from . import __version__
from .authorization import AllowAll, HttpAuthorizer
from .clock import Clock
from .emulator import Emulator
from .settings import Settings, read_config

#: What stands before the address in the line that says that the server is ready.
READY = "Amazon Personalize emulator on "

#: Commands besides serving, and the module whose `main` each is.
COMMANDS = {"replay": "replay", "ask": "questions"}


def s3_at(endpoint: str | None) -> Callable[[str], Any]:
    """S3 clients for jobs. Without an endpoint they lead nowhere on this machine's loopback, and never to AWS."""

    def client(region: str) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            region_name=region,
            endpoint_url=endpoint or "http://127.0.0.1:9",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 2},
                connect_timeout=5,
                read_timeout=30,
                proxies={},
            ),
        )

    return client


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _scale(text: str) -> float:
    scale = float(text)
    if not math.isfinite(scale) or scale < 0:
        raise argparse.ArgumentTypeError("emulated time passes at 0 or more seconds a second")
    return scale


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="personalize-emulator", description=__doc__)
    result.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    result.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    result.add_argument("--port", type=_port, default=4580, help="port to listen on (4580); 0 takes a free one")
    result.add_argument("--scale", type=_scale, default=1.0, help="emulated seconds a second (1); 0 stops the clock")
    result.add_argument("--s3-endpoint", help="where imports read and batch jobs write, e.g. http://127.0.0.1:4566")
    result.add_argument("--authorizer", help="where IAM is asked; without it everything is allowed")
    result.add_argument("--config", type=Path, help="settings in TOML or JSON: durations, quotas, switches, faults ...")
    return result


def main(argv: list[str] | None = None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    if argv and argv[0] in COMMANDS:
        command: Callable[[list[str]], int] = import_module(f".{COMMANDS[argv[0]]}", __package__).main
        return command(argv[1:])
    options = parser().parse_args(argv)
    try:
        emulator = configured(
            options.config,
            clock=Clock(options.scale),
            authorizer=HttpAuthorizer(options.authorizer) if options.authorizer else AllowAll(),
            s3=s3_at(options.s3_endpoint),
        )
    except (OSError, ValueError, TypeError) as err:
        print(f"personalize-emulator: {err}", file=sys.stderr)
        return 2
    return serve(emulator, options.host, options.port)


def configured(config: Path | None, **parts: Any) -> Emulator:
    """An emulator of these parts, with settings and faults from a file.

    Raises OSError, ValueError or TypeError with what is wrong in the file.
    """
    values = read_config(config) if config else {}
    faults = values.pop("faults", [])
    emulator = Emulator(Settings.from_mapping(values), **parts)
    emulator.faults.load(faults)
    return emulator


def serve(emulator: Emulator, host: str, port: int) -> int:
    """Serve until interrupted; returns the command's status. One line on standard output says where, once it does."""
    from .server import Server

    emulator.make_current()
    try:
        server = Server((host, port), emulator)
    except OSError as err:
        print(f"personalize-emulator: cannot listen on {host}:{port}: {err}", file=sys.stderr)
        return 1
    with server, contextlib.suppress(KeyboardInterrupt), _terminated_as_interrupted():
        print(f"{READY}{server.url}, {emulator.clock.scale:g} emulated seconds a second", flush=True)
        server.serve_forever()
    return 0


@contextlib.contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM ends the server in order. Without a handler the first process of a container would ignore it."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
