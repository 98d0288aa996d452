"""What the local stack remembers between commands, in `.local/stack.json`."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import NotRunning
from .processes import command
from .servers import Server, Stack
from .terraform import FOLDER

FILE = FOLDER / "stack.json"


@dataclass
class Remembered:
    """A stack as the last command left it; `outputs` are Terraform's, once it is set up."""

    stack: Stack
    owner: int  # the process that sets it up
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        return bool(self.outputs) and all(server.is_running() for server in self.stack.servers)

    @property
    def is_being_set_up(self) -> bool:
        return not self.outputs and self.owner != os.getpid() and "local" in command(self.owner)


def read() -> Remembered | None:
    """The stack of the last command, running or not; None if it was taken down."""
    try:
        saved = json.loads(FILE.read_text())
        aws, personalize = (
            Server(**{**saved["stack"][name], "log": Path(saved["stack"][name]["log"])})
            for name in ("aws", "personalize")
        )
        return Remembered(Stack(aws, personalize, saved["stack"]["scale"]), saved["owner"], saved["outputs"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, or written by another version: nothing to rely on


def running() -> Remembered:
    """The stack that is up. Raises `NotRunning`."""
    remembered = read()
    if remembered is None or not remembered.is_ready:
        raise NotRunning(
            "The local stack is not running. Start it with `make run`, or `python -m local up` without a run."
        )
    return remembered


def write(remembered: Remembered) -> None:
    FOLDER.mkdir(exist_ok=True)
    partial = FILE.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(remembered), default=str, indent=2))
    partial.replace(FILE)


def forget() -> None:
    """Forget the stack, and what Terraform knows of it: with the servers, everything it made is gone."""
    FILE.unlink(missing_ok=True)
    for file in (FOLDER / "terraform").glob("terraform.tfstate*"):
        file.unlink()
