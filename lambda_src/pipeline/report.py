"""The run's last action: look at what is really there, write it down, and mail it.

The report does not trust what the states before it said: it describes every resource of the plan once more, and a run
succeeded only if each of them can be used as planned.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from . import clients, mail, reconciler, run_lock
from .errors import ResourceFailed
from .plan import run_id
from .reconciler import Resource
from .resource_types import RESOURCE_TYPES, Parameters
from .settings import settings

logger = Logger(child=True)
LONGEST_CAUSE = 2000  # characters; Step Functions takes 32,768, a reader fewer


def report(event: dict[str, Any]) -> dict[str, Any]:
    """Report the end of a run, and mail it.

    Args:
        event: `state`, all that the workflow knows, and `execution`, the state machine's context object of that name.

    Returns:
        `succeeded`; when it is false also `error` and `cause`, with which the execution is to fail.
    """
    return finish(event["state"], event["execution"])


def finish(state: dict[str, Any], execution: dict[str, str]) -> dict[str, Any]:
    """As `report`, for the workflow's state."""
    document = _document(state, execution)
    subject, text = mail.compose(document)
    clients.sns().publish(TopicArn=settings().topic_arn, Subject=subject, Message=text)
    # The mail is out. Were the action to fail from here on, it would be tried again, and mail again.
    with _logged("report not written"):
        # This object is how the safety net knows that the run's ending was mailed.
        clients.s3().put_object(
            Bucket=settings().bucket,
            Key=document["report"],
            Body=json.dumps(document, indent=1, default=str).encode(),
            ContentType="application/json",
        )
    if "datasetGroup" in document["run"]:
        with _logged("lock not released"):  # it is taken over, as its run has ended
            run_lock.release(document["run"]["datasetGroup"], execution["Id"])
    succeeded = document["outcome"] in ("succeeded", "duplicate")
    if succeeded:
        return {"succeeded": True}
    return {
        "succeeded": False,
        "error": document["error"],
        "cause": mail.failure_text(document)[:LONGEST_CAUSE],
    }


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Let an error of AWS be no more than a line in the log."""
    try:
        yield
    except (ClientError, BotoCoreError):
        logger.exception(what)


def key(run: str) -> str:
    """The object that a run's report is written to."""
    return f"runs/{run}/report.json"


def _document(state: dict[str, Any], execution: dict[str, str]) -> dict[str, Any]:
    plan = state.get("plan", {})
    run = plan.get("run", {"id": run_id(execution["Name"]), "key": state.get("upload", {}).get("key")})
    document: dict[str, Any] = {
        "outcome": plan.get("outcome"),
        "error": None,
        "run": run,
        "report": key(run["id"]),
        "notes": plan.get("notes", []),
        "failures": plan.get("problems", []),
        "resources": [],
    }
    if "duplicateOf" in plan:
        document["duplicateOf"] = plan["duplicateOf"]
    if document["outcome"] == "rejected":
        document["error"] = "ParamsRejected"
    failures = list(_caught(state))
    if plan.get("outcome") == "proceed":
        records = list(_records(plan, state))
        document["resources"] = [_row(record, run) for record in records if record["plan"] != "skip"]
        document["metrics"] = {row["name"]: row["metrics"] for row in document["resources"] if "metrics" in row}
        document["seconds"] = round(clients.clock.now() - run["startedAt"])
        if not failures:
            failures = [
                {"error": "ResourceFailed", "where": f"{row['type']} {row['name']}", "what": row["problem"]}
                for row in document["resources"]
                if row["problem"]
            ]
    if failures or document["outcome"] not in ("proceed", "rejected", "duplicate"):
        failures = failures or [{"error": "ActionFailed", "where": "the run", "what": "it ended before it had a plan."}]
        document |= {"outcome": "failed", "error": failures[0]["error"], "failures": failures}
    elif document["outcome"] == "proceed":
        document["outcome"] = "succeeded"
    return document


def _caught(state: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The failures that the workflow caught: of the whole run, and of single datasets and solutions."""
    if "failure" in state:
        yield _failure("the run", state["failure"])
    for dataset in state.get("imports", {}).get("datasets", []):
        if "failure" in dataset:
            yield _failure(f"dataset {dataset['type']}", dataset["failure"])
    for solution in state.get("trainings", {}).get("solutions", []):
        if "failure" in solution:
            yield _failure(f"solution {solution['name']}", solution["failure"])
        for campaign in solution["campaigns"]:
            if "failure" in campaign:
                yield _failure(f"campaign {campaign['name']}", campaign["failure"])


def _failure(where: str, caught: dict[str, str]) -> dict[str, str]:
    """One caught error in words. A Lambda error's Cause is JSON with a stack trace, of which the message is kept."""
    cause = caught.get("Cause", "")
    try:
        what = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        what = cause or caught.get("Error", "no reason is known")
    return {"error": caught.get("Error", "Unknown"), "where": where, "what": what}


def _records(plan: dict[str, Any], state: dict[str, Any]) -> Iterator[Resource]:
    """Every resource of the plan, with what the states since have learnt of it."""
    yield plan["datasetGroup"]
    for dataset in state.get("imports", {}).get("datasets", plan["datasets"]):
        yield from (dataset["schema"], dataset["dataset"], dataset["importJob"])
    for solution in state.get("trainings", {}).get("solutions", plan["solutions"]):
        yield from (solution["solution"], solution["solutionVersion"], *solution["campaigns"])


def _row(record: Resource, run: dict[str, Any]) -> dict[str, Any]:
    """What the report says of one resource."""
    kind = RESOURCE_TYPES[record["type"]]
    row = {"type": kind.label, "name": record["name"], "arn": record.get("arn"), "reason": record["reason"]}
    description = reconciler.find(kind, record, run)
    if description is None:
        return row | {"arn": None, "done": "not created", "status": None, "problem": "was not created."}
    row |= {"arn": description[kind.arn_member], "status": description.get("status", "ACTIVE")}
    latest = description.get(kind.latest_update, {})
    created, updated = (_since(run, dates) for dates in (description, latest))
    row["done"] = "created" if created else "updated" if updated else "reused"
    dates = latest if row["done"] == "updated" else description
    if row["done"] != "reused":
        row["seconds"] = round((dates["lastUpdatedDateTime"] - dates["creationDateTime"]).total_seconds())
    if kind.noun == "SolutionVersion" and description["status"] == "ACTIVE":
        row["metrics"] = clients.personalize().get_solution_metrics(solutionVersionArn=row["arn"])["metrics"]
    if kind.noun == "Campaign":
        row["transactionsPerSecond"] = description.get("minProvisionedTPS", 1)
        row["solutionVersionArn"] = description["solutionVersionArn"]
    row["automaticTraining"] = kind.noun == "Solution" and description.get("performAutoTraining", False)
    return row | {"problem": _problem(kind, record | {"arn": row["arn"]}, description, run)}


def _since(run: dict[str, Any], dates: Parameters) -> bool:
    return bool(dates) and dates["creationDateTime"].timestamp() >= run["startedAt"]


def _problem(kind: Any, record: Resource, description: Parameters, run: dict[str, Any]) -> str | None:
    """Why the resource can't be counted as done, or None."""
    try:
        seen = reconciler.settle(kind, record, description, run)
    except ResourceFailed as error:
        return str(error)
    return None if seen["ready"] else f"is not ready: {seen['status']}."
