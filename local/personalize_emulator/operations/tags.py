"""TagResource, UntagResource, ListTagsForResource ("Tagging Amazon Personalize resources")."""

from __future__ import annotations

from ..exceptions import InvalidInputException, ResourceNotFoundException, TooManyTagKeysException
from ..models import PersonalizeBackend
from ..quotas import with_tags
from ..resources import Resource
from .common import Params


def tag(backend: PersonalizeBackend, params: Params) -> Params:
    """Taggable types only; 50 tags; unique keys, not aws:.

    Source: guide "Tagging Amazon Personalize resources"
    """
    resource = _taggable(backend, params["resourceArn"])
    resource.tags = with_tags(backend.settings, resource.tags, params["tags"])
    return {}


def untag(backend: PersonalizeBackend, params: Params) -> Params:
    """Taggable types only; 50 keys at once; unknown keys are ignored.

    Source: guide "Tagging Amazon Personalize resources"
    """
    resource = _taggable(backend, params["resourceArn"])
    limit = backend.settings.quota("tags of a resource")
    if len(params["tagKeys"]) > limit:
        raise TooManyTagKeysException(limit)
    for key in params["tagKeys"]:
        resource.tags.pop(key, None)
    return {}


def list_tags(backend: PersonalizeBackend, params: Params) -> Params:
    """Taggable types only.

    Source: guide "Tagging Amazon Personalize resources"
    """
    resource = _taggable(backend, params["resourceArn"])
    return {"tags": [{"tagKey": key, "tagValue": value} for key, value in resource.tags.items()]}


def _taggable(backend: PersonalizeBackend, arn: str) -> Resource:
    resource = backend.resources.get(arn)
    if resource is None:
        raise ResourceNotFoundException(arn)
    if not resource.type.taggable:
        raise InvalidInputException(f"A {resource.type.label} cannot have tags.")
    return resource
