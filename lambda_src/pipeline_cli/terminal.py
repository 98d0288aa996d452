"""What a command says, and where: results on standard output, all else on standard error; JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from .errors import CommandError

FORMAT = 1  # of every JSON object; a reader passes over members that it doesn't know
WIDEST = 10_000  # columns that a table may have
OUTCOMES = {"succeeded": "green", "torn down": "green", "planned": "green", "failed": "bold red", "rejected": "red"}


class Terminal:
    """Where a command writes.

    Attributes:
        as_json: whether standard output has JSON, and nothing else.
    """

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self.out = Console(highlight=False, soft_wrap=True)
        self.err = Console(stderr=True, highlight=False, soft_wrap=True)

    def result(self, document: dict[str, Any], shown: RenderableType) -> None:
        """A command's result: as JSON, or as a person reads it."""
        if self.as_json:
            self.json(document)
        elif isinstance(shown, str):
            self.out.print(Text(shown))
        else:
            self.out.width = WIDEST  # a narrow terminal breaks lines rather than to lose what they say
            self.out.print(shown)

    def json(self, document: dict[str, Any]) -> None:
        """One object, in ASCII: what is named in it may not be in the terminal's encoding."""
        print(json.dumps({"format": FORMAT} | document, indent=1, default=str), flush=True)

    def line(self, document: dict[str, Any]) -> None:
        """One object on one line, where several follow each other."""
        print(json.dumps({"format": FORMAT} | document, default=str), flush=True)

    def say(self, text: str) -> None:
        """What is no result, for the person at the terminal."""
        self.err.print(Text(text))

    def confirm(self, question: str, answer: str, *, is_agreed: bool) -> None:
        """Ask before something is done, unless it is agreed to already.

        Raises:
            CommandError: the answer is another, or there is nobody to ask.
        """
        if is_agreed:
            return
        if self.as_json or not sys.stdin.isatty():
            raise CommandError("nothing was done: there is nobody to ask here. Say --yes to go ahead.")
        self.err.print(Text(question, style="bold"), end=" ")
        try:
            given = input().strip()
        except EOFError:
            given = ""
        if given.lower() != answer.lower():
            raise CommandError("nothing was done.")


def table(*headings: str) -> Table:
    """An empty table, plain enough to be piped."""
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        drawn.add_column(heading, no_wrap=True)
    return drawn
