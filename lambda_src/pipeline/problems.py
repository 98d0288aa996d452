"""What is wrong with an upload, said so that its author can mend it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_TOLD = 100  # of a run: a reader mends the first ones first
LAST_STEP = re.compile(r"(?:\.[^.\[]*|\[\d+\])$")  # of a JSON path
Position = tuple[int, int]  # line and column in the params file, from 1
LONGEST = 1000  # characters told of a place or a fault: a file may name things of any length


@dataclass(frozen=True)
class Problem:
    """One fault: `where` is a JSON path in the params (`$.campaign.name`) or a key; `what` is to be mended."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    def told(self) -> dict[str, Any]:
        """For the record and the mail."""
        return {"where": _short(self.where), "what": _short(self.what)}


def told(problems: Iterable[Problem], positions: Mapping[str, Position]) -> list[dict[str, Any]]:
    """Problems once each, by their place: those of the params file with `line` and `column`, then those of the data."""
    placed = [(nearest(positions, problem.where), problem) for problem in dict.fromkeys(problems)]
    placed.sort(key=lambda one: (one[0] is None, one[0] or (0, 0)))  # the others stay in their order
    return [
        problem.told() | ({"line": position[0], "column": position[1]} if position else {})
        for position, problem in placed
    ]


def nearest(positions: Mapping[str, Position], path: str) -> Position | None:
    """The position of what a JSON path names, or of what it would stand in; None for the document as a whole."""
    while path not in positions:
        shorter = LAST_STEP.sub("", path)
        if shorter == path:
            return None
        path = shorter
    return positions[path]


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST // 2] + " ... " + text[-LONGEST // 2 :]
