"""The runs of a deployment: `runs/index.json` for programs, `runs/index.html` for people.

A list, written conditionally, for runs of several dataset groups may begin and end in the same second. It begins with
the first run of a version of the pipeline that keeps it, and holds the newest.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline import objects

from .headline import why

KEY, PAGE = "runs/index.json", "runs/index.html"
FORMAT = 1
MOST = 500  # runs
TRIES = 10  # at writing what others write too
LONGEST_WHY = 120  # characters
Json = dict[str, Any]


def entry_of(document: Json) -> Json:
    """What the list says of a run, from its report or from that of a run that is under way."""
    run = document["run"]
    newest = [one for one in document.get("quality", []) if one["metric"]]
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
        "data": {
            kind: {name: seen[name] for name in ("rows", "wasReadWhole") if name in seen}
            for kind, seen in document.get("data", {}).items()
        },
    }


def runs() -> list[Json]:
    """The list, newest first; none where none was written yet."""
    return _read()[0]


def put(entry: Json) -> list[Json]:
    """Write what is known of one run into the list; returns the whole of it.

    Raises:
        ClientError, BotoCoreError: S3 did not take it.
    """
    for _ in range(TRIES):
        present, etag = _read()
        others = [other for other in present if other["id"] != entry["id"]]
        listed = sorted([entry, *others], key=lambda one: str(one["id"]), reverse=True)[:MOST]
        body = json.dumps({"format": FORMAT, "runs": listed}, separators=(",", ":"), ensure_ascii=False, default=str)
        try:
            objects.write(KEY, body.encode(), etag)
        except objects.Changed:
            continue
        return listed
    return []


def _read() -> tuple[list[Json], str | None]:
    if (found := objects.read(KEY)) is None:
        return [], None
    body, etag = found
    try:
        return list(json.loads(body)["runs"]), etag
    except (ValueError, KeyError, TypeError):  # of another form: it is written anew
        return [], etag
