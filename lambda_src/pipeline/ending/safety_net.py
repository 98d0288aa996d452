"""The safety net: endings that no state of the workflow could mail (time-out, abort, an error of Step Functions).

Step Functions tells EventBridge how each execution ended, and a rule calls this function; what was mailed already is
left alone.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

from pipeline import objects
from pipeline.engine.record import load
from pipeline.run_ids import run_id

from .report import finish, key

logger = logging.getLogger(__name__)
WORDS = {
    "TIMED_OUT": "the run took longer than its time limit and was stopped.",
    "ABORTED": "the run was stopped by hand.",
}


def mail_ending(event: dict[str, Any]) -> dict[str, Any]:
    """Mail the ending of an execution, unless its own report did.

    Args:
        event: EventBridge's "Step Functions Execution Status Change".

    Returns:
        `{"mailed": whether a mail was sent}`
    """
    detail = event["detail"]
    execution = _as_context(detail)
    if _is_reported(execution):
        return {"mailed": False}
    finish(
        execution,
        WORDS.get(detail["status"]) or detail.get("cause", "").removeprefix("the run: ") or "no reason is known.",
    )
    logger.info("ending mailed", extra={"execution": detail["name"], "status": detail["status"]})
    return {"mailed": True}


def _as_context(detail: dict[str, Any]) -> dict[str, Any]:
    """The execution as its own states saw it; EventBridge tells its start in milliseconds."""
    started = dt.datetime.fromtimestamp(detail["startDate"] // 1000, dt.UTC)
    try:
        given = json.loads(detail.get("input") or "{}")  # none where it is too long for an event
    except ValueError:
        given = {}
    return {
        "Id": detail["executionArn"],
        "Name": detail["name"],
        "StartTime": started.isoformat(),
        "Input": given if isinstance(given, dict) else {},
    }


def _is_reported(execution: dict[str, Any]) -> bool:
    """Whether a mail went out: the record says so; or where that could not be written, the report is there."""
    record = load(run_id(execution))
    if record and record.reported:
        return True
    return objects.etag_of(key(run_id(execution))) is not None
