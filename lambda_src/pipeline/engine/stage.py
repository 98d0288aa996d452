"""One look of a stage at all of its resources: what can be done is done, and written down when it is done.

A look may be repeated, and may overlap with another one: before a call is made, the record says that it will be, and of
two looks that want to say so one loses, and makes no call. A call whose answer was lost is found again by what it made.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import time
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients
from pipeline.errors import ActionFailed, Overtaken
from pipeline.run_ids import run_id
from pipeline.settings import settings

from . import gate, lookup, ownership, waiting
from .calls import side_by_side, status_of, took, write
from .patience import PROPAGATION, Refusal, understand
from .reconcile import MEND, Call, Failed, Outcome, Pending, Ready, reconcile, update_shown
from .record import Record, load
from .resource_types import Parameters
from .resources import ABSENT, BLOCKED, FAILED, OPEN, READY, Resource

logger = Logger(child=True)
BUDGET = 20  # seconds of a look; what it does not reach is looked at next time
MOST_NAMED = 20  # resources in a summary
WORTH_TELLING = 60  # seconds lost to refusals
UNSEEN = 2 * 60  # seconds until a create call without an answer is made again
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
            return {"verdict": "pending", "stage": stage, "waitSeconds": waiting.SHORTEST, "overtaken": True}

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
                self._decide_on(calls)
                side_by_side(self._make, calls)
                self.record.save()
            again = {resource.id for resource, _ in calls}
            todo = [resource for resource in self._movable() if resource.id in again or resource.id not in looked]
        self.record.save()
        return self._summary()

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
                self._refused(resource, outcome)
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
            _recover(resource, description)
        outcome = reconcile(resource, self.group_arn, description)
        if isinstance(outcome, Ready) and description:
            resource.took = _seconds(resource, description)
        if resource.plan == "await" and isinstance(outcome, Pending) and description is None:
            return Pending(outcome.status, at_most=FIRST_AUTOMATIC_TRAINING, advice=NOT_TRAINED)
        if isinstance(outcome, Call) and outcome.what == "create" and _may_be_made(resource):
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
        self._trouble_is_over(resource)
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

    def _decide_on(self, calls: list[tuple[Resource, Call]]) -> None:
        """Write down which calls will be made. From here on no other look makes them."""
        now = clients.clock.now()
        for resource, call in calls:
            again = resource.intent is not None and resource.intent["what"] == call.what
            resource.intent = {"what": call.what, "at": now} | ({"again": True} if again else {})
            resource.seen_update = call.seen_update if call.what == "update" else resource.seen_update
        self.record.save()

    def _make(self, decided: tuple[Resource, Call]) -> None:
        """Make one call, and note what came of it."""
        resource, call = decided
        exceptions = clients.personalize_once().exceptions
        try:
            if call.what == "tag":
                clients.personalize_once().tag_resource(**call.parameters)
                resource.add_tags = []
                answer: Parameters = {}
            else:
                answer = write(resource.kind, call.what, call.parameters)
        except exceptions.ResourceAlreadyExistsException as error:
            self._exists_already(resource, call, error)
            return
        except exceptions.ResourceNotFoundException as error:
            if call.what not in ("delete", "stop"):
                self._refused(resource, understand(error))
                return
            answer = {}
        except (ClientError, BotoCoreError) as error:
            self._refused(resource, understand(error))
            return
        self._trouble_is_over(resource)
        if call.what == "create":
            resource.arn = answer[resource.kind.arn_member]
        _did(resource, call.what)

    def _exists_already(self, resource: Resource, call: Call, error: ClientError) -> None:
        """What a create call finds is this run's own where its reply was lost, or its name has the run's id in it."""
        assert resource.intent
        name = str(resource.parameters.get("jobName") or resource.parameters.get("name", ""))
        if resource.intent.get("again") or self.record.run["id"] in name:
            resource.intent["again"] = True
        else:
            resource.reason = "existed by then: somebody else made it while this run worked"
            resource.intent = None
        is_new = resource.trouble is None
        self._refused(resource, understand(error))
        if is_new and resource.trouble:
            resource.trouble["next"] = clients.clock.now()  # look at once; only a repetition has to wait

    def _refused(self, resource: Resource, refusal: Refusal) -> None:
        """A call was refused: for good, or for now."""
        now = clients.clock.now()
        if resource.intent and not refusal.may_have_happened and not resource.intent.get("again"):
            resource.intent = None
        if resource.keep_if_used and not refusal.is_final and refusal.patience > PROPAGATION:
            resource.state, resource.status = READY, "IN USE"
            return
        since = resource.trouble["since"] if resource.trouble else now
        if refusal.is_final or now - since >= refusal.patience:
            after = "" if refusal.is_final else f" (refused for {(now - since) / 3600:.1f} h)"
            resource.state, resource.failure = FAILED, f"{refusal.message}{after}"
            self._trouble_is_over(resource)
            return
        resource.trouble = {
            "what": refusal.message,
            "since": since,
            "next": now + waiting.seconds_until_retry(now - since),
        }

    def _trouble_is_over(self, resource: Resource) -> None:
        if resource.trouble is None:
            return
        seconds = round(clients.clock.now() - resource.trouble["since"])
        if seconds >= WORTH_TELLING:
            delay = {"resource": resource.shown, "what": resource.trouble["what"], "seconds": seconds}
            self.record.delays.append(delay)
        resource.trouble = None

    def _summary(self) -> dict[str, Any]:
        mine = self.record.of_stage(self.stage)
        pending = [resource for resource in mine if resource.state == OPEN]
        summary: dict[str, Any] = {
            "verdict": "pending" if pending else "ready",
            "run": self.record.run["id"],
            "stage": self.stage,
            "ready": sum(resource.state == READY for resource in mine),
            "failed": [resource.shown for resource in mine if resource.state in (FAILED, BLOCKED)][:MOST_NAMED],
        }
        if pending:
            now = clients.clock.now()
            working = [resource for resource in self._movable() if resource.state == OPEN]
            waits = [_seconds_until(resource, now) for resource in working]
            summary |= {
                "waitSeconds": math.ceil(min(waits, default=waiting.SHORTEST)),  # a Wait takes whole numbers only
                "nextLook": _iso(now + min(waits, default=waiting.SHORTEST)),
                "pending": [_shown(resource, now) for resource in working[:MOST_NAMED]],
                "waitingForThem": len(pending) - len(working),
            }
        return summary


def _recover(resource: Resource, description: Parameters | None) -> None:
    """Note as done what a call did whose answer was lost."""
    if resource.intent is None:
        return
    what = resource.intent["what"]
    status = status_of(description) if description else None
    happened = {
        "create": description is not None,
        "update": description is not None and update_shown(resource, description) != resource.seen_update,
        "delete": status is None or status.startswith("DELETE"),
        "start": status is not None and (status.startswith("START") or status == "ACTIVE"),
        "stop": status is not None and ("STOP" in status or status == "INACTIVE"),
    }
    if happened.get(what):
        _did(resource, what)


def _did(resource: Resource, what: str) -> None:
    at = resource.intent["at"] if resource.intent else clients.clock.now()
    resource.done.append({"what": what, "at": at})
    resource.intent = None
    logger.info("called", extra={"operation": resource.kind.operation(what), "resource": resource.id})


def _may_be_made(resource: Resource) -> bool:
    """Whether a version may be in the making whose create call got no answer; its name may not keep off a second."""
    if resource.type != "solutionVersion" or resource.intent is None:
        return False
    return clients.clock.now() - float(resource.intent["at"]) < UNSEEN


def _seconds(resource: Resource, description: Parameters) -> float | None:
    """What this run's work on it took, on the service's clock."""
    if resource.did("update"):
        latest = description.get(resource.kind.latest_update)
        return took(latest) if latest else None
    return took(description) if resource.did("create") and "lastUpdatedDateTime" in description else None


def _seconds_until(resource: Resource, now: float) -> float:
    """Until the next look at it."""
    if resource.trouble:
        return max(float(resource.trouble["next"]) - now, waiting.SHORTEST)
    age = now - (resource.since or now)
    fastest = resource.kind.fastest if resource.did("create") else 0
    return waiting.seconds_until_next_look(age, resource.durations, fastest)


def _shown(resource: Resource, now: float) -> dict[str, Any]:
    shown: dict[str, Any] = {"resource": resource.shown, "status": resource.status}
    if resource.trouble:
        shown["refused"] = resource.trouble["what"][:200]
    if resource.since:
        shown |= {"since": _iso(resource.since), "minutes": round((now - resource.since) / 60, 1)}
        if window := waiting.expected(resource.durations):
            shown["expectedBy"] = _iso(resource.since + window.latest)
    return shown


def _iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"
