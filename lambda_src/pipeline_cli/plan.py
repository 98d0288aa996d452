"""`plan`: check a params file, and show what its upload would do. Nothing is written anywhere."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.arns import Arns
from pipeline.boundaries import Boundaries
from pipeline.ending.report import plan_text
from pipeline.params.places import home_of
from pipeline.params.sections import DatasetSection
from pipeline.planning.plan import planned
from pipeline.planning.reading import Reading, Surroundings, folder_in_bucket, read_params

from . import local_data
from .errors import CommandError

# Where nothing says which account and region it will be; the checks of a file don't depend on them.
SOME_ACCOUNT = Arns("aws", "us-east-1", "000000000000")
RUN_ID = "RUN"  # stands for a run's id in the names of jobs and versions
KEY_ROLE = (
    "The dataset group's roleArn was not compared: a run fills in the pipeline's own role, which is not known here."
)


UNBOUNDED = (
    "Not held against what the deployment allows (dataset_groups, folders, ceilings, allow_teardown): name the file "
    "with its output `boundaries` for that (BOUNDARIES=...)."
)


def run(
    path: Path,
    bucket: str | None,
    prefix: str = "",
    quotas: dict[str, int] | None = None,
    boundaries: Path | None = None,
) -> int:
    """Print the plan of a params file; without a bucket, what can be checked without AWS.

    Args:
        path: the params file.
        bucket: the deployment's.
        prefix: the folder of the bucket that the file is for.
        quotas: the account's own, by name, where they are not AWS's.
        boundaries: the file with the output `boundaries` of the deployment; without it nothing is bounded.

    Returns:
        0 when a run would proceed, else 1.
    """
    body = path.read_bytes()
    folder = prefix.strip("/") + "/" if prefix.strip("/") else ""
    bounds = _read(boundaries) if boundaries else Boundaries()
    code = (
        _compared(path, body, bucket, folder, quotas or {}, bounds) if bucket else _offline(path, body, folder, bounds)
    )
    if not boundaries:
        print(UNBOUNDED)
    return code


def _read(file: Path) -> Boundaries:
    try:
        return Boundaries.from_json(file.read_text(encoding="utf-8"))
    except ValueError:
        raise CommandError(f"{file} is not what the module's output `boundaries` holds.") from None


def _compared(path: Path, body: bytes, bucket: str, prefix: str, quotas: dict[str, int], boundaries: Boundaries) -> int:
    """The plan of a dry run, as if the file had been uploaded to the bucket."""
    _require(bucket)
    key = prefix + path.name
    surroundings = Surroundings(
        _account(),
        None,
        home_of(bucket, prefix),
        lambda section: folder_in_bucket(section, bucket, prefix),
        boundaries,
        key,
    )
    reading = read_params(body, {}, surroundings)
    _note_key_role(reading)
    about = {"id": RUN_ID, "bucket": bucket, "key": key, "prefix": prefix}
    record = planned(reading, about, quotas, "planned")
    print(plan_text(record))
    return 0 if record.outcome == "planned" else 1


def _require(bucket: str) -> None:
    """A missing bucket has no data at all, so it is told as what it is."""
    try:
        clients.s3().head_bucket(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("404", "403"):
            raise CommandError(f"there is no bucket {bucket}, or these credentials may not list it.") from None
        raise


def _account() -> Arns:
    """Of the credentials in use."""
    partition = boto3.client("sts", config=clients.CONFIG).get_caller_identity()["Arn"].split(":")
    return Arns(partition[1], clients.personalize().meta.region_name, partition[4])


def _note_key_role(reading: Reading) -> None:
    """The role of a dataset group with a key is compared only where the file names it."""
    group = reading.sections.dataset_group.parameters if reading.sections else {}
    if reading.sections and "kmsKeyArn" in group and "roleArn" not in group:
        reading.sections.notes.append(KEY_ROLE)


def _offline(path: Path, body: bytes, prefix: str, boundaries: Boundaries) -> int:
    """What the file and the data beside it show to be wrong."""
    home = path.resolve().parent

    def beside(section: DatasetSection) -> local_data.LocalFolder | None:
        elsewhere = "dataSource" in section.import_job.parameters
        return None if elsewhere else local_data.find(home, section.dataset_type)

    surroundings = Surroundings(_named_account(body), None, None, beside, boundaries, prefix + path.name)
    reading = read_params(body, {}, surroundings)
    read = reading.sections
    if read is None or read.problems:
        print(plan_text(planned(reading, {"id": RUN_ID, "key": path.name}, {})))
        return 1
    print(f"{path.name} has no problems that can be seen without AWS.")
    for section in read.datasets:
        if section.dataset_type not in reading.folders:
            found = "none lies beside the file"
        else:
            found = "checked" if section.avro and read.when["import"] != "never" else "not checked"
        print(f"Data of {section.dataset_type}: {found}.")
    print("Not compared with the bucket's data and with what Personalize has: name the bucket for that (BUCKET=...).")
    for note in reading.notes:
        print(f"Note: {note}")
    return 0


def _named_account(body: bytes) -> Arns:
    """The account and region of the first Personalize ARN that the file names; any where it names none."""
    found = re.search(rb"arn:(aws[a-z-]*):personalize:([a-z0-9-]+):(\d{12}):", body)
    return Arns(*(part.decode() for part in found.groups())) if found else SOME_ACCOUNT
