"""The function, run in this process on the emulator: the deployment of the unit tests, with their environment."""

from __future__ import annotations

import importlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

# The tests are not type-checked; to import them as modules would have them checked with this package.
_conftest: Any = importlib.import_module("tests.unit.conftest")
_workflow: Any = importlib.import_module("tests.unit.workflow")
interactions_schema, users_schema, params = _conftest.interactions_schema, _conftest.users_schema, _conftest.params
BUCKET = str(_conftest.BUCKET)
INTERACTIONS, USERS = _workflow.INTERACTIONS, _workflow.USERS
READS = ("Describe", "List", "Get")


@contextmanager
def deployed(settings: Mapping[str, Any], **environment: str) -> Iterator[Any]:
    """A deployment in an empty account.

    Args:
        settings: of the emulator.
        environment: of the function, where it is not that of the tests.
    """
    from local.personalize_emulator import Settings

    before = dict(os.environ)
    os.environ.update(_conftest.ENVIRONMENT | environment)
    _forget()
    try:
        with _workflow.deployed(Settings(**{"account_id": _conftest.ACCOUNT, **settings})) as deployment:
            yield deployment
    finally:
        os.environ.clear()
        os.environ.update(before)
        _forget()


def _forget() -> None:
    for cached in _conftest.CACHED:
        cached.cache_clear()


class Watched:
    """One run of a deployment, with what each action took.

    Attributes:
        seconds: real time by action, of each invocation.
        cores: processor time by action, of each invocation; the emulator's is in it.
        largest: bytes of the largest result, which is the execution's state.
    """

    def __init__(self, deployment: Any) -> None:
        self._deployment = deployment
        self.seconds: dict[str, list[float]] = {}
        self.cores: dict[str, list[float]] = {}
        self.largest = 0

    def run(self, document: dict[str, Any]) -> Any:
        """Upload the params file, and let its run go on to the end; how it ended."""
        plain = self._deployment._invoke

        def invoke(event: dict[str, Any]) -> Any:
            wall, cores = time.perf_counter(), time.process_time()
            result = plain(event)
            self.seconds.setdefault(event["action"], []).append(time.perf_counter() - wall)
            self.cores.setdefault(event["action"], []).append(time.process_time() - cores)
            self.largest = max(self.largest, len(json.dumps(result, separators=(",", ":"))))
            return result

        self._deployment._invoke = invoke
        try:
            return self._deployment.run(document)
        finally:
            self._deployment._invoke = plain

    def calls(self) -> Counter[str]:
        """What was called, by operation, as far as the emulator's log of calls goes."""
        return Counter(call.operation for call in self._deployment.emulator.calls)

    def refused_writes(self) -> int:
        """How many calls that would have changed something were refused."""
        return sum(call.result != "ok" and not is_read(call.operation) for call in self._deployment.emulator.calls)


def is_read(operation: str) -> bool:
    """Whether a call changes nothing."""
    return operation.startswith(READS)
