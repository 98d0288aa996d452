"""CreateMetricAttribution, UpdateMetricAttribution, ListMetricAttributionMetrics: kept, and not acted upon."""

from __future__ import annotations

from typing import Any

from ..exceptions import InvalidInputException, ResourceAlreadyExistsException, ResourceInUseException
from ..models import PersonalizeBackend
from .common import Params, page

#: "Amazon Personalize endpoints and quotas".
MAX_METRICS = 10


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Group ACTIVE; metric names unique; kept, nothing is published.

    Source: API CreateMetricAttribution
    """
    group = backend.get_active("dataset group", params["datasetGroupArn"])
    metrics = params["metrics"]
    _unique(metrics, group.arn)
    attribution = backend.create("metric attribution", params)
    return {"metricAttributionArn": attribution.arn}


def update(backend: PersonalizeBackend, params: Params) -> Params:
    """Attribution ACTIVE; removed names known, added names new; 10 metrics at most.

    Source: API UpdateMetricAttribution
    """
    if "metricAttributionArn" not in params:
        raise InvalidInputException("metricAttributionArn must be specified.")
    attribution = backend.get("metric attribution", params["metricAttributionArn"])
    if attribution.status != "ACTIVE":
        raise ResourceInUseException(f"Resource {attribution.arn} is in use: its status is {attribution.status}.")
    removed = params.get("removeMetrics", [])
    kept = attribution.record["metrics"]
    if unknown := set(removed) - {metric["metricName"] for metric in kept}:
        raise InvalidInputException(f"There are no metrics of these names: {', '.join(sorted(unknown))}.")
    metrics = [m for m in kept if m["metricName"] not in removed] + params.get("addMetrics", [])
    _unique(metrics, attribution.arn)
    if len(metrics) > MAX_METRICS:
        raise InvalidInputException(f"A metric attribution can have at most {MAX_METRICS} metrics.")
    attribution.record |= {"metrics": metrics, "lastUpdatedDateTime": backend.now}
    if "metricsOutputConfig" in params:
        attribution.record["metricsOutputConfig"] = params["metricsOutputConfig"]
    return {"metricAttributionArn": attribution.arn}


def list_metrics(backend: PersonalizeBackend, params: Params) -> Params:
    """By pages.

    Source: API ListMetricAttributionMetrics
    """
    arn = params.get("metricAttributionArn")
    found = backend.find("metric attribution", arn)
    metrics = found.record["metrics"] if found is not None else []
    return page("ListMetricAttributionMetrics", "metrics", metrics, params)


def _unique(metrics: list[dict[str, Any]], arn: str) -> None:
    names = [metric["metricName"] for metric in metrics]
    if len(set(names)) < len(names):
        raise ResourceAlreadyExistsException(arn)
