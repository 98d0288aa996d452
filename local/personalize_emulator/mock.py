"""In-process use: moto's `mock_aws` with this emulator in place of moto's own few operations of Personalize."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any
from unittest.mock import patch

import moto.backend_index
import moto.backends
import moto.personalize
from moto import mock_aws

from .clock import Clock
from .emulator import Emulator
from .models import personalize_backends
from .service_model import EVENTS, RUNTIME
from .settings import Settings


@contextmanager
def registered() -> Iterator[None]:
    """While this lasts, moto routes all three Personalize services to this emulator (whichever way moto is used)."""
    names: Any = moto.backends
    patterns: Any = moto.backend_index
    own: ModuleType = moto.personalize
    planes = [(service, re.compile(rf"https?://{service}\.(.+)\.amazonaws\.com")) for service in (RUNTIME, EVENTS)]
    aliases = {service.replace("-", ""): "personalize" for service in (RUNTIME, EVENTS)}
    with (
        patch.object(own, "personalize_backends", personalize_backends),
        patch.dict(names.ALT_SERVICE_NAMES, aliases),
        patch.dict(names.ALT_BACKEND_NAMES, aliases),
        patch.object(patterns, "backend_url_patterns", [*patterns.backend_url_patterns, *planes]),
    ):
        yield


@contextmanager
def mock_personalize(settings: Settings | None = None, clock: Clock | None = None, **parts: Any) -> Iterator[Emulator]:
    """A mocked AWS whose Personalize is complete, and the handle on it.

    The clock stands still unless one is given, so a test says when time passes: `emulator.clock.advance(seconds)`, or
    `emulator.finish()` to let all running jobs end. `parts` are further fields of `Emulator` (authorizer, faults, s3).
    S3, IAM and the rest are moto's.
    """
    emulator = Emulator(settings or Settings(), clock or Clock(), **parts)
    before = Emulator._current
    emulator.make_current()
    try:
        with registered(), mock_aws():
            yield emulator
    finally:
        Emulator._current = before
