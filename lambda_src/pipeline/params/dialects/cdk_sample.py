"""The AWS CDK sample automate-mlops-personalize-cdk-pipeline.

Source: the README and sample configuration of aws-samples/automate-mlops-personalize-cdk-pipeline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.params.dialects.common import (
    DATASET_TYPES,
    FILLED_IN,
    FILLED_IN_NOTE,
    Object,
    drop,
    drop_auto_ml,
    replace,
)
from pipeline.params.dialects.notes import Notes, place_of
from pipeline.params.dialects.service_config import (
    any_wrapped,
    drop_empty_tracker,
    drop_output,
    read_dataset,
    unwrap,
    without_name,
    wrapped,
)

# The lists of batch jobs, with the switches of their entries.
BATCH_JOBS = {"batchInferenceJobs": "createBatchInferenceJob", "batchSegmentJobs": "createBatchSegmentJob"}

ROLE = "The pipeline's own Personalize role does the jobs, and reaches the pipeline's own bucket only, instead of"
PREPROCESSING = "Glue jobs are not run here (run them first, and then upload the params file)"
NEW_JOB = (
    'createNewJob is true for every dataset, which is "import": "always". Make it false to import only what changed.'
)
NEW_JOB_SOME = "createNewJob is not true for every dataset; all are imported when their data changed. It is false for"
NEW_VERSION = (
    'createNewSolutionVersion is true for every solution, which is "train": "always". Make it false to train only when '
    "data was imported."
)
NEW_VERSION_SOME = (
    "createNewSolutionVersion is not true for every solution; all are trained when data was imported. It is false for"
)
NOT_WANTED = "{} is false, so it is left out, neither made nor changed"
VERSION_OF_CAMPAIGN = "Not carried over, as in the sample itself (to pin a version, give solutionVersionArn)"
UNTYPED = "Left in place: `type` must be USERS, ITEMS, INTERACTIONS, ACTIONS or ACTION_INTERACTIONS, each once"


def recognises(document: Object) -> bool:
    """Whether the datasets stand in the group, or a Glue job stands before them."""
    group = document.get("datasetGroup")
    in_group = wrapped(group) and isinstance(group.get("datasets"), list) if isinstance(group, dict) else False
    return in_group or ("preprocessing" in document and any_wrapped(document))


def translate(document: Object, notes: Notes) -> None:
    """The CDK sample's input: `serviceConfig`, datasets as a list in the dataset group, and switches for every step."""

    def unwrapped(where: str, value: Object) -> Object:
        return unwrap(where, value, notes)

    if "preprocessing" in document:
        glue_job = document.pop("preprocessing")
        notes.add(
            PREPROCESSING, place_of("$.preprocessing", glue_job.get("jobName") if isinstance(glue_job, dict) else None)
        )
    drop_empty_tracker(document)
    for name in ("datasetGroup", "eventTracker", "filters"):
        replace(document, "$", name, unwrapped)
    _datasets(document, notes)
    _keep_wanted(document, "$", "recommenders", "createRecommender", unwrapped, notes)
    made: dict[str, bool] = {}

    def solution(where: str, value: Object) -> Object:
        result = unwrapped(where, value)
        drop_auto_ml(where, result, notes)
        replace(result, where, "solutionVersion", solution_version)
        version = result.get("solutionVersion")
        made[place_of(where, result.get("name"))] = _switch(version, "createNewSolutionVersion") is True
        _keep_wanted(result, where, "campaigns", "createCampaign", campaign, notes)
        for name, switch in BATCH_JOBS.items():
            _keep_wanted(result, where, name, switch, batch_job, notes)
        return result

    def solution_version(where: str, value: Object) -> Object:
        return without_name(where, unwrapped(where, value), notes)

    def campaign(where: str, value: Object) -> Object:
        result = unwrapped(where, value)
        if result.get("solutionversion") == "":
            del result["solutionversion"]
        drop(result, where, ["solutionversion"], VERSION_OF_CAMPAIGN, notes)
        return result

    def batch_job(where: str, value: Object) -> Object:
        result = unwrapped(where, value)
        _drop_role(where, result, notes)
        drop_output(where, result, notes)
        return result

    replace(document, "$", "solutions", solution)
    _always(document, "train", made, NEW_VERSION, NEW_VERSION_SOME, notes)


def _datasets(document: Object, notes: Notes) -> None:
    """Move the datasets out of the dataset group, by their type; what has none stays there."""
    group = document.get("datasetGroup")
    if not isinstance(group, dict) or not isinstance(group.get("datasets"), list):
        return
    datasets = document.get("datasets", {})
    if not isinstance(datasets, dict):
        return
    datasets, left, made = dict(datasets), [], dict[str, bool]()
    for number, entry in enumerate(group.pop("datasets")):
        where = f"$.datasetGroup.datasets[{number}]"
        name = entry.get("type") if isinstance(entry, dict) else None
        kind = DATASET_TYPES.get(name.replace("_", "").lower()) if isinstance(name, str) else None
        if kind is None or kind in datasets:
            left.append(entry)
            notes.add(UNTYPED, where)
            continue
        rest = {key: value for key, value in entry.items() if key != "type"}
        dataset = read_dataset(where, kind, rest, lambda place, value: unwrap(place, value, notes), notes)
        if "importJob" not in dataset and isinstance(dataset.get("datasetImportJob"), dict):
            place = f"{where}.datasetImportJob"
            job = dataset["importJob"] = unwrap(place, dataset.pop("datasetImportJob"), notes)
            made[place_of(where, dataset.get("name"))] = _switch(job, "createNewJob") is True
            _drop_role(place, job, notes)
            drop(job, place, FILLED_IN, FILLED_IN_NOTE, notes)
        datasets[kind] = dataset
    if left:
        group["datasets"] = left
    if datasets:
        document["datasets"] = datasets
    _always(document, "import", made, NEW_JOB, NEW_JOB_SOME, notes)


def _drop_role(where: str, job: Object, notes: Notes) -> None:
    if "roleArn" in job:
        role = job.pop("roleArn")
        notes.add(ROLE, role if isinstance(role, str) else f"{where}.roleArn")


def _switch(resource: Any, name: str) -> bool | None:
    """Take out a switch; anything but true and false stays for the schema check."""
    if isinstance(resource, dict) and isinstance(resource.get(name), bool):
        return bool(resource.pop(name))
    return None


def _keep_wanted(
    holder: Object,
    where: str,
    name: str,
    switch: str,
    translate: Callable[[str, Object], Object],
    notes: Notes,
) -> None:
    """Translate a list, without the entries that are switched off."""
    replace(holder, where, name, translate)
    if not isinstance(holder.get(name), list):
        return
    kept = []
    for number, entry in enumerate(holder[name]):
        if _switch(entry, switch) is False:
            named = entry.get("name", entry.get("jobName"))
            notes.add(NOT_WANTED.format(switch), place_of(f"{where}.{name}[{number}]", named))
        else:
            kept.append(entry)
    holder[name] = kept


def _always(document: Object, name: str, made: dict[str, bool], all_of_them: str, some: str, notes: Notes) -> None:
    """Read "make a new one in every run" as our `always`, where all resources say so."""
    if name in document or not made:
        return
    if all(made.values()):
        document[name] = "always"
        notes.add(all_of_them)
    elif any(made.values()) or name == "import":
        notes.add(some, *(place for place, true in made.items() if not true))
