"""Uploads to the input bucket, as `aws s3 sync` and `aws s3 cp` would do them."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LocalError, RunFailed
from .servers import ROOT

EXAMPLE = ROOT / "example"
DATA = EXAMPLE / "data"
PARAMS = EXAMPLE / "params.json"


@dataclass(frozen=True)
class Files:
    """What a run is made of: a params file, a folder of data, and the folder of the bucket that they go to."""

    params: Path
    data: Path
    prefix: str

    @property
    def is_example(self) -> bool:
        return self.params == PARAMS


EXAMPLE_FILES = Files(PARAMS, DATA, "")


def named(params: Path | None, data: Path | None) -> Files:
    """The files that were named, or the example's. Raises `LocalError` where they can't be a run."""
    if params is None and data is None:
        return EXAMPLE_FILES
    if params is None or data is None:
        raise LocalError("Name both: make run PARAMS=my.json DATA=my-data/")
    if not params.is_file():
        raise LocalError(f"There is no params file {params}{'; it is a folder' if params.is_dir() else ''}.")
    if not data.is_dir():
        raise LocalError(f"There is no folder {data}. DATA is the folder that holds Interactions/, Users/, ...")
    if not any(data.rglob("*.csv")):
        raise LocalError(f"There is no CSV file in {data}. DATA is the folder that holds Interactions/, Users/, ...")
    return Files(params, data, "rehearsal/")


def synchronise(s3: Any, bucket: str, files: Files, params_file: str) -> int:
    """Make the bucket's folder hold the data, and nothing else; the number of files.

    A params file among the data is left out: it would start a run of its own.
    """
    keys = {key: file for file, key in _files(files.data, files.prefix) if file.name != params_file}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=files.prefix)
    there = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    for key in there if files.prefix else ():
        if key not in keys and not key.endswith(f"/{params_file}"):
            s3.delete_object(Bucket=bucket, Key=key)
    for key, file in keys.items():
        s3.upload_file(str(file), bucket, key)
    return len(keys)


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
