"""The rooms of the Lambda's code: who may know whom."""

from __future__ import annotations

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "lambda_src"
PIPELINE = SOURCES / "pipeline"
ROOMS = {path.name for path in PIPELINE.iterdir() if (path / "__init__.py").is_file()}
SHARED = {path.stem for path in PIPELINE.glob("*.py")} - {"__init__", "handler"}


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, by their full names: `pipeline.engine.calls`, `pipeline.clients`."""
    package = path.relative_to(SOURCES).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *([node.module] if node.module else [])))
            yield from (f"{module}.{alias.name}" for alias in node.names)


def rooms_of(names: Iterator[str]) -> set[str]:
    parts = (name.split(".") for name in names)
    return {part[1] for part in parts if part[0] == "pipeline" and len(part) > 1 and part[1] in ROOMS}


def known() -> dict[str, set[str]]:
    """Which rooms each room imports from."""
    return {
        room: set().union(*(rooms_of(imported(path)) for path in (PIPELINE / room).rglob("*.py"))) - {room}
        for room in ROOMS
    }


def test_the_rooms_are_those_of_the_design() -> None:
    assert {"upload", "params", "data", "costs", "planning", "engine", "samples", "ending"} == ROOMS


def test_rooms_import_each_other_without_cycles() -> None:
    order = list(graphlib.TopologicalSorter(known()).static_order())  # raises CycleError, which names the cycle
    assert set(order) == ROOMS


def test_the_imports_are_really_read() -> None:
    assert known()["planning"] >= {"engine", "params", "data"}
    assert known()["ending"] >= {"engine"}


def test_what_makes_plans_true_does_not_know_how_they_came_about() -> None:
    assert not known()["engine"] & {"planning", "data", "upload", "ending"}


def test_nobody_needs_the_ending_but_the_handler() -> None:
    assert not [room for room, others in known().items() if "ending" in others]


@pytest.mark.parametrize("module", sorted(SHARED))
def test_what_all_share_knows_no_room(module: str) -> None:
    assert rooms_of(imported(PIPELINE / f"{module}.py")) == set()


def test_the_function_does_not_need_the_commands() -> None:
    names = {name for path in PIPELINE.rglob("*.py") for name in imported(path)}
    assert not [name for name in names if name.startswith("pipeline_cli")]
