"""CreateDatasetImportJob: CSV files from S3 into a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import csv_rows
from ..exceptions import InvalidInputException, JobFailure, error
from ..models import Commit, PersonalizeBackend
from ..objects import INVALID_LOCATION, READ, JobAccess, Location, s3_failures
from ..recipes import ACTION_INTERACTIONS, INTERACTIONS
from ..resources import Resource
from ..rows import BULK, INCREMENTAL
from .common import Params
from .datasets import schema_of


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Dataset ACTIVE, no other import into it; INCREMENTAL after a first import; role and location given; 5
    running to a region. In the job: role, trust and bucket policy, header, types, nulls, lengths, UTF-8, at
    least 1000 interactions.

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


def _read(
    backend: PersonalizeBackend, dataset: Resource, params: Params, access: JobAccess, mode: str
) -> Commit | None:
    location = Location.parse(params["dataSource"]["dataLocation"])
    access.require(location, READ)
    keys = access.keys(location)
    if not keys:
        raise JobFailure(INVALID_LOCATION)
    schema = schema_of(backend, dataset)
    if schema is None:
        return None

    def rows() -> Iterator[list[Any]]:
        for key in keys:
            with s3_failures():
                yield from csv_rows.read(access.open(location, key), schema, backend.switches)

    staged = backend.rows.stage(dataset.arn, rows(), BULK if mode == "FULL" else INCREMENTAL)
    minimum = backend.settings.minimums.rows_in_an_interactions_import
    if dataset.record["datasetType"] in (INTERACTIONS, ACTION_INTERACTIONS) and staged.count < minimum:
        staged.discard()
        raise JobFailure(f"The import holds {staged.count} interactions, fewer than the minimum of {minimum}.")

    def commit() -> None:
        staged.take_over()
        dataset.inner["data changed"] = backend.now

    return commit
