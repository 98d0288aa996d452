from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.personalize_emulator import Emulator, requests
from local.personalize_emulator.dispatch import Caller, handle
from local.personalize_emulator.exceptions import COMMON_ERRORS, PersonalizeError
from local.personalize_emulator.pytest_plugin import personalize_emulator, personalize_settings
from local.personalize_emulator.service_model import operations
from local.personalize_emulator.validation import problems

from .world import World

__all__ = ["personalize_emulator", "personalize_settings"]


@pytest.fixture
def world(personalize_emulator: Emulator) -> World:
    return World(personalize_emulator)


@pytest.fixture(autouse=True)
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, str]]]:
    """Holds every answer of every test against the service model; yields which operations have answered."""
    seen: set[tuple[str, str]] = set()

    def checked(emulator: Emulator, service: str, name: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
        model = operations(service).get(name)
        try:
            answer = handle(emulator, service, name, params, caller)
        except PersonalizeError as err:
            injected = bool(emulator.faults.listed())
            allowed = COMMON_ERRORS | (model.errors if model is not None else set())
            assert injected or err.error_code in allowed, f"{name} does not declare {err.error_code}"
            raise
        assert model is not None
        seen.add((service, name))
        shape = model.model.output_shape
        if shape is not None:
            # Observed names of solution versions hold a slash, which the model's pattern has no room for.
            wrong = [p for p in problems(shape, answer) if "/" not in p.partition(" at ")[0]]
            assert not wrong, (name, wrong)
            assert not list(strangers(shape, answer)), name
        else:
            assert answer == {}
        return answer

    monkeypatch.setattr(requests, "handle", checked)
    yield seen


def strangers(shape: Shape, value: Any) -> Iterator[str]:
    """Members of an answer that its shape does not have, and members that are null instead of absent."""
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            if name not in shape.members or member is None:
                yield name
            else:
                yield from strangers(shape.members[name], member)
    elif isinstance(shape, ListShape):
        for item in value:
            yield from strangers(shape.member, item)
    elif isinstance(shape, MapShape):
        for item in value.values():
            yield from strangers(shape.value, item)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Whole files and schemas make no readable names of tests."""
    return argname if isinstance(val, str) and len(val) > 60 else None
