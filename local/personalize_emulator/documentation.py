"""The tables of the README that are made of the code: switches from their comments, operations from their docstrings.

`python -m personalize_emulator.documentation README.md` writes them between their markers.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from .operations import HANDLERS
from .service_model import SERVICES, operations
from .settings import Switches

_COMMENTED_FIELD = re.compile(r"(?P<comment>(?:    #: .*\n)+)(?P<fields>(?:    \w+: .*\n(?:        .*\n    \)\n)?)+)")


def operation_rows() -> Iterator[tuple[str, ...]]:
    """Service, operation, whether supported, rules enforced, source: one for each operation of the models."""
    for service in SERVICES:
        for name in sorted(operations(service)):
            handler = HANDLERS[service].get(name)
            rules, _, source = (inspect.getdoc(handler) or "").partition("\n\nSource: ")
            yield service, name, "yes" if handler else "no", " ".join(rules.split()), " ".join(source.split())


def switch_rows() -> Iterator[tuple[str, ...]]:
    """Name, default and explanation of each switch; the explanation is the comment above it in the source."""
    explanations: dict[str, str] = {}
    for match in _COMMENTED_FIELD.finditer(inspect.getsource(Switches)):
        text = " ".join(line.strip().removeprefix("#:").strip() for line in match["comment"].splitlines())
        explanations |= dict.fromkeys(re.findall(r"^    (\w+):", match["fields"], re.MULTILINE), text)
    defaults = Switches()
    for field in dataclasses.fields(Switches):
        yield f"`{field.name}`", f"`{getattr(defaults, field.name)}`", explanations.get(field.name, "")


TABLES = {
    "switches": (("switch", "default", "what it chooses, and why"), switch_rows),
    "operations": (("service", "operation", "supported", "rules beside the model's", "source"), operation_rows),
}


def table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *(cell for cell in rows)]
    return "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)


def with_tables(text: str) -> str:
    """The README with fresh tables between their markers. Raises ValueError where a marker is missing."""
    for name, (head, rows) in TABLES.items():
        begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
        before, found, rest = text.partition(begin)
        _old, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"The text needs the lines {begin.strip()} and {end}")
        text = f"{before}{begin}{table(head, rows())}\n{end}{after}"
    return text


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8")
