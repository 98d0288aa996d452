"""The service's rules for Avro schemas, applied before anything is created.

Source: Developer Guide, "Creating schema JSON files for Amazon Personalize schemas", "Custom datasets and schemas",
"ECOMMERCE datasets and schemas", "VIDEO_ON_DEMAND datasets and schemas".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.problems import Problem

Avro = dict[str, Any]


@dataclass(frozen=True)
class DatasetRules:
    """What a schema of one dataset type must and may hold.

    `required` maps a column to its Avro type, `reserved` names the columns that are not metadata, `most_metadata`
    bounds the rest, and `least_metadata` is 1 where a schema of keys alone teaches the service nothing.
    """

    required: dict[str, str]
    reserved: frozenset[str] = frozenset()
    most_metadata: int = 5
    least_metadata: int = 0


_EVENT = frozenset({"EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE"})
CUSTOM = {
    "Interactions": DatasetRules({"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"}, _EVENT),
    "Users": DatasetRules({"USER_ID": "string"}, most_metadata=25, least_metadata=1),
    "Items": DatasetRules({"ITEM_ID": "string"}, frozenset({"CREATION_TIMESTAMP"}), 100, 1),
    "Actions": DatasetRules(
        {"ACTION_ID": "string"},
        frozenset({"CREATION_TIMESTAMP", "VALUE", "TYPE", "EXPIRATION_TIMESTAMP", "REPEAT_FREQUENCY"}),
        10,
        1,
    ),
    "Action_Interactions": DatasetRules(
        {"USER_ID": "string", "ACTION_ID": "string", "EVENT_TYPE": "string", "TIMESTAMP": "long"},
        frozenset({"IMPRESSION", "RECOMMENDATION_ID"}),
    ),
}
# What a domain adds to the custom rules' required columns.
DOMAINS: dict[str | None, dict[str, dict[str, str]]] = {
    None: {},
    "ECOMMERCE": {
        "Interactions": {"EVENT_TYPE": "string"},
        "Items": {"PRICE": "float", "CATEGORY_L1": "string"},
    },
    "VIDEO_ON_DEMAND": {
        "Interactions": {"EVENT_TYPE": "string"},
        "Items": {"CREATION_TIMESTAMP": "long", "GENRES": "string"},
    },
}
ATTRIBUTES = ("categorical", "textual", "itemName")
LONGEST = 20_000  # characters of the JSON text (CreateSchema)


def field_types(field: dict[str, Any]) -> tuple[str, ...]:
    """The Avro types of a field: one, or two for a union with null."""
    declared = field["type"]
    return tuple(declared) if isinstance(declared, list) else (declared,)


def nullable(field: dict[str, Any]) -> bool:
    """Whether a cell of the field's column may be empty."""
    return "null" in field_types(field)


def text_of(avro: Avro) -> str:
    """The JSON text that CreateSchema takes."""
    return json.dumps(avro, separators=(",", ":"), ensure_ascii=False)


def columns(avro: Avro) -> list[Any]:
    """What a schema says of the data, however spelt: columns by name, their types, the attributes that are set."""
    return sorted(
        [field["name"], sorted(field_types(field)), sorted(name for name in ATTRIBUTES if field.get(name))]
        for field in avro["fields"]
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
    rules = CUSTOM[dataset_type]
    required = rules.required | DOMAINS[domain].get(dataset_type, {})
    fields = {field["name"]: field for field in avro["fields"]}
    if avro["name"] not in (dataset_type, dataset_type.replace("_", "")):
        yield Problem(f"{where}.name", f'must be "{dataset_type}", the dataset\'s type, not "{avro["name"]}".')
    if len(text_of(avro)) > LONGEST:
        yield Problem(where, f"has {len(text_of(avro)):,} characters; at most {LONGEST:,} are allowed.")
    for name, avro_type in required.items():
        if name not in fields:
            yield Problem(f"{where}.fields", f"lacks the field {name} of type {avro_type}, which {dataset_type} needs.")
        elif avro_type not in field_types(fields[name]):
            yield Problem(f"{where}.fields", f"{name} must be of type {avro_type}.")
    yield from _duplicates(where, [field["name"] for field in avro["fields"]])

    metadata = set(fields) - set(required) - rules.reserved
    domain_metadata = set(required) - set(rules.required)
    if len(metadata | domain_metadata) < rules.least_metadata:
        yield Problem(f"{where}.fields", f"{dataset_type} needs at least one field besides {', '.join(required)}.")
    if len(metadata) > rules.most_metadata:
        what = f"has {len(metadata)} metadata fields; {dataset_type} takes at most {rules.most_metadata}."
        yield Problem(f"{where}.fields", what)
    textual = [name for name, field in fields.items() if field.get("textual")]
    if textual and dataset_type != "Items":
        yield Problem(f"{where}.fields", f"{textual[0]} is textual; only Items may have a textual field.")
    if len(textual) > 1:
        yield Problem(f"{where}.fields", f"{', '.join(textual)} are textual; one textual field is allowed.")


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
    added = [field for field in new["fields"] if field["name"] not in kept]
    if len(kept) < len(before):
        return "the new schema must keep every old field as it is"
    if not all(nullable(field) for field in added):
        return 'every added field must allow null, as in {"type": ["null", "string"]}'
    return None
