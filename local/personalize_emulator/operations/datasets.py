"""CreateDataset and UpdateDataset: one dataset per type and group, with a schema that fits type and domain."""

from __future__ import annotations

import uuid

from .. import avro
from ..exceptions import InvalidInputException, ResourceInUseException, error
from ..models import PersonalizeBackend
from ..recipes import ACTION_INTERACTIONS
from ..resources import CREATE, DATASET_UPDATE, Resource
from .common import Params


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE; one dataset per type and group; type matched without case, shown in upper case; domain of
    schema and group equal; record name, required, reserved, metadata and textual fields by type and domain.

    Source: API CreateDataset; guide "Custom datasets and schemas" and the domain pages
    """
    schema = backend.get("schema", params["schemaArn"])
    group = backend.get_active("dataset group", params["datasetGroupArn"])
    kind = params["datasetType"].upper()
    if kind not in avro.RECORD_NAMES:
        known = ", ".join(avro.RECORD_NAMES.values())
        raise InvalidInputException(f"Dataset type {params['datasetType']} is not one of {known}.")
    _check(backend, schema, group, kind)
    dataset = backend.create(
        "dataset",
        params,
        arn_parts={"group": group.name, "kind": kind},
        datasetType=kind,
        trackingId=str(uuid.uuid4()) if kind == ACTION_INTERACTIONS else None,
    )
    parsed = parsed_schema(schema)
    if parsed is not None:
        backend.rows.create(dataset.arn, parsed.columns, avro.KEYS.get(kind))
    return {"datasetArn": dataset.arn}


def update(backend: PersonalizeBackend, params: Params) -> Params:
    """Only Items and Users; every old field kept, added fields nullable; dataset ACTIVE and no update running;
    the dataset itself shows UPDATE PENDING.

    Source: guide "Replacing a dataset's schema to add new columns"
    """
    dataset = backend.get("dataset", params["datasetArn"])
    schema = backend.get("schema", params["schemaArn"])
    group = backend.get("dataset group", dataset.record["datasetGroupArn"])
    if dataset.busy or dataset.status != "ACTIVE":
        raise ResourceInUseException(f"Resource {dataset.arn} is in use: its status is {dataset.status}.")
    kind = dataset.record["datasetType"]
    _check(backend, schema, group, kind)
    old, new = schema_of(backend, dataset), parsed_schema(schema)
    if old is not None and new is not None:
        avro.check_replacement(old, new, kind)

    def apply() -> None:
        dataset.record["schemaArn"] = schema.arn
        if new is not None:
            backend.rows.add_columns(dataset.arn, new.columns)

    backend.update(dataset, {"schemaArn": schema.arn}, CREATE, lambda: apply, own_statuses=DATASET_UPDATE)
    return {"datasetArn": dataset.arn}


def parsed_schema(schema: Resource) -> avro.Schema | None:
    """None when schemas are not checked (switch `check_schemas`)."""
    parsed: avro.Schema | None = schema.inner["schema"]
    return parsed


def schema_of(backend: PersonalizeBackend, dataset: Resource) -> avro.Schema | None:
    return parsed_schema(backend.get("schema", dataset.record["schemaArn"]))


def dataset_of(backend: PersonalizeBackend, group_arn: str, kind: str) -> Resource | None:
    """The group's dataset of a type, if there is one."""
    return next(backend.all("dataset", datasetGroupArn=group_arn, datasetType=kind), None)


def _check(backend: PersonalizeBackend, schema: Resource, group: Resource, kind: str) -> None:
    domain = group.record.get("domain")
    if schema.record.get("domain") != domain:
        raise error(
            backend.switches.wrong_domain_error,
            f"The schema's domain {schema.record.get('domain')} does not match the dataset group's domain {domain}.",
        )
    parsed = parsed_schema(schema)
    if parsed is None:
        return
    if avro.dataset_type_of(parsed, backend.switches) != kind:
        raise InvalidInputException(
            f"The schema's name {parsed.record_name} does not match the dataset type {avro.RECORD_NAMES[kind]}."
        )
    avro.check(parsed, kind, domain, backend.switches)
