"""State of one account in one region: the resources, their running jobs, and the rows imported into their datasets."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import cache, partial
from typing import Any

import botocore.session
from moto.core.base_backend import AccountSpecificBackend, BackendDict, BaseBackend, backend_lock

from . import quotas
from .clock import Agenda, Pause, Steps, Work
from .emulator import Emulator
from .exceptions import (
    JobFailure,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
    error,
)
from .rates import Rates
from .resources import (
    BATCH_AS_MODELLED,
    BLOCKERS,
    RESOURCE_TYPES,
    STOPPED,
    STOPPING,
    Record,
    Resource,
    Statuses,
    blocks,
)
from .rows import RowStore
from .service_model import CONTROL
from .settings import Settings, Switches

Commit = Callable[[], None]
#: Work that can be interrupted, with what shall take effect as the job ends.
WorkInSteps = Generator[Pause, None, Commit | None]
#: Work of a job, done as it leaves PENDING. It raises JobFailure, or returns what shall take effect as the job ends;
#: what may take long is a generator, and the job goes on until that is through.
Begin = Callable[[], Commit | WorkInSteps | None]


class PersonalizeBackend(BaseBackend):
    """Resources by ARN, with what every type has in common: creation, lookup, jobs on the clock, deletion."""

    def __init__(self, region_name: str, account_id: str, emulator: Emulator) -> None:
        super().__init__(region_name, account_id)
        self.emulator = emulator
        self.agenda = Agenda()
        self.resources: dict[str, Resource] = {}
        #: ARNs of jobs that went with their parents: no operation deletes a job, so its name stays taken.
        self.retired: set[str] = set()
        self.rows = RowStore()
        self.rates = Rates()
        #: The campaign or recommender that gave each of the latest recommendations, by the recommendation's id.
        self.recommended_by: dict[str, str] = {}
        self._settled_at = self.emulator.clock.now()

    def reset(self) -> None:
        """Forget everything; it goes on as a backend of the same emulator."""
        self.rows.close()
        PersonalizeBackend.__init__(self, self.region_name, self.account_id, self.emulator)

    @property
    def settings(self) -> Settings:
        return self.emulator.settings

    @property
    def switches(self) -> Switches:
        return self.emulator.settings.switches

    @property
    def now(self) -> float:
        """Emulated epoch seconds: the moment of the event that runs, else of the call that is being answered."""
        return self.agenda.moment if self.agenda.moment is not None else self._settled_at

    def settle(self, *, wholly: bool = False) -> None:
        """Let everything happen that is due by the clock; of long work only a slice, unless `wholly`."""
        if self.agenda.moment is None:
            self._settled_at = self.emulator.clock.now()
            self.agenda.run_until(self._settled_at, math.inf if wholly else self.settings.work_slice)

    # Names

    def arn(self, tail: str) -> str:
        return f"arn:{self.partition}:personalize:{self.region_name}:{self.account_id}:{tail}"

    def new_arn(self, label: str, **parts: str) -> str:
        """ARN of a resource to be made. `parts` fill the type's tail; the id is random unless given."""
        tail = RESOURCE_TYPES[label].arn_tail
        by_id = {
            "data deletion job": self.switches.data_deletion_job_arn == "id",
            "metric attribution": self.switches.metric_attribution_arn == "id",
        }
        if by_id.get(label):
            tail = tail.replace("{name}", "{id}")
        return self.arn(tail.format_map({"id": secrets.token_hex(4), **parts}))

    # Lookup

    def get(self, label: str, arn: str) -> Resource:
        """The resource of that type and ARN. Raises ResourceNotFoundException."""
        found = self.find(label, arn)
        if found is None:
            raise ResourceNotFoundException(arn, label)
        return found

    def find(self, label: str, arn: str | None) -> Resource | None:
        found = self.resources.get(arn) if arn is not None else None
        return found if found is not None and found.type.label == label else None

    def visible(self, resource: Resource) -> bool:
        """Whether Describe and List see it yet (switch `creation_seen_after`)."""
        lag: float = self.switches.creation_seen_after
        return bool(self.now >= resource.record["creationDateTime"] + lag)

    def look(self, label: str, arn: str) -> Resource:
        """As `get`, through the eyes of Describe. Raises ResourceNotFoundException."""
        found = self.get(label, arn)
        if not self.visible(found):
            raise ResourceNotFoundException(arn, label)
        return found

    def all(self, label: str, **links: Any) -> Iterator[Resource]:
        """Resources of a type whose record has all these members, in the order of creation."""
        for resource in list(self.resources.values()):
            record = resource.record
            if resource.type.label == label and all(record.get(k) == v for k, v in links.items()):
                yield resource

    def check_free(self, arn: str) -> None:
        """Raises ResourceAlreadyExistsException for the ARN of something that exists, or of a job that ever did."""
        if arn in self.resources or arn in self.retired:
            raise ResourceAlreadyExistsException(arn)

    def get_active(self, label: str, arn: str, code: str | None = None) -> Resource:
        """As `get`, for a parent that must be ACTIVE; else raises `code`, or what a switch names."""
        parent = self.get(label, arn)
        if parent.status not in (None, "ACTIVE"):
            dead = parent.status.endswith(("FAILED", "STOPPED"))
            raise error(
                code or (self.switches.dead_parent_error if dead else self.switches.parent_not_active_error),
                f"Resource {arn} is not in ACTIVE status; its status is {parent.status}.",
            )
        return parent

    # Creation, change, deletion

    def create(
        self,
        label: str,
        params: Mapping[str, Any],
        begin: Begin | None = None,
        *,
        arn_parts: Mapping[str, str] | None = None,
        duration: str | None = None,
        **members: Any,
    ) -> Resource:
        """Register a resource and start its job.

        `params` are the API's; `members` are laid over them (defaults, links to parents); `arn_parts` fill the ARN;
        `duration` names the setting, when it is not that of the type.
        Raises ResourceAlreadyExistsException, LimitExceededException, and the errors of `quotas.with_tags`.
        """
        kind = RESOURCE_TYPES[label]
        arn = self.new_arn(label, name=params.get(kind.name_member) or "", **(arn_parts or {}))
        self.check_free(arn)
        record: Record = {k: v for k, v in (*params.items(), *members.items()) if v is not None}
        tags = quotas.with_tags(self.settings, {}, record.pop("tags", []))
        record[kind.arn_member] = arn
        resource = Resource(kind, arn, record, tags)
        quotas.check(self, resource)
        record["creationDateTime"] = record["lastUpdatedDateTime"] = self.now
        self.resources[arn] = resource
        if kind.statuses is not None:
            statuses = kind.statuses
            if label.startswith("batch") and self.switches.batch_statuses == "model":
                statuses = BATCH_AS_MODELLED
            self.run_job(resource, duration or label, {statuses: record}, begin, operation=f"Create{kind.noun}")
        return resource

    def update(
        self,
        resource: Resource,
        changes: Record,
        statuses: Statuses,
        begin: Begin | None,
        *,
        own_statuses: Statuses | None = None,
    ) -> None:
        """Start an update, shown as the resource's latest-update member if the type has one; `begin` returns what
        applies it.

        `own_statuses` are for types whose own status shows the update too.
        Raises ResourceInUseException while the resource or an earlier update is busy.
        """
        if resource.busy:
            raise ResourceInUseException(f"Resource {resource.arn} is in use: an operation on it is in progress.")
        kind = resource.type
        if lag := self.switches.update_seen_after:
            resource.before = (self.now + lag, dict(resource.record))
        summary: Record = dict(changes, creationDateTime=self.now)
        subjects: dict[Statuses, Record] = {}
        if kind.update_member:
            resource.record[kind.update_member] = subjects[statuses] = summary
        if own_statuses is not None:
            subjects[own_statuses] = resource.record
        self.run_job(resource, f"{kind.label} update", subjects, begin, operation=f"Update{kind.noun}")

    def run_job(
        self,
        resource: Resource,
        duration: str,
        subjects: Mapping[Statuses, Record],
        begin: Begin | None = None,
        *,
        operation: str,
    ) -> None:
        """Walk `subjects` (each with its own spelling) through their statuses; `duration` names the setting."""
        seconds = self.settings.duration(duration)
        commits: list[Commit] = []
        struck = self.emulator.faults.strike(("fail",), operation, resource.name, self.now)
        failures: list[str] = [fault.text for fault in struck]

        def show(status: Callable[[Statuses], str]) -> None:
            for statuses, record in subjects.items():
                record["status"] = status(statuses)
                record["lastUpdatedDateTime"] = self.now

        def steps() -> Steps:
            try:
                result = begin() if begin is not None and not failures else None
                commit = (yield from result) if isinstance(result, Generator) else result
            except JobFailure as failure:
                failures.append(str(failure))
            except Exception:
                # A fault of the emulator: whoever asked gets it as an error, and the job must not pass for done.
                failures.append("The emulator itself failed.")
                raise
            else:
                commits.extend([commit] if commit is not None else [])

        def start(_: float) -> None:
            show(lambda s: s.in_progress)
            resource.work = Work(steps())
            self.agenda.begin(resource.work)

        def end(_: float) -> None:
            if resource.work is not None:
                self.agenda.end(resource.work, close)

        def close() -> None:
            resource.expected_end = resource.work = None
            if not failures:
                show(lambda s: s.done)
                try:
                    for commit in commits:
                        commit()
                except JobFailure as failure:
                    failures.append(str(failure))
            if failures:
                show(lambda s: s.failed)
                for statuses, record in subjects.items():
                    if statuses.failed.endswith("FAILED"):
                        record["failureReason"] = failures[0]

        show(lambda s: s.pending)
        resource.expected_end = self.now + seconds
        resource.jobs = [
            self.agenda.at(self.now + seconds * self.settings.pending_share, start),
            self.agenda.at(resource.expected_end, end),
        ]

    def stop_job(self, resource: Resource) -> None:
        """Stop a running creation: at once while it is pending, over CREATE STOPPING once it works."""

        def stopped(_: float) -> None:
            resource.expected_end = None
            self._show(resource, STOPPED)

        for event in resource.jobs:
            event.cancelled = True
        if resource.work is not None:
            self.agenda.drop(resource.work)
            resource.work = None
        if resource.type.statuses is not None and resource.status == resource.type.statuses.pending:
            stopped(self.now)
            return
        self._show(resource, STOPPING)
        resource.expected_end = self.now + self.settings.duration("stop training")
        resource.jobs = [self.agenda.at(resource.expected_end, stopped)]

    def delete(self, label: str, arn: str) -> None:
        """Start the deletion of a resource. Raises ResourceNotFoundException, ResourceInUseException."""
        resource = self.get(label, arn)
        kind = resource.type
        if kind.statuses is not None and (resource.busy or resource.status not in kind.deletable_from):
            raise ResourceInUseException(f"Resource {arn} cannot be deleted while its status is {resource.status}.")
        for blocker in BLOCKERS.get(label, ()):
            for child in self.all(blocker.child):
                if blocks(blocker, resource, child):
                    raise ResourceInUseException(
                        f"Resource {arn} cannot be deleted: {blocker.child} {child.arn} depends on it."
                    )
        if kind.statuses is None:
            self._forget(resource)
            return

        def show(status: str) -> Callable[[float], None]:
            return lambda _: self._show(resource, status)

        seconds = self.settings.duration(f"delete {label}")
        step = seconds / len(kind.delete_statuses)
        first, *others = kind.delete_statuses
        show(first)(self.now)
        for number, status in enumerate(others, 1):
            self.agenda.at(self.now + number * step, show(status))
        resource.expected_end = self.now + seconds
        self.agenda.at(resource.expected_end, lambda _: self._forget(resource))

    def _show(self, resource: Resource, status: str) -> None:
        resource.record |= {"status": status, "lastUpdatedDateTime": self.now}

    def _forget(self, resource: Resource) -> None:
        del self.resources[resource.arn]
        self.rows.drop(resource.arn)
        for appointment in resource.appointments:
            appointment.cancelled = True
        for label in resource.type.takes_along:
            kind = RESOURCE_TYPES[label]
            if label.startswith("batch") and self.switches.batch_jobs_outlive_solutions:
                continue
            for child in self.all(label, **{str(kind.parent): resource.arn}):
                self._forget(child)
        if not resource.type.deletable_from:
            self.retired.add(resource.arn)


@cache
def regions() -> list[str]:
    """Regions of all partitions that have Amazon Personalize, as botocore knows them."""
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return [region for partition in partitions for region in session.get_available_regions(CONTROL, partition)]


class OwnBackends(BackendDict[PersonalizeBackend]):
    """Backends of one emulator by account and region. moto doesn't know of them, so it never resets them by itself."""

    def __init__(self, emulator: Emulator) -> None:
        make: Any = partial(PersonalizeBackend, emulator=emulator)
        super().__init__(make, "personalize")

    def _create_account_specific_backend(self, account_id: str) -> None:
        with backend_lock:
            if account_id not in self.keys():
                self[account_id] = AccountSpecificBackend("personalize", account_id, self.backend, False, regions())


_BACKEND_DICT: Any = BackendDict


class CurrentBackends(BackendDict[PersonalizeBackend]):
    """What moto asks and resets: the backends of whichever emulator is the current one."""

    def __getitem__(self, account_id: str) -> AccountSpecificBackend[PersonalizeBackend]:
        to_reset: list[Any] = _BACKEND_DICT._instances
        if self not in to_reset:
            to_reset.append(self)
        return Emulator.current().accounts[account_id]

    @property
    def _known(self) -> dict[str, AccountSpecificBackend[PersonalizeBackend]]:
        return Emulator._current.accounts if Emulator._current is not None else {}

    def __contains__(self, account_id: object) -> bool:
        return account_id in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def keys(self) -> Any:
        return self._known.keys()

    def values(self) -> Any:
        return self._known.values()

    def items(self) -> Any:
        return self._known.items()

    def clear(self) -> None:
        self._known.clear()


personalize_backends = CurrentBackends(PersonalizeBackend, "personalize")
