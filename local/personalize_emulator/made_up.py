"""An S3 that has fitting data wherever a replayed job reads, and takes whatever one writes: a recording holds none."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.response import StreamingBody

from .avro import Field, Schema
from .resources import Resource

if TYPE_CHECKING:
    from .emulator import Emulator
    from .recording import RecordedCall

#: Enough of each for any recipe to train on.
USERS, ITEMS, RECORDS = 50, 40, 60
#: Interactions of each event type.
EACH = 1200
_START = 1_700_000_000


class MadeUpS3:
    """The few operations of an S3 client that jobs use."""

    def __init__(self, event_types: list[str]) -> None:
        self._event_types = event_types
        self._bodies: dict[tuple[str, str], bytes] = {}

    def prepare(self, emulator: Emulator, account: str, call: RecordedCall, request: dict[str, Any]) -> None:
        """Put data where the job that this call asks for will read."""
        if call.operation == "CreateDatasetImportJob":
            address = request.get("dataSource", {}).get("dataLocation", "")
            dataset = emulator.accounts[account][call.region].find("dataset", request.get("datasetArn"))
            self._put(address, "data.csv", self._rows(emulator, account, call.region, dataset))
        elif call.operation.startswith("CreateBatch"):
            address = request.get("jobInput", {}).get("s3DataSource", {}).get("path", "")
            self._put(address, "input.json", _LINES)
        elif call.operation == "CreateDataDeletionJob":
            self._put(request.get("dataSource", {}).get("dataLocation", ""), "users.csv", b"USER_ID\nu1\n")

    def _put(self, address: str, name: str, body: bytes) -> None:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        self._bodies[bucket, f"{key}{name}" if not key or key.endswith("/") else key] = body

    def _rows(self, emulator: Emulator, account: str, region: str, dataset: Resource | None) -> bytes:
        schema: Schema | None = None
        if dataset is not None:
            made = emulator.accounts[account][region].find("schema", dataset.record["schemaArn"])
            schema = made.inner.get("schema") if made is not None else None
        if dataset is None or schema is None:
            return b"ITEM_ID\ni1\n"
        events = dataset.record["datasetType"] in ("INTERACTIONS", "ACTION_INTERACTIONS")
        cell = self._of_event if events else _of_record
        count = EACH * len(self._event_types) if events else RECORDS
        lines = [",".join(field.name for field in schema.fields)]
        lines += [",".join(cell(field, number) for field in schema.fields) for number in range(count)]
        return "\n".join([*lines, ""]).encode()

    def _of_event(self, field: Field, number: int) -> str:
        types = self._event_types
        round_ = number // len(types)
        match field.name:
            case "USER_ID":
                return f"u{round_ % USERS}"
            case "ITEM_ID" | "ACTION_ID":
                return f"i{round_ * 7 % ITEMS}"
            case "EVENT_TYPE":
                return types[number % len(types)]
            case "TIMESTAMP":
                return str(_START + number)
        return _OF_TYPE.get(field.type, "text")

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 (as boto3 has it)
        return {"ContentLength": len(self._bodies.get((Bucket, Key), b""))}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        body = self._bodies.get((Bucket, Key), b"")
        return {"Body": StreamingBody(io.BytesIO(body), len(body))}

    def put_object(self, **_: Any) -> dict[str, Any]:
        return {}

    def get_paginator(self, _operation: str) -> _Pages:
        return _Pages(self._bodies)


def _of_record(field: Field, number: int) -> str:
    match field.name:
        case "USER_ID":
            return f"u{number}"
        case "ITEM_ID" | "ACTION_ID":
            return f"i{number}"
        case "CREATION_TIMESTAMP":
            return str(_START + number)
    return _OF_TYPE.get(field.type, "text")


class _Pages:
    """Listings, in one page."""

    def __init__(self, bodies: dict[tuple[str, str], bytes]) -> None:
        self._bodies = bodies

    def paginate(self, *, Bucket: str, Prefix: str, **_: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        found = [(key, body) for (bucket, key), body in self._bodies.items() if bucket == Bucket]
        yield {"Contents": [{"Key": k, "Size": len(b)} for k, b in found if k.startswith(Prefix)]}


_OF_TYPE = {"int": "1", "long": "1", "float": "1.5", "double": "1.5", "boolean": "true", "null": ""}
#: Lines that every recipe can answer.
_LINES = "".join(
    json.dumps({"userId": f"u{n}", "itemId": f"i{n}", "itemList": ["i1", "i2"], "itemAttributes": 'ITEMS.A = "a"'})
    + "\n"
    for n in range(5)
).encode()
