"""Problems are told by line and column of the params file, wherever they are in it."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pipeline.params.positions import positions
from pipeline.problems import Problem, nearest, told

TEXT = """{
  "datasetGroup": {"name": "shop"},
  "tags": [
    {"tagKey": "a,b}", "tagValue": "x"},
    [1, 2.5e3, null]
  ], "é\\"q": {}
}
"""


def test_keys_and_entries_have_their_positions() -> None:
    assert positions(TEXT) == {
        "$.datasetGroup": (2, 3),
        "$.datasetGroup.name": (2, 20),
        "$.tags": (3, 3),
        "$.tags[0]": (4, 5),
        "$.tags[0].tagKey": (4, 6),
        "$.tags[0].tagValue": (4, 24),
        "$.tags[1]": (5, 5),
        "$.tags[1][0]": (5, 6),
        "$.tags[1][1]": (5, 9),
        "$.tags[1][2]": (5, 16),
        '$.é"q': (6, 6),
    }


def test_what_is_missing_is_told_where_it_would_stand() -> None:
    found = positions(TEXT)
    assert nearest(found, "$.datasetGroup.domain.x") == (2, 3)
    assert nearest(found, "$.tags[7].tagKey") == (3, 3)
    assert nearest(found, "$") is None
    assert nearest(found, "Interactions/a.csv, line 7") is None


def test_problems_are_sorted_by_place_and_told_once() -> None:
    problems = [
        Problem("Users/u.csv", "a"),
        Problem("$.tags[1]", "b"),
        Problem("$.datasetGroup.name", "c"),
        Problem("$.tags[1]", "b"),
    ]
    assert told(problems, positions(TEXT)) == [
        {"where": "$.datasetGroup.name", "what": "c", "line": 2, "column": 20},
        {"where": "$.tags[1]", "what": "b", "line": 5, "column": 5},
        {"where": "Users/u.csv", "what": "a"},
    ]


def test_of_a_key_that_stands_twice_the_last_one_counts() -> None:
    assert positions('{"a": {"b": 1},\n"a": {"b": 2},\n"a.b": 3}') == {"$.a": (2, 1), "$.a.b": (2, 7)}


KEYS = st.text(st.characters(exclude_characters=".["), max_size=5)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
)


@given(DOCUMENTS, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_member_of_any_document_is_found_where_it_stands(document: Any, indent: Any, ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    lines = text.split("\n")
    found = positions(text)
    for path, step in _members(document):
        line, column = found[path]
        shown = json.dumps(step, ensure_ascii=ascii_only) if isinstance(step, str) else ""
        assert lines[line - 1][column - 1 :].startswith(shown)


def _members(value: Any, path: str = "$") -> Any:
    """Paths that are unlike any other's: a key may look like a step."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, entry in entries:
        if isinstance(step, str) and not step.isalnum():
            continue
        inner = f"{path}.{step}" if isinstance(step, str) else f"{path}[{step}]"
        yield inner, step
        yield from _members(entry, inner)
