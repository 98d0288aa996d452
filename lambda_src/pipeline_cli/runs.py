"""`runs list` and `runs show`: from the records and reports in the bucket (docs/record.md), and what works now."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.ending import history, mail, words
from pipeline.engine.calls import side_by_side
from pipeline.engine.resource_types import RESOURCE_TYPES
from pipeline.run_ids import run_id
from pipeline.upload.runs import GONE
from rich.text import Text

from .deployments import Deployment
from .errors import CommandError
from .live import duration
from .terminal import OUTCOMES, Terminal, table

Json = dict[str, Any]
FOLDER = "runs/"
NO_RUN = "data-checks"  # what lies among the runs and is none (docs/record.md)
SORTABLE = re.compile(r"\d{8}-\d{6}-")  # ids that say when the run was started (pipeline/run_ids.py)
HEADLINE = history.HEADLINE[0]  # of the metrics: how well a ranking fits what users did
UNREPORTED = "unreported"  # it ended, or never began to work, and left no report


def show_list(deployment: Deployment, terminal: Terminal, group: str | None, limit: int) -> int:
    """Show the newest runs, of one dataset group or of all.

    Returns:
        0: also of failed runs the list is right.
    """
    rows = list(newest(deployment, group, limit))
    shown = table("run", "outcome", "dataset group", "started", "took", "NDCG@25", "params file")
    for row in words.printable(rows):  # whoever uploads chooses keys
        outcome = Text(row["outcome"], OUTCOMES.get(row["outcome"], "yellow"))
        took = duration(row["seconds"]) if row["seconds"] is not None else ""
        metric = f"{row['metric']:.4f}" if row["metric"] is not None else ""
        named = (Text(row[name] or "") for name in ("datasetGroup", "startedAt"))
        shown.add_row(row["run"], outcome, *named, took, metric, Text(row["key"] or ""))
    nothing = f"No runs{f' of {group}' if group else ''} yet: upload data, then {deployment.params_file}."
    terminal.result({"deployment": deployment.name, "runs": rows}, shown if rows else nothing)
    return 0


def show(deployment: Deployment, terminal: Terminal, run: str | None, group: str | None) -> int:
    """Show what a run's mail says, or how far it is.

    Returns:
        0, or 1 where the run did not end well.
    """
    row = find(deployment, run, group)
    report = read(deployment, row["run"], "report")
    record = None if report else read(deployment, row["run"], "record")
    text = mail.compose(report)[1] if report else "\n".join(_under_way(row, record))
    terminal.result({"deployment": deployment.name, "run": row, "report": report, "record": record}, text)
    return exit_code(row["outcome"])


def exit_code(outcome: str) -> int:
    """Of a command about one run: 1 where it did not end well."""
    return 1 if outcome in ("failed", "rejected", UNREPORTED) else 0


def find(deployment: Deployment, run: str | None = None, group: str | None = None) -> Json:
    """The row of a run, by its id or an unmistakable part of it; of the newest where none is named.

    Raises:
        CommandError: there is none, or there are several.
    """
    if run is None:
        found = next(newest(deployment, group, 1), None)
        if found is None:
            raise CommandError(f"there are no runs{f' of {group}' if group else ''} in {deployment.where} yet.")
        return found
    working = running(deployment)
    known = list(dict.fromkeys([*working, *ids(deployment)]))
    alike = [run] if run in known else [one for one in known if run in one]
    if len(alike) == 1:
        return _row(deployment, working)(alike[0])
    if alike:
        raise CommandError(f"{run} could be {', '.join(alike[:5])}.")
    raise CommandError(f"there is no run {run} in {deployment.where}. The newest are {', '.join(known[:3]) or 'none'}.")


def newest(deployment: Deployment, group: str | None, limit: int) -> Iterator[Json]:
    """Rows of runs, newest first, at most `limit`.

    A row: `run`, `outcome` (the report's; else `running`, `waiting` or `unreported`), `datasetGroup`, `key`,
    `startedAt` (ISO, UTC), `seconds`, `metric` (`HEADLINE`), `error`, `executionArn`. What is not known is None.
    """
    working = running(deployment)
    known = list(dict.fromkeys([*working, *ids(deployment)]))
    # Ids that executions were given by hand say no time; they come last, and are sorted where they are shown.
    known.sort(key=lambda one: (bool(SORTABLE.match(one)), one), reverse=True)
    left = limit
    for begin in range(0, len(known), max(limit, 10)):
        rows = side_by_side(_row(deployment, working), known[begin : begin + max(limit, 10)])
        for row in sorted(rows, key=lambda row: row["startedAt"] or "", reverse=True):
            if left and group in (None, row["datasetGroup"]):
                left -= 1
                yield row
        if not left:
            return


def ids(deployment: Deployment) -> list[str]:
    """Of all runs that left anything in the bucket, newest first."""
    pages = (
        clients.s3().get_paginator("list_objects_v2").paginate(Bucket=deployment.bucket, Prefix=FOLDER, Delimiter="/")
    )
    folders = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
    found = [folder.removeprefix(FOLDER).rstrip("/") for folder in folders]
    return sorted((one for one in found if one != NO_RUN), reverse=True)


def running(deployment: Deployment) -> dict[str, Json]:
    """The executions at work or waiting, by their run's id."""
    pages = (
        clients.stepfunctions()
        .get_paginator("list_executions")
        .paginate(stateMachineArn=deployment.state_machine_arn, statusFilter="RUNNING")
    )
    executions = [execution for page in pages for execution in page["executions"]]
    return {id_of(execution): dict(execution) for execution in executions}


def id_of(execution: Any) -> str:
    """The run of an execution that was listed."""
    start = execution["startDate"].astimezone(dt.UTC).isoformat()
    return run_id({"Name": execution["name"], "StartTime": start})


def read(deployment: Deployment, run: str, what: str) -> Json | None:
    """A run's `report` or `record`; None where there is none (yet)."""
    return read_object(deployment, f"{FOLDER}{run}/{what}.json")


def read_object(deployment: Deployment, key: str) -> Json | None:
    """A JSON object of the bucket; None where it is not there, or no JSON object."""
    try:
        body = clients.s3().get_object(Bucket=deployment.bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _row(deployment: Deployment, working: dict[str, Json]) -> Callable[[str], Json]:
    clients.s3()  # made once, before several threads want it

    def row(run: str) -> Json:
        report = read(deployment, run, "report")
        document = report or read(deployment, run, "record") or {}
        about, execution = document.get("run", {}), working.get(run)
        started = about.get("startedAt") or (execution["startDate"].timestamp() if execution else None)
        if report:
            outcome, seconds = report["outcome"], report.get("seconds")
        elif execution:
            outcome = "running" if document.get("outcome") else "waiting"
            seconds = max(time.time() - execution["startDate"].timestamp(), 0)
        else:
            outcome, seconds = UNREPORTED, None
        rows = document.get("resources", []) if report else []
        metrics = (row["metrics"][HEADLINE] for row in rows if HEADLINE in (row.get("metrics") or {}))
        return {
            "run": run,
            "outcome": outcome,
            "datasetGroup": about.get("datasetGroup"),
            "key": about.get("key"),
            "startedAt": dt.datetime.fromtimestamp(started, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if started else None,
            "seconds": round(seconds) if seconds is not None else None,
            "metric": next(metrics, None),
            "error": document.get("error"),
            "executionArn": about.get("executionArn") or (execution["executionArn"] if execution else None),
        }

    return row


def _under_way(row: Json, record: Json | None) -> Iterator[str]:
    """What can be told of a run without a report."""
    if row["outcome"] == UNREPORTED:
        yield "The run ended without a report, or has not begun. Its execution's history says more."
    elif record is None:
        yield "The run waits for its turn, or plans: nothing is begun yet."
    else:
        yield f"The run works, for {duration(row['seconds'])} now. To follow it: personalize-pipeline runs watch"
    yield f"Run:           {row['run']}"
    for resource in words.printable((record or {}).get("resources", [])):
        yield "  " + resource_line(resource)


def resource_line(resource: Json) -> str:
    """A resource of a record, in a line: what is planned, and how far it is."""
    name = f"{label(resource)} {resource['name']}"
    how = resource.get("failure") or resource.get("status") or resource.get("state", "open")
    return f"{resource.get('plan', ''):<10} {name}: {how}"


def label(resource: Json) -> str:
    """The type of a record's resource, in words."""
    kind = RESOURCE_TYPES.get(resource["type"])
    return kind.label if kind else str(resource["type"])
