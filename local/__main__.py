"""`python -m local up|run|upload|status|down`: the whole pipeline on this machine."""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

try:
    from . import commands, servers, uploads
    from .errors import LocalError
except ModuleNotFoundError as missing:
    sys.exit(
        f"This Python has no {missing.name}. Use the one that `make` sets up: make run, or .venv/bin/python -m local"
    )

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    # To be stopped by a signal is to be stopped by Ctrl-C: whatever was started is stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except LocalError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    add = parser.add_subparsers(required=True, metavar="command").add_parser
    for name, text, command in (
        ("up", "start the servers and apply the module to them", _up),
        (
            "run",
            "bring everything up, then upload the example, or files of yours, and follow the run to the mail",
            _run,
        ),
    ):
        starting = add(name, help=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
        _add_settings(starting)
        if name == "run":
            starting.add_argument("--params", type=Path, help="a params file of your own, instead of the example")
            starting.add_argument("--data", type=Path, help="the folder with its data: Interactions/, Users/, ...")
        starting.set_defaults(command=command)
    uploading = add("upload", help="upload a file or folder; a params file starts a run, which is followed")
    uploading.add_argument("path", type=Path)
    uploading.add_argument("key", nargs="?", help="key of the file, or prefix of the folder's files")
    uploading.set_defaults(command=lambda options: commands.upload(options.path, options.key))
    add("status", help="show what runs and how to look at it").set_defaults(command=lambda _: commands.status())
    add("down", help="stop everything").set_defaults(command=lambda _: commands.down())
    add("validate", help="validate all Terraform of the repository").set_defaults(command=lambda _: commands.validate())
    terraform = add("terraform", help="run Terraform with a provider to be had: python -m local terraform -- test")
    terraform.add_argument("arguments", nargs=argparse.REMAINDER)
    terraform.set_defaults(command=_terraform)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    for option, setting, kind, default, text in (
        ("--scale", "LOCAL_SCALE", float, servers.SCALE, "emulated seconds per second"),
        ("--aws-port", "LOCAL_AWS_PORT", int, servers.AWS_PORT, "port of MiniStack"),
        ("--personalize-port", "LOCAL_PERSONALIZE_PORT", int, servers.PERSONALIZE_PORT, "port of the emulator"),
    ):
        parser.add_argument(
            option, type=kind, default=os.environ.get(setting, str(default)), help=f"{text}; or set {setting}"
        )


def _up(options: argparse.Namespace) -> int:
    commands.up(options.scale, options.aws_port, options.personalize_port)
    return commands.status()


def _run(options: argparse.Namespace) -> int:
    files = uploads.named(options.params, options.data)
    return commands.run(options.scale, options.aws_port, options.personalize_port, files)


def _terraform(options: argparse.Namespace) -> int:
    return commands.run_terraform(options.arguments[1:] if options.arguments[:1] == ["--"] else options.arguments)


if __name__ == "__main__":
    sys.exit(main())
