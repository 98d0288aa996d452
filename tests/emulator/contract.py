"""Every answer held against the service model: errors that the operation declares, outputs in their shape."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.personalize_emulator import Emulator, Switches
from local.personalize_emulator.dispatch import Caller, handle
from local.personalize_emulator.exceptions import COMMON_ERRORS, PersonalizeError
from local.personalize_emulator.service_model import operations
from local.personalize_emulator.validation import problems


def checked(emulator: Emulator, service: str, name: str, params: dict[str, Any], caller: Caller) -> dict[str, Any]:
    """`dispatch.handle`, which fails the test when the answer breaks the model."""
    model = operations(service).get(name)
    try:
        answer = handle(emulator, service, name, params, caller)
    except PersonalizeError as err:
        injected = bool(emulator.faults.listed())
        # A switch may name a class that the model does not declare: to try it is what it is for.
        thrown = {value for value in dataclasses.asdict(emulator.settings.switches).values() if isinstance(value, str)}
        thrown -= {value for value in dataclasses.asdict(Switches()).values() if isinstance(value, str)}
        allowed = COMMON_ERRORS | thrown | (model.errors if model is not None else set())
        assert injected or err.error_code in allowed, f"{name} does not declare {err.error_code}: {err.message}"
        raise
    assert model is not None
    shape = model.model.output_shape
    if shape is None:
        assert answer == {}
        return answer
    # Observed names of solution versions hold a slash, which the model's pattern has no room for.
    wrong = [p for p in problems(shape, answer) if "/" not in p.partition(" at ")[0]]
    assert not wrong, (name, wrong)
    assert not list(strangers(shape, answer)), (name, answer)
    return answer


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
