"""Tags: the document's default ones, laid under a resource's own, and never sent where a type takes none."""

from __future__ import annotations

from pipeline import clients
from pipeline.engine.resource_types import Parameters

UNTAGGABLE = {"schema", "metricAttribution"}  # CreateSchema and CreateMetricAttribution have no such member
Tags = list[dict[str, str]]


def with_defaults(kind: str, parameters: Parameters, defaults: Tags) -> Parameters:
    """The parameters with the default tags that the resource does not set itself."""
    if kind in UNTAGGABLE or not defaults:
        return parameters
    own = parameters.get("tags", [])
    keys = {tag["tagKey"] for tag in own}
    return parameters | {"tags": own + [tag for tag in defaults if tag["tagKey"] not in keys]}


def lacking(arn: str, wanted: Tags) -> Tags:
    """The tags that the existing resource lacks, or has with another value. Tags that others set are left alone."""
    if not wanted:
        return []
    present = clients.personalize().list_tags_for_resource(resourceArn=arn)["tags"]
    return [tag for tag in wanted if tag not in present]
