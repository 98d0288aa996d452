"""Reports of a metric attribution on imported interactions, as CSV on S3.

Source: developer guide, "Publishing metric attribution reports to Amazon S3", "Guidelines and requirements for a metric
attribution". Neither says where a window of 15 minutes begins (here: the first with the oldest record), nor what an
import does whose group has no attribution, or none with a bucket (here: no report).
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from ..models import PersonalizeBackend
from ..objects import WRITE, JobAccess, Location
from ..recipes import ITEMS
from ..resources import Resource
from ..rows import Table, quoted
from .datasets import dataset_of

COLUMNS = ("METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP")
#: "Amazon Personalize aggregates calculations over a 15-minute window."
WINDOW = 15 * 60
UNDEFINED = "SOURCE_NAME_UNDEFINED"

_SUM = re.compile(r"\s*SUM\(\s*(?P<dataset>Interactions|Items)\.(?P<column>\w+)\s*\)\s*", re.IGNORECASE)

Line = tuple[object, ...]
Publish = Callable[[Table], Callable[[], None]]


def publisher(backend: PersonalizeBackend, dataset: Resource, import_mode: str) -> Publish | None:
    """What makes the report of an import out of its rows, and returns what writes it; None where there is none to make.

    Raises JobFailure where the attribution's role may not write.
    """
    group = dataset.record["datasetGroupArn"]
    attribution = next(backend.all("metric attribution", datasetGroupArn=group), None)
    if attribution is None or attribution.status != "ACTIVE":
        return None
    output = attribution.record["metricsOutputConfig"]
    if "s3DataDestination" not in output:
        return None
    folder = Location.parse(output["s3DataDestination"]["path"], "Invalid S3 output path")
    access = JobAccess(backend, output["roleArn"], attribution.arn)
    access.require(folder, WRITE)
    metrics = list(attribution.record["metrics"])

    def publish(table: Table) -> Callable[[], None]:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for metric in metrics:
            writer.writerows(_lines(backend, group, table, metric))
        body = text.getvalue().encode()

        def write() -> None:
            name = f"AggregatedAttributionMetrics - {import_mode} - {int(backend.now)}.csv"
            access.write(folder, name, io.BytesIO(body))

        return write

    return publish


def _lines(backend: PersonalizeBackend, group: str, table: Table, metric: dict[str, str]) -> Iterator[Line]:
    """The report's lines on one metric, newest first: a value for each source and window that has such events."""
    if "EVENT_TYPE" not in table.names:
        return
    function, value, join = "samplecount", "count(*)", ""
    if summed := _SUM.fullmatch(metric["expression"]):
        function = "sum"
        of, alias, join = _summed(backend, group, table, summed["dataset"].upper())
        column = next((name for name in of.names if name.upper() == summed["column"].upper()), None) if of else None
        if column is None:
            return
        value = f"sum({alias}.{quoted(column)})"
    given, recommended = (
        f"events.{name}" if name in table.names else "NULL"
        for name in ("EVENT_ATTRIBUTION_SOURCE", "RECOMMENDATION_ID")
    )
    found = backend.rows.query(
        f"SELECT {given}, {recommended}, (TIMESTAMP - oldest) / {WINDOW} * {WINDOW} + oldest AS begin, {value} "
        f"FROM {table.name} AS events JOIN (SELECT min(TIMESTAMP) AS oldest FROM {table.name}) {join} "
        "WHERE EVENT_TYPE = ? GROUP BY 1, 2, 3",
        metric["eventType"],
    )
    totals: defaultdict[tuple[int, str], float] = defaultdict(float)
    for source, recommendation, begin, amount in found:
        totals[begin, source or backend.recommended_by.get(recommendation, UNDEFINED)] += amount or 0
    for (begin, source), total in sorted(totals.items(), key=lambda item: (-item[0][0], item[0][1])):
        yield metric["metricName"], metric["eventType"], total, function, source, begin


def _summed(backend: PersonalizeBackend, group: str, table: Table, kind: str) -> tuple[Table | None, str, str]:
    """The table with the column that a SUM adds up, its name in the query, and how it is joined."""
    if kind != ITEMS:
        return table, "events", ""
    items = dataset_of(backend, group, ITEMS)
    if items is None or items.arn not in backend.rows:
        return None, "", ""
    of = backend.rows.table(items.arn)
    return of, "items", f"JOIN {of.name} AS items USING (ITEM_ID)"
