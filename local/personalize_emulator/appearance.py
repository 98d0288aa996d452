"""How Describe and List show what was given: as it came, or as the service may have rewritten it (switches)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .settings import Switches

#: Maps whose values are texts, many of them numbers; and texts that the model means for numbers.
_NUMBER_MAPS = ("algorithmHyperParameters", "featureTransformationParameters", "itemExplorationConfig")
_NUMBER_TEXTS = ("eventValueThreshold", "maxNumberOfTrainingJobs", "maxParallelTrainingJobs")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

_KEYWORDS = frozenset({"INCLUDE", "EXCLUDE", "WHERE", "AND", "OR", "NOT", "IN", "IF"})
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|<=|>=|!=|[=<>(),|*]|[^\s=<>!(),|*"]+')


def appears(record: Mapping[str, Any], switches: Switches) -> dict[str, Any]:
    """The members of a resource as they are shown."""
    found = dict(record)
    if switches.number_texts_shown == "canonical":
        found = _with_numbers(found)
    if "filterExpression" in found and switches.filter_expression_shown == "normalised":
        found["filterExpression"] = normalised(found["filterExpression"])
    return found


def canonical(text: Any) -> Any:
    """A number's text as a float prints ("0.30" is 0.3, "5" is 5.0); anything else as it is."""
    return str(float(text)) if isinstance(text, str) and _NUMBER.fullmatch(text) else text


def normalised(expression: str) -> str:
    """A filter expression with keywords in upper case, single blanks, and parentheses around every value of IN."""
    found = before = ""
    for token in _TOKEN.findall(expression):
        token = token.upper() if token.upper() in _KEYWORDS else token
        blank = "" if token in (",", ")") or before in ("", "(") else " "
        found += blank + (f"({token})" if before == "IN" and token != "(" else token)
        before = token
    return found


def _with_numbers(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        inside = name in _NUMBER_MAPS
        return {key: canonical(one) if inside else _with_numbers(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_numbers(one) for one in value]
    return canonical(value) if name in _NUMBER_TEXTS else value
