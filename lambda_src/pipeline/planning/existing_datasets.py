"""Datasets, their schemas and imports, compared with what Personalize has."""

from __future__ import annotations

import json
from typing import Any

from pipeline.data.folders import DataFolder
from pipeline.engine.reconciler import begun, describe, failed, listed
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.params import schemas
from pipeline.params.sections import DatasetSection, Sections
from pipeline.planning.comparison import compare

LONGEST_JOB_NAME = 63


def decide(read: Sections, section: DatasetSection, folder: DataFolder, run: dict[str, Any]) -> None:
    """Plan the section's schema, dataset and import job, in place."""
    dataset = section.dataset
    present = describe(RESOURCE_TYPES["dataset"], dataset["arn"])
    if present and section.schema and section.avro:
        _schema_of(read, section, present)
    if section.schema:
        compare(read, f"{section.where}.schema", section.schema)
    else:
        section.schema = {"type": "schema", "name": dataset["parameters"].get("schemaArn", ""), "plan": "skip"}
    compare(read, section.where, dataset)
    if present and present["name"] != dataset["name"]:
        read.notes.append(
            f"{section.dataset_type}: the group's dataset is named {present['name']}; a group has one dataset of each "
            "type, so it is reused under that name."
        )
    _import_job(read, section, folder, present, run)


def _schema_of(read: Sections, section: DatasetSection, present: Parameters) -> None:
    """Keep the dataset's own schema where it says the same; else see whether UpdateDataset can replace it."""
    assert section.schema and section.avro
    current = describe(RESOURCE_TYPES["schema"], present["schemaArn"])
    old = json.loads(current["schema"]) if current else {"fields": []}
    if current and schemas.same(old, section.avro):
        section.schema |= {"name": current["name"], "arn": current["schemaArn"]}
        section.dataset["parameters"]["schemaArn"] = current["schemaArn"]
    elif problem := schemas.replacement_problem(section.dataset_type, old, section.avro):
        what = f"differs from the dataset's schema {present['schemaArn']}, and {problem}. Use another dataset group."
        read.problem(f"{section.where}.schema", what)


def job_name(stem: str, fingerprint: str, run_id: str) -> str:
    """A name that is never used twice, and tells what the job read."""
    mark = f"-{fingerprint}-{run_id}"
    return stem[: LONGEST_JOB_NAME - len(mark)] + mark


def _import_job(
    read: Sections, section: DatasetSection, folder: DataFolder, present: Parameters | None, run: dict[str, Any]
) -> None:
    """Import what changed. The job's name has the data's fingerprint, so Personalize itself tells what was imported."""
    job, kind = section.import_job, RESOURCE_TYPES["datasetImportJob"]
    parameters = job["parameters"]
    name = job_name(parameters.get("jobName", section.dataset["name"]), folder.fingerprint, run["id"])
    parameters |= {"jobName": name, "dataSource": {"dataLocation": folder.location}}
    prefix, _, _ = section.dataset["arn"].partition(":dataset/")
    job |= {"name": name, "arn": f"{prefix}:dataset-import-job/{name}"}
    # A job of an earlier dataset with the same ARN imported nothing into this one.
    jobs = listed(kind, present["datasetArn"], "datasetArn") if present else []
    jobs = [entry for entry in jobs if present and begun(entry) >= begun(present) and not failed(entry["status"])]
    latest = jobs[0] if jobs else None
    if read.when["import"] == "never":
        job |= {"plan": "skip", "reason": "the params say never"}
        if latest is None:
            read.problem("$.import", f'is "never", but nothing was imported into {section.dataset_type} yet.')
    elif read.when["import"] == "auto" and latest and f"-{folder.fingerprint}-" in latest["jobName"]:
        job |= {"name": latest["jobName"], "arn": latest[kind.arn_member], "plan": "reuse", "reason": "data unchanged"}
        job["finished"] = latest["lastUpdatedDateTime"].timestamp()
    else:
        job |= {"plan": "create", "reason": "data changed" if latest else "nothing imported yet"}
    if parameters.get("importMode") == "INCREMENTAL" and latest is None:
        where = f"{section.where}.importJob.importMode"
        read.problem(where, "INCREMENTAL needs an earlier FULL import. Leave it out the first time.")
