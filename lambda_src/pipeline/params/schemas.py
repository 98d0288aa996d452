"""The service's rules for Avro schemas, applied before anything is created.

Source: Developer Guide, "Creating schema JSON files for Amazon Personalize schemas", "Custom datasets and schemas",
"ECOMMERCE datasets and schemas", "VIDEO_ON_DEMAND datasets and schemas".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.problems import Problem

Avro = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """What a column whose name has a meaning must be: its Avro type, and `categorical`, `textual` or neither."""

    type: str
    attribute: str | None = None


@dataclass(frozen=True)
class DatasetRules:
    """What a schema of one dataset type must and may hold.

    `reserved` names columns that may be left out and are no metadata, `most_metadata` bounds the rest, and
    `needs_metadata` says that a schema of keys alone teaches the service nothing.
    """

    required: dict[str, Column] = field(default_factory=dict)
    reserved: dict[str, Column] = field(default_factory=dict)
    most_metadata: int = 5
    needs_metadata: bool = False


TEXT, MOMENT, NUMBER, WHOLE = Column("string"), Column("long"), Column("float"), Column("long")
CATEGORY, PROSE = Column("string", "categorical"), Column("string", "textual")
_EVENT = {
    "EVENT_TYPE": TEXT,
    "EVENT_VALUE": NUMBER,
    "IMPRESSION": TEXT,
    "RECOMMENDATION_ID": TEXT,
    "EVENT_ATTRIBUTION_SOURCE": TEXT,
}
CUSTOM = {
    "Interactions": DatasetRules({"USER_ID": TEXT, "ITEM_ID": TEXT, "TIMESTAMP": MOMENT}, _EVENT),
    "Users": DatasetRules({"USER_ID": TEXT}, most_metadata=25, needs_metadata=True),
    "Items": DatasetRules({"ITEM_ID": TEXT}, {"CREATION_TIMESTAMP": MOMENT}, 100, needs_metadata=True),
    "Actions": DatasetRules(
        {"ACTION_ID": TEXT},
        {
            "CREATION_TIMESTAMP": MOMENT,
            "VALUE": WHOLE,
            "TYPE": TEXT,
            "EXPIRATION_TIMESTAMP": MOMENT,
            "REPEAT_FREQUENCY": WHOLE,
        },
        10,
        needs_metadata=True,
    ),
    "Action_Interactions": DatasetRules(
        {"USER_ID": TEXT, "ACTION_ID": TEXT, "EVENT_TYPE": TEXT, "TIMESTAMP": MOMENT},
        {"IMPRESSION": TEXT, "RECOMMENDATION_ID": TEXT},
    ),
}
# What a domain adds to the custom rules.
DOMAINS: dict[str | None, dict[str, DatasetRules]] = {
    None: {},
    "ECOMMERCE": {
        "Interactions": DatasetRules({"EVENT_TYPE": TEXT}),
        "Items": DatasetRules(
            {"PRICE": NUMBER, "CATEGORY_L1": CATEGORY},
            dict.fromkeys(("CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER"), CATEGORY)
            | {"PRODUCT_DESCRIPTION": PROSE},
        ),
    },
    "VIDEO_ON_DEMAND": {
        "Interactions": DatasetRules({"EVENT_TYPE": TEXT}),
        "Users": DatasetRules(reserved={"SUBSCRIPTION_MODEL": CATEGORY}),
        "Items": DatasetRules(
            {"CREATION_TIMESTAMP": MOMENT, "GENRES": CATEGORY},
            dict.fromkeys(("PRICE", "DURATION", "AVERAGE_RATING"), NUMBER)
            | dict.fromkeys(("GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION"), CATEGORY)
            | {"PRODUCT_DESCRIPTION": PROSE},
        ),
    },
}
NUMERIC = {"int", "long", "float", "double"}
ATTRIBUTES = ("categorical", "textual", "itemName")
LONGEST = 20_000  # characters of the JSON text (CreateSchema)


def field_types(column: dict[str, Any]) -> tuple[str, ...]:
    """The Avro types of a field: one, or two for a union with null."""
    declared = column["type"]
    return tuple(declared) if isinstance(declared, list) else (declared,)


def nullable(column: dict[str, Any]) -> bool:
    """Whether a cell of the field's column may be empty."""
    return "null" in field_types(column)


def text_of(avro: Avro) -> str:
    """The JSON text that CreateSchema takes."""
    return json.dumps(avro, separators=(",", ":"), ensure_ascii=False)


def columns(avro: Avro) -> list[Any]:
    """What a schema says of the data, however spelt: columns by name, their types, the attributes that are set."""
    return sorted(
        [one["name"], sorted(field_types(one)), sorted(name for name in ATTRIBUTES if one.get(name))]
        for one in avro["fields"]
    )


def same(one: Avro, other: Avro) -> bool:
    """Whether two schemas describe the same data; the record's name and the order of columns decide nothing."""
    return columns(one) == columns(other)


def name_for(dataset_name: str, domain: str | None, avro: Avro) -> str:
    """A schema name that follows from its content: schemas can't be changed, so another schema has another name.

    The domain is part of it: a group takes schemas of its own domain only.
    """
    content = json.dumps([domain, avro] if domain else avro, sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return f"{dataset_name[:54]}-{digest[:8]}"


def problems(where: str, dataset_type: str, domain: str | None, avro: Avro) -> Iterator[Problem]:
    """All that the service would refuse in the schema of one dataset; its JSON shape has been checked before.

    The record of Action_Interactions is written with and without the underscore in the service's own documents.
    """
    custom, added = CUSTOM[dataset_type], DOMAINS[domain].get(dataset_type, DatasetRules())
    required = custom.required | added.required
    reserved = {name: column for name, column in (custom.reserved | added.reserved).items() if name not in required}
    fields = {one["name"]: one for one in avro["fields"]}
    if avro["name"] not in (dataset_type, dataset_type.replace("_", "")):
        yield Problem(f"{where}.name", f'must be "{dataset_type}", the dataset\'s type, not "{avro["name"]}".')
    if len(text_of(avro)) > LONGEST:
        yield Problem(where, f"has {len(text_of(avro)):,} characters; at most {LONGEST:,} are allowed.")
    for name, column in required.items():
        if name not in fields:
            what = f"lacks the field {name} of type {column.type}, which {dataset_type} needs."
            yield Problem(f"{where}.fields", what)
    for number, one in enumerate(avro["fields"]):
        for what in _field_faults(one, required.get(one["name"]), reserved.get(one["name"])):
            yield Problem(f"{where}.fields[{number}]", f"{one['name']} {what}")
    yield from _duplicates(where, [one["name"] for one in avro["fields"]])

    metadata = {name: one for name, one in fields.items() if name not in required and name not in reserved}
    teaches = any(one.get("categorical") or one.get("textual") for one in fields.values())
    counts = any(set(field_types(one)) & NUMERIC for one in metadata.values())
    if custom.needs_metadata and not (added.required or teaches or counts):
        what = f"besides {', '.join(required)} that is a number, or a categorical text. Other texts teach nothing."
        yield Problem(f"{where}.fields", f"{dataset_type} needs at least one field {what}")
    if len(metadata) > custom.most_metadata:
        what = f"has {len(metadata)} metadata fields; {dataset_type} takes at most {custom.most_metadata}."
        yield Problem(f"{where}.fields", what)
    for attribute in ("textual", "itemName"):
        having = [name for name, one in fields.items() if one.get(attribute)]
        if having and dataset_type != "Items":
            yield Problem(f"{where}.fields", f"{having[0]} is {attribute}; only Items may have a field that is.")
        if len(having) > 1:
            yield Problem(f"{where}.fields", f"{', '.join(having)} are {attribute}; one field may be.")


def _field_faults(one: dict[str, Any], required: Column | None, reserved: Column | None) -> Iterator[str]:
    """What is wrong with one field: by itself, and for the meaning that its name has."""
    types = field_types(one)
    kinds = set(types) - {"null"}
    if len(kinds) > 1:
        yield f"is {' and '.join(types)}; a field has one type, or one and null."
        return
    if not kinds:
        yield "is null and nothing else; give it a type."
        return
    (kind,) = kinds
    for attribute in ATTRIBUTES:
        if one.get(attribute) and kind != "string":
            yield f"is {attribute} and of type {kind}; only a string can be {attribute}."
    column = required or reserved
    if column is None:
        return
    if kind != column.type and {kind, column.type} != {"float", "double"}:
        yield f"must be of type {column.type}, not {kind}: the name has a meaning to Personalize."
    if required and "null" in types:
        yield "may not be null: every row needs it."
    for attribute in ("categorical", "textual"):
        if bool(one.get(attribute)) != (attribute == column.attribute) and kind == "string":
            must = "must" if attribute == column.attribute else "must not"
            yield f"{must} be {attribute}: the name has a meaning to Personalize."


def _duplicates(where: str, names: list[str]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9]", "", name)
        if plain in seen:
            what = f"{seen[plain]} and {name} are the same name to the service, which drops all but letters and digits."
            yield Problem(f"{where}.fields", f"{what} Rename one.")
        seen.setdefault(plain, name)


def replacement_problem(dataset_type: str, old: Avro, new: Avro) -> str | None:
    """Why UpdateDataset can't replace `old` by `new`, or None where it can.

    Source: Developer Guide, "Replacing a dataset's schema to add new columns".
    """
    if dataset_type not in ("Items", "Users"):
        return "the schema of this dataset type can't be replaced"
    before, after = columns(old), columns(new)
    kept = [column[0] for column in before if column in after]
    added = [one for one in new["fields"] if one["name"] not in kept]
    if len(kept) < len(before):
        return "the new schema must keep every old field as it is"
    if not all(nullable(one) for one in added):
        return 'every added field must allow null, as in {"type": ["null", "string"]}'
    return None
