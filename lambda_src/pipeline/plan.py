"""The workflow's first state: read, validate, and say of every resource what will be done. Nothing is created here."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlparse

from botocore.exceptions import ClientError

from . import clients, data_files, existing, params, run_lock, sections
from .polling import LONGEST
from .problems import Problem
from .sections import Sections
from .settings import settings

MOST_PROBLEMS = 100  # listed; the state machine's state is bounded


def make_plan(event: dict[str, Any]) -> dict[str, Any]:
    """Plan the run of one uploaded params file.

    Args:
        event: `upload` (`bucket`, `key`, `versionId`) and `execution`, the state machine's context object of that name.

    Returns:
        `outcome` and `run`, and with the outcome
        `proceed`: the plan: `datasetGroup`, `datasets`, `solutions`, each resource a record for the reconciler; `notes`
        `rejected`: `problems`, all that is wrong with the upload
        `wait`: `waitSeconds`, since another run works on the same dataset group
        `duplicate`: `duplicateOf`, the run in progress that was started with the same params and data
    """
    upload, execution = event["upload"], event["execution"]
    run = _run(upload, execution)
    body = _read(upload)
    if body is None:
        problem = Problem(upload["key"], "was deleted before it could be read. Upload it again.")
        return _rejected(run, [problem])
    document, problems = params.parse(body)
    if problems:
        return _rejected(run, problems)

    read = sections.read(document, settings().arns, settings().personalize_role_arn)
    run["datasetGroup"] = read.dataset_group["name"]
    folders = {section.dataset_type: _folder(section, run) for section in read.datasets}
    problems, notes = _data_problems(read, folders)
    if read.problems or problems:
        return _rejected(run, read.problems + problems, read.notes + notes)

    fingerprint = hashlib.sha256(body + repr(sorted(folder.fingerprint for folder in folders.values())).encode())
    mine = run_lock.Holder(run["executionArn"], fingerprint.hexdigest())
    holder = run_lock.claim(run["datasetGroup"], mine)
    if holder != mine:
        if holder.fingerprint == mine.fingerprint:
            return {"outcome": "duplicate", "run": run, "duplicateOf": holder.name}
        return {"outcome": "wait", "run": run, "waitSeconds": LONGEST, "waitingFor": holder.name}

    existing.decide(read, folders, run)
    if read.problems:
        run_lock.release(run["datasetGroup"], run["executionArn"])
        return _rejected(run, read.problems, read.notes + notes)
    return {
        "outcome": "proceed",
        "run": run | {"startedAt": clients.clock.now()},
        "datasetGroup": read.dataset_group,
        "datasets": [
            {
                "type": entry.dataset_type,
                "schema": entry.schema,
                "dataset": entry.dataset,
                "importJob": entry.import_job,
            }
            for entry in read.datasets
        ],
        "solutions": [
            {
                "name": entry.solution["name"],
                "solution": entry.solution,
                "solutionVersion": entry.solution_version,
                "campaigns": entry.campaigns,
            }
            for entry in read.solutions
        ],
        "notes": read.notes + notes,
    }


def run_id(execution_name: str) -> str:
    """The execution's name where it can be part of a job's name, as the trigger's always can; else a digest of it."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,24}", execution_name):
        return execution_name
    return hashlib.sha256(execution_name.encode()).hexdigest()[:24]


def _run(upload: dict[str, str], execution: dict[str, str]) -> dict[str, Any]:
    folder = str(PurePosixPath(upload["key"]).parent)
    return {
        "id": run_id(execution["Name"]),
        "executionArn": execution["Id"],
        "bucket": upload["bucket"],
        "key": upload["key"],
        "prefix": "" if folder == "." else f"{folder}/",
    }


def _read(upload: dict[str, str]) -> bytes | None:
    version = {"VersionId": upload["versionId"]} if "versionId" in upload else {}
    try:
        answer = clients.s3().get_object(Bucket=upload["bucket"], Key=upload["key"], **version)  # type: ignore[arg-type]
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "NoSuchVersion"):
            return None
        raise
    return answer["Body"].read(params.LARGEST + 1)


def _folder(section: sections.DatasetSection, run: dict[str, Any]) -> data_files.DataFolder:
    """The dataset's files: in the folder of its type beside the params file, or where its import job says."""
    given = section.import_job["parameters"].get("dataSource", {}).get("dataLocation")
    if given is None:
        return data_files.list_folder(run["bucket"], f"{run['prefix']}{section.dataset_type}/")
    location = urlparse(given)
    return data_files.list_folder(location.netloc, location.path.lstrip("/"))


def _data_problems(read: Sections, folders: dict[str, data_files.DataFolder]) -> tuple[list[Problem], list[str]]:
    problems, notes = [], []
    for section in read.datasets:
        folder = folders[section.dataset_type]
        if section.avro is None or read.import_when == "never":
            continue
        found, remarks = data_files.inspect(folder, section.dataset_type, section.avro)
        problems += found
        notes += remarks
    return problems, notes


def _rejected(run: dict[str, Any], problems: list[Problem], notes: list[str] | None = None) -> dict[str, Any]:
    listed = [{"where": problem.where, "what": problem.what} for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        listed.append({"where": "...", "what": f"and {len(problems) - MOST_PROBLEMS} more."})
    return {"outcome": "rejected", "run": run, "problems": listed, "notes": notes or []}
