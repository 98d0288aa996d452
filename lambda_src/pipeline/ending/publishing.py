"""The pages in the bucket: that of a run, `runs/<run>/report.html`, also while it works, and the list of all runs.

They tell what the report tells. A page that can't be made fails nothing: the report and the mail are there without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pipeline import clients, objects
from pipeline.engine.record import Record, load
from pipeline.engine.resources import OPEN
from pipeline.run_ids import run_id
from pipeline.settings import settings

from . import announcements, index, page, rows
from .timeline import timeline

logger = logging.getLogger(__name__)
HTML = "text/html; charset=utf-8"
Json = dict[str, Any]
Action = Callable[[Json], Json]
STAGES = {
    "makeDatasetGroup": "the dataset group is made",
    "importDatasets": "data is imported",
    "trainAndDeploy": "models are trained and deployed",
    "tearDown": "the dataset group is torn down",
}
# By run: the ETag of the record whose page this process wrote last, and that of the page.
_shown: dict[str, tuple[str | None, str]] = {}


def publish(document: Json) -> None:
    """Write the page of a report, and its run into the list of runs."""
    with only_logged("page not written"):
        objects.overwrite(page.key(document["run"]["id"]), page.render(document).encode(), HTML)
    with only_logged("list of runs not written"):
        _list(document)


def showing(action: Action) -> Action:
    """The action, after which the page shows how far the run is."""

    def act(event: Json) -> Json:
        result = action(event)
        with only_logged("page of the run under way not written"):
            _show(run_id(event["execution"]))
        return result

    return act


def _show(run: str) -> None:
    """Where the record is another than the one that was shown, unless the run's end was told meanwhile."""
    shown, page_etag = _shown.get(run, (None, None))
    page_etag = page_etag or objects.etag_of(page.key(run))
    record = load(run)
    if record is None or record.reported or record.outcome not in ("proceed", "teardown"):
        return
    with only_logged("news not mailed"):
        announcements.announce(record, under_way)
    if record.etag == shown:
        return
    document = under_way(record)
    _shown.clear()
    try:
        written = objects.write(page.key(run), page.render(document).encode(), page_etag, HTML)
    except objects.Changed:
        return
    if page_etag is None:
        _list(document)
    _shown[run] = (record.etag, written)


def under_way(record: Record) -> Json:
    """A run that is not over, in the form of a report: from its record alone."""
    now = clients.clock.now()
    times = timeline(record, now)
    shown = [resource for resource in record.resources if resource.plan != "skip" and not resource.helper]
    told = [rows.recorded(resource, times) for resource in shown]
    failed = [{"where": resource.shown, "what": resource.failure} for resource in shown if resource.failure]
    still_open = [resource for resource in shown if resource.state == OPEN]
    last = "what is up is asked for recommendations" if record.samples_wanted else "it ends"
    stage = next((STAGES[resource.stage] for resource in still_open if resource.stage in STAGES), last)
    ready = len(shown) - len(still_open)
    return {
        "outcome": "under way",
        "progress": f"{stage}, {ready} of {len(shown)} resources are over",
        "run": record.run,
        "seconds": max(now - record.run["startedAt"], 0),
        "failures": failed,
        "failureCount": len(failed),
        "resources": told,
        "data": record.data,
        "costs": record.costs,
        "samples": record.samples,
        "delays": record.delays,
        "notes": record.notes,
    }


def _list(document: Json) -> None:
    listed, etag = index.put(index.entry_of(document))
    for _ in range(index.TRIES):
        objects.overwrite(index.PAGE, page.render_index(listed, settings().bucket).encode(), HTML)
        newest = index.read()
        if newest[1] == etag:
            return
        listed, etag = newest[0], newest[1] or ""  # another run wrote the list meanwhile, and perhaps its page


@contextmanager
def only_logged(what: str) -> Iterator[None]:
    """Let any error be no more than a line in the log: what is for looking at is no reason to end a run."""
    try:
        yield
    except Exception:
        logger.exception(what)
