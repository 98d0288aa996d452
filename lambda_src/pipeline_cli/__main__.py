"""`python -m pipeline_cli plan|adopt`; see docs/commands.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from pipeline.planning.quotas import QUOTAS

from . import adopt, plan
from .errors import CommandError, in_words
from .shown import Shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0 when all is well; 1 when there are problems, which are told; 2 when it can't be told.
    """
    given = _parser().parse_args(arguments)
    try:
        if given.command == "plan":
            request = plan.Request(
                given.params, given.bucket, given.prefix, dict(given.quota), given.boundaries, given.data_checks
            )
            return plan.run(request, Shown(as_json=given.json))
        return adopt.run(given.group, given.output)
    except CommandError as error:
        message = str(error)
    except (BotoCoreError, ClientError) as error:
        message = in_words(error)
    except OSError as error:
        message = f"can't read {error.filename}: {error.strerror}."
    print(f"{given.command}: {message}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pipeline_cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("plan", help="check a params file, and show what its upload would do")
    command.add_argument("params", type=Path, help="the params file")
    command.add_argument("--bucket", help="compare with the data in this bucket and with what Personalize has")
    command.add_argument("--prefix", default="", help="the folder of the bucket that the file is for (default: none)")
    command.add_argument(
        "--quota",
        type=_quota,
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="one that AWS has raised, as the module's input `quotas` names it: campaigns=20",
    )
    command.add_argument(
        "--boundaries",
        type=Path,
        help="a file with the module's output `boundaries`, to hold the params file against",
    )
    command.add_argument(
        "--data-checks",
        choices=("full", "sample", "off"),
        default="full",
        help="how much of the data is looked at, where the params file says nothing (default: full)",
    )
    command.add_argument("--json", action="store_true", help="print the plan as JSON, for programs")
    command = commands.add_parser("adopt", help="write the params file of a dataset group that exists")
    command.add_argument("group", help="the dataset group's name or ARN")
    command.add_argument("--output", type=Path, help="a new file to write (default: standard output)")
    return parser


def _quota(given: str) -> tuple[str, int]:
    name, _, number = given.partition("=")
    if name not in (known := [quota.name for quota in QUOTAS]) or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{given} has not the form NAME=NUMBER, with a name of {', '.join(known)}")
    return name, int(number)


if __name__ == "__main__":
    sys.exit(main())
