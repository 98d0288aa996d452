"""Section `run`: how long `make run` takes in a fresh clone, and of that its parts."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time

from local.processes import free_port
from local.servers import ROOT

from .tables import Target, table, targets

_STEP = re.compile(r"^==> (?P<what>.+?)(?: \.\.\.)?\n +(?P<seconds>[\d.]+) s$", re.MULTILINE)


def section() -> None:
    """Print it: the commit that is checked out, with pip's cache and the provider's mirror as they are here."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), folder], check=True)
        environment = {**os.environ, "LOCAL_AWS_PORT": str(free_port()), "LOCAL_PERSONALIZE_PORT": str(free_port())}
        environment.pop("PYTHONPATH", None)
        began = time.monotonic()
        _make(folder, ".venv/.local", environment)
        installed = time.monotonic()
        try:
            printed = _make(folder, "run", environment)
        finally:
            ended = time.monotonic()
            _make(folder, "down", environment)
    steps = [(f"  {step['what']}", step["seconds"]) for step in _STEP.finditer(printed)]
    setting_up = sum(float(seconds) for _, seconds in steps)
    table(
        "make run in a fresh clone",
        ("step", "seconds"),
        (
            ("installing what it runs on", f"{installed - began:.1f}"),
            *steps,
            ("the example, from the upload to the mail", f"{ended - installed - setting_up:.1f}"),
            ("in all", f"{ended - began:.1f}"),
        ),
    )
    targets([Target("seconds of `make run`", ended - began, 100)])


def _make(folder: str, target: str, environment: dict[str, str]) -> str:
    command = ["make", "--no-print-directory", "-C", folder, target]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
