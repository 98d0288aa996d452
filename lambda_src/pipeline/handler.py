"""The one Lambda function: every event names an action, and the table says whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from pipeline.ending.report import report
from pipeline.ending.safety_net import mail_ending
from pipeline.engine.reconciler import ensure
from pipeline.engine.schedules import synchronise_schedules
from pipeline.engine.versions import compare_versions
from pipeline.errors import ActionFailed, PipelineError
from pipeline.planning.plan import make_plan
from pipeline.upload.trigger import start_runs

logger = Logger()

# Names are those of the states that call them: the state "Ensure Dataset Group" has the action "ensureDatasetGroup".
ACTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "startRuns": start_runs,  # S3: a params file was uploaded
    "plan": make_plan,
    "ensureDatasetGroup": ensure,
    "ensureSchema": ensure,
    "ensureDataset": ensure,
    "ensureDatasetImportJob": ensure,
    "ensureEventTracker": ensure,
    "ensureFilter": ensure,
    "ensureSolution": ensure,
    "ensureSolutionVersion": ensure,
    "compareVersions": compare_versions,
    "ensureCampaign": ensure,
    "ensureBatchInferenceJob": ensure,
    "ensureBatchSegmentJob": ensure,
    "ensureRecommender": ensure,
    "ensureAbsence": ensure,
    "synchroniseSchedules": synchronise_schedules,
    "report": report,
    "mailEnding": mail_ending,  # EventBridge: an execution failed, timed out or was stopped
}


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run the event's action.

    Returns:
        What the action returns: JSON, for the state that called it.

    Raises:
        ResourceFailed: the state machine must not try again.
        ActionFailed: anything else; every action may be repeated, so the state machine tries again.
    """
    action = _action(event)
    if action not in ACTIONS:
        raise ActionFailed(f"unknown action {action!r}; known are {', '.join(ACTIONS)}")
    about = event.get("resource", {}).get("name", "")
    logger.append_keys(action=action, resource=about, run=event.get("run", {}).get("id"))
    try:
        result = ACTIONS[action](event)
    except PipelineError as error:
        logger.warning("failed", extra={"reason": str(error)})
        raise
    except Exception as error:
        logger.exception("failed unexpectedly")
        where = f"{action} {about}".strip()
        raise ActionFailed(f"{where}: {type(error).__name__}: {error}") from None
    logger.info("done", extra={"outcome": result.get("outcome"), "status": result.get("status")})
    return result


def _action(event: dict[str, Any]) -> str | None:
    """The action that an event asks for: AWS's own events name theirs by their shape."""
    if "Records" in event:
        return "startRuns"
    if event.get("source") == "aws.states":
        return "mailEnding"
    return event.get("action")
