"""`costs`: what a deployment's dataset groups bill now, and what the upload of a params file would cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.ending import billing, mail
from pipeline.engine.existing import Existing
from pipeline.engine.record import Record
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from . import groups, plan, runs
from .deployments import Deployment
from .terminal import Terminal, table

Json = dict[str, Any]
MOST_REPORTS = 10  # runs back, for one that says what a group costs


def run(deployment: Deployment, terminal: Terminal, params: Path | None, prefix: str, group: str | None) -> int:
    """Show what bills, and what an upload would.

    Returns:
        0; 1 where the params file would be rejected, so that nothing would be spent.
    """
    existing = Existing()
    names = [group] if group else groups.known(deployment)
    rows = [row for name in names for row in bills(deployment, name, existing)]
    document: Json = {"deployment": deployment.name, "bills": rows}
    parts: list[RenderableType] = [_billed(rows, deployment)]
    code = 0
    if params is not None:
        folder = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        record = plan.of_bucket(deployment, folder + params.name, params.read_bytes())
        code = 1 if record.outcome == "rejected" else 0
        document["upload"] = {"problems": record.problems, "costs": estimate(record)}
        parts += ["", *_upload(params, record)]
    terminal.result(document, Group(*parts))
    return code


def estimate(record: Record) -> Json | None:
    """What a plan says that it costs; None where it can't say."""
    costs: Json | None = getattr(record, "costs", None)
    return costs or None


def bills(deployment: Deployment, group: str, existing: Existing) -> Iterator[Json]:
    """What bills in a group now; `monthly`, `currency` and `formula` of each as its last report has them, else None."""
    rows = billing.bills(deployment.arns.of("dataset-group", group), existing)
    costs = last_costs(deployment, group) if rows else {}
    known = {row["resource"]: row for row in costs.get("monthly", [])}
    for row in rows:
        told = known.get(f"{row['type']} {row['name']}", {})
        amount = {"monthly": told.get("amount"), "currency": costs.get("currency"), "formula": told.get("formula")}
        yield {"datasetGroup": group} | row | amount


def last_costs(deployment: Deployment, group: str) -> Json:
    """What the newest report of a group that tells it says of costs; nothing where none does."""
    for run in runs.newest(deployment, group, MOST_REPORTS):
        report = runs.read(deployment, run["run"], "report") or {}
        if costs := report.get("costs"):
            return dict(costs)
    return {}


def _billed(rows: list[Json], deployment: Deployment) -> RenderableType:
    if not rows:
        return Text(f"Nothing bills in the dataset groups of {deployment.where}: no campaign or recommender is up.")
    shown: Table = table("dataset group", "what", "name", "a month", "billed")
    for row in rows:
        month = f"{_amount(row['monthly'])} {row['currency'] or ''}".rstrip()
        how = row["formula"] or row["billed"]
        shown.add_row(row["datasetGroup"], row["type"], Text(row["name"]), month, Text(how))
    known = [row["monthly"] for row in rows if row["monthly"] is not None]
    if known:
        total = "in all" if len(known) == len(rows) else "in all, of what is known"
        shown.add_row("", "", Text(total, "bold"), f"{sum(known):,.2f} {rows[0]['currency'] or ''}".rstrip(), "")
    return shown


def _upload(params: Path, record: Record) -> Iterator[RenderableType]:
    if record.outcome == "rejected":
        lines = [f"{problem['where']}: {problem['what']}" for problem in mail.printable(record.problems)]
        yield Text("\n".join([f"{params} would be rejected, and cost nothing:", *lines]))
    elif (costs := estimate(record)) is None:
        yield Text(f"What the upload of {params} would cost can't be told.")
    else:
        yield from shown_estimate(str(params), costs)


def shown_estimate(what: str, costs: Json) -> Iterator[RenderableType]:
    """An estimate: what is paid once, and what bills each month from then on; each figure with its formula."""
    currency, prices = costs["currency"], costs["prices"]
    for title, rows, total in (
        (f"The upload of {what} would cost once", costs["upload"], costs["uploadTotal"]),
        ("And then, each month, all of the dataset group", costs["monthly"], costs["monthlyTotal"]),
    ):
        yield Text(title, "bold")
        shown = table(currency, "what", "how")
        for row in rows:
            shown.add_row(_amount(row["amount"]), Text(row["resource"]), Text(row["formula"]))
        shown.add_row(_amount(total), Text("in all", "bold"), "")
        yield shown
    before = costs.get("monthlyBefore")
    if before is not None:
        yield Text(f"Now it is {_amount(before)} a month.")
    yield Text(f"Prices: {prices['source']} of {prices['date']}, {prices['region']}.", "dim")
    for note in costs.get("notes", []):
        yield Text(note, "dim")


def _amount(amount: float | None) -> str:
    return "?" if amount is None else f"{amount:,.2f}"
