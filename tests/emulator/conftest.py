from __future__ import annotations

import pytest

from local.personalize_emulator import Emulator
from local.personalize_emulator.pytest_plugin import personalize_emulator, personalize_settings

from .world import World

__all__ = ["personalize_emulator", "personalize_settings"]


@pytest.fixture
def world(personalize_emulator: Emulator) -> World:
    return World(personalize_emulator)
