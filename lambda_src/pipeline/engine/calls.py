"""Calls of Personalize by resource type: the reads that planning, engine and report share, and the writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pipeline import clients

from .resource_types import Parameters, ResourceType

LOOSE_SPELLINGS = {"CREATE_STOPPED": "CREATE STOPPED", "CREATE_FAILED": "CREATE FAILED", "FAILED": "CREATE FAILED"}
T = TypeVar("T")
R = TypeVar("R")


def side_by_side(action: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of `action`, in the order of the items; as many at a time as a client has connections."""
    todo = list(items)
    if len(todo) < 2:
        return [action(item) for item in todo]
    clients.personalize()  # a session makes clients for one thread at a time
    with ThreadPoolExecutor(clients.CONNECTIONS) as pool:
        return list(pool.map(action, todo))


def describe(kind: ResourceType, arn: str) -> Parameters | None:
    """The description of `arn`, or None where it does not exist."""
    client = clients.personalize()
    try:
        description: Parameters = getattr(client, kind.operation("describe"))(**{kind.arn_member: arn})[kind.member]
    except client.exceptions.ResourceNotFoundException:
        return None
    if kind.details:
        description |= pages(kind.details, {kind.arn_member: arn})
    return description


def pages(operation: str, parameters: Parameters) -> dict[str, list[Parameters]]:
    """All that a list operation answers, page after page: its lists, by their member's name."""
    found: dict[str, list[Parameters]] = {}
    paginator = clients.personalize().get_paginator(operation)  # type: ignore[call-overload]
    for page in paginator.paginate(**parameters):
        for name, value in page.items():
            if isinstance(value, list):
                found[name] = found.get(name, []) + value
    return found


def listed(kind: ResourceType, parent_arn: str) -> list[Parameters]:
    """The resources of a type that belong to `parent_arn`, newest first; none where the parent does not exist.

    What a list answers of a parent that does not exist is unconfirmed: an empty list and both of these errors will do.
    """
    client = clients.personalize()
    try:
        entries = [entry for found in pages(kind.listing, {kind.parent: parent_arn}).values() for entry in found]
    except (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidInputException):
        return []
    return sorted(entries, key=lambda entry: entry["creationDateTime"], reverse=True)


def write(kind: ResourceType, verb: str, parameters: Parameters) -> Parameters:
    """Make a call that changes something, once: trying again is for those who know whether it took effect."""
    answer: Parameters = getattr(clients.personalize_once(), kind.operation(verb))(**parameters)
    return answer


def metrics_of(version_arn: str) -> dict[str, float]:
    """The version's offline metrics: a dict of numbers by name."""
    return dict(clients.personalize().get_solution_metrics(solutionVersionArn=version_arn)["metrics"])


def begun(entry: Parameters) -> float:
    """When a listed or described resource, or its update, was begun: epoch seconds."""
    return float(entry["creationDateTime"].timestamp())


def took(entry: Parameters) -> float:
    """Seconds from the beginning of a resource, or of its update, to its last change."""
    return float((entry["lastUpdatedDateTime"] - entry["creationDateTime"]).total_seconds())


def status_of(description: Parameters) -> str:
    """The status; a schema has none, it can be used at once. The guide spells some of them with an underscore more."""
    status = str(description.get("status", "ACTIVE"))
    return LOOSE_SPELLINGS.get(status, status)


def is_settled(status: str) -> bool:
    """Whether the status is one that the service does not leave by itself."""
    return status in ("ACTIVE", "INACTIVE") or ended_badly(status)


def failed(status: str) -> bool:
    """Whether it never came to be of use. What is UPDATE FAILED is: it stays as it was before the update."""
    return status in ("CREATE FAILED", "CREATE STOPPED")


def ended_badly(status: str) -> bool:
    """Whether the last work on it, its creation or an update, came to nothing."""
    return status.endswith("FAILED") or failed(status)


def is_being_deleted(status: str) -> bool:
    """Whether it will be gone."""
    return status in ("DELETE PENDING", "DELETE IN_PROGRESS")
