"""What the mail says of a translation."""

from __future__ import annotations

from typing import Any


class Notes:
    """What the mail says of a translation: statements, and for each the places that it is about."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}

    def add(self, statement: str, *places: str) -> None:
        """Note the statement, or further places that it is about."""
        known = self._places.setdefault(statement, [])
        known += [place for place in places if place not in known]

    def lines(self) -> list[str]:
        """One line per statement."""
        return [f"{what}: {', '.join(places)}." if places else what for what, places in self._places.items()]


def place_of(where: str, value: Any) -> str:
    """`$.solutions[0] (for-you)`; only a text is shown."""
    return f"{where} ({shown(value)})" if isinstance(value, str) else where


def shown(value: Any) -> str:
    """A text as it is, cut where it is long; of anything else its type."""
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."
