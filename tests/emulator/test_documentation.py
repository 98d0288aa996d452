"""The README says what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import local.personalize_emulator as package
from local.personalize_emulator import Settings, Switches, mock_personalize
from local.personalize_emulator.documentation import operation_rows, switch_rows, with_tables
from local.personalize_emulator.faults import Faults

HERE = Path(package.__file__).parent
README = (HERE / "README.md").read_text(encoding="utf-8")


def test_tables_are_in_step_with_the_code() -> None:
    assert with_tables(README) == README, "run: python -m local.personalize_emulator.documentation <the README>"


def test_tables_need_their_markers() -> None:
    with pytest.raises(ValueError, match="switches: begin"):
        with_tables("nothing")


@pytest.mark.parametrize("row", list(operation_rows()), ids=lambda row: str(row[1]))
def test_every_operation_has_rules_and_a_source(row: tuple[str, ...]) -> None:
    _service, _operation, supported, rules, source = row
    assert supported == "yes"
    assert rules.endswith(".")
    assert source


def test_every_switch_is_explained() -> None:
    assert all(explanation for _name, _default, explanation in switch_rows())


def test_every_switch_is_read_somewhere() -> None:
    sources = "".join(path.read_text() for path in HERE.rglob("*.py") if path.name != "settings.py")
    for name in Switches.__dataclass_fields__:
        assert re.search(rf"switches\.{name}\b", sources), f"{name} does nothing"


def test_examples_of_the_readme_work() -> None:
    (settings,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    values = tomllib.loads(settings)
    Faults().load(values.pop("faults"))
    assert Settings.from_mapping(values).quota("running import jobs") == 2
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    space: dict[str, object] = {}
    exec(example.replace("from personalize_emulator", "from local.personalize_emulator"), space)
    function = space["test_group"]
    assert callable(function)
    function()


def test_public_names_are_there() -> None:
    for name in package.__all__:
        assert hasattr(package, name)


def test_nothing_outside_the_package_is_imported_from_this_project() -> None:
    for path in HERE.rglob("*.py"):
        found = re.findall(r"^\s*(?:from|import) (local|pipeline|tests)\b", path.read_text(), re.MULTILINE)
        assert not found, path


def test_moto_alone_is_as_it_was_after_the_mock() -> None:
    import moto.backend_index
    import moto.backends
    import moto.personalize

    own: Any = moto.personalize
    before = own.personalize_backends
    patterns = list(moto.backend_index.backend_url_patterns)
    with mock_personalize():
        assert moto.backends.get_backend("personalize") is package.personalize_backends
        assert own.personalize_backends is package.personalize_backends
    assert own.personalize_backends is before
    assert moto.backend_index.backend_url_patterns == patterns
