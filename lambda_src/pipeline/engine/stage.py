"""One look of a stage at all of its resources: what can be done is done, and written down when it is done.

A look may be repeated, and may overlap with another one: of two looks that want to write down what they will do one
loses, and does nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients
from pipeline.errors import ActionFailed, Overtaken
from pipeline.run_ids import run_id
from pipeline.settings import settings

from . import attempts, gate, lookup, ownership
from .calls import side_by_side, took
from .patience import Refusal, understand
from .reconcile import MEND, Call, Failed, Outcome, Pending, Ready, reconcile
from .record import Record, load
from .resource_types import Parameters
from .resources import ABSENT, BLOCKED, FAILED, READY, Resource
from .summary import summarise
from .waiting import SHORTEST

BUDGET = 20  # seconds of a look; what it does not reach is looked at next time
FIRST_AUTOMATIC_TRAINING = 24 * 3600
NOT_TRAINED = (
    "Personalize has not begun the first automatic training. Look at the solution in the console; or take "
    "performAutoTraining out of the params file, and upload it again: the pipeline trains then."
)


def work(stage: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The action of a stage."""

    def look(event: dict[str, Any]) -> dict[str, Any]:
        """Take every step that can be taken now.

        Args:
            event: `execution`, the context object of that name.

        Returns:
            A summary for the workflow and for whoever looks at the execution. `verdict` is `pending` (look again after
            `waitSeconds`), `ready` (all is over, well or not: the record tells), or `over` (the run took too long).

        Raises:
            ActionFailed: the run has no record.
        """
        record = load(run_id(event["execution"]))
        if record is None:
            raise ActionFailed(f"run {run_id(event['execution'])}: its record is missing")
        try:
            return Look(record, stage).take()
        except Overtaken:
            return {"verdict": "pending", "stage": stage, "waitSeconds": SHORTEST, "overtaken": True}

    return look


class Look:
    """A look at the resources of one stage."""

    def __init__(self, record: Record, stage: str) -> None:
        self.record = record
        self.stage = stage
        self.deadline = time.monotonic() + BUDGET
        self.group_arn = settings().arns.of("dataset-group", record.run["datasetGroup"])
        self.has_looked = False
        self.by_id = {resource.id: resource for resource in record.resources}

    def take(self) -> dict[str, Any]:
        """Look and act until nothing more can be done now. Returns the summary."""
        limit = self.record.run["startedAt"] + settings().timeout_seconds
        if clients.clock.now() > limit:
            hours = settings().timeout_seconds / 3600
            self.record.failure = f"the run took longer than its limit of {hours:g} hours (timeout_hours)."
            self.record.save()
            return {"verdict": "over", "stage": self.stage, "run": self.record.run["id"]}
        looked: set[str] = set()
        todo = self._movable()
        while todo and time.monotonic() < self.deadline:
            calls = self._look_at(todo)
            looked |= {resource.id for resource in todo}
            if calls:
                attempts.decide_on(self.record, calls)
                side_by_side(lambda decided: attempts.make(self.record, *decided), calls)
                self.record.save()
            again = {resource.id for resource, _ in calls}
            todo = [resource for resource in self._movable() if resource.id in again or resource.id not in looked]
        self.record.save()
        mine = self.record.of_stage(self.stage)
        return summarise(self.stage, self.record.run["id"], mine, self._movable())

    def _movable(self) -> list[Resource]:
        """The open resources whose turn it is; notes those whose turn will never be."""
        movable = []
        for resource in self.record.of_stage(self.stage):
            before = [self.by_id[name] for name in resource.after if name in self.by_id]
            lost = [other for other in before if other.state in (FAILED, BLOCKED)]
            if resource.is_over:
                continue
            if lost and not resource.anyway:
                resource.state = BLOCKED
                resource.failure = f"not attempted, since {_listed([other.shown for other in lost])} failed"
            elif all(other.is_over for other in before):
                movable.append(resource)
        return movable

    def _due(self, resources: list[Resource]) -> list[Resource]:
        """Those whose refused call may be repeated; at least the first: the look was made for it."""
        now = clients.clock.now()
        due = [resource for resource in resources if not resource.trouble or resource.trouble["next"] <= now]
        if due or not resources or self.has_looked:
            return due
        return [min(resources, key=lambda resource: float(resource.trouble["next"]) if resource.trouble else 0.0)]

    def _look_at(self, resources: list[Resource]) -> list[tuple[Resource, Call]]:
        """Note how far the resources are; returns the calls that are to be made."""
        due = self._due(resources)
        random.shuffle(due)  # where time is too short for all, it is not the same ones that are left out each time
        seen = side_by_side(self._observe, due)
        self.has_looked = True
        calls = []
        for resource, outcome in zip(due, seen, strict=True):
            if isinstance(outcome, Refusal):
                attempts.refused(self.record, resource, outcome)
            elif isinstance(outcome, Call):
                calls.append((resource, outcome))
            elif outcome is not None:
                self._note(resource, outcome)
        return calls

    def _observe(self, resource: Resource) -> Outcome | Refusal | None:
        """What a resource needs; None where there was no time to look."""
        if time.monotonic() > self.deadline:
            return None
        try:
            self._fill(resource)
            if resource.is_over:
                return Ready(resource.status or ABSENT)
            description = lookup.find(resource)
        except lookup.NoneUsable as failure:
            return Failed("CREATE FAILED", f"the automatic training failed: {failure}. {MEND}")
        except (ClientError, BotoCoreError) as error:
            return understand(error)
        if description is None or not ownership.other_owner(resource, self.group_arn, description):
            attempts.recover(resource, description)
        outcome = reconcile(resource, self.group_arn, description)
        if isinstance(outcome, Ready) and description:
            resource.took = _seconds(resource, description)
        if resource.plan == "await" and isinstance(outcome, Pending) and description is None:
            return Pending(outcome.status, at_most=FIRST_AUTOMATIC_TRAINING, advice=NOT_TRAINED)
        if isinstance(outcome, Call) and outcome.what == "create" and attempts.may_be_made(resource):
            return Pending("CREATE PENDING")
        return outcome

    def _fill(self, resource: Resource) -> None:
        """Put in what is known only since other resources are there."""
        for parameter, other in resource.fill.items():
            arn = self.by_id[other].arn
            if parameter == "follows":
                resource.follows = arn
            elif not resource.held:
                resource.parameters[parameter] = arn
                if resource.type == "campaign" and arn:
                    gate.weigh(resource, arn)

    def _note(self, resource: Resource, outcome: Pending | Ready | Failed) -> None:
        now = clients.clock.now()
        attempts.trouble_is_over(self.record, resource)
        if isinstance(outcome, Ready):
            resource.state, resource.status = READY, outcome.status
        elif isinstance(outcome, Failed):
            resource.state, resource.status, resource.failure = FAILED, outcome.status, outcome.why
        else:
            known = resource.since if resource.status == outcome.status else None
            resource.since = outcome.since or known or now
            resource.status = outcome.status
            if outcome.at_most and now - resource.since > outcome.at_most:
                resource.state = FAILED
                resource.failure = f"{outcome.status} for {(now - resource.since) / 60:.0f} min. {outcome.advice}"


def _seconds(resource: Resource, description: Parameters) -> float | None:
    """What this run's work on it took, on the service's clock."""
    if resource.did("update"):
        latest = description.get(resource.kind.latest_update)
        return took(latest) if latest else None
    return took(description) if resource.did("create") and "lastUpdatedDateTime" in description else None


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
