"""`plan`: check a params file, and show what its upload would do. Nothing is written anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from pipeline import clients
from pipeline.arns import Arns
from pipeline.boundaries import Boundaries
from pipeline.costs.prices import prices
from pipeline.data import checks, folders
from pipeline.data.checks import Summarise
from pipeline.engine.record import Record
from pipeline.params.places import home_of
from pipeline.params.sections import DatasetSection
from pipeline.planning.data_needs import check_interactions
from pipeline.planning.plan import Terms, planned
from pipeline.planning.reading import Reading, Surroundings, folder_in_bucket, read_params
from pipeline.settings import DataChecks

from . import local_data
from .deployments import Deployment
from .errors import CommandError
from .shown import Shown

# Where nothing says which account and region it will be; the checks of a file don't depend on them.
SOME_ACCOUNT = Arns("aws", "us-east-1", "000000000000")
RUN_ID = "RUN"  # stands for a run's id in the names of jobs and versions
KEY_ROLE = (
    "The dataset group's roleArn was not compared: a run fills in the pipeline's own role, which is not known here."
)


NOT_COMPARED = (
    "Not compared with the bucket's data and with what Personalize has: name the deployment for that "
    "(--deployment), or a bucket (--bucket, BUCKET=...)."
)
UNBOUNDED = (
    "Not held against what the deployment allows (dataset_groups, folders, ceilings, allow_teardown): name the file "
    "with its output `boundaries` for that (--boundaries, BOUNDARIES=...), or the deployment (--deployment)."
)


@dataclass(frozen=True)
class Request:
    """What `plan` is asked.

    Attributes:
        path: the params file.
        bucket: the deployment's; without one, what can be checked without AWS is.
        prefix: the folder of the bucket that the file is for.
        quotas: the account's own, by name, where they are not AWS's.
        boundaries: the file with the output `boundaries` of the deployment; without it nothing is bounded.
        data_checks: how much of the data is looked at where the file says nothing else.
        deployment: the one that the bucket is of, if it is known: its boundaries, quotas and data checks hold.
    """

    path: Path
    bucket: str | None = None
    prefix: str = ""
    quotas: dict[str, int] = field(default_factory=dict)
    boundaries: Path | None = None
    data_checks: DataChecks | None = None
    deployment: Deployment | None = None

    @property
    def bounds(self) -> Boundaries | None:
        """What the deployment allows, where anything tells."""
        if self.boundaries:
            return boundaries_in(self.boundaries)
        return self.deployment.boundaries if self.deployment else None

    @property
    def checks(self) -> DataChecks:
        """How much of the data is looked at where the file says nothing."""
        return self.data_checks or (self.deployment.data_checks if self.deployment else "full")

    @property
    def folder(self) -> str:
        """The prefix as keys begin with it."""
        stripped = self.prefix.strip("/")
        return f"{stripped}/" if stripped else ""


def run(request: Request, shown: Shown) -> int:
    """Show the plan of a params file.

    Returns:
        0 when a run would proceed, else 1.
    """
    body = request.path.read_bytes()
    bounds = request.bounds
    record, remarks = (_compared if request.bucket else offline)(request, body, bounds or Boundaries(), shown.summarise)
    if bounds is None:
        remarks.append(UNBOUNDED)
    shown.plan(record, remarks)
    return 1 if record.outcome == "rejected" else 0


def boundaries_in(file: Path) -> Boundaries:
    """What the module's output `boundaries` holds, from a file. Raises `CommandError` where that is something else."""
    try:
        return Boundaries.from_json(file.read_text(encoding="utf-8"))
    except ValueError:
        raise CommandError(f"{file} is not what the module's output `boundaries` holds.") from None


def _compared(request: Request, body: bytes, boundaries: Boundaries, summarise: Summarise) -> tuple[Record, list[str]]:
    """The plan of a dry run, as if the file had been uploaded to the bucket."""
    bucket = request.bucket or ""
    _require(bucket)
    place = Place(bucket, request.folder, request.folder + request.path.name)
    of = request.deployment
    terms = terms_of(of) if of else Terms()
    terms = replace(terms, quotas=terms.quotas | request.quotas, ceiling=boundaries.ceilings.get("monthly_cost"))
    return _as_uploaded(place, body, boundaries, terms, request.checks, summarise), []


def of_bucket(deployment: Deployment, key: str, body: bytes) -> Record:
    """The plan of a dry run, as if `body` had been uploaded to a deployment's bucket as `key`."""
    place = Place(deployment.bucket, key[: key.rfind("/") + 1], key)
    known = (deployment.boundaries, terms_of(deployment), deployment.data_checks)
    return _as_uploaded(place, body, *known, checks.summarise_here)


def terms_of(deployment: Deployment) -> Terms:
    """What a deployment's plans are held against."""
    ceiling = deployment.boundaries.ceilings.get("monthly_cost")
    return Terms(deployment.quotas, prices(deployment.prices), ceiling)


@dataclass(frozen=True)
class Place:
    """Where a params file lies, or would lie: `folder` ends with a slash, or is empty."""

    bucket: str
    folder: str
    key: str


def _as_uploaded(
    place: Place,
    body: bytes,
    boundaries: Boundaries,
    terms: Terms,
    data_checks: DataChecks,
    summarise: Summarise,
) -> Record:
    bucket, folder, key = place.bucket, place.folder, place.key
    surroundings = Surroundings(
        _account(),
        None,
        home_of(bucket, folder),
        lambda section: folder_in_bucket(section, bucket, folder),
        boundaries,
        key,
        lambda: folders.names_at(bucket, folder),
        data_checks,
        summarise,
    )
    reading = read_params(body, {}, surroundings)
    _note_key_role(reading)
    return planned(reading, {"id": RUN_ID, "bucket": bucket, "key": key, "prefix": folder}, terms, "planned")


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


def offline(request: Request, body: bytes, boundaries: Boundaries, summarise: Summarise) -> tuple[Record, list[str]]:
    """What the file and the data beside it show to be wrong. Where nothing is, there is a record without an outcome."""
    home, name = request.path.resolve().parent, request.path.name

    def beside(section: DatasetSection) -> local_data.LocalFolder | None:
        elsewhere = "dataSource" in section.import_job.parameters
        return None if elsewhere else local_data.find(home, section.dataset_type)

    surroundings = Surroundings(
        _named_account(body),
        None,
        None,
        beside,
        boundaries,
        request.folder + name,
        lambda: [request.folder + beside_it for beside_it in local_data.names_in(home)],
        request.checks,
        summarise,
    )
    reading = read_params(body, {}, surroundings)
    read = reading.sections
    if read is not None:
        for section in read.datasets:
            section.imported = section.dataset_type in reading.looked
        read.problems += reading.data_problems
        check_interactions(read, reading.looked)
    if read is None or read.problems:
        return planned(reading, {"id": RUN_ID, "key": name}, Terms()), []
    counted = {dataset_type: looked.to_json() for dataset_type, looked in reading.looked.items()}
    about = {"id": RUN_ID, "key": name, "datasetGroup": read.dataset_group.name}
    without_data = [one.dataset_type for one in read.datasets if one.dataset_type not in reading.folders]
    remarks = [f"Data of {dataset_type}: none lies beside the file." for dataset_type in without_data]
    return Record(about, notes=reading.notes, data=counted), [*remarks, NOT_COMPARED]


def _named_account(body: bytes) -> Arns:
    """The account and region of the first Personalize ARN that the file names; any where it names none."""
    found = re.search(rb"arn:(aws[a-z-]*):personalize:([a-z0-9-]+):(\d{12}):", body)
    return Arns(*(part.decode() for part in found.groups())) if found else SOME_ACCOUNT
