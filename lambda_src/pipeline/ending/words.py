"""Texts and numbers as people read them, the same in mail and page."""

from __future__ import annotations

from typing import Any


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `1 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h {rest} min" if rest else f"{hours} h"


def number(count: int, what: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def counted(seen: dict[str, Any]) -> str:
    """What was counted of a dataset, in a line."""
    files = number(seen["files"], "file")
    if "rows" not in seen:
        return f"not looked at ({files})"
    parts = [f"{number(seen['rows'], 'row')} in {files}"]
    if "users" in seen:
        parts.append(("about " if seen.get("usersAreAbout") else "") + number(seen["users"], "user"))
    events = list(seen.get("events", {}).items())
    parts += [f"{name[:40] or '(no type)'} {count:,}" for name, count in events[:5]]
    parts += [f"{len(events) - 5} more types"] if len(events) > 5 else []
    return ", ".join(parts) + ("" if seen["wasReadWhole"] else ", of the part that was looked at")


def change(seen: dict[str, Any], before: dict[str, Any]) -> str:
    """`+1,200 rows`: against what was counted the last time; nothing where that can't be told."""
    if "rows" not in seen or "rows" not in before or not (seen["wasReadWhole"] and before.get("wasReadWhole")):
        return ""
    more = seen["rows"] - before["rows"]
    return f"{more:+,} rows" if more else "as many rows as before"


def printable(value: Any) -> Any:
    """The value with all its texts on one line, and blanks for what can't be seen or turns the direction of writing.

    What users name can't pass for a part of the mail, nor is there anything that XML lacks, in which messages travel.
    """
    if isinstance(value, dict):
        return {name: printable(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [printable(entry) for entry in value]
    return "".join(c if c.isprintable() else " " for c in value) if isinstance(value, str) else value
