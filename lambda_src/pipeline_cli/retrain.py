"""`retrain`: start a run as a schedule of the purpose `retrain` would, right now."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.engine.schedules import OVERRIDES
from pipeline.run_ids import sortable
from pipeline.upload.runs import GONE

from . import groups, watch
from .deployments import Deployment
from .errors import CommandError
from .terminal import Terminal

WHAT_IT_DOES = "imports what changed, trains every solution whether its data changed or not, and deploys"


def run(
    deployment: Deployment, terminal: Terminal, group: str | None, key: str | None, *, is_agreed: bool, follow: bool
) -> int:
    """Start the run, once that is agreed to.

    Args:
        deployment: whose.
        terminal: where to.
        group: the dataset group; None for the only one that there is, or for whichever `key` names.
        key: of the params file; None for the one that took effect last.
        is_agreed: whether nobody is to be asked.
        follow: whether to watch the run.

    Returns:
        0; where the run is followed, 1 if it did not end well.
    """
    if key is None:
        group = group or groups.the_only_one(deployment)
        key = _last_key(deployment, group)
    _require(deployment, key)
    of = f"{group}, by " if group else ""
    terminal.say(f"To retrain {of}s3://{deployment.bucket}/{key}, in {deployment.where}.")
    terminal.say(f"The run {WHAT_IT_DOES}. Trainings are billed.")
    terminal.confirm("Start it? [y/N]", "y", is_agreed=is_agreed)
    now = dt.datetime.now(dt.UTC).isoformat()
    name = sortable(now, str(uuid.uuid4()))  # as short as a run's id, and sorted among the others
    execution = clients.stepfunctions().start_execution(
        stateMachineArn=deployment.state_machine_arn,
        name=name,
        input=json.dumps(input_of(deployment.bucket, key, group), sort_keys=True),
    )["executionArn"]
    row = {"run": name, "executionArn": execution, "datasetGroup": group, "key": key}
    if follow:
        return watch.follow_run(deployment, terminal, row)
    again = f"personalize-pipeline runs watch {name} --deployment {deployment.name}"
    terminal.result({"deployment": deployment.name, "run": row}, f"Run {name} is started. To watch it: {again}")
    return 0


def input_of(bucket: str, key: str, group: str | None) -> dict[str, Any]:
    """What a schedule starts its run with (engine/schedules.py; Terraform's know no group: main.tf)."""
    start: dict[str, Any] = {"upload": {"bucket": bucket, "key": key}, "overrides": OVERRIDES["retrain"]}
    return start | ({"datasetGroup": group} if group else {})


def _last_key(deployment: Deployment, group: str) -> str:
    last = groups.last_upload(deployment, group)
    if last is None:
        raise CommandError(f"no upload for {group} has taken effect yet. Name the params file: --params-key KEY.")
    if last.get("tearsDown"):
        raise CommandError(
            f"{group} was torn down by run {last['run']}. Upload its params file to build it anew, "
            "or name one that does: --params-key KEY."
        )
    return str(last["key"])


def _require(deployment: Deployment, key: str) -> None:
    """A run of a file that is not there would only mail that."""
    try:
        clients.s3().head_object(Bucket=deployment.bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            raise CommandError(
                f"there is no s3://{deployment.bucket}/{key} (any more). Name another: --params-key KEY."
            ) from None
        raise
