"""The gate of a campaign: whether the new version's offline metrics let it pass (`deployWhen` in the params)."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from .calls import metrics_of
from .patience import is_passing, understand
from .resources import READY, Resource

Metrics = dict[str, float]


def weigh(campaign: Resource, version: str) -> None:
    """Let the campaign move to `version`, or hold it where it is; a campaign that does not exist is then not created.

    Its other settings are brought to what the params say in any case.

    Raises:
        ClientError, BotoCoreError: metrics can't be had for now. Those that are refused for good hold the campaign.
    """
    if campaign.gate is None or version in (campaign.weighed, campaign.serving):
        return
    concrete = campaign.serving if campaign.serving and not campaign.serving.endswith("/$LATEST") else None
    new, old, trouble = {}, {}, ""
    try:
        new = metrics_of(version)
        old = metrics_of(concrete) if concrete and "maxRegression" in campaign.gate else {}
    except (ClientError, BotoCoreError) as error:
        if is_passing(error):
            raise
        trouble = f"; Personalize refuses to tell them: {understand(error).message}"
    campaign.weighed = version
    campaign.held = _refusal(campaign.gate, new, old, trouble)
    if campaign.held is None:
        return
    campaign.reason = campaign.held
    if concrete:
        campaign.parameters["solutionVersionArn"] = concrete
    else:
        campaign.plan, campaign.state = "hold", READY


def _refusal(gate: dict[str, float | str], new: Metrics, old: Metrics, trouble: str) -> str | None:
    """Why the gate does not let the new version pass, or None."""
    metric = str(gate["metric"])
    if metric not in new:
        return f"held: the new version has no metric {metric}; it has {', '.join(sorted(new)) or 'none'}{trouble}"
    if "minimum" in gate and new[metric] < float(gate["minimum"]):
        return f"held: {metric} is {new[metric]:.4f}, below the minimum of {gate['minimum']}"
    if "maxRegression" in gate and metric in old and new[metric] < old[metric] - float(gate["maxRegression"]):
        return f"held: {metric} fell from {old[metric]:.4f} to {new[metric]:.4f}, by more than {gate['maxRegression']}"
    return None
