"""The README says what the code does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import local.personalize_emulator as package
from local.personalize_emulator import (
    Settings,
    Switches,
    __main__,
    mock_personalize,
    questions,
    reference,
    replay,
)
from local.personalize_emulator.documentation import (
    PAGES,
    comparison_rows,
    operation_rows,
    operations_of_moto,
    switch_rows,
    with_table,
)
from local.personalize_emulator.faults import Faults

HERE = Path(package.__file__).parent
TEXTS = {path: path.read_text(encoding="utf-8") for path in [HERE / "README.md", *sorted(HERE.glob("docs/*.md"))]}


@pytest.mark.parametrize("name", PAGES)
def test_tables_are_in_step_with_the_code(name: str) -> None:
    text = TEXTS[PAGES[name]]
    assert with_table(name, text) == text, "run: python -m local.personalize_emulator.documentation"


def test_tables_need_their_markers() -> None:
    with pytest.raises(ValueError, match="switches: begin"):
        with_table("switches", "nothing")


def test_the_comparison_counts_operations_of_moto_by_its_code() -> None:
    assert operations_of_moto("personalize") == {"CreateSchema", "DeleteSchema", "DescribeSchema", "ListSchemas"}
    *planes, together = comparison_rows()
    assert [row[0] for row in planes] == ["personalize", "personalize-runtime", "personalize-events"]
    assert together == ("together", "79", "79", "4", "0")


@pytest.mark.parametrize("row", list(operation_rows()), ids=lambda row: str(row[1]))
def test_every_operation_has_rules_and_a_source(row: tuple[str, ...]) -> None:
    _service, _operation, supported, rules, source = row
    assert supported == "yes"
    assert rules.endswith(".")
    assert source


def test_the_table_of_rights_is_the_published_one() -> None:
    made = (HERE / "reference.json").read_text(encoding="utf-8")
    assert made == reference.extract(), "run: python -m local.personalize_emulator.reference"


def test_every_operation_is_in_the_table_of_rights() -> None:
    for _service, operation, *_ in operation_rows():
        reference.listed(operation)


def test_every_switch_is_explained() -> None:
    assert all(explanation for _name, _default, explanation in switch_rows())


def test_every_switch_is_read_somewhere() -> None:
    sources = "".join(path.read_text() for path in HERE.rglob("*.py") if path.name != "settings.py")
    for name in Switches.__dataclass_fields__:
        assert re.search(rf"switches\.{name}\b", sources), f"{name} does nothing"


def test_settings_of_the_docs_are_settings() -> None:
    (settings,) = re.findall(r"```toml\n(.*?)```", TEXTS[HERE / "docs" / "settings.md"], re.DOTALL)
    values = tomllib.loads(settings)
    Faults().load(values.pop("faults"))
    assert Settings.from_mapping(values).quota("running import jobs") == 2


def test_commands_of_the_docs_are_commands() -> None:
    lines = [line.partition("#")[0].split() for text in TEXTS.values() for line in text.splitlines()]
    given = [line[1:] for line in lines if line[:1] == ["personalize-emulator"]]
    assert {"replay", "ask"} < {arguments[0] for arguments in given}
    for arguments in given:
        own = {"replay": replay.parser, "ask": questions.parser}.get(arguments[0])
        parse = (own or __main__.parser)().parse_args
        parse(arguments[1:] if own else arguments)  # a wrong one exits


def test_links_of_the_docs_lead_somewhere() -> None:
    for path, text in TEXTS.items():
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_every_page_is_in_the_readme() -> None:
    for path in TEXTS:
        assert path.name == "README.md" or f"(docs/{path.name})" in TEXTS[HERE / "README.md"]


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
