"""Which function answers which operation: one row for each operation of the three services."""

from __future__ import annotations

from ..resources import RESOURCE_TYPES
from ..service_model import CONTROL
from . import campaigns, dataset_groups, datasets, imports, recipes, schemas, solution_versions, solutions, tags
from .common import Handler, delete, describe, list_all

_GENERIC: dict[str, Handler] = {}
for _kind in RESOURCE_TYPES.values():
    _GENERIC[f"Describe{_kind.noun}"] = describe(_kind.label)
    _GENERIC[f"List{_kind.noun}s"] = list_all(_kind.label)
    if _kind.deletable_from:
        _GENERIC[f"Delete{_kind.noun}"] = delete(_kind.label)

HANDLERS: dict[str, dict[str, Handler]] = {
    CONTROL: {
        **_GENERIC,
        "CreateSchema": schemas.create,
        "CreateDatasetGroup": dataset_groups.create,
        "CreateDataset": datasets.create,
        "UpdateDataset": datasets.update,
        "CreateDatasetImportJob": imports.create,
        "CreateSolution": solutions.create,
        "UpdateSolution": solutions.update,
        "DescribeSolution": solutions.describe,
        "CreateSolutionVersion": solution_versions.create,
        "StopSolutionVersionCreation": solution_versions.stop,
        "GetSolutionMetrics": solution_versions.metrics,
        "CreateCampaign": campaigns.create,
        "UpdateCampaign": campaigns.update,
        "ListRecipes": recipes.list_recipes,
        "DescribeRecipe": recipes.describe_recipe,
        "DescribeAlgorithm": recipes.describe_algorithm,
        "DescribeFeatureTransformation": recipes.describe_feature_transformation,
        "TagResource": tags.tag,
        "UntagResource": tags.untag,
        "ListTagsForResource": tags.list_tags,
    },
}
