"""One local stack and one `terraform apply` for the whole session; each test has a folder and an empty Personalize."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from . import stack as local_stack
from .stack import LocalStack, Pipeline


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)  # nothing of the developer's own account
        with local_stack.bring_up(tmp_path_factory.mktemp("stack")) as up:
            yield up
            up.check_that_nothing_was_lost()


@pytest.fixture
def shop(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    """The deployment "shop", with good data in a folder of the test's own."""
    with stack.pipeline("shop", f"{request.node.name}/") as pipeline:
        pipeline.upload_data()
        yield pipeline
