"""Tags: the document's default ones, laid under a resource's own, and never sent where a type takes none.

Source: Developer Guide, "Tagging Amazon Personalize resources": at most 50, each key once, none of AWS's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.problems import Problem

Tags = list[dict[str, str]]
MOST = 50
RESERVED = "aws:"


def with_defaults(kind: str, parameters: Parameters, defaults: Tags) -> Parameters:
    """The parameters with the default tags that the resource does not set itself."""
    if not RESOURCE_TYPES[kind].taggable or not defaults:
        return parameters
    own = parameters.get("tags", [])
    keys = {tag["tagKey"] for tag in own}
    return parameters | {"tags": own + [tag for tag in defaults if tag["tagKey"] not in keys]}


def problems(document: dict[str, Any]) -> Iterator[Problem]:
    """What no resource can be tagged with, wherever in the document it stands."""
    defaults = {tag["tagKey"] for tag in document.get("tags", [])}
    for where, tags in _lists(document, "$"):
        keys = Counter(tag["tagKey"] for tag in tags)
        for number, tag in enumerate(tags):
            if tag["tagKey"].lower().startswith(RESERVED):
                yield Problem(
                    f"{where}[{number}].tagKey", f"{tag['tagKey']} begins with {RESERVED}, which is AWS's own."
                )
        for key, count in keys.items():
            if count > 1:
                yield Problem(where, f"has the key {key} {count} times. Keep one of them.")
        if (number := len(keys.keys() | defaults)) > MOST:
            yield Problem(where, f"comes to {number} tags with those of $.tags; a resource takes {MOST}.")


def _lists(value: Any, path: str) -> Iterator[tuple[str, Tags]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, entry in entries:
        inner = f"{path}[{step}]" if isinstance(step, int) else f"{path}.{step}"
        # Maps whose keys are anybody's may have one of this name.
        if step == "tags" and isinstance(entry, list) and all(isinstance(tag, dict) for tag in entry):
            yield inner, entry
        elif step != "schema":  # columns may have any name
            yield from _lists(entry, inner)
