"""Whose a resource is. Names are unique in an account, not in a dataset group; another group's is never touched."""

from __future__ import annotations

from .resource_types import Parameters
from .resources import Resource


def other_owner(resource: Resource, group_arn: str, description: Parameters) -> str | None:
    """Who else the described resource belongs to, in words; None where it is the group's own, or nobody's."""
    if resource.type in ("datasetGroup", "schema"):
        return None
    if (owner := description.get("datasetGroupArn")) is not None:
        return None if owner == group_arn else f"the dataset group {owner.rsplit('/', 1)[-1]}"
    served = description.get("solutionVersionArn")
    if resource.type == "campaign" and served is not None and resource.solution is not None:
        return None if served.startswith(f"{resource.solution}/") else f"the solution {served.split('/')[1]}"
    return None
