"""Data beside a params file on this machine, in the form in which the Lambda function's checks read a bucket's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipeline.data.folders import CHUNK, DataFile, DataFolder, candidates, choose


class LocalFolder(DataFolder):
    """A folder or file of data; `bucket` is the path of what it lies in."""

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
    """The dataset's files in `home`, by the rules for a bucket, or None where there are none."""
    names = names_in(home)
    name = choose(names, "", dataset_type)
    if name is None:
        return None
    paths = sorted(Path(home, name).iterdir()) if name.endswith("/") else [Path(home, name)]
    files = (DataFile(path.relative_to(home).as_posix(), path.stat().st_size, "") for path in paths if path.is_file())
    found = tuple(file for file in files if file.size)
    inner = tuple(f"{path.relative_to(home).as_posix()}/" for path in paths if path.is_dir())
    others = tuple(other for other in candidates(names, "", dataset_type) if other != name)
    return LocalFolder(str(home), name, found, inner, others) if found else None


def names_in(home: Path) -> list[str]:
    """What lies beside a params file; folders end with a slash."""
    return [f"{path.name}/" if path.is_dir() else path.name for path in sorted(home.iterdir())]
