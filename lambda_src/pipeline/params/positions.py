"""Where in a params file something stands, by its JSON path: for an author who has the file open."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass

from pipeline.problems import Position

AMBIGUOUS = re.compile(r"[.\[]")  # in a key, it looks like a step of a path
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass
class _Open:
    """An object or array that is not closed yet; `number` counts an array's entries."""

    path: str
    is_array: bool
    number: int = 0
    awaits_key: bool = True


def positions(text: str) -> dict[str, Position]:
    """The position of each key and of each entry of an array, by its path (`$.solution.tags[0]`).

    Args:
        text: JSON that has been parsed without complaint.
    """
    breaks = [-1, *(match.start() for match in re.finditer("\n", text))]
    found: dict[str, Position] = {}
    opened: list[_Open] = []
    path = "$"
    for match in TOKEN.finditer(text):
        token, inner = match.group(), opened[-1] if opened else None
        if token in "]}":
            opened.pop()
            continue
        if token == ":":
            continue
        if token == ",":
            if inner:
                inner.number, inner.awaits_key = inner.number + 1, True
            continue
        line = bisect_right(breaks, match.start())
        position = line, match.start() - breaks[line - 1]
        if inner and not inner.is_array and inner.awaits_key:
            name = json.loads(token)
            path, inner.awaits_key = f"{inner.path}.{name}", False
            if not AMBIGUOUS.search(name):
                found[path] = position  # of a key that stands twice the last one counts, as in JSON
            continue
        if inner and inner.is_array:
            path = f"{inner.path}[{inner.number}]"
            found[path] = position
        if token in "{[":
            opened.append(_Open(path, is_array=token == "["))
    return found
