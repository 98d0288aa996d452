"""Filter expressions: parsed by a grammar, held against the group's schemas, answered by SQL on the imported rows.

Sources: developer guide, "Filter expression structure and elements", "Common error messages in Amazon Personalize".
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, VisitError

from .avro import NUMERIC, RECORD_NAMES, Field, Schema
from .exceptions import InvalidInputException
from .recipes import ACTION_INTERACTIONS, ACTIONS, INTERACTIONS, ITEMS, USERS
from .rows import RowStore, quoted

#: What each target may be chosen by, and the column that holds its id.
TARGETS = {
    "ItemID": ("ITEM_ID", (INTERACTIONS, ITEMS)),
    "UserID": ("USER_ID", (INTERACTIONS, USERS)),
    "ActionID": ("ACTION_ID", (ACTION_INTERACTIONS, ACTIONS)),
}
EVENT_TYPE = "EVENT_TYPE"
MAX_PLACEHOLDER = 50


@dataclass(frozen=True)
class Placeholder:
    """`$NAME`: its values come with each request."""

    name: str


@dataclass(frozen=True)
class CurrentItem:
    """`CurrentItem.FIELD`: the value that the item of the request has."""

    field: str


@dataclass(frozen=True)
class Everything:
    """`*`."""


Value = str | float | Placeholder | CurrentItem | Everything


@dataclass(frozen=True)
class Condition:
    """One comparison. `dataset` is a dataset type, or USERS for what stands after IF."""

    dataset: str
    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Expression:
    """INCLUDE or EXCLUDE ids for which one of `alternatives` holds (each a list of conditions that hold together)."""

    action: str
    target: str
    alternatives: tuple[tuple[Condition, ...], ...]
    user_conditions: tuple[Condition, ...] = ()

    @property
    def conditions(self) -> Iterator[Condition]:
        for alternative in self.alternatives:
            yield from alternative
        yield from self.user_conditions

    @property
    def dataset(self) -> str:
        return self.alternatives[0][0].dataset

    @property
    def placeholders(self) -> set[str]:
        return {v.name for c in self.conditions for v in c.values if isinstance(v, Placeholder)}


@dataclass(frozen=True)
class Filter:
    """A parsed filter."""

    expressions: tuple[Expression, ...]

    @property
    def conditions(self) -> Iterator[Condition]:
        for expression in self.expressions:
            yield from expression.conditions

    @property
    def placeholders(self) -> set[str]:
        return {name for expression in self.expressions for name in expression.placeholders}

    @property
    def fields(self) -> set[tuple[str, str]]:
        """Dataset fields that it reads, which the quotas count."""
        return {(c.dataset, c.field.upper()) for c in self.conditions}

    @property
    def needs_item(self) -> bool:
        return any(isinstance(v, CurrentItem) for c in self.conditions for v in c.values)


def parse(text: str) -> Filter:
    """Read an expression. Raises InvalidInputException."""
    try:
        result: Filter = _Builder().transform(_parser().parse(text))
    except VisitError as err:
        raise _invalid(str(err.orig_exc)) from err
    except UnexpectedInput as err:
        raise _invalid(_unexpected(text, err)) from err
    for expression in result.expressions:
        _check_form(expression)
    if len({expression.target for expression in result.expressions}) > 1:
        raise _invalid("All expressions of a filter must be about the same kind of id.")
    return result


def check_fields(parsed: Filter, schemas: Mapping[str, Schema]) -> None:
    """Hold a filter against the schemas of the group, by dataset type. Raises InvalidInputException."""
    for condition in parsed.conditions:
        name = RECORD_NAMES[condition.dataset]
        schema = schemas.get(condition.dataset)
        if schema is None:
            raise _invalid(f"The dataset group has no {name} dataset.")
        field = _field(schema, condition.field)
        if field is None:
            raise _invalid(f"Field {condition.field} does not exist in the {name} dataset.")
        if field.textual or field.type == "boolean":
            raise _invalid(f"Field {condition.field} cannot be used in a filter.")
        _check_values(condition, field)
        for value in condition.values:
            if isinstance(value, CurrentItem) and (ITEMS not in schemas or _field(schemas[ITEMS], value.field) is None):
                raise _invalid(f"Field {value.field} does not exist in the Items dataset.")


def check_values(parsed: Filter, given: Mapping[str, str], schemas: Mapping[str, Schema]) -> None:
    """Hold the values of a request against the placeholders and the fields that they stand for.

    Those of an EXCLUDE may be left out: that part of the filter is not used then (API GetRecommendations).
    Raises InvalidInputException.
    """
    needed = {name for each in parsed.expressions if each.action == "INCLUDE" for name in each.placeholders}
    if missing := sorted(needed - set(given)):
        raise InvalidInputException(f"Values for the filter's parameters are missing: {', '.join(missing)}.")
    if unknown := sorted(set(given) - parsed.placeholders):
        raise InvalidInputException(f"The filter has no parameters of these names: {', '.join(unknown)}.")
    for condition in parsed.conditions:
        schema = schemas.get(condition.dataset)
        field = _field(schema, condition.field) if schema else None
        for value in condition.values:
            if isinstance(value, Placeholder) and value.name in given and field:
                _check_given(value.name, given[value.name], condition, field)


@dataclass(frozen=True)
class Question:
    """What a filter is asked about: the rows of the group's datasets by type, the request's user, item and values."""

    rows: RowStore
    tables: Mapping[str, str]
    values: Mapping[str, str]
    user: str | None = None
    item: str | None = None


def choose(parsed: Filter, question: Question) -> Callable[[str], bool]:
    """Which ids pass the filter: INCLUDEs unite, and what any EXCLUDE names is taken away from them."""
    included: set[str] | None = None
    excluded: set[str] = set()
    for expression in parsed.expressions:
        if not expression.placeholders <= set(question.values):
            continue
        if not all(_user_passes(c, question) for c in expression.user_conditions):
            continue
        found = _ids(expression, question)
        if expression.action == "INCLUDE":
            included = found if included is None else included | found
        else:
            excluded |= found
    return lambda one: (included is None or one in included) and one not in excluded


def _ids(expression: Expression, question: Question) -> set[str]:
    table = question.tables.get(expression.dataset)
    if table is None:
        return set()
    sql, values = [], []
    for alternative in expression.alternatives:
        parts = [_sql(condition, question) for condition in alternative]
        sql.append(" AND ".join(part for part, _ in parts))
        values += [value for _, found in parts for value in found]
    where = " OR ".join(f"({alternative})" for alternative in sql)
    column = quoted(TARGETS[expression.target][0])
    own = ""
    if expression.dataset in (INTERACTIONS, ACTION_INTERACTIONS) and expression.target != "UserID":
        # Interactions of the user who asks, not of everybody.
        own, values = "USER_ID = ? AND ", [question.user, *values]
    return {str(one) for (one,) in question.rows.query(f"SELECT {column} FROM {table} WHERE {own}({where})", *values)}


def _user_passes(condition: Condition, question: Question) -> bool:
    table = question.tables.get(USERS)
    if table is None or question.user is None:
        return False
    part, values = _sql(condition, question)
    return bool(question.rows.one(f"SELECT count(*) FROM {table} WHERE USER_ID = ? AND {part}", question.user, *values))


def _sql(condition: Condition, question: Question) -> tuple[str, list[Any]]:
    column = quoted(condition.field)
    if any(isinstance(value, Everything) for value in condition.values):
        return f"{column} IS NOT NULL", []
    values = [one for value in condition.values for one in _resolved(value, question)]
    if condition.operator in ("IN", "NOT IN"):
        # Several values of one cell are joined with a bar. Only event types ignore case.
        fold = "lower" if condition.field.upper() == EVENT_TYPE else ""
        text = f"instr('|' || {fold}(coalesce({column}, '')) || '|', '|' || {fold}(?) || '|') > 0"
        tests = [text if isinstance(value, str) else f"coalesce({column} = ?, 0)" for value in values]
        negation = "NOT " if condition.operator == "NOT IN" else ""
        return f"{negation}({' OR '.join(tests) or '0'})", values
    operator = {"!=": "<>"}.get(condition.operator, condition.operator)
    return f"{column} {operator} ?", values[:1] or [None]


def _resolved(value: Value, question: Question) -> Iterable[str | float]:
    """The values that a placeholder or the current item stands for; itself for a constant."""
    if isinstance(value, Placeholder):
        return given_values(question.values[value.name])
    if isinstance(value, CurrentItem):
        table = question.tables.get(ITEMS)
        if table is None or question.item is None:
            return []
        sql = f"SELECT {quoted(value.field)} FROM {table} WHERE ITEM_ID = ?"
        cells = [cell for (cell,) in question.rows.query(sql, question.item) if cell is not None]
        return [part for cell in cells for part in (cell.split("|") if isinstance(cell, str) else [float(cell)])]
    return [value] if isinstance(value, (str, float)) else []


def given_values(text: str) -> list[str | float]:
    """What a request gives for a placeholder: texts in quotation marks or numbers, with commas between them.

    Raises ValueError for anything else.
    """
    try:
        values: list[str | float] = json.loads(f"[{text}]", parse_int=float, parse_constant=float)
    except RecursionError as err:
        raise ValueError("nested too deeply") from err
    for value in values:
        if isinstance(value, str):
            value.encode()  # a half of a character is no text
        elif not isinstance(value, float) or not math.isfinite(value):
            raise ValueError(f"{value} is neither a text nor a number")
    return values


def _check_given(name: str, text: str, condition: Condition, field: Field) -> None:
    try:
        values = given_values(text)
    except ValueError as err:
        raise InvalidInputException(
            f"The value of the filter's parameter {name} must be numbers, or texts in quotation marks, with commas "
            "between them."
        ) from err
    if not values or (condition.operator not in ("IN", "NOT IN") and len(values) > 1):
        raise InvalidInputException(f"The filter's parameter {name} must have one value.")
    kind, wanted = (float, "a number") if field.type in NUMERIC else (str, "a text in quotation marks")
    if not all(isinstance(value, kind) for value in values):
        raise InvalidInputException(
            f"The filter's parameter {name} must have {wanted}: field {field.name} is of type {field.type}."
        )


def _check_form(expression: Expression) -> None:
    """Rules of one expression that need no schema."""
    allowed = TARGETS[expression.target][1]
    for alternative in expression.alternatives:
        for condition in alternative:
            if condition.dataset != expression.dataset:
                raise _invalid("An expression can use one dataset; combine expressions with |.")
    if expression.dataset not in allowed:
        names = ", ".join(RECORD_NAMES[kind] for kind in allowed)
        raise _invalid(f"{expression.target} can be filtered by {names}.")
    if expression.dataset in (INTERACTIONS, ACTION_INTERACTIONS):
        for condition in (each for alternative in expression.alternatives for each in alternative):
            if condition.field.upper() != EVENT_TYPE:
                name = RECORD_NAMES[expression.dataset]
                raise _invalid(f"Of {name} only EVENT_TYPE can be used in a filter, and not {condition.field}.")
    for condition in expression.conditions:
        for value in condition.values:
            if isinstance(value, Everything) and (condition.field.upper(), condition.operator) != (EVENT_TYPE, "IN"):
                raise _invalid("* can be used only with EVENT_TYPE IN.")
            if isinstance(value, Placeholder) and condition.operator == "NOT IN":
                raise _invalid("Placeholders are not allowed with NOT_IN operator")
            if isinstance(value, Placeholder) and len(value.name) > MAX_PLACEHOLDER:
                raise _invalid(f"The name of a placeholder can have at most {MAX_PLACEHOLDER} characters.")


def _check_values(condition: Condition, field: Field) -> None:
    # Samples compare the current user's strings by = too: CurrentUser.MEMBERSHIP = $PREMIUM.
    equality = condition.dataset == USERS and condition.operator in ("=", "!=")
    if condition.operator not in ("IN", "NOT IN") and field.type not in NUMERIC and not equality:
        raise _invalid(f"Operator {condition.operator} needs a number, and {condition.field} is {field.type}.")
    for value in condition.values:
        if isinstance(value, float) and field.type not in NUMERIC:
            raise _invalid(f"Field {condition.field} is of type {field.type} and cannot be compared with a number.")
        if isinstance(value, str) and field.type in NUMERIC:
            raise _invalid(f"Field {condition.field} is of type {field.type} and cannot be compared with a string.")


def _field(schema: Schema, name: str) -> Field | None:
    """The column that a filter means: `Interactions.event_type` has been taken for EVENT_TYPE."""
    return next((field for field in schema.fields if field.name.upper() == name.upper()), None)


def _invalid(reason: str) -> InvalidInputException:
    return InvalidInputException(f"Could not create filter. Invalid Expression: {reason}")


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("filter_expression.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", maybe_placeholders=False)


#: What an expression may be continued with, in its own words, for terminals whose name is none of them.
_IN_WORDS = {
    "ACTION": "INCLUDE or EXCLUDE",
    "TARGET": "ItemID, UserID or ActionID",
    "NAME": "a name",
    "COMPARISON": "a comparison",
    "STRING": "a text in quotation marks",
    "SIGNED_NUMBER": "a number",
    "CURRENT_ITEM": "CurrentItem",
    "CURRENTUSER": "CurrentUser",
    "EVERYTHING": "*",
    "DOLLAR": "a parameter",
    "LPAR": "an opening parenthesis",
    "RPAR": "a closing parenthesis",
    "COMMA": "a comma",
    "DOT": "a dot",
    "VBAR": "|",
    "$END": "the end",
}


def _unexpected(text: str, err: UnexpectedInput) -> str:
    """Where an expression goes wrong, and what would have been right there."""
    place = err.pos_in_stream if err.pos_in_stream is not None and 0 <= err.pos_in_stream < len(text) else None
    found = re.compile(r'"[^"]*"?|\w+|.', re.DOTALL).match(text, place) if place is not None else None
    allowed = err.allowed if isinstance(err, UnexpectedCharacters) else getattr(err, "expected", ())
    words = sorted(_IN_WORDS.get(name, name) for name in allowed or ())
    where = f"unexpected {found[0][:50]} at position {found.start() + 1}" if found else "the expression ends too early"
    return f"{where}; expected {', '.join(words)}."


#: The guide writes Action.MEMBERSHIP_LEVEL in one example.
_DATASETS = {**{name.upper(): kind for kind, name in RECORD_NAMES.items()}, "ACTION": ACTIONS}


def _dataset(name: str) -> str:
    kind = _DATASETS.get(name.upper())
    if kind is None:
        raise ValueError(f"{name} is not a dataset.")
    return kind


@dataclass(frozen=True)
class _OfCurrentUser:
    """Marks a condition that stands after IF."""

    condition: Condition


class _Builder(Transformer[Token, Any]):
    """Makes the dataclasses of the parse tree."""

    def string(self, parts: list[Token]) -> str:
        return re.sub(r"\\(.)", r"\1", parts[0][1:-1])

    def number(self, parts: list[Token]) -> float:
        return float(parts[0])

    def placeholder(self, parts: list[Token]) -> Placeholder:
        return Placeholder(str(parts[0]))

    def current_item(self, parts: list[Token]) -> CurrentItem:
        return CurrentItem(str(parts[-1]))

    def values(self, parts: list[Any]) -> tuple[Value, ...]:
        return tuple(Everything() if isinstance(part, Token) else part for part in parts)

    def operator(self, parts: list[Token]) -> str:
        return "NOT IN" if parts else "IN"

    def field(self, parts: list[Token]) -> tuple[str, str]:
        return _dataset(str(parts[0])), str(parts[1])

    def condition(self, parts: list[Any]) -> Condition:
        (dataset, field), operator, values = parts
        values = values if isinstance(values, tuple) else (values,)
        if values == ("*",) and field.upper() == EVENT_TYPE:  # published samples put the star in quotes
            values = (Everything(),)
        return Condition(dataset, field, str(operator), values)

    def user_condition(self, parts: list[Any]) -> _OfCurrentUser:
        field, operator, values = parts
        return _OfCurrentUser(self.condition([(USERS, str(field)), operator, values]))

    def expression(self, parts: list[Any]) -> Expression:
        action, target, *rest = parts
        alternatives: list[list[Condition]] = [[]]
        user_conditions: list[Condition] = []
        for part in rest:
            if isinstance(part, Token):
                if part.upper() == "OR":
                    alternatives.append([])
            elif isinstance(part, _OfCurrentUser):
                user_conditions.append(part.condition)
            else:
                alternatives[-1].append(part)
        canonical = next(name for name in TARGETS if name.lower() == target.lower())
        return Expression(action.upper(), canonical, tuple(map(tuple, alternatives)), tuple(user_conditions))

    def start(self, parts: list[Expression]) -> Filter:
        return Filter(tuple(parts))
