"""Schemas: Avro records held against the rules of each dataset type and domain.

Sources: developer guide, "Creating schema JSON files for Amazon Personalize schemas", "Custom datasets and schemas",
"ECOMMERCE datasets and schemas", "VIDEO_ON_DEMAND datasets and schemas", "Replacing a dataset's schema to add new
columns".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .exceptions import InvalidInputException
from .recipes import ACTION_INTERACTIONS, ACTIONS, ECOMMERCE, INTERACTIONS, ITEMS, USERS, VIDEO
from .rows import Column
from .settings import Switches

NAMESPACE = "com.amazonaws.personalize.schema"
PRIMITIVES = frozenset({"float", "double", "int", "long", "string", "boolean", "null"})
NUMERIC = frozenset({"float", "double", "int", "long"})
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z\d_]{0,149}")

#: Record name in the schema for each dataset type.
RECORD_NAMES = {
    INTERACTIONS: "Interactions",
    ITEMS: "Items",
    USERS: "Users",
    ACTIONS: "Actions",
    ACTION_INTERACTIONS: "Action_Interactions",
}
#: Column that identifies a record; interactions have none.
KEYS = {ITEMS: "ITEM_ID", USERS: "USER_ID", ACTIONS: "ACTION_ID"}


@dataclass(frozen=True)
class Field:
    """One field of a schema."""

    name: str
    types: frozenset[str]
    categorical: bool = False
    textual: bool = False
    item_name: bool = False

    @property
    def nullable(self) -> bool:
        return "null" in self.types

    @property
    def type(self) -> str:
        """The type of its values when they are not null."""
        return next(iter(self.types - {"null"}), "null")


@dataclass(frozen=True)
class Schema:
    """A parsed schema."""

    record_name: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)

    @property
    def columns(self) -> list[Column]:
        return [Column(f.name, f.type) for f in self.fields]


@dataclass(frozen=True)
class Reserved:
    """A column whose name has a meaning: its type, whether it may be null, whether it is categorical or textual."""

    type: str
    null: bool = False
    categorical: bool = False
    textual: bool = False


@dataclass(frozen=True)
class DatasetRules:
    """What a schema of one dataset type must hold, and what its reserved names mean."""

    required: Mapping[str, Reserved]
    reserved: Mapping[str, Reserved] = field(default_factory=dict)
    #: At least one column beside the required and reserved ones.
    needs_metadata: bool = False
    #: At most so many of those.
    most_metadata: int = 100


_ID = Reserved("string")
_TIME = Reserved("long")
_TEXT = Reserved("string")
_TEXT_OR_NULL = Reserved("string", null=True)
_NUMBER_OR_NULL = Reserved("float", null=True)
_LONG_OR_NULL = Reserved("long", null=True)
_CATEGORY = Reserved("string", null=True, categorical=True)
_REQUIRED_CATEGORY = Reserved("string", categorical=True)
_PROSE = Reserved("string", null=True, textual=True)

_INTERACTION_EXTRAS = {
    "EVENT_TYPE": _TEXT,
    "EVENT_VALUE": _NUMBER_OR_NULL,
    "IMPRESSION": _TEXT_OR_NULL,
    "RECOMMENDATION_ID": _TEXT_OR_NULL,
    "EVENT_ATTRIBUTION_SOURCE": _TEXT_OR_NULL,
}
_INTERACTION_IDS = {"USER_ID": _ID, "ITEM_ID": _ID, "TIMESTAMP": _TIME}
_EVENT_IDS = {**_INTERACTION_IDS, "EVENT_TYPE": _TEXT}
_CUSTOM_USERS = DatasetRules({"USER_ID": _ID}, needs_metadata=True, most_metadata=25)

#: Rules by domain (None: custom) and dataset type.
RULES: dict[tuple[str | None, str], DatasetRules] = {
    (None, INTERACTIONS): DatasetRules(_INTERACTION_IDS, _INTERACTION_EXTRAS, most_metadata=5),
    (None, ITEMS): DatasetRules({"ITEM_ID": _ID}, {"CREATION_TIMESTAMP": _TIME}, needs_metadata=True),
    (None, USERS): _CUSTOM_USERS,
    (None, ACTIONS): DatasetRules(
        {"ACTION_ID": _ID},
        {
            "CREATION_TIMESTAMP": _TIME,
            "VALUE": _LONG_OR_NULL,
            "TYPE": _TEXT_OR_NULL,
            "REPEAT_FREQUENCY": _LONG_OR_NULL,
        },
        needs_metadata=True,
        most_metadata=10,
    ),
    (None, ACTION_INTERACTIONS): DatasetRules(
        {"USER_ID": _ID, "ACTION_ID": _ID, "EVENT_TYPE": _ID, "TIMESTAMP": _TIME},
        {"IMPRESSION": _TEXT_OR_NULL, "RECOMMENDATION_ID": _TEXT_OR_NULL},
        most_metadata=5,
    ),
    (ECOMMERCE, INTERACTIONS): DatasetRules(_EVENT_IDS, {**_INTERACTION_EXTRAS, "IMPRESSION": _TEXT}, most_metadata=5),
    (ECOMMERCE, USERS): _CUSTOM_USERS,
    (ECOMMERCE, ITEMS): DatasetRules(
        {"ITEM_ID": _ID, "PRICE": Reserved("float"), "CATEGORY_L1": _REQUIRED_CATEGORY},
        {
            "CATEGORY_L2": _CATEGORY,
            "CATEGORY_L3": _CATEGORY,
            "PRODUCT_DESCRIPTION": _PROSE,
            "CREATION_TIMESTAMP": _TIME,
            "AGE_GROUP": _CATEGORY,
            "ADULT": _CATEGORY,
            "GENDER": _CATEGORY,
        },
    ),
    (VIDEO, INTERACTIONS): DatasetRules(_EVENT_IDS, _INTERACTION_EXTRAS, most_metadata=5),
    (VIDEO, USERS): DatasetRules(
        {"USER_ID": _ID}, {"SUBSCRIPTION_MODEL": _CATEGORY}, needs_metadata=True, most_metadata=25
    ),
    (VIDEO, ITEMS): DatasetRules(
        {"ITEM_ID": _ID, "CREATION_TIMESTAMP": _TIME, "GENRES": _REQUIRED_CATEGORY},
        {
            "PRICE": _NUMBER_OR_NULL,
            "DURATION": _NUMBER_OR_NULL,
            "AVERAGE_RATING": _NUMBER_OR_NULL,
            "GENRE_L2": _CATEGORY,
            "GENRE_L3": _CATEGORY,
            "CONTENT_OWNER": _CATEGORY,
            "CONTENT_CLASSIFICATION": _CATEGORY,
            "PRODUCT_DESCRIPTION": _PROSE,
        },
    ),
}


#: Names with a meaning, which must not occur as values of event types.
RESERVED_KEYWORDS = frozenset(name for rules in RULES.values() for name in (*rules.required, *rules.reserved))


def parse(text: str, switches: Switches) -> Schema:
    """Read an Avro schema as CreateSchema does. Raises InvalidInputException for anything the service cannot take."""
    try:
        document = json.loads(text)
    except ValueError as err:
        raise InvalidInputException(f"The schema is not valid JSON: {err}") from err
    if not isinstance(document, dict) or document.get("type") != "record":
        raise InvalidInputException("The schema must be an Avro record.")
    if switches.namespace_enforced and document.get("namespace") != NAMESPACE:
        raise InvalidInputException(f"The schema's namespace must be {NAMESPACE}.")
    name, entries = document.get("name"), document.get("fields")
    if not isinstance(name, str) or not name:
        raise InvalidInputException("The schema needs the name of a dataset type.")
    if not isinstance(entries, list) or not entries:
        raise InvalidInputException("The schema needs a list of fields.")
    fields = tuple(_field(entry) for entry in entries)
    plain: dict[str, str] = {}
    for column in fields:
        # Whether case counts is not documented; names that differ in it alone are refused.
        key = re.sub(r"[^A-Z\d]", "", column.name.upper())
        if key in plain:
            raise InvalidInputException(
                f"Field names must be unique without their non-alphanumeric characters: {plain[key]}, {column.name}."
            )
        plain[key] = column.name
    return Schema(name, fields)


def dataset_type_of(schema: Schema, switches: Switches) -> str | None:
    """The dataset type that the record's name stands for; None when it stands for none."""

    def plain(name: str) -> str:
        name = name.replace("_", "")  # the API writes Action_Interactions, the guide's schemas ActionInteractions
        return name if switches.record_name_case_sensitive else name.lower()

    kinds = (kind for kind, name in RECORD_NAMES.items() if plain(schema.record_name) == plain(name))
    return next(kinds, None)


def check(schema: Schema, kind: str, domain: str | None, switches: Switches) -> None:
    """Hold a schema against the rules of its dataset type and domain. Raises InvalidInputException."""
    rules = RULES.get((domain, kind))
    if rules is None:
        raise InvalidInputException(f"A dataset group of domain {domain} takes no datasets of type {kind}.")
    reserved = dict(rules.reserved)
    if kind == ACTIONS:
        reserved[switches.action_expiration_column] = _LONG_OR_NULL
    missing = [name for name in rules.required if schema.field(name) is None]
    if missing:
        raise InvalidInputException(f"Input csv is missing the following columns: [{', '.join(missing)}]")
    for column in schema.fields:
        if rule := rules.required.get(column.name) or reserved.get(column.name):
            _check_reserved(column, rule, required=column.name in rules.required)
    metadata = [f for f in schema.fields if f.name not in rules.required and f.name not in reserved]
    # A reserved category (a domain's own) is as good as metadata; CREATION_TIMESTAMP and its like are not.
    useful = any(f.categorical or f.textual for f in schema.fields) or any(f.type in NUMERIC for f in metadata)
    if rules.needs_metadata and not useful:
        raise InvalidInputException(f"A schema for {kind} needs at least one metadata field.")
    if len(metadata) > rules.most_metadata:
        raise InvalidInputException(f"A schema for {kind} can have at most {rules.most_metadata} metadata fields.")
    textual = [f.name for f in schema.fields if f.textual]
    if textual and kind != ITEMS:
        raise InvalidInputException("Only schemas for Items can have textual fields.")
    if len(textual) > 1:
        raise InvalidInputException("A schema can have at most 1 textual field.")


def check_replacement(old: Schema, new: Schema, kind: str) -> None:
    """Hold the schema of an UpdateDataset against the one it replaces. Raises InvalidInputException."""
    if kind not in (ITEMS, USERS):
        raise InvalidInputException("Only the schema of an Items or Users dataset can be replaced.")
    for column in old.fields:
        if new.field(column.name) != column:
            raise InvalidInputException(f"The new schema must keep the field {column.name} as it is.")
    for column in new.fields:
        if old.field(column.name) is None and not column.nullable:
            raise InvalidInputException(f"The added field {column.name} must allow null.")


def _field(entry: Any) -> Field:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise InvalidInputException("Every field of the schema needs a name and a type.")
    name = entry["name"]
    if not _FIELD_NAME.fullmatch(name):
        raise InvalidInputException(f"Field name {name} must match [A-Za-z_][A-Za-z\\d_]* with at most 150 characters.")
    types = entry.get("type")
    union: list[Any] = types if isinstance(types, list) else [types]
    known = all(isinstance(t, str) and t in PRIMITIVES for t in union)
    if not known or not union or len(set(union)) < len(union) or len(set(union) - {"null"}) > 1:
        raise InvalidInputException(
            f"Field {name} must be of one type out of {', '.join(sorted(PRIMITIVES))}, or that and null."
        )
    result = Field(
        name,
        frozenset(union),
        categorical=entry.get("categorical") is True,
        textual=entry.get("textual") is True,
        item_name=entry.get("itemName") is True,
    )
    if (result.categorical or result.textual) and result.type != "string":
        raise InvalidInputException(f"Only string fields can be categorical or textual; {name} is {result.type}.")
    if result.categorical and result.textual:
        raise InvalidInputException(f"Field {name} cannot be both categorical and textual.")
    return result


def _check_reserved(column: Field, rule: Reserved, *, required: bool) -> None:
    numeric = rule.type in ("float", "double") and column.type in ("float", "double")
    if column.type != rule.type and not numeric:
        raise InvalidInputException(f"Field {column.name} must be of type {rule.type}, not {column.type}.")
    if column.nullable and not rule.null:
        raise InvalidInputException(f"Field {column.name} must not allow null.")
    if rule.categorical != column.categorical or rule.textual != column.textual:
        kind = "categorical" if rule.categorical else "textual" if rule.textual else "neither categorical nor textual"
        raise InvalidInputException(f"Field {column.name} is a reserved name and must be {kind}.")
    if required and column.type == "null":
        raise InvalidInputException(f"Field {column.name} must not be null.")
