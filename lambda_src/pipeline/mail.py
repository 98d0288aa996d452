"""The text of the mail: plain, for the person who uploaded the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LONGEST_SUBJECT = 99  # characters, ASCII, no line breaks (SNS Publish)
# SNS takes 256 KiB; far below that a mail stops being read. The report has everything.
LONGEST_TEXT = 100_000

HEADLINES = {
    "succeeded": "The run succeeded.",
    "failed": "The run FAILED.",
    "rejected": "The run was not started: the upload has problems. Nothing was created, nothing is billed.",
    "duplicate": "Nothing was started: the same params and data are being worked on already.",
}


def compose(document: dict[str, Any]) -> tuple[str, str]:
    """The subject and the text of a report's mail."""
    run = document["run"]
    outcome = document["outcome"]
    subject = f"[personalize-pipeline] {outcome}: {run.get('datasetGroup') or run.get('key') or run['id']}"
    printable = "".join(character if 32 <= ord(character) < 127 else "?" for character in subject)
    text = "\n\n".join(part for part in _parts(document) if part)
    return printable[:LONGEST_SUBJECT], text[:LONGEST_TEXT]


def failure_text(document: dict[str, Any]) -> str:
    """What failed, one line each."""
    return "\n".join(f"{failure['where']}: {failure['what']}" for failure in document["failures"])


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `1 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if not hours else f"{hours} h {rest} min" if rest else f"{hours} h"


def _parts(document: dict[str, Any]) -> Iterator[str]:
    run, resources = document["run"], document["resources"]
    headline = HEADLINES[document["outcome"]]
    if document["outcome"] == "succeeded" and all(row["done"] == "reused" for row in resources):
        headline = "The run succeeded: nothing had changed, so nothing was imported, trained or updated."
    yield headline
    yield "\n".join(_about(document))
    if document["failures"]:
        yield _section("What is wrong", failure_text(document).splitlines())
    if resources:
        yield _section("Resources", [line for row in resources for line in _resource(row)])
    for name, metrics in document.get("metrics", {}).items():
        lines = [f"{metric:<48} {value:.4f}" for metric, value in sorted(metrics.items())]
        yield _section(f"How good the model is: solution {name}, measured offline by Personalize", lines)
    if resources:
        yield _section("What bills from now on, until you delete it", list(_billing(resources)))
    if document["notes"]:
        yield _section("Notes", document["notes"])
    if document["outcome"] == "rejected":
        yield "Mend the files and upload the params file again."
    if document["outcome"] == "failed":
        yield "What was made is kept and used again: mend the cause and upload the params file again."
    yield f"Report: s3://{run['bucket']}/{document['report']}" if "bucket" in run else ""


def _about(document: dict[str, Any]) -> Iterator[str]:
    run = document["run"]
    if "datasetGroup" in run:
        yield f"Dataset group: {run['datasetGroup']}"
    if run.get("key"):
        yield f"Params file:   {run['key']}"
    yield f"Run:           {run['id']}"
    if "duplicateOf" in document:
        yield f"In progress:   {document['duplicateOf']}, whose own mail will tell how it ended"
    if "seconds" in document:
        yield f"Took:          {duration(document['seconds'])}"


def _resource(row: dict[str, Any]) -> Iterator[str]:
    took = f" in {duration(row['seconds'])}" if row.get("seconds") else ""
    yield f"{row['done'] + took:<20} {row['type']} {row['name']} ({row['status'] or 'absent'}; {row['reason']})"
    if row["arn"]:
        yield f"{'':<20} {row['arn']}"


def _billing(resources: list[dict[str, Any]]) -> Iterator[str]:
    lines = [
        f"Campaign {row['name']}: at least {row['transactionsPerSecond']} transaction(s) per second, used or not. "
        f"To stop: aws personalize delete-campaign --campaign-arn {row['arn']}"
        for row in resources
        if "transactionsPerSecond" in row
    ] + [
        f"Solution {row['name']}: each automatic training. To stop: "
        f"aws personalize update-solution --solution-arn {row['arn']} --no-perform-auto-training"
        for row in resources
        if row.get("automaticTraining")
    ]
    yield from lines or ["Nothing: no campaign is up and no automatic training is on."]


def _section(title: str, lines: list[str]) -> str:
    return "\n".join((title, *(f"  {line}" for line in lines)))
