"""Names of runs: they sort by the time of their start, and are short enough to be part of job names (63 characters)."""

from __future__ import annotations

import hashlib
import re


def run_id(execution: dict[str, str]) -> str:
    """The id of an execution's run, from the state machine's context object of it.

    The execution's name where it can be part of a job's name, as the trigger's always can. Those that AWS makes for
    schedules are too long, and say nothing of the time.
    """
    name = execution["Name"]
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,24}", name) else sortable(execution["StartTime"], name)


def sortable(time: str, identity: str) -> str:
    """Of an ISO time (UTC) and of what must not be mistaken: `20261123-170502-1f0c9a3b`."""
    digits = "".join(re.findall(r"\d", time))
    return f"{digits[:8]}-{digits[8:14]}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
