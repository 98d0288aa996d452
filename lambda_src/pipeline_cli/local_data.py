"""Data beside a params file on this machine, in the form in which the Lambda function's checks read a bucket's."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipeline.data.folders import CHUNK, DataFile, DataFolder, candidates


class LocalFolder(DataFolder):
    """A folder or file of data; `bucket` is the path of what it lies in."""

    longest_location = math.inf

    @property
    def location(self) -> str:
        """Its path."""
        return str(Path(self.bucket, self.prefix))

    def read(self, file: DataFile, begin: int, end: int) -> Iterator[bytes]:
        """The bytes of one of the files from `begin` up to `end`, or to the file's end, in chunks of `CHUNK`."""
        with Path(self.bucket, file.key).open("rb") as opened:
            opened.seek(begin)
            while begin < end and (chunk := opened.read(min(CHUNK, end - begin))):
                begin += len(chunk)
                yield chunk


def find(home: Path, dataset_type: str) -> LocalFolder | None:
    """The dataset's files in `home`, by the rules for a bucket, or None where there is nothing of its name."""
    found = [_folder(home, name) for name in candidates(names_in(home), "", dataset_type)]
    if not found:
        return None
    holding = [folder for folder in found if folder.files]
    return replace(holding[0], passed_over=tuple(one.prefix for one in holding[1:])) if holding else found[0]


def _folder(home: Path, name: str) -> LocalFolder:
    paths = sorted(Path(home, name).iterdir()) if name.endswith("/") else [Path(home, name)]
    files = (DataFile(path.relative_to(home).as_posix(), path.stat().st_size, "") for path in paths if path.is_file())
    inner = tuple(f"{path.relative_to(home).as_posix()}/" for path in paths if path.is_dir())
    return LocalFolder(str(home), name, tuple(file for file in files if file.size), inner)


def names_in(home: Path) -> list[str]:
    """What lies beside a params file; folders end with a slash."""
    return [f"{path.name}/" if path.is_dir() else path.name for path in sorted(home.iterdir())]
