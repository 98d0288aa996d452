"""The graph of a run: its resources in the stages of the workflow, each after what it needs.

Creation order: Developer Guide, as in the reference of the service: schema and group, dataset, import, then what is
built on the data. A training waits for all imports, and for no filter.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.engine.record import ids
from pipeline.engine.resources import ACTIVE, Resource
from pipeline.params.sections import Sections

# The stages that work on resources, as the workflow's actions name them.
DATASET_GROUP, IMPORT, BUILD, TEAR_DOWN = "makeDatasetGroup", "importDatasets", "trainAndDeploy", "tearDown"


def graph(read: Sections) -> list[Resource]:
    """All resources of the params, in the order in which a reader understands them."""
    read.dataset_group.stage = DATASET_GROUP
    data = list(_import(read))
    built = list(_build(read, data))
    return [read.dataset_group, *data, *built]


def _placed(stage: str, resource: Resource, *after: Resource) -> Resource:
    """What is to go, or to stop, waits for nothing: it costs money, or a place under a quota."""
    resource.stage = stage
    if resource.target == ACTIVE:
        resource.after += [name for name in ids(after) if name not in resource.after]
    return resource


def _import(read: Sections) -> Iterator[Resource]:
    group = read.dataset_group
    for section in read.datasets:
        before = [group]
        if section.schema:
            yield _placed(IMPORT, section.schema, group)
            before.append(section.schema)
        yield _placed(IMPORT, section.dataset, *before)
        if section.old_schema:
            section.old_schema.after = [section.dataset.id]
            yield _placed(IMPORT, section.old_schema)
    # A metric attribution reports on what is imported after it was made; where it can't be made, data is imported too.
    for placed in read.metric_attributions:
        yield _placed(IMPORT, placed.resource, *(section.dataset for section in read.datasets))
    for section in read.datasets:
        section.import_job.after_any = ids(placed.resource for placed in read.metric_attributions)
        yield _placed(IMPORT, section.import_job, section.dataset)


def _build(read: Sections, data: list[Resource]) -> Iterator[Resource]:
    """On the data: each after all of it, for what is in the datasets decides whether it is legal."""
    data = [resource for resource in data if resource.type in ("dataset", "datasetImportJob")]
    datasets = [section.dataset for section in read.datasets]
    for placed in read.event_trackers:
        yield _placed(BUILD, placed.resource, *datasets)
    for placed in [*read.filters, *read.recommenders]:
        yield _placed(BUILD, placed.resource, *data)
    for trial in read.trials:
        yield _placed(BUILD, trial, *([] if trial.after_any else data))
    filters = {placed.resource.arn: placed.resource for placed in read.filters}
    for section in read.solutions:
        yield _placed(BUILD, section.solution, *datasets)
        yield _placed(BUILD, section.solution_version, section.solution, *data)
        for placed in section.campaigns:
            yield _placed(BUILD, placed.resource, section.solution_version)
        for placed in section.batch_jobs:
            used = filters.get(placed.resource.parameters.get("filterArn", ""))
            yield _placed(BUILD, placed.resource, section.solution_version, *([used] if used else []))
