"""The one Lambda function: every event names an action, and the table says whose it is."""

# ruff: noqa: E402
from __future__ import annotations

import gc

gc.disable()  # nothing that is imported is garbage, and to look for it takes a tenth of a cold start

import logging
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from . import log
from .ending.publishing import showing
from .ending.report import report
from .ending.safety_net import mail_ending
from .engine.patience import is_passing
from .engine.schedules import synchronise_schedules
from .engine.stage import work
from .errors import ActionFailed, PipelineError, ServiceTrouble
from .samples.asking import ask_for_recommendations
from .upload.trigger import start_runs
from .upload.turns import take_turn

gc.enable()
log.configure()
logger = logging.getLogger(__name__)


def _plan(event: dict[str, Any]) -> dict[str, Any]:
    from .planning.plan import make_plan  # with jsonschema, a quarter of all that could be loaded

    return make_plan(event)


def _check_data(event: dict[str, Any]) -> dict[str, Any]:
    from .planning.plan import check_share

    return check_share(event)


# Names are those of the states that call them: the state "Train and Deploy" has the action "trainAndDeploy".
ACTIONS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "startRuns": start_runs,  # S3: a params file was uploaded
    "takeTurn": take_turn,
    "plan": showing(_plan),
    "checkData": _check_data,
    "makeDatasetGroup": showing(work("makeDatasetGroup")),
    "importDatasets": showing(work("importDatasets")),
    "trainAndDeploy": showing(work("trainAndDeploy")),
    "askForRecommendations": showing(ask_for_recommendations),
    "tearDown": showing(work("tearDown")),
    "synchroniseSchedules": synchronise_schedules,
    "report": report,
    "mailEnding": mail_ending,  # EventBridge: an execution failed, timed out or was stopped
}


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run the event's action.

    Returns:
        What the action returns: JSON, for the state that called it.

    Raises:
        ServiceTrouble: AWS is in trouble; the state machine tries again for hours.
        ActionFailed: anything else; every action may be repeated, so the state machine tries again a few times.
    """
    action = _action(event)
    log.begin(context, action=action, run=event.get("execution", {}).get("Name"))
    if action not in ACTIONS:
        raise ActionFailed(f"unknown action {action!r}; known are {', '.join(ACTIONS)}")
    try:
        result = ACTIONS[action](event)
    except PipelineError as error:
        logger.warning("failed", extra={"reason": str(error)})
        raise
    except (ClientError, BotoCoreError) as error:
        logger.exception("AWS did not do as asked")
        raise (ServiceTrouble if is_passing(error) else ActionFailed)(f"{action}: {error}") from None
    except Exception as error:
        logger.exception("failed unexpectedly")
        raise ActionFailed(f"{action}: {type(error).__name__}: {error}") from None
    logger.info("done", extra={"outcome": result.get("outcome"), "verdict": result.get("verdict")})
    return result


def _action(event: dict[str, Any]) -> str | None:
    """The action that an event asks for: AWS's own events name theirs by their shape."""
    if "Records" in event:
        return "startRuns"
    if event.get("source") == "aws.states":
        return "mailEnding"
    return event.get("action")
