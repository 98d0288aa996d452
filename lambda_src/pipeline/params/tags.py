"""Tags: the document's default ones, laid under a resource's own, and never sent where a type takes none."""

from __future__ import annotations

from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters

Tags = list[dict[str, str]]


def with_defaults(kind: str, parameters: Parameters, defaults: Tags) -> Parameters:
    """The parameters with the default tags that the resource does not set itself."""
    if not RESOURCE_TYPES[kind].taggable or not defaults:
        return parameters
    own = parameters.get("tags", [])
    keys = {tag["tagKey"] for tag in own}
    return parameters | {"tags": own + [tag for tag in defaults if tag["tagKey"] not in keys]}
