"""CreateDatasetImportJob: CSV files from S3 into a dataset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .. import csv_rows
from ..avro import Schema
from ..clock import Pause
from ..exceptions import InvalidInputException, JobFailure, error
from ..models import PersonalizeBackend, WorkInSteps
from ..objects import INVALID_LOCATION, READ, JobAccess, Location, s3_failures
from ..quotas import check_size, check_volume
from ..recipes import ACTION_INTERACTIONS, INTERACTIONS
from ..resources import Resource
from ..rows import BULK, INCREMENTAL
from .attribution_reports import publisher
from .common import Params
from .datasets import schema_of

#: Columns of Interactions that are not optional metadata; EVENT_TYPE and EVENT_VALUE are.
NO_METADATA = frozenset(
    ("USER_ID", "ITEM_ID", "TIMESTAMP", "IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE")
)


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Dataset ACTIVE, no other import into it; INCREMENTAL after a first import; role and location given; role,
    trust and bucket policy; 5 running to a region. In the job: the same access, 100 GB or (INCREMENTAL) 1 GB,
    header, types, nulls, lengths, UTF-8, at least 1000 interactions, at most 10 event types and metadata columns
    together.

    Source: guide "Importing bulk data into Amazon Personalize with a dataset import job", "Common error
    messages"
    """
    dataset = backend.get_active("dataset", params["datasetArn"])
    mode = params.get("importMode", "FULL")
    if "dataLocation" not in params["dataSource"]:
        raise InvalidInputException("dataSource.dataLocation must be specified.")
    if "roleArn" not in params:
        raise InvalidInputException("roleArn must be specified to import data from Amazon S3.")
    arn = backend.new_arn("dataset import job", name=params["jobName"])
    # Before the state of other jobs: a repeated call is told that its job exists, not that it stands in its own way.
    backend.check_free(arn)
    jobs = list(backend.all("dataset import job", datasetArn=dataset.arn))
    if any(job.busy for job in jobs):
        raise error(backend.switches.conflicting_import_error, f"An import into {dataset.arn} is in progress already.")
    if mode == "INCREMENTAL" and not any(job.status == "ACTIVE" for job in jobs):
        raise error(
            backend.switches.first_incremental_import_error,
            f"An INCREMENTAL import needs an earlier FULL import into {dataset.arn}.",
        )
    access = JobAccess(backend, params["roleArn"], arn)
    if backend.switches.s3_access_checked_by == "call":
        try:
            access.require(Location.parse(params["dataSource"]["dataLocation"]), READ)
        except JobFailure as failure:
            raise InvalidInputException(str(failure)) from failure
    job = backend.create(
        "dataset import job",
        params,
        lambda: _read(backend, dataset, params, access, mode),
        importMode=mode,
        datasetGroupArn=dataset.record["datasetGroupArn"],
    )
    return {"datasetImportJobArn": job.arn}


def _read(backend: PersonalizeBackend, dataset: Resource, params: Params, access: JobAccess, mode: str) -> WorkInSteps:
    location = Location.parse(params["dataSource"]["dataLocation"])
    access.require(location, READ)
    files = access.files(location)
    if not files:
        raise JobFailure(INVALID_LOCATION)
    size = "bytes of a FULL import" if mode == "FULL" else "bytes of an INCREMENTAL import"
    check_size(backend.settings, size, files)
    schema = schema_of(backend, dataset)
    if schema is None:
        return None
    # A FULL import replaces what is there; event types sent one by one are not counted.
    types = EventTypes(backend, schema, dataset.inner.get("event types", frozenset()) if mode != "FULL" else ())

    def rows() -> Iterator[list[Any]]:
        for file in files:
            with s3_failures():
                read = csv_rows.read(access.open(location, file.key), schema, backend.switches)
                yield from types.watched(read) if dataset.record["datasetType"] == INTERACTIONS else read

    publish = None
    if params.get("publishAttributionMetricsToS3") and dataset.record["datasetType"] == INTERACTIONS:
        publish = publisher(backend, dataset, mode)
    staged = backend.rows.stage(dataset.arn, rows(), BULK if mode == "FULL" else INCREMENTAL)
    for _ in staged.read():
        yield Pause.STEP
    minimum = backend.settings.minimums.rows_in_an_interactions_import
    if dataset.record["datasetType"] in (INTERACTIONS, ACTION_INTERACTIONS) and staged.count < minimum:
        staged.discard()
        raise JobFailure(f"The import holds {staged.count} interactions, fewer than the minimum of {minimum}.")
    yield Pause.UNTIL_END
    write_report = publish(staged.table) if publish is not None else None
    for _ in staged.add():
        yield Pause.STEP

    def commit() -> None:
        if write_report is not None:
            write_report()
        staged.take_over()
        dataset.inner["data changed"] = backend.now
        dataset.inner["event types"] = frozenset(types.found)

    return commit


class EventTypes:
    """The event types of an Interactions dataset, of which there may be few: beside them, metadata columns count too.

    Source: guide "Preparing item interaction data for training".
    """

    def __init__(self, backend: PersonalizeBackend, schema: Schema, known: Iterable[str]) -> None:
        self.found = set(known)
        self._settings = backend.settings
        names = [field.name for field in schema.fields]
        self._place = names.index("EVENT_TYPE") if "EVENT_TYPE" in names else None
        self._columns = sum(name not in NO_METADATA for name in names)

    def watched(self, rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
        """The same rows. Raises JobFailure at the first event type that is one too many."""
        self._check()
        place = self._place
        if place is None:
            yield from rows
            return
        for row in rows:
            if row[place] not in self.found:
                self.found.add(row[place])
                self._check()
            yield row

    def _check(self) -> None:
        what = "Event types and optional metadata columns together"
        check_volume(self._settings, "event types and metadata columns", len(self.found) + self._columns, what)
