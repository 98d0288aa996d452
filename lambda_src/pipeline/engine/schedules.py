"""The params' schedules, kept in step in EventBridge Scheduler: created, changed and removed with the params."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from pipeline import clients
from pipeline.run_ids import run_id
from pipeline.settings import settings

from .record import required

logger = logging.getLogger(__name__)
LONGEST_NAME = 64
# What each purpose sets otherwise than the params file; the Terraform module makes its schedules from the same table.
OVERRIDES: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("schedule_overrides.json").read_text(encoding="utf-8")
)


def synchronise_schedules(event: dict[str, Any]) -> dict[str, Any]:
    """Make the dataset group's schedules those of the plan: also when its resources failed, for they are what retries.

    Args:
        event: `execution`, the context object of that name.

    Returns:
        `verdict`, and `schedules`: what was done, by purpose: `created`, `changed`, `kept` or `removed`.
    """
    record = required(run_id(event["execution"]))
    for purpose, overrides in OVERRIDES.items():
        if done := _synchronise(purpose, record.schedules.get(purpose), overrides, record.run):
            record.schedules_done[purpose] = done
    record.save()
    logger.info("schedules", extra={"done": record.schedules_done})
    return {"verdict": "ready", "run": record.run["id"], "schedules": record.schedules_done}


def _synchronise(purpose: str, wanted: str | None, overrides: dict[str, str], run: dict[str, Any]) -> str | None:
    """What was done about the schedule of one purpose; None where there is none and shall be none."""
    scheduler, group = clients.scheduler(), settings().schedule_group
    name = schedule_name(run["datasetGroup"], purpose)
    present = _get(name)
    if wanted is None:
        if present:
            scheduler.delete_schedule(Name=name, GroupName=group)
        return "removed" if present else None
    schedule = parameters_of(name, wanted, run, overrides)
    if present is None:
        scheduler.create_schedule(**schedule)
        return "created"
    if not _holds(present, schedule):
        scheduler.update_schedule(**schedule)
        return "changed"
    return "kept"


def schedule_name(dataset_group: str, purpose: str) -> str:
    """`shop.retrain`; of a long group's name the head and a digest."""
    if len(dataset_group) + len(purpose) < LONGEST_NAME:
        return f"{dataset_group}.{purpose}"
    digest = hashlib.sha256(dataset_group.encode()).hexdigest()[:8]
    return f"{dataset_group[: LONGEST_NAME - len(purpose) - 10]}-{digest}.{purpose}"


def parameters_of(name: str, expression: str, run: dict[str, Any], overrides: dict[str, str]) -> dict[str, Any]:
    """What Scheduler is told of one schedule, when it is made and when it is changed."""
    upload = {"bucket": run["bucket"], "key": run["key"]}
    start = {"upload": upload, "overrides": overrides, "datasetGroup": run["datasetGroup"]}
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
