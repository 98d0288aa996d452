"""Where data may lie and results may go: what Personalize may reach in S3, so that a plan can tell the rest."""

from __future__ import annotations

import fnmatch
from typing import Any

# The keys that Personalize may write, as modules/personalize_role and modules/input_bucket say.
RESULTS = "*batch/*/output/*"


def home_of(run: dict[str, Any]) -> str:
    """The folder of the run's params file."""
    return f"s3://{run['bucket']}/{run['prefix']}"


def batch_input(home: str, job: str) -> str:
    """Where a batch job's input lies unless the params say otherwise."""
    return f"{home}batch/{job}/input/"


def batch_output(home: str, job: str, run_id: str) -> str:
    """Where a batch job writes unless the params say otherwise."""
    return f"{home}batch/{job}/output/{run_id}/"


def unreadable(path: str, home: str | None) -> str | None:
    """Why Personalize can't read the place, or None; without a `home` the deployment's bucket is not known."""
    if not path.startswith("s3://"):
        return "must be a place in S3, like s3://BUCKET/FOLDER/."
    if home and _bucket(path) != _bucket(home):
        return f"Personalize may read the deployment's bucket only, {_bucket(home)}. Copy the data there."
    return None


def unwritable(path: str, home: str | None, job: str, source: str | None) -> str | None:
    """Why Personalize can't write a batch job's results there, or shouldn't; `source` is where its input lies."""
    elsewhere = home is not None and _bucket(path) != _bucket(home)
    if elsewhere or not path.startswith("s3://") or not fnmatch.fnmatchcase(_key(path), RESULTS):
        like = batch_output(home or "s3://BUCKET/", job, "SOME-NAME")
        return f"Personalize may write to such places only: {like}. Leave it out to get one for each run."
    if not path.endswith("/"):
        return "must be a folder, and end with a slash."
    if source and path.startswith(source):
        return f"lies in the job's input, {source}, and would be read as such. Use another folder."
    return None


def _bucket(path: str) -> str:
    return path.removeprefix("s3://").partition("/")[0]


def _key(path: str) -> str:
    return path.removeprefix("s3://").partition("/")[2]
