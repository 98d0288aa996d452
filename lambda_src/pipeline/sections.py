"""From the sections of params.json to resources with all the parameters of their create calls.

Nothing is called here: what Personalize already has is `plan.py`'s business.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from . import recipes, schemas
from .arns import Arns
from .params import avro_problems, json_path
from .problems import Problem
from .reconciler import Resource
from .resource_types import Parameters


@dataclass
class DatasetSection:
    """One entry of `datasets`. `importJob` lacks what the data decides: its name and its data source."""

    dataset_type: str
    where: str
    avro: schemas.Avro | None
    schema: Resource | None
    dataset: Resource
    import_job: Resource


@dataclass
class SolutionSection:
    """A solution, the version to train, and the campaigns that serve it."""

    where: str
    solution: Resource
    solution_version: Resource
    campaigns: list[Resource]
    campaigns_where: list[str]


@dataclass
class Sections:
    """A params document, read."""

    dataset_group: Resource
    datasets: list[DatasetSection] = field(default_factory=list)
    solutions: list[SolutionSection] = field(default_factory=list)
    import_when: str = "auto"
    train_when: str = "auto"
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def resource(kind: str, name: str, parameters: Parameters, arn: str | None = None) -> Resource:
    """A record for the reconciler, yet without a plan."""
    return {"type": kind, "name": name, "arn": arn, "parameters": parameters}


def read(document: dict[str, Any], arns: Arns, role_arn: str) -> Sections:
    """The sections of a document that the params schema accepts; `role_arn` is what Personalize assumes."""
    group = dict(document["datasetGroup"])
    if "kmsKeyArn" in group:
        group.setdefault("roleArn", role_arn)  # CreateDatasetGroup: a key needs a role
    group_arn = arns.of("dataset-group", group["name"])
    sections = Sections(
        dataset_group=resource("datasetGroup", group["name"], group, group_arn),
        import_when=document.get("import", "auto"),
        train_when=document.get("train", "auto"),
    )
    if "roleArn" in group and "kmsKeyArn" not in group:
        sections.problems.append(
            Problem("$.datasetGroup.roleArn", "is only legal together with `kmsKeyArn`. Leave it out.")
        )
    for dataset_type, entry in document["datasets"].items():
        sections.datasets.append(_dataset(sections, dataset_type, entry, group, arns, role_arn))
    if "solution" in document:
        campaigns = {"$.campaign": document["campaign"]} if "campaign" in document else {}
        sections.solutions.append(_solution(sections, "$.solution", document["solution"], campaigns, arns))
    return sections


def _filled_in(sections: Sections, where: str, given: Parameters, ours: Parameters) -> Parameters:
    """The given parameters with ours; a given value that contradicts ours is a problem."""
    for name, value in ours.items():
        if name in given and str(given[name]).upper() != str(value).upper():
            sections.problems.append(Problem(f"{where}.{name}", f"the pipeline fills in {value}. Leave it out."))
    return given | ours


def _dataset(
    sections: Sections, dataset_type: str, entry: dict[str, Any], group: Parameters, arns: Arns, role_arn: str
) -> DatasetSection:
    where = json_path("datasets", dataset_type)
    domain = group.get("domain")
    dataset_arn = arns.of("dataset", group["name"], dataset_type.upper())
    avro = _avro(sections, f"{where}.schema", entry.get("schema"))
    schema = None
    if avro is not None:
        sections.problems += schemas.problems(f"{where}.schema", dataset_type, domain, avro)
        name = schemas.name_for(entry["name"], avro)
        parameters = {"name": name, "schema": schemas.text_of(avro)} | ({"domain": domain} if domain else {})
        schema = resource("schema", name, parameters, arns.of("schema", name))
    if (schema is None) == ("schemaArn" not in entry):
        what = "give either `schema` or `schemaArn`." if schema else "lacks its `schema`."
        sections.problems.append(Problem(where, what))
    if domain and dataset_type.startswith("Action"):
        sections.problems.append(
            Problem(where, f"a group of the domain {domain} takes Interactions, Users and Items only.")
        )

    given = {name: value for name, value in entry.items() if name not in ("schema", "importJob")}
    ours = {"datasetGroupArn": arns.of("dataset-group", group["name"]), "datasetType": dataset_type}
    if schema:
        ours["schemaArn"] = schema["arn"]
    dataset = resource("dataset", entry["name"], _filled_in(sections, where, given, ours), dataset_arn)
    job = {"roleArn": role_arn} | entry.get("importJob", {})
    job = _filled_in(sections, f"{where}.importJob", job, {"datasetArn": dataset_arn})
    return DatasetSection(dataset_type, where, avro, schema, dataset, resource("datasetImportJob", entry["name"], job))


def _avro(sections: Sections, where: str, given: Any) -> schemas.Avro | None:
    """The Avro schema, given as an object (checked with the document) or as JSON text (checked here)."""
    if given is None or isinstance(given, dict):
        return given
    try:
        avro: schemas.Avro = json.loads(given)
    except json.JSONDecodeError as error:
        sections.problems.append(Problem(where, f"not valid JSON: {error.msg} at character {error.pos}."))
        return None
    if faults := avro_problems(where, avro):
        sections.problems += faults
        return None
    return avro


def _solution(
    sections: Sections, where: str, entry: dict[str, Any], campaigns: dict[str, Parameters], arns: Arns
) -> SolutionSection:
    arn = arns.of("solution", entry["name"])
    given = {name: value for name, value in entry.items() if name != "solutionVersion"}
    _retire_auto_ml(sections, where, given, arns)
    if "performAutoTraining" not in given:
        given["performAutoTraining"] = False
        sections.notes.append(
            f"Solution {entry['name']}: automatic training is off, so each upload trains once and nothing else does. "
            f"Set {where}.performAutoTraining to true to let Personalize retrain by itself."
        )
    given = _filled_in(sections, where, given, {"datasetGroupArn": sections.dataset_group["arn"]})
    _check_recipe(sections, where, given, entry.get("solutionVersion", {}), campaigns)
    version = _filled_in(sections, f"{where}.solutionVersion", entry.get("solutionVersion", {}), {"solutionArn": arn})
    return SolutionSection(
        where=where,
        solution=resource("solution", entry["name"], given, arn),
        solution_version=resource("solutionVersion", entry["name"], version),
        campaigns=[_campaign(sections, path, campaign, arn, arns) for path, campaign in campaigns.items()],
        campaigns_where=list(campaigns),
    )


def _retire_auto_ml(sections: Sections, where: str, given: Parameters, arns: Arns) -> None:
    """AutoML is withdrawn; an old file that asks for it wants a personalised recommender without choosing a recipe."""
    if given.pop("performAutoML", False):
        if "recipeArn" in given:
            sections.problems.append(
                Problem(f"{where}.recipeArn", "is not legal with `performAutoML`. Drop the latter.")
            )
        given.setdefault("recipeArn", arns.recipe(recipes.AUTO_ML_SUCCESSOR))
        sections.notes.append(
            f"Solution {given['name']}: AutoML is withdrawn by Personalize (the recipes that it chose among are gone); "
            f"{recipes.AUTO_ML_SUCCESSOR} is used. Replace performAutoML by a recipeArn in {where} to choose yourself."
        )


def _check_recipe(
    sections: Sections,
    where: str,
    solution: Parameters,
    version: Parameters,
    campaigns: dict[str, Parameters],
) -> None:
    arn = solution.get("recipeArn")
    if arn is None:
        example = sections.dataset_group["arn"].split(":")[1]
        what = f"is missing; for instance arn:{example}:personalize:::recipe/{recipes.AUTO_ML_SUCCESSOR}."
        sections.problems.append(Problem(f"{where}.recipeArn", what))
        return
    name = recipes.name_of(arn)
    recipe = recipes.RECIPES.get(name, recipes.Recipe())
    given = {section.dataset_type for section in sections.datasets}
    interactions = next((section for section in sections.datasets if section.dataset_type == "Interactions"), None)
    columns = {column["name"] for column in interactions.avro["fields"]} if interactions and interactions.avro else None

    def problem(path: str, what: str) -> None:
        sections.problems.append(Problem(path, what))

    if recipe.withdrawn:
        problem(f"{where}.recipeArn", f"{name} is withdrawn. {recipes.AUTO_ML_SUCCESSOR} is its successor.")
    if recipes.for_recommenders(arn):
        problem(f"{where}.recipeArn", f"{name} is a recommender's recipe; a solution can't use it.")
    for missing in sorted(set(recipe.needs) - given):
        problem(f"$.datasets.{missing}", f"is missing; the recipe {name} needs it.")
    if solution.get("performHPO") and not recipe.hpo:
        problem(f"{where}.performHPO", f"{name} has no hyperparameter optimisation of its own. Leave it out.")
    if "eventType" in solution and columns is not None and "EVENT_TYPE" not in columns:
        problem(f"{where}.eventType", "selects by EVENT_TYPE, which the Interactions schema lacks.")
    if version.get("trainingMode") == "UPDATE" and name != "aws-user-personalization":
        problem(
            f"{where}.solutionVersion.trainingMode",
            f"UPDATE needs the recipe aws-user-personalization, not {name}.",
        )
    if not recipe.campaigns:
        for path in campaigns:
            problem(path, f"the recipe {name} makes user segments in batch jobs; no campaign can serve it.")


def _campaign(sections: Sections, where: str, entry: Parameters, solution_arn: str, arns: Arns) -> Resource:
    given = dict(entry)
    if given.get("campaignConfig", {}).get("syncWithLatestSolutionVersion"):
        given = _filled_in(sections, where, given, {"solutionVersionArn": f"{solution_arn}/$LATEST"})
    version = given.get("solutionVersionArn", solution_arn + "/")
    if not version.startswith(solution_arn + "/"):
        what = f"is no version of the solution {solution_arn}. Leave it out: the pipeline fills in the newest."
        sections.problems.append(Problem(f"{where}.solutionVersionArn", what))
    return resource("campaign", entry["name"], given, arns.of("campaign", entry["name"]))
