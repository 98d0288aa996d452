"""A new version against the one that a campaign serves: compared for the mail, and weighed where the params ask."""

from __future__ import annotations

from typing import Any

from pipeline import clients
from pipeline.engine.reconciler import Resource, target_of

Metrics = dict[str, float]


def compare_versions(event: dict[str, Any]) -> dict[str, Any]:
    """Compare the solution's version with what its campaigns serve, and hold those whose gate is not passed.

    Args:
        event: `solution`, an entry of the plan's `solutions` whose version is ready.

    Returns:
        The entry, its campaigns with `metrics` (`serving` and `new`) where they move to another version. One that is
        held stays on its version, or is not created; `held` says why.
    """
    solution: dict[str, Any] = event["solution"]
    version = solution["solutionVersion"]["arn"]
    new = metrics_of(version)
    return solution | {"campaigns": [_weigh(campaign, version, new) for campaign in solution["campaigns"]]}


def metrics_of(version_arn: str) -> Metrics:
    """The version's offline metrics; none where it has none (a version trained with UPDATE, or gone)."""
    exceptions = clients.personalize().exceptions
    try:
        return dict(clients.personalize().get_solution_metrics(solutionVersionArn=version_arn)["metrics"])
    except (exceptions.ResourceNotFoundException, exceptions.ResourceInUseException):
        return {}


def _weigh(campaign: Resource, version: str, new: Metrics) -> Resource:
    serving = campaign.get("serving")
    if target_of(campaign) == "ABSENT" or serving == version:
        return campaign
    concrete = serving if serving and not serving.endswith("/$LATEST") else None
    old = metrics_of(concrete) if concrete else {}
    campaign = campaign | {"metrics": {"serving": old, "new": new}}
    held = _refusal(campaign.get("deployWhen"), new, old)
    if held is None:
        return campaign
    if concrete is None:
        return campaign | {"plan": "hold", "held": held, "reason": held}
    # Its other settings are still brought to what the params say.
    stays = campaign["parameters"] | {"solutionVersionArn": concrete}
    return campaign | {"parameters": stays, "held": held, "reason": held}


def _refusal(gate: dict[str, Any] | None, new: Metrics, old: Metrics) -> str | None:
    """Why the gate does not let the new version pass, or None."""
    if gate is None:
        return None
    metric = gate["metric"]
    if metric not in new:
        return f"held: the new version has no metric {metric}; it has {', '.join(sorted(new)) or 'none'}"
    if "minimum" in gate and new[metric] < gate["minimum"]:
        return f"held: {metric} is {new[metric]:.4f}, below the minimum of {gate['minimum']}"
    if "maxRegression" in gate and metric in old and new[metric] < old[metric] - gate["maxRegression"]:
        return f"held: {metric} fell from {old[metric]:.4f} to {new[metric]:.4f}, by more than {gate['maxRegression']}"
    return None
