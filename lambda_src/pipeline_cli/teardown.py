"""`teardown`: upload a params file that tears a dataset group down, after showing what goes."""

from __future__ import annotations

import json
import time
from typing import Any

from pipeline import clients
from pipeline.boundaries import GROUP_NAME
from pipeline.costs.prices import prices
from pipeline.costs.standing import Facts, bills
from pipeline.ending import words
from pipeline.engine.calls import status_of
from pipeline.engine.existing import Existing
from pipeline.upload.trigger import execution_name
from rich.console import Group
from rich.text import Text

from . import groups, plan, runs, watch
from .deployments import Deployment
from .errors import CommandError
from .terminal import WIDEST, Terminal, table

Json = dict[str, Any]
START_SECONDS = 60  # from an upload to its run: S3 says most events come within seconds
FOLDER = "teardown"


def run(deployment: Deployment, terminal: Terminal, group: str, *, is_agreed: bool, follow: bool) -> int:
    """Start the teardown, once the group's name is typed.

    Returns:
        0; 1 where there is no such group, where the deployment forbids it, or where a run that is followed did not end
        well.
    """
    if not GROUP_NAME.fullmatch(group):
        raise CommandError(f"{group!r} is no name of a dataset group.")
    key, document = key_of(deployment, group), {"teardown": group}
    body = json.dumps(document).encode()
    existing = Existing()
    arn = deployment.arns.of("dataset-group", group)
    record = plan.of_bucket(deployment, key, body)
    if record.outcome == "rejected":
        lines = [f"{problem['where']}: {problem['what']}" for problem in words.printable(record.problems)]
        return _refused(terminal, "\n".join(lines), {"problems": record.problems})
    if existing.describe("datasetGroup", arn) is None:
        there = ", ".join(entry["name"] for entry in _groups()) or "none"
        return _refused(terminal, f"There is no dataset group {group} in {deployment.arns.region}; there are: {there}.")
    billed = bills(arn, existing, prices(deployment.prices), Facts())
    described = existing.describe("datasetGroup", arn) or {}
    terminal.err.width = WIDEST
    terminal.err.print(_shown(group, record.resources, billed, deployment, described))
    terminal.confirm("Type the group's name to delete it all:", group, is_agreed=is_agreed)
    version = (
        clients.s3()
        .put_object(Bucket=deployment.bucket, Key=key, Body=body, ContentType="application/json")
        .get("VersionId")
    )
    started = _started(deployment, key, version)
    row: Json = {"run": None, "executionArn": None} | (started or {}) | {"datasetGroup": group, "key": key}
    if started is None:
        terminal.say(f"s3://{deployment.bucket}/{key} is uploaded; its run has not been seen yet: runs list shows it.")
    elif follow:
        return watch.follow_run(deployment, terminal, row)
    again = f"personalize-pipeline runs watch {row['run']} --deployment {deployment.name}"
    deleted = [{"type": one.kind.label, "name": one.name, "plan": one.plan} for one in record.resources]
    terminal.result(
        {"deployment": deployment.name, "run": row, "actions": deleted, "bills": billed},
        f"Run {row['run']} tears {group} down. To watch it: {again}" if started else "",
    )
    return 0


def key_of(deployment: Deployment, group: str) -> str:
    """Where the params file of the teardown goes: a folder of its own, so that nobody's file is written over.

    Where folders bound what may be uploaded from where, it is below one whose files may name the group: that of the
    group's last upload, or else the first that fits.
    """
    name = f"{FOLDER}/{group}/{deployment.params_file}"
    bounds = deployment.boundaries
    folders = list(bounds.folders)
    if not folders:
        return name
    if group in groups.known(deployment) and (last := groups.last_upload(deployment, group)):
        mine = bounds.folder_of(last["key"])
        folders = [mine, *folders] if mine is not None else folders
    document = {"datasetGroup": {"name": group}}
    fitting = (folder for folder in folders if not bounds.refusals(f"{folder}{name}", document))
    return f"{next(fitting, folders[0])}{name}"  # where none fits, the plan says why


def _refused(terminal: Terminal, text: str, more: Json | None = None) -> int:
    terminal.result({"run": None, "error": text} | (more or {}), f"Nothing was done. {text}")
    return 1


def _shown(group: str, resources: list[Any], bills: list[Json], deployment: Deployment, described: Json) -> Group:
    shown = table("", "resource", "name")
    for resource in resources:
        shown.add_row(resource.plan, resource.kind.label, Text(resource.name))
    title = Text(f"Dataset group {group} ({status_of(described)}), in {deployment.where}. This goes, for good:", "bold")
    billed = [Text(f"  {row['type']} {row['name']}: {row['billed']}") for row in bills] or [Text("  nothing")]
    stays = "The bucket and its data stay. Schedules of Terraform's input `schedules` stay too, and build it anew."
    return Group(title, shown, Text("What bills now, and no longer then:", "bold"), *billed, Text(stays, "dim"))


def _groups() -> list[Json]:
    pages = clients.personalize().get_paginator("list_dataset_groups").paginate()
    return [dict(entry) for page in pages for entry in page["datasetGroups"]]


def _started(deployment: Deployment, key: str, version: str | None) -> Json | None:
    """The run of the upload: the end of its name follows from the object's version (pipeline/upload/trigger.py)."""
    if version is None:
        return None
    end = execution_name("", {"bucket": deployment.bucket, "key": key, "versionId": version}, "").rpartition("-")[2]
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        answer = clients.stepfunctions().list_executions(stateMachineArn=deployment.state_machine_arn, maxResults=50)
        for execution in answer["executions"]:
            if execution["name"].endswith(f"-{end}"):
                return {"run": runs.id_of(execution), "executionArn": execution["executionArn"]}
        time.sleep(1)
    return None
