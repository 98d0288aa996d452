"""The run's last action: look at what is really there, write it down, and mail it.

The report does not trust what the states before it said: it describes every resource of the plan once more, and a run
succeeded only if each of them can be used as planned.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients
from pipeline.ending import mail
from pipeline.engine import reconciler
from pipeline.engine.reconciler import Resource
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters, ResourceType
from pipeline.engine.versions import metrics_of
from pipeline.errors import ResourceFailed
from pipeline.settings import settings
from pipeline.upload import run_lock
from pipeline.upload.run_ids import run_id

logger = Logger(child=True)
# Outcomes of plans that name resources, as the outcomes of their runs.
ENDS = {"proceed": "succeeded", "planned": "planned", "teardown": "torn down"}
WORKED = ("proceed", "teardown")
GOOD = ("succeeded", "planned", "torn down", "duplicate")
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
    document["report"] = key(document["run"]["id"])
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
    if document["outcome"] in GOOD:
        return {"succeeded": True}
    return {
        "succeeded": False,
        "error": document["error"],
        "cause": mail.failure_text(document)[:LONGEST_CAUSE],
    }


def plan_text(plan: dict[str, Any]) -> str:
    """What a dry run mails of its plan. Nothing is mailed here, and no report is left."""
    return mail.compose(_document({"plan": plan}, {"Name": plan["run"]["id"]}))[1]


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
    run = plan.get("run", {"id": run_id(execution), "key": state.get("upload", {}).get("key")})
    document: dict[str, Any] = {
        "outcome": plan.get("outcome"),
        "error": None,
        "run": run,
        "notes": plan.get("notes", []),
        "failures": plan.get("problems", []),
        "resources": [],
    }
    if "duplicateOf" in plan:
        document["duplicateOf"] = plan["duplicateOf"]
    failures = list(_caught(state))
    if document["outcome"] in ENDS:
        document["resources"] = [_row(record, run) for record in _records(plan, state) if record["plan"] != "skip"]
        document["seconds"] = round(clients.clock.now() - run["startedAt"])
        planned = plan["schedules"] if document["outcome"] == "planned" else {}
        document["schedules"] = state.get("schedules", {}).get("schedules", planned)
    if document["outcome"] in WORKED and not failures:
        failures = [
            {"error": "ResourceFailed", "where": f"{row['type']} {row['name']}", "what": row["problem"]}
            for row in document["resources"]
            if row["problem"]
        ]
    if failures or document["outcome"] not in (*ENDS, "rejected", "duplicate"):
        failures = failures or [{"error": "ActionFailed", "where": "the run", "what": "it ended before it had a plan."}]
        return document | {"outcome": "failed", "error": failures[0]["error"], "failures": failures}
    error = "ParamsRejected" if document["outcome"] == "rejected" else None
    return document | {"outcome": ENDS.get(document["outcome"], document["outcome"]), "error": error}


def _caught(state: dict[str, Any]) -> Iterator[dict[str, str]]:
    """The failures that the workflow caught: of the whole run, and of single resources."""
    built = state.get("built", {})
    if "failure" in state:
        yield _failure("the run", state["failure"])
    for dataset in state.get("imports", {}).get("datasets", []):
        yield from _of(f"dataset {dataset['type']}", dataset)
    for solution in built.get("solutions", []):
        yield from _of(f"solution {solution['name']}", solution)
        for use in _uses(solution):
            yield from _of(f"{RESOURCE_TYPES[use['type']].label} {use['name']}", use)
    for record in [*built.get("eventTrackers", []), *built.get("filters", []), *built.get("recommenders", [])]:
        yield from _of(f"{RESOURCE_TYPES[record['type']].label} {record['name']}", record)


def _of(where: str, record: dict[str, Any]) -> Iterator[dict[str, str]]:
    if "failure" in record:
        yield _failure(where, record["failure"])


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
    if "stages" in plan:
        for stage in plan["stages"]:
            yield from stage["resources"]
        return
    built = plan | state.get("built", {})
    yield plan["datasetGroup"]
    for dataset in state.get("imports", {}).get("datasets", plan["datasets"]):
        yield from (dataset["schema"], dataset["dataset"], dataset["importJob"])
    yield from (*built["eventTrackers"], *built["filters"])
    for solution in built["solutions"]:
        yield from (solution["solution"], solution["solutionVersion"], *_uses(solution))
    yield from built["recommenders"]


def _uses(solution: dict[str, Any]) -> list[Resource]:
    return [*solution["campaigns"], *solution["batchInferenceJobs"], *solution["batchSegmentJobs"]]


def _row(record: Resource, run: dict[str, Any]) -> dict[str, Any]:
    """What the report says of one resource."""
    kind = RESOURCE_TYPES[record["type"]]
    row = {
        "type": kind.label,
        "name": record["name"],
        "arn": record.get("arn"),
        "plan": record["plan"],
        "reason": record["reason"],
        "problem": None,
    }
    try:
        return row | _seen(kind, record, run)
    except (ClientError, BotoCoreError) as error:
        # What else is there must still be told.
        logger.exception("not looked at")
        unseen = {"done": "not seen", "status": record.get("status")}
        return row | unseen | {"problem": f"could not be looked at: {error}"}


def _seen(kind: ResourceType, record: Resource, run: dict[str, Any]) -> dict[str, Any]:
    description = reconciler.find(kind, record, run)
    if description is None:
        return _absent(record)
    seen = {"arn": description[kind.arn_member], "status": reconciler.status_of(description)}
    seen |= _done(kind, record, description, run)
    if extra := EXTRAS.get(kind.noun):
        seen |= extra(description)
    if "metrics" in record:
        seen["comparison"] = record["metrics"]
    return seen


def _absent(record: Resource) -> dict[str, Any]:
    if reconciler.target_of(record) == "ABSENT":
        return {"arn": None, "done": "deleted", "status": None}
    if record["plan"] == "hold":
        return {"arn": None, "done": "held", "status": None}
    return {"arn": None, "done": "not created", "status": None, "problem": "was not created."}


def _done(kind: ResourceType, record: Resource, description: Parameters, run: dict[str, Any]) -> dict[str, Any]:
    """What the run did to an existing resource, how long it took, and what is wrong with the result."""
    latest = description.get(kind.latest_update, {})
    created, updated = (_since(run, dates) for dates in (description, latest))
    done = "created" if created else "updated" if updated else PAST.get(record["plan"], "reused")
    dates = latest if updated and not created else description
    took = {"seconds": round((dates["lastUpdatedDateTime"] - dates["creationDateTime"]).total_seconds())}
    try:
        seen = reconciler.settle(kind, record | {"arn": description[kind.arn_member]}, description, run)
        problem = None if seen["ready"] or record.get("status") == "IN USE" else f"is not ready: {seen['status']}."
    except ResourceFailed as error:
        problem = str(error)
    if record.get("held"):
        done = "held"
    return {"done": done, "problem": problem} | (took if created or updated else {})


def _since(run: dict[str, Any], dates: Parameters) -> bool:
    return bool(dates) and reconciler.begun(dates) >= run["startedAt"]


# Plans that leave no date behind, in the past tense.
PAST = {"start": "started", "stop": "stopped", "delete": "kept", "update": "updated"}
# What the mail tells of some types beyond their status.
EXTRAS: dict[str, Callable[[Parameters], dict[str, Any]]] = {
    "SolutionVersion": lambda version: (
        {"metrics": metrics_of(version["solutionVersionArn"])} if version["status"] == "ACTIVE" else {}
    ),
    "Campaign": lambda campaign: {
        "billed": f"at least {campaign.get('minProvisionedTPS', 1)} transaction(s) per second, used or not",
        "solutionVersionArn": campaign["solutionVersionArn"],
    },
    "Recommender": lambda recommender: {
        "billed": None
        if recommender["status"] == "INACTIVE"
        else f"at least {recommender.get('recommenderConfig', {}).get('minRecommendationRequestsPerSecond', 1)} "
        "recommendation request(s) per second, used or not, and its trainings",
        "metrics": recommender.get("modelMetrics") or {},
    },
    "Solution": lambda solution: {"billed": "each automatic training" if solution.get("performAutoTraining") else None},
    "EventTracker": lambda tracker: {"trackingId": tracker["trackingId"]},
}
