"""Stopping an execution from another thread.

MiniStack runs every execution in a thread that sleeps through its waits, and nothing can end them early. A scope is
what such a thread runs under: stopping it wakes the thread.
"""

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(BaseException):
    """When the scope a thread runs under was stopped; no state's Catch may take it for an error."""


class Scope:
    """What a thread of an execution runs under."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def stop(self) -> None:
        self._stopped.set()

    def sleep(self, seconds: float) -> None:
        """Wait, and raise `Stopped` as soon as the scope stops."""
        if self._stopped.wait(max(seconds, 0)):
            raise Stopped

    @contextmanager
    def entered(self) -> Iterator[None]:
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: contextvars.ContextVar[Scope | None] = contextvars.ContextVar("scope", default=None)


def current() -> Scope | None:
    """The scope of the calling thread; None outside executions, as in the request that stops one."""
    return _current.get()


def check() -> None:
    """Raise `Stopped` if the calling thread's scope was stopped."""
    scope = current()
    if scope is not None and scope.stopped:
        raise Stopped
