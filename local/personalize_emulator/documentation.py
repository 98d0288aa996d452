"""The tables of the docs that are made of code: switches of their comments, operations of their docstrings, recipes of
what they recommend, and how many operations moto has.

`python -m personalize_emulator.documentation` writes them between their markers, where the docs lie beside the code.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import moto
from botocore import xform_name

from . import side_by_side
from .operations import HANDLERS
from .recipes import RECIPES
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


def comparison_rows() -> Iterator[tuple[str, ...]]:
    """Plane, and how many of its operations there are in the model, here, in moto and in LocalStack's documentation."""
    counts = []
    for service in SERVICES:
        names = set(operations(service))
        here = names & set(HANDLERS[service])
        counts.append((service, len(names), len(here), len(names & operations_of_moto(service)), 0))
        yield tuple(str(cell) for cell in counts[-1])
    yield "together", *(str(sum(column)) for column in list(zip(*counts, strict=True))[1:])


def operations_of_moto(service: str) -> set[str]:
    """Operations of a service that moto answers by itself: its response classes have a method of each one's name."""
    try:
        responses = import_module(f"moto.{service.replace('-', '')}.responses")
    except ModuleNotFoundError:
        return set()
    classes = [value for value in vars(responses).values() if inspect.isclass(value)]
    own = {name for found in classes if found.__module__ == responses.__name__ for name in vars(found)}
    return {name for name in operations(service) if xform_name(name) in own}


def recipe_rows() -> Iterator[tuple[str, ...]]:
    """Recipe or use case, its type, and what the emulator trains for it."""
    for recipe in RECIPES.values():
        yield recipe.name, recipe.type, recipe.algorithm


TABLES = {
    "recipes": (("recipe or use case", "type", "learns"), recipe_rows),
    "side-by-side": (side_by_side.HEAD, side_by_side.table),
    "switches": (("switch", "default", "what it chooses, and why"), switch_rows),
    "operations": (("service", "operation", "supported", "rules beside the model's", "source"), operation_rows),
    "comparison": (("plane", "in the model", "here", f"moto {moto.__version__}", "LocalStack"), comparison_rows),
}

HERE = Path(__file__).parent
#: The page that holds each table.
PAGES = {
    "recipes": HERE / "docs" / "recipes.md",
    "side-by-side": HERE / "docs" / "recipes.md",
    "switches": HERE / "docs" / "settings.md",
    "operations": HERE / "docs" / "operations.md",
    "comparison": HERE / "docs" / "comparison.md",
}


def table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    head = list(head)
    lines = [head, ["---"] * len(head), *(cell for cell in rows)]
    return "\n".join("| " + " | ".join(text.replace("|", "\\|") for text in line) + " |" for line in lines)


def with_table(name: str, text: str) -> str:
    """The page with a fresh table between its markers. Raises ValueError where a marker is missing."""
    head, rows = TABLES[name]
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->"
    before, found, rest = text.partition(begin)
    _old, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"The text needs the lines {begin.strip()} and {end}")
    return f"{before}{begin}{table(head, rows())}\n{end}{after}"


if __name__ == "__main__":
    for name, page in PAGES.items():
        page.write_text(with_table(name, page.read_text(encoding="utf-8")), encoding="utf-8")
