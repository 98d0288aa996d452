"""Start the emulator: `python -m personalize_emulator --port 4580 --scale 60`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .authorization import AllowAll, HttpAuthorizer
from .clock import Clock
from .emulator import Emulator
from .settings import Settings, read_config


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


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="personalize_emulator", description=__doc__)
    result.add_argument("--host", default="127.0.0.1", help="address to listen on (loopback by default)")
    result.add_argument("--port", type=int, default=4580, help="port to listen on; 0 takes a free one")
    result.add_argument("--scale", type=float, default=1.0, help="emulated seconds per real second; 0 stops the clock")
    result.add_argument("--s3-endpoint", help="where imports read and batch jobs write, e.g. http://127.0.0.1:4566")
    result.add_argument("--authorizer", help="where IAM is asked; without it everything is allowed")
    result.add_argument("--config", type=Path, help="settings in TOML or JSON: durations, quotas, switches, faults ...")
    return result


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        config = read_config(options.config) if options.config else {}
        faults = config.pop("faults", [])
        emulator = Emulator(
            Settings.from_mapping(config),
            Clock(options.scale),
            authorizer=HttpAuthorizer(options.authorizer) if options.authorizer else AllowAll(),
            s3=s3_at(options.s3_endpoint),
        )
        emulator.faults.load(faults)
    except (OSError, ValueError, TypeError) as err:
        print(f"personalize_emulator: {err}", file=sys.stderr)
        return 2
    emulator.make_current()
    from .server import Server

    try:
        server = Server((options.host, options.port), emulator)
    except OSError as err:
        print(f"personalize_emulator: cannot listen on {options.host}:{options.port}: {err}", file=sys.stderr)
        return 1
    print(f"Amazon Personalize emulator on {server.url}, {options.scale:g} emulated seconds a second", flush=True)
    with server, contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
