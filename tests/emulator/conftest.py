from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.personalize_emulator import Emulator, requests
from local.personalize_emulator.dispatch import Caller
from local.personalize_emulator.pytest_plugin import personalize_emulator, personalize_settings

from .contract import checked
from .world import World

__all__ = ["personalize_emulator", "personalize_settings"]

#: A project of its own, whose tests run where the emulator is installed (test_package.py).
collect_ignore = ["sample_project"]


@pytest.fixture
def world(personalize_emulator: Emulator) -> World:
    return World(personalize_emulator)


@pytest.fixture(autouse=True)
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, str]]]:
    """Holds every answer of every test against the service model; yields which operations have answered."""
    seen: set[tuple[str, str]] = set()

    def watched(emulator: Emulator, service: str, name: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        answer = checked(emulator, service, name, params, caller)
        seen.add((service, name))
        return answer

    monkeypatch.setattr(requests, "handle", watched)
    yield seen


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Whole files and schemas make no readable names of tests."""
    return argname if isinstance(val, str) and len(val) > 60 else None
