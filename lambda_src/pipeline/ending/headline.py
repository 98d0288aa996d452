"""What happened, in one sentence with the one number that matters: the first line of mail and page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from pipeline.engine.resources import TEARDOWN

Json = dict[str, Any]
# What was done where nothing was.
UNCHANGED = ("reused", "gone", "skipped")
SERVING = ("campaign", "recommender")
SWITCHED = {"off": "is off", "back": "serves again"}


def headline(document: Json) -> str:
    """The sentence about a report, without an ARN in it."""
    run, outcome = document["run"], document["outcome"]
    group = str(run.get("datasetGroup") or run.get("key") or run["id"])
    return SENTENCES[outcome](document, group)


def why(document: Json) -> str:
    """In few words what a subject says beside outcome and group; nothing where that says it all."""
    if document["failures"]:
        more = document.get("failureCount", len(document["failures"])) - 1
        first = document["failures"][0]
        return f"{first['where']}: {first['what']}" + (f" (and {more:,} more)" if more else "")
    switched = SWITCHED[document["serving"]] if _switched(document) else ""
    said = _held(document) or _quality(document) or switched
    return said or ("nothing had changed" if is_unchanged(document) else "")


def advice(document: Json) -> str:
    """What to do about a run that did not end well; nothing of one that did."""
    if document["outcome"] == "rejected":
        return "Mend the files and upload the params file again."
    if document["outcome"] != "failed":
        return ""
    if any(row["plan"] == "delete" and row["reason"] == TEARDOWN for row in document["resources"]):
        return "Upload the params file again: the teardown goes on with what is left."
    return "What was made is kept and used again: mend the cause and upload the params file again."


def is_unchanged(document: Json) -> bool:
    """Whether a run found everything as it should be, and did nothing."""
    rescheduled = any(done != "kept" for done in document.get("schedules", {}).values())
    rows = document["resources"]
    return document["outcome"] == "succeeded" and not rescheduled and all(row["done"] in UNCHANGED for row in rows)


def _succeeded(document: Json, group: str) -> str:
    if switched := _switched(document):
        return f"{group} {SWITCHED[document['serving']]}: {switched}" + (
            f"; {held}." if (held := _held(document)) else "."
        )
    if is_unchanged(document) and document.get("serving") == "off":
        return f"{group} is off: no campaign or recommender was up, and nothing had changed."
    if is_unchanged(document):
        return f"{group} is up to date: nothing had changed, so nothing was imported, trained or updated."
    if held := _held(document):
        return f"{group}: the run succeeded, and {held}."
    if quality := _quality(document):
        return f"{group} is up to date: {quality}."
    if _done(document, "dataset import job") & {"created"} and _done(document, "solution version") == {"reused"}:
        return f"{group}: data was imported, and no model was trained on it by this run."
    return f"{group} is up to date."


def _switched(document: Json) -> str:
    """What a run that switches serving did: `2 campaigns deleted, 1 recommender stopped`; nothing of another run."""
    verbs = {"off": ("deleted", "stopped"), "back": ("created", "started")}.get(document.get("serving", ""), ())
    rows = [row for row in document["resources"] if row["type"] in SERVING]
    done = Counter((row["type"], row["done"].partition(",")[0]) for row in rows)
    told = [f"{count} {kind}{'s' if count > 1 else ''} {how}" for (kind, how), count in done.items() if how in verbs]
    return ", ".join(told)


def _done(document: Json, kind: str) -> set[str]:
    """What was done to the resources of a type."""
    return {row["done"] for row in document["resources"] if row["type"] == kind}


def _held(document: Json) -> str:
    """What a gate did to the campaigns that it did not let move, if it did."""
    held = [row for row in document["resources"] if "held" in row["done"].split(", ")]
    parts = []
    if names := [row["name"] for row in held if row["arn"]]:
        parts.append(f"the gate held {_listed(names)} on what it served")
    if names := [row["name"] for row in held if not row["arn"]]:
        parts.append(f"the gate let nothing be deployed as {_listed(names)}")
    return " and ".join(parts)


def _torn_down(document: Json, group: str) -> str:
    if all(row["done"] != "deleted" for row in document["resources"]):
        return f"{group}: there was nothing left to tear down."
    return f"{group} is torn down: the dataset group and all that belonged to it is deleted."


def _superseded(document: Json, group: str) -> str:
    if document.get("supersededBy", {}).get("isTheSame"):
        return f"{group}: nothing was done, another run that does the same waits for its turn already."
    if document.get("supersededBy", {}).get("switches"):
        return f"{group}: nothing was done, a later schedule that says what serves came due while this one waited."
    return f"{group}: nothing was done, a newer upload took this one's place before it began."


def _failed(document: Json, group: str) -> str:
    count, first = document.get("failureCount", 1), document["failures"][0]
    others = f" ({count - 1:,} more below)" if count > 1 else ""
    if first["where"] == "the run":
        return f"{group} FAILED: {first['what'].rstrip('. ')}{others}."
    return f"{group} FAILED at {first['where']}{others}."


def _rejected(document: Json, group: str) -> str:
    count = document.get("failureCount", len(document["failures"]))
    problems = "a problem" if count == 1 else f"{count:,} problems"
    return f"{group} was not started: the upload has {problems}. Nothing was created or changed."


def _quality(document: Json) -> str:
    """`for-you has a new version, NDCG at 25 0.3120 (+0.0210)`: of the first solution that was trained."""
    for entry in document.get("quality", []):
        new = entry["versions"][-1]
        if not new["isNew"] or not entry["metric"]:
            continue
        value, before = new["metrics"].get(entry["metric"]), _before(document, entry)
        change = "" if before is None or value is None else f" ({value - before:+.4f})"
        return f"{entry['solution']} has a new version, {spelled(entry['metric'])} {value:.4f}{change}"
    return ""


def _before(document: Json, entry: Json) -> float | None:
    """The metric of the version that was served before; where no campaign did, of the one that was trained before."""
    served = [row["comparison"]["serving"] for row in document["resources"] if "comparison" in row]
    metrics = served[0] if len(served) == 1 else {}
    if not metrics and len(entry["versions"]) > 1:
        metrics = entry["versions"][-2]["metrics"]
    before: float | None = metrics.get(entry["metric"])
    return before


def spelled(metric: str) -> str:
    """A metric's key for readers: `NDCG at 25`."""
    name = metric.replace("normalized_discounted_cumulative_gain", "NDCG").replace("_", " ")
    return name[0].upper() + name[1:]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


SENTENCES: dict[str, Callable[[Json, str], str]] = {
    "succeeded": _succeeded,
    "failed": _failed,
    "rejected": _rejected,
    "superseded": _superseded,
    "planned": lambda _, group: f"{group}: this is the plan; nothing was done (dryRun).",
    "torn down": _torn_down,
    "under way": lambda document, group: f"{group} is under way: {document['progress']}.",
}
