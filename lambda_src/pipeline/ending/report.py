"""The run's last action: what was recorded as done, and what is really there, written down and mailed.

What happened is told from the record alone; a last look at each resource tells how it is. A run succeeded only if
each of its resources can be used as planned.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients, objects
from pipeline.engine.existing import Existing
from pipeline.engine.record import Record, load
from pipeline.errors import Overtaken
from pipeline.problems import MOST_TOLD, Problem
from pipeline.run_ids import run_id
from pipeline.settings import settings
from pipeline.upload import turns
from pipeline.version import version

from . import costs, index, mail, publishing, rows, words
from .history import history

logger = logging.getLogger(__name__)
# Outcomes of plans, as the outcomes of their runs.
ENDS = {
    "proceed": "succeeded",
    "teardown": "torn down",
    "planned": "planned",
    "rejected": "rejected",
    "superseded": "superseded",
}
FORMAT = 1  # of the report: docs/report.schema.json
WORKED = ("proceed", "teardown")
GOOD = ("succeeded", "planned", "torn down", "superseded")
LONGEST_CAUSE = 2000  # characters; Step Functions takes 32,768, a reader fewer
Json = dict[str, Any]


def report(event: Json) -> Json:
    """Report the end of a run, and mail it.

    Args:
        event: `execution`, the context object of that name; `state`, the summary of the last look, with the `failure`
            that the workflow caught, if any.

    Returns:
        `verdict`: `ready` when the run succeeded; else `over`, with the `error` and `cause` of the execution.
    """
    state = event["state"]
    return finish(event["execution"], _caught(state.get("failure")), state.get("datasetGroup"))


def finish(execution: Json, failure: str | None = None, group: str | None = None) -> Json:
    """As `report`; `failure` is what ended the run as a whole, in words; `group` whose turn it had, if any."""
    identity = run_id(execution)
    known = {"datasetGroup": group} if group else {}
    record = load(identity) or Record({"id": identity, "key": _key_of(execution)} | known)
    document = document_of(record, failure)
    document |= {"report": key(identity), "codeVersion": version()}
    _compare_data(document)
    if not record.reported:
        clients.sns().publish(TopicArn=settings().topic_arn, **mail.message(document))
    # The mail is out. What fails from here on must not lead to another one.
    record.reported = True
    with _logged("record not closed"):
        record.save()
    with _logged("report not written"):
        objects.overwrite(document["report"], json.dumps(document, indent=1, default=str).encode())
    # Only now: a look that overlaps shows the run as under way until the record says that its end is told.
    publishing.publish(document)
    if group := record.run.get("datasetGroup"):
        with _logged("turn not given back"):  # it is taken over, as its run has ended
            turns.release(group, identity)
    if document["outcome"] in GOOD:
        return {"verdict": "ready", "run": identity, "outcome": document["outcome"]}
    return {
        "verdict": "over",
        "run": identity,
        "outcome": document["outcome"],
        "error": document["error"],
        "cause": mail.failure_text(document, LONGEST_CAUSE),
    }


def plan_text(record: Record) -> str:
    """What a dry run mails of its plan. Nothing is mailed here, and no report is left."""
    return mail.compose(document_of(record))[1]


def key(run: str) -> str:
    """The object that a run's report is written to."""
    return f"runs/{run}/report.json"


def document_of(record: Record, failure: str | None = None) -> Json:
    """The report: what the mail says, for programs."""
    document: Json = {
        "format": FORMAT,
        "outcome": ENDS.get(record.outcome or "", "failed"),
        "error": None,
        "run": record.run,
        "notes": record.notes,
        "data": record.data,
        "failures": record.problems,
        "failureCount": record.problem_count,
        "resources": [],
        "delays": record.delays,
        "samples": record.samples,
    }
    if record.outcome == "planned":
        shown = [resource for resource in record.resources if resource.plan != "skip"]
        planned = [rows.planned(resource) for resource in shown]
        costing = {"costs": record.costs} if record.costs else {}  # a teardown has none
        return document | {"resources": planned, "schedules": record.schedules} | costing
    if record.outcome == "rejected":
        return document | {"error": "ParamsRejected"}
    if record.outcome == "superseded":
        return document | {"supersededBy": record.superseded_by}
    whole = failure or record.failure
    if record.outcome in WORKED:
        existing, began = Existing(), time.monotonic()
        document["resources"] = rows.looked_at(record, existing)
        document["schedules"] = record.schedules_done
        if record.serving.get("isOff") or record.serving.get("wasOff"):
            document["serving"] = "off" if record.serving["isOff"] else "back"
        document["seconds"] = round(clients.clock.now() - record.run["startedAt"])
        with publishing.only_logged("costs not told"):
            document |= costs.told(record, document["resources"], existing)
        if time.monotonic() < began + rows.BUDGET:  # else Personalize answers too slowly for what can be left out
            document |= _quality(record, existing)
    elif whole is None:
        whole = "it ended before it had a plan."
    problems = ([Problem("the run", whole)] if whole else []) + [
        Problem(f"{row['type']} {row['name']}", row["problem"]) for row in document["resources"] if row["problem"]
    ]
    if unseen := [row for row in document["resources"] if row.get("unseen")]:
        why = f"{len(unseen)} resource(s) could not be looked at once more, and are told as the run left them"
        document["notes"] = [*document["notes"], f"{why}: {unseen[0]['unseen']}"]
    if problems:
        error = "RunFailed" if whole else "ResourceFailed"
        failures = [problem.told() for problem in problems[:MOST_TOLD]]
        return document | {"outcome": "failed", "error": error, "failures": failures, "failureCount": len(problems)}
    return document


def _quality(record: Record, existing: Existing) -> Json:
    with publishing.only_logged("versions not looked at"):
        return {"quality": history(record, existing)}
    return {}


def _compare_data(document: Json) -> None:
    """Say of the data how it changed since the group's last run, as far as the list of runs knows that one."""
    run = document["run"]
    with publishing.only_logged("earlier runs not looked at"):
        group = run.get("datasetGroup")
        earlier = [one for one in index.runs() if one.get("datasetGroup") == group and one["id"] < run["id"]]
        before: Json = next((one["data"] for one in earlier if one.get("imported") and one.get("data")), {})
        document["data"] = {
            kind: seen | ({"change": change} if (change := words.change(seen, before.get(kind, {}))) else {})
            for kind, seen in document["data"].items()
        }


def _caught(failure: dict[str, str] | None) -> str | None:
    """An error that the workflow caught, in words. A Lambda error's Cause is JSON with a stack trace, which goes."""
    if failure is None:
        return None
    cause = failure.get("Cause", "")
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause or failure.get("Error", "no reason is known")


def _key_of(execution: Json) -> str | None:
    upload = execution.get("Input", {}).get("upload")
    return upload.get("key") if isinstance(upload, dict) else None


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Let an error of AWS be no more than a line in the log."""
    try:
        yield
    except (ClientError, BotoCoreError, Overtaken):
        logger.exception(what)
