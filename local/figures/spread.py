"""Runs of the local stack whose data is more than one call reads; the function's processes share this machine."""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .interactions import FAULT, write
from .readers import SCHEMA
from .tables import table

PATIENCE = 1200  # seconds
MEGABYTES, FILES, MANY_FILES = 2000, 10, 10_000


def section() -> None:
    """Print it."""
    stack: Any = importlib.import_module("tests.e2e.stack")
    rows = []
    with tempfile.TemporaryDirectory() as scratch, stack.bring_up(Path(scratch)) as up:
        one_of_few = write(Path(scratch) / "interactions.csv", MEGABYTES * 1_000_000 // FILES).read_bytes()
        for what, files in (
            (f"{MEGABYTES:,} MB in {FILES} files", _copies(one_of_few)),
            (f"{MANY_FILES:,} files", _pieces(one_of_few)),
        ):
            with up.pipeline("shop", "spread/") as shop:
                _upload(shop, files)
                rows += [(what, *_run(shop)), (f"{what}, again", *_run(shop))]
    table("Spread, from the upload to the mail", ("data", "seconds", "shares", "events", "what is told"), rows)


def _copies(body: bytes) -> Iterator[bytes]:
    """The file so often, with its fault in the last one."""
    yield from [body.removesuffix(FAULT.encode())] * (FILES - 1)
    yield body


def _pieces(body: bytes) -> Iterator[bytes]:
    """Very many small files, the last one faulty."""
    header, *lines = body[: len(body) // 20].splitlines(keepends=True)
    each = len(lines) // MANY_FILES
    for number in range(MANY_FILES):
        rows = lines[number * each : (number + 1) * each]
        yield b"".join([header, *rows, FAULT.encode() if number == MANY_FILES - 1 else b""])


def _upload(shop: Any, files: Iterator[bytes]) -> None:
    shop.upload_data()
    s3 = shop.stack.s3
    s3.delete_object(Bucket=shop.bucket, Key=f"{shop.folder}Interactions/interactions.csv")
    for number, body in enumerate(files):
        s3.put_object(Bucket=shop.bucket, Key=f"{shop.folder}Interactions/{number:05}.csv", Body=body)


def _run(shop: Any) -> tuple[str, str, str, str]:
    """What a run took: seconds, shares that were read by others than the plan, events; and what its mail says."""
    uploads: Any = importlib.import_module("tests.e2e.uploads")
    document = uploads.params()
    frame = {
        "type": "record",
        "name": "Interactions",
        "namespace": "com.amazonaws.personalize.schema",
        "version": "1.0",
    }
    document["datasets"]["Interactions"]["schema"] = frame | SCHEMA
    began = time.monotonic()
    run = shop.start(document)
    while run.status == "RUNNING":
        time.sleep(0.5)
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(f"{run.name} has not ended after {PATIENCE} s")
    seconds = time.monotonic() - began
    events = run.events()
    shares = sum(event["type"] == "MapIterationStarted" for event in events)
    return f"{seconds:.1f}", f"{shares}", f"{len(events)}", run.wrong().strip().splitlines()[0][:70]
