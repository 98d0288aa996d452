"""Emulated time, and the agenda of what happens at which moment of it."""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum

#: The end of the year 9999, after which dates can't be written any more: there the clock stands still.
LATEST = 253_402_300_799.0


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
        """Move forward by emulated `seconds` and return the new time.

        Raises ValueError for a step back, or out of the years that can be written.
        """
        if seconds < 0:
            raise ValueError("Emulated time cannot run backwards")
        with self._lock:
            if not self._now() + seconds <= LATEST:
                raise ValueError("Emulated time ends with the year 9999")
            self._emulated += seconds
            return self._now()

    def set_scale(self, scale: float) -> None:
        """Change the speed from this moment on. Raises ValueError for a scale that is negative or not finite."""
        if scale < 0:
            raise ValueError("Emulated time cannot run backwards")
        if not math.isfinite(scale):
            raise ValueError("A scale is a finite number")
        with self._lock:
            self._emulated, self._real = self._now(), time.monotonic()
            self._scale = scale

    def _now(self) -> float:
        return min(self._emulated + (time.monotonic() - self._real) * self._scale, LATEST)


@dataclass(order=True)
class Event:
    """Something that will happen at `at`; `cancelled` events pass without effect."""

    at: float
    order: int
    action: Callable[[float], None] = field(compare=False)
    #: A standing appointment (automatic training) rather than the end of a running job.
    recurring: bool = field(compare=False, default=False)
    cancelled: bool = field(compare=False, default=False)


class Pause(Enum):
    """What work in steps yields: where it may be interrupted, and until when."""

    STEP = "goes on as soon as there is time"
    UNTIL_END = "goes on when the job's time is over"


#: Work that can be interrupted after each of its steps.
Steps = Generator[Pause, None, None]

#: So many steps are done at once however long they take: small data behaves alike on every machine.
FREE_STEPS = 20


@dataclass(eq=False)
class Work:
    """Steps of a running job. `then` is called once they are done and the job's time is over."""

    steps: Steps
    taken: int = 0
    done: bool = False
    #: It waits for the end of the job's time.
    waiting: bool = False
    then: Callable[[], None] | None = None

    def go_on(self, seconds: float) -> None:
        """Do steps, but after the free ones none that begins later than so many real seconds from now."""
        last = time.monotonic() + seconds
        while not self.done and not self.waiting:
            try:
                pause = next(self.steps)
            except StopIteration:
                self.done = True
            except BaseException:
                self.done = True
                raise
            else:
                self.taken += 1
                self.waiting = pause is Pause.UNTIL_END and self.then is None
                if self.taken >= FREE_STEPS and time.monotonic() >= last:
                    break


class Agenda:
    """Events in order of time: everything due happens at its own moment, also what it leads to."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._order = itertools.count()
        #: The moment that is being lived through while an event runs.
        self.moment: float | None = None
        self._works: list[Work] = []
        self._seconds = math.inf

    @property
    def working(self) -> bool:
        """Whether steps are left that only wait for somebody to give them time."""
        return any(not work.waiting and not work.done for work in self._works)

    def begin(self, work: Work) -> None:
        """Do these steps: as many as there is time for now, the others in later runs."""
        self._works.append(work)
        self._give_time(work)

    def end(self, work: Work, then: Callable[[], None]) -> None:
        """The job's time is over: do its last steps and `then` what ends it, now or in a later run."""
        work.then, work.waiting = then, False
        self._give_time(work)
        self._end_if_done(work)

    def drop(self, work: Work) -> None:
        """Do no more of these steps; nothing ends."""
        work.steps.close()
        work.done, work.then = True, None
        self._works = [other for other in self._works if other is not work]

    def _give_time(self, work: Work) -> None:
        began = time.monotonic()
        try:
            work.go_on(self._seconds)
        finally:
            self._seconds -= time.monotonic() - began

    def _end_if_done(self, work: Work) -> None:
        if work.done and work.then is not None:
            self._works.remove(work)
            work.then()

    def at(self, moment: float, action: Callable[[float], None], *, recurring: bool = False) -> Event:
        event = Event(moment, next(self._order), action, recurring)
        heapq.heappush(self._events, event)
        return event

    def run_until(self, now: float, seconds: float = math.inf) -> None:
        """Run what is due. Work in steps gets at most so many real `seconds`; what is left goes on in the next run."""
        self._seconds = seconds
        try:
            self.moment = now
            # Each in its turn is first, so that a long one keeps no other from its end.
            self._works = [*self._works[1:], *self._works[:1]]
            for work in list(self._works):
                self._give_time(work)
            while self._events and self._events[0].at <= now:
                event = heapq.heappop(self._events)
                if not event.cancelled:
                    self.moment = event.at
                    event.action(event.at)
            self.moment = now
            for work in list(self._works):
                self._end_if_done(work)
        finally:
            self.moment = None

    def last_end(self) -> float | None:
        """When the last running job will end; None when nothing runs."""
        ends = [e.at for e in self._events if not e.cancelled and not e.recurring]
        return max(ends, default=None)
