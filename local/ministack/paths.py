"""Reading paths and fields as strictly as AWS: a path that leads nowhere fails the execution."""

import json
from typing import Any

from ministack.services import stepfunctions as sfn  # type: ignore[import-untyped]

from .patching import around, replace

_SHOWN = 1000  # characters of the input quoted in a cause


class _Missing(Exception):
    """When a path leads nowhere."""


def refuse_missing_paths() -> None:
    """A path that is not in its input is `States.Runtime`, but for a Choice that asks IsPresent."""
    replace(sfn, "_resolve_path", resolve)
    around(sfn, "_evaluate_rule", _evaluate_rule)


def resolve(path: str | None, data: Any) -> Any:
    """What `path` leads to in `data`; fails the execution when that is nothing."""
    if not path or path == "$" or not path.startswith("$"):
        return data
    try:
        return _follow(path, data)
    except _Missing:
        text = json.dumps(data)[:_SHOWN]
        raise sfn._ExecutionError(
            "States.Runtime", f"The JSONPath '{path}' could not be found in the input '{text}'"
        ) from None


def _follow(path: str, data: Any) -> Any:
    tokens = sfn._parse_jsonpath_tokens(path)
    if tokens is None:
        raise sfn._ExecutionError("States.Runtime", f"The JSONPath '{path}' is not supported by MiniStack")
    values, projected = [data], False
    for kind, key in tokens:
        found = [value for current in values for value in _step(kind, key, current)]
        # Beyond a wildcard, items without the key are left out; before it every step has to lead somewhere.
        if not found and not projected and kind != "wildcard":
            raise _Missing
        values, projected = found, projected or kind == "wildcard"
    return values if projected else values[0]


def _step(kind: str, key: Any, value: Any) -> list[Any]:
    if isinstance(value, dict):
        if kind == "wildcard":
            return list(value.values())
        return [value[key]] if kind == "field" and key in value else []
    if isinstance(value, list):
        if kind == "wildcard":
            return list(value)
        return [value[key]] if kind == "index" and key < len(value) else []
    return []


def _evaluate_rule(original: Any, rule: dict[str, Any], data: Any, ctx: Any = None) -> Any:
    if "IsPresent" not in rule:
        return original(rule, data, ctx)
    path = rule["Variable"]
    try:
        _follow(path.removeprefix("$"), ctx or {}) if path.startswith("$$.") else _follow(path, data)
        present = True
    except _Missing:
        present = False
    return present == rule["IsPresent"]
