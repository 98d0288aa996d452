"""What Personalize has, as one plan or one report sees it: each thing is asked for once, and many side by side."""

from __future__ import annotations

from collections.abc import Iterable

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients

from . import calls
from .resource_types import RESOURCE_TYPES, Parameters
from .resources import Resource

Tags = list[dict[str, str]]


class Existing:
    """Descriptions and lists, kept for the length of a plan or report."""

    def __init__(self) -> None:
        self._descriptions: dict[str, Parameters | None] = {}
        self._lists: dict[tuple[str, str], list[Parameters]] = {}
        self._tags: dict[str, Tags] = {}
        self._metrics: dict[str, dict[str, float]] = {}

    def fetch(self, resources: Iterable[Resource]) -> None:
        """Describe all of these whose ARN is known, side by side."""
        self.fetch_descriptions((resource.type, resource.arn) for resource in resources if resource.arn)

    def fetch_descriptions(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Describe resources, for pairs of type and ARN, side by side."""
        missing = {arn: kind for kind, arn in wanted if arn not in self._descriptions}
        found = calls.side_by_side(lambda item: calls.describe(RESOURCE_TYPES[item[1]], item[0]), missing.items())
        self._descriptions |= dict(zip(missing, found, strict=True))

    def fetch_lists(self, wanted: Iterable[tuple[str, str]]) -> None:
        """List the resources of a type that belong to a parent, for pairs of type and parent's ARN, side by side."""
        missing = [pair for pair in dict.fromkeys(wanted) if pair not in self._lists]
        found = calls.side_by_side(lambda pair: calls.listed(RESOURCE_TYPES[pair[0]], pair[1]), missing)
        self._lists |= dict(zip(missing, found, strict=True))

    def fetch_tags(self, arns: Iterable[str]) -> None:
        """The tags of all of these, side by side."""

        def tags(arn: str) -> Tags:
            found: Tags = clients.personalize().list_tags_for_resource(resourceArn=arn)["tags"]  # type: ignore[assignment]
            return found

        missing = [arn for arn in dict.fromkeys(arns) if arn not in self._tags]
        self._tags |= dict(zip(missing, calls.side_by_side(tags, missing), strict=True))

    def describe(self, kind: str, arn: str) -> Parameters | None:
        """The description of `arn`, or None where it does not exist."""
        if arn not in self._descriptions:
            self._descriptions[arn] = calls.describe(RESOURCE_TYPES[kind], arn)
        return self._descriptions[arn]

    def listed(self, kind: str, parent_arn: str) -> list[Parameters]:
        """The resources of a type that belong to `parent_arn`, newest first."""
        self.fetch_lists([(kind, parent_arn)])
        return self._lists[kind, parent_arn]

    def lacking_tags(self, arn: str, wanted: Tags) -> Tags:
        """The tags that the resource lacks, or has with another value. Tags that others set are left alone."""
        if not wanted:
            return []
        self.fetch_tags([arn])
        return [tag for tag in wanted if tag not in self._tags[arn]]

    def metrics(self, version_arn: str) -> dict[str, float]:
        """The version's offline metrics; none where it has none, or where they are refused: they fail nothing."""
        if version_arn not in self._metrics:
            try:
                self._metrics[version_arn] = calls.metrics_of(version_arn)
            except (ClientError, BotoCoreError):
                self._metrics[version_arn] = {}
        return self._metrics[version_arn]
