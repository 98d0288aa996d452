"""Running branches in threads, and stopping them when enough have failed."""

import contextvars
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from . import scopes

Job = Callable[[], Any]


def run_side_by_side(jobs: Sequence[Job], workers: int, tolerates: Callable[[int], bool]) -> list[Any]:
    """Run `jobs` in threads; each one's result, or the exception it ended with.

    Raises as soon as more have failed than `tolerates` accepts, after stopping those that still run.
    """
    scope = scopes.Scope(scopes.current())
    reports: queue.SimpleQueue[tuple[int, Any] | None] = queue.SimpleQueue()
    scope.on_stop(lambda: reports.put(None))  # the execution ended: do not wait for its branches
    numbered, next_job = iter(enumerate(jobs)), threading.Lock()

    def work() -> None:
        with scope.entered():
            while not scope.stopped:
                with next_job:
                    index, job = next(numbered, (-1, None))
                if job is None:
                    return
                try:
                    reports.put((index, job()))
                except scopes.Stopped:
                    return
                except Exception as error:
                    reports.put((index, error))

    for _ in range(min(workers, len(jobs))):
        # Threads start without context variables, and with them the account and the region.
        threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    results: list[Any] = [None] * len(jobs)
    failed = 0
    for _ in jobs:
        report = reports.get()
        if report is None:
            raise scopes.Stopped
        results[report[0]] = result = report[1]
        failed += isinstance(result, Exception)
        if isinstance(result, Exception) and not tolerates(failed):
            scope.stop()
            raise result
    return results
