"""Faults on demand: what shall go wrong, for which calls, how often."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from .service_model import SERVICES, operations

Effect = Literal["fail", "error", "throttle", "internal", "unavailable", "delay", "reset", "drop"]

#: What a struck call is told unless the fault has a `reason`.
_TEXTS = {"throttle": "Rate exceeded", "unavailable": "Service is unavailable, please try again."}
_TEXT = "Injected by a fault."


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    `effect`:
      fail         the resource or update that the call makes ends in its failed status, with `reason`
      error        the call is answered with `code` and `reason`, and has no effect
      throttle     the same, with LimitExceededException and "Rate exceeded" unless `code` and `reason` say otherwise
      internal     the call is answered with HTTP 500, and has no effect
      unavailable  the call is answered with HTTP 503 and ServiceUnavailableException, and has no effect
      delay        the answer comes `seconds` of real time later
      reset        the connection is closed before the call takes effect
      drop         the call takes effect, and its answer is lost with the connection

    It strikes calls whose operation matches `operation` (with * and ?) and whose resource's name matches `name`:
    all of them; or from the `nth` on (1 is the first), `times` times; or a `share` of them between 0 and 1, at random;
    or for `lasting` emulated seconds, which begin with the first call that it strikes.

    Raises ValueError for an effect that is none, and for an `operation` that matches none of the services' operations.
    """

    effect: Effect
    operation: str = "*"
    name: str = "*"
    nth: int = 1
    times: int | None = None
    share: float = 1.0
    lasting: float | None = None
    reason: str | None = None
    code: str = "LimitExceededException"
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.effect not in get_args(Effect):
            raise ValueError(f"A fault's effect is one of {list(get_args(Effect))}, not {self.effect!r}")
        if not any(fnmatchcase(name, self.operation) for service in SERVICES for name in operations(service)):
            raise ValueError(f"A fault's operation is the name of one, or has * in it: none matches {self.operation!r}")

    @property
    def text(self) -> str:
        """What the caller is told, or the failed resource shows."""
        return self.reason if self.reason is not None else _TEXTS.get(self.effect, _TEXT)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Fault:
        """A fault from plain data. Raises ValueError for an unknown key, effect or operation."""
        known = {f.name for f in dataclasses.fields(cls)}
        if unknown := set(values) - known:
            raise ValueError(f"Unknown fault key {sorted(unknown)}; known are {sorted(known)}")
        return cls(**{"effect": None, **values})


@dataclass
class _Count:
    seen: int = 0
    struck: int = 0
    #: Emulated time of the first strike.
    since: float | None = None


@dataclass
class Faults:
    """The faults in force, each with its own count of calls. Random shares are seeded, so that runs repeat."""

    seed: int = 0
    _faults: list[tuple[Fault, _Count]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._faults += [(fault, _Count()) for fault in faults]

    def load(self, faults: Iterable[Mapping[str, Any]]) -> None:
        self.add(*[Fault.from_mapping(values) for values in faults])

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._random.seed(self.seed)

    def listed(self) -> list[dict[str, Any]]:
        """The faults in force as plain data, with how often each has struck."""
        with self._lock:
            return [dataclasses.asdict(fault) | {"struck": count.struck} for fault, count in self._faults]

    def strike(self, effects: Iterable[Effect], operation: str, name: str, now: float = 0.0) -> list[Fault]:
        """Which faults of these effects strike this call at emulated time `now`. Counts the call."""
        with self._lock:
            return [
                fault
                for fault, count in self._faults
                if fault.effect in effects and self._strikes(fault, count, operation, name, now)
            ]

    def _strikes(self, fault: Fault, count: _Count, operation: str, name: str, now: float) -> bool:
        if not (fnmatchcase(operation, fault.operation) and fnmatchcase(name, fault.name)):
            return False
        count.seen += 1
        if count.seen < fault.nth or (fault.times is not None and count.struck >= fault.times):
            return False
        if fault.lasting is not None and count.since is not None and now >= count.since + fault.lasting:
            return False
        if fault.share < 1.0 and self._random.random() >= fault.share:
            return False
        count.struck += 1
        count.since = now if count.since is None else count.since
        return True
