"""The safety net: endings that no state of the workflow could mail (time-out, abort, an error of Step Functions).

Step Functions tells EventBridge how each execution ended, and a rule calls this function; what was mailed already is
left alone.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from pipeline import clients
from pipeline.ending.report import finish, key
from pipeline.settings import settings
from pipeline.upload.run_ids import run_id

logger = Logger(child=True)
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
    cause = WORDS.get(detail["status"]) or detail.get("cause") or "no reason is known."
    state = json.loads(detail.get("input") or "{}")
    plan = _plan(detail["executionArn"])
    state |= {"failure": {"Error": detail.get("error") or detail["status"], "Cause": cause}} | (
        {"plan": plan} if plan else {}
    )
    finish(state, execution)
    logger.info("ending mailed", extra={"execution": detail["name"], "status": detail["status"]})
    return {"mailed": True}


def _as_context(detail: dict[str, Any]) -> dict[str, str]:
    """The execution as its own states saw it; EventBridge tells its start in milliseconds."""
    started = dt.datetime.fromtimestamp(detail["startDate"] // 1000, dt.UTC)
    return {"Id": detail["executionArn"], "Name": detail["name"], "StartTime": started.isoformat()}


def _is_reported(execution: dict[str, str]) -> bool:
    try:
        clients.s3().head_object(Bucket=settings().bucket, Key=key(run_id(execution)))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
            return False
        raise
    return True


def _plan(execution_arn: str) -> dict[str, Any] | None:
    """The plan that the run was working on, from its history: what was made so far must be told, since it may bill."""
    pages = clients.stepfunctions().get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    plan = None
    for page in pages:
        for entry in page["events"]:
            left = entry.get("stateExitedEventDetails", {})
            if left.get("name") == "Plan":
                plan = json.loads(left["output"]).get("plan")  # none where the planning itself failed
            elif plan and plan["outcome"] == "proceed":
                return plan  # type: ignore[no-any-return]
    return plan
