"""Faults on demand: what shall go wrong, for which calls, how often."""

from __future__ import annotations

import dataclasses
import random
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Effect = Literal["fail", "error", "throttle", "internal", "delay", "drop"]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    `effect`:
      fail      the resource or update that the call makes ends in its failed status, with `reason`
      error     the call is answered with `code` and `reason`, and has no effect
      throttle  the call is answered with LimitExceededException, and has no effect
      internal  the call is answered with HTTP 500, and has no effect
      delay     the answer comes `seconds` of real time later
      drop      the call takes effect, and its answer is lost with the connection

    It strikes calls whose operation matches `operation` (with * and ?) and whose resource's name matches `name`:
    all of them; or from the `nth` on (1 is the first), `times` times; or a `share` of them between 0 and 1, at random.
    """

    effect: Effect
    operation: str = "*"
    name: str = "*"
    nth: int = 1
    times: int | None = None
    share: float = 1.0
    reason: str = "Injected by a fault."
    code: str = "LimitExceededException"
    seconds: float = 0.0

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Fault:
        """A fault from plain data. Raises ValueError for an unknown key or effect."""
        known = {f.name for f in dataclasses.fields(cls)}
        if unknown := set(values) - known:
            raise ValueError(f"Unknown fault key {sorted(unknown)}; known are {sorted(known)}")
        if values.get("effect") not in get_args(Effect):
            raise ValueError(f"A fault's effect is one of {list(get_args(Effect))}, not {values.get('effect')!r}")
        return cls(**values)


@dataclass
class _Count:
    seen: int = 0
    struck: int = 0


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

    def strike(self, effects: Iterable[Effect], operation: str, name: str) -> list[Fault]:
        """Which faults of these effects strike this call. Counts the call."""
        with self._lock:
            return [
                fault
                for fault, count in self._faults
                if fault.effect in effects and self._strikes(fault, count, operation, name)
            ]

    def _strikes(self, fault: Fault, count: _Count, operation: str, name: str) -> bool:
        if not (fnmatchcase(operation, fault.operation) and fnmatchcase(name, fault.name)):
            return False
        count.seen += 1
        if count.seen < fault.nth or (fault.times is not None and count.struck >= fault.times):
            return False
        if fault.share < 1.0 and self._random.random() >= fault.share:
            return False
        count.struck += 1
        return True
