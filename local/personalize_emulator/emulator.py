"""The emulator as a whole: what all accounts and regions share, and the handle that tests and the server hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any, ClassVar

import boto3

from .authorization import AllowAll, Authorizer
from .clock import Clock
from .faults import Faults
from .settings import Settings

if TYPE_CHECKING:
    from .models import OwnBackends, PersonalizeBackend


@cache
def mocked_s3(region: str) -> Any:
    """An S3 client for use under `mock_aws`. Its keys are nobody's, so that it never reaches a real account."""
    return boto3.client("s3", region_name=region, aws_access_key_id="testing", aws_secret_access_key="testing")


@dataclass(frozen=True)
class Call:
    """One line of the call log; `result` is "ok" or an error code, `time` emulated epoch seconds.

    `arn` and `name` are those of what the call was about: what it made, or names first. So Counter((c.operation, c.arn)
    for c in emulator.calls) tells how often each thing was read.
    """

    operation: str
    parameters: dict[str, Any]
    principal: str
    result: str
    time: float
    arn: str | None = None
    name: str = ""


@dataclass
class Emulator:
    """Settings, clock, faults, call log and the AWS around Personalize (IAM, S3), for all accounts and regions."""

    settings: Settings = field(default_factory=Settings)
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    authorizer: Authorizer = field(default_factory=AllowAll)
    #: Makes the S3 client that imports and batch jobs use, from a region's name.
    s3: Callable[[str], Any] = mocked_s3
    lock: RLock = field(default_factory=RLock)

    _current: ClassVar[Emulator | None] = None

    def __post_init__(self) -> None:
        self.calls: deque[Call] = deque(maxlen=self.settings.call_log_size)

    @classmethod
    def current(cls) -> Emulator:
        """The emulator that answers what moto catches; one with a standing clock when nobody made one."""
        if cls._current is None:
            cls._current = cls()
        return cls._current

    def make_current(self) -> None:
        """From now on this one answers what moto catches."""
        Emulator._current = self

    @cached_property
    def accounts(self) -> OwnBackends:
        """Its backends by account and region; `emulator.accounts[account][region]` makes what is missing."""
        from .models import OwnBackends  # models imports this module

        return OwnBackends(self)

    def backends(self) -> Iterator[PersonalizeBackend]:
        for account in list(self.accounts.values()):
            yield from list(account.values())

    def settle(self, *, wholly: bool = False) -> None:
        """Let everything happen that is due by the clock, everywhere; of long work only a slice, unless `wholly`."""
        with self.lock:
            for backend in self.backends():
                backend.settle(wholly=wholly)

    @property
    def working(self) -> bool:
        """Whether long work is left that goes on with the next `settle`."""
        with self.lock:
            return any(backend.agenda.working for backend in self.backends())

    def finish(self) -> float:
        """Move a clock forward until no job runs any more; returns the emulated seconds that took.

        Standing appointments (automatic training) are not waited for, but happen when their time passes.
        """
        with self.lock:
            start = self.clock.now()
            self.settle(wholly=True)
            while ends := [end for b in self.backends() if (end := b.agenda.last_end()) is not None]:
                self.clock.advance(max(0.0, max(ends) - self.clock.now()))
                self.settle(wholly=True)
            return self.clock.now() - start

    def state(self) -> dict[str, Any]:
        """Every resource in the order of creation, for people who watch."""
        with self.lock:
            self.settle()
            resources = [
                {
                    "type": resource.type.label,
                    "name": resource.name,
                    "arn": resource.arn,
                    "status": resource.status,
                    "updateStatus": resource.update_status,
                    "failureReason": resource.record.get("failureReason"),
                    "creationDateTime": resource.record["creationDateTime"],
                    "lastUpdatedDateTime": resource.record["lastUpdatedDateTime"],
                    "expectedEnd": resource.expected_end,
                }
                for backend in self.backends()
                for resource in backend.resources.values()
            ]
            resources.sort(key=lambda r: r["creationDateTime"])
            return {"now": self.clock.now(), "scale": self.clock.scale, "resources": resources}

    def reset(self) -> None:
        """Forget all resources, calls and faults; the clock goes on."""
        with self.lock:
            for backend in self.backends():
                backend.reset()
            self.calls.clear()
            self.faults.clear()

    def close(self) -> None:
        """Forget all resources, and give back what their data took of memory and disk."""
        with self.lock:
            for backend in self.backends():
                backend.rows.close()
            for account in self.accounts.values():
                account.clear()
            self.accounts.clear()
