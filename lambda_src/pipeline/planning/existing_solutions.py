"""Solutions, their versions, campaigns and batch jobs, compared with what Personalize has."""

from __future__ import annotations

from typing import Any

from pipeline import clients
from pipeline.data import folders as data_files
from pipeline.engine.reconciler import Resource, begun, failed, listed, target_of
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.params import places, recipes
from pipeline.params.sections import Placed, Sections, SolutionSection
from pipeline.planning.comparison import compare
from pipeline.planning.existing_datasets import job_name


def decide(read: Sections, section: SolutionSection, run: dict[str, Any]) -> None:
    """Plan the solution, its version and all that uses it, in place."""
    _recipe(read, section)
    present = compare(read, section.where, section.solution)
    versions = listed(RESOURCE_TYPES["solutionVersion"], section.solution["arn"]) if present else []
    _solution_version(read, section, versions, run)
    for placed in section.campaigns:
        _campaign(read, section, placed)
    for placed in section.batch_jobs:
        _batch_job(read, section.solution_version, placed, run)


def _recipe(read: Sections, section: SolutionSection) -> None:
    """Ask the service for a recipe that we know nothing of: a slip in the ARN ends here."""
    arn = section.solution["parameters"]["recipeArn"]
    if recipes.name_of(arn) in recipes.RECIPES:
        return
    try:
        clients.personalize().describe_recipe(recipeArn=arn)
    except clients.personalize().exceptions.ResourceNotFoundException:
        known = ", ".join(name for name, recipe in recipes.RECIPES.items() if not recipe.withdrawn)
        read.problem(f"{section.where}.recipeArn", f"{arn} is no recipe. There are {known}.")


def newest_usable(versions: list[Parameters]) -> Parameters | None:
    """Of the listed versions, newest first, the one that serves or will serve."""
    usable = (entry for entry in versions if not failed(entry["status"]) and entry["status"] != "CREATE STOPPING")
    return next(usable, None)


def _solution_version(
    read: Sections, section: SolutionSection, versions: list[Parameters], run: dict[str, Any]
) -> None:
    """Train when data was imported since the newest version began; else take that version, even one in training."""
    version, when = section.solution_version, read.when["train"]
    newest = newest_usable(versions)
    jobs = [dataset.import_job for dataset in read.datasets]
    unchanged = newest and all(
        job["plan"] == "skip" or job.get("finished", float("inf")) <= begun(newest) for job in jobs
    )
    reuse = {"arn": newest["solutionVersionArn"], "plan": "reuse"} if newest else {}
    if section.solution["parameters"].get("performAutoTraining"):
        automatic = reuse | {"reason": "trained by Personalize's own schedule"}
        version |= (
            automatic if newest else {"plan": "await", "reason": "Personalize begins the first training by itself"}
        )
    elif when == "never" and newest:
        version |= reuse | {"reason": "the params say never"}
    elif when == "never":
        read.problem("$.train", f'is "never", but {section.solution["name"]} has no usable version yet.')
        version |= {"plan": "skip", "reason": "the params say never"}
    elif when == "auto" and unchanged:
        version |= reuse | {"reason": "no new data since it was trained"}
    else:
        # The name keeps a repeated call from training twice; a given one is its beginning, for names are unique.
        stem = version["parameters"].get("name")
        version["parameters"]["name"] = f"{stem[:38]}-{run['id']}" if stem else run["id"]
        version |= {"plan": "create", "reason": "new data" if newest else "no version yet"}
    trained_full = any(entry["status"] == "ACTIVE" and entry.get("trainingMode") == "FULL" for entry in versions)
    if version["parameters"].get("trainingMode") == "UPDATE" and not trained_full:
        where = f"{section.where}.solutionVersion.trainingMode"
        read.problem(where, "UPDATE needs a version trained with FULL before. Leave it out the first time.")


def _campaign(read: Sections, section: SolutionSection, placed: Placed) -> None:
    campaign, version = placed.resource, section.solution_version
    present = compare(read, placed.where, campaign)
    if present is None or target_of(campaign) == "ABSENT":
        return
    serving = present["solutionVersionArn"]
    if not serving.startswith(section.solution["arn"] + "/"):
        what = f"campaign {campaign['name']} serves another solution ({serving}). Use another name."
        read.problem(f"{placed.where}.name", what)
    campaign["serving"] = serving
    if campaign["plan"] == "reuse" and "solutionVersionArn" not in campaign["parameters"]:
        if version["plan"] != "reuse":
            campaign |= {"plan": "update", "reason": "moves to the version that this run trains"}
        elif serving != version["arn"]:
            campaign |= {"plan": "update", "reason": "moves to the newest version"}


def _batch_job(read: Sections, version: Resource, placed: Placed, run: dict[str, Any]) -> None:
    """Run a batch job when its input or the model changed. Its folders, batch/<job>/..., lie beside the params."""
    job, kind = placed.resource, RESOURCE_TYPES[placed.resource["type"]]
    parameters, stem = job["parameters"], job["name"]
    home = places.home_of(run)
    source = parameters.setdefault("jobInput", {"s3DataSource": {"path": places.batch_input(home, stem)}})
    folder = data_files.at(source["s3DataSource"]["path"])
    if not folder.files:
        read.problem(placed.where, f"no input: upload JSON Lines files into {folder.location} before the params file.")
    name = job_name(stem, folder.fingerprint, run["id"])
    parameters["jobName"] = name
    output = {"s3DataDestination": {"path": places.batch_output(home, stem, run["id"])}}
    parameters.setdefault("jobOutput", output)
    group_prefix, _, _ = read.dataset_group["arn"].partition(":dataset-group/")
    job |= {"name": name, "arn": f"{group_prefix}:{kind.label.replace(' ', '-')}/{name}"}
    jobs = listed(kind, version["arn"], "solutionVersionArn") if version["plan"] == "reuse" else []
    mark = f"-{folder.fingerprint}-"
    done = [entry for entry in jobs if mark in entry["jobName"] and not failed(entry["status"])]
    latest = done[0] if done else None
    if read.when["batch"] == "never":
        job |= {"plan": "skip", "reason": "the params say never"}
    elif read.when["batch"] == "auto" and latest:
        job |= {"name": latest["jobName"], "arn": latest[kind.arn_member], "plan": "reuse"}
        job["reason"] = "input and model unchanged"
    else:
        job |= {"plan": "create", "reason": "input or model changed, or not run yet"}
