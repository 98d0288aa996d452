"""The text of the mail: plain, for the person who uploaded the files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pipeline.engine.resources import TEARDOWN

LONGEST_SUBJECT = 99  # characters, ASCII, no line breaks (SNS Publish)
LARGEST = 262_144  # bytes of the message and its attributes together (SNS Publish)
CUT = "\n\n[Cut here: a mail takes no more. The rest is in the report in the bucket.]"

HEADLINES = {
    "succeeded": "The run succeeded.",
    "failed": "The run FAILED.",
    "rejected": "The run was not started: the upload has problems. Nothing was created or changed.",
    "superseded": "Nothing was done: a newer upload took this one's place before it began.",
    "planned": "This is the plan; nothing was done (dryRun).",
    "torn down": "The dataset group and all that belonged to it is deleted.",
}
# What was done where nothing was.
UNCHANGED = ("reused", "gone", "skipped")
# How to end what bills.
STOPS = {
    "campaign": "aws personalize delete-campaign --campaign-arn",
    "recommender": "aws personalize stop-recommender --recommender-arn",
    "solution": "aws personalize update-solution --no-perform-auto-training --solution-arn",
    "solution version": "aws personalize stop-solution-version-creation --solution-version-arn",
}


def compose(document: dict[str, Any]) -> tuple[str, str]:
    """The subject and the text of a report's mail."""
    document = printable(document)
    run = document["run"]
    outcome = document["outcome"]
    subject = f"[personalize-pipeline] {outcome}: {run.get('datasetGroup') or run.get('key') or run['id']}"
    plain = "".join(character if 32 <= ord(character) < 127 else "?" for character in subject)
    return plain[:LONGEST_SUBJECT], "\n\n".join(part for part in _parts(document) if part)


def message(document: dict[str, Any]) -> dict[str, Any]:
    """A report's mail, as `Publish` takes it; what SNS would refuse as too large is cut, and says so.

    Its attributes, for filter policies: what is known of `outcome`, `datasetGroup` and `run`, as the report has them.
    """
    subject, text = compose(document)
    run = printable(document["run"])
    known = {"outcome": document["outcome"], "datasetGroup": run.get("datasetGroup"), "run": run["id"]}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in known.items() if value}
    room = LARGEST - sum(len(part.encode()) for name, value in attributes.items() for part in (name, *value.values()))
    if len(text.encode()) > room:
        text = text.encode()[: room - len(CUT.encode())].decode(errors="ignore") + CUT
    return {"Subject": subject, "Message": text, "MessageAttributes": attributes}


def printable(value: Any) -> Any:
    """The value with all its texts on one line, and blanks for what can't be seen or turns the direction of writing.

    What users name can't pass for a part of the mail, nor is there anything that XML lacks, in which messages travel.
    """
    if isinstance(value, dict):
        return {name: printable(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [printable(entry) for entry in value]
    return "".join(c if c.isprintable() else " " for c in value) if isinstance(value, str) else value


def failure_text(document: dict[str, Any], longest: float = math.inf) -> str:
    """What failed, one line each, as far as `longest` characters go; the last line says how many more there are."""
    lines = [f"{failure['where']}: {failure['what']}{_at(failure)}" for failure in printable(document["failures"])]
    total = document.get("failureCount", len(lines))
    while True:
        more = [f"... and {total - len(lines):,} more"] if total > len(lines) else []
        excess = len("\n".join(lines + more)) - longest
        if excess <= 0:
            return "\n".join(lines + more)
        if len(lines) == 1:
            lines[0] = lines[0][: -int(excess)]
        else:
            lines.pop()


def _at(failure: dict[str, Any]) -> str:
    """Where in the params file, if it is known."""
    return f" (line {failure['line']}, column {failure['column']})" if "line" in failure else ""


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `1 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h {rest} min" if rest else f"{hours} h"


def _parts(document: dict[str, Any]) -> Iterator[str]:
    run, resources, outcome = document["run"], document["resources"], document["outcome"]
    headline = HEADLINES[outcome]
    rescheduled = any(done != "kept" for done in document.get("schedules", {}).values())
    if outcome == "succeeded" and not rescheduled and all(row["done"] in UNCHANGED for row in resources):
        headline = "The run succeeded: nothing had changed, so nothing was imported, trained or updated."
    yield headline
    yield "\n".join(_about(document))
    if document["failures"]:
        yield _section("What is wrong", failure_text(document).splitlines())
    if resources:
        describe = _planned if outcome == "planned" else _resource
        yield _section("Resources", [line for row in resources for line in describe(row)])
    if data := document.get("data"):
        yield _section("Data", [f"{dataset_type:<20} {_counted(seen)}" for dataset_type, seen in data.items()])
    if schedules := document.get("schedules"):
        yield _section("Schedules", [f"{done:<20} {purpose}" for purpose, done in schedules.items()])
    for row in resources:
        if row.get("metrics"):
            title = f"How good the model is: {row['type']} {row['name']}, measured offline by Personalize"
            yield _section(title, [f"{metric:<48} {value:.4f}" for metric, value in sorted(row["metrics"].items())])
        if row.get("comparison", {}).get("serving"):
            title = f"Campaign {row['name']}: the version it served before, and the new one"
            yield _section(title, list(_comparison(**row["comparison"])))
    if document["delays"]:
        yield _section("What cost time besides the work", [_delay(**delay) for delay in document["delays"]])
    if "bills" in document:
        yield _section(
            "What bills in this dataset group from now on, until you stop it", list(_billing(document["bills"]))
        )
    if "billsUnknown" in document:
        yield f"What bills from now on could not be looked at: {document['billsUnknown']}"
    if document["notes"]:
        yield _section("Notes", document["notes"])
    if outcome == "rejected":
        yield "Mend the files and upload the params file again."
    if outcome == "failed" and any(row["plan"] == "delete" and row["reason"] == TEARDOWN for row in resources):
        yield "Upload the params file again: the teardown goes on with what is left."
    elif outcome == "failed":
        yield "What was made is kept and used again: mend the cause and upload the params file again."
    if "bucket" in run and "report" in document:
        yield f"Report: s3://{run['bucket']}/{document['report']}"


def _about(document: dict[str, Any]) -> Iterator[str]:
    run = document["run"]
    if "datasetGroup" in run:
        yield f"Dataset group: {run['datasetGroup']}"
    if run.get("key"):
        yield f"Params file:   {run['key']}"
    if "report" in document:  # else it is a plan for a terminal, of no run
        yield f"Run:           {run['id']}"
    if newer := document.get("supersededBy"):
        yield f"Superseded by: {newer['key']}{_of_run(newer)}"
    if "codeVersion" in document:
        begun = run.get("codeVersion", document["codeVersion"])  # an upgrade may have come between
        other = f", begun with {begun}" if begun != document["codeVersion"] else ""
        yield f"Code:          {document['codeVersion']}{other}"
    if "seconds" in document:
        yield f"Took:          {duration(document['seconds'])}"


def _of_run(newer: dict[str, Any]) -> str:
    """Which upload it was, for whoever wonders."""
    if "run" not in newer:
        return ", uploaded again since"
    if newer.get("isTheSame"):
        return f" of run {newer['run']}, which does the same and waits for its turn already"
    took_effect = "took effect already. Upload this one again if it is still wanted" if newer.get("tookEffect") else ""
    return f" of run {newer['run']}, uploaded later{', which ' if took_effect else ''}{took_effect}"


def _delay(resource: str, what: str, seconds: float) -> str:
    return f"{duration(seconds):<20} {resource}: {what}"


def _resource(row: dict[str, Any]) -> Iterator[str]:
    took = f" in {duration(row['seconds'])}" if row.get("seconds") else ""
    how = "; ".join(part for part in (row["status"], row["reason"]) if part)
    yield f"{row['done'] + took:<20} {row['type']} {row['name']} ({how})"
    if row["arn"]:
        yield f"{'':<20} {row['arn']}"
    if "trackingId" in row:
        yield f"{'':<20} tracking ID for your clients: {row['trackingId']}"


def _counted(seen: dict[str, Any]) -> str:
    """What was counted of a dataset, in a line."""
    files = _number(seen["files"], "file")
    if "rows" not in seen:
        return f"not looked at ({files})"
    parts = [f"{_number(seen['rows'], 'row')} in {files}"]
    if "users" in seen:
        parts.append(("about " if seen.get("usersAreAbout") else "") + _number(seen["users"], "user"))
    events = list(seen.get("events", {}).items())
    parts += [f"{name[:40] or '(no type)'} {count:,}" for name, count in events[:5]]
    parts += [f"{len(events) - 5} more types"] if len(events) > 5 else []
    return ", ".join(parts) + ("" if seen["wasReadWhole"] else ", of the part that was looked at")


def _number(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _planned(row: dict[str, Any]) -> Iterator[str]:
    yield f"{row['plan']:<20} {row['type']} {row['name']} ({row['reason']})"


def _comparison(serving: dict[str, float], new: dict[str, float]) -> Iterator[str]:
    for metric in sorted(serving.keys() & new.keys()):
        yield f"{metric:<48} {serving[metric]:.4f} -> {new[metric]:.4f} ({new[metric] - serving[metric]:+.4f})"


def _billing(bills: list[dict[str, Any]]) -> Iterator[str]:
    for row in bills:
        yield f"{row['type'].capitalize()} {row['name']}: {row['billed']}. To stop: {STOPS[row['type']]} {row['arn']}"
    if not bills:
        yield "Nothing: no campaign or recommender is up, and no automatic training is on."


def _section(title: str, lines: list[str]) -> str:
    return "\n".join((title, *(f"  {line}" for line in lines)))
