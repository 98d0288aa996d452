"""Builds the zip of the Lambda function: `lambda_src/pipeline` and the packages it needs.

Terraform runs it while applying, with whatever Python (3.9 or newer, with pip) the machine has. By hand, for
a package to be given to the module's variable `lambda_package`:

    python3 modules/lambda_package/build_package.py --source lambda_src --output pipeline.zip

The packages are wheels for the function's own runtime and processor, not for this machine's, and pip holds
each against its hash in requirements.txt. The same sources give the same bytes, anywhere and
at any time.
"""

import argparse
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
BOTOCORE_SERVICES = {"personalize", "s3", "scheduler", "sns", "sqs", "stepfunctions", "sts"}

# Written by pip about itself and this machine.
INSTALLER_NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold


class BuildError(Exception):
    """The package can't be built; the message says what to do."""


def main() -> None:
    arguments = parse_arguments()
    try:
        build(arguments.source, arguments.runtime, arguments.architecture, arguments.output)
    except BuildError as error:
        stop(str(error))
    print(f"Built {arguments.output} ({arguments.output.stat().st_size / 1e6:.1f} MB)")


def build(source: Path, runtime: str, architecture: str, output: Path) -> None:
    """Write the package of what `source` holds to `output`, which at any moment is either old or whole."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=output.parent) as scratch:
        contents = Path(scratch, "contents")
        install_requirements(source / "requirements.txt", runtime, architecture, contents)
        drop_what_is_not_needed(contents)
        shutil.copytree(source / "pipeline", contents / "pipeline", ignore=is_not_source)
        package = Path(scratch, "package.zip")
        write_zip(contents, package)
        package.replace(output)


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
    """Remove pip's notes and commands, and the descriptions of AWS services that are never called."""
    shutil.rmtree(contents / "bin", ignore_errors=True)
    for notes in contents.glob("*.dist-info/*"):
        if notes.name in INSTALLER_NOTES:
            notes.unlink()
    for service in (contents / "botocore" / "data").glob("*/"):
        if service.is_dir() and service.name not in BOTOCORE_SERVICES:
            shutil.rmtree(service)


def is_not_source(_folder: str, names: list[str]) -> set[str]:
    """Of the names in a folder, those of files that main.tf doesn't hash as sources, and of compiled ones."""
    return {
        name
        for name in names
        if name == "__pycache__" or (Path(name).suffix and Path(name).suffix not in {".py", ".json"})
    }


def write_zip(contents: Path, package: Path) -> None:
    """Pack a folder so that the bytes depend on nothing but its files' names and contents."""
    # Stored, not deflated: what zlib makes of the same bytes differs between its versions.
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(files_in(contents), key=lambda file: file.relative_to(contents).as_posix()):
            entry = zipfile.ZipInfo(file.relative_to(contents).as_posix(), EPOCH)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes())


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
