"""Section `data`: how fast all of the data is checked, next to a bare reader and to validators; and `spread.py`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from local.servers import ROOT

from . import spread
from .interactions import write
from .tables import Target, say, table, targets

PEERS = ROOT / ".venv-peers"
MEGABYTES = (10, 100, 1000)
LARGEST = {"frictionless": 10}  # what takes minutes is measured on less
ROUNDS = 3
OURS = ("csv.reader", "ours, types", "ours")
# What has to be in the Lambda package, besides what is there, by its folders among the site packages.
FOLDERS = {
    "frictionless": ("frictionless",),
    "pandera": ("pandera", "polars", "_polars_runtime_32"),
    "polars": ("polars", "_polars_runtime_32"),
    "pyarrow": ("pyarrow",),
    "duckdb": ("duckdb", "_duckdb*"),
}


def section() -> None:
    """Print it."""
    with tempfile.TemporaryDirectory() as scratch:
        _readers(Path(scratch))
    spread.section()


def _readers(scratch: Path) -> None:
    """Each way in a process of its own, in turn, so that what else the machine does is spread over all."""
    measured: dict[tuple[int, str], dict[str, Any]] = {}
    for size in MEGABYTES:
        file = write(scratch / f"{size}.csv", size * 1_000_000)
        for _ in range(ROUNDS if size < MEGABYTES[-1] else 1):
            for way in (*OURS, *FOLDERS):
                if size <= LARGEST.get(way, size):
                    found = _measure(way, file)
                    best = measured.setdefault((size, way), found)
                    best["seconds"] = min(best["seconds"], found["seconds"])
                    best["memory"] = max(best["memory"], found["memory"])
        file.unlink()
    for size in MEGABYTES:
        reader = measured[size, "csv.reader"]["seconds"]
        ways = [way for way in (*OURS, *FOLDERS) if (size, way) in measured]
        rows = [_row(way, reader, **measured[size, way]) for way in ways]
        columns = ("way", "seconds", "times as fast as csv.reader", "most memory, MB", "import, s")
        table(f"{size:,} MB of interactions, the last row faulty", columns, rows)
    smallest = {way: one["found"] for (size, way), one in measured.items() if size == MEGABYTES[0]}
    said = [f"  {way}: {' '.join(found.split())[:150] or 'nothing'}" for way, found in smallest.items()]
    say("What each says of the faulty row:", *said, "")
    say("Installed, without what else it needs:", *(f"  {way}: {_installed(way):.0f} MB" for way in FOLDERS), "")
    targets(
        target
        for size in MEGABYTES
        for target in (
            _against_csv(size, measured, "ours, types", "types"),
            _against_csv(size, measured, "ours", "types, and all that is counted"),
            Target(f"{size:,} MB, most memory, MB", measured[size, "ours"]["memory"], 256),
        )
    )


def _row(way: str, reader: float, seconds: float, memory: float, found: str, **more: float) -> list[str]:
    del found
    return [way, f"{seconds:.2f}", f"{reader / seconds:.2f}", f"{memory:.0f}", f"{more['import']:.2f}"]


def _against_csv(size: int, measured: dict[tuple[int, str], dict[str, Any]], way: str, what: str) -> Target:
    times = measured[size, way]["seconds"] / measured[size, "csv.reader"]["seconds"]
    return Target(f"{size:,} MB, {what}: times csv.reader's own time", times, 1, "{:.2f}")


def _measure(way: str, file: Path) -> dict[str, Any]:
    python = sys.executable if way in OURS else str(PEERS / "bin" / "python")
    command = [python, str(Path(__file__).with_name("readers.py")), way, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _installed(way: str) -> float:
    (packages,) = PEERS.glob("lib/python*/site-packages")
    found = [path for pattern in FOLDERS[way] for path in packages.glob(pattern)]
    files = [file for path in found for file in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6
