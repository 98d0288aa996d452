"""The package as it is given away: built, installed in an environment of its own, and used from outside this tree.

The environment is new and empty, but for a .pth file that lends it what the package depends on (moto, boto3, lark,
pytest) from the environment that runs this test; so nothing is downloaded. This tree is not on its path, and the
package is not installed where it lends from: what is imported can only come from the wheel.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import local.personalize_emulator as package
from tests.wheels import installed

SOURCE = Path(package.__file__).parent
PROJECT = Path(__file__).parent / "sample_project"
#: What lies in the source directory besides the package.
NOT_INSTALLED = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")


def run(*command: str | Path, cwd: Path) -> str:
    """Run without anything of this environment's in the way; returns the output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "AWS_", "PYTEST_", "COV_"))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the lent plugins are none of the project's
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, made of a copy, so that nothing is left in the tree."""
    folder = tmp_path_factory.mktemp("built")
    source = shutil.copytree(SOURCE, folder / "source", ignore=NOT_INSTALLED)
    build = "from setuptools import build_meta as b; b.build_wheel('..'); b.build_sdist('..')"
    run(sys.executable, "-c", build, cwd=source)
    return folder


@pytest.fixture(scope="module")
def python(built: Path) -> Path:
    """The interpreter of an environment that has the wheel installed."""
    return installed(built, run)


def modules() -> set[str]:
    return {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if "build" not in path.parts}


def test_wheel_has_all_that_it_needs(built: Path) -> None:
    (wheel,) = built.glob(f"personalize_emulator-{package.__version__}-py3-none-any.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {name.removeprefix("personalize_emulator/") for name in names}
    assert modules() | {"py.typed", "reference.json", "filter_expression.lark"} <= inside
    metadata = f"personalize_emulator-{package.__version__}.dist-info"
    assert f"{metadata}/licenses/LICENSE" in names
    text = zipfile.ZipFile(wheel).read(f"{metadata}/METADATA").decode()
    assert "License-Expression: Apache-2.0" in text
    assert "## Five minutes" in text


def test_source_distribution_has_the_docs_too(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    pages = {str(path.relative_to(SOURCE)) for path in SOURCE.glob("docs/*.md")}
    assert modules() | pages | {"README.md", "CHANGELOG.md", "LICENSE", "Dockerfile", "py.typed"} <= names


def test_licence_is_that_of_the_repository() -> None:
    assert (SOURCE / "LICENSE").read_bytes() == (SOURCE.parents[1] / "LICENSE").read_bytes()


def test_every_version_is_the_same_one(python: Path, built: Path) -> None:
    told = run(python.parent / "personalize-emulator", "--version", cwd=built)
    assert told == f"personalize-emulator {package.__version__}\n"
    ask = "import importlib.metadata as m, personalize_emulator as p; print(m.version(p.__name__), p.__file__)"
    version, path = run(python, "-c", ask, cwd=built).split()
    assert version == package.__version__
    assert path.startswith(str(built)), "not from this tree"


def test_examples_of_the_docs_run_from_the_wheel(python: Path, built: Path) -> None:
    """Each `python` block of README and docs is a file of its own: tests for pytest, the others to be run."""
    folder = built / "examples"
    folder.mkdir()
    tests, programs = [], []
    for page in [SOURCE / "README.md", *sorted(SOURCE.glob("docs/*.md"))]:
        for number, text in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)):
            path = folder / f"test_{page.stem.lower()}_{number}.py"
            path.write_text(text, encoding="utf-8")
            (tests if re.search(r"^(def|class) test_?|^class Test", text, re.M) else programs).append(path)
    assert len(programs) == 1 and len(tests) >= 3
    told = run(python, *programs, cwd=folder)
    assert re.search(r"imported after \d+ emulated minutes\n\{.*'coverage'.*\}\n\['item-\d+'(, 'item-\d+'){4}\]", told)
    run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, cwd=folder)


def test_a_project_uses_it_from_outside(python: Path, built: Path) -> None:
    project = shutil.copytree(PROJECT, built / "project", ignore=shutil.ignore_patterns("__pycache__"))
    told = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert re.search(r"^6 passed in ", told, re.M), told
