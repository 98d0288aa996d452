"""`costs`: what bills in a deployment's dataset groups, and how to stop each."""

from __future__ import annotations

from typing import Any

from pipeline.ending import billing
from pipeline.engine.existing import Existing
from rich.console import RenderableType
from rich.text import Text

from . import groups
from .deployments import Deployment
from .terminal import Terminal, table

Json = dict[str, Any]


def run(deployment: Deployment, terminal: Terminal, group: str | None) -> int:
    """Show what bills; returns 0."""
    existing = Existing()
    names = [group] if group else groups.known(deployment)
    rows: list[Json] = [
        {"datasetGroup": name} | row
        for name in names
        for row in billing.bills(deployment.arns.of("dataset-group", name), existing)
    ]
    terminal.result({"deployment": deployment.name, "bills": rows}, _shown(rows, deployment))
    return 0


def _shown(rows: list[Json], deployment: Deployment) -> RenderableType:
    if not rows:
        return Text(f"Nothing bills in the dataset groups of {deployment.where}: no campaign or recommender is up.")
    shown = table("dataset group", "what", "name", "billed", "to stop")
    for row in rows:
        shown.add_row(row["datasetGroup"], row["type"], Text(row["name"]), Text(row["billed"]), Text(row["stop"]))
    return shown
