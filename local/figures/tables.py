"""How figures are printed: tables, and a line for each target."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

console = Console(highlight=False, width=None if os.isatty(1) else 150)


@dataclass(frozen=True)
class Target:
    """A figure that shall not be above `most`; `shown` is how both are written."""

    what: str
    result: float
    most: float
    shown: str = "{:,.0f}"

    @property
    def is_met(self) -> bool:
        return self.result <= self.most

    def __str__(self) -> str:
        result, most = self.shown.format(self.result), self.shown.format(self.most)
        return f"{'ok    ' if self.is_met else 'missed'}  {self.what}: {result} (at most {most})"


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table whose first column is text and whose others are numbers."""
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        drawn.add_column(column, justify="right" if number else "left", no_wrap=bool(number))
    for row in rows:
        drawn.add_row(*row)
    console.print(drawn)


def say(*lines: str) -> None:
    """Print lines as they are."""
    for line in lines:
        console.print(line, markup=False)


def targets(found: Iterable[Target]) -> None:
    """Print a line for each target."""
    say(*(str(target) for target in found), "")


def mean_and_worst(values: Sequence[float], shown: Callable[[float], str]) -> tuple[str, str]:
    """Both, written out."""
    return shown(statistics.fmean(values)), shown(max(values))


def machine() -> str:
    """What the figures were measured on, and when."""
    date = time.strftime("%Y-%m-%d")
    return f"{date}, {platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {_cpu()}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
