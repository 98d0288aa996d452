"""CreateMetricAttribution, UpdateMetricAttribution, ListMetricAttributionMetrics."""

from __future__ import annotations

import re
from typing import Any

from ..exceptions import InvalidInputException, ResourceAlreadyExistsException, ResourceInUseException, error
from ..models import PersonalizeBackend
from ..resources import ATTRIBUTION_UPDATE, CREATE
from .common import Params, check_parent, page, scattered

#: "Amazon Personalize endpoints and quotas".
MAX_METRICS = 10
#: "Available functions are SUM() or SAMPLECOUNT()": the model on MetricAttribute.
_EXPRESSION = re.compile(r"\s*(SUM\(\s*(Interactions|Items)\.\w+\s*\)|SAMPLECOUNT\(\s*\))\s*", re.IGNORECASE)


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE; one to a group; metric names unique; expressions SUM(Items.X), SUM(Interactions.X) or
    SAMPLECOUNT(). Imports that publish write a report to S3; CloudWatch gets nothing.

    Source: API CreateMetricAttribution
    """
    group = backend.get_active("dataset group", params["datasetGroupArn"])
    metrics = params["metrics"]
    _check(metrics, group.arn)
    for other in backend.all("metric attribution", datasetGroupArn=group.arn):
        message = ResourceAlreadyExistsException(other.arn).message
        raise error(backend.switches.second_metric_attribution_error, message)
    attribution = backend.create("metric attribution", params)
    return {"metricAttributionArn": attribution.arn}


def update(backend: PersonalizeBackend, params: Params) -> Params:
    """Attribution ACTIVE or UPDATE FAILED; removed names known, added names new; 10 metrics at most. The attribution
    itself shows UPDATE PENDING, and its old metrics until it is ACTIVE.

    Source: API UpdateMetricAttribution
    """
    if "metricAttributionArn" not in params:
        raise InvalidInputException("metricAttributionArn must be specified.")
    attribution = backend.get("metric attribution", params["metricAttributionArn"])
    if attribution.status not in ("ACTIVE", "UPDATE FAILED"):
        raise ResourceInUseException(f"Resource {attribution.arn} is in use: its status is {attribution.status}.")
    removed = params.get("removeMetrics", [])
    kept = attribution.record["metrics"]
    if unknown := set(removed) - {metric["metricName"] for metric in kept}:
        raise InvalidInputException(f"There are no metrics of these names: {', '.join(sorted(unknown))}.")
    metrics = [m for m in kept if m["metricName"] not in removed] + params.get("addMetrics", [])
    _check(metrics, attribution.arn)
    if len(metrics) > MAX_METRICS:
        raise InvalidInputException(f"A metric attribution can have at most {MAX_METRICS} metrics.")
    output = params.get("metricsOutputConfig", attribution.record["metricsOutputConfig"])

    def apply() -> None:
        attribution.record |= {"metrics": metrics, "metricsOutputConfig": output}
        attribution.record.pop("failureReason", None)

    backend.update(attribution, {}, CREATE, lambda: apply, own_statuses=ATTRIBUTION_UPDATE)
    return {"metricAttributionArn": attribution.arn}


def list_metrics(backend: PersonalizeBackend, params: Params) -> Params:
    """In no order; by pages.

    Source: API ListMetricAttributionMetrics
    """
    arn = params.get("metricAttributionArn")
    if arn is not None:
        check_parent(backend, "ListMetricAttributionMetrics", "metricAttributionArn", arn)
    found = backend.find("metric attribution", arn)
    metrics = found.seen(backend.now)["metrics"] if found is not None and backend.visible(found) else []
    in_no_order = sorted(metrics, key=lambda metric: scattered(metric["metricName"]))
    return page(backend, "ListMetricAttributionMetrics", "metrics", in_no_order, params)


def _check(metrics: list[dict[str, Any]], arn: str) -> None:
    """Raises InvalidInputException for an expression that is none, ResourceAlreadyExistsException for a name twice."""
    for metric in metrics:
        if not _EXPRESSION.fullmatch(metric["expression"]):
            raise InvalidInputException(f"The expression {metric['expression']} is neither SUM() nor SAMPLECOUNT().")
    names = [metric["metricName"] for metric in metrics]
    if len(set(names)) < len(names):
        raise ResourceAlreadyExistsException(arn)
