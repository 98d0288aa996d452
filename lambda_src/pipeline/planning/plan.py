"""The workflow's first state: read, validate, and say of every resource what will be done. Nothing is created here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from pipeline import clients
from pipeline.arns import Arns
from pipeline.data import checks
from pipeline.data import folders as data_files
from pipeline.engine.polling import LONGEST
from pipeline.params import dialects, places, sections
from pipeline.params import document as params
from pipeline.params.sections import DatasetSection, Sections, SolutionSection
from pipeline.planning import existing, teardown
from pipeline.problems import Problem
from pipeline.settings import settings
from pipeline.upload import run_lock
from pipeline.upload.run_ids import run_id

MOST_PROBLEMS = 100  # listed; the state machine's state is bounded
# Bytes. The state of a run holds a plan up to twice, and Step Functions takes 256 KiB.
LARGEST_PLAN = 110_000
Folders = dict[str, data_files.DataFolder]


@dataclass(frozen=True)
class Surroundings:
    """What a params file is read against. `folder_of` finds a dataset's files; None leaves them unchecked.

    The role that Personalize assumes, and the folder of the params file (`s3://bucket/prefix/`), may not be known.
    """

    arns: Arns
    role_arn: str | None
    home: str | None
    folder_of: Callable[[DatasetSection], data_files.DataFolder | None]


@dataclass
class Reading:
    """A params file, read. Without `sections` it is refused for `problems`; the sections have problems of their own."""

    document: dict[str, Any] = field(default_factory=dict)
    sections: Sections | None = None
    folders: Folders = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def make_plan(event: dict[str, Any]) -> dict[str, Any]:
    """Plan the run of one uploaded params file.

    Args:
        event: `start`, the execution's input: `upload` (`bucket`, `key`, `versionId`) and optionally `overrides`, keys
            of the params file that this run sets otherwise; and `execution`, the context object of that name.

    Returns:
        `outcome` and `run`, and with the outcome
        `proceed`: the plan: resources as records for the reconciler, in `datasetGroup`, `datasets`, ...; `notes`
        `planned`: the same (or `stages`), for a dry run
        `teardown`: `stages`, what to delete in which order
        `rejected`: `problems`, all that is wrong with the upload
        `wait`: `waitSeconds`, since another run works on the same dataset group
        `duplicate`: `duplicateOf`, the run in progress that was started with the same params and data
    """
    upload, execution = event["start"]["upload"], event["execution"]
    run = _run(upload, execution)
    body = _read(upload)
    if body is None:
        return _rejected(run, [Problem(upload["key"], "was deleted before it could be read. Upload it again.")])
    surroundings = Surroundings(
        settings().arns,
        settings().personalize_role_arn,
        places.home_of(run),
        lambda section: folder_in_bucket(section, run),
    )
    overrides = event["start"].get("overrides", {})
    reading = read_params(body, overrides, surroundings)
    document, read = reading.document, reading.sections
    if read is None:
        return _rejected(run, reading.problems, reading.notes)
    if document.get("dryRun"):
        return preview(reading, run)
    run["datasetGroup"] = read.dataset_group["name"]
    if read.problems:
        return _rejected(run, read.problems, read.notes)
    if "teardown" in document:
        return _claim(run, document) or _stages("teardown", read, run)

    content = [document, overrides, sorted((kind, folder.fingerprint) for kind, folder in reading.folders.items())]
    if blocked := _claim(run, content):
        return blocked
    plan = _decided("proceed", reading, read, run)
    if plan["outcome"] == "rejected":
        run_lock.release(run["datasetGroup"], run["executionArn"])
    return plan


def read_params(body: bytes, overrides: dict[str, Any], surroundings: Surroundings) -> Reading:
    """Read the bytes of a params file, in any dialect, and check them and the data that they name."""
    document, problems = params.parse(body)
    if problems:
        return Reading(problems=problems)
    document, notes = dialects.normalise(document)
    whole = document | overrides if isinstance(document, dict) else document
    if problems := params.schema_problems(whole):
        sound = params.sound_part(whole, problems) if isinstance(whole, dict) else None
        read, _ = _checked(sound, surroundings) if sound else (None, {})
        return Reading(problems=problems + (read.problems if read else []), notes=notes)
    read, folders = _checked(whole, surroundings)
    read.notes = notes + read.notes
    return Reading(whole, read, folders, notes=read.notes)


def preview(reading: Reading, run: dict[str, Any]) -> dict[str, Any]:
    """The plan of a dry run: everything is looked at, nothing is locked, and nothing will be done.

    Args:
        reading: what `read_params` made of the file.
        run: `id`, and where the params file is or would be: `bucket`, `key`, `prefix`.

    Returns:
        `make_plan`'s outcome `planned` or `rejected`.
    """
    read = reading.sections
    if read is None:
        return _rejected(run, reading.problems, reading.notes)
    run["datasetGroup"] = read.dataset_group["name"]
    if read.problems:
        return _rejected(run, read.problems, read.notes)
    if "teardown" in reading.document:
        return _stages("planned", read, run)
    return _decided("planned", reading, read, run)


def _run(upload: dict[str, str], execution: dict[str, str]) -> dict[str, Any]:
    folder = str(PurePosixPath(upload["key"]).parent)
    return {
        "id": run_id(execution),
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


def folder_in_bucket(section: DatasetSection, run: dict[str, Any]) -> data_files.DataFolder | None:
    """The dataset's files: beside the params file, or where its import job says; None where that is no place for it."""
    given = section.import_job["parameters"].get("dataSource", {}).get("dataLocation")
    if given is None:
        return data_files.find(run["bucket"], run["prefix"], section.dataset_type)
    return None if places.unreadable(given, places.home_of(run)) else data_files.at(given)


def _checked(document: dict[str, Any], surroundings: Surroundings) -> tuple[Sections, Folders]:
    """The document's sections, and its data; what is wrong with either is among the sections' problems."""
    read = sections.read(document, surroundings.arns, surroundings.role_arn, surroundings.home)
    if "teardown" in document:
        read.problems = _teardown_problems(document, read.dataset_group["name"])  # the rest may be as it is
        return read, {}
    found = {section.dataset_type: surroundings.folder_of(section) for section in read.datasets}
    folders = {kind: folder for kind, folder in found.items() if folder}
    for section in read.datasets:
        if section.avro is None or read.when["import"] == "never" or section.dataset_type not in folders:
            continue
        problems, notes = checks.inspect(folders[section.dataset_type], section.dataset_type, section.avro)
        read.problems += problems
        read.notes += notes
    return read, folders


def _decided(outcome: str, reading: Reading, read: Sections, run: dict[str, Any]) -> dict[str, Any]:
    """What is to be done about what Personalize has: a plan of that outcome, or a rejection."""
    existing.decide(read, reading.folders, run)
    plan = _plan(outcome, read, run)
    size = len(json.dumps(plan, default=str))
    if size > LARGEST_PLAN:
        read.problem("$", f"makes a plan of {size:,} bytes; at most {LARGEST_PLAN:,} fit. Split it into several files.")
    return _rejected(run, read.problems, read.notes) if read.problems else plan


def _claim(run: dict[str, Any], content: Any) -> dict[str, Any] | None:
    """Take the dataset group for this run; None when it has it, else the outcome."""
    fingerprint = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    mine = run_lock.Holder(run["executionArn"], fingerprint)
    holder = run_lock.claim(run["datasetGroup"], mine)
    if holder == mine:
        return None
    if holder.fingerprint == mine.fingerprint:
        return {"outcome": "duplicate", "run": run, "duplicateOf": holder.name}
    return {"outcome": "wait", "run": run, "waitSeconds": LONGEST, "waitingFor": holder.name}


def _plan(outcome: str, read: Sections, run: dict[str, Any]) -> dict[str, Any]:
    return {
        "outcome": outcome,
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
        "eventTrackers": [placed.resource for placed in read.event_trackers],
        "filters": [placed.resource for placed in read.filters],
        "solutions": [
            {
                "name": entry.solution["name"],
                "solution": entry.solution,
                "solutionVersion": entry.solution_version,
                "campaigns": [placed.resource for placed in entry.campaigns],
                "batchInferenceJobs": _of_type(entry, "batchInferenceJob"),
                "batchSegmentJobs": _of_type(entry, "batchSegmentJob"),
            }
            for entry in read.solutions
        ],
        "recommenders": [placed.resource for placed in read.recommenders],
        "schedules": read.schedules,
        "notes": read.notes,
    }


def _of_type(section: SolutionSection, kind: str) -> list[dict[str, Any]]:
    return [placed.resource for placed in section.batch_jobs if placed.resource["type"] == kind]


def _teardown_problems(document: dict[str, Any], group: str) -> list[Problem]:
    if document["teardown"] == group:
        return []
    what = f"must be the dataset group's name again, {group}: everything in that group is deleted."
    return [Problem("$.teardown", what)]


def _stages(outcome: str, read: Sections, run: dict[str, Any]) -> dict[str, Any]:
    stages = teardown.stages(read)
    notes = ["Everything that belonged to the dataset group is deleted, also what the params file does not name."]
    started = {"startedAt": clients.clock.now()}
    return {"outcome": outcome, "run": run | started, "stages": stages, "schedules": {}, "notes": notes}


def _rejected(run: dict[str, Any], problems: list[Problem], notes: list[str] | None = None) -> dict[str, Any]:
    listed = [{"where": problem.where, "what": problem.what} for problem in problems[:MOST_PROBLEMS]]
    if len(problems) > MOST_PROBLEMS:
        listed.append({"where": "...", "what": f"and {len(problems) - MOST_PROBLEMS} more."})
    return {"outcome": "rejected", "run": run, "problems": listed, "notes": notes or []}
