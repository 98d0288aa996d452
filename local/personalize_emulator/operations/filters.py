"""CreateFilter."""

from __future__ import annotations

from .. import filters
from ..avro import Schema
from ..exceptions import InvalidInputException, LimitExceededException
from ..models import PersonalizeBackend
from ..recipes import INTERACTIONS
from ..resources import Resource
from .common import Params
from .datasets import schema_of


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE; expression parsed by a grammar; one dataset to an expression; fields exist, none textual or
    boolean, of interactions only the event type; no placeholders with NOT IN; * only for event types; 10 fields, 20
    over all filters; 30 to a group.

    Source: guide "Filter expression structure and elements"
    """
    # CreateFilter does not declare ResourceInUseException.
    group = backend.get_active("dataset group", params["datasetGroupArn"], "InvalidInputException")
    parsed = filters.parse(params["filterExpression"])
    filters.check_fields(parsed, schemas_of(backend, group.arn))
    if backend.switches.filter_needs_imported_data:
        for expression in parsed.expressions:
            for dataset in backend.all("dataset", datasetGroupArn=group.arn, datasetType=expression.dataset):
                if "data changed" not in dataset.inner:
                    raise InvalidInputException(f"{dataset.arn} has no data yet.")
    _check_quotas(backend, group, parsed)
    slow = any(condition.dataset == INTERACTIONS for condition in parsed.conditions)
    made = backend.create("filter", params, duration="filter on interactions" if slow else "filter")
    made.inner["filter"] = parsed
    return {"filterArn": made.arn}


def parsed_filter(made: Resource) -> filters.Filter:
    parsed: filters.Filter = made.inner["filter"]
    return parsed


def schemas_of(backend: PersonalizeBackend, group_arn: str) -> dict[str, Schema]:
    """Schemas of the group's datasets by dataset type."""
    found = {}
    for dataset in backend.all("dataset", datasetGroupArn=group_arn):
        schema = schema_of(backend, dataset)
        if schema is not None:
            found[str(dataset.record["datasetType"])] = schema
    return found


def question(
    backend: PersonalizeBackend,
    group_arn: str,
    values: dict[str, str],
    user: str | None = None,
    item: str | None = None,
) -> filters.Question:
    """What a filter of the group is asked about, for one request."""
    tables = {
        str(dataset.record["datasetType"]): backend.rows.table(dataset.arn).name
        for dataset in backend.all("dataset", datasetGroupArn=group_arn)
        if dataset.arn in backend.rows
    }
    return filters.Question(backend.rows, tables, values, user, item)


def _check_quotas(backend: PersonalizeBackend, group: Resource, parsed: filters.Filter) -> None:
    in_one = backend.settings.quota("fields in a filter")
    if len(parsed.fields) > in_one:
        raise LimitExceededException(f"A filter can use at most {in_one} distinct dataset fields.")
    others = [parsed_filter(f).fields for f in backend.all("filter", datasetGroupArn=group.arn)]
    in_all = backend.settings.quota("fields in all filters of a group")
    if len(parsed.fields.union(*others)) > in_all:
        raise LimitExceededException(
            f"The filters of a dataset group can use at most {in_all} distinct dataset fields."
        )
