"""The dataset groups that a deployment has worked on, from its turns (docs/record.md, "Turns")."""

from __future__ import annotations

from typing import Any

from pipeline import clients

from . import runs
from .deployments import Deployment
from .errors import CommandError

FOLDER = "locks/"
Json = dict[str, Any]


def known(deployment: Deployment) -> list[str]:
    """Their names; also of those that are torn down."""
    pages = clients.s3().get_paginator("list_objects_v2").paginate(Bucket=deployment.bucket, Prefix=FOLDER)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return sorted(key.removeprefix(FOLDER).removesuffix(".json") for key in keys if key.endswith(".json"))


def the_only_one(deployment: Deployment) -> str:
    """The group, where the deployment has worked on one.

    Raises:
        CommandError: there is none, or there are several.
    """
    found = known(deployment)
    if len(found) == 1:
        return found[0]
    if found:
        raise CommandError(f"{deployment.where} has several dataset groups: {', '.join(found)}. Name one.")
    raise CommandError(f"{deployment.where} has not worked on any dataset group yet: upload a params file first.")


def last_upload(deployment: Deployment, group: str) -> Json | None:
    """The newest upload that took effect or does so now, as the turns have it: `key`, `run`, `tearsDown`; or None.

    Raises:
        CommandError: the deployment has never worked on the group.
    """
    turns = runs.read_object(deployment, f"{FOLDER}{group}.json")
    if turns is None:
        there = ", ".join(known(deployment)) or "none yet"
        raise CommandError(f"{deployment.where} has never worked on a dataset group {group}; it has {there}.")
    for ticket in (turns.get("holder"), turns.get("latest")):
        if isinstance(ticket, dict) and ticket.get("order") and ticket.get("tookEffect"):
            return ticket
    return None
