"""Params files in the shapes of other projects, read as ours before the published schema checks them.

What has no counterpart here, or means something else, is named for the mail. Nothing raises: what is not understood
stays where it is, for the schema check to refuse. Places are named as in the file, but without their `serviceConfig`.

Sources: the READMEs and sample configurations of aws-solutions/maintaining-personalized-experiences-with-machine-
learning (1.5), aws-samples/automate-mlops-personalize-cdk-pipeline, and amazon-personalize-samples' ml_ops.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.params import places, recipes, schemas

Object = dict[str, Any]
# Sections whose parameters stand in a `serviceConfig` in the AWS Solution's and the CDK sample's shapes.
WRAPPED = ("datasetGroup", "eventTracker", "filters", "solutions", "recommenders")
BATCH_JOBS = {"batchInferenceJobs": "createBatchInferenceJob", "batchSegmentJobs": "createBatchSegmentJob"}
DATASET_TYPES = {kind.replace("_", "").lower(): kind for kind in schemas.CUSTOM}
# Parameters that the pipeline knows by itself, as the other projects do.
FILLED_IN = ("datasetArn", "datasetGroupArn", "datasetType", "schemaArn", "solutionArn")
LONGEST_NAME = 63

# What the mail says; the places follow.
NOT_UNDERSTOOD = "Left in place, since this shape has no such key"
TWICE = "Given both in `serviceConfig` and beside it; the latter is used"
FILLED_IN_NOTE = "Left out, since the pipeline fills it in"
ROLE = "The pipeline's own Personalize role does the jobs, and reaches the pipeline's own bucket only, instead of"
AUTO_ML = "AutoML is withdrawn by Personalize; left out, since a recipe is given"
SCHEMA_NAME = (
    "Names of schemas are not carried over: a schema is named after its dataset and content (one in use that says the "
    "same is kept)"
)
SCHEMA_REST = "Left out, since a schema takes its domain from the dataset group, and nothing else"
RECORD_NAME = "The name of an Avro record is read as the dataset type in its own spelling"
AVRO_DEFAULT = "Added to an Avro schema that lacks it"
VERSION_NAME = "Left out, since every training makes a version, and each needs a name of its own"
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
BATCH_RESULTS = (
    "Results go to batch/<jobName>/output/<run>/ beside the params file, the only place for them, and not to"
)
BATCH_PATHS = "Used here, where the AWS Solution puts in its own"
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
NO_SOLUTION = "Not carried over, since its key is no solution's key with Campaign at the end"
EVERY_UPLOAD = (
    "Data is imported when it changed, and solutions are trained when data was imported. (The sample does both at "
    'every upload; for that, set "import" and "train" to "always" at the root.)'
)


class Notes:
    """What the mail says of a translation: statements, and for each the places that it is about."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = {}

    def add(self, statement: str, *places: str) -> None:
        """Note the statement, or further places that it is about."""
        known = self._places.setdefault(statement, [])
        known += [place for place in places if place not in known]

    def lines(self) -> list[str]:
        """One line per statement."""
        return [f"{what}: {', '.join(places)}." if places else what for what, places in self._places.items()]


@dataclass(frozen=True)
class Dialect:
    """Another project's shape. `translate` gets a copy of the document's root, and leaves nothing to recognise."""

    name: str
    recognises: Callable[[Object], bool]
    translate: Callable[[Object, Notes], None]


def normalise(document: Object) -> tuple[Object, list[str]]:
    """The document in our own shape, and what the mail should say of the translation (nothing if it was ours)."""
    lines: list[str] = []
    while isinstance(document, dict) and (dialect := next((d for d in DIALECTS if d.recognises(document)), None)):
        notes = Notes()
        notes.add(f"The params file has the shape of {dialect.name}, and is translated (docs/dialects.md).")
        document = dict(document)
        dialect.translate(document, notes)
        lines += notes.lines()
    return document, lines


# --- What the dialects have in common --------------------------------------------------------------------------------


def _wrapped(value: Any) -> bool:
    """Whether a resource's parameters stand in a `serviceConfig`."""
    parameters = value.get("serviceConfig") if isinstance(value, dict) else None
    return isinstance(parameters, dict) and "serviceConfig" not in parameters


def _any_wrapped(document: Object) -> bool:
    sections = (document.get(name) for name in WRAPPED)
    return any(_wrapped(entry) for found in sections for entry in (found if isinstance(found, list) else [found]))


def _unwrapped(where: str, value: Object, notes: Notes) -> Object:
    """The parameters together with what stands beside their `serviceConfig`."""
    if not _wrapped(value):
        return dict(value)
    beside = {name: given for name, given in value.items() if name != "serviceConfig"}
    return _joined(where, value["serviceConfig"], beside, notes)


def _joined(where: str, parameters: Object, beside: Object, notes: Notes) -> Object:
    for name in sorted(parameters.keys() & beside.keys()):
        notes.add(TWICE, f"{where}.{name}")
    return parameters | beside


def _replace(holder: Object, where: str, name: str, translate: Callable[[str, Object], Object]) -> None:
    """Translate the object, or every object of the list, that `holder` has under `name`; leave anything else."""
    found = holder.get(name)
    if isinstance(found, dict):
        holder[name] = translate(f"{where}.{name}", found)
    elif isinstance(found, list):
        holder[name] = [
            translate(f"{where}.{name}[{number}]", entry) if isinstance(entry, dict) else entry
            for number, entry in enumerate(found)
        ]


def _drop(holder: Object, where: str, names: Iterable[str], statement: str, notes: Notes) -> None:
    for name in names:
        if name in holder:
            notes.add(statement, _place(f"{where}.{name}", holder.pop(name)))


def _place(where: str, value: Any) -> str:
    """`$.solutions[0] (for-you)`; only a text is shown."""
    return f"{where} ({_shown(value)})" if isinstance(value, str) else where


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def _drop_auto_ml(where: str, solution: Object, notes: Notes) -> None:
    """AutoML that contradicts a recipe. Without one, `sections.py` has a successor for it."""
    if solution.get("performAutoML") is True and "recipeArn" in solution:
        _drop(solution, where, ["performAutoML"], AUTO_ML, notes)


def _without_name(where: str, version: Object, notes: Notes) -> Object:
    _drop(version, where, ["name"], VERSION_NAME, notes)
    _drop(version, where, ["solutionArn"], FILLED_IN_NOTE, notes)
    return version


def _drop_empty_tracker(document: Object) -> None:
    if document.get("eventTracker", "none") in ({}, []):
        del document["eventTracker"]


def _by_type(datasets: Object, translate: Callable[[str, str, Object], Object]) -> Object:
    """`datasets` by our spelling of the types. A name that is none, or comes twice, stays for the schema check."""
    result: Object = {}
    for name, entry in datasets.items():
        kind = DATASET_TYPES.get(name.replace("_", "").lower(), name)
        if kind not in schemas.CUSTOM or (kind != name and kind in datasets) or kind in result:
            result[name] = entry
        else:
            result[kind] = translate(f"$.datasets.{name}", kind, entry) if isinstance(entry, dict) else entry
    return result


def _dataset(where: str, kind: str, entry: Object, unwrap: Callable[[str, Object], Object], notes: Notes) -> Object:
    """One dataset of a wrapped shape: its own parameters, with its schema's."""
    rest = dict(entry)
    if _wrapped(rest.get("schema")):
        schema = _unwrapped(f"{where}.schema", rest.pop("schema"), notes)
        if "schema" in schema:
            rest["schema"] = schema.pop("schema")
        name = [schema.pop(part) for part in ("name", "schemaVersion") if isinstance(schema.get(part), str)]
        if name:
            notes.add(SCHEMA_NAME, " ".join(name))
        _drop(schema, f"{where}.schema", list(schema), SCHEMA_REST, notes)
    _avro(where, kind, rest, notes)
    if not isinstance(rest.get("dataset"), dict):
        return rest
    dataset = unwrap(f"{where}.dataset", rest.pop("dataset"))
    _drop(dataset, f"{where}.dataset", FILLED_IN, FILLED_IN_NOTE, notes)
    return _joined(where, dataset, rest, notes)


def _avro(where: str, kind: str, entry: Object, notes: Notes) -> None:
    """Complete an Avro schema: the other projects' samples spell the record's name freely and leave out its version."""
    avro = entry.get("schema")
    if not isinstance(avro, dict) or not isinstance(avro.get("fields"), list):
        return
    complete = dict(avro)
    name = complete.get("name")
    if isinstance(name, str) and name != kind and name.lower() == kind.lower():
        complete["name"] = kind
        notes.add(RECORD_NAME, _place(f"{where}.schema.name", name))
    for key, value in (("namespace", "com.amazonaws.personalize.schema"), ("version", "1.0")):
        if key not in complete:
            complete[key] = value
            notes.add(AVRO_DEFAULT, _place(f"{where}.schema.{key}", value))
    entry["schema"] = complete


# --- The AWS Solution "Maintaining Personalized Experiences with Machine Learning" -----------------------------------


def aws_solution(document: Object, notes: Notes) -> None:
    """config.json of the AWS Solution: `serviceConfig` beside `workflowConfig`, which has schedules per solution."""
    reading = _AwsSolution(_taken_tags(document), notes)
    _drop_empty_tracker(document)
    _replace(document, "$", "datasetGroup", reading.dataset_group)
    if isinstance(document.get("datasets"), dict):
        document["datasets"] = reading.datasets(document["datasets"])
    for name in ("eventTracker", "filters", "recommenders"):
        _replace(document, "$", name, reading.in_group)
    _replace(document, "$", "solutions", reading.solution)
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
        parameters = _unwrapped(where, value, self.notes)
        self._take_workflow(where, parameters, kinds or {})
        return self.tagged(parameters)

    def in_group(self, where: str, value: Object) -> Object:
        parameters = self.resource(where, value)
        _drop(parameters, where, ["datasetGroupArn"], FILLED_IN_NOTE, self.notes)
        return parameters

    def dataset_group(self, where: str, value: Object) -> Object:
        return self.resource(where, value, {"schedules.import": "import"})

    def datasets(self, datasets: Object) -> Object:
        datasets = dict(datasets)
        job = dict(datasets.pop("serviceConfig")) if isinstance(datasets.get("serviceConfig"), dict) else {}
        _drop(datasets, "$.datasets", ["timestamp"], INNER_STATE, self.notes)
        _drop(job, "$.datasets", [*FILLED_IN, "jobName", "dataSource", "roleArn"], FILLED_IN_NOTE, self.notes)
        job = self.tagged(job)

        def dataset(where: str, kind: str, entry: Object) -> Object:
            result = _dataset(where, kind, entry, self.resource, self.notes)
            own = result.get("importJob", {})
            return {**result, "importJob": job | own} if job and isinstance(own, dict) else result

        return _by_type(datasets, dataset)

    def solution(self, where: str, value: Object) -> Object:
        solution = self.resource(where, value, {"schedules.full": "retrain", "schedules.update": "update"})
        if where in self.found["update"]:
            owner, expression = self.found["update"].pop(where)
            recipe = solution.get("recipeArn")
            possible = isinstance(recipe, str) and recipes.name_of(recipe) == "aws-user-personalization"
            self.notes.add(UPDATE_POSSIBLE if possible else UPDATE_GONE, f"{_shown(expression)} of {owner}")
        _drop(solution, where, ["datasetGroupArn"], FILLED_IN_NOTE, self.notes)
        _drop_auto_ml(where, solution, self.notes)
        if self.tags:
            solution.setdefault("solutionVersion", {})
        _replace(solution, where, "solutionVersion", self.solution_version)
        _replace(solution, where, "campaigns", self.campaign)
        for name in BATCH_JOBS:
            _replace(solution, where, name, self.batch_job)
            self._name_jobs(solution.get("name"), solution.get(name))
        return solution

    def solution_version(self, where: str, value: Object) -> Object:
        version = self.resource(where, value)
        return _without_name(where, version, self.notes)

    def campaign(self, where: str, value: Object) -> Object:
        campaign = self.resource(where, value)
        _drop(campaign, where, ["solutionVersionArn"], FILLED_IN_NOTE, self.notes)
        return campaign

    def batch_job(self, where: str, value: Object) -> Object:
        job = self.resource(where, value, {"schedule": "batch"})
        _drop(job, where, ["solutionVersionArn", "roleArn"], FILLED_IN_NOTE, self.notes)
        _drop_output(where, job, self.notes)
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
        owner = self.owners[where] = _place(where, parameters.get("name"))
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
            _drop(holder, place, ["maxAge"], MAX_AGE, self.notes)
            _drop(holder, place, ["timeStarted"], INNER_STATE, self.notes)
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
                    self.notes.add(ONE_SCHEDULE.format(kind, _shown(chosen[kind])), f"{_shown(expression)} of {owner}")
            for where in self.resources[kind]:
                if where not in found:
                    self.notes.add(UNSCHEDULED.format(kind, _shown(chosen[kind])), self.owners[where])
            if kind == "retrain":
                self.notes.add(RETRAIN)
        return chosen


# --- The AWS CDK sample automate-mlops-personalize-cdk-pipeline ------------------------------------------------------


def _is_cdk_sample(document: Object) -> bool:
    group = document.get("datasetGroup")
    in_group = _wrapped(group) and isinstance(group.get("datasets"), list) if isinstance(group, dict) else False
    return in_group or ("preprocessing" in document and _any_wrapped(document))


def cdk_sample(document: Object, notes: Notes) -> None:
    """The CDK sample's input: `serviceConfig`, datasets as a list in the dataset group, and switches for every step."""

    def unwrapped(where: str, value: Object) -> Object:
        return _unwrapped(where, value, notes)

    if "preprocessing" in document:
        glue_job = document.pop("preprocessing")
        notes.add(
            PREPROCESSING, _place("$.preprocessing", glue_job.get("jobName") if isinstance(glue_job, dict) else None)
        )
    _drop_empty_tracker(document)
    for name in ("datasetGroup", "eventTracker", "filters"):
        _replace(document, "$", name, unwrapped)
    _cdk_datasets(document, notes)
    _keep_wanted(document, "$", "recommenders", "createRecommender", unwrapped, notes)
    made: dict[str, bool] = {}

    def solution(where: str, value: Object) -> Object:
        result = unwrapped(where, value)
        _drop_auto_ml(where, result, notes)
        _replace(result, where, "solutionVersion", solution_version)
        version = result.get("solutionVersion")
        made[_place(where, result.get("name"))] = _switch(version, "createNewSolutionVersion") is True
        _keep_wanted(result, where, "campaigns", "createCampaign", campaign, notes)
        for name, switch in BATCH_JOBS.items():
            _keep_wanted(result, where, name, switch, batch_job, notes)
        return result

    def solution_version(where: str, value: Object) -> Object:
        return _without_name(where, unwrapped(where, value), notes)

    def campaign(where: str, value: Object) -> Object:
        result = unwrapped(where, value)
        if result.get("solutionversion") == "":
            del result["solutionversion"]
        _drop(result, where, ["solutionversion"], VERSION_OF_CAMPAIGN, notes)
        return result

    def batch_job(where: str, value: Object) -> Object:
        result = unwrapped(where, value)
        _drop_role(where, result, notes)
        _drop_output(where, result, notes)
        return result

    _replace(document, "$", "solutions", solution)
    _always(document, "train", made, NEW_VERSION, NEW_VERSION_SOME, notes)


def _cdk_datasets(document: Object, notes: Notes) -> None:
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
        dataset = _dataset(where, kind, rest, lambda place, value: _unwrapped(place, value, notes), notes)
        if "importJob" not in dataset and isinstance(dataset.get("datasetImportJob"), dict):
            place = f"{where}.datasetImportJob"
            job = dataset["importJob"] = _unwrapped(place, dataset.pop("datasetImportJob"), notes)
            made[_place(where, dataset.get("name"))] = _switch(job, "createNewJob") is True
            _drop_role(place, job, notes)
            _drop(job, place, FILLED_IN, FILLED_IN_NOTE, notes)
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


def _drop_output(where: str, job: Object, notes: Notes) -> None:
    """Take out a place for a batch job's results that Personalize may not write to."""
    path = job.get("jobOutput")
    for name in ("s3DataDestination", "path"):
        path = path.get(name) if isinstance(path, dict) else None
    if isinstance(path, str) and places.unwritable(path, None, "", None):
        del job["jobOutput"]
        notes.add(BATCH_RESULTS, _place(f"{where}.jobOutput", path))


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
    _replace(holder, where, name, translate)
    if not isinstance(holder.get(name), list):
        return
    kept = []
    for number, entry in enumerate(holder[name]):
        if _switch(entry, switch) is False:
            named = entry.get("name", entry.get("jobName"))
            notes.add(NOT_WANTED.format(switch), _place(f"{where}.{name}[{number}]", named))
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


# --- ml_ops of amazon-personalize-samples ----------------------------------------------------------------------------


def _is_ml_ops(document: Object) -> bool:
    keyed = document.get("solutions")
    if not isinstance(keyed, dict) or isinstance(keyed.get("name"), str):
        return False
    return any(isinstance(solution, dict) for solution in keyed.values())


def ml_ops(document: Object, notes: Notes) -> None:
    """params.json of ml_ops: as ours, but solutions and campaigns are objects by key, paired by their keys."""
    solutions: Object = {}
    for key, entry in document["solutions"].items():
        solutions[key] = entry
        if isinstance(entry, dict):
            solutions[key] = {"name": key} | entry
            _drop_auto_ml(f"$.solutions.{key}", solutions[key], notes)
    if isinstance(document.get("campaigns"), dict):
        for key, campaign in document.pop("campaigns").items():
            solution = _solution_of(key, solutions)
            if solution is None:
                named = campaign.get("name") if isinstance(campaign, dict) else None
                notes.add(NO_SOLUTION, _place(f"$.campaigns.{key}", named))
                continue
            if isinstance(campaign, dict):
                campaign = {"name": key} | campaign
            solution["campaigns"] = [*solution.get("campaigns", []), campaign]
    document["solutions"] = list(solutions.values())
    if isinstance(document.get("filters"), dict):
        document["filters"] = list(document["filters"].values())

    def dataset(where: str, kind: str, entry: Object) -> Object:
        result = dict(entry)
        _avro(where, kind, result, notes)
        return result

    if isinstance(document.get("datasets"), dict):
        document["datasets"] = _by_type(document["datasets"], dataset)
    if "import" not in document and "train" not in document:
        notes.add(EVERY_UPLOAD)


def _solution_of(campaign: str, solutions: Object) -> Object | None:
    """The solution that a campaign's key belongs to; a single solution has all campaigns."""
    matching = [
        solution
        for key, solution in solutions.items()
        if len(solutions) == 1 or campaign.lower() in (key.lower(), f"{key}campaign".lower())
    ]
    usable = [each for each in matching if isinstance(each, dict) and isinstance(each.get("campaigns", []), list)]
    return usable[0] if usable else None


DIALECTS = (  # the first that recognises a document has it: the CDK sample's shape is a kind of the AWS Solution's
    Dialect("the AWS CDK sample automate-mlops-personalize-cdk-pipeline", _is_cdk_sample, cdk_sample),
    Dialect(
        'the AWS Solution "Maintaining Personalized Experiences with Machine Learning"', _any_wrapped, aws_solution
    ),
    Dialect("the ml_ops sample of amazon-personalize-samples", _is_ml_ops, ml_ops),
)
