"""`adopt`: write the params file of a dataset group that exists, so that a pipeline can go on with it.

The file is held against the pipeline's own rules while it grows; what they refuse is left out, and told. Nothing is
changed in Personalize.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import clients
from pipeline.arns import Arns
from pipeline.boundaries import Boundaries
from pipeline.engine.calls import describe, failed, is_being_deleted, listed, status_of
from pipeline.engine.differences import differs
from pipeline.engine.lookup import newest_usable
from pipeline.engine.resource_types import RESOURCE_TYPES, Parameters
from pipeline.params import document as params
from pipeline.params import places, recipes, schemas
from pipeline.planning.reading import Surroundings, read_params
from pipeline.problems import Problem

from .errors import CommandError
from .terminal import Terminal

Document = dict[str, Any]
TYPES = {kind.upper(): kind for kind in schemas.CUSTOM}
# Parameters of create calls that the pipeline fills in, or that this command decides on.
NOT_COPIED = {
    *("datasetArn", "datasetGroupArn", "datasetType", "schemaArn", "solutionVersionArn"),
    *("dataSource", "jobName", "tags"),
}
# What the service shows where nothing was asked for. `performAutoTraining` is not among it: the pipeline's own default
# is another than the service's.
DEFAULTS: dict[str, Parameters] = {
    "datasetImportJob": {"importMode": "FULL", "publishAttributionMetricsToS3": False},
    "solution": {
        "performHPO": False,
        "performAutoML": False,
        "solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}},
    },
}
ADVICE = (
    'The file leaves "import" and "train" at "auto": data is imported when it changed, solutions are trained when data '
    "was imported. A pipeline tells unchanged data by the names of its own import jobs. So if anything else imported "
    "the data, the first upload imports all that lies beside the params file and trains every "
    'solution, which is billed. Write "import": "never" and "train": "never" into the file to begin without.',
    'Schedules belong to a pipeline, not to Personalize: write those you want into "schedules".',
    "Imports, batch jobs and metric attributions will use the role of the pipeline that the file is uploaded to.",
    "`personalize-pipeline plan FILE -d NAME` (`make plan PARAMS=file BUCKET=name`) shows what the upload would do.",
)


def run(group: str, output: Path | None, terminal: Terminal) -> int:
    """Print or write the params file of a group; what is not in it goes to standard error, or with it into JSON.

    Returns:
        0, or 1 where the file has to be completed before a pipeline accepts it.
    """
    arn = _find(group)
    adoption = Adoption(arn)
    document = adoption.document()
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        if not terminal.as_json:
            print(text, end="")
    else:
        try:
            with output.open("x", encoding="utf-8") as opened:
                opened.write(text)
        except OSError as error:
            raise CommandError(f"can't write {output}: {error.strerror}.") from None
    faults = adoption.faults(json.loads(text))
    to_mend, notes = [str(fault) for fault in faults], [*adoption.remarks, *ADVICE]
    if terminal.as_json:
        terminal.json({"params": document, "toMend": to_mend, "leftOut": adoption.left_out, "notes": notes})
        return 1 if faults else 0
    _tell("To be mended before the file can be uploaded", to_mend)
    _tell("Not in the file", adoption.left_out)
    _tell("Good to know", notes)
    return 1 if faults else 0


def _tell(title: str, lines: list[str]) -> None:
    if lines:
        print("\n".join((f"{title}:", *(f"  {line}" for line in lines))), file=sys.stderr)


def _find(group: str) -> str:
    """The ARN of the group with that name or ARN."""
    personalize = clients.personalize()
    region = personalize.meta.region_name
    if group.startswith("arn:"):
        if group.split(":")[2:4] != ["personalize", region] or ":dataset-group/" not in group:
            raise CommandError(f"{group} is no dataset group of the region {region}. Set AWS_DEFAULT_REGION to its.")
        if describe(RESOURCE_TYPES["datasetGroup"], group) is None:
            raise CommandError(f"the region {region} has no dataset group {group}.")
        return group
    pages = personalize.get_paginator("list_dataset_groups").paginate()
    groups = {entry["name"]: entry["datasetGroupArn"] for page in pages for entry in page["datasetGroups"]}
    if group not in groups:
        there = f"It has {', '.join(sorted(groups))}." if groups else "It has none at all."
        raise CommandError(f"the region {region} has no dataset group named {group}. {there}")
    return groups[group]


class Adoption:
    """Reads one dataset group.

    Collects what can't be carried over in `left_out`, and in `remarks` what is carried over, but means something.
    """

    def __init__(self, group_arn: str) -> None:
        self.group_arn = group_arn
        _, partition, _, region, account, *_ = group_arn.split(":")
        arns = Arns(partition, region, account)
        self.surroundings = Surroundings(arns, None, None, lambda _: None, Boundaries(), "")
        self.left_out: list[str] = []
        self.remarks: list[str] = []
        self.jobs: list[str] = []

    def document(self) -> Document:
        """The params document."""
        group = describe(RESOURCE_TYPES["datasetGroup"], self.group_arn)
        assert group
        document: Document = {"datasetGroup": self._parameters("datasetGroup", group), "datasets": {}}
        for dataset in self._all("dataset"):
            self._add_dataset(document, dataset)
        for tracker in self._all("eventTracker"):
            document["eventTracker"] = self._parameters("eventTracker", tracker)
        for attribution in self._all("metricAttribution"):
            document = self._with_attribution(document, attribution)
        for entry in self._all("filter"):
            document = self._with(document, "filters", self._parameters("filter", entry))
        for solution in self._all("solution"):
            document = self._with_solution(document, solution)
        for recommender in self._all("recommender"):
            entry = self._parameters("recommender", recommender)
            if status_of(recommender) in ("INACTIVE", "STOP PENDING", "STOP IN_PROGRESS"):
                entry["state"] = "stopped"
            document = self._with(document, "recommenders", entry)
        if self.jobs:
            done = f"Batch jobs, which ran once ({', '.join(self.jobs)}): add those that shall run again to a solution."
            self.left_out.append(done)
        return _with_common_tags(document)

    def faults(self, document: Document) -> list[Problem]:
        """What a pipeline would refuse in the document itself."""
        reading = read_params(json.dumps(document).encode(), {}, self.surroundings)
        return reading.problems + (reading.sections.problems if reading.sections else [])

    def _all(self, kind: str, parent: str | None = None) -> Iterator[Parameters]:
        """The descriptions of all that can be gone on with, oldest first; of the same age by name."""
        row = RESOURCE_TYPES[kind]
        entries = listed(row, parent or self.group_arn)
        for entry in sorted(entries, key=lambda entry: (entry["creationDateTime"], entry["name"])):
            status = status_of(entry)
            if failed(status) or is_being_deleted(status):
                self.left_out.append(f"{row.label} {entry['name']}: it is {status}.")
            elif description := describe(row, entry[row.arn_member]):
                yield description

    def _parameters(self, kind: str, description: Parameters) -> Parameters:
        """The create call's parameters that make what the description shows."""
        row = RESOURCE_TYPES[kind]
        operation = clients.personalize().meta.service_model.operation_model(f"Create{row.noun}")
        assert operation.input_shape
        members = [name for name in operation.input_shape.members if name not in NOT_COPIED]
        asked = {name: description[name] for name in members if name in description}
        said = _beyond(_beyond(asked, DEFAULTS.get(kind, {})), row.defaults)
        return said | self._tags(kind, description[row.arn_member])

    def _tags(self, kind: str, arn: str) -> Parameters:
        if not RESOURCE_TYPES[kind].taggable:
            return {}
        tags = clients.personalize().list_tags_for_resource(resourceArn=arn)["tags"]
        return {"tags": [dict(tag) for tag in tags if not tag["tagKey"].startswith("aws:")]}  # AWS sets those itself

    def _with(self, document: Document, section: str, entry: Parameters) -> Document:
        """The document with one entry more, unless a pipeline would refuse that."""
        grown = document | {section: [*document.get(section, []), entry]}
        return grown if self._accepted(document, grown, f"{section} {entry['name']}") else document

    def _accepted(self, document: Document, grown: Document, what: str) -> bool:
        known = self.faults(document)
        new = [fault for fault in self.faults(grown) if fault not in known]
        if new:
            self.left_out.append(f"{what}: {'; '.join(fault.what for fault in new)}")
        return not new

    def _add_dataset(self, document: Document, dataset: Parameters) -> None:
        kind = TYPES.get(dataset["datasetType"].upper())
        if kind is None:
            self.left_out.append(f"dataset {dataset['name']}: a pipeline knows no type {dataset['datasetType']}.")
            return
        entry = self._parameters("dataset", dataset) | self._schema(document, kind, dataset["schemaArn"])
        if latest := self._latest_import(dataset):
            entry["importJob"] = _without_role(self._parameters("datasetImportJob", latest))
            place = latest.get("dataSource", {}).get("dataLocation", "an unknown place")
            self.remarks.append(
                f"{kind} was last imported from {place}. The pipeline looks for it beside the params file; for another "
                f"place write datasets.{kind}.importJob.dataSource."
            )
        document["datasets"][kind] = entry

    def _latest_import(self, dataset: Parameters) -> Parameters | None:
        """The newest import of the dataset that did not fail; an earlier dataset may have had the same ARN."""
        row = RESOURCE_TYPES["datasetImportJob"]
        for job in listed(row, dataset["datasetArn"]):
            if not failed(job["status"]) and job["creationDateTime"] >= dataset["creationDateTime"]:
                return describe(row, job[row.arn_member])
        return None

    def _with_attribution(self, document: Document, attribution: Parameters) -> Document:
        """The metric attribution; without its place where a pipeline's role may not write there."""
        entry = self._parameters("metricAttribution", attribution)
        output = _without_role(entry.pop("metricsOutputConfig", {}))
        place = output.get("s3DataDestination", {}).get("path")
        if place and (fault := places.unwritable(place, None, places.metrics_output, entry["name"])):
            del output["s3DataDestination"]
            self.remarks.append(
                f"Metric attribution {entry['name']} writes to {place}; the upload changes that to a folder beside the "
                f"params file: {fault}"
            )
        grown = document | {"metricAttribution": entry | ({"metricsOutputConfig": output} if output else {})}
        return grown if self._accepted(document, grown, f"metric attribution {entry['name']}") else document

    def _schema(self, document: Document, kind: str, arn: str) -> Parameters:
        """The Avro schema; one that a pipeline would refuse to create is named by its ARN."""
        description = describe(RESOURCE_TYPES["schema"], arn)
        assert description
        avro = json.loads(description["schema"])
        faults = params.avro_problems("$", avro) or list(
            schemas.problems("$", kind, document["datasetGroup"].get("domain"), avro)
        )
        if not faults:
            return {"schema": avro}
        self.remarks.append(
            f"{kind} keeps its schema by its ARN, so data is not checked before an import: the schema {arn} is one "
            f"that a pipeline would not create ({faults[0].what})"
        )
        return {"schemaArn": arn}

    def _with_solution(self, document: Document, solution: Parameters) -> Document:
        arn, name = solution["solutionArn"], solution["name"]
        versions = listed(RESOURCE_TYPES["solutionVersion"], arn)
        newest = newest_usable(versions)
        entry = self._parameters("solution", solution)
        if newest:
            entry["solutionVersion"] = self._version(name, newest, versions)
        for version in versions:
            for kind in ("batchInferenceJob", "batchSegmentJob"):
                jobs = listed(RESOURCE_TYPES[kind], version["solutionVersionArn"])
                self.jobs += [job["jobName"] for job in jobs]
        campaigns = list(self._all("campaign", arn))
        if "recipeArn" not in solution:
            self.left_out.append(
                f"solution {name}: it was made by AutoML, which Personalize has withdrawn. Make one with the recipe "
                f"{recipes.AUTO_ML_SUCCESSOR} instead."
            )
        grown = document
        if "recipeArn" in solution:
            grown = self._with(document, "solutions", entry)
        if grown is document:
            self.left_out += [f"campaign {campaign['name']}: its solution is left out." for campaign in campaigns]
            return document
        for campaign in campaigns:
            kept = [*entry.get("campaigns", []), self._campaign(campaign, newest)]
            larger = document | {"solutions": [*document.get("solutions", []), entry | {"campaigns": kept}]}
            if self._accepted(grown, larger, f"campaign {campaign['name']}"):
                grown, entry = larger, entry | {"campaigns": kept}
        return grown

    def _version(self, solution: str, newest: Parameters, versions: list[Parameters]) -> Parameters:
        """How the next version is to be trained: as the newest one was."""
        tags = self._tags("solutionVersion", newest["solutionVersionArn"])
        if newest.get("trainingMode") != "UPDATE":
            return tags
        if any(entry["status"] == "ACTIVE" and entry.get("trainingMode") == "FULL" for entry in versions):
            return {"trainingMode": "UPDATE"} | tags
        self.remarks.append(
            f"Solution {solution} was trained by UPDATE, and no FULL training is left that it goes on from."
        )
        return tags

    def _campaign(self, campaign: Parameters, newest: Parameters | None) -> Parameters:
        """A campaign follows the newest version by itself, so one that serves another is pinned to that."""
        entry = self._parameters("campaign", campaign)
        serving = campaign["solutionVersionArn"]
        follows = entry.get("campaignConfig", {}).get("syncWithLatestSolutionVersion")
        if not follows and newest and serving != newest["solutionVersionArn"]:
            entry["solutionVersionArn"] = serving
            self.remarks.append(
                f"Campaign {campaign['name']} serves {serving}, which is not the newest version, and is kept on it. "
                "Take its solutionVersionArn out to let it follow."
            )
        return entry


def _without_role(values: Parameters) -> Parameters:
    """The values as a pipeline takes them, which knows the role by itself."""
    return {name: value for name, value in values.items() if name != "roleArn"}


def _beyond(values: Parameters, defaults: Parameters) -> Parameters:
    """The values without those that are the service's defaults, and without objects that say nothing."""
    result = {}
    for name, value in values.items():
        default = defaults.get(name)
        if isinstance(value, dict):
            value = _beyond(value, default if isinstance(default, dict) else {})
            if not value:
                continue
        elif name in defaults and not differs(value, default):
            continue
        result[name] = value
    return result


def _with_common_tags(document: Document) -> Document:
    """The document with the tags that everything has at its root, and no empty lists of tags."""
    tagged = list(_tagged(document))
    common = [tag for tag in document["datasetGroup"]["tags"] if all(tag in each["tags"] for each in tagged)]
    for each in tagged:
        each["tags"] = [tag for tag in each["tags"] if tag not in common]
        if not each["tags"]:
            del each["tags"]
    for holder, name in [
        *((dataset, "importJob") for dataset in document["datasets"].values()),
        *((solution, "solutionVersion") for solution in document.get("solutions", [])),
    ]:
        if holder.get(name) == {}:
            del holder[name]
    return document | ({"tags": common} if common else {})


def _tagged(part: Any) -> Iterator[Document]:
    """Every object with a list of tags."""
    if isinstance(part, dict):
        if "tags" in part:
            yield part
        part = [value for name, value in part.items() if name != "schema"]
    if isinstance(part, list):
        for each in part:
            yield from _tagged(each)
