"""A params file, read: its document in our own shape, its sections, its data, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.arns import Arns
from pipeline.data import checks, folders
from pipeline.data.folders import DataFolder
from pipeline.params import document as params
from pipeline.params import places, sections
from pipeline.params.dialects import normalise
from pipeline.params.sections import DatasetSection, Sections
from pipeline.problems import Problem

Folders = dict[str, DataFolder]


@dataclass(frozen=True)
class Surroundings:
    """What a params file is read against. `folder_of` finds a dataset's files; None leaves them unchecked.

    The role that Personalize assumes, and the folder of the params file (`s3://bucket/prefix/`), may not be known.
    """

    arns: Arns
    role_arn: str | None
    home: str | None
    folder_of: Callable[[DatasetSection], DataFolder | None]


@dataclass
class Reading:
    """A params file, read. Without `sections` it is refused for `problems`; the sections have problems of their own."""

    document: dict[str, Any] = field(default_factory=dict)
    sections: Sections | None = None
    folders: Folders = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_params(body: bytes, overrides: dict[str, Any], surroundings: Surroundings) -> Reading:
    """Read the bytes of a params file, in any dialect, and check them and the data that they name."""
    document, problems = params.parse(body)
    if problems:
        return Reading(problems=problems)
    document, notes = normalise(document)
    whole = document | overrides if isinstance(document, dict) else document
    if problems := params.schema_problems(whole):
        sound = params.sound_part(whole, problems) if isinstance(whole, dict) else None
        read, _ = _checked(sound, surroundings) if sound else (None, {})
        return Reading(problems=problems + (read.problems if read else []), notes=notes)
    read, found = _checked(whole, surroundings)
    read.notes = notes + read.notes
    return Reading(whole, read, found, notes=read.notes)


def folder_in_bucket(section: DatasetSection, bucket: str, prefix: str) -> DataFolder | None:
    """The dataset's files: beside the params file, or where its import job says; None where that is no place for it."""
    given = section.import_job.parameters.get("dataSource", {}).get("dataLocation")
    if given is None:
        return folders.find(bucket, prefix, section.dataset_type)
    return None if places.unreadable(given, places.home_of(bucket, prefix)) else folders.at(given)


def _checked(document: dict[str, Any], surroundings: Surroundings) -> tuple[Sections, Folders]:
    """The document's sections, and its data; what is wrong with either is among the sections' problems."""
    read = sections.read(document, surroundings.arns, surroundings.role_arn, surroundings.home)
    if "teardown" in document:
        read.problems = _teardown_problems(document, read.dataset_group.name)  # the rest may be as it is
        return read, {}
    found = {section.dataset_type: surroundings.folder_of(section) for section in read.datasets}
    known = {kind: folder for kind, folder in found.items() if folder}
    for section in read.datasets:
        if section.avro is None or read.when["import"] == "never" or section.dataset_type not in known:
            continue
        problems, notes = checks.inspect(known[section.dataset_type], section.dataset_type, section.avro)
        read.problems += problems
        read.notes += notes
    return read, known


def _teardown_problems(document: dict[str, Any], group: str) -> list[Problem]:
    if document["teardown"] == group:
        return []
    what = f"must be the dataset group's name again, {group}: everything in that group is deleted."
    return [Problem("$.teardown", what)]
