"""`validate` at a terminal and in CI: many files, no AWS; and the hook for pre-commit."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pipeline_cli.__main__ import main

from .conftest import params
from .test_adopt import without_credentials
from .workflow import INTERACTIONS

ROOT = Path(__file__).parents[2]
Validate = Callable[..., tuple[int, str, str]]


@pytest.fixture
def validate(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Validate:
    """Runs it in an empty folder, where there are no credentials."""
    without_credentials(monkeypatch)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.chdir(tmp_path)

    def validate(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["validate", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return validate


def write(name: str, document: Any) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(document if isinstance(document, str) else json.dumps(document, indent=1))
    return name


def test_what_is_right_is_a_line(validate: Validate) -> None:
    write("Interactions/i.csv", INTERACTIONS)
    code, out, err = validate(write("params.json", params()))
    assert (code, out.splitlines()[0], err) == (0, "params.json: no problems (Interactions 1,500 rows)", "")


def test_all_that_is_wrong_with_all_files_is_told_by_its_place(validate: Validate) -> None:
    good, slip = write("a.json", params()), write("b/params.json", params(solution={"name": "s h", "recipArn": "x"}))
    broken = write("c.json", "{")
    code, out, _ = validate(good, slip, broken)
    assert code == 1
    assert "a.json: no problems" in out and "c.json: 1 problem(s)" in out and "b/params.json: 2 problem(s)" in out
    line, column = map(
        int,
        re.search(
            r"^b/params\.json:(\d+):(\d+): \$\.solution\.recipArn: unknown key\. Did you mean `recipeArn`\?$", out, re.M
        ).groups(),
    )  # type: ignore[union-attr]
    assert Path(slip).read_text().splitlines()[line - 1][column - 1 :].startswith('"recipArn"')


def test_a_fault_of_data_is_told_by_its_own_place(validate: Validate) -> None:
    write("Interactions/i.csv", INTERACTIONS.replace("u7,", ",", 1))
    code, out, _ = validate(write("params.json", params()))
    assert code == 1
    assert "params.json: Interactions/i.csv, line 9" in out
    assert validate("params.json", "--data-checks", "off")[0] == 0


def test_what_a_file_says_is_no_command_to_a_log_or_a_terminal(validate: Validate) -> None:
    hostile = params(solution={"name": "x", "\n::error::a\x1b[2J": 1})
    code, out, _ = validate(write("params.json", hostile))
    assert (code, "\x1b" in out, "\n::error" in out) == (1, False, False)
    assert "::error::a [2J" in out


def test_for_programs(validate: Validate) -> None:
    code, out, err = validate(write("a.json", params()), write("b.json", {}), "missing.json", "--json")
    assert code == 2
    files = json.loads(out)["files"]
    assert [(file["file"], file["verdict"]) for file in files] == [
        ("a.json", "no problems"),
        ("b.json", "rejected"),
        ("missing.json", "unread"),
    ]
    assert files[1]["problemCount"] == 2 and files[2]["error"] in err


@pytest.mark.parametrize("file", ["missing.json", "."])
def test_what_can_not_be_read_is_told_and_the_others_are_checked(validate: Validate, file: str) -> None:
    code, out, err = validate(file, write("a.json", params()))
    assert (code, "a.json: no problems" in out, f"{file}: can't be read" in err) == (2, True, True)


@pytest.mark.parametrize("arguments", [[], ["--data-checks", "some", "x"], ["x", "--what"]])
def test_wrong_usage_ends_with_two(validate: Validate, arguments: list[str]) -> None:
    code, out, err = validate(*arguments)
    assert (code, out, "Usage: personalize-pipeline validate" in err) == (2, "", True)


def test_the_hook_checks_the_files_that_it_names(validate: Validate) -> None:
    """What pre-commit would run (`pre-commit try-repo . validate-params`)."""
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"], hook["types"]) == ("validate-params", "python", ["json"])
    found = re.compile(hook["files"])
    assert all(found.search(name) for name in ("params.json", "team-a/params.json"))
    assert not any(found.search(name) for name in ("xparams.json", "params.json.bak", "package.json"))
    command, *arguments = shlex.split(hook["entry"])
    assert command == "personalize-pipeline"
    assert main([*arguments, write("params.json", params()), write("a/params.json", {})]) == 1


VERBS = ["validate", "plan", "adopt", "runs list", "runs show", "runs watch", "retrain", "teardown", "costs"]


@pytest.mark.parametrize("verb", VERBS)
def test_help_teaches_by_examples_that_are_right(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    assert main([*verb.split(), "--help"]) == 0
    out = capsys.readouterr().out
    assert f"personalize-pipeline {verb}" in out.partition("Usage:")[2].partition("\n")[2]
    assert "--json" in out
