"""`python -m local.figures [SECTION ...]`: print the figures of the sections, or of all."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from . import data, emulator, first_run, large, look, package, waiting
from .tables import console, machine, say

SECTIONS = {
    "waiting": waiting.section,
    "look": look.section,
    "package": package.section,
    "run": first_run.section,
    "large": large.section,
    "emulator": emulator.section,
    "data": data.section,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sections that the command line names; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.figures", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)} (default: all)")
    wanted = parser.parse_args(arguments).sections or list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    os.environ["LOG_LEVEL"] = "CRITICAL"  # the logger asks when the handler is imported
    say(machine(), "")
    for name in wanted:
        console.rule(f"[bold]{name}", align="left")
        SECTIONS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
