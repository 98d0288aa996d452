"""Where data may lie and results may go: what Personalize may reach in S3, so that a plan can tell the rest."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable

from pipeline.boundaries import OWN

NOBODYS = f"{' and '.join(OWN)} are the pipeline's own. Use another folder."
# The keys that Personalize may write, as modules/personalize_role and modules/input_bucket say.
RESULTS = ("*batch/*/output/*", "*metrics/*/output/*")


def home_of(bucket: str, prefix: str) -> str:
    """The folder of a params file."""
    return f"s3://{bucket}/{prefix}"


def batch_input(home: str, job: str) -> str:
    """Where a batch job's input lies unless the params say otherwise."""
    return f"{home}batch/{job}/input/"


def batch_output(home: str, job: str, run_id: str = "SOME-NAME") -> str:
    """Where a batch job writes unless the params say otherwise."""
    return f"{home}batch/{job}/output/{run_id}/"


def metrics_output(home: str, attribution: str) -> str:
    """Where a metric attribution writes unless the params say otherwise."""
    return f"{home}metrics/{attribution}/output/"


def unreadable(path: str, home: str | None) -> str | None:
    """Why Personalize can't read the place, or None; without a `home` the deployment's bucket is not known."""
    if not path.startswith("s3://"):
        return "must be a place in S3, like s3://BUCKET/FOLDER/."
    if home and _bucket(path) != _bucket(home):
        return f"Personalize may read the deployment's bucket only, {_bucket(home)}. Copy the data there."
    return NOBODYS if key_of(path).startswith(OWN) else None


def unwritable(
    path: str, home: str | None, usual: Callable[[str, str], str], name: str, source: str | None = None
) -> str | None:
    """Why Personalize can't write results there, or shouldn't.

    Args:
        path: the place, as `s3://bucket/folder/`.
        home: the folder of the params file, where it is known.
        usual: makes the place that the pipeline would choose.
        name: of the job or attribution.
        source: where a job's input lies.
    """
    elsewhere = home is not None and _bucket(path) != _bucket(home)
    allowed = any(fnmatch.fnmatchcase(key_of(path), pattern) for pattern in RESULTS)
    if elsewhere or not path.startswith("s3://") or not allowed:
        like = usual(home or "s3://BUCKET/", name)
        return f"Personalize may write to such places only: {like}. Leave it out to get one."
    if key_of(path).startswith(OWN):
        return NOBODYS
    if not path.endswith("/"):
        return "must be a folder, and end with a slash."
    if source and path.startswith(source):
        return f"lies in the job's input, {source}, and would be read as such. Use another folder."
    return None


def _bucket(path: str) -> str:
    return path.removeprefix("s3://").partition("/")[0]


def key_of(path: str) -> str:
    """`folder/file` of `s3://bucket/folder/file`."""
    return path.removeprefix("s3://").partition("/")[2]
