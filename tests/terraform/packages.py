"""Building the Lambda package as a person would."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from local.servers import ROOT

BUILDER = ROOT / "modules/lambda_package/build_package.py"


def build(
    output: Path, *, runtime: str, architecture: str, source: Path = ROOT / "lambda_src", path: str | None = None
) -> Path:
    """Build a package, with `path` for PATH; raises `BuildFailed` with what the builder says."""
    command = [sys.executable, str(BUILDER), "--source", str(source), "--output", str(output)]
    command += ["--runtime", runtime, "--architecture", architecture]
    environment = os.environ | ({"PATH": path} if path is not None else {})
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildFailed(result.stderr)
    return output


def unpack(package: Path, folder: Path) -> Path:
    """The folder, with what Lambda would unpack."""
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


class BuildFailed(Exception):
    """What the builder says when it fails."""
