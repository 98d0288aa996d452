"""One look of a stage at all of its resources: what can be done is done, and written down when it is done.

A look may be repeated, and may overlap with another one: of two looks that want to write down what they will do one
loses, and does nothing.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients
from pipeline.errors import Overtaken
from pipeline.run_ids import run_id
from pipeline.settings import settings

from . import attempts, gate, lookup, ownership
from .calls import side_by_side, took
from .patience import Refusal, understand
from .reconcile import MEND, Call, Failed, Outcome, Pending, Ready, reconcile, sentence
from .record import Record, required
from .resource_types import Parameters
from .resources import ABSENT, BLOCKED, FAILED, READY, Resource
from .summary import summarise
from .waiting import SHORTEST

logger = logging.getLogger(__name__)

BUDGET = 20  # seconds of a look; what it does not reach is looked at next time
REDRIVEN = (
    "it had ended, and its turn had gone to others. A redriven execution does nothing: upload the params file again."
)
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
        record = required(run_id(event["execution"]))
        try:
            return Look(record, stage).take(event.get("state", {}).get("looks", 0) + 1)
        except Overtaken:
            return {"verdict": "pending", "stage": stage, "waitSeconds": SHORTEST, "overtaken": True}

    return look


def must_end(record: Record) -> bool:
    """Whether the run may do no more; then why is written down, for its report.

    Raises:
        Overtaken: another action wrote the record meanwhile.
    """
    why = None
    if record.reported:
        why = REDRIVEN
    elif clients.clock.now() > record.run["startedAt"] + settings().timeout_seconds:
        hours = settings().timeout_seconds / 3600
        why = f"the run took longer than its limit of {hours:g} hours (timeout_hours)."
    if why:
        record.failure, record.reported = why, False
        record.save()
    return why is not None


class Look:
    """A look at the resources of one stage."""

    def __init__(self, record: Record, stage: str) -> None:
        self.record = record
        self.stage = stage
        self.deadline = time.monotonic() + BUDGET
        self.group_arn = settings().arns.of("dataset-group", record.run["datasetGroup"])
        self.slots: dict[str, int] = {}  # by type: how much work ended in this look, less what began in its place
        self.by_id = {resource.id: resource for resource in record.resources}

    def take(self, looks: int) -> dict[str, Any]:
        """Look and act until nothing more can be done now: the look of that number. Returns the summary."""
        if must_end(self.record):
            return {"verdict": "over", "stage": self.stage, "run": self.record.run["id"]}
        looked: set[str] = set()
        todo = self._due(looked) or self._next()
        while todo and time.monotonic() < self.deadline:
            calls = self._look_at(todo)
            if calls:
                attempts.decide_on(self.record, calls)
                side_by_side(lambda decided: attempts.make(self.record, *decided), calls)
                self.record.save()
            looked |= {resource.id for resource in todo} - {resource.id for resource, _ in calls}
            todo = self._due(looked)
        self.record.save()
        mine = self.record.of_stage(self.stage)
        return summarise(self.stage, self.record.run["id"], mine, self._movable(), looks)

    def _movable(self) -> list[Resource]:
        """The open resources whose turn it is; notes those whose turn will never be."""
        movable = []
        for resource in self.record.of_stage(self.stage):
            if resource.is_over:
                continue
            before = [self.by_id[name] for name in resource.after if name in self.by_id]
            lost = [other.shown for other in before if other.state in (FAILED, BLOCKED)]
            if lost:
                resource.state = BLOCKED
                resource.failure = f"not attempted, since {_listed(lost)} failed"
            elif all(self.by_id[name].is_over for name in [*resource.after, *resource.after_any] if name in self.by_id):
                movable.append(resource)
        return movable

    def _due(self, looked: set[str]) -> list[Resource]:
        """The movable ones to look at now, beside those that were."""
        now = clients.clock.now()
        resources = [resource for resource in self._movable() if resource.id not in looked]
        return [resource for resource in resources if self._may_try(resource, now)]

    def _next(self) -> list[Resource]:
        """Where all wait for a refusal to pass, the first of them: the look was made for it, whatever the time."""
        resources = [resource for resource in self._movable() if resource.trouble]
        return sorted(resources, key=lambda resource: float((resource.trouble or {})["next"]))[:1]

    def _may_try(self, resource: Resource, now: float) -> bool:
        """Whether it is time. What waits for a slot waits for one of its like to end, while some are at work."""
        if resource.trouble is None:
            return True
        is_time = bool(resource.trouble["next"] <= now)
        if not resource.trouble["wantsSlot"] or not self._at_work(resource.type):
            return is_time
        if self.slots.get(resource.type, 1 if is_time else 0) < 1:  # else one of them tries, for all
            return False
        self.slots[resource.type] = self.slots.get(resource.type, 1) - 1
        return True

    def _at_work(self, kind: str) -> bool:
        """Whether this run has work of the type under way, for which others of the type have to wait."""
        return any(other.type == kind and attempts.works(other) for other in self.record.of_stage(self.stage))

    def _look_at(self, resources: list[Resource]) -> list[tuple[Resource, Call]]:
        """Note how far the resources are; returns the calls that are to be made."""
        random.shuffle(resources)  # where time is too short for all, it is not always the same that are left out
        seen = side_by_side(self._observe, resources)
        calls = []
        for resource, outcome in zip(resources, seen, strict=True):
            if isinstance(outcome, Refusal):
                attempts.refused(self.record, resource, outcome)
            elif isinstance(outcome, Call):
                calls.append((resource, outcome))
            elif outcome is not None:
                self._note(resource, outcome)
        return calls

    def _observe(self, resource: Resource) -> Outcome | Refusal | None:
        """What a resource needs; None where there was no time to look, or nothing can be told yet."""
        if time.monotonic() > self.deadline:
            return None
        try:
            self._fill(resource)
            if resource.is_over:
                return Ready(resource.status or ABSENT)
            description = lookup.find(resource)
        except lookup.NoneUsable as failure:
            return Failed("CREATE FAILED", f"the automatic training failed: {sentence(str(failure))} {MEND}")
        except (ClientError, BotoCoreError) as error:
            return understand(error)
        except Exception as error:  # a fault of ours about one resource is no reason to leave the others alone
            logger.exception("not looked at", extra={"resource": resource.id})
            return Failed(resource.status or "", f"the pipeline itself failed: {type(error).__name__}: {error}")
        if description is None or not ownership.other_owner(resource, self.group_arn, description):
            attempts.recover(resource, description)
        outcome = reconcile(resource, self.group_arn, description)
        if description and isinstance(outcome, Ready | Pending | Call):
            attempts.note_if_found(resource, description)
        if isinstance(outcome, Ready) and description:
            resource.took = _seconds(resource, description)
        if resource.plan == "await" and isinstance(outcome, Pending) and description is None:
            return Pending(outcome.status, at_most=FIRST_AUTOMATIC_TRAINING, advice=NOT_TRAINED)
        if isinstance(outcome, Call) and outcome.what == "create" and attempts.may_be_made(resource):
            return None
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
        if not isinstance(outcome, Pending) and resource.did("create"):
            self.slots[resource.type] = self.slots.get(resource.type, 0) + 1
        if isinstance(outcome, Ready):
            resource.state, resource.status = READY, outcome.status
        elif isinstance(outcome, Failed):
            resource.state, resource.status, resource.failure = FAILED, outcome.status, outcome.why
            resource.foreign = outcome.is_foreign
        else:
            known = resource.since if resource.status == outcome.status else None
            resource.since = outcome.since or known or now
            resource.status = outcome.status
            if outcome.at_most and now - resource.since > outcome.at_most:
                resource.state = FAILED
                resource.failure = f"{outcome.status} for {(now - resource.since) / 60:.0f} min. {outcome.advice}"
        if resource.is_over:
            resource.over_at = now


def _seconds(resource: Resource, description: Parameters) -> float | None:
    """What this run's work on it took, on the service's clock."""
    if resource.did("update"):
        latest = description.get(resource.kind.latest_update)
        return took(latest) if latest else None
    return took(description) if resource.did("create") and "lastUpdatedDateTime" in description else None


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
