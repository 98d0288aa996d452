"""A filter expression that the service would refuse is refused by the plan, and no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipeline.arns import Arns
from pipeline.params import filters, sections
from pipeline.params.schemas import Avro

from local.personalize_emulator import Switches
from local.personalize_emulator import avro as emulator_avro
from local.personalize_emulator import filters as emulator
from local.personalize_emulator.exceptions import InvalidInputException
from tests.emulator.test_filters import OTHERS, PUBLISHED

from .conftest import params


def column(name: str, kind: Any = "string", **flags: bool) -> dict[str, Any]:
    return {"name": name, "type": kind, **flags}


FIELDS = {
    "Interactions": [
        column("USER_ID"),
        column("ITEM_ID"),
        column("TIMESTAMP", "long"),
        column("EVENT_TYPE"),
        column("DEVICE", ["null", "string"], categorical=True),
    ],
    "Items": [
        column("ITEM_ID"),
        column("GENRES", ["null", "string"], categorical=True),
        column("PRICE", ["float", "null"]),
        column("STORY", ["null", "string"], textual=True),
        column("ADULT", ["null", "boolean"]),
    ],
    "Users": [column("USER_ID"), column("AGE", "int"), column("MEMBERSHIP", categorical=True)],
    "Actions": [column("ACTION_ID"), column("VALUE", "double")],
    "Action_Interactions": [
        column("USER_ID"),
        column("ACTION_ID"),
        column("EVENT_TYPE"),
        column("TIMESTAMP", "long"),
    ],
}
SCHEMAS: dict[str, Avro] = {
    kind: {
        "type": "record",
        "name": kind,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": fields,
        "version": "1.0",
    }
    for kind, fields in FIELDS.items()
}
WHERE = "$.filters[0].filterExpression"


def said(expression: str, schemas: dict[str, Avro] = SCHEMAS) -> list[str]:
    found = list(filters.problems(WHERE, expression, schemas))
    assert {problem.where for problem in found} <= {WHERE}
    return [problem.what for problem in found]


@pytest.mark.parametrize("expression", [text for texts in PUBLISHED.values() for text in texts] + OTHERS)
def test_what_aws_publishes_is_taken(expression: str) -> None:
    assert said(expression, {}) == []
    assert filters.unusual(expression) is None


@pytest.mark.parametrize(
    "expression",
    [
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)",
        'INCLUDE ItemID WHERE items.genres in ("a", "b | c \\" d") OR Items.PRICE>=-1.5e2 AND Items.PRICE<+3',
        'INCLUDE ItemID WHERE Items.GENRES IN ("AND OR IF | WHERE (") IF CurrentUser.AGE > 17',
        'INCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.AGE > 17 AND CurrentUser.MEMBERSHIP = "x"',
        "\n INCLUDE ItemID\tWHERE Items.PRICE < CurrentItem.PRICE\n | EXCLUDE ItemID WHERE Items.GENRES IN ($A) ",
        'EXCLUDE UserID WHERE Users.MEMBERSHIP NOT IN ("gold")',
        "INCLUDE ActionID WHERE Actions.VALUE > ($VALUE)",
        'INCLUDE ItemID WHERE Items.GENRES IN ("*", "*a*")',
    ],
)
def test_what_fits_the_schemas_is_taken(expression: str) -> None:
    assert said(expression) == []


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        # It can't be read.
        ("", "at character 1: it ends too early; INCLUDE or EXCLUDE is missing."),
        ("KEEP ItemID WHERE Items.PRICE > 1", "at character 1: `KEEP` stands where INCLUDE or EXCLUDE is expected."),
        ("INCLUDE Item WHERE Items.PRICE > 1", "`Item` stands where ItemID, UserID or ActionID is expected."),
        ("INCLUDE ItemID Items.PRICE > 1", "at character 16: `Items` stands where WHERE is expected."),
        ("INCLUDE ItemID WHERE PRICE > 1", "PRICE is no dataset. There are Action_Interactions, Actions,"),
        ("INCLUDE ItemID WHERE Itms.PRICE > 1", "at character 22: Itms is no dataset. Did you mean Items?"),
        ("INCLUDE ItemID WHERE Items PRICE > 1", "`PRICE` stands where a dot and a column after Items is expected."),
        ("INCLUDE ItemID WHERE Items. > 1", "`>` stands where a column is expected."),
        ('INCLUDE ItemID WHERE Items.GENRES LIKE "a"', "`LIKE` stands where IN, NOT IN, =,"),
        ('INCLUDE ItemID WHERE Items.GENRES NOT "a"', 'at character 39: `"a"` stands where IN is expected.'),
        ("INCLUDE ItemID WHERE Items.PRICE == 1", "at character 35: `=` stands where a value"),
        ("INCLUDE ItemID WHERE Items.GENRES IN ()", "`)` stands where a value"),
        ("INCLUDE ItemID WHERE Items.GENRES IN (drama)", "Texts stand in double quotation marks"),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("a" "b")', 'at character 43: `"b"` stands where a comma or `)` is'),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("a"', "it ends too early; a comma or `)` is missing."),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("a)', "at character 39: the text that begins here has no closing"),
        ("INCLUDE ItemID WHERE Items.PRICE > 1, 2", "`,` stands where AND, OR, IF, | or the end is expected."),
        ("INCLUDE ItemID WHERE Items.PRICE > 1 AND", "it ends too early; a dataset, as in Items.PRICE, is missing."),
        ("INCLUDE ItemID WHERE Items.PRICE > 1 |", "it ends too early; INCLUDE or EXCLUDE is missing."),
        ("INCLUDE ItemID WHERE Items.PRICE > 1; DROP", "`;` is not part of any expression."),
        ("INCLUDE ItemID WHERE (Items.PRICE > 1)", "`(` stands where a dataset"),
        (
            "INCLUDE ItemID WHERE Items.PRICE > 1 IF Users.AGE > 1",
            "after IF only columns of CurrentUser can be compared",
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.AGE > 1 OR CurrentUser.AGE < 0",
            "`OR` stands where AND, OR",
        ),
        ("INCLUDE ItemID WHERE Items.PRICE > CurrentItem", "a dot and a column after CurrentItem is missing."),
        ("INCLUDE ItemID WHERE Items.PRICE > $", "`$` is not part of any expression. "),
        # It can be read, and says what can't be.
        ("INCLUDE ItemID WHERE Users.AGE > 1", "ItemID can be chosen by Interactions or Items, not by Users."),
        ("INCLUDE UserID WHERE Items.PRICE > 1", "UserID can be chosen by Interactions or Users, not by Items."),
        (
            'INCLUDE ItemID WHERE Items.PRICE > 1 AND Interactions.EVENT_TYPE IN ("a")',
            "at character 42: one expression reads one dataset; this one began with Items. Join a second",
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE > 1 | EXCLUDE UserID WHERE Users.AGE > 1",
            "a filter chooses one kind of id; this one begins with ItemID and goes on with UserID.",
        ),
        ('INCLUDE ItemID WHERE Interactions.DEVICE IN ("a")', "a filter can read EVENT_TYPE only, not DEVICE."),
        ("INCLUDE ItemID WHERE Items.GENRES IN (*)", "* stands for all event types: it goes with EVENT_TYPE IN only."),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN (*)", "* stands for all event types"),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("*")', "* stands for all event types"),
        (
            "INCLUDE ItemID WHERE Items.GENRES NOT IN ($A)",
            "a placeholder can't stand after NOT IN. EXCLUDE with IN ($A)",
        ),
        (f"INCLUDE ItemID WHERE Items.GENRES IN (${'A' * 51})", "has 51 characters; at most 50 are allowed."),
        # It does not fit the schemas.
        ("INCLUDE ItemID WHERE Items.PRIZE > 1", "at character 22: Items has no column PRIZE. Did you mean PRICE?"),
        ("INCLUDE ItemID WHERE Items.XYZ > 1", "Items has no column XYZ. There are ITEM_ID, GENRES,"),
        ("INCLUDE ItemID WHERE Items.PRICE > CurrentItem.PRIZE", "at character 36: Items has no column PRIZE."),
        ("INCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.AGES > 1", "Users has no column AGES. Did you mean AGE?"),
        ('INCLUDE ItemID WHERE Items.STORY IN ("a")', "STORY is textual; a filter can't read such columns."),
        ('INCLUDE ItemID WHERE Items.ADULT IN ("true")', "ADULT is boolean; a filter can't read such columns."),
        ('INCLUDE ItemID WHERE Items.GENRES = "a"', "= compares numbers, and GENRES is string. Use IN or NOT IN."),
        ('INCLUDE ItemID WHERE Items.PRICE IN ("1")', 'PRICE is a number; write "1" without quotation marks.'),
        ("INCLUDE ItemID WHERE Items.GENRES IN (1)", 'GENRES is no number; put the value in quotation marks: "1".'),
    ],
)
def test_what_is_wrong_is_told_with_its_place(expression: str, what: str) -> None:
    (found,) = said(expression)
    assert what in found
    assert found.startswith("at character ")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    expression = (
        'INCLUDE ItemID WHERE Items.PRIZE > 1 OR Items.GENRE IN ("a") | EXCLUDE ItemID WHERE Interactions.X IN (*)'
    )
    assert [found.partition(":")[0] for found in said(expression)] == [
        *("at character 22", "at character 41", "at character 85", "at character 104"),
    ]


def test_of_an_expression_that_is_all_wrong_the_first_faults_are_told() -> None:
    expression = "INCLUDE ItemID WHERE " + " OR ".join(f"Items.PRIC{number} > 1" for number in range(100))
    assert len(said(expression)) == filters.MOST_FAULTS


@pytest.mark.parametrize(
    ("expression", "note"),
    [
        ("INCLUDE ItemID WHERE Items.GENRES IN ('a')", "single quotation marks"),
        ('INCLUDE ItemID WHERE Items.GENRES NOT_IN ("it\'s NOT_IN")', "has NOT_IN."),
        ('INCLUDE ItemID WHERE Items.GENRES NOT IN ("it\'s NOT_IN")', None),
    ],
)
def test_what_nobody_is_known_to_have_tried_is_a_note(arns: Arns, expression: str, note: str | None) -> None:
    assert said(expression) == []
    document = params(filters=[{"name": "f", "filterExpression": expression}])
    read = sections.read(document, arns, None, None)
    assert read.problems == []
    notes = [text for text in read.notes if "filter f " in text]
    assert len(notes) == (note is not None)
    assert note is None or note in notes[0]


def test_a_filter_that_shall_be_absent_is_not_looked_at(arns: Arns) -> None:
    document = params(filters=[{"name": "f", "filterExpression": "what it was", "state": "absent"}])
    assert sections.read(document, arns, None, None).problems == []


def test_names_that_an_expression_holds() -> None:
    expression = (
        "INCLUDE ItemID WHERE Items.GENRES IN ($A, $b) IF CurrentUser.AGE = $C "
        "| EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)"
    )
    assert filters.placeholders(expression) == {"A", "b", "C"}
    assert filters.datasets(expression) == {"Items", "Users", "Interactions"}
    assert filters.placeholders("$A") == filters.datasets("$A") == set()


# What the plan and the emulator, which know nothing of each other, say of the same expressions.

_WORDS = [
    *("INCLUDE", "exclude", "ItemID", "USERID", "ActionID", "WHERE", "AND", "or", "IF", "IN", "NOT IN", "NOT"),
    *("=", "<", ">=", "!=", "(", ")", ",", ".", "|", "*", '"*"', '"a"', '"a,\\"b"', "1", "-2.5", "$A", "$" + "B" * 51),
    *("Items", "interactions", "Users", "Actions", "Action_Interactions", "CurrentUser", "CurrentItem", "Films"),
    *("Items.GENRES", "Items.price", "Items.STORY", "Items.ADULT", "Items.NOPE", "Users.AGE", "CurrentUser.AGE"),
    *("CurrentUser.MEMBERSHIP", "CurrentItem.PRICE", "CurrentItem.NOPE", "Interactions.EVENT_TYPE", "Actions.VALUE"),
    *("Interactions.DEVICE", "Action_Interactions.EVENT_TYPE", "Users.MEMBERSHIP", "é", ";", '"'),
]
_COLUMNS = st.sampled_from([word for word in _WORDS if "." in word and not word.startswith(("-", "Current"))])
_VALUES = st.sampled_from(['"a"', "1", "-2.5", "$A", "CurrentItem.PRICE", "CurrentItem.NOPE", "*", '"*"'])


def _condition(columns: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    listed = st.lists(_VALUES, min_size=1, max_size=3).map(lambda values: f"({', '.join(values)})")
    several = st.tuples(columns, st.sampled_from(["IN", "not in", "Not In"]), listed | _VALUES)
    single = st.tuples(columns, st.sampled_from(["=", "<", ">=", "!="]), _VALUES | _VALUES.map("({})".format))
    return (several | single).map(" ".join)


_USERS = st.sampled_from(["CurrentUser.AGE", "CurrentUser.MEMBERSHIP", "CurrentUser.NOPE", "Users.AGE"])
_EXPRESSION = st.tuples(
    st.sampled_from(["INCLUDE", "exclude"]),
    st.sampled_from(["ItemID", "itemid", "UserID", "ActionID"]),
    st.just("WHERE"),
    st.lists(_condition(_COLUMNS), min_size=1, max_size=3).map(" AND ".join),
    st.just("") | _condition(_USERS).map("IF {}".format),
).map(" ".join)
FROM_GRAMMAR = st.lists(_EXPRESSION, min_size=1, max_size=2).map(" | ".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """One that is grammatical, with a word left out, put in or exchanged."""
    words = draw(FROM_GRAMMAR).split(" ")
    place = draw(st.integers(0, len(words) - 1))
    words[place : place + draw(st.integers(0, 1))] = draw(st.lists(st.sampled_from(_WORDS), max_size=1))
    return " ".join(words)


def emulator_says(expression: str) -> str | None:
    schemas = {kind.upper(): emulator_avro.parse(json.dumps(avro), Switches()) for kind, avro in SCHEMAS.items()}
    try:
        emulator.check_fields(emulator.parse(expression), schemas)
    except InvalidInputException as err:
        return err.message
    return None


@settings(max_examples=1000)
@given(FROM_GRAMMAR | mutated() | st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join))
@example('INCLUDE ItemID WHERE Items.GENRES IN ("a") IF CurrentUser.MEMBERSHIP = $A')
def test_the_plan_refuses_what_the_emulator_refuses_and_nothing_else(expression: str) -> None:
    assert bool(said(expression)) == bool(emulator_says(expression)), (said(expression), emulator_says(expression))


@given(st.text(max_size=80) | mutated())
def test_whatever_stands_there_is_read_or_told(expression: str) -> None:
    for what in said(expression):
        assert what.startswith("at character ")
    assert filters.unusual(expression) is None or "'" in expression or "_" in expression
