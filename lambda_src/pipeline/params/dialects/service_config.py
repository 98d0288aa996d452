"""The AWS Solution's and the CDK sample's way to write a resource: its parameters stand in a `serviceConfig`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.params import places
from pipeline.params.dialects.common import FILLED_IN, FILLED_IN_NOTE, Object, complete_avro, drop
from pipeline.params.dialects.notes import Notes, place_of

WRAPPED = ("datasetGroup", "eventTracker", "filters", "solutions", "recommenders")  # sections

TWICE = "Given both in `serviceConfig` and beside it; the latter is used"
SCHEMA_NAME = (
    "Names of schemas are not carried over: a schema is named after its dataset and content (one in use that says the "
    "same is kept)"
)
SCHEMA_REST = "Left out, since a schema takes its domain from the dataset group, and nothing else"
VERSION_NAME = "Left out, since every training makes a version, and each needs a name of its own"
BATCH_RESULTS = (
    "Results go to batch/<jobName>/output/<run>/ beside the params file, the only place for them, and not to"
)


def wrapped(value: Any) -> bool:
    """Whether a resource's parameters stand in a `serviceConfig`."""
    parameters = value.get("serviceConfig") if isinstance(value, dict) else None
    return isinstance(parameters, dict) and "serviceConfig" not in parameters


def any_wrapped(document: Object) -> bool:
    """Whether any resource's parameters stand in a `serviceConfig`."""
    sections = (document.get(name) for name in WRAPPED)
    return any(wrapped(entry) for found in sections for entry in (found if isinstance(found, list) else [found]))


def unwrap(where: str, value: Object, notes: Notes) -> Object:
    """The parameters together with what stands beside their `serviceConfig`."""
    if not wrapped(value):
        return dict(value)
    beside = {name: given for name, given in value.items() if name != "serviceConfig"}
    return joined(where, value["serviceConfig"], beside, notes)


def joined(where: str, parameters: Object, beside: Object, notes: Notes) -> Object:
    """Both together; what is given twice is noted."""
    for name in sorted(parameters.keys() & beside.keys()):
        notes.add(TWICE, f"{where}.{name}")
    return parameters | beside


def read_dataset(
    where: str, kind: str, entry: Object, parameters_of: Callable[[str, Object], Object], notes: Notes
) -> Object:
    """One dataset of a wrapped shape: its own parameters, with its schema's."""
    rest = dict(entry)
    if wrapped(rest.get("schema")):
        schema = unwrap(f"{where}.schema", rest.pop("schema"), notes)
        if "schema" in schema:
            rest["schema"] = schema.pop("schema")
        name = [schema.pop(part) for part in ("name", "schemaVersion") if isinstance(schema.get(part), str)]
        if name:
            notes.add(SCHEMA_NAME, " ".join(name))
        drop(schema, f"{where}.schema", list(schema), SCHEMA_REST, notes)
    complete_avro(where, kind, rest, notes)
    if not isinstance(rest.get("dataset"), dict):
        return rest
    dataset = parameters_of(f"{where}.dataset", rest.pop("dataset"))
    drop(dataset, f"{where}.dataset", FILLED_IN, FILLED_IN_NOTE, notes)
    return joined(where, dataset, rest, notes)


def without_name(where: str, version: Object, notes: Notes) -> Object:
    """A solution version's parameters, without what belongs to one version only."""
    drop(version, where, ["name"], VERSION_NAME, notes)
    drop(version, where, ["solutionArn"], FILLED_IN_NOTE, notes)
    return version


def drop_empty_tracker(document: Object) -> None:
    """Take out an event tracker that is none, as the samples write it."""
    if document.get("eventTracker", "none") in ({}, []):
        del document["eventTracker"]


def drop_output(where: str, job: Object, notes: Notes) -> None:
    """Take out a place for a batch job's results that Personalize may not write to."""
    path = job.get("jobOutput")
    for name in ("s3DataDestination", "path"):
        path = path.get(name) if isinstance(path, dict) else None
    if isinstance(path, str) and places.unwritable(path, None, places.batch_output, ""):
        del job["jobOutput"]
        notes.add(BATCH_RESULTS, place_of(f"{where}.jobOutput", path))
