"""Uploads to the input bucket, as `aws s3 sync` and `aws s3 cp` would do them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import RunFailed
from .servers import ROOT

EXAMPLE = ROOT / "example"
DATA = EXAMPLE / "data"
PARAMS = EXAMPLE / "params.json"


def generate_example() -> None:
    """Make the example's data. Raises `RunFailed`."""
    made = subprocess.run([sys.executable, EXAMPLE / "generate_data.py"], cwd=ROOT, capture_output=True, text=True)
    if made.returncode:
        raise RunFailed(f"example/generate_data.py failed:\n\n{made.stderr.strip()}")


def upload(s3: Any, bucket: str, path: Path, key: str | None = None) -> list[str]:
    """Upload a file, or everything in a folder; the keys. Raises `RunFailed` if there is nothing there."""
    uploaded = []
    for file, name in _files(path, key):
        s3.upload_file(str(file), bucket, name)
        uploaded.append(name)
    if not uploaded:
        raise RunFailed(f"There is nothing to upload at {path}.")
    return uploaded


def _files(path: Path, key: str | None) -> Iterator[tuple[Path, str]]:
    """Each file with its key: of a folder, `key` is the prefix."""
    if path.is_file():
        yield path, key or path.name
    prefix = f"{key.rstrip('/')}/" if key else ""
    for file in sorted(path.rglob("*")) if path.is_dir() else ():
        if file.is_file() and not file.name.startswith("."):
            yield file, prefix + file.relative_to(path).as_posix()
