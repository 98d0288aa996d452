"""The package of the Lambda function: the same bytes every time, for the processor and Python that are asked for."""

import re
import struct
import zipfile
from pathlib import Path

import pytest

from local.servers import ROOT
from tests.terraform.packages import BUILDER, BuildFailed, build

MACHINES = {"arm64": 183, "x86_64": 62}  # e_machine in the header of an ELF file


@pytest.fixture(scope="module")
def arm64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("arm64") / "pipeline.zip", runtime="python3.13", architecture="arm64")


@pytest.fixture(scope="module")
def x86_64(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("x86_64") / "pipeline.zip", runtime="python3.12", architecture="x86_64")


def test_two_builds_give_the_same_bytes(arm64: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "again.zip", runtime="python3.13", architecture="arm64")
    assert again.read_bytes() == arm64.read_bytes()


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
    assert [name for name in names if re.search(r"__pycache__|\.pyc$|/RECORD$|/INSTALLER$|^bin/", name)] == []


def test_the_package_describes_every_service_that_is_called(arm64: Path) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "lambda_src/pipeline").rglob("*.py"))
    called = set(re.findall(r'\.client\("([\w-]+)"', sources))
    with zipfile.ZipFile(arm64) as package:
        described = {name.split("/")[2] for name in package.namelist() if name.startswith("botocore/data/")}
    assert called
    assert called <= described
    # A client made in any other way would slip through the above.
    assert set(re.findall(r"\bboto3\.\w+", sources)) == {"boto3.Session"}
    assert len(re.findall(r"\.client\(", sources)) == len(re.findall(r'\.client\("', sources))


def test_the_package_is_small_enough_to_be_uploaded_directly(arm64: Path) -> None:
    assert arm64.stat().st_size < 50_000_000  # Lambda's limit


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
