"""Reads one CSV file of interactions in one way, in a process of its own: `python readers.py WAY FILE` prints JSON.

`csv.reader` and `ours` need the project alone; the others are packages of `requirements/peers.in`. Each is asked for
the same: that the columns are there, and that TIMESTAMP is a whole number. `ours` checks lengths, encoding and line
ends too, and counts rows, users and event types; `ours, types` checks without counting.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAMES = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")
SCHEMA = {"fields": [{"name": name, "type": "long" if name == "TIMESTAMP" else "string"} for name in NAMES]}
Reader = Callable[[Path], str]


def _csv() -> Reader:
    def read(path: Path) -> str:
        with path.open(encoding="utf-8", newline="") as file:
            return f"{sum(1 for _ in csv.reader(file)) - 1} rows, nothing checked"

    return read


def _types() -> Reader:
    from pipeline.data.csv_rows import RowCheck
    from pipeline.data.folders import CHUNK

    check = RowCheck(SCHEMA, NAMES, time.time())

    def read(path: Path) -> str:
        with path.open("rb") as file:
            file.readline()
            while block := file.read(CHUNK) + file.readline():
                text = block.decode()
                if (end := check.good_rows(text, 0, quoted='"' in text)) < len(text):
                    return str(check.judge(text[end:].partition("\n")[0])[1])
        return ""

    return read


def _ours() -> Reader:
    from pipeline.data.checks import inspect
    from pipeline.data.folders import DataFile
    from pipeline_cli.local_data import LocalFolder

    def read(path: Path) -> str:
        folder = LocalFolder(str(path.parent), "", (DataFile(path.name, path.stat().st_size, ""),))
        looked = inspect(folder, "Interactions", SCHEMA, "full")
        return "; ".join(str(problem) for problem in looked.problems)

    return read


def _frictionless() -> Reader:
    import os

    import frictionless  # type: ignore[import-not-found]

    schema = frictionless.Schema.from_descriptor(
        {
            "fields": [
                {
                    "name": name,
                    "type": "integer" if name == "TIMESTAMP" else "string",
                    "constraints": {"required": True},
                }
                for name in NAMES
            ]
        }
    )

    def read(path: Path) -> str:
        os.chdir(path.parent)
        report = frictionless.validate(frictionless.Resource(path=path.name, schema=schema))
        found = report.flatten(["rowNumber", "fieldName", "type"])
        return f"row {found[0][0]}, {found[0][1]}: {found[0][2]}" if found else ""

    return read


def _pandera() -> Reader:
    import pandera.polars as pa  # type: ignore[import-not-found]
    import polars as pl  # type: ignore[import-not-found]

    pattern = pa.Check.str_matches(r"^[+-]?[0-9]+$")
    schema = pa.DataFrameSchema(
        {name: pa.Column(pl.String, checks=[pattern] if name == "TIMESTAMP" else []) for name in NAMES}
    )

    def read(path: Path) -> str:
        frame = pl.read_csv(path, schema=dict.fromkeys(NAMES, pl.String))
        try:
            schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            case = errors.failure_cases.row(0, named=True)
            return f"row {case['index']}, {case['column']}: {case['failure_case']}"
        return ""

    return read


def _polars() -> Reader:
    import polars as pl

    types = {name: pl.Int64 if name == "TIMESTAMP" else pl.String for name in NAMES}

    def read(path: Path) -> str:
        try:
            pl.read_csv(path, schema=types)
        except pl.exceptions.ComputeError as error:
            return str(error)
        return ""

    return read


def _pyarrow() -> Reader:
    import pyarrow as pa  # type: ignore[import-not-found]
    from pyarrow import csv as arrow

    types = {name: pa.int64() if name == "TIMESTAMP" else pa.string() for name in NAMES}

    def read(path: Path) -> str:
        try:
            with arrow.open_csv(path, convert_options=arrow.ConvertOptions(column_types=types)) as reader:
                for _ in reader:
                    pass
        except pa.ArrowInvalid as error:
            return str(error)
        return ""

    return read


def _duckdb() -> Reader:
    import duckdb  # type: ignore[import-not-found]

    columns = {name: "BIGINT" if name == "TIMESTAMP" else "VARCHAR" for name in NAMES}

    def read(path: Path) -> str:
        try:
            duckdb.sql(
                f"SELECT count(*), count(TIMESTAMP) FROM read_csv('{path}', header=true, columns={columns})"
            ).fetchall()
        except duckdb.Error as error:
            return str(error)
        return ""

    return read


READERS: dict[str, Callable[[], Reader]] = {
    "csv.reader": _csv,
    "ours, types": _types,
    "ours": _ours,
    "frictionless": _frictionless,
    "pandera": _pandera,
    "polars": _polars,
    "pyarrow": _pyarrow,
    "duckdb": _duckdb,
}


def main(way: str, file: str) -> dict[str, Any]:
    """Read the file; what it took, and what was found."""
    began = time.perf_counter()
    read = READERS[way]()
    imported = time.perf_counter()
    found = read(Path(file))
    done = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"import": imported - began, "seconds": done - imported, "memory": memory, "found": found}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
