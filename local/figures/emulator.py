"""Section `emulator`: how fast the emulator of Amazon Personalize is here; its own benchmark."""

from __future__ import annotations

from local.personalize_emulator import benchmark

from .tables import say


def section() -> None:
    """Print it."""
    benchmark.main()
    say()
