"""What is counted of a dataset's rows, of a piece or of all: it merges, and stays small."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .distinct import Distinct

MOST_EVENT_TYPES = 1000  # told apart; Personalize takes ten


@dataclass
class Counts:
    """Rows, users and event types.

    Attributes:
        rows: that could be read.
        users: of interactions; None of other datasets.
        events: rows by EVENT_TYPE; None where the schema has no such column.
        has_too_many_types: more than `MOST_EVENT_TYPES`, so they are counted no more.
    """

    rows: int = 0
    users: Distinct | None = None
    events: Counter[str] | None = None
    has_too_many_types: bool = False

    def add_events(self, types: Counter[str]) -> None:
        """Count rows of event types, until there are too many types to be real ones."""
        if self.events is None or self.has_too_many_types:
            return
        self.events.update(types)
        if len(self.events) > MOST_EVENT_TYPES:
            self.has_too_many_types = True
            self.events.clear()

    def merge(self, other: Counts) -> None:
        """Count what another has."""
        self.rows += other.rows
        if other.users is not None:
            self.users = self.users or Distinct()
            self.users.merge(other.users)
        if other.events is not None:
            self.events = Counter() if self.events is None else self.events
            self.add_events(other.events)
        if other.has_too_many_types and self.events is not None:
            self.has_too_many_types = True
            self.events.clear()

    def to_json(self) -> dict[str, Any]:
        """The counts, to be kept."""
        users = None if self.users is None else self.users.to_json()
        return {"rows": self.rows, "users": users, "events": self.events, "tooManyTypes": self.has_too_many_types}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Counts:
        """What `to_json` made."""
        users = None if kept["users"] is None else Distinct.from_json(kept["users"])
        events = None if kept["events"] is None else Counter(kept["events"])
        return cls(kept["rows"], users, events, kept["tooManyTypes"])
