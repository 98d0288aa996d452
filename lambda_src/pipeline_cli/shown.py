"""How a plan is shown: in words, in colour on a terminal, with progress while data is read; or as JSON for programs."""

from __future__ import annotations

import json
import re
from typing import Any

from pipeline.data.checks import look, merge, pieces
from pipeline.data.folders import DataFolder
from pipeline.data.summary import Summary
from pipeline.ending.report import document_of, plan_text
from pipeline.engine.record import Record
from pipeline.params.schemas import Avro
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

VERDICTS = {"rejected": "rejected", "planned": "planned", None: "no problems"}
HINT = re.compile(r" (Did you mean [^?]+\?|Is .+ meant to be [^?]+\?)$")
STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")  # of a JSON path
# Titles and words of a plan's text, as they stand at the beginning of lines.
STYLES = {
    r"^The run was not started.*": "bold red",
    r"^What is wrong$": "bold red",
    r"^(This is the plan|Resources|Data|Notes|Schedules)\b.*": "bold",
    r"^\S+ has no problems.*": "bold green",
    r"^  (create|update|start)\b": "green",
    r"^  (replace|delete|stop)\b": "yellow",
    r"^  (reuse|skip|await|hold)\b": "dim",
    r"\(line \d+, column \d+\)$": "cyan",
}


class Shown:
    """Where the plan goes."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True)

    def summarise(self, folder: DataFolder, avro: Avro) -> Summary:
        """Read all of a dataset's files, and show on a terminal how far it is."""
        todo = pieces(folder)
        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
        with Progress(*columns, console=self._err, transient=True, disable=not self._err.is_terminal) as progress:
            task = progress.add_task(f"Reading {folder.prefix}", total=folder.size)
            found = []
            for piece in todo:
                found.append((piece, look(folder, piece, avro)))
                progress.advance(task, piece.end - piece.begin)
        return merge(found)

    def plan(self, record: Record, remarks: list[str]) -> None:
        """Print the plan, and what was not looked at."""
        if self._as_json:
            # ASCII only: a file may hold what the terminal's encoding does not have.
            print(json.dumps(document_of_plan(record, remarks), indent=1))
            return
        if record.outcome is None:
            text = "\n".join([f"{record.run['key']} has no problems that can be seen without AWS.", *_data(record)])
            text += "".join(f"\nNote: {note}" for note in record.notes)
        else:
            text = plan_text(record)
        self._out.print(_styled("\n".join([text, *remarks])))


def document_of_plan(record: Record, remarks: list[str]) -> dict[str, Any]:
    """The plan for programs (docs/commands.md)."""
    planned = document_of(record)["resources"] if record.outcome == "planned" else []
    actions = [{name: row[name] for name in ("type", "name", "plan", "reason")} for row in planned]
    return {
        "format": 1,
        "verdict": VERDICTS[record.outcome],
        "datasetGroup": record.run.get("datasetGroup"),
        "problems": [_problem(problem) for problem in record.problems],
        "problemCount": record.problem_count,
        "notes": record.notes,
        "data": record.data,
        "actions": actions,
        "costs": record.costs or None,
        "schedules": record.schedules,
        "notLookedAt": remarks,
    }


def _problem(told: dict[str, Any]) -> dict[str, Any]:
    """A problem, with its last question as a hint of its own."""
    hint = HINT.search(told["what"])
    if told["where"].startswith("$"):
        told = told | {"pointer": _pointer(told["where"])}
    return told | ({"what": told["what"][: hint.start()], "hint": hint[1]} if hint else {})


def _pointer(path: str) -> str:
    """A JSON path as a JSON pointer (RFC 6901)."""
    steps = [name or number for name, number in STEP.findall(path)]
    return "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)


def _data(record: Record) -> list[str]:
    text = plan_text(Record(record.run, "planned", data=record.data))
    return text.partition("Data\n")[2].splitlines()


def _styled(text: str) -> Text:
    styled = Text(text)
    for pattern, style in STYLES.items():
        styled.highlight_regex(re.compile(pattern, re.MULTILINE), style)
    return styled
