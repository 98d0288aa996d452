"""From the sections of params.json to resources with all the parameters of their create calls.

Nothing is called here: what Personalize already has is the business of `planning/`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline.arns import Arns
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.engine.resources import ABSENT, ACTIVE, INACTIVE, Resource
from pipeline.params import filters, hyperparameters, places, recipe_rules, recipes, schedule_expressions, schemas
from pipeline.params.document import avro_problems, json_path, slip, unfit
from pipeline.params.tags import problems as tag_problems
from pipeline.params.tags import with_defaults
from pipeline.problems import Problem

# What `state` asks for, as the status to reach.
TARGETS = {"present": ACTIVE, "stopped": INACTIVE, "absent": ABSENT}
MOST_RESOURCES = 1000  # of a file: a plan asks for each, at a rate that the whole account shares
# Keys of a section that are the pipeline's own, not parameters of the call.
OURS = {
    "schema",
    "importJob",
    "solutionVersion",
    "campaigns",
    "batchInferenceJobs",
    "batchSegmentJobs",
    "state",
    "deployWhen",
    "filterName",
}


@dataclass
class Placed:
    """A resource, and where it stands in the params (`$.campaign`)."""

    where: str
    resource: Resource


@dataclass
class DatasetSection:
    """One entry of `datasets`. `import_job` lacks what the data decides: its name and its data source.

    Planning adds the `old_schema` that an update leaves behind, what the dataset will hold (`content`, the name of an
    import), and whether that is `imported` by this run.
    """

    dataset_type: str
    where: str
    avro: schemas.Avro | None
    schema: Resource | None
    dataset: Resource
    import_job: Resource
    old_schema: Resource | None = None
    content: str = ""
    imported: bool = False


@dataclass
class SolutionSection:
    """A solution, the version to train, and what uses it. Batch jobs lack what the input decides: their names."""

    where: str
    solution: Resource
    solution_version: Resource
    campaigns: list[Placed]
    batch_jobs: list[Placed]


@dataclass
class Sections:
    """A params document, read.

    Planning adds the `trials` of filters that are replaced, and the ARNs of the campaigns that are `kept_off`.
    """

    dataset_group: Resource
    domain: str | None = None
    datasets: list[DatasetSection] = field(default_factory=list)
    event_trackers: list[Placed] = field(default_factory=list)
    filters: list[Placed] = field(default_factory=list)
    metric_attributions: list[Placed] = field(default_factory=list)
    solutions: list[SolutionSection] = field(default_factory=list)
    recommenders: list[Placed] = field(default_factory=list)
    trials: list[Resource] = field(default_factory=list)
    schedules: dict[str, str] = field(default_factory=dict)
    when: dict[str, str] = field(default_factory=dict)
    serving: str = "on"
    kept_off: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def problem(self, where: str, what: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(where, what))


class Reader:
    """Reads one document. What all sections need is kept here: the ARNs, the role, the folder, the default tags."""

    def __init__(self, document: dict[str, Any], arns: Arns, role_arn: str | None, home: str | None) -> None:
        self.document = document
        self.arns = arns
        self.role_arn = role_arn
        self.home = home
        self.tags = document.get("tags", [])
        self.trained_by_hand: list[str] = []  # solutions
        group = self._parameters("datasetGroup", document["datasetGroup"])
        if "kmsKeyArn" in group and role_arn:
            group.setdefault("roleArn", role_arn)  # CreateDatasetGroup: a key needs a role
        self.group_arn = arns.of("dataset-group", group["name"])
        self.domain: str | None = group.get("domain")
        self.read = Sections(Resource("datasetGroup", group["name"], group, self.group_arn), self.domain)
        if "roleArn" in group and "kmsKeyArn" not in group:
            self.read.problem("$.datasetGroup.roleArn", "is only legal together with `kmsKeyArn`. Leave it out.")

    def sections(self) -> Sections:
        """All sections of the document."""
        document, read = self.document, self.read
        read.serving = document.get("serving", "on")
        steps = ("import", "train", "batch")
        read.when = {what: "never" if read.serving == "off" else document.get(what, "auto") for what in steps}
        read.schedules = document.get("schedules", {})
        for purpose, expression in read.schedules.items():
            if what := schedule_expressions.fault(expression):
                read.problem(json_path("schedules", purpose), what)
        read.datasets = [self._dataset(kind, entry) for kind, entry in document.get("datasets", {}).items()]
        if "eventTracker" in document:
            read.event_trackers = [self._in_group("eventTracker", "$.eventTracker", document["eventTracker"])]
        read.filters = [
            self._in_group("filter", json_path("filters", number), entry)
            for number, entry in enumerate(document.get("filters", []))
        ]
        self._check_filters()
        if "metricAttribution" in document:
            read.metric_attributions = [self._metric_attribution("$.metricAttribution", document["metricAttribution"])]
        read.recommenders = [
            self._recommender(json_path("recommenders", number), entry)
            for number, entry in enumerate(document.get("recommenders", []))
        ]
        read.solutions = [self._solution(where, entry) for where, entry in self._solution_entries()]
        if self.trained_by_hand:
            read.notes.append(
                f"Automatic training is off for {', '.join(self.trained_by_hand)}: uploads train when data or settings "
                "changed, and schedules do. Set performAutoTraining to true to let Personalize retrain by itself."
            )
        self._check_names()
        read.problems += tag_problems(document)
        return read

    def _parameters(self, kind: str, entry: Parameters) -> Parameters:
        """The create call's parameters of a section: without the pipeline's own keys, with the default tags."""
        given = {name: value for name, value in entry.items() if name not in OURS}
        return with_defaults(kind, given, self.tags)

    def _filled_in(self, where: str, given: Parameters, ours: Parameters) -> Parameters:
        """The given parameters with ours; a given value that contradicts ours is a problem."""
        for name, value in ours.items():
            if name in given and str(given[name]).upper() != str(value).upper():
                self.read.problem(f"{where}.{name}", f"the pipeline fills in {value}. Leave it out.")
        return given | ours

    def _with_role(self, where: str, given: Parameters) -> Parameters:
        """The parameters of a job with the deployment's role, which is the only one that the function may pass."""
        if self.role_arn is None:
            return given
        if given.get("roleArn", self.role_arn) != self.role_arn:
            what = f"the pipeline can pass only its own role to Personalize, {self.role_arn}. Leave it out."
            self.read.problem(f"{where}.roleArn", what)
        return given | {"roleArn": self.role_arn}

    def _check_place(self, where: str, what: str | None) -> None:
        if what:
            self.read.problem(where, what)

    def _check_arn(self, where: str, arn: str | None, arn_type: str) -> None:
        """What is not made here, and named by its ARN: of this account and region, as IAM has it too."""
        if arn and not arn.startswith(prefix := self.arns.of(arn_type, "")):
            self.read.problem(where, f"is {arn}; it must be of this account and region: {prefix}NAME.")

    def _in_group(self, kind: str, where: str, entry: Parameters) -> Placed:
        """A resource that needs no more than its dataset group."""
        given = self._filled_in(where, self._parameters(kind, entry), {"datasetGroupArn": self.group_arn})
        row = RESOURCE_TYPES[kind]
        arn = None if row.listed_by else self.arns.of(row.arn_type, entry["name"])
        target = TARGETS[entry.get("state", "present")]
        return Placed(where, Resource(kind, entry["name"], given, arn, target))

    def _check_filters(self) -> None:
        """What the schemas in the file tell; planning sees to datasets that are there already."""
        for placed in self.read.filters:
            expression = placed.resource.parameters["filterExpression"]
            if placed.resource.target != ABSENT:
                where = f"{placed.where}.filterExpression"
                self.read.problems += filters.problems(where, expression, self._avros())
                if what := filters.unusual(expression):
                    self.read.notes.append(f"The expression of the filter {placed.resource.name} {what}")

    def _metric_attribution(self, where: str, entry: Parameters) -> Placed:
        placed = self._in_group("metricAttribution", where, entry)
        given = placed.resource.parameters.get("metricsOutputConfig", {})
        output = self._with_role(f"{where}.metricsOutputConfig", given)
        path = f"{where}.metricsOutputConfig.s3DataDestination.path"
        if destination := output.get("s3DataDestination"):
            self._check_place(
                path, places.unwritable(destination["path"], self.home, places.metrics_output, entry["name"])
            )
        elif self.home:
            output = {"s3DataDestination": {"path": places.metrics_output(self.home, entry["name"])}} | output
        placed.resource.parameters["metricsOutputConfig"] = output
        names = Counter(metric["metricName"] for metric in entry["metrics"])
        for name, count in names.items():
            if count > 1:
                self.read.problem(f"{where}.metrics", f"has the metric {name} {count} times. Names are unique.")
        for number, metric in enumerate(entry["metrics"]):
            self._tell(f"{where}.metrics[{number}]", recipe_rules.of_metric(metric, self._avros()))
        return placed

    def _recommender(self, where: str, entry: Parameters) -> Placed:
        placed = self._in_group("recommender", where, entry)
        self._check_recipe_arn(where, entry["recipeArn"])
        if self.domain is None:
            self.read.problem(where, "a recommender needs a dataset group with a `domain`. Use `solutions` instead.")
        elif not recipes.for_recommenders(entry["recipeArn"]):
            self.read.problem(f"{where}.recipeArn", f"is no recipe of the domain {self.domain}.")
        elif recipes.domain_of(entry["recipeArn"]) != self.domain:
            self.read.problem(f"{where}.recipeArn", f"belongs to another domain than the group's, {self.domain}.")
        name = recipes.name_of(entry["recipeArn"])
        recipe = recipes.EXPLORING_USE_CASE if name in recipes.EXPLORING else recipes.USE_CASE
        self._tell(where, recipe_rules.of_recommender(name, recipe, placed.resource.parameters, self._avros()))
        return placed

    def _dataset(self, dataset_type: str, entry: Parameters) -> DatasetSection:
        where = json_path("datasets", dataset_type)
        group_name = self.read.dataset_group.name
        dataset_arn = self.arns.of("dataset", group_name, dataset_type.upper())
        avro = self._avro(f"{where}.schema", entry.get("schema"))
        schema = None
        if avro is not None:
            self.read.problems += schemas.problems(f"{where}.schema", dataset_type, self.domain, avro)
            name = schemas.name_for(entry["name"], self.domain, avro)
            domain = {"domain": self.domain} if self.domain else {}
            parameters = {"name": name, "schema": schemas.text_of(avro)} | domain
            schema = Resource("schema", name, parameters, self.arns.of("schema", name))
        self._check_arn(f"{where}.schemaArn", entry.get("schemaArn"), "schema")
        if ("schema" in entry) == ("schemaArn" in entry):
            both = "schema" in entry
            self.read.problem(where, "give either `schema` or `schemaArn`." if both else "lacks its `schema`.")
        if self.domain and dataset_type.startswith("Action"):
            self.read.problem(where, f"a group of the domain {self.domain} takes Interactions, Users and Items only.")

        ours = {"datasetGroupArn": self.group_arn, "datasetType": dataset_type}
        if schema and schema.arn:
            ours["schemaArn"] = schema.arn
        dataset = Resource(
            "dataset", entry["name"], self._filled_in(where, self._parameters("dataset", entry), ours), dataset_arn
        )
        given = self._with_role(f"{where}.importJob", self._parameters("datasetImportJob", entry.get("importJob", {})))
        job = self._filled_in(f"{where}.importJob", given, {"datasetArn": dataset_arn})
        if location := job.get("dataSource", {}).get("dataLocation"):
            self._check_place(f"{where}.importJob.dataSource.dataLocation", places.unreadable(location, self.home))
        return DatasetSection(
            dataset_type, where, avro, schema, dataset, Resource("datasetImportJob", entry["name"], job)
        )

    def _avro(self, where: str, given: Any) -> schemas.Avro | None:
        """The Avro schema, given as an object (checked with the document) or as JSON text (checked here)."""
        if given is None or isinstance(given, dict):
            return given
        try:
            avro: schemas.Avro = json.loads(given)
        except json.JSONDecodeError as error:
            self.read.problem(where, f"not valid JSON at character {error.pos + 1}: {slip(error)}.")
            return None
        except (ValueError, RecursionError):
            self.read.problem(where, "is nested too deeply, or holds a number with too many digits.")
            return None
        if what := unfit(avro):
            self.read.problem(where, what)
            return None
        if faults := avro_problems(where, avro):
            self.read.problems += faults
            return None
        return avro

    def _solution_entries(self) -> list[tuple[str, dict[str, Any]]]:
        """`solutions`, and before them the short form: `solution` with `campaign`."""
        document = self.document
        entries = [
            (json_path("solutions", number), entry) for number, entry in enumerate(document.get("solutions", []))
        ]
        return ([("$.solution", document["solution"])] if "solution" in document else []) + entries

    def _campaign_entries(self, where: str, entry: dict[str, Any]) -> dict[str, Parameters]:
        short = (
            {"$.campaign": self.document["campaign"]} if where == "$.solution" and "campaign" in self.document else {}
        )
        return short | {
            f"{where}.campaigns[{number}]": given for number, given in enumerate(entry.get("campaigns", []))
        }

    def _solution(self, where: str, entry: dict[str, Any]) -> SolutionSection:
        arn = self.arns.of("solution", entry["name"])
        given = self._parameters("solution", entry)
        self._retire_auto_ml(where, given)
        if "performAutoTraining" not in given:
            given["performAutoTraining"] = False
            self.trained_by_hand.append(entry["name"])
        given = self._filled_in(where, given, {"datasetGroupArn": self.group_arn})
        version = self._parameters("solutionVersion", entry.get("solutionVersion", {}))
        version = self._filled_in(f"{where}.solutionVersion", version, {"solutionArn": arn})
        campaigns = [
            self._campaign(path, campaign, arn) for path, campaign in self._campaign_entries(where, entry).items()
        ]
        batch_jobs = [
            self._batch_job(kind, f"{where}.{kind}s[{number}]", job, arn)
            for kind in ("batchInferenceJob", "batchSegmentJob")
            for number, job in enumerate(entry.get(f"{kind}s", []))
        ]
        solution = Resource("solution", entry["name"], given, arn)
        section = SolutionSection(
            where, solution, Resource("solutionVersion", entry["name"], version), campaigns, batch_jobs
        )
        self._check_recipe(section)
        config = given.get("solutionConfig", {})
        doubts = hyperparameters.doubts(recipes.name_of(given.get("recipeArn", "")), config)
        self.read.notes += [f"{where}{suffix}: {what}" for suffix, what in doubts]
        return section

    def _retire_auto_ml(self, where: str, given: Parameters) -> None:
        """AutoML is withdrawn; a file that asks for it wants a personalised recommender without choosing a recipe."""
        if given.pop("performAutoML", False):
            if "recipeArn" in given:
                self.read.problem(f"{where}.recipeArn", "is not legal with `performAutoML`. Drop the latter.")
            given.setdefault("recipeArn", self.arns.recipe(recipes.AUTO_ML_SUCCESSOR))
            self.read.notes.append(
                f"Solution {given['name']}: AutoML is withdrawn (the recipes that it chose among are gone);"
                f" {recipes.AUTO_ML_SUCCESSOR} is used. Replace performAutoML in {where} by a recipeArn to choose."
            )

    def _check_recipe(self, section: SolutionSection) -> None:
        solution, where, problem = section.solution.parameters, section.where, self.read.problem
        arn = solution.get("recipeArn")
        if arn is None:
            example = self.arns.recipe(recipes.AUTO_ML_SUCCESSOR)
            problem(f"{where}.recipeArn", f"is missing; for instance {example}.")
            return
        self._check_recipe_arn(where, arn)
        name = recipes.name_of(arn)
        recipe = recipes.RECIPES.get(name, recipes.UNKNOWN)
        if recipe.withdrawn:
            problem(f"{where}.recipeArn", f"{name} is withdrawn. {recipes.AUTO_ML_SUCCESSOR} is its successor.")
        if recipes.for_recommenders(arn):
            problem(f"{where}.recipeArn", f"{name} is a recommender's recipe; a solution can't use it.")
        for missing in sorted(set(recipe.needs) - {dataset.dataset_type for dataset in self.read.datasets}):
            problem(f"$.datasets.{missing}", f"is missing; the recipe {name} needs it.")
        if solution.get("performHPO") and not recipe.hpo:
            problem(f"{where}.performHPO", f"{name} has no hyperparameter optimisation of its own. Leave it out.")
        columns = self._interactions_columns()
        if "eventType" in solution and columns is not None and "EVENT_TYPE" not in columns:
            problem(f"{where}.eventType", "selects by EVENT_TYPE, which the Interactions schema lacks.")
        self._tell(where, recipe_rules.of_solution(name, recipe, solution, self._avros()))
        mode = section.solution_version.parameters.get("trainingMode")
        if mode == "UPDATE" and name != "aws-user-personalization":
            problem(
                f"{where}.solutionVersion.trainingMode",
                f"UPDATE needs the recipe aws-user-personalization, not {name}.",
            )
        for campaign in section.campaigns:
            if not recipe.campaigns:
                problem(
                    campaign.where, f"the recipe {name} makes user segments in batch jobs; no campaign can serve it."
                )
            given, gate = campaign.resource.parameters, campaign.resource.gate
            self._tell(campaign.where, recipe_rules.of_campaign(name, recipe, solution, given, gate))
        for job in section.batch_jobs:
            if job.resource.type not in recipe.batch:
                fit = " and ".join(recipe.batch) or "none"
                problem(job.where, f"the recipe {name} can't do this; the batch jobs that fit it: {fit}.")
            self._tell(job.where, recipe_rules.of_batch_job(name, recipe, job.resource.parameters, self._avros()))

    def _tell(self, where: str, findings: Iterable[recipe_rules.Finding]) -> None:
        """Note what is wrong with a section that stands there."""
        for suffix, what in findings:
            self.read.problem(where + suffix, what)

    def _avros(self) -> dict[str, schemas.Avro]:
        """The schemas that the file itself has, by dataset type."""
        return {section.dataset_type: section.avro for section in self.read.datasets if section.avro}

    def _check_recipe_arn(self, where: str, arn: str) -> None:
        if not re.match(r"arn:[^:]*:personalize:::recipe/", arn):
            self.read.problem(f"{where}.recipeArn", f"is {arn}; recipes are AWS's own: {self.arns.recipe('NAME')}.")

    def _interactions_columns(self) -> set[str] | None:
        avros = [section.avro for section in self.read.datasets if section.dataset_type == "Interactions"]
        return {column["name"] for column in avros[0]["fields"]} if avros and avros[0] else None

    def _campaign(self, where: str, entry: Parameters, solution_arn: str) -> Placed:
        given = self._parameters("campaign", entry)
        if given.get("campaignConfig", {}).get("syncWithLatestSolutionVersion"):
            given = self._filled_in(where, given, {"solutionVersionArn": f"{solution_arn}/$LATEST"})
            if "deployWhen" in entry:
                what = "can't hold a campaign that follows its solution by itself (syncWithLatestSolutionVersion)."
                self.read.problem(f"{where}.deployWhen", what)
        self._check_version(where, given, solution_arn)
        campaign = Resource("campaign", entry["name"], given, self.arns.of("campaign", entry["name"]))
        campaign.target = TARGETS[entry.get("state", "present")]
        campaign.gate = entry.get("deployWhen")
        campaign.solution = solution_arn
        return Placed(where, campaign)

    def _check_version(self, where: str, given: Parameters, solution_arn: str) -> None:
        if not given.get("solutionVersionArn", solution_arn + "/").startswith(solution_arn + "/"):
            what = f"is no version of the solution {solution_arn}. Leave it out: the pipeline fills in the newest."
            self.read.problem(f"{where}.solutionVersionArn", what)

    def _batch_job(self, kind: str, where: str, entry: Parameters, solution_arn: str) -> Placed:
        given = self._with_role(where, self._parameters(kind, entry))
        self._check_version(where, given, solution_arn)
        self._check_places(where, given)
        self._check_arn(f"{where}.filterArn", entry.get("filterArn"), "filter")
        if name := entry.get("filterName"):
            if name not in [f.resource.name for f in self.read.filters if f.resource.target != ABSENT]:
                self.read.problem(f"{where}.filterName", f"{name} is not among `filters`, or shall be absent.")
            given = self._filled_in(where, given, {"filterArn": self.arns.of("filter", name)})
        return Placed(where, Resource(kind, entry["jobName"], given))

    def _check_places(self, where: str, job: Parameters) -> None:
        """The places that a batch job names itself."""
        source = places.batch_input(self.home, job["jobName"]) if self.home else None
        if "jobInput" in job:
            source = job["jobInput"]["s3DataSource"]["path"]
            self._check_place(f"{where}.jobInput.s3DataSource.path", places.unreadable(source, self.home))
        if "jobOutput" in job:
            what = places.unwritable(
                job["jobOutput"]["s3DataDestination"]["path"], self.home, places.batch_output, job["jobName"], source
            )
            self._check_place(f"{where}.jobOutput.s3DataDestination.path", what)

    def _check_names(self) -> None:
        """Names are unique per resource type in an account and region (the ARN has nothing else); and not too many."""
        read = self.read
        placed = [*read.filters, *read.recommenders]
        for section in read.solutions:
            placed += [Placed(section.where, section.solution), *section.campaigns, *section.batch_jobs]
        seen: dict[tuple[str, str], str] = {}
        for entry in placed:
            identity = (entry.resource.type, entry.resource.name)
            if identity in seen:
                read.problem(f"{entry.where}", f"has the name of {seen[identity]}, {identity[1]}. Names are unique.")
            seen.setdefault(identity, entry.where)
        if len(placed) > MOST_RESOURCES:
            what = f"names {len(placed):,} solutions, campaigns, batch jobs, recommenders and filters"
            more = "Split it: resources that a file does not name are left as they are."
            read.problem("$", f"{what}; a run looks at {MOST_RESOURCES:,} at most. {more}")


def read(document: dict[str, Any], arns: Arns, role_arn: str | None, home: str | None) -> Sections:
    """The sections of a document that the params schema accepts.

    Args:
        document: the params.
        arns: the account's ARNs.
        role_arn: the role that Personalize assumes. Where it is not known (None) it is neither filled in nor compared.
        home: the folder of the params file, as `s3://bucket/prefix/`. Where it is not known (None), neither is the
            bucket that data has to lie in.
    """
    return Reader(document, arns, role_arn, home).sections()
