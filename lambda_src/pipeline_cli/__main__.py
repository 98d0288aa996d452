"""`personalize-pipeline`, also `python -m pipeline_cli`; see docs/commands.md."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from .app import app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0 when all is well; 1 when something is wrong with the file, the data or the run, which is told;
        2 when it can't be told, or was asked wrongly; 130 after Ctrl-C.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="personalize-pipeline")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    return 0


def run() -> None:
    """The installed command. What its terminal's encoding has not is written as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(main())


if __name__ == "__main__":
    run()
