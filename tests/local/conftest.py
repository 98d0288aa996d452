"""A running, corrected MiniStack for the tests of its corrections."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.servers import ministack
from tests.local.emulated_aws import Aws, make_recorder

_SCALE = 100.0  # emulated seconds per real second


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    with ministack(scale=_SCALE, task_timeout_floor=0) as server:
        yield Aws(server.url)


@pytest.fixture(scope="session")
def echo(aws: Aws) -> str:
    """A function that returns its event."""
    return aws.function("def h(event, context): return event")


@pytest.fixture(scope="session")
def not_yet(aws: Aws) -> str:
    """A function that raises `NotYet`."""
    return aws.function("class NotYet(Exception): pass\ndef h(event, context): raise NotYet('later')")


@pytest.fixture(scope="session")
def recorder(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Callable[[], list[Any]]]:
    """A function that keeps its events in a file, and a way to read them."""
    return make_recorder(aws, tmp_path_factory.mktemp("recorder") / "events")
