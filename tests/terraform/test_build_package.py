"""The package of the Lambda function: the same bytes every time, for the processor and Python that are asked for."""

import json
import re
import runpy
import struct
import subprocess
import sys
import zipfile
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import pytest

from local.servers import ROOT
from tests.terraform.conftest import ARCHITECTURE, RUNTIME
from tests.terraform.packages import BUILDER, BuildFailed, build, unpack

MACHINES = {"arm64": 183, "x86_64": 62}  # e_machine in the header of an ELF file
LARGEST = 4_000_000  # bytes
OTHER = next(runtime for runtime in ("python3.13", "python3.12") if runtime != RUNTIME)


@pytest.fixture(scope="module")
def arm64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("arm64") / "pipeline.zip", runtime="python3.13", architecture="arm64")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the Python of these tests, which compiles it."""
    return build(tmp_path_factory.mktemp("own") / "pipeline.zip", runtime=RUNTIME, architecture=ARCHITECTURE)


@pytest.fixture(scope="module")
def unpacked(own: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(own, tmp_path_factory.mktemp("unpacked"))


@pytest.fixture(scope="module")
def x86_64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("x86_64") / "pipeline.zip", runtime="python3.12", architecture="x86_64")


PAGES_ONLY = ("jinja2/", "markupsafe/", "leather/")  # compiled they would be twice as large, and pages can wait


def test_two_builds_give_the_same_bytes(own: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again.zip", runtime=RUNTIME, architecture=ARCHITECTURE)
    assert again.read_bytes() == own.read_bytes()


def test_every_module_is_compiled_whatever_the_time_of_its_source(own: Path) -> None:
    with zipfile.ZipFile(own) as package:
        names = set(package.namelist())
        sources = {name for name in names if name.endswith(".py")}
        sources = {name for name in sources if not name.startswith(PAGES_ONLY)}
        assert {cache_from_source(name) for name in sources} == {name for name in names if name.endswith(".pyc")}
        flags = {struct.unpack_from("<I", package.read(cache_from_source(name)), 4)[0] for name in sources}
        assert flags == {0b01}  # by hash, unchecked (PEP 552)
        assert b"/var/task/pipeline/handler.py" in package.read(cache_from_source("pipeline/handler.py"))


# A shim of pyenv is there for every version that is installed, and runs the chosen one alone.
@pytest.mark.parametrize("script", [None, "exit 127", "echo cpython-27"], ids=["none", "broken", "another"])
def test_without_a_python_of_the_runtime_there_is_no_byte_code(script: str | None, tmp_path: Path) -> None:
    if script:
        python = tmp_path / OTHER
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    package = build(tmp_path / "p.zip", runtime=OTHER, architecture="arm64", path=f"{tmp_path}:/nowhere")
    with zipfile.ZipFile(package) as archive:
        assert [name for name in archive.namelist() if name.endswith(".pyc")] == []


def test_a_python_of_the_runtime_in_path_compiles(tmp_path: Path) -> None:
    """One is pretended, which writes what it was asked to do."""
    tag = OTHER.replace("python3.", "cpython-3")
    python = tmp_path / OTHER
    python.write_text(
        f'#!/bin/sh\nif [ "$1" = -c ]; then echo {tag}; else for last; do :; done; echo "$*" > "$last/asked"; fi\n'
    )
    python.chmod(0o755)
    package = build(tmp_path / "p.zip", runtime=OTHER, architecture="arm64", path=f"{tmp_path}:/usr/bin:/bin")
    with zipfile.ZipFile(package) as archive:
        assert "-m compileall" in archive.read("asked").decode()


def run_in(folder: Path, code: str, **environment: str) -> Any:
    """What a Python that knows nothing but an unpacked package prints, as JSON."""
    path = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    command = [sys.executable, "-I", "-S", "-B", "-c", path + code]
    settings = {"AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    result = subprocess.run(command, env=settings | environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_the_handler_runs_from_the_package_alone(unpacked: Path) -> None:
    code = """
import json
from types import SimpleNamespace
from pipeline import clients
from pipeline.handler import ACTIONS, lambda_handler
context = SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="r"
)
try:
    lambda_handler({"action": "plan"}, context)
except Exception as error:
    outcome = str(error)
made = [make().meta.service_model.service_name for make in (
    clients.personalize, clients.s3, clients.sns, clients.stepfunctions, clients.scheduler)]
from pipeline.params.document import parse, schema_problems
what = [problem.where for problem in schema_problems(parse(b'{"nonsense": 1}')[0])]
print(json.dumps([outcome, made, what]))
"""
    outcome, made, what = run_in(unpacked, code)
    assert outcome == "plan: KeyError: 'execution'"
    assert made == ["personalize", "s3", "sns", "stepfunctions", "scheduler"]
    assert "$.nonsense" in what


def test_importing_the_handler_loads_from_byte_code_and_only_what_every_action_needs(unpacked: Path) -> None:
    code = """
import json, os, pipeline.handler
files = [m.__cached__ for m in sys.modules.values() if getattr(m, "__file__", "").startswith(sys.path[0])]
print(json.dumps([sorted(sys.modules), [file for file in files if not os.path.exists(file)]]))
"""
    loaded, uncompiled = run_in(unpacked, code)
    only_plans = ("jsonschema", "referencing", "rpds", "attr", "pipeline.planning", "boto3", "s3transfer")
    assert [name for name in loaded if name.startswith(only_plans)] == []
    assert uncompiled == []


def test_the_version_of_the_code_follows_what_is_packed(tmp_path: Path) -> None:
    source_hash = runpy.run_path(str(BUILDER))["source_hash"]
    contents = copy_of_sources(tmp_path)
    requirements = contents / "requirements.txt"

    def version(runtime: str = "python3.13", architecture: str = "arm64") -> str:
        return str(source_hash(contents, requirements, runtime, architecture))

    seen = [version(), version(runtime="python3.12"), version(architecture="x86_64")]
    (contents / "pipeline" / "table.json").write_text("{}")
    seen.append(version())
    (contents / "pipeline" / "table.json").write_text("[]")
    seen.append(version())
    requirements.write_text("")
    seen.append(version())
    assert len(set(seen)) == len(seen)
    (contents / "pipeline" / "__init__.pyc").write_text("")
    assert version() == seen[-1]


@pytest.mark.parametrize(("architecture", "tag"), [("arm64", "cpython-313"), ("x86_64", "cpython-312")])
def test_wheels_are_of_the_platform_asked_for(architecture: str, tag: str, request: pytest.FixtureRequest) -> None:
    with zipfile.ZipFile(request.getfixturevalue(architecture)) as package:
        libraries = [name for name in package.namelist() if name.endswith(".so")]
        machines = {struct.unpack_from("<H", package.read(name), 18)[0] for name in libraries}
    assert libraries
    assert all(tag in name for name in libraries)
    assert machines == {MACHINES[architecture]}


def test_the_package_holds_all_sources_and_nothing_that_comes_and_goes(arm64: Path) -> None:
    with zipfile.ZipFile(arm64) as package:
        names = package.namelist()
    sources = {
        path.relative_to(ROOT / "lambda_src").as_posix() for path in (ROOT / "lambda_src").rglob("pipeline/**/*.py")
    }
    assert sources <= set(names)
    assert "pipeline/params/params.schema.json" in names
    assert [name for name in names if re.search(r"/RECORD$|/INSTALLER$|^bin/|^\w+/tests/", name)] == []


def test_the_package_describes_every_service_that_is_called(arm64: Path) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lambda_src/pipeline").rglob("*.py"))
    called = set(re.findall(r'\b_client\("([\w-]+)"', sources))
    with zipfile.ZipFile(arm64) as package:
        described = {name.split("/")[2] for name in package.namelist() if name.startswith("botocore/data/")}
    assert called
    assert called <= described
    # A client made in any other way would slip through the above.
    assert re.findall(r"^import boto3|botocore\.session\.\w+\(", sources, re.MULTILINE) == ["botocore.session.Session("]
    assert len(re.findall(r"create_client\(", sources)) == 1
    assert len(re.findall(r"\b_client\(", sources)) == len(re.findall(r'\b_client\("', sources)) + 1


def test_the_package_is_small(own: Path, arm64: Path, x86_64: Path) -> None:
    assert max(package.stat().st_size for package in (own, arm64, x86_64)) <= LARGEST


def test_a_requirement_with_another_hash_is_refused(tmp_path: Path) -> None:
    source = copy_of_sources(tmp_path)
    text = (source / "requirements.txt").read_text()
    (source / "requirements.txt").write_text(re.sub(r"sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, text))
    output = tmp_path / "out" / "pipeline.zip"
    with pytest.raises(BuildFailed) as failure:
        build(output, runtime="python3.13", architecture="arm64", source=source)
    assert "can not be built" in str(failure.value)
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in str(failure.value)
    assert "lambda_package" in str(failure.value)
    assert list(output.parent.iterdir()) == []


def test_a_requirement_under_a_condition_is_refused(tmp_path: Path) -> None:
    source = copy_of_sources(tmp_path)
    with (source / "requirements.txt").open("a") as file:
        file.write('six==1.17.0 ; python_version < "3.12"\n')
    with pytest.raises(BuildFailed, match='six==1.17.0 ; python_version < "3.12"'):
        build(tmp_path / "pipeline.zip", runtime="python3.13", architecture="arm64", source=source)


def test_the_builder_reads_on_the_oldest_python_promised() -> None:
    compile(BUILDER.read_text(encoding="utf-8"), str(BUILDER), "exec", dont_inherit=True)
    import ast

    ast.parse(BUILDER.read_text(encoding="utf-8"), feature_version=(3, 9))


def copy_of_sources(folder: Path) -> Path:
    """Requirements to be spoilt, and as little code as can be."""
    source = folder / "lambda_src"
    (source / "pipeline").mkdir(parents=True)
    (source / "pipeline" / "__init__.py").touch()
    (source / "requirements.txt").write_text((ROOT / "lambda_src/requirements.txt").read_text())
    return source
