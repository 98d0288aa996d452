"""Section `package`: the Lambda package's size, how long it takes to build, and what importing the handler costs.

Measured is the built zip, unpacked, alone in the path of the Python that builds it.
"""

from __future__ import annotations

import platform
import resource
import runpy
import shutil
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
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
IMPORTS = 7
# The most that is wanted.
MEGABYTES = 4.0
SECONDS = {"with byte code": 0.2, "without byte code": 0.35}


def section() -> None:
    """Print it."""
    with tempfile.TemporaryDirectory() as scratch:
        package, bare = Path(scratch, "package.zip"), Path(scratch, "bare.zip")
        began = time.monotonic()
        _run([sys.executable, str(BUILDER), *_arguments(package)])
        seconds = time.monotonic() - began
        folders = {what: Path(scratch, what) for what in SECONDS}
        compiled, sources = folders.values()
        with zipfile.ZipFile(package) as archive:
            archive.extractall(compiled)
        shutil.copytree(compiled, sources, ignore=shutil.ignore_patterns("__pycache__"))
        runpy.run_path(str(BUILDER))["write_zip"](sources, bare)
        sizes = {what: zipped.stat().st_size / 1e6 for what, zipped in zip(folders, (package, bare), strict=True)}
        files = {what: sum(path.is_file() for path in folder.rglob("*")) for what, folder in folders.items()}
        own = sum(path.stat().st_size for path in sources.glob("pipeline/**/*") if path.is_file()) / 1e6
        # In turn, so that what else the machine does is spread over both.
        rounds = [{what: _import(folder) for what, folder in folders.items()} for _ in range(IMPORTS)]
    rows = [
        (f"zip, {what}: MB", f"{size:.1f}", f"{size / MEGABYTES:.0%} of {MEGABYTES:.0f}")
        for what, size in sizes.items()
    ]
    rows += [(f"files, {what}", f"{count:,}", "") for what, count in files.items()]
    rows += [
        ("of which the pipeline's own, not compressed: MB", f"{own:.2f}", ""),
        ("building it, packages fetched or from pip's cache: s", f"{seconds:.1f}", ""),
    ]
    for what, most in SECONDS.items():
        imports = [measured[what] for measured in rounds]
        least, middle = min(imports), statistics.median(imports)
        spread = f"{middle:.3f} ({least:.3f} to {max(imports):.3f})"
        rows.append((f"cold import, {what}: s", spread, f"{middle / most:.0%} ({least / most:.0%}) of {most}"))
    table(f"The Lambda package, for {RUNTIME}", ("figure", "value", "of the most that is wanted"), tuple(rows))
    say(
        f"Cold import: user and system time of a core for a new {RUNTIME} that imports pipeline.handler; the median of "
        f"{IMPORTS}, the least and the most."
    )
    say("")


def _arguments(package: Path) -> list[str]:
    what = {"source": SOURCE, "output": package, "runtime": RUNTIME, "architecture": ARCHITECTURE}
    return [part for name, value in what.items() for part in (f"--{name}", str(value))]


def _import(folder: Path) -> float:
    """Processor seconds of a new interpreter that imports the handler, and knows nothing but that folder."""
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import pipeline.handler"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run([sys.executable, "-I", "-S", "-B", "-c", code])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
