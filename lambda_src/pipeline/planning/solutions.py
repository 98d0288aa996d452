"""Solutions, their versions, campaigns and batch jobs, compared with what Personalize has."""

from __future__ import annotations

import re

from pipeline import clients
from pipeline.data import batch_input, folders
from pipeline.data.folders import DataFolder
from pipeline.engine.calls import begun, failed, status_of, took
from pipeline.engine.differences import canonical_expression, differs
from pipeline.engine.existing import Existing
from pipeline.engine.lookup import newest_usable
from pipeline.engine.resource_types import Parameters
from pipeline.engine.resources import ABSENT, OPEN, READY, Resource
from pipeline.params import places, recipes
from pipeline.params.sections import Placed, Sections, SolutionSection
from pipeline.upload.turns import Serving

from . import switching
from .comparison import compare, decide
from .datasets import digest, job_name, reuse_settled

# A version of ours: `<solution>-<what it was trained on>-<run>`; the service may put the solution's name before it.
OURS = re.compile(r"-[0-9a-f]{8}-\d{8}-\d{6}-[0-9a-f]{8}$")


def decide_solution(
    read: Sections, existing: Existing, section: SolutionSection, run_id: str, home: str, before: Serving
) -> None:
    """Plan the solution, its version and all that uses it, in place."""
    _recipe(read, section)
    solution = section.solution
    present = compare(read, existing, section.where, solution)
    stays = present is not None and solution.plan not in ("create", "replace")
    versions = existing.listed("solutionVersion", solution.arn or "") if stays else []
    _keep_events_config(read, solution, present if stays else None)
    _solution_version(read, existing, section, versions, run_id)
    for placed in section.campaigns:
        _campaign(read, existing, section, placed, before)
    for placed in section.batch_jobs:
        folder = _batch_job(read, existing, section.solution_version, placed, run_id, home)
        if placed.resource.plan == "create":
            _look_into(read, section, placed, folder)


def _keep_events_config(read: Sections, solution: Resource, present: Parameters | None) -> None:
    """UpdateSolution can change an `eventsConfig`, and not take it back: it goes on deciding what is learned."""
    kept = (present or {}).get("solutionConfig", {}).get("eventsConfig")
    config = solution.parameters.get("solutionConfig", {})
    if kept and "eventsConfig" not in config:
        solution.parameters["solutionConfig"] = config | {"eventsConfig": kept}
        read.notes.append(
            f"Solution {solution.name} keeps its eventsConfig, which the file no longer has: Personalize can't take it "
            "back. Change it, or use another name."
        )


def _recipe(read: Sections, section: SolutionSection) -> None:
    """Ask the service for a recipe that we know nothing of: a slip in the ARN ends here."""
    arn = section.solution.parameters["recipeArn"]
    if recipes.name_of(arn) in recipes.RECIPES:
        return
    try:
        clients.personalize().describe_recipe(recipeArn=arn)
    except clients.personalize().exceptions.ResourceNotFoundException:
        known = ", ".join(name for name, recipe in recipes.RECIPES.items() if not recipe.withdrawn)
        read.problem(f"{section.where}.recipeArn", f"{arn} is no recipe. There are {known}.")


def _solution_version(
    read: Sections, existing: Existing, section: SolutionSection, versions: list[Parameters], run_id: str
) -> None:
    """Train when the newest version was trained on something else, or otherwise; else take it, even one in training."""
    version, when, solution = section.solution_version, read.when["train"], section.solution
    trained = [entry for entry in versions if entry["status"] == "ACTIVE"]
    newest = newest_usable(trained if when == "never" and trained else versions)
    version.durations = [took(entry) for entry in trained]
    mode = version.parameters.get("trainingMode", "FULL")
    mark = digest(sorted(dataset.content for dataset in read.datasets), _training_settings(solution), mode)
    if solution.parameters.get("performAutoTraining"):
        _automatic(version, newest, existing)
    elif when == "never":
        if newest:
            _take(version, newest, "the params say never", existing)
        else:
            decide(version, "skip", "the params say never train, and there is no usable version yet")
            read.notes.append(f"Solution {solution.name} has no usable version yet, and the params say never train.")
    elif newest and not (why := _outdated(read, existing, section, newest, mark)):
        _take(version, newest, "trained on this data, in this way", existing)
    else:
        stem = version.parameters.get("name", solution.name)
        version.parameters["name"] = job_name(stem, mark, run_id)
        decide(version, "create", why if newest else "none that is usable yet")
    trained_full = any(entry.get("trainingMode") == "FULL" for entry in trained)
    if version.parameters.get("trainingMode") == "UPDATE" and not trained_full:
        where = f"{section.where}.solutionVersion.trainingMode"
        read.problem(where, "UPDATE needs a version trained with FULL before. Leave it out the first time.")


def _automatic(version: Resource, newest: Parameters | None, existing: Existing) -> None:
    if newest:
        _take(version, newest, "trained by Personalize's own schedule", existing)
    else:
        decide(version, "await", "Personalize begins the first training by itself")
        version.add_tags = version.parameters.get("tags", [])


def _take(version: Resource, newest: Parameters, reason: str, existing: Existing) -> None:
    version.arn, version.status = newest["solutionVersionArn"], newest["status"]
    decide(version, "reuse", reason)
    reuse_settled(existing, version)


def _training_settings(solution: Resource) -> Parameters:
    """What of a solution decides what its versions learn, and can be changed. The rest follows from its name."""
    config = solution.parameters.get("solutionConfig", {})
    return {name: value for name, value in config.items() if name == "eventsConfig"}


def _outdated(read: Sections, existing: Existing, section: SolutionSection, newest: Parameters, mark: str) -> str:
    """Why the newest version will not do; nothing where it will.

    A version of ours says in its name what it was trained on. Of others the service's own dates tell whether it was
    begun after the last import, and its description how it was trained.
    """
    if read.when["train"] == "always":
        return "the params say always"
    if any(dataset.imported for dataset in read.datasets):
        return "new data"
    description = existing.describe("solutionVersion", newest["solutionVersionArn"]) or {}
    name = str(description.get("name", "")).rpartition("/")[2]
    if f"-{mark}-" in name or OURS.search(name):
        return "" if f"-{mark}-" in name else "trained on other data, or in another way"
    for dataset in read.datasets:
        jobs = existing.listed("datasetImportJob", dataset.dataset.arn or "")
        usable = [job for job in jobs if not failed(status_of(job))]
        if usable and usable[0]["lastUpdatedDateTime"].timestamp() > begun(newest):
            return f"new data in {dataset.dataset_type}"
    shown = description.get("solutionConfig", {})
    wanted = {name: value for name, value in _training_settings(section.solution).items() if name in shown}
    return "trained in another way" if differs(wanted, shown) else ""


def _campaign(read: Sections, existing: Existing, section: SolutionSection, placed: Placed, before: Serving) -> None:
    campaign, version = placed.resource, section.solution_version
    if campaign.arn in read.kept_off:
        decide(campaign, "skip", switching.STAYS_OFF)
        return
    if campaign.target != ABSENT and version.plan == "skip":
        decide(campaign, "skip", "there is no version to deploy yet")
        return
    present = compare(read, existing, placed.where, campaign)
    if campaign.target == ABSENT:
        return
    pinned = campaign.parameters.get("solutionVersionArn")
    if pinned is None:
        campaign.fill = {"solutionVersionArn": version.id}
    elif pinned.endswith("/$LATEST"):
        campaign.fill = {"follows": version.id}
    elif existing.describe("solutionVersion", pinned) is None:
        read.problem(
            f"{placed.where}.solutionVersionArn", f"there is no version {pinned}. Leave it out for the newest."
        )
    if campaign.plan == "create":
        campaign.serving = switching.baseline(existing, campaign, before)
    if present is None or campaign.plan not in ("reuse", "update"):
        return
    serving = campaign.serving = str(present["solutionVersionArn"])
    moves = pinned is None and (version.plan in ("create", "await") or serving != version.arn)
    if moves:
        trains = version.plan in ("create", "await")
        move = f"moves to the {'version that this run trains' if trains else 'newest version'}"
        decide(campaign, "update", move if campaign.plan == "reuse" else f"{campaign.reason}; {move}")
    if moves or campaign.fill.get("follows") and version.state != READY:
        campaign.state = OPEN


def _look_into(read: Sections, section: SolutionSection, placed: Placed, folder: DataFolder) -> None:
    """Hold the input of a job that will run against what its recipe asks of a line."""
    recipe = recipes.RECIPES.get(recipes.name_of(section.solution.parameters["recipeArn"]), recipes.UNKNOWN)
    problem, note = batch_input.unfit(folder, recipe.line)
    if problem:
        read.problem(placed.where, problem)
    if note:
        read.notes.append(note)


def _batch_job(
    read: Sections, existing: Existing, version: Resource, placed: Placed, run_id: str, home: str
) -> DataFolder:
    """Run a batch job when its input, its parameters or the model changed; returns its input.

    Its folders lie beside the params.
    """
    job, kind = placed.resource, placed.resource.kind
    parameters, stem = job.parameters, job.name
    source = parameters.setdefault("jobInput", {"s3DataSource": {"path": places.batch_input(home, stem)}})
    folder = folders.at(source["s3DataSource"]["path"])
    if not folder.files:
        read.problem(placed.where, f"no input: upload JSON Lines files into {folder.location} before the params file.")
    # Two names that are cut to the same beginning are two jobs, and so are two jobs that read the same input.
    given = {name: value for name, value in parameters.items() if name not in ("jobName", "roleArn", "tags")}
    given = {"batchInferenceJobMode": "BATCH_INFERENCE"} | given if job.type == "batchInferenceJob" else given
    _check_filter(read, existing, placed)
    mark = digest(stem, folder.fingerprint, given, _expression(read, parameters.get("filterArn")))
    job.name = parameters["jobName"] = job_name(stem, mark, run_id)
    output = {"s3DataDestination": {"path": places.batch_output(home, stem, run_id)}}
    parameters.setdefault("jobOutput", output)
    group_prefix, _, _ = (read.dataset_group.arn or "").partition(":dataset-group/")
    job.arn = f"{group_prefix}:{kind.arn_type}/{job.name}"
    job.fill = {"solutionVersionArn": version.id}
    jobs = existing.listed(job.type, version.arn or "") if version.plan in ("reuse", "update") else []
    job.durations = [took(entry) for entry in jobs if entry["status"] == "ACTIVE"]
    done = [entry for entry in jobs if f"-{mark}-" in entry["jobName"] and not failed(status_of(entry))]
    if version.plan == "skip":
        decide(job, "skip", "there is no version to run on yet")
    elif read.when["batch"] == "never":
        decide(job, "skip", "the params say never")
    elif read.when["batch"] == "auto" and done:
        job.name, job.arn, job.status = done[0]["jobName"], done[0][kind.arn_member], done[0]["status"]
        job.fill = {}
        decide(job, "reuse", "input, parameters and model unchanged")
        reuse_settled(existing, job)
    else:
        decide(job, "create", "input, parameters or model changed, or not run yet")
    return folder


def _check_filter(read: Sections, existing: Existing, placed: Placed) -> None:
    """A job may name a filter that is not in the file: one of its own group."""
    arn = placed.resource.parameters.get("filterArn")
    if arn is None or arn in [each.resource.arn for each in read.filters]:
        return
    found = existing.describe("filter", arn)
    if found is None or found["datasetGroupArn"] != read.dataset_group.arn:
        what = "does not exist" if found is None else f"belongs to the dataset group {found['datasetGroupArn']}"
        read.problem(f"{placed.where}.filterArn", f"{arn} {what}. Name one of `filters` by `filterName`.")


def _expression(read: Sections, filter_arn: str | None) -> str | None:
    """What the job's filter says: another expression under the same name gives other results."""
    found = (f.resource.parameters["filterExpression"] for f in read.filters if f.resource.arn == filter_arn)
    expression = next(found, None)
    return canonical_expression(expression) if expression else None
