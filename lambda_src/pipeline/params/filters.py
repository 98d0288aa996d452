"""Filter expressions, read by the guide's grammar and held against the schemas of the datasets that they name.

Source: Developer Guide, "Filter expression structure and elements" and its pages of examples. What AWS's published
samples use beside that is taken too: any case, a value without parentheses after IN, one in parentheses after a
comparison, quotation marks around `*`.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.problems import Problem

from .schemas import Avro, field_types

# What each kind of id can be chosen by.
TARGETS = {
    "ITEMID": ("Interactions", "Items"),
    "USERID": ("Interactions", "Users"),
    "ACTIONID": ("Action_Interactions", "Actions"),
}
SHOWN = {"ITEMID": "ItemID", "USERID": "UserID", "ACTIONID": "ActionID"}
# Datasets by what an expression may call them: one of the guide's own examples says Action.
DATASETS = {
    "INTERACTIONS": "Interactions",
    "ITEMS": "Items",
    "USERS": "Users",
    "ACTIONS": "Actions",
    "ACTION": "Actions",
    "ACTION_INTERACTIONS": "Action_Interactions",
}
EVENTS = ("Interactions", "Action_Interactions")
NUMERIC = {"int", "long", "float", "double"}
LONGEST_PLACEHOLDER = 50
MOST_FAULTS = 20  # told of one expression: looking for the nearest column takes a while, and files come from anybody
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*') | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
      | (?P<word>\$?[A-Za-z_]\w*) | (?P<sign><=|>=|!=|[=<>().,|*]) | (?P<end>$)
    )""",
    re.VERBOSE | re.ASCII,
)


class Token(NamedTuple):
    """A piece of an expression; `at` counts its characters from 1."""

    kind: str
    text: str
    at: int

    @property
    def word(self) -> str:
        """A keyword or a name, as it is compared: in capitals."""
        return self.text.upper() if self.kind == "word" else self.text


@dataclass(frozen=True)
class Value:
    """What a column is compared with: a `text`, a `number`, a `placeholder`, `everything`, or a column of the item."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class Condition:
    """One comparison of a column, as they are written; `of_user` is what stands after IF."""

    dataset: str
    column: str
    operator: str
    values: tuple[Value, ...]
    at: int
    of_user: bool = False


@dataclass
class Expression:
    """INCLUDE or EXCLUDE with its conditions."""

    target: str
    conditions: list[Condition] = field(default_factory=list)


class Fault(Exception):
    """Why an expression can't be read, and at which character."""

    def __init__(self, what: str, at: int) -> None:
        super().__init__(what)
        self.at = at


def problems(where: str, text: str, schemas: Mapping[str, Avro]) -> Iterator[Problem]:
    """All that the service would refuse. Columns of datasets that are not among `schemas` are not looked at."""
    try:
        expressions = read(text)
    except Fault as fault:
        yield Problem(where, _at(fault.at, str(fault)))
        return
    for found in itertools.islice(_faults(expressions, schemas), MOST_FAULTS):
        yield Problem(where, _at(found.at, str(found)))


def unusual(text: str) -> str | None:
    """What no example of AWS's has, and nobody is known to have tried."""
    outside = re.sub(r'"(?:\\.|[^"\\])*"', "", text)
    if "'" in outside:
        return "has texts in single quotation marks. All of AWS's examples have double ones."
    return "has NOT_IN. All of AWS's examples have NOT IN." if re.search(r"\bNOT_IN\b", outside, re.I) else None


def datasets(text: str) -> set[str]:
    """The types of the datasets whose columns an expression reads; none of one that can't be read."""
    try:
        return {condition.dataset for expression in read(text) for condition in expression.conditions}
    except Fault:
        return set()


def placeholders(text: str) -> set[str]:
    """The names of an expression's placeholders; none of one that can't be read."""
    try:
        conditions = [condition for expression in read(text) for condition in expression.conditions]
    except Fault:
        return set()
    return {value.text for condition in conditions for value in condition.values if value.kind == "placeholder"}


def read(text: str) -> list[Expression]:
    """The expressions of a filter. Raises Fault at the first thing that can't be read."""
    reader = _Reader(text)
    expressions = [reader.expression()]
    while reader.takes("|"):
        expressions.append(reader.expression())
    reader.expect_end()
    return expressions


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._next = self._token()

    def _token(self) -> Token:
        match = _TOKEN.match(self._text, self._place)
        if match is None:
            at = len(self._text) - len(self._text[self._place :].lstrip())
            if self._text[at] in "\"'":
                raise Fault("the text that begins here has no closing quotation mark.", at + 1)
            raise Fault(f"`{self._text[at]}` is not part of any expression. {_QUOTES}", at + 1)
        kind = str(match.lastgroup)
        self._place = match.end()
        return Token(kind, match[kind], match.start(kind) + 1)

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._next = self._token()
        return token

    def takes(self, *words: str) -> Token | None:
        """The next token, where it is one of these."""
        return self._take() if self._next.kind != "text" and self._next.word in words else None

    def _expect(self, *words: str, instead: str | None = None) -> Token:
        token = self.takes(*words)
        if token is None:
            raise self._fault(instead or " or ".join(words))
        return token

    def _fault(self, wanted: str) -> Fault:
        if self._next.kind == "end":
            return Fault(f"it ends too early; {wanted} is missing.", self._next.at)
        return Fault(f"`{self._next.text}` stands where {wanted} is expected.", self._next.at)

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self._next.kind != "end":
            raise self._fault("AND, OR, IF, | or the end")

    def expression(self) -> Expression:
        self._expect("INCLUDE", "EXCLUDE")
        target = self._expect(*TARGETS, instead="ItemID, UserID or ActionID")
        self._expect("WHERE")
        found = Expression(target.word, [self._condition()])
        while self.takes("AND", "OR"):
            found.conditions.append(self._condition())
        if self.takes("IF"):
            found.conditions.append(self._condition(of_user=True))
            while self.takes("AND"):
                found.conditions.append(self._condition(of_user=True))
        return found

    def _condition(self, *, of_user: bool = False) -> Condition:
        start = self._next
        owner = self._name("CurrentUser" if of_user else "a dataset, as in Items.PRICE,")
        if of_user and owner.word != "CURRENTUSER":
            raise Fault(f"after IF only columns of CurrentUser can be compared, not of {owner.text}.", owner.at)
        dataset = "Users" if of_user else DATASETS.get(owner.word)
        if dataset is None:
            raise Fault(f"{owner.text} is no dataset.{_nearest(owner.text, sorted(set(DATASETS.values())))}", owner.at)
        self._expect(".", instead=f"a dot and a column after {owner.text}")
        column = self._name("a column")
        operator = self._operator()
        return Condition(dataset, column.text, operator, tuple(self._values(operator)), start.at, of_user)

    def _name(self, what: str) -> Token:
        if self._next.kind != "word" or self._next.text.startswith("$"):
            raise self._fault(what)
        return self._take()

    def _operator(self) -> str:
        if self.takes("NOT_IN"):
            return "NOT IN"
        if self.takes("NOT"):
            self._expect("IN")
            return "NOT IN"
        return self._expect("IN", *COMPARISONS, instead=f"IN, NOT IN, {', '.join(COMPARISONS[:-1])} or >=").word

    def _values(self, operator: str) -> Iterator[Value]:
        enclosed = self.takes("(")
        yield self._value()
        while enclosed and operator.endswith("IN") and self.takes(","):
            yield self._value()
        if enclosed:
            self._expect(")", instead="a comma or `)`" if operator.endswith("IN") else "`)`")

    def _value(self) -> Value:
        token = self._next
        if token.kind in ("text", "number"):
            self._take()
            return Value(token.kind, token.text, token.at)
        if self.takes("*"):
            return Value("everything", "*", token.at)
        if self.takes("CURRENTITEM", "$CURRENTITEM"):
            self._expect(".", instead="a dot and a column after CurrentItem")
            return Value("item", self._name("a column").text, token.at)
        if token.kind == "word" and token.text.startswith("$"):
            self._take()
            return Value("placeholder", token.text[1:], token.at)
        raise self._fault(f"a value ({_QUOTES[:-1]})")


_QUOTES = 'Texts stand in double quotation marks, as in "drama"; placeholders begin with $.'


def _faults(expressions: list[Expression], schemas: Mapping[str, Avro]) -> Iterator[Fault]:
    for expression in expressions:
        allowed = TARGETS[expression.target]
        first = expression.conditions[0]
        if expression.target != expressions[0].target:
            one, other = SHOWN[expressions[0].target], SHOWN[expression.target]
            yield Fault(
                f"a filter chooses one kind of id; this one begins with {one} and goes on with {other}.", first.at
            )
        if first.dataset not in allowed:
            what = f"{SHOWN[expression.target]} can be chosen by {' or '.join(allowed)}, not by {first.dataset}."
            yield Fault(what, first.at)
        for condition in expression.conditions:
            if not condition.of_user and condition.dataset != first.dataset:
                what = f"one expression reads one dataset; this one began with {first.dataset}."
                yield Fault(f"{what} Join a second expression for {condition.dataset} with |.", condition.at)
            yield from _form_faults(condition)
            if condition.dataset in schemas:
                yield from _column_faults(condition, schemas[condition.dataset])
            for value in condition.values:
                if value.kind == "item" and "Items" in schemas and not _column(schemas["Items"], value.text):
                    yield Fault(_unknown(value.text, "Items", schemas["Items"]), value.at)


def _form_faults(condition: Condition) -> Iterator[Fault]:
    """What needs no schema."""
    is_event_type = condition.column.upper() == "EVENT_TYPE"
    if condition.dataset in EVENTS and not condition.of_user and not is_event_type:
        what = f"of {condition.dataset} a filter can read EVENT_TYPE only, not {condition.column}."
        yield Fault(what, condition.at)
    for value in condition.values:
        everything = value.kind == "everything" or (is_event_type and value.text == '"*"')
        if everything and not (is_event_type and condition.operator == "IN"):
            yield Fault("* stands for all event types: it goes with EVENT_TYPE IN only.", value.at)
        if value.kind == "placeholder" and condition.operator == "NOT IN":
            yield Fault(f"a placeholder can't stand after NOT IN. EXCLUDE with IN (${value.text}) says it.", value.at)
        if value.kind == "placeholder" and len(value.text) > LONGEST_PLACEHOLDER:
            what = f"the placeholder has {len(value.text)} characters; at most {LONGEST_PLACEHOLDER} are allowed."
            yield Fault(what, value.at)


def _column_faults(condition: Condition, avro: Avro) -> Iterator[Fault]:
    found = _column(avro, condition.column)
    if found is None and condition.dataset in EVENTS and not condition.of_user:
        return  # told already: of events a filter reads one column
    if found is None:
        yield Fault(_unknown(condition.column, condition.dataset, avro), condition.at)
        return
    types = set(field_types(found)) - {"null"}
    name = found["name"]
    if found.get("textual") or "boolean" in types:
        what = "textual" if found.get("textual") else "boolean"
        yield Fault(f"{name} is {what}; a filter can't read such columns.", condition.at)
        return
    is_numeric = bool(types & NUMERIC)
    # An example of the guide compares the current user's texts by = too.
    of_users = condition.dataset == "Users" and condition.operator in ("=", "!=")
    if not is_numeric and condition.operator not in ("IN", "NOT IN") and not of_users:
        what = f"{condition.operator} compares numbers, and {name} is {' or '.join(sorted(types))}."
        yield Fault(f"{what} Use IN or NOT IN.", condition.at)
    for value in condition.values:
        if value.kind == "text" and is_numeric:
            yield Fault(f"{name} is a number; write {value.text} without quotation marks.", value.at)
        if value.kind == "number" and not is_numeric:
            yield Fault(f'{name} is no number; put the value in quotation marks: "{value.text}".', value.at)


def _column(avro: Avro, name: str) -> dict[str, object] | None:
    """The column that an expression means; the service has taken `event_type` for EVENT_TYPE."""
    found: list[dict[str, object]] = [one for one in avro["fields"] if str(one["name"]).upper() == name.upper()]
    return found[0] if found else None


def _unknown(name: str, dataset: str, avro: Avro) -> str:
    return f"{dataset} has no column {name}.{_nearest(name, [one['name'] for one in avro['fields']])}"


def _nearest(name: str, known: list[str]) -> str:
    by_capitals = {one.upper(): one for one in known}
    close = difflib.get_close_matches(name.upper(), by_capitals, n=1)
    return f" Did you mean {by_capitals[close[0]]}?" if close else f" There are {', '.join(known)}."


def _at(at: int, what: str) -> str:
    return f"at character {at}: {what}"
