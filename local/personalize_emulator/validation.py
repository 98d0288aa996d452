"""Requests held against the service model: types, required members, enums, patterns, lengths, ranges.

botocore's client checks a part of this before it sends (required, types, minimums), the service checks all of it.
Patterns are anchored at both ends, as the service matches them whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

#: `re` has no such classes; these stand for those that the models use (the Unicode ones only inside character sets).
_CLASSES = {
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": "\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}


def problems(shape: Shape, value: Any, at: str = "") -> Iterator[str]:
    """What is wrong with `value`, one sentence a fault, in the words AWS uses."""
    if not _right_type(shape, value):
        yield f"Value at '{at or 'request'}' failed to satisfy constraint: Member must be of type {shape.type_name}"
        return
    yield from _constraints(shape, value, at)
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, at)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from problems(shape.member, item, f"{at}.{number}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from problems(shape.key, key, f"{at}.{key}.key")
            yield from problems(shape.value, item, f"{at}.{key}.value")


def violation(shape: Shape | None, value: Mapping[str, Any]) -> str | None:
    """The service's message for a request that breaks its model, or None for a good one."""
    found = list(problems(shape, value)) if shape is not None else []
    if not found:
        return None
    errors = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {errors} detected: " + "; ".join(found)


def _structure(shape: StructureShape, value: Mapping[str, Any], at: str) -> Iterator[str]:
    prefix = f"{at}." if at else ""
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from problems(member, value[name], prefix + name)


def _constraints(shape: Shape, value: Any, at: str) -> Iterator[str]:
    def broken(rule: str) -> str:
        shown = json.dumps(value) if isinstance(value, (dict, list)) else value
        return f"Value '{shown}' at '{at}' failed to satisfy constraint: Member must {rule}"

    limits = shape.metadata
    minimum, maximum = limits.get("min"), limits.get("max")
    if isinstance(value, (str, list, dict)):
        if minimum is not None and len(value) < minimum:
            yield broken(f"have length greater than or equal to {minimum}")
        if maximum is not None and len(value) > maximum:
            yield broken(f"have length less than or equal to {maximum}")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if minimum is not None and value < minimum:
            yield broken(f"have value greater than or equal to {minimum}")
        # ContinuousMaxValue's only bound in the model is a "min" of -1000000 too; there is none above to check.
        if maximum is not None and value > maximum:
            yield broken(f"have value less than or equal to {maximum}")
    if isinstance(value, str):
        pattern = limits.get("pattern")
        if pattern is not None and not _compiled(pattern).fullmatch(value):
            yield broken(f"satisfy regular expression pattern: {pattern}")
        if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
            yield broken(f"satisfy enum value set: [{', '.join(shape.enum)}]")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for name, characters in _CLASSES.items():
        pattern = pattern.replace(name, characters)
    return re.compile(pattern)


def _right_type(shape: Shape, value: Any) -> bool:
    expected: tuple[type, ...] = {
        "structure": (dict,),
        "map": (dict,),
        "list": (list,),
        "string": (str,),
        "boolean": (bool,),
        "integer": (int,),
        "long": (int,),
        "float": (int, float),
        "double": (int, float),
        "timestamp": (int, float),
    }[shape.type_name]
    if isinstance(value, bool):
        return bool in expected
    return isinstance(value, expected)
