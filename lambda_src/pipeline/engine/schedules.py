"""The params' schedules, kept in step in EventBridge Scheduler: created, changed and removed with the params."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from pipeline import clients
from pipeline.settings import settings

logger = Logger(child=True)
LONGEST_NAME = 64
# What each purpose sets otherwise than the params file; the Terraform module makes its schedules from the same table.
OVERRIDES: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("schedule_overrides.json").read_text(encoding="utf-8")
)


def synchronise_schedules(event: dict[str, Any]) -> dict[str, Any]:
    """Make the dataset group's schedules those of the plan.

    Args:
        event: `run`, and `schedules`: expressions by purpose.

    Returns:
        `schedules`: what was done, by purpose: `created`, `changed`, `kept` or `removed`.
    """
    run, wanted = event["run"], event["schedules"]
    scheduler, group = clients.scheduler(), settings().schedule_group
    done = {}
    for purpose, overrides in OVERRIDES.items():
        name = schedule_name(run["datasetGroup"], purpose)
        present = _get(name)
        if purpose not in wanted:
            if present:
                scheduler.delete_schedule(Name=name, GroupName=group)
                done[purpose] = "removed"
            continue
        schedule = parameters_of(name, wanted[purpose], run, overrides)
        if present is None:
            scheduler.create_schedule(**schedule)
            done[purpose] = "created"
        elif not _holds(present, schedule):
            scheduler.update_schedule(**schedule)
            done[purpose] = "changed"
        else:
            done[purpose] = "kept"
    logger.info("schedules", extra={"done": done})
    return {"schedules": done}


def schedule_name(dataset_group: str, purpose: str) -> str:
    """`shop.retrain`; of a long group's name the head and a digest."""
    if len(dataset_group) + len(purpose) < LONGEST_NAME:
        return f"{dataset_group}.{purpose}"
    digest = hashlib.sha256(dataset_group.encode()).hexdigest()[:8]
    return f"{dataset_group[: LONGEST_NAME - len(purpose) - 10]}-{digest}.{purpose}"


def parameters_of(name: str, expression: str, run: dict[str, Any], overrides: dict[str, str]) -> dict[str, Any]:
    """What Scheduler is told of one schedule, when it is made and when it is changed."""
    start = {"upload": {"bucket": run["bucket"], "key": run["key"]}, "overrides": overrides}
    return {
        "Name": name,
        "GroupName": settings().schedule_group,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": settings().state_machine_arn,
            "RoleArn": settings().schedule_role_arn,
            "Input": json.dumps(start, sort_keys=True),
            "DeadLetterConfig": {"Arn": settings().dead_letter_queue_arn},  # what could not be started, in 24 hours
        },
    }


def _holds(present: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a schedule has all that we ask for; Scheduler shows its own defaults besides."""
    return all(
        _holds(present.get(name) or {}, value) if isinstance(value, dict) else present.get(name) == value
        for name, value in wanted.items()
    )


def _get(name: str) -> dict[str, Any] | None:
    scheduler = clients.scheduler()
    try:
        return dict(scheduler.get_schedule(Name=name, GroupName=settings().schedule_group))
    except scheduler.exceptions.ResourceNotFoundException:
        return None
