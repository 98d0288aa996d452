"""Datasets, their schemas and imports, compared with what Personalize has."""

from __future__ import annotations

import hashlib
import json

from pipeline.data.folders import DataFolder
from pipeline.engine.calls import failed, is_settled, status_of, took
from pipeline.engine.differences import canonical
from pipeline.engine.existing import Existing
from pipeline.engine.resource_types import Parameters
from pipeline.engine.resources import ABSENT, READY, Resource
from pipeline.params import schemas
from pipeline.params.sections import DatasetSection, Sections

from .comparison import compare, decide

LONGEST_JOB_NAME = 63


def decide_dataset(
    read: Sections, existing: Existing, section: DatasetSection, folder: DataFolder, run_id: str
) -> None:
    """Plan the section's schema, dataset and import job, in place."""
    dataset = section.dataset
    assert dataset.arn
    present = existing.describe("dataset", dataset.arn)
    if present and section.schema and section.avro and not failed(status_of(present)):
        _schema_of(read, existing, section, present)
    if section.schema:
        compare(read, existing, f"{section.where}.schema", section.schema)
    compare(read, existing, section.where, dataset)
    if present and present["name"] != dataset.name and dataset.plan in ("reuse", "update"):
        read.notes.append(
            f"{section.dataset_type}: the group's dataset is named {present['name']}; a group has one dataset of each "
            "type, so it is reused under that name."
        )
    _import_job(read, existing, section, folder, run_id)


def _schema_of(read: Sections, existing: Existing, section: DatasetSection, present: Parameters) -> None:
    """Keep the dataset's own schema where it says the same; else see whether UpdateDataset can replace it."""
    assert section.schema and section.avro
    current = existing.describe("schema", present["schemaArn"])
    old = json.loads(current["schema"]) if current else {"fields": []}
    if current and schemas.same(old, section.avro):
        section.schema.name, section.schema.arn = current["name"], current["schemaArn"]
        section.dataset.parameters["schemaArn"] = current["schemaArn"]
    elif problem := schemas.replacement_problem(section.dataset_type, old, section.avro):
        what = f"differs from the dataset's schema {present['schemaArn']}, and {problem}. Use another dataset group."
        read.problem(f"{section.where}.schema", what)
    elif current and current["name"] == schemas.name_for(present["name"], read.domain, old):
        section.old_schema = _removal(current)  # it is of our making, and of no use any more


def _removal(schema: Parameters) -> Resource:
    removal = Resource("schema", schema["name"], arn=schema["schemaArn"], target=ABSENT, keep_if_used=True)
    decide(removal, "delete", "the dataset has another schema now")
    return removal


def job_name(stem: str, fingerprint: str, run_id: str) -> str:
    """A name that is never used twice, and tells what the job read."""
    mark = f"-{fingerprint}-{run_id}"
    return stem[: LONGEST_JOB_NAME - len(mark)] + mark


def digest(*content: object) -> str:
    """Eight hex digits of what a job or a training depends on."""
    return hashlib.sha256(json.dumps(canonical(content), sort_keys=True, default=str).encode()).hexdigest()[:8]


def _import_job(read: Sections, existing: Existing, section: DatasetSection, folder: DataFolder, run_id: str) -> None:
    """Import what changed. The job's name has the data's fingerprint, so Personalize itself tells what was imported."""
    job, parameters = section.import_job, section.import_job.parameters
    fingerprint = digest(folder.fingerprint, _columns(existing, section))
    job.name = job_name(parameters.get("jobName", section.dataset.name), fingerprint, run_id)
    parameters |= {"jobName": job.name, "dataSource": {"dataLocation": folder.location}}
    prefix, _, _ = (section.dataset.arn or "").partition(":dataset/")
    job.arn = f"{prefix}:dataset-import-job/{job.name}"
    jobs = _jobs_of(existing, section)
    job.durations = [took(entry) for entry in jobs if entry["status"] == "ACTIVE"]
    latest = jobs[0] if jobs else None
    if read.when["import"] == "never":
        decide(job, "skip", "the params say never")
        if latest is None or f"-{fingerprint}-" not in latest["jobName"]:
            del parameters["dataSource"]  # what lies there is not what was imported
        if latest is None:
            read.problem("$.import", f'is "never", but nothing was imported into {section.dataset_type} yet.')
    elif read.when["import"] == "auto" and latest and f"-{fingerprint}-" in latest["jobName"]:
        _reuse(existing, job, latest)
    else:
        decide(job, "create", "data or its schema changed" if latest else "nothing imported yet")
    # What the dataset holds once the run has imported; trainings are named after it.
    section.content = job.name if job.plan == "create" or latest is None else latest["jobName"]
    section.imported = job.plan == "create"
    if parameters.get("importMode") == "INCREMENTAL" and latest is None:
        where = f"{section.where}.importJob.importMode"
        read.problem(where, "INCREMENTAL needs an earlier FULL import. Leave it out the first time.")


def _columns(existing: Existing, section: DatasetSection) -> object:
    """What the schema says, given in the file or by its ARN."""
    if section.avro:
        return schemas.columns(section.avro)
    arn = section.dataset.parameters.get("schemaArn", "")
    described = existing.describe("schema", arn)
    return schemas.columns(json.loads(described["schema"])) if described else arn


def _jobs_of(existing: Existing, section: DatasetSection) -> list[Parameters]:
    """The imports of this dataset, newest first; none of an earlier dataset with the same ARN."""
    if section.dataset.plan in ("create", "replace"):
        return []
    assert section.dataset.arn
    present = existing.describe("dataset", section.dataset.arn)
    assert present
    jobs = existing.listed("datasetImportJob", section.dataset.arn)
    return [
        job for job in jobs if not failed(status_of(job)) and job["creationDateTime"] >= present["creationDateTime"]
    ]


def _reuse(existing: Existing, job: Resource, latest: Parameters) -> None:
    job.name, job.arn, job.status = latest["jobName"], latest["datasetImportJobArn"], latest["status"]
    job.parameters["jobName"] = job.name
    decide(job, "reuse", "data unchanged")
    reuse_settled(existing, job)


def reuse_settled(existing: Existing, resource: Resource) -> None:
    """What is reused needs nothing more, unless it is still at work or lacks tags."""
    assert resource.arn and resource.status
    if lacking := existing.lacking_tags(resource.arn, resource.parameters.get("tags", [])):
        resource.add_tags = lacking
        decide(resource, "update", f"{resource.reason}; tags changed")
    elif is_settled(resource.status):
        resource.state = READY
