"""The command as a package: built from this repository, installed beside nothing of it, and used from outside.

It is installed without its dependencies, into an environment that borrows them from the one that runs the tests; so
nothing is downloaded. `pyproject.toml` is held against the locked versions.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.wheels import installed

from .conftest import params
from .test_rooms import imported

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SOURCES = ROOT / "lambda_src"


def run(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """Run without anything of this environment's in the way; its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))}
    environment |= {"NO_COLOR": "1", "COLUMNS": "100", "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(cwd)}
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel, made of a copy, so that nothing is left in the tree."""
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    for name in ("lambda_src", "docs"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    run(sys.executable, "-c", "from setuptools import build_meta as b; b.build_wheel('..')", cwd=source)
    return folder


@pytest.fixture(scope="module")
def command(built: Path) -> Path:
    """The installed command."""
    return installed(built, run).parent / "personalize-pipeline"


def test_wheel_has_all_modules_and_what_they_read(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        path.relative_to(SOURCES).as_posix()
        for package in ("pipeline", "pipeline_cli")
        for path in (SOURCES / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.name != "version.json"
    }
    assert names - {"pipeline/version.json"} == wanted
    assert wheel.stat().st_size < 1_000_000


def test_it_is_used_from_outside(command: Path, built: Path) -> None:
    assert run(command, "--version", cwd=built) == f"personalize-pipeline {PROJECT['version']}\n"
    (built / "params.json").write_text(json.dumps(params()))
    assert "params.json: no problems" in run(command, "validate", "params.json", cwd=built)
    assert "no problems that can be seen without AWS" in run(command, "plan", "params.json", cwd=built)
    for verb in (["adopt", "x"], ["runs", "list"], ["runs", "show"], ["runs", "watch"], ["retrain"], ["costs"]):
        told = run(command, *verb, cwd=built, code=2)
        assert re.search(r"no AWS (credentials were found|region is set)", told), told


def test_a_shell_completes_it(command: Path, built: Path) -> None:
    # It asks of the shell it was started by, which need not be the one that tests are started by.
    assert "complete -o default" in run("bash", "-c", f"'{command}' --show-completion && true", cwd=built)
    asked = "_PERSONALIZE_PIPELINE_COMPLETE=complete_bash"
    told = run("env", asked, "COMP_WORDS=personalize-pipeline runs ", "COMP_CWORD=2", command, cwd=built)
    assert told.split() == ["list", "show", "watch"]


@pytest.mark.parametrize("requirement", PROJECT["dependencies"])
def test_locked_versions_are_within_the_ranges(requirement: str) -> None:
    asked = Requirement(requirement)
    assert metadata.version(asked.name) in asked.specifier
    assert str(asked.specifier).count("<") == 1, "the next major version is not promised"


def test_what_is_imported_is_required() -> None:
    """Of packages that are not Python's own; botocore comes with boto3."""
    files = [path for package in ("pipeline", "pipeline_cli") for path in (SOURCES / package).rglob("*.py")]
    found = {name.partition(".")[0] for path in files for name in imported(path)}
    foreign = found - set(sys.stdlib_module_names) - {"pipeline", "pipeline_cli", "botocore", ""}
    stubs = {name for name in foreign if name.startswith("mypy_boto3")}
    assert foreign - stubs <= {Requirement(one).name for one in PROJECT["dependencies"]}
