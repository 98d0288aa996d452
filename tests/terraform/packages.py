"""Building the Lambda package as a person would."""

import subprocess
import sys
from pathlib import Path

from local.servers import ROOT

BUILDER = ROOT / "modules/lambda_package/build_package.py"


def build(output: Path, *, runtime: str, architecture: str, source: Path = ROOT / "lambda_src") -> Path:
    """Build a package; raises `BuildFailed` with what the builder says."""
    command = [sys.executable, str(BUILDER), "--source", str(source), "--output", str(output)]
    command += ["--runtime", runtime, "--architecture", architecture]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildFailed(result.stderr)
    return output


class BuildFailed(Exception):
    """What the builder says when it fails."""
