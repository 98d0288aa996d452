"""The runs of a deployment: `runs/index.json` for programs, `runs/index.html` for people.

A list, written conditionally, for runs of several dataset groups may begin and end in the same second. It begins with
the first run of a version of the pipeline that keeps it, and holds the newest.
"""

from __future__ import annotations

import json
import random
import time
from typing import Any

from pipeline import objects

from .headline import why

KEY, PAGE = "runs/index.json", "runs/index.html"
FORMAT = 1
MOST = 500  # runs
TRIES, PAUSE = 10, 0.5  # at writing what others write too; seconds between them at most
UNDER_WAY = "under way"
LONGEST_WHY = 120  # characters
Json = dict[str, Any]


def entry_of(document: Json) -> Json:
    """What the list says of a run, from its report or from that of a run that is under way."""
    run = document["run"]
    told = [one for one in document.get("quality", []) if one["metric"]]
    # The number is of what the run trained; where it trained nothing and all is well, of what is there.
    newest = [one for one in told if one["versions"][-1]["isNew"]] or (
        told if document["outcome"] == "succeeded" else []
    )
    quality = None
    if newest:
        one = newest[0]
        value = one["versions"][-1]["metrics"].get(one["metric"])
        quality = None if value is None else {"solution": one["solution"], "metric": one["metric"], "value": value}
    return {
        "id": run["id"],
        "outcome": document["outcome"],
        "why": why(document)[:LONGEST_WHY],
        "datasetGroup": run.get("datasetGroup"),
        "key": run.get("key"),
        "startedAt": run.get("startedAt"),
        "seconds": document.get("seconds"),
        "quality": quality,
        "monthlyCost": document.get("costs", {}).get("monthlyTotal") if "bills" in document else None,
        "imported": any(
            row["type"] == "dataset import job" and row["done"] == "created" and not row["problem"]
            for row in document["resources"]
        ),
        "data": {
            kind: {name: seen[name] for name in ("rows", "wasReadWhole") if name in seen}
            for kind, seen in document.get("data", {}).items()
        },
    }


def runs() -> list[Json]:
    """The list, newest first; none where none was written yet."""
    return read()[0]


def put(entry: Json) -> tuple[list[Json], str]:
    """Write what is known of one run into the list; returns the whole of it, and the ETag of its object.

    Raises:
        objects.Changed: others wrote it each time.
        ClientError, BotoCoreError: S3 did not take it.
    """
    for _ in range(TRIES):
        present, etag = read()
        known = next((other for other in present if other["id"] == entry["id"]), None)
        if known and entry["outcome"] == UNDER_WAY != known.get("outcome"):
            return present, etag or ""  # a look that was overtaken by the run's end
        others = [other for other in present if other["id"] != entry["id"]]
        listed = sorted([entry, *others], key=lambda one: str(one["id"]), reverse=True)[:MOST]
        body = json.dumps({"format": FORMAT, "runs": listed}, separators=(",", ":"), ensure_ascii=False, default=str)
        try:
            return listed, objects.write(KEY, body.encode(), etag)
        except objects.Changed:
            time.sleep(random.uniform(0, PAUSE))
    raise objects.Changed(KEY)


def read() -> tuple[list[Json], str | None]:
    """The list, and the ETag of its object where there is one."""
    if (found := objects.read(KEY)) is None:
        return [], None
    body, etag = found
    try:
        kept = [run for run in json.loads(body)["runs"] if isinstance(run, dict) and isinstance(run.get("id"), str)]
        return kept, etag
    except (ValueError, KeyError, TypeError):  # of another form: it is written anew
        return [], etag
