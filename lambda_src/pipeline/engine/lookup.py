"""Finding a resource whose ARN is not known: by its name, among those of its parent."""

from __future__ import annotations

from .calls import describe, failed, is_being_deleted, listed, status_of
from .resource_types import Parameters
from .resources import Resource


class NoneUsable(Exception):
    """When Personalize's own training failed, and no version before it can be used."""


def find(resource: Resource) -> Parameters | None:
    """The resource's description, or None where there is none yet. Notes its ARN.

    Raises:
        NoneUsable: it is a version that Personalize trains by itself, and that failed.
    """
    kind = resource.kind
    if resource.arn is None and kind.listed_by:
        if resource.type == "solutionVersion":
            return _automatic(resource) if resource.plan == "await" else _named(resource)
        resource.arn = _of_the_group(resource)
    return describe(kind, resource.arn) if resource.arn else None


def _named(version: Resource) -> Parameters | None:
    """The version of this run's name. Lists don't show names, so each is described until it is found.

    Until a create call was decided on there is none: the name has the run's id in it.
    """
    if version.intent is None:
        return None
    for entry in listed(version.kind, version.parameters["solutionArn"]):
        description = describe(version.kind, entry["solutionVersionArn"])
        # The service may put the solution's name before it (the form is unconfirmed).
        if description and str(description.get("name", "")).rpartition("/")[2] == version.parameters["name"]:
            version.arn = description["solutionVersionArn"]
            return description
    return None


def newest_usable(versions: list[Parameters]) -> Parameters | None:
    """Of the listed versions, newest first, the one that serves or will serve."""
    usable = (entry for entry in versions if not failed(status_of(entry)) and status_of(entry) != "CREATE STOPPING")
    return next(usable, None)


def _automatic(version: Resource) -> Parameters | None:
    """The version that Personalize trains by itself."""
    entries = listed(version.kind, version.parameters["solutionArn"])
    newest = newest_usable(entries)
    if newest is None and entries:
        raise NoneUsable(f"{entries[0]['status']}: {entries[0].get('failureReason', 'Personalize gives no reason')}")
    if newest is None:
        return None
    version.arn = newest["solutionVersionArn"]
    return describe(version.kind, version.arn)


def _of_the_group(resource: Resource) -> str | None:
    """A group has one event tracker and one metric attribution, whatever they are called."""
    assert resource.kind.listed_by
    entries = listed(resource.kind, resource.parameters[resource.kind.listed_by])
    standing = [entry for entry in entries if not is_being_deleted(status_of(entry))] or entries
    return standing[0][resource.kind.arn_member] if standing else None
