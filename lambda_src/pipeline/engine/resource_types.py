"""The resource types of Personalize as data, read by the whole pipeline: one row each, named by the API's own noun.

The API is regular: `CreateCampaign` returns `campaignArn`, `DescribeCampaign` returns `campaign`, and `UpdateCampaign`
leaves its progress in `latestCampaignUpdate`. What is irregular about a type stands in its row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Parameters = dict[str, Any]
Change = Callable[[Parameters, Parameters], Parameters]
MINUTE = 60
# What recipes that explore do where nothing is asked for (API reference, CampaignConfig).
EXPLORATION = {"itemExplorationConfig": {"explorationWeight": "0.3", "explorationItemAgeCutOff": "30"}}


def pick(*names: str) -> Callable[[Parameters], Parameters]:
    """The parameters of these names, where they are given."""
    return lambda values: {name: values[name] for name in names if name in values}


def _solution_settings(values: Parameters) -> Parameters:
    """UpdateSolution takes parts of `solutionConfig` under another name."""
    config = pick("autoTrainingConfig", "eventsConfig")(values.get("solutionConfig", {}))
    update = pick("performAutoTraining", "performIncrementalUpdate")(values)
    return update | ({"solutionUpdateConfig": config} if config else {})


def _as_wanted(wanted: Parameters, present: Parameters) -> Parameters:
    return wanted


def _attribution_change(wanted: Parameters, present: Parameters) -> Parameters:
    """UpdateMetricAttribution adds and removes; a metric of the same name is first removed by its name."""
    metrics, there = wanted.get("metrics", []), present.get("metrics", [])
    added = [metric for metric in metrics if metric not in there]
    removed = [metric["metricName"] for metric in there if metric not in metrics]
    change = pick("metricsOutputConfig")(wanted)
    return change | ({"addMetrics": added} if added else {}) | ({"removeMetrics": removed} if removed else {})


@dataclass(frozen=True)
class ResourceType:
    """One resource type.

    Attributes:
        settings: takes the create call's parameters, or a description, to what an update can change; None where the
            API has no update.
        change: takes wanted and present settings to the parameters of the update call.
        defaults: what settings are where nobody sets them: taken out of a file, they go back to that.
        fixed: parameters that can't be changed once created.
        replaceable: whether the resource is deleted and created anew for them.
        listed_by: where the ARN does not follow from the name, the parameter by which to list its like.
        parent: the parameter by which its like are listed.
        deletable: whether the API can delete it. Jobs and solution versions stay; new ones get new names.
        stop: the operation that ends it before its time.
        taggable: whether the create call takes tags.
        fastest: seconds that no creation has been seen to beat (reference: durations seen on real accounts).
        details: what a description lacks, by the list operation that has it.
    """

    noun: str
    settings: Callable[[Parameters], Parameters] | None = None
    change: Change = _as_wanted
    defaults: Parameters = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    replaceable: bool = False
    listed_by: str | None = None
    parent: str = "datasetGroupArn"
    deletable: bool = True
    stop: str | None = None
    taggable: bool = True
    fastest: float = 0
    details: str | None = None

    @property
    def member(self) -> str:
        """The describe call's response key: `datasetImportJob`."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_member(self) -> str:
        """`datasetImportJobArn`."""
        return f"{self.member}Arn"

    @property
    def label(self) -> str:
        """The type in words: `dataset import job`."""
        return re.sub(r"(?<!^)(?=[A-Z])", " ", self.noun).lower()

    @property
    def arn_type(self) -> str:
        """As in the ARN: `dataset-import-job`."""
        return self.label.replace(" ", "-")

    @property
    def latest_update(self) -> str:
        """Where a description keeps the last update: `latestCampaignUpdate`."""
        return f"latest{self.noun}Update"

    @property
    def listing(self) -> str:
        """The boto3 method that lists the type: `list_campaigns`."""
        return f"{self.operation('list')}s"

    def operation(self, verb: str) -> str:
        """The boto3 method: `create_dataset_import_job` for `create`."""
        if verb == "stop" and self.stop:
            return self.stop
        return f"{verb}_{self.label.replace(' ', '_')}"


RESOURCE_TYPES = {
    row.member: row
    for row in (
        ResourceType("DatasetGroup", fixed=("domain", "kmsKeyArn", "roleArn")),
        ResourceType("Schema", taggable=False),
        ResourceType("Dataset", settings=pick("schemaArn")),
        ResourceType("DatasetImportJob", parent="datasetArn", deletable=False, fastest=2 * MINUTE),
        ResourceType("EventTracker", listed_by="datasetGroupArn"),
        ResourceType("Filter", fixed=("datasetGroupArn", "filterExpression"), replaceable=True),
        ResourceType(
            "MetricAttribution",
            settings=pick("metrics", "metricsOutputConfig"),
            change=_attribution_change,
            listed_by="datasetGroupArn",
            taggable=False,
            details="list_metric_attribution_metrics",
        ),
        ResourceType(
            "Solution",
            settings=_solution_settings,
            defaults={"solutionUpdateConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}}},
            fixed=("datasetGroupArn", "recipeArn", "performHPO", "eventType", "solutionConfig"),
        ),
        ResourceType(
            "SolutionVersion",
            listed_by="solutionArn",
            parent="solutionArn",
            deletable=False,
            stop="stop_solution_version_creation",
            fastest=20 * MINUTE,
        ),
        ResourceType(
            "Campaign",
            settings=pick("solutionVersionArn", "minProvisionedTPS", "campaignConfig"),
            defaults={
                "minProvisionedTPS": 1,
                "campaignConfig": EXPLORATION
                | {"enableMetadataWithRecommendations": False, "syncWithLatestSolutionVersion": False},
            },
            parent="solutionArn",
            fastest=8 * MINUTE,
        ),
        ResourceType("BatchInferenceJob", parent="solutionVersionArn", deletable=False, fastest=10 * MINUTE),
        ResourceType("BatchSegmentJob", parent="solutionVersionArn", deletable=False, fastest=6 * MINUTE),
        ResourceType(
            "Recommender",
            settings=pick("recommenderConfig"),
            defaults={
                "recommenderConfig": EXPLORATION
                | {"minRecommendationRequestsPerSecond": 1, "enableMetadataWithRecommendations": False}
            },
            fixed=("datasetGroupArn", "recipeArn"),
            fastest=30 * MINUTE,
        ),
    )
}
