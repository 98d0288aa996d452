"""Whom to ask about: users, items and values of the imported data, chosen so that the same data gives the same.

The head of a dataset's first file is read, whatever its size: who stands there is as real as who stands at the end.
It is read as it lies there when it is asked for.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from pipeline.data import folders
from pipeline.data.folders import DataFolder
from pipeline.engine.patience import is_passing
from pipeline.engine.record import Record

HEAD = 1024 * 1024  # bytes
FILES = 5  # of which the first that has rows is read
Row = dict[str, str]


@dataclass
class Dataset:
    """What was imported into a dataset: its files, the rows at their beginning, and the types of its columns."""

    folder: DataFolder
    rows: list[Row] = field(default_factory=list)
    fields: dict[str, dict[str, object]] = field(default_factory=dict)

    def value(self, column: str) -> str | None:
        """The first value of a column (in any case); of several, joined by bars, the first one."""
        found = (row.get(column.upper(), "").partition("|")[0] for row in self.rows)
        return next((value for value in found if value), None)

    def is_number(self, column: str) -> bool:
        """Whether the schema says so."""
        given = self.fields.get(column.upper(), {}).get("type", "string")
        types = given if isinstance(given, list) else [given]
        return bool({"int", "long", "float", "double"} & set(types))


def imported(record: Record) -> dict[str, Dataset]:
    """The datasets of a run by their type, as far as their data can be read."""
    schemas = {resource.arn: resource.parameters.get("schema", "{}") for resource in record.of_type("schema")}
    jobs = {job.parameters.get("datasetArn"): job.parameters for job in record.of_type("datasetImportJob")}
    found = {}
    for dataset in record.of_type("dataset"):
        location = jobs.get(dataset.arn, {}).get("dataSource", {}).get("dataLocation")
        if location is None:
            continue
        folder = folders.at(location)
        avro = json.loads(schemas.get(dataset.parameters.get("schemaArn"), "{}"))
        columns = {str(entry["name"]).upper(): entry for entry in avro.get("fields", [])}
        found[str(dataset.parameters["datasetType"])] = Dataset(folder, _head(folder), columns)
    return found


def pairs(interactions: Dataset, number: int) -> list[tuple[str, str]]:
    """Users, each with an item of theirs: those whose digests are the lowest, so not always the first in the file."""
    items: dict[str, str] = {}
    for row in interactions.rows:
        user, item = row.get("USER_ID", ""), row.get("ITEM_ID", "")
        if user and item and (user not in items or _digest(item) < _digest(items[user])):
            items[user] = item
    return [(user, items[user]) for user in sorted(items, key=_digest)[:number]]


def items(interactions: Dataset, number: int) -> list[str]:
    """Items that users interacted with, chosen likewise."""
    found = {row["ITEM_ID"] for row in interactions.rows if row.get("ITEM_ID")}
    return sorted(found, key=_digest)[:number]


def rows(lines: Iterator[str]) -> Iterator[Row]:
    """The rows of a CSV file by their columns' names, in capitals; those of another length are passed over."""
    reader = csv.reader(lines)
    names = [name.strip().upper() for name in next(reader, [])]
    for cells in reader:
        if len(cells) == len(names):
            yield dict(zip(names, cells, strict=True))


def _head(folder: DataFolder) -> list[Row]:
    for file in folder.files[:FILES]:
        try:
            text = b"".join(folder.read(file, 0, HEAD)).decode(errors="replace")
            whole = text if file.size <= HEAD else text.rpartition("\n")[0]  # the last line may be cut
            if found := list(rows(iter(whole.split("\n")))):
                return found
        except csv.Error:
            continue
        except ClientError as error:  # under a key that only Personalize may use, or another file by now
            if is_passing(error):
                raise
    return []


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
