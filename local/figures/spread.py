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
        for what, files in (
            (f"{MEGABYTES:,} MB in {FILES} files", _few(Path(scratch))),
            (f"{MANY_FILES:,} files of {MEGABYTES / FILES / MANY_FILES * 1000:.0f} KB", _many(Path(scratch))),
        ):
            with up.pipeline("shop", "spread/") as shop:
                _upload(shop, files)
                rows += [(what, *_run(shop)), (f"{what}, again", *_run(shop))]
    table("Spread, from the upload to the mail", ("data", "seconds", "calls for shares", "what is told"), rows)


def _few(scratch: Path) -> Iterator[bytes]:
    """Large files, each of its own content, and a fault in the last row of the last one."""
    for number in range(FILES):
        body = write(scratch / "interactions.csv", MEGABYTES * 1_000_000 // FILES, number).read_bytes()
        yield body if number == FILES - 1 else body.removesuffix(FAULT.encode())


def _many(scratch: Path) -> Iterator[bytes]:
    """Very many small files, the last one faulty."""
    body = write(scratch / "interactions.csv", MEGABYTES * 1_000_000 // FILES).read_bytes()
    header, *lines = body.splitlines(keepends=True)
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


def _run(shop: Any) -> tuple[str, str, str]:
    """What a run took: seconds, and calls that read a share; and what its mail says."""
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
    events = [event["type"] for event in run.events()]
    shares = events.count("LambdaFunctionScheduled") - events.count("TaskStateEntered")
    return f"{seconds:.1f}", f"{shares}", run.wrong().strip().splitlines()[0][:70]
