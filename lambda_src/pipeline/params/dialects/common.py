"""What any shape may need: edits of a part of the document that leave alone what is not of its form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipeline.params import schemas
from pipeline.params.dialects.notes import Notes, place_of

Object = dict[str, Any]
DATASET_TYPES = {kind.replace("_", "").lower(): kind for kind in schemas.CUSTOM}
# Parameters that the pipeline knows by itself, as the other projects do.
FILLED_IN = ("datasetArn", "datasetGroupArn", "datasetType", "schemaArn", "solutionArn")

FILLED_IN_NOTE = "Left out, since the pipeline fills it in"
AUTO_ML = "AutoML is withdrawn by Personalize; left out, since a recipe is given"
RECORD_NAME = "The name of an Avro record is read as the dataset type in its own spelling"
AVRO_DEFAULT = "Added to an Avro schema that lacks it"


def replace(holder: Object, where: str, name: str, translate: Callable[[str, Object], Object]) -> None:
    """Translate the object, or every object of the list, that `holder` has under `name`; leave anything else."""
    found = holder.get(name)
    if isinstance(found, dict):
        holder[name] = translate(f"{where}.{name}", found)
    elif isinstance(found, list):
        holder[name] = [
            translate(f"{where}.{name}[{number}]", entry) if isinstance(entry, dict) else entry
            for number, entry in enumerate(found)
        ]


def drop(holder: Object, where: str, names: Iterable[str], statement: str, notes: Notes) -> None:
    """Take out what `holder` has of `names`, with a note."""
    for name in names:
        if name in holder:
            notes.add(statement, place_of(f"{where}.{name}", holder.pop(name)))


def drop_auto_ml(where: str, solution: Object, notes: Notes) -> None:
    """AutoML that contradicts a recipe. Without one, `sections.py` has a successor for it."""
    if solution.get("performAutoML") is True and "recipeArn" in solution:
        drop(solution, where, ["performAutoML"], AUTO_ML, notes)


def by_type(datasets: Object, translate: Callable[[str, str, Object], Object]) -> Object:
    """`datasets` by our spelling of the types. A name that is none, or comes twice, stays for the schema check."""
    result: Object = {}
    for name, entry in datasets.items():
        kind = DATASET_TYPES.get(name.replace("_", "").lower(), name)
        if kind not in schemas.CUSTOM or (kind != name and kind in datasets) or kind in result:
            result[name] = entry
        else:
            result[kind] = translate(f"$.datasets.{name}", kind, entry) if isinstance(entry, dict) else entry
    return result


def complete_avro(where: str, kind: str, entry: Object, notes: Notes) -> None:
    """Complete an Avro schema: the other projects' samples spell the record's name freely and leave out its version."""
    avro = entry.get("schema")
    if not isinstance(avro, dict) or not isinstance(avro.get("fields"), list):
        return
    complete = dict(avro)
    name = complete.get("name")
    if isinstance(name, str) and name != kind and name.lower() == kind.lower():
        complete["name"] = kind
        notes.add(RECORD_NAME, place_of(f"{where}.schema.name", name))
    for key, value in (("namespace", "com.amazonaws.personalize.schema"), ("version", "1.0")):
        if key not in complete:
            complete[key] = value
            notes.add(AVRO_DEFAULT, place_of(f"{where}.schema.{key}", value))
    entry["schema"] = complete
