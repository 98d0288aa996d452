"""Quotas of "Amazon Personalize endpoints and quotas": on resources, on data, on tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .exceptions import InvalidInputException, JobFailure, LimitExceededException, TooManyTagsException
from .objects import File
from .settings import Settings

if TYPE_CHECKING:
    from .models import PersonalizeBackend
    from .resources import Resource


@dataclass(frozen=True)
class Quota:
    """How many resources of a type may be there at once. `name` is the key of the number in the settings."""

    name: str
    label: str
    scope: Literal["region", "dataset group"]
    counted: Literal["existing", "running", "creating", "pending"]


QUOTAS = (
    Quota("schemas", "schema", "region", "existing"),
    Quota("dataset groups", "dataset group", "region", "existing"),
    Quota("running import jobs", "dataset import job", "region", "running"),
    Quota("running batch inference jobs", "batch inference job", "region", "running"),
    Quota("running batch segment jobs", "batch segment job", "region", "running"),
    Quota("running solution versions", "solution version", "region", "running"),
    Quota("solutions in a group", "solution", "dataset group", "existing"),
    Quota("campaigns in a group", "campaign", "dataset group", "existing"),
    Quota("recommenders in a group", "recommender", "dataset group", "existing"),
    Quota("filters in a group", "filter", "dataset group", "existing"),
    Quota("filters being created", "filter", "region", "creating"),
    Quota("pending data deletion jobs in a group", "data deletion job", "dataset group", "pending"),
)

#: Texts by their switch: those of "Common error messages in Amazon Personalize", and others that a caller who knows
#: only the documented ones does not recognise.
EXISTING_TEXTS = {
    "documented": "More than {limit} resources in ACTIVE state. Please delete some and try again.",
    "other": "You have exceeded the maximum number of active {label}s.",
}
RUNNING_TEXTS = {
    "documented": "More than {limit} {label}s with PENDING or IN_PROGRESS status.",
    "other": "Too many concurrent jobs.",
}


def check(backend: PersonalizeBackend, new: Resource) -> None:
    """Raises LimitExceededException when `new` would be one too many."""
    for quota in QUOTAS:
        if quota.label != new.type.label:
            continue
        group = {"datasetGroupArn": new.record["datasetGroupArn"]} if quota.scope == "dataset group" else {}
        limit = backend.settings.quota(quota.name)
        if sum(_counts(quota, other) for other in backend.all(quota.label, **group)) >= limit:
            raise LimitExceededException(_text(backend, quota).format(limit=limit, label=_shown(quota)))


def _text(backend: PersonalizeBackend, quota: Quota) -> str:
    if quota.counted == "existing":
        return EXISTING_TEXTS[backend.switches.existing_limit_text]
    return RUNNING_TEXTS[backend.switches.running_limit_text]


def _shown(quota: Quota) -> str:
    return quota.label if quota.counted in ("existing", "creating") else "resource"


def _counts(quota: Quota, resource: Resource) -> bool:
    if quota.counted == "running":
        return resource.busy
    if quota.counted == "creating":
        return resource.busy and str(resource.status).startswith("CREATE")
    if quota.counted == "pending":
        return resource.status == "PENDING"
    return resource.status != "CREATE FAILED"


def check_volume(settings: Settings, name: str, amount: int, what: str) -> None:
    """Raises JobFailure when a job meets more than the named quota of `what`.

    No source tells how the service answers: the text is our own, and that the job fails rather than the call follows
    from when the amount is known.
    """
    limit = settings.quota(name)
    if amount > limit:
        raise JobFailure(f"{what}: {amount:,}, more than the maximum of {limit:,}.")


def check_size(settings: Settings, name: str, files: Iterable[File]) -> None:
    """`check_volume` for the bytes of a job's input, as the listing tells them."""
    check_volume(settings, name, sum(file.size for file in files), "Bytes of the input")


def with_tags(settings: Settings, present: Mapping[str, str], added: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The tags of a resource after `added` (a list of tagKey/tagValue) is laid over `present`.

    Raises TooManyTagsException above the quota, InvalidInputException for the reserved prefix or a key given twice.
    Source: developer guide, "Tagging Amazon Personalize resources".
    """
    added = list(added)
    keys = [tag["tagKey"] for tag in added]
    if len(set(keys)) < len(keys):
        raise InvalidInputException("Tag keys must be unique.")
    if any(key.lower().startswith("aws:") for key in keys):
        raise InvalidInputException("Tag keys must not start with aws:.")
    tags = {**present, **{tag["tagKey"]: tag["tagValue"] for tag in added}}
    if len(tags) > settings.quota("tags of a resource"):
        raise TooManyTagsException(settings.quota("tags of a resource"))
    return tags
