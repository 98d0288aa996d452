"""What differs between an answer that was recorded and the emulator's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .resources import is_busy

#: Members whose values are the service's own, or data: only their types are compared, and the names of what is in them.
OWN = frozenset(
    {
        *("creationDateTime", "lastUpdatedDateTime", "trainingHours", "recommendationId", "nextToken", "score"),
        *("itemId", "actionId", "userId", "description", "metrics", "modelMetrics", "metadata", "numDeleted", "reason"),
    }
)
#: What the emulator does not have at all (docs/operations.md).
NOT_HERE = frozenset(
    {
        *("defaultHyperParameters", "defaultHyperParameterRanges", "defaultResourceConfig", "algorithmImage"),
        *("trainingInputMode", "defaultParameters"),
    }
)


@dataclass(frozen=True)
class Difference:
    """`what` is one of outcome, http status, class, message, members, type, value; `where` is a path in the answer."""

    what: str
    where: str
    recorded: Any
    emulated: Any

    def __str__(self) -> str:
        place = f" at {self.where}" if self.where else ""
        return f"{self.what}{place}: recorded {_shown(self.recorded)}, emulated {_shown(self.emulated)}"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 300 else f"{text[:300]}..."


@dataclass
class Names:
    """Which of the emulator's own ids (of versions, trackers, pages) stands for which recorded one."""

    emulated: dict[str, str] = field(default_factory=dict)

    def translated(self, value: Any) -> Any:
        """A recorded value in the emulator's terms."""
        if isinstance(value, dict):
            return {key: self.translated(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.translated(item) for item in value]
        if not isinstance(value, str):
            return value
        if value in self.emulated:
            return self.emulated[value]
        for recorded, emulated in self.emulated.items():
            if recorded in value:
                value = value.replace(recorded, emulated)
        return value

    def learn(self, name: str, recorded: str, emulated: str) -> bool:
        """Take two ids for one another, if neither has been seen and the service made them up."""
        made_up = name.endswith("Arn") or name in ("trackingId", "nextToken") or (name == "name" and "/" in recorded)
        if not made_up or recorded in self.emulated or emulated in self.emulated.values():
            return recorded == emulated
        # They differ at most in their last part, or it is a name that was asked for.
        if recorded.rpartition("/")[0] != emulated.rpartition("/")[0]:
            return False
        self.emulated[recorded] = emulated
        return True


def differences(
    recorded: Any, emulated: Any, names: Names, where: str = "", name: str = "", *, values: bool = True
) -> Iterator[Difference]:
    """Between two successful answers, in members and types, and with `values` in what is not the service's own."""
    values = values and name not in OWN
    if isinstance(recorded, dict) and isinstance(emulated, dict):
        missing, more = set(recorded) - set(emulated) - NOT_HERE, set(emulated) - set(recorded)
        if missing or more:
            yield Difference("members", where, sorted(missing), sorted(more))
        for key in [key for key in recorded if key in emulated and key not in NOT_HERE]:
            place = f"{where}.{key}".lstrip(".")
            yield from differences(recorded[key], emulated[key], names, place, key, values=values)
    elif isinstance(recorded, list) and isinstance(emulated, list):
        yield from _of_lists(recorded, emulated, names, where, values=values)
    elif _kind(recorded) != _kind(emulated):
        yield Difference("type", where, _kind(recorded), _kind(emulated))
    elif values and not _same(recorded, emulated, names, name):
        yield Difference("value", where, names.translated(recorded), emulated)


def _of_lists(
    recorded: list[Any], emulated: list[Any], names: Names, where: str, *, values: bool
) -> Iterator[Difference]:
    """Lists of resources are compared by ARN, as the service gives them in no order; what was there before the
    recording is passed over. Of other structures only the first are compared, in their members and types.
    """
    if not all(isinstance(item, dict) for item in (*recorded, *emulated)):
        if values and names.translated(recorded) != emulated:
            yield Difference("value", where, names.translated(recorded), emulated)
        return
    there = {names.translated(_identity(item)): item for item in recorded}
    here = {_identity(item): item for item in emulated}
    if None in there or None in here:
        if recorded and emulated:
            yield from differences(recorded[0], emulated[0], names, f"{where}[]", values=False)
        return
    missing = (set(there) - set(here)) & set(names.emulated.values())
    if missing or set(here) - set(there):
        yield Difference("members", where, sorted(missing), sorted(set(here) - set(there)))
    for arn in there:
        if arn in here:
            yield from differences(there[arn], here[arn], names, f"{where}[]", values=values)


def _identity(item: Any) -> Any:
    """The ARN that tells an element of a list from the others: its first member of that kind."""
    return next((value for member, value in item.items() if member.endswith("Arn")), None)


def _kind(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "boolean" if value is not None else "null"
    return "number" if isinstance(value, (int, float)) else "text" if isinstance(value, str) else type(value).__name__


def _same(recorded: Any, emulated: Any, names: Names, name: str) -> bool:
    if name == "status":
        return _same_status(recorded, emulated)
    if name == "schema":
        return bool(_parsed(recorded) == _parsed(emulated))
    if isinstance(recorded, str) and names.learn(name, recorded, emulated):
        return True
    return bool(names.translated(recorded) == emulated)


def _same_status(recorded: str, emulated: str) -> bool:
    """How far something is is a matter of time, which is not compared; what goes on, and how it ended, is."""
    if is_busy(recorded) and is_busy(emulated):
        return recorded.split()[0] == emulated.split()[0]
    return recorded == emulated or is_busy(recorded) != is_busy(emulated)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def statuses(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Path and text of every status in an answer."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "status" and isinstance(item, str):
                yield name, item
            else:
                yield from statuses(item, f"{name}.{key}")


def ahead(recorded: Any, emulated: Any) -> bool:
    """Whether something still went on in the recording that has ended in the emulator."""
    return _compare_progress(recorded, emulated, busy_first=True)


def behind(recorded: Any, emulated: Any) -> bool:
    """Whether something has ended in the recording that still goes on in the emulator."""
    return _compare_progress(recorded, emulated, busy_first=False)


def _compare_progress(recorded: Any, emulated: Any, *, busy_first: bool) -> bool:
    here = dict(statuses(emulated))
    for path, status in statuses(recorded):
        other = here.get(path)
        if other is not None and is_busy(status) != is_busy(other) and is_busy(status) == busy_first:
            return True
    return False
