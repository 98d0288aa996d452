"""What Personalize already has, compared with the params: each resource gets its `plan` and `reason`, or a problem."""

from __future__ import annotations

import json
from typing import Any

from . import clients, recipes, reconciler, schemas
from .data_files import DataFolder
from .problems import Problem
from .reconciler import Resource, describe, is_settled
from .resource_types import RESOURCE_TYPES, Parameters, differs
from .sections import DatasetSection, Sections, SolutionSection

DELETING = ("DELETE PENDING", "DELETE IN_PROGRESS")


def decide(read: Sections, folders: dict[str, DataFolder], run: dict[str, Any]) -> None:
    """Plan every resource of `read`, in place; what can't be done is added to its problems."""
    _plan(read, "$.datasetGroup", read.dataset_group)
    for dataset in read.datasets:
        _dataset(read, dataset, folders[dataset.dataset_type], run)
    for solution in read.solutions:
        _solution(read, solution, run)


def _plan(read: Sections, where: str, resource: Resource) -> Parameters | None:
    """Decide on one resource whose ARN follows from its name; returns its description."""
    kind = RESOURCE_TYPES[resource["type"]]
    description = describe(kind, resource["arn"])
    if description is None:
        resource |= {"plan": "create", "reason": "does not exist yet"}
        return None
    status = description.get("status", "ACTIVE")
    name = f"{kind.label} {resource['name']}"
    if status in DELETING:
        read.problems.append(Problem(where, f"{name} is being deleted. Upload again when it is gone."))
    elif status.endswith("FAILED"):
        reason = description.get("failureReason", "Personalize gives no reason")
        command = f"aws personalize {kind.operation('delete').replace('_', '-')} --{kind.label.replace(' ', '-')}-arn"
        what = f"{name} is {status} ({reason}). Delete it ({command} {resource['arn']}) and upload again."
        read.problems.append(Problem(where, what))
    for parameter in kind.fixed:
        wanted, present = (_fixed(values, parameter) for values in (resource["parameters"], description))
        if differs(wanted, present):
            what = (
                f"{name} exists with {json.dumps(present, default=str)}, and this can't be changed. Use another name."
            )
            read.problems.append(Problem(f"{where}.{parameter}", what))
    changes = kind.updatable and _changes(kind.updatable(resource["parameters"]), kind.updatable(description))
    if changes:
        resource |= {"plan": "update", "reason": f"{', '.join(changes)} changed"}
    else:
        resource |= {"plan": "reuse", "reason": "exists as wanted"}
    return description


def _fixed(values: Parameters, parameter: str) -> Any:
    value = values.get(parameter)
    if parameter == "solutionConfig" and value:
        # The rest of it; these two are what UpdateSolution changes.
        return {name: part for name, part in value.items() if name not in ("autoTrainingConfig", "eventsConfig")}
    return value


def _changes(wanted: Parameters, present: Parameters) -> list[str]:
    return [name for name, value in wanted.items() if differs(value, present.get(name))]


def _dataset(read: Sections, section: DatasetSection, folder: DataFolder, run: dict[str, Any]) -> None:
    dataset = section.dataset
    present = describe(RESOURCE_TYPES["dataset"], dataset["arn"])
    if present and section.schema and section.avro:
        _schema_of(read, section, present)
    if section.schema:
        _plan(read, f"{section.where}.schema", section.schema)
    else:
        section.schema = {
            "type": "schema",
            "name": dataset["parameters"].get("schemaArn", ""),
            "plan": "skip",
        }
    _plan(read, section.where, dataset)
    if present and present["name"] != dataset["name"]:
        read.notes.append(
            f"{section.dataset_type}: the group's dataset is named {present['name']}; a group has one dataset of "
            "each type, so it is reused under that name."
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
        read.problems.append(Problem(f"{section.where}.schema", what))


def _import_job(
    read: Sections,
    section: DatasetSection,
    folder: DataFolder,
    present: Parameters | None,
    run: dict[str, Any],
) -> None:
    """Import what changed. The job's name has the data's fingerprint, so Personalize itself tells what was imported."""
    job = section.import_job
    parameters = job["parameters"]
    mark = f"-{folder.fingerprint}-"
    stem = parameters.get("jobName", section.dataset["name"])[: 63 - len(mark) - len(run["id"])]
    name = f"{stem}{mark}{run['id']}"
    parameters |= {"jobName": name, "dataSource": {"dataLocation": folder.location}}
    job |= {
        "name": name,
        "arn": section.dataset["arn"].replace(f":dataset/{_tail(section)}", f":dataset-import-job/{name}"),
    }
    jobs = _import_jobs(present) if present else []
    latest = next((entry for entry in jobs if not entry["status"].endswith("FAILED")), None)
    if read.import_when == "never":
        job |= {"plan": "skip", "reason": "the params say never"}
        if latest is None:
            read.problems.append(
                Problem("$.import", f'is "never", but nothing was imported into {section.dataset_type} yet.')
            )
    elif read.import_when == "auto" and latest and mark in latest["jobName"]:
        job |= {
            "name": latest["jobName"],
            "arn": latest["datasetImportJobArn"],
            "plan": "reuse",
            "reason": "data unchanged",
        }
        job["finished"] = latest["lastUpdatedDateTime"].timestamp()
    else:
        job |= {"plan": "create", "reason": "data changed" if latest else "nothing imported yet"}
    if parameters.get("importMode") == "INCREMENTAL" and latest is None:
        where = f"{section.where}.importJob.importMode"
        read.problems.append(Problem(where, "INCREMENTAL needs an earlier FULL import. Leave it out the first time."))


def _tail(section: DatasetSection) -> str:
    return str(section.dataset["arn"]).split(":dataset/", 1)[1]


def _import_jobs(dataset: Parameters) -> list[Parameters]:
    """The dataset's import jobs, newest first; those of an earlier dataset with the same ARN are left out."""
    pages = clients.personalize().get_paginator("list_dataset_import_jobs").paginate(datasetArn=dataset["datasetArn"])
    jobs = [dict(job) for page in pages for job in page["datasetImportJobs"]]
    jobs = [job for job in jobs if job["creationDateTime"] >= dataset["creationDateTime"]]
    return sorted(jobs, key=lambda job: job["creationDateTime"], reverse=True)


def _solution(read: Sections, section: SolutionSection, run: dict[str, Any]) -> None:
    _recipe(read, section)
    present = _plan(read, section.where, section.solution)
    _solution_version(read, section, present, run)
    for where, campaign in zip(section.campaigns_where, section.campaigns, strict=True):
        description = _plan(read, where, campaign)
        if description and not description["solutionVersionArn"].startswith(section.solution["arn"] + "/"):
            serving = description["solutionVersionArn"]
            what = f"campaign {campaign['name']} serves another solution ({serving}). Use another name."
            read.problems.append(Problem(f"{where}.name", what))
        version = section.solution_version
        pinned = "solutionVersionArn" in campaign["parameters"]
        if description and campaign["plan"] == "reuse" and not pinned:
            if version["plan"] != "reuse":
                campaign |= {"plan": "update", "reason": "moves to the version that this run trains"}
            elif description["solutionVersionArn"] != version["arn"]:
                campaign |= {"plan": "update", "reason": "moves to the newest version"}


def _recipe(read: Sections, section: SolutionSection) -> None:
    """Ask the service for a recipe that we know nothing of: a slip in the ARN ends here."""
    arn = section.solution["parameters"]["recipeArn"]
    if recipes.name_of(arn) in recipes.RECIPES:
        return
    try:
        clients.personalize().describe_recipe(recipeArn=arn)
    except clients.personalize().exceptions.ResourceNotFoundException:
        known = ", ".join(name for name, recipe in recipes.RECIPES.items() if not recipe.withdrawn)
        read.problems.append(Problem(f"{section.where}.recipeArn", f"{arn} is no recipe. There are {known}."))


def _solution_version(
    read: Sections, section: SolutionSection, present: Parameters | None, run: dict[str, Any]
) -> None:
    """Train when data was imported since the newest version began; else take that version, even one in training."""
    version = section.solution_version
    versions = reconciler.versions(section.solution["arn"]) if present else []
    usable = [entry for entry in versions if not is_settled(entry["status"]) or entry["status"] == "ACTIVE"]
    newest = usable[0] if usable else None
    jobs = [dataset.import_job for dataset in read.datasets]
    unchanged = newest and all(
        job["plan"] == "skip" or job.get("finished", float("inf")) <= newest["creationDateTime"].timestamp()
        for job in jobs
    )
    automatic = section.solution["parameters"].get("performAutoTraining")
    reuse = {"arn": newest["solutionVersionArn"], "plan": "reuse"} if newest else {}
    if automatic and newest:
        version |= reuse | {"reason": "trained by Personalize's own schedule"}
    elif automatic:
        version |= {"plan": "await", "reason": "Personalize begins the first training by itself"}
    elif read.train_when == "never" and newest:
        version |= reuse | {"reason": "the params say never"}
    elif read.train_when == "never":
        read.problems.append(
            Problem("$.train", f'is "never", but {section.solution["name"]} has no usable version yet.')
        )
        version |= {"plan": "skip"}
    elif read.train_when == "auto" and unchanged:
        version |= reuse | {"reason": "no new data since it was trained"}
    else:
        version["parameters"] = {"name": run["id"]} | version["parameters"]
        version |= {"plan": "create", "reason": "new data" if newest else "no version yet"}
    if version["parameters"].get("trainingMode") == "UPDATE" and not any(
        entry["status"] == "ACTIVE" and entry.get("trainingMode") == "FULL" for entry in versions
    ):
        where = f"{section.where}.solutionVersion.trainingMode"
        read.problems.append(
            Problem(where, "UPDATE needs a version trained with FULL before. Leave it out the first time.")
        )
