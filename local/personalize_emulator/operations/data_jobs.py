"""CreateDatasetExportJob and CreateDataDeletionJob: rows out to S3, and users out of the rows.

Sources: API reference, CreateDatasetExportJob; developer guide, "Deleting users from datasets". The name of the
exported object and the column of the deletion file are our own reading.
"""

from __future__ import annotations

import codecs
import csv
import tempfile
from typing import BinaryIO, cast

from ..exceptions import InvalidInputException, JobFailure
from ..models import Commit, PersonalizeBackend
from ..objects import INVALID_LOCATION, READ, WRITE, JobAccess, Location
from ..quotas import check_size
from ..resources import Resource
from ..rows import ORIGIN, PUT, quoted
from .common import Params

#: Which rows an export takes, as SQL on their origin.
_MODES = {"BULK": f"{ORIGIN} <> '{PUT}'", "PUT": f"{ORIGIN} = '{PUT}'", "ALL": "1"}


def create_export(backend: PersonalizeBackend, params: Params) -> Params:
    """Dataset ACTIVE; output a folder; role, trust and bucket policy. Writes the rows of the mode asked for as
    CSV.

    Source: API CreateDatasetExportJob
    """
    dataset = backend.get_active("dataset", params["datasetArn"])
    mode = params.get("ingestionMode", "PUT")
    location = output_location(params["jobOutput"])
    job = backend.create(
        "dataset export job",
        params,
        lambda: _export(backend, dataset, job, mode, location),
        ingestionMode=mode,
        datasetGroupArn=dataset.record["datasetGroupArn"],
    )
    return {"datasetExportJobArn": job.arn}


def create_deletion(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE; 5 pending to a group; reads sub folders too, 100 MB at most. Takes the users of the USER_ID
    column out of all datasets; ends COMPLETED or FAILED.

    Source: API CreateDataDeletionJob
    """
    group = backend.get_active("dataset group", params["datasetGroupArn"])
    if "dataLocation" not in params["dataSource"]:
        raise InvalidInputException("dataSource.dataLocation must be specified.")
    job = backend.create("data deletion job", params, lambda: _delete(backend, group, job))
    return {"dataDeletionJobArn": job.arn}


def output_location(output: Params) -> Location:
    """The folder that a job writes to. Raises InvalidInputException."""
    try:
        location = Location.parse(output["s3DataDestination"]["path"], "Invalid S3 output path")
    except JobFailure as failure:
        raise InvalidInputException(str(failure)) from failure
    if not location.is_folder:
        raise InvalidInputException("Invalid S3 output path")
    return location


def _export(
    backend: PersonalizeBackend, dataset: Resource, job: Resource, mode: str, location: Location
) -> Commit | None:
    access = JobAccess(backend, job.record["roleArn"], job.arn)
    access.require(location, WRITE)
    if dataset.arn not in backend.rows:
        return None

    def commit() -> None:
        if dataset.arn not in backend.rows:
            return
        table = backend.rows.table(dataset.arn)  # only now: a FULL import may have exchanged it meanwhile
        with tempfile.TemporaryFile() as file:
            writer = csv.writer(codecs.getwriter("utf-8")(file))
            writer.writerow(table.names)
            names = ", ".join(map(quoted, table.names))
            writer.writerows(backend.rows.query(f"SELECT {names} FROM {table.name} WHERE {_MODES[mode]}"))
            file.seek(0)
            access.write(location, f"{job.name}.csv", cast(BinaryIO, file))

    return commit


def _delete(backend: PersonalizeBackend, group: Resource, job: Resource) -> Commit:
    location = Location.parse(job.record["dataSource"]["dataLocation"])
    access = JobAccess(backend, job.record["roleArn"], job.arn)
    access.require(location, READ)
    files = access.files(location, deep=True)
    if not files:
        raise JobFailure(INVALID_LOCATION)
    check_size(backend.settings, "bytes of a data deletion", files)
    users = set()
    for key, _size in files:
        reader = csv.DictReader(access.lines(location, key))
        if "USER_ID" not in (reader.fieldnames or []):
            raise JobFailure("Input CSV is missing the following columns:[USER_ID]")
        users |= {row["USER_ID"] for row in reader}

    def commit() -> None:
        for dataset in backend.all("dataset", datasetGroupArn=group.arn):
            if dataset.arn in backend.rows and "USER_ID" in backend.rows.table(dataset.arn).names:
                table = backend.rows.table(dataset.arn)
                for user in users:
                    backend.rows.execute(f"DELETE FROM {table.name} WHERE USER_ID = ?", user)
        job.record["numDeleted"] = len(users)

    return commit
