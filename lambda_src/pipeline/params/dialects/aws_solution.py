"""The AWS Solution "Maintaining Personalized Experiences with Machine Learning".

Source: the README and sample configuration of aws-solutions/maintaining-personalized-experiences-with-machine-
learning (1.5).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from pipeline.params import recipes
from pipeline.params.dialects.common import FILLED_IN, FILLED_IN_NOTE, Object, by_type, drop, drop_auto_ml, replace
from pipeline.params.dialects.notes import Notes, place_of, shown
from pipeline.params.dialects.service_config import (
    any_wrapped,
    drop_empty_tracker,
    drop_output,
    read_dataset,
    unwrap,
    without_name,
)

LONGEST_NAME = 63

NOT_UNDERSTOOD = "Left in place, since this shape has no such key"
MAX_AGE = (
    "Ages are not carried over: data is imported when it changed, and solutions are trained when data was imported"
)
INNER_STATE = "Left out, since it is the other workflow's inner state"
DELETED = 'Left out, since a schedule that the file does not name is removed, without the word "delete"'
ONE_SCHEDULE = "The dataset group has one schedule `{}`, {}, so these are not carried over"
UNSCHEDULED = "The dataset group's schedule `{}`, {}, includes these too, which had none"
UPDATE = "Schedules for UPDATE trainings are not carried over"
UPDATE_POSSIBLE = f"{UPDATE} (Personalize itself shows new items to the newest full version every two hours)"
UPDATE_GONE = f"{UPDATE}, and Personalize knows none for this recipe"
RETRAIN = "The schedule `full` becomes `retrain`, which first imports what changed and then trains every solution."
UPLOADS = (
    "An upload imports the data that changed, and then trains. (In the AWS Solution it does neither while the last "
    "import and training are less than a year old: its schedules do.)"
)
BATCH_INPUT = (
    "Input is read from batch/<jobName>/input/ beside the params file, and not from batch/<group>/<solution>/"
    "job_config.json, by"
)
BATCH_PATHS = "Used here, where the AWS Solution puts in its own"


def recognises(document: Object) -> bool:
    """Whether any resource's parameters stand in a `serviceConfig`."""
    return any_wrapped(document)


def translate(document: Object, notes: Notes) -> None:
    """config.json of the AWS Solution: `serviceConfig` beside `workflowConfig`, which has schedules per solution."""
    reading = _AwsSolution(_taken_tags(document), notes)
    drop_empty_tracker(document)
    replace(document, "$", "datasetGroup", reading.dataset_group)
    if isinstance(document.get("datasets"), dict):
        document["datasets"] = reading.datasets(document["datasets"])
    for name in ("eventTracker", "filters", "recommenders"):
        replace(document, "$", name, reading.in_group)
    replace(document, "$", "solutions", reading.solution)
    schedules, own = reading.schedules(), document.get("schedules", {})
    if schedules and isinstance(own, dict):
        document["schedules"] = schedules | own
    if isinstance(document.get("solutions"), list) and document["solutions"] and "train" not in document:
        notes.add(UPLOADS)


def _taken_tags(document: Object) -> list[Object]:
    """The root's tags, taken out to be spread; tags that are none stay for the schema check."""
    tags = document.get("tags")
    if isinstance(tags, list) and all(map(_is_tag, tags)):
        del document["tags"]
        return tags
    return []


def _is_tag(tag: Any) -> bool:
    known = isinstance(tag, dict) and tag.keys() == {"tagKey", "tagValue"}
    return known and all(isinstance(text, str) for text in tag.values())


class _AwsSolution:
    """Reads one config.json, and collects its schedules.

    Its root tags are for resources without tags of their own, where ours are added to those: so they are spread.
    """

    def __init__(self, tags: list[Object], notes: Notes) -> None:
        self.tags = tags
        self.notes = notes
        self.found: defaultdict[str, dict[str, tuple[str, Any]]] = defaultdict(dict)  # per kind and resource
        self.owners: dict[str, str] = {}  # the resources' places with their names
        self.resources: defaultdict[str, list[str]] = defaultdict(list)  # that a kind of schedule is for

    def tagged(self, parameters: Object) -> Object:
        return {**parameters, "tags": self.tags} if self.tags and "tags" not in parameters else parameters

    def resource(self, where: str, value: Object, kinds: dict[str, str] | None = None) -> Object:
        """A resource's parameters. `kinds`: where its `workflowConfig` may have schedules, and our kinds of them."""
        parameters = unwrap(where, value, self.notes)
        self._take_workflow(where, parameters, kinds or {})
        return self.tagged(parameters)

    def in_group(self, where: str, value: Object) -> Object:
        parameters = self.resource(where, value)
        drop(parameters, where, ["datasetGroupArn"], FILLED_IN_NOTE, self.notes)
        return parameters

    def dataset_group(self, where: str, value: Object) -> Object:
        return self.resource(where, value, {"schedules.import": "import"})

    def datasets(self, datasets: Object) -> Object:
        datasets = dict(datasets)
        job = dict(datasets.pop("serviceConfig")) if isinstance(datasets.get("serviceConfig"), dict) else {}
        drop(datasets, "$.datasets", ["timestamp"], INNER_STATE, self.notes)
        drop(job, "$.datasets", [*FILLED_IN, "jobName", "dataSource", "roleArn"], FILLED_IN_NOTE, self.notes)
        job = self.tagged(job)

        def dataset(where: str, kind: str, entry: Object) -> Object:
            result = read_dataset(where, kind, entry, self.resource, self.notes)
            own = result.get("importJob", {})
            return {**result, "importJob": job | own} if job and isinstance(own, dict) else result

        return by_type(datasets, dataset)

    def solution(self, where: str, value: Object) -> Object:
        solution = self.resource(where, value, {"schedules.full": "retrain", "schedules.update": "update"})
        if where in self.found["update"]:
            owner, expression = self.found["update"].pop(where)
            recipe = solution.get("recipeArn")
            possible = isinstance(recipe, str) and recipes.name_of(recipe) == "aws-user-personalization"
            self.notes.add(UPDATE_POSSIBLE if possible else UPDATE_GONE, f"{shown(expression)} of {owner}")
        drop(solution, where, ["datasetGroupArn"], FILLED_IN_NOTE, self.notes)
        drop_auto_ml(where, solution, self.notes)
        if self.tags:
            solution.setdefault("solutionVersion", {})
        replace(solution, where, "solutionVersion", self.solution_version)
        replace(solution, where, "campaigns", self.campaign)
        for name in ("batchInferenceJobs", "batchSegmentJobs"):
            replace(solution, where, name, self.batch_job)
            self._name_jobs(solution.get("name"), solution.get(name))
        return solution

    def solution_version(self, where: str, value: Object) -> Object:
        version = self.resource(where, value)
        return without_name(where, version, self.notes)

    def campaign(self, where: str, value: Object) -> Object:
        campaign = self.resource(where, value)
        drop(campaign, where, ["solutionVersionArn"], FILLED_IN_NOTE, self.notes)
        return campaign

    def batch_job(self, where: str, value: Object) -> Object:
        job = self.resource(where, value, {"schedule": "batch"})
        drop(job, where, ["solutionVersionArn", "roleArn"], FILLED_IN_NOTE, self.notes)
        drop_output(where, job, self.notes)
        if "jobInput" not in job:
            self.notes.add(BATCH_INPUT, where)
        for name in ("jobInput", "jobOutput"):
            if name in job:
                self.notes.add(BATCH_PATHS, f"{where}.{name}")
        return job

    def _name_jobs(self, solution: Any, jobs: Any) -> None:
        """The AWS Solution names jobs after their solution, and so needs no names; here the name is the job's stem."""
        if not isinstance(solution, str) or not isinstance(jobs, list):
            return
        for number, job in enumerate(jobs, start=1):
            if isinstance(job, dict):
                end = f"_{number}" if number > 1 else ""
                job.setdefault("jobName", f"batch_{solution}"[: LONGEST_NAME - len(end)] + end)

    def _take_workflow(self, where: str, parameters: Object, kinds: dict[str, str]) -> None:
        """Take out what a `workflowConfig` has that is understood: schedules and what needs no counterpart."""
        owner = self.owners[where] = place_of(where, parameters.get("name"))
        for kind in kinds.values():
            self.resources[kind].append(where)
        if not isinstance(parameters.get("workflowConfig"), dict):
            return
        workflow = dict(parameters.pop("workflowConfig"))
        holders = {"": workflow}
        if isinstance(workflow.get("schedules"), dict):
            workflow["schedules"] = holders["schedules"] = dict(workflow["schedules"])
        for section, holder in holders.items():
            place = f"{where}.workflowConfig.{section}".rstrip(".")
            drop(holder, place, ["maxAge"], MAX_AGE, self.notes)
            drop(holder, place, ["timeStarted"], INNER_STATE, self.notes)
        for path, kind in kinds.items():
            section, _, name = path.rpartition(".")
            holder = holders.get(section, {})
            if name not in holder:
                continue
            expression = holder.pop(name)
            if expression == "delete":
                self.notes.add(DELETED, owner)
            else:
                self.found[kind][where] = (owner, expression)
        if workflow.get("schedules") == {}:
            del workflow["schedules"]
        if workflow:
            parameters["workflowConfig"] = workflow
            self.notes.add(NOT_UNDERSTOOD, f"{where}.workflowConfig")

    def schedules(self) -> Object:
        """Our schedules: of each kind, the expression that most resources have, and among those the first."""
        chosen: Object = {}
        for kind in ("import", "retrain", "batch"):
            found = self.found[kind]
            if not found:
                continue
            odd = [expression for _, expression in found.values() if not isinstance(expression, str)]
            if odd:
                chosen[kind] = odd[0]  # for the schema check to refuse
                continue
            chosen[kind] = Counter(expression for _, expression in found.values()).most_common(1)[0][0]
            for owner, expression in found.values():
                if expression != chosen[kind]:
                    self.notes.add(ONE_SCHEDULE.format(kind, shown(chosen[kind])), f"{shown(expression)} of {owner}")
            for where in self.resources[kind]:
                if where not in found:
                    self.notes.add(UNSCHEDULED.format(kind, shown(chosen[kind])), self.owners[where])
            if kind == "retrain":
                self.notes.add(RETRAIN)
        return chosen
