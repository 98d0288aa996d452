"""Emulated time, and the agenda of what happens at which moment of it."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


class Clock:
    """Emulated epoch seconds.

    `scale` emulated seconds pass per real second; 0 makes the clock stand still until `advance` moves it.
    Nothing sleeps: whoever asks for the time gets it computed.
    """

    def __init__(self, scale: float = 0.0, start: float | None = None) -> None:
        self._lock = threading.Lock()
        self._scale = scale
        self._emulated = time.time() if start is None else start
        self._real = time.monotonic()

    @property
    def scale(self) -> float:
        return self._scale

    def now(self) -> float:
        with self._lock:
            return self._now()

    def advance(self, seconds: float) -> float:
        """Move forward by emulated `seconds` and return the new time. Raises ValueError for a negative step."""
        if seconds < 0:
            raise ValueError("Emulated time cannot run backwards")
        with self._lock:
            self._emulated += seconds
            return self._now()

    def set_scale(self, scale: float) -> None:
        """Change the speed from this moment on. Raises ValueError for a negative scale."""
        if scale < 0:
            raise ValueError("Emulated time cannot run backwards")
        with self._lock:
            self._emulated, self._real = self._now(), time.monotonic()
            self._scale = scale

    def _now(self) -> float:
        return self._emulated + (time.monotonic() - self._real) * self._scale


@dataclass(order=True)
class Event:
    """Something that will happen at `at`; `cancelled` events pass without effect."""

    at: float
    order: int
    action: Callable[[float], None] = field(compare=False)
    #: A standing appointment (automatic training) rather than the end of a running job.
    recurring: bool = field(compare=False, default=False)
    cancelled: bool = field(compare=False, default=False)


class Agenda:
    """Events in order of time: everything due happens at its own moment, also what it leads to."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._order = itertools.count()
        #: The moment that is being lived through while an event runs.
        self.moment: float | None = None

    def at(self, moment: float, action: Callable[[float], None], *, recurring: bool = False) -> Event:
        event = Event(moment, next(self._order), action, recurring)
        heapq.heappush(self._events, event)
        return event

    def run_until(self, now: float) -> None:
        """Run what is due."""
        try:
            while self._events and self._events[0].at <= now:
                event = heapq.heappop(self._events)
                if not event.cancelled:
                    self.moment = event.at
                    event.action(event.at)
        finally:
            self.moment = None

    def last_end(self) -> float | None:
        """When the last running job will end; None when nothing runs."""
        ends = [e.at for e in self._events if not e.cancelled and not e.recurring]
        return max(ends, default=None)
