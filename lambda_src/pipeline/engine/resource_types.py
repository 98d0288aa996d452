"""The resource types of Personalize as data, read by the reconciler: one row each, named by the API's own noun.

The API is regular: `CreateCampaign` returns `campaignArn`, `DescribeCampaign` returns `campaign`, and `UpdateCampaign`
leaves its progress in `latestCampaignUpdate`. What is irregular about a type stands in its row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Parameters = dict[str, Any]


def _pick(*names: str) -> Callable[[Parameters], Parameters]:
    return lambda values: {name: values[name] for name in names if name in values}


def _solution_update(values: Parameters) -> Parameters:
    """UpdateSolution takes parts of `solutionConfig` under another name."""
    config = _pick("autoTrainingConfig", "eventsConfig")(values.get("solutionConfig", {}))
    update = _pick("performAutoTraining", "performIncrementalUpdate")(values)
    return update | ({"solutionUpdateConfig": config} if config else {})


@dataclass(frozen=True)
class ResourceType:
    """One resource type.

    `updatable` takes the create call's parameters, or a description, to the parameters of the update call; None where
    the API has no update. `fixed` names the parameters that can't be changed once created; where it is `replaceable`,
    the resource is deleted and created anew for them. `listed_by` is set where the ARN does not follow from the name:
    the parameter by which to list its like.
    """

    noun: str
    updatable: Callable[[Parameters], Parameters] | None = None
    fixed: tuple[str, ...] = ()
    replaceable: bool = False
    listed_by: str | None = None

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
    def latest_update(self) -> str:
        """Where a description keeps the last update: `latestCampaignUpdate`."""
        return f"latest{self.noun}Update"

    @property
    def listing(self) -> str:
        """The boto3 method that lists the type: `list_campaigns`."""
        return f"{self.operation('list')}s"

    def operation(self, verb: str) -> str:
        """The boto3 method: `create_dataset_import_job` for `create`."""
        return f"{verb}_{self.label.replace(' ', '_')}"


RESOURCE_TYPES = {
    row.member: row
    for row in (
        ResourceType("DatasetGroup", fixed=("domain", "kmsKeyArn", "roleArn")),
        ResourceType("Schema"),
        ResourceType("Dataset", updatable=_pick("schemaArn")),
        ResourceType("DatasetImportJob"),
        ResourceType("EventTracker", listed_by="datasetGroupArn"),
        # Filter expressions are compared as they were written; the service keeps them so.
        ResourceType("Filter", fixed=("datasetGroupArn", "filterExpression"), replaceable=True),
        ResourceType(
            "Solution",
            updatable=_solution_update,
            fixed=("datasetGroupArn", "recipeArn", "performHPO", "eventType", "solutionConfig"),
        ),
        ResourceType("SolutionVersion", listed_by="solutionArn"),
        ResourceType("Campaign", updatable=_pick("solutionVersionArn", "minProvisionedTPS", "campaignConfig")),
        ResourceType("BatchInferenceJob"),
        ResourceType("BatchSegmentJob"),
        ResourceType("MetricAttribution"),  # only to be deleted with its group
        ResourceType("Recommender", updatable=_pick("recommenderConfig"), fixed=("datasetGroupArn", "recipeArn")),
    )
}


def differs(wanted: Any, present: Any) -> bool:
    """Whether `present` lacks or contradicts anything that `wanted` says; what only the service says is its default."""
    if isinstance(wanted, dict) and isinstance(present, dict):
        return any(differs(value, present.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list) and isinstance(present, list):
        return len(wanted) != len(present) or any(map(differs, wanted, present))
    if isinstance(wanted, str) and wanted.endswith("/$LATEST"):
        # What a description shows for $LATEST is unconfirmed: any version of the same solution will do.
        return not str(present).startswith(wanted.removesuffix("$LATEST"))
    return bool(wanted != present) and not (wanted in (False, None, {}, []) and present in (False, None, {}, []))
