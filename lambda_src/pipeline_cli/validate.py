"""`validate`: check params files, and the data beside them, without AWS; for people, editors' hooks and CI."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.boundaries import Boundaries
from pipeline.ending import words
from pipeline.settings import DataChecks
from rich.text import Text

from . import plan, shown
from .terminal import Terminal


def run(
    files: Sequence[Path], terminal: Terminal, boundaries: Path | None, data_checks: DataChecks, prefix: str
) -> int:
    """Check each of the files, and say all that is wrong.

    Returns:
        0 where nothing is, 1 where something is, 2 where a file can't be read.
    """
    bounds = plan.boundaries_in(boundaries) if boundaries else Boundaries()
    told: list[dict[str, Any]] = []
    code = 0
    for file in files:
        request = plan.Request(file, prefix=prefix, boundaries=boundaries, data_checks=data_checks)
        try:
            body = file.read_bytes()
        except OSError as error:
            code = 2
            reason = f"can't be read: {error.strerror}."
            told.append({"file": str(file), "verdict": "unread", "error": reason})
            terminal.say(f"{file}: {reason}")
            continue
        record, remarks = plan.offline(request, body, bounds, shown.Shown(as_json=terminal.as_json).summarise)
        document = {"file": str(file)} | shown.document_of_plan(record, remarks)
        told.append(document)
        code = max(code, 1 if document["problemCount"] else 0)
        if not terminal.as_json:
            terminal.out.print(_lines(words.printable(document)))  # a log must not take it for commands
    if terminal.as_json:
        terminal.json({"files": told})
    return code


def _lines(document: dict[str, Any]) -> Text:
    """As compilers do it: `params.json:12:5: $.solution.name: ...`, so that editors and CI find the place."""
    file, problems = document["file"], document["problems"]
    text = Text()
    for problem in problems:
        at = f":{problem['line']}:{problem['column']}" if "line" in problem and "pointer" in problem else ""
        hint = f" {problem['hint']}" if "hint" in problem else ""
        text.append(f"{file}{at}: ", "cyan").append(f"{problem['where']}: {problem['what']}{hint}\n")
    more = document["problemCount"] - len(problems)
    if more:
        text.append(f"{file}: ... and {more:,} more\n")
    if problems:
        return text.append(f"{file}: {document['problemCount']:,} problem(s)", "bold red")
    rows = [f"{kind} {seen['rows']:,} rows" for kind, seen in document["data"].items() if "rows" in seen]
    text.append(f"{file}: no problems", "green").append(f" ({', '.join(rows)})" if rows else "")
    for note in document["notes"]:
        text.append(f"\n{file}: note: {note}", "dim")
    return text
