"""What params files may do: Terraform's inputs `dataset_groups`, `folders`, `ceilings` and `allow_teardown`.

A params file is held against them before its run takes its turn, so that it never comes near a dataset group that is
not for it. IAM holds what can be told from ARNs (modules/pipeline_function/permissions.tf); docs/security.md has all.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .problems import Problem

ASK = "ask whoever applies the module to change it."
GROUP_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}")
# What the pipeline writes itself: no params file starts a run from there, and none has anything read or written there.
OWN = ("runs/", "locks/")
# The ceilings, by the parameters that they bound, wherever these stand.
CEILINGS = {
    "minProvisionedTPS": "min_provisioned_tps",
    "minRecommendationRequestsPerSecond": "min_recommendation_requests_per_second",
}
# What S3 takes as it is, and who reads a path might not: empty parts, `.` and `..`, wildcards, escapes, controls.
AMBIGUOUS = re.compile(r"(?:^|/)(?:\.{0,2}/|\.{1,2}$)|[*?\[\]{}%\\#\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Boundaries:
    """The inputs, as Terraform's variables describe them; by default nothing is bounded."""

    dataset_groups: tuple[str, ...] = ("*",)
    folders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ceilings: dict[str, int] = field(default_factory=dict)
    allow_teardown: bool = True

    @classmethod
    def from_json(cls, text: str) -> Boundaries:
        """Of an object with all inputs, as the module's output `boundaries` prints it.

        Raises:
            ValueError: it is none.
        """
        try:
            given = json.loads(text)
            return cls(
                tuple(given["dataset_groups"]),
                {folder: tuple(patterns) for folder, patterns in given["folders"].items()},
                dict(given["ceilings"]),
                bool(given["allow_teardown"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{error!r}") from None

    def folder_of(self, key: str) -> str | None:
        """The bound folder that a key lies in, of several the innermost; None outside all of them."""
        return max((folder for folder in self.folders if key.startswith(folder)), key=len, default=None)

    def refusals(self, key: str, document: Any) -> list[Problem]:
        """Why nothing may be done for a params file: where it lies, which dataset group it names, that it tears down.

        Args:
            key: of the params file.
            document: what it says, in our own shape. Faults of its form are not told here.
        """
        return [*self._misplaced(key), *self._foreign_group(key, document), *self._teardown(document)]

    def excesses(self, document: Any) -> Iterator[Problem]:
        """The rates above their ceilings. What shall be absent has none, nor has what is torn down."""
        if self.allow_teardown and isinstance(document, dict) and "teardown" in document:
            return
        for where, parameter, rate in _rates(document):
            ceiling = self.ceilings.get(CEILINGS[parameter])
            if ceiling is not None and rate > ceiling:
                name = f"ceilings.{CEILINGS[parameter]}"
                yield Problem(where, f"Terraform's input `{name}` allows at most {ceiling}; {ASK}")

    def outside(self, key: str, place: str) -> str | None:
        """Why a params file may not have a place read or written, or None where it may.

        Args:
            key: of the params file.
            place: the key of an object; of a folder, with a slash at its end.
        """
        if not self.folders:
            return None
        mine = self.folder_of(key)
        if mine is None or self.folder_of(place) != mine:
            bound = "the folders" if mine is None else _shown(mine)
            return f"lies outside {bound}, where Terraform's input `folders` keeps this params file; {ASK}"
        if AMBIGUOUS.search(place):
            return "could be taken for another place; where Terraform's input `folders` is set, use plain names."
        inner = next((folder for folder in self.folders if folder.startswith(place) and folder != mine), None)
        if inner is not None:
            return f"has {inner} in it, which Terraform's input `folders` binds apart; {ASK}"
        return None

    def _misplaced(self, key: str) -> Iterator[Problem]:
        if self.folders and self.folder_of(key) is None:
            folders = ", ".join(map(_shown, self.folders))
            what = f"lies in none of the folders that Terraform's input `folders` names, {folders}"
            yield Problem(key, f"{what}. Upload it there, or {ASK}")
        elif self.folders and AMBIGUOUS.search(key):
            what = "could be taken for another place; where Terraform's input `folders` is set, use a plain name."
            yield Problem(key, what)

    def _foreign_group(self, key: str, document: Any) -> Iterator[Problem]:
        section = document.get("datasetGroup") if isinstance(document, dict) else None
        name = section.get("name") if isinstance(section, dict) else None
        if not isinstance(name, str) or not GROUP_NAME.fullmatch(name):
            return
        if not _fits(name, self.dataset_groups):
            allowed = ", ".join(self.dataset_groups)
            what = f"is {name}; Terraform's input `dataset_groups` allows {allowed}; {ASK}"
            yield Problem("$.datasetGroup.name", what)
        folder = self.folder_of(key)
        if folder is not None and not _fits(name, self.folders[folder]):
            allowed = ", ".join(self.folders[folder])
            what = f"is {name}; Terraform's input `folders` binds {_shown(folder)} to {allowed}; {ASK}"
            yield Problem("$.datasetGroup.name", what)

    def _teardown(self, document: Any) -> Iterator[Problem]:
        if not self.allow_teardown and isinstance(document, dict) and "teardown" in document:
            yield Problem("$.teardown", f"Terraform's input `allow_teardown` is false; {ASK}")


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    """As IAM compares them in ARNs: case counts, and `*` is the only wildcard."""
    return any(fnmatch.fnmatchcase(name, re.sub(r"([\[?])", r"[\1]", pattern)) for pattern in patterns)


def _shown(folder: str) -> str:
    return folder or "the bucket's root"


def _rates(document: Any) -> Iterator[tuple[str, str, float]]:
    """Where in a document a rate stands that has a ceiling, its parameter, and the rate."""
    left = [("$", document)]
    while left:
        where, value = left.pop()
        if isinstance(value, list):
            left += reversed([(f"{where}[{number}]", entry) for number, entry in enumerate(value)])
        elif isinstance(value, dict) and value.get("state") != "absent":
            for name in value.keys() & CEILINGS.keys():
                if isinstance(value[name], int | float):
                    yield f"{where}.{name}", name, value[name]
            left += reversed([(f"{where}.{name}", entry) for name, entry in value.items()])
