"""CreateCampaign and UpdateCampaign, and campaigns that follow the latest version by themselves.

Sources: developer guide, "Deploying an Amazon Personalize solution version with a campaign".
"""

from __future__ import annotations

from typing import Any

from ..exceptions import InvalidInputException, ResourceInUseException, ResourceNotFoundException, error
from ..models import PersonalizeBackend
from ..recipes import ITEMS, Recipe
from ..resources import CREATE, Record, Resource
from .common import Params
from .datasets import dataset_of
from .recipes import recipe_of_solution

LATEST = "/$LATEST"


def create(backend: PersonalizeBackend, params: Params) -> Params:
    """Version ACTIVE, or `<solution>/$LATEST`; sync needs `$LATEST`; recipe made for campaigns; exploration and
    metadata only where they are possible; 5 to a group.

    Source: guide "Deploying an Amazon Personalize solution version with a campaign"
    """
    config = params.get("campaignConfig", {})
    version = _version(backend, params["solutionVersionArn"], config)
    _check_config(backend, version, config)
    campaign = backend.create(
        "campaign",
        params,
        lambda: lambda: synchronise(backend, campaign),
        minProvisionedTPS=params.get("minProvisionedTPS", 1),
        solutionArn=version.record["solutionArn"],
        datasetGroupArn=version.record["datasetGroupArn"],
        **_deployed(backend, params["solutionVersionArn"], version),
    )
    return {"campaignArn": campaign.arn}


def update(backend: PersonalizeBackend, params: Params) -> Params:
    """Campaign ACTIVE or CREATE FAILED, no update running; rules of creation; same solution. Serves the old
    version until the update is ACTIVE.

    Source: guide "Deploying an Amazon Personalize solution version with a campaign"
    """
    campaign = backend.get("campaign", params["campaignArn"])
    if campaign.status not in ("ACTIVE", "CREATE FAILED"):
        raise ResourceInUseException(f"Resource {campaign.arn} is in use: its status is {campaign.status}.")
    asked, tps, config = (
        params[name] if name in params else campaign.record.get(kept, default)
        for name, kept, default in (
            ("solutionVersionArn", "askedVersionArn", ""),
            ("minProvisionedTPS", "minProvisionedTPS", 1),
            ("campaignConfig", "campaignConfig", {}),
        )
    )
    version = _version(backend, asked, config)
    other = version.record["solutionArn"] != campaign.record["solutionArn"]
    if other and not backend.switches.campaign_may_change_solution:
        raise InvalidInputException(
            f"{asked} is not a version of the campaign's solution {campaign.record['solutionArn']}."
        )
    _check_config(backend, version, config)
    _start_update(backend, campaign, version, asked, {"minProvisionedTPS": tps} | _given(config))
    return {"campaignArn": campaign.arn}


def synchronise(backend: PersonalizeBackend, campaign: Resource) -> None:
    """Move a campaign with syncWithLatestSolutionVersion to the newest ACTIVE version, unless it is there or busy."""
    record = campaign.record
    config = record.get("campaignConfig", {})
    if not config.get("syncWithLatestSolutionVersion") or campaign.busy or campaign.status != "ACTIVE":
        return
    version = _latest(backend, record["solutionArn"])
    if version is not None and version.arn != record["deployedVersionArn"]:
        settings = {"minProvisionedTPS": record["minProvisionedTPS"]} | _given(config)
        _start_update(backend, campaign, version, record["askedVersionArn"], settings)


def version_of(backend: PersonalizeBackend, campaign: Resource) -> Resource:
    """The version that the campaign serves."""
    return backend.get("solution version", campaign.record["deployedVersionArn"])


def check_suited(backend: PersonalizeBackend, allowed: bool, recipe: Recipe, what: str) -> None:
    """Raises the class of the switch `unsuited_recipe_error`."""
    if not allowed:
        raise error(backend.switches.unsuited_recipe_error, f"Recipe {recipe.name} does not support {what}.")


def _start_update(
    backend: PersonalizeBackend, campaign: Resource, version: Resource, asked: str, settings: dict[str, Any]
) -> None:
    deployed = _deployed(backend, asked, version)

    def apply() -> None:
        campaign.record |= {**settings, **deployed, "solutionArn": version.record["solutionArn"]}
        if campaign.status == "CREATE FAILED":
            campaign.record["status"] = "ACTIVE"
            campaign.record.pop("failureReason", None)
        campaign.record["lastUpdatedDateTime"] = backend.now
        synchronise(backend, campaign)

    changes = {"solutionVersionArn": deployed["solutionVersionArn"], **settings}
    backend.update(campaign, changes, CREATE, lambda: apply)


def _given(config: Params) -> Params:
    return {"campaignConfig": config} if config else {}


def _deployed(backend: PersonalizeBackend, asked: str, version: Resource) -> Record:
    """What is shown, what is served, what was asked for."""
    return {
        "solutionVersionArn": version.arn if backend.switches.latest_resolved_in_describe else asked,
        "deployedVersionArn": version.arn,
        "askedVersionArn": asked,
    }


def _version(backend: PersonalizeBackend, asked: str, config: Params) -> Resource:
    """The version that an ARN or `<solution ARN>/$LATEST` means; it and its solution must be ACTIVE."""
    sync = config.get("syncWithLatestSolutionVersion", False)
    if not asked.endswith(LATEST):
        if sync:
            raise InvalidInputException(
                "syncWithLatestSolutionVersion needs a solutionVersionArn of the form <solution ARN>/$LATEST."
            )
        version = backend.get_active("solution version", asked)
    else:
        latest = _latest(backend, backend.get("solution", asked.removesuffix(LATEST)).arn)
        if latest is None:
            raise ResourceNotFoundException(asked, "solution version")
        version = latest
    backend.get_active("solution", version.record["solutionArn"])
    return version


def _latest(backend: PersonalizeBackend, solution_arn: str) -> Resource | None:
    active = [v for v in backend.all("solution version", solutionArn=solution_arn) if v.status == "ACTIVE"]
    return active[-1] if active else None


def _check_config(backend: PersonalizeBackend, version: Resource, config: Params) -> None:
    solution = backend.get("solution", version.record["solutionArn"])
    recipe = recipe_of_solution(backend, solution)
    check_suited(backend, recipe.campaign, recipe, "campaigns")
    if config.get("itemExplorationConfig"):
        check_suited(backend, recipe.exploration, recipe, "itemExplorationConfig")
    group = version.record["datasetGroupArn"]
    if config.get("enableMetadataWithRecommendations") and dataset_of(backend, group, ITEMS) is None:
        raise InvalidInputException("enableMetadataWithRecommendations needs an Items dataset.")
