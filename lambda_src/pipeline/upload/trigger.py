"""An uploaded params file starts one run: the S3 notification becomes one named execution of the state machine."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import unquote_plus

from pipeline import clients
from pipeline.boundaries import OWN
from pipeline.run_ids import sortable
from pipeline.settings import settings

logger = logging.getLogger(__name__)


def start_runs(event: dict[str, Any]) -> dict[str, Any]:
    """Start a run for every params file among the records of an S3 notification.

    Any other object (`xparams.json` passes the bucket's suffix filter) starts nothing, nor does what the pipeline
    writes itself, whatever the params file is called. Nothing else is done here: what
    can fail with the upload itself fails inside the run, which mails. When a start fails, Lambda tries again, and what
    is lost in the end goes to the dead-letter queue, whose alarm mails.

    Returns:
        `{"started": [execution names]}`
    """
    started = []
    for record in event["Records"]:
        bucket, entry = record["s3"]["bucket"]["name"], record["s3"]["object"]
        key = unquote_plus(entry["key"])
        if key.rsplit("/", 1)[-1] != settings().params_file or key.startswith(OWN):
            logger.info("not a params file", extra={"key": key})
            continue
        upload = {"bucket": bucket, "key": key, "time": record["eventTime"], "sequencer": entry.get("sequencer", "")}
        if "versionId" in entry:
            upload["versionId"] = entry["versionId"]
        name = execution_name(record["eventTime"], upload, entry.get("sequencer", ""))
        _start(name, upload)
        started.append(name)
    return {"started": started}


def execution_name(event_time: str, upload: dict[str, str], sequencer: str) -> str:
    """A name that follows from the uploaded object version alone, so that a repeated event names the same execution."""
    return sortable(event_time, json.dumps([upload["bucket"], upload["key"], upload.get("versionId", sequencer)]))


def _start(name: str, upload: dict[str, str]) -> None:
    stepfunctions = clients.stepfunctions()
    try:
        stepfunctions.start_execution(
            stateMachineArn=settings().state_machine_arn, name=name, input=json.dumps({"upload": upload})
        )
    except stepfunctions.exceptions.ExecutionAlreadyExists:
        logger.info("event delivered before; its run exists", extra={"execution": name})
