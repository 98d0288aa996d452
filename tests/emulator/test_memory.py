"""Memory stays bounded, however much is imported."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.personalize_emulator import Minimums, Settings, mock_personalize
from local.personalize_emulator.algorithms import interactions, neighbours
from local.personalize_emulator.rows import CACHE_KIB

from .world import World

ROWS = 60_000
STATM = Path("/proc/self/statm")
ROW = "user-{0:07d},item-{1:05d},{2}\n"


class Endless(io.RawIOBase):
    """A CSV file that is made while it is read; `size` counts its bytes."""

    def __init__(self) -> None:
        self._lines = itertools.chain(
            [b"USER_ID,ITEM_ID,TIMESTAMP\n"],
            (ROW.format(n % 5000, n * 7 % 900, 1_700_000_000 + n).encode() for n in range(ROWS)),
        )
        self._rest = b""
        self.size = 0

    def read(self, amount: int = -1) -> bytes:
        while len(self._rest) < amount:
            chunk = b"".join(itertools.islice(self._lines, 1000))
            if not chunk:
                break
            self._rest += chunk
        data, self._rest = self._rest[:amount], self._rest[amount:]
        self.size += len(data)
        return data


class FakeS3:
    """Just enough of S3 for an import of one object."""

    def __init__(self) -> None:
        self.body = Endless()

    def head_object(self, **_: Any) -> dict[str, Any]:
        return {"ContentLength": 0}

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": self.body}

    def get_paginator(self, _: str) -> Any:
        raise AssertionError("one object needs no listing")


def peak_of(work: Callable[[], object]) -> int:
    """Bytes of Python's own and of numpy's at most while something works."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_neither_import_nor_training_holds_the_data_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = FakeS3()
    with mock_personalize(Settings(minimums=Minimums()), s3=lambda _region: s3) as emulator:
        world = World(emulator)
        group = world.group()
        dataset = world.dataset(group)
        solution = world.solution(group)
        importing = peak_of(lambda: world.imported(dataset, location="s3://big/data.csv"))
        assert s3.body.size > 1_800_000
        # Python's own share; SQLite's pages are bounded by its cache, which tracemalloc does not see.
        assert importing < s3.body.size / 2, f"{importing} bytes at most"

        monkeypatch.setattr(neighbours, "CELLS", 10_000)  # a table of constant size, large beside this little data
        world.version(solution)  # the first one imports numpy
        whole = peak_of(lambda: world.version(solution))
        monkeypatch.setattr(interactions, "MOST_ROWS", ROWS // 10)
        bounded = peak_of(lambda: world.version(solution))
        for version in world.api.list_solution_versions(solutionArn=solution)["solutionVersions"]:
            assert version["status"] == "ACTIVE", version
    assert whole < 200 * ROWS, f"{whole} bytes at most"
    assert bounded < whole / 2, f"{bounded} bytes of {whole}"


@pytest.mark.skipif(not STATM.exists(), reason="the system does not tell how much memory a process holds")
def test_rows_beyond_the_cache_lie_on_disk() -> None:
    from local.personalize_emulator.rows import BULK, Column, RowStore

    def rows() -> Iterator[list[str]]:
        for number in range(150_000):
            yield [f"{number:0200d}"]

    store = RowStore()
    store.create("d", [Column("A", "string")], None)
    before = resident()
    staged = store.stage("d", rows(), BULK)
    for _ in staged.read():
        pass
    staged.take_over()
    grown = resident() - before
    assert store.count("d") == 150_000
    assert grown < 3 * CACHE_KIB * 1024, f"{grown} bytes for 30 MB of rows"


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(STATM.read_text().split()[1]) * 4096
