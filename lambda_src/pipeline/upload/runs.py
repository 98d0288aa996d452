"""The run that an execution is: which upload it is for, when that was made, and what it sets otherwise."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from pipeline import clients
from pipeline.params.document import LARGEST
from pipeline.run_ids import run_id
from pipeline.settings import settings
from pipeline.version import version

GONE = ("NoSuchKey", "NoSuchVersion", "404")


@dataclass(frozen=True)
class Run:
    """One execution, from its input.

    `order` sorts uploads by the time they were made: milliseconds of S3's event, and its sequencer for one key. It is
    None for what was started without an upload: a schedule, or a person at a terminal. A schedule names the
    `dataset_group` that it was made for.
    """

    id: str
    execution_arn: str
    bucket: str
    key: str
    version_id: str | None
    order: list[Any] | None
    started: float
    overrides: dict[str, str]
    dataset_group: str | None = None

    @property
    def prefix(self) -> str:
        """The folder of the params file: `` or `team/`."""
        return self.key[: self.key.rfind("/") + 1]

    def at_newest_version(self) -> Run:
        """The same, for the file as it is now."""
        return dataclasses.replace(self, version_id=None)

    def to_json(self) -> dict[str, Any]:
        """What the record says of it."""
        return {
            "id": self.id,
            "executionArn": self.execution_arn,
            "bucket": self.bucket,
            "key": self.key,
            "prefix": self.prefix,
            "codeVersion": version(),
        }


def run_of(execution: dict[str, Any]) -> Run:
    """The run of an execution, from the state machine's context object of it."""
    upload = execution["Input"]["upload"]
    started = milliseconds(execution["StartTime"])
    order = None
    if "time" in upload:
        # No upload is made after the run that it starts; a time in the future would overtake all that come.
        made = min(milliseconds(upload["time"]), started)
        order = [made, str(upload.get("sequencer", "")).rjust(32, "0"), run_id(execution)]
    return Run(
        id=run_id(execution),
        execution_arn=execution["Id"],
        bucket=upload["bucket"],
        key=upload["key"],
        version_id=upload.get("versionId"),
        order=order,
        started=started / 1000,
        overrides=execution["Input"].get("overrides", {}),
        dataset_group=execution["Input"].get("datasetGroup"),
    )


def read_params_file(run: Run) -> bytes | None:
    """The file that was uploaded, in the very version that started the run; None where it is gone.

    Of the deployment's own bucket: another one, which an execution that is started by hand can name, has no boundaries.
    """
    if run.bucket != settings().bucket:
        return None
    version = {"VersionId": run.version_id} if run.version_id else {}
    try:
        answer = clients.s3().get_object(Bucket=run.bucket, Key=run.key, **version)  # type: ignore[arg-type]
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return None
        raise
    return answer["Body"].read(LARGEST + 1)


def milliseconds(time: str) -> int:
    """Of an ISO time, since the epoch."""
    return round(dt.datetime.fromisoformat(time).timestamp() * 1000)
