"""EventBridge Scheduler: schedules belong to groups, and start what their role may start."""

import json
from typing import Any

from ministack.core import iam_actions  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id  # type: ignore[import-untyped]
from ministack.services import eventbridge  # type: ignore[import-untyped]

from . import authorisation
from .patching import around

Json = dict[str, Any]

_SERVICE = "scheduler.amazonaws.com"
# What Scheduler does with a target, by the service in its ARN; others are started unasked.
_ACTIONS = {"states": "states:StartExecution"}


def name_groups() -> None:
    """Policies are asked for a schedule by the ARN it has, with its group in it."""

    def resource(
        original: Any, service: str, method: str, path: str, headers: Any, body: bytes, query: Json, *where: str
    ) -> Any:
        arn = original(service, method, path, headers, body, query, *where)
        if service == "scheduler" and ":schedule/default/" in arn:
            return arn.replace("/default/", f"/{_group(body, query)}/", 1)
        return arn

    around(iam_actions, "extract_resource_arn", resource)


def ask_role() -> None:
    """A schedule whose role can't be assumed, or may not start its target, starts nothing."""

    def start(original: Any, target: Json, event: Json, source: Json, view: Any = None) -> None:
        arn, role = target.get("Arn", ""), target.get("RoleArn", "")
        action = _ACTIONS.get(arn.split(":")[2] if ":" in arn else "")
        if ":schedule/" not in source["Arn"] or action is None or _may_start(role, action, arn, source):
            original(target, event, source, view)
        else:
            eventbridge.logger.error("%s does not let %s do %s on %s", role, source["Arn"], action, arn)

    around(eventbridge, "_invoke_target", start)


def _group(body: bytes, query: Json) -> str:
    if body:
        return str(json.loads(body).get("GroupName", "default"))
    named = query.get("groupName", "default")
    return str(named[0] if isinstance(named, list) else named)


def _may_start(role: str, action: str, target: str, schedule: Json) -> bool:
    group = schedule["Arn"].replace(":schedule/", ":schedule-group/", 1).rpartition("/")[0]
    context = {"aws:sourcearn": group, "aws:sourceaccount": get_account_id()}
    trusted = authorisation.of_service(_SERVICE, "sts:AssumeRole", role, context)
    return trusted.allowed and authorisation.of_role(role, action, target, {}).allowed
