"""What filters and metadata in recommendations need of the group's datasets, where the file itself does not tell."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipeline.engine.existing import Existing
from pipeline.engine.resource_types import Parameters
from pipeline.engine.resources import ABSENT
from pipeline.params import filters
from pipeline.params.sections import Placed, Sections


def check_filters(read: Sections, existing: Existing) -> None:
    """Hold filters against datasets that are there already; what the file's own schemas tell was said before."""
    in_file = {section.dataset_type: section for section in read.datasets}
    for placed in read.filters:
        if placed.resource.target == ABSENT:
            continue
        where, expression = f"{placed.where}.filterExpression", placed.resource.parameters["filterExpression"]
        for dataset_type in sorted(filters.datasets(expression)):
            section = in_file.get(dataset_type)
            if section is not None and section.avro is not None:
                continue
            dataset = section.dataset.parameters if section is not None else _present(read, existing, dataset_type)
            if dataset is None:
                what = f"reads {dataset_type}, a dataset that the group does not have. Add it to `datasets`."
                read.problem(where, what)
                continue
            described = existing.describe("schema", dataset.get("schemaArn", ""))
            if described is not None:
                read.problems += filters.problems(where, expression, {dataset_type: json.loads(described["schema"])})


def check_metadata(read: Sections, existing: Existing) -> None:
    """Campaigns and recommenders can show metadata of an Items dataset only. Source: API CampaignConfig."""
    asking = [
        f"{placed.where}.{config}.enableMetadataWithRecommendations"
        for placed, config in _serving(read)
        if placed.resource.target != ABSENT
        and placed.resource.parameters.get(config, {}).get("enableMetadataWithRecommendations")
    ]
    in_file = any(section.dataset_type == "Items" for section in read.datasets)
    if asking and not in_file and _present(read, existing, "Items") is None:
        for where in asking:
            read.problem(where, "needs a dataset of Items, which the group does not have. Add it to `datasets`.")


def _serving(read: Sections) -> Iterator[tuple[Placed, str]]:
    """What answers requests, and the parameter with its settings."""
    for section in read.solutions:
        yield from ((campaign, "campaignConfig") for campaign in section.campaigns)
    yield from ((recommender, "recommenderConfig") for recommender in read.recommenders)


def _present(read: Sections, existing: Existing, dataset_type: str) -> Parameters | None:
    """The group's dataset of a type, as Personalize describes it."""
    group = (read.dataset_group.arn or "").replace(":dataset-group/", ":dataset/")
    return existing.describe("dataset", f"{group}/{dataset_type.upper()}")
