"""Section `package`: the Lambda package's size, how long it takes to build, and what importing the handler costs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from local.servers import ROOT

from .tables import say, table

BUILDER = ROOT / "modules" / "lambda_package" / "build_package.py"
SOURCE = ROOT / "lambda_src"
IMPORTS = 7


def section() -> None:
    """Print it."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder, "package.zip")
        began = time.monotonic()
        _run([sys.executable, str(BUILDER), "--source", str(SOURCE), "--output", str(package)])
        seconds = time.monotonic() - began
        with zipfile.ZipFile(package) as archive:
            files = archive.infolist()
            own = sum(file.file_size for file in files if file.filename.startswith("pipeline/"))
        size = package.stat().st_size
    imports = [_import() for _ in range(IMPORTS)]
    table(
        "The Lambda package",
        ("figure", "value"),
        (
            ("size, stored (MB)", f"{size / 1e6:.1f}"),
            ("of which the pipeline's own code (MB)", f"{own / 1e6:.2f}"),
            ("files", f"{len(files):,}"),
            ("building it, packages fetched or from pip's cache (s)", f"{seconds:.1f}"),
            (f"cold import of the handler: user+sys, median of {IMPORTS} (s)", f"{statistics.median(imports):.2f}"),
            ("least, most (s)", f"{min(imports):.2f}, {max(imports):.2f}"),
        ),
    )
    say("")


def _import() -> float:
    """Processor seconds of a new interpreter that imports the handler, with its compiled files at hand."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run([sys.executable, "-c", "import pipeline.handler"], POWERTOOLS_SERVICE_NAME="figures")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _run(command: list[str], **environment: str) -> None:
    path = {"PYTHONPATH": str(SOURCE), "AWS_DEFAULT_REGION": "eu-west-1"}
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, **path, **environment})
