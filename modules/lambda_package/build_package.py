"""Builds the zip of the Lambda function: `lambda_src/pipeline` and the packages it needs.

Terraform runs it while applying, with whatever Python (3.9 or newer, with pip) the machine has. By hand, for
a package to be given to the module's variable `lambda_package`:

    python3 modules/lambda_package/build_package.py --source lambda_src --output pipeline.zip

The packages are wheels for the function's own runtime and processor, not for this machine's, and pip holds
each against its hash in requirements.txt. Where a Python of the runtime's own version is found, it compiles all to
byte code, which the function would do anew at each cold start. The same sources give the same bytes at any time on one
machine; elsewhere zlib's version, and whether and which Python compiled, may make others.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

PLATFORMS = {"arm64": "manylinux2014_aarch64", "x86_64": "manylinux2014_x86_64"}

# botocore describes more than 400 services, which makes nine tenths of its size. Kept are those that the
# function calls, and sts for signing in; a test finds a call of any other.
BOTOCORE_SERVICES = {"personalize", "personalize-runtime", "s3", "scheduler", "sns", "stepfunctions", "sts"}

# What of the pipeline is packed, as main.tf hashes it.
SOURCES = {".py", ".json", ".jinja", ".css"}

VERSION_LENGTH = 12  # hexadecimal digits that tell one version of the code from another

# Written by pip about itself and this machine.
INSTALLER_NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}

# Of packages: what only their own developers run.
TESTS = ("tests", "benchmarks")

# Time zones, of which botocore reads none: the function's are those of its operating system.
ZONES = "dateutil/zoneinfo/*.tar.gz"

# What only pages need has no byte code: it would double, and they are made beside work that takes minutes.
PAGES_ONLY = r"/(jinja2|markupsafe|leather)/"

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


class BuildError(Exception):
    """The package can't be built; the message says what to do."""


def main() -> None:
    arguments = parse_arguments()
    try:
        compiler = build(arguments.source, arguments.runtime, arguments.architecture, arguments.output)
    except BuildError as error:
        stop(str(error))
    print(f"Built {arguments.output} ({arguments.output.stat().st_size / 1e6:.1f} MB)")
    if compiler is None:
        print(
            "Without byte code, so cold starts take twice as long: this Python is of another version than the "
            f"function's, and no {arguments.runtime} was found in PATH."
        )


def build(source: Path, runtime: str, architecture: str, output: Path) -> "str | None":
    """Write the package of what `source` holds to `output`, which at any moment is either old or whole.

    Returns the Python that compiled it, if one was found.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=output.parent) as scratch:
        contents = Path(scratch, "contents")
        install_requirements(source / "requirements.txt", runtime, architecture, contents)
        drop_what_is_not_needed(contents)
        shutil.copytree(source / "pipeline", contents / "pipeline", ignore=is_not_source)
        version = source_hash(contents, source / "requirements.txt", runtime, architecture)[:VERSION_LENGTH]
        (contents / "pipeline" / "version.json").write_text(json.dumps({"version": version}), encoding="utf-8")
        compiler = python_of(runtime)
        if compiler:
            compile_all(contents, compiler, runtime)
        package = Path(scratch, "package.zip")
        write_zip(contents, package)
        package.replace(output)
    return compiler


def install_requirements(requirements: Path, runtime: str, architecture: str, target: Path) -> None:
    """Have pip unpack the wheels of `requirements` for a Lambda runtime into `target`."""
    # pip would judge `; python_version < "3.13"` by this interpreter, not by the function's.
    conditional = [line for line in requirements.read_text(encoding="utf-8").splitlines() if ";" in line]
    if conditional:
        raise BuildError(
            f"{requirements} has a condition, which pip can't judge for another interpreter than its own:\n"
            f"{conditional[0].strip()}\nCompile the file so that every line holds for every runtime."
        )

    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--target", str(target), "--no-compile", "--require-hashes", "--no-deps"]
    command += ["--implementation", "cp", "--python-version", runtime.replace("python", "", 1)]
    command += ["--platform", PLATFORMS[architecture], "--only-binary", ":all:"]
    command += ["--requirement", str(requirements)]
    # Older pips hold the packages against this interpreter. Locked for the oldest runtime, they fit.
    command += ["--ignore-requires-python"]
    # A personal setting of PIP_USER can't be combined with --target.
    environment = {**os.environ, "PIP_USER": "0"}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return
    if "No module named pip" in result.stderr:
        raise BuildError(
            f"{sys.executable} has no pip. Get it by `python3 -m ensurepip`, or as the package python3-pip."
        )
    raise BuildError(
        f"pip could not get the packages of {requirements} for {runtime} on {architecture}:\n"
        f"{result.stderr.strip()}\n"
        "Is the package index in reach? pip finds mirrors and proxies in its settings (`pip config list`)."
    )


def drop_what_is_not_needed(contents: Path) -> None:
    """Remove pip's notes and commands, tests, and botocore's examples and descriptions of services never called."""
    shutil.rmtree(contents / "bin", ignore_errors=True)
    for name in TESTS:
        for folder in contents.glob(f"*/{name}"):
            shutil.rmtree(folder)
    for notes in contents.glob("*.dist-info/*"):
        if notes.name in INSTALLER_NOTES:
            notes.unlink()
    for zones in contents.glob(ZONES):
        zones.unlink()
    for service in (contents / "botocore" / "data").glob("*/"):
        if service.is_dir() and service.name not in BOTOCORE_SERVICES:
            shutil.rmtree(service)
    for examples in contents.glob("botocore/data/*/*/examples-1.json*"):
        examples.unlink()


def is_not_source(_folder: str, names: list[str]) -> set[str]:
    """Of the names in a folder, those of files that main.tf doesn't hash as sources, and of compiled ones."""
    return {name for name in names if name == "__pycache__" or (Path(name).suffix and Path(name).suffix not in SOURCES)}


def source_hash(contents: Path, requirements: Path, runtime: str, architecture: str) -> str:
    """The hash of what is packed, as main.tf makes it of the sources: it names the zip, and is the code's version."""

    def digest(file: Path) -> str:
        return hashlib.sha256(file.read_bytes()).hexdigest()

    sources = sorted(
        file.relative_to(contents).as_posix() for file in files_in(contents / "pipeline") if file.suffix in SOURCES
    )
    lines = [f"{file} {digest(contents / file)}" for file in sources]
    lines += [digest(requirements), digest(Path(__file__)), runtime, architecture]
    return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def python_of(runtime: str) -> "str | None":
    """A Python whose byte code a Lambda runtime takes: this one, or one in PATH, if it is of the runtime's version."""
    tag = "cpython-" + runtime.replace("python", "", 1).replace(".", "")
    for python in (sys.executable, shutil.which(runtime)):
        if python:
            command = [python, "-c", "import sys; print(sys.implementation.cache_tag)"]
            result = subprocess.run(command, env=choosing(runtime), capture_output=True, text=True, check=False)
            if result.returncode == 0 and result.stdout.strip() == tag:
                return python
    return None


def choosing(runtime: str) -> "dict[str, str]":
    """The environment in which pyenv's python3.13 runs a 3.13 also where another version is chosen."""
    return {**os.environ, "PYENV_VERSION": runtime.replace("python", "", 1)}


def compile_all(contents: Path, python: str, runtime: str) -> None:
    """Put byte code beside every module."""
    command = [python, "-m", "compileall", "-q", "-s", str(contents), "-p", "/var/task"]
    # By the time of a module, Python would take the byte code for stale; hashing each would take time.
    command += ["-x", PAGES_ONLY, "--invalidation-mode", "unchecked-hash", str(contents)]
    environment = {**choosing(runtime), "PYTHONHASHSEED": "0", "PYTHONOPTIMIZE": ""}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(f"{python} could not compile the code:\n{(result.stdout + result.stderr).strip()}")


def write_zip(contents: Path, package: Path) -> None:
    """Pack a folder so that the bytes depend on nothing but its files' names and contents."""
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(files_in(contents), key=lambda file: file.relative_to(contents).as_posix()):
            entry = zipfile.ZipInfo(file.relative_to(contents).as_posix(), EPOCH)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def files_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Build the zip of the Lambda function.")
    parser.add_argument("--source", type=Path, required=True, help="folder of requirements.txt and pipeline/")
    parser.add_argument("--runtime", default="python3.13", help="Lambda runtime (default: %(default)s)")
    parser.add_argument("--architecture", choices=sorted(PLATFORMS), default="arm64", help="(default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="the zip to write")
    return parser.parse_args()


def stop(message: str) -> NoReturn:
    sys.exit(
        f"The Lambda package can not be built.\n{message}\n"
        "Or set the module's variable lambda_package to a package built elsewhere."
    )


if __name__ == "__main__":
    main()
