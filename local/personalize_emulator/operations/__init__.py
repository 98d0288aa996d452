"""Which function answers which operation: one row for each operation of the three services."""

from __future__ import annotations

from ..resources import RESOURCE_TYPES
from ..service_model import CONTROL, EVENTS, RUNTIME
from . import (
    batch,
    campaigns,
    data_jobs,
    dataset_groups,
    datasets,
    event_trackers,
    events,
    filters,
    imports,
    metric_attributions,
    recipes,
    recommenders,
    runtime,
    schemas,
    solution_versions,
    solutions,
    tags,
)
from .common import Handler, delete, describe, list_all

#: Describe, List and Delete of every type; what a type does differently follows below.
GENERIC: dict[str, Handler] = {
    **{f"Describe{kind.noun}": describe(kind.label) for kind in RESOURCE_TYPES.values()},
    **{f"List{kind.noun}s": list_all(kind.label) for kind in RESOURCE_TYPES.values()},
    **{f"Delete{kind.noun}": delete(kind.label) for kind in RESOURCE_TYPES.values() if kind.deletable_from},
}

HANDLERS: dict[str, dict[str, Handler]] = {
    CONTROL: {
        **GENERIC,
        "CreateSchema": schemas.create,
        "CreateDatasetGroup": dataset_groups.create,
        "CreateDataset": datasets.create,
        "UpdateDataset": datasets.update,
        "CreateDatasetImportJob": imports.create,
        "CreateDatasetExportJob": data_jobs.create_export,
        "CreateDataDeletionJob": data_jobs.create_deletion,
        "CreateSolution": solutions.create,
        "UpdateSolution": solutions.update,
        "DescribeSolution": solutions.describe,
        "CreateSolutionVersion": solution_versions.create,
        "StopSolutionVersionCreation": solution_versions.stop,
        "GetSolutionMetrics": solution_versions.metrics,
        "CreateCampaign": campaigns.create,
        "UpdateCampaign": campaigns.update,
        "CreateRecommender": recommenders.create,
        "UpdateRecommender": recommenders.update,
        "StartRecommender": recommenders.start,
        "StopRecommender": recommenders.stop,
        "DescribeRecommender": recommenders.describe,
        "CreateFilter": filters.create,
        "CreateEventTracker": event_trackers.create,
        "CreateBatchInferenceJob": batch.create_inference,
        "CreateBatchSegmentJob": batch.create_segment,
        "CreateMetricAttribution": metric_attributions.create,
        "UpdateMetricAttribution": metric_attributions.update,
        "ListMetricAttributionMetrics": metric_attributions.list_metrics,
        "ListRecipes": recipes.list_recipes,
        "DescribeRecipe": recipes.describe_recipe,
        "DescribeAlgorithm": recipes.describe_algorithm,
        "DescribeFeatureTransformation": recipes.describe_feature_transformation,
        "TagResource": tags.tag,
        "UntagResource": tags.untag,
        "ListTagsForResource": tags.list_tags,
    },
    RUNTIME: {
        "GetRecommendations": runtime.get_recommendations,
        "GetPersonalizedRanking": runtime.get_personalized_ranking,
        "GetActionRecommendations": runtime.get_action_recommendations,
    },
    EVENTS: {
        "PutEvents": events.put_events,
        "PutItems": events.put_items,
        "PutUsers": events.put_users,
        "PutActions": events.put_actions,
        "PutActionInteractions": events.put_action_interactions,
    },
}
