"""pytest fixtures. Switch them on with `pytest_plugins = ["personalize_emulator.pytest_plugin"]` in a conftest.py.

`personalize_emulator`  the handle (`Emulator`): clock, faults, calls, state
`personalize_settings`  override it to choose settings
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .emulator import Emulator
from .mock import mock_personalize
from .settings import Settings


@pytest.fixture
def personalize_settings() -> Settings:
    """Settings of the test's emulator."""
    return Settings()


@pytest.fixture
def personalize_emulator(personalize_settings: Settings) -> Iterator[Emulator]:
    """A mocked AWS with a complete Personalize whose clock stands still until the test moves it."""
    with mock_personalize(personalize_settings) as emulator:
        yield emulator
