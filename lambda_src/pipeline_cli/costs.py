"""`costs`: what bills in a deployment's dataset groups and how to stop each; or what an upload would cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.costs.formulas import told, total
from pipeline.costs.prices import prices
from pipeline.costs.standing import Facts, bills
from pipeline.ending.mail import costs_of_plan
from pipeline.engine.existing import Existing
from rich.console import Group, RenderableType
from rich.text import Text

from . import groups, plan
from .deployments import Deployment
from .terminal import Terminal, table

Json = dict[str, Any]


def run(deployment: Deployment, terminal: Terminal, group: str | None) -> int:
    """Show what bills; returns 0."""
    existing, known = Existing(), prices(deployment.prices)
    names = [group] if group else groups.known(deployment)
    rows: list[Json] = [
        {"datasetGroup": name} | row
        for name in names
        for row in bills(deployment.arns.of("dataset-group", name), existing, known, Facts())
    ]
    sum_ = total(row | {"amount": row["monthly"]} for row in rows if "monthly" in row)
    result: Json = {"deployment": deployment.name, "bills": rows, "monthlyTotal": sum_, "prices": known.about}
    terminal.result(result, _shown(rows, sum_, result["prices"], deployment))
    return 0


def of_upload(deployment: Deployment, terminal: Terminal, params: Path, prefix: str) -> int:
    """Show what the upload of a params file would cost; returns 0, or 1 where it would be refused."""
    folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    record = plan.of_bucket(deployment, folder + params.name, params.read_bytes())
    if record.outcome == "rejected":
        first = record.problems[0]
        what = f"Its upload would be refused: {first['where']}: {first['what']} `plan` shows all."
        terminal.result({"deployment": deployment.name, "costs": None, "problems": record.problems}, Text(what))
        return 1
    terminal.result({"deployment": deployment.name, "costs": record.costs}, Text(costs_of_plan(record.costs)))
    return 0


def _shown(rows: list[Json], sum_: Json, about: Json, deployment: Deployment) -> RenderableType:
    if not rows:
        return Text(f"Nothing bills in the dataset groups of {deployment.where}: no campaign or recommender is up.")
    shown = table("dataset group", "what", "name", "a month", "billed", "to stop")
    for row in rows:
        amount = told(row | {"amount": row["monthly"]}) if "monthly" in row else ""
        cells = (row["name"], amount, row["billed"], row["stop"])
        shown.add_row(row["datasetGroup"], row["type"], *map(Text, cells))
    in_all = f"In all {told(sum_)} a month, by prices of {about['region']} as of {about['date']}."
    return Group(shown, Text(in_all))
