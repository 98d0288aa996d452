"""Interactions to measure with: any number of bytes, and a fault in the last row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from .readers import NAMES

FAULT = "u1,i1,2024-02-30,view\n"


def write(file: Path, size: int, seed: int = 0) -> Path:
    """A file of about so many bytes: users of some twenty interactions each, three event types, a fault at the end."""
    chance = random.Random(seed)
    rows = size // 39
    users, items = max(rows // 20, 1), 20_000
    with file.open("w", encoding="utf-8") as out:
        out.write(",".join(NAMES) + "\n")
        for lines in _batches(rows):
            out.writelines(
                f"user-{chance.randrange(users)},B{chance.randrange(items):09},{1_700_000_000 + n},"
                f"{chance.choice(('view', 'click', 'purchase'))}\n"
                for n in lines
            )
        out.write(FAULT)
    return file


def _batches(rows: int) -> Iterator[range]:
    step = 100_000
    yield from (range(begin, min(begin + step, rows)) for begin in range(0, rows, step))
