"""Off at night: EventBridge Scheduler starts what deletes a campaign, and what creates it anew."""

from __future__ import annotations

import datetime as dt

from .stack import Json, Pipeline, Run, wait_for
from .uploads import params

EVENING, MORNING = 70, 110  # seconds from now: time for the schedules to be made, on a busy machine
PATIENCE = 240  # seconds until they have come due, and started a run


def in_seconds(seconds: float) -> str:
    due = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    return f"at({due:%Y-%m-%dT%H:%M:%S})"


def scheduled(shop: Pipeline, serving: str) -> Run:
    """The run that a schedule started, once it has ended."""

    def started() -> Run | None:
        return next((run for run in shop.runs() if run.overrides.get("serving") == serving), None)

    return wait_for(f"the schedule that switches serving {serving}", started, deadline=PATIENCE).ended()


def campaigns(shop: Pipeline) -> list[Json]:
    return [one for one in shop.stack.personalize.resources("campaign") if one["status"] == "ACTIVE"]


def test_serving_stops_and_starts_by_schedule(shop: Pipeline) -> None:
    shop.upload_data()
    assert shop.run(params()).status == "SUCCEEDED"
    (before,) = campaigns(shop)
    asked = params(schedules={"stop": in_seconds(EVENING), "start": in_seconds(MORNING)})
    assert shop.run(asked).report["schedules"] == {"stop": "created", "start": "created"}

    evening = scheduled(shop, "off")
    assert evening.status == "SUCCEEDED", evening.mail
    assert "is off: 1 campaign deleted." in evening.mail
    assert "Nothing: no campaign or recommender is up" in evening.mail
    assert "a month; before this run $394.20." in evening.mail
    assert campaigns(shop) == []

    morning = scheduled(shop, "on")
    assert morning.status == "SUCCEEDED", morning.mail
    assert "serves again: 1 campaign created." in morning.mail
    (after,) = campaigns(shop)
    assert after["arn"] == before["arn"]
    assert morning.report["samples"]
    assert len(shop.stack.personalize.calls("CreateSolutionVersion")) == 1
    assert shop.run(params()).report["schedules"] == {"stop": "removed", "start": "removed"}
