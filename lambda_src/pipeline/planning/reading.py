"""A params file, read: its document in our own shape, its sections, its data, and all that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pipeline.arns import Arns
from pipeline.boundaries import Boundaries
from pipeline.data import checks, folders
from pipeline.data.checks import Looked, Summarise
from pipeline.data.folders import DataFolder
from pipeline.params import document as params
from pipeline.params import places, sections
from pipeline.params.dialects import is_foreign, normalise
from pipeline.params.positions import positions
from pipeline.params.sections import DatasetSection, Sections
from pipeline.problems import Position, Problem
from pipeline.settings import DataChecks

Folders = dict[str, DataFolder]


@dataclass(frozen=True)
class Surroundings:
    """What a params file is read against. `folder_of` finds a dataset's files; None leaves them unchecked.

    The role that Personalize assumes, and the folder of the params file (`s3://bucket/prefix/`), may not be known.
    `names` are those of what lies beside the params file. The `boundaries` are compared with the `key` of the params
    file. The `data_checks` hold where the file says nothing else; `summarise` reads the data.
    """

    arns: Arns
    role_arn: str | None
    home: str | None
    folder_of: Callable[[DatasetSection], DataFolder | None]
    boundaries: Boundaries
    key: str
    names: Callable[[], Iterable[str]] = tuple
    data_checks: DataChecks = "full"
    summarise: Summarise = checks.summarise_here

    def unfit(self, place: str) -> str | None:
        """Why the file may not have a place in S3 read or written; None for what `places` refuses already."""
        if places.unreadable(place, self.home):
            return None
        longest = DataFolder.longest_location
        if len(place) > longest:
            return f"has {len(place)} characters; Personalize takes at most {longest}. Use a shorter folder."
        return self.boundaries.outside(self.key, places.key_of(place))


@dataclass
class Reading:
    """A params file, read. Without `sections` it is refused for `problems`; the sections have problems of their own.

    What the boundaries forbid is refused so, too: nothing may be asked or written of the dataset group that it names.
    `looked` is what the data of each dataset type came to, and `is_refused` says that the file is wrong by itself;
    `positions` are those of what the file says, by JSON path.
    """

    document: dict[str, Any] = field(default_factory=dict)
    sections: Sections | None = None
    folders: Folders = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    looked: dict[str, Looked] = field(default_factory=dict)
    is_refused: bool = False
    positions: dict[str, Position] = field(default_factory=dict)

    @property
    def is_pending(self) -> bool:
        """Whether there is data that others have to read first; not of a file that is refused anyway."""
        return not self.is_refused and any(looked.pending for looked in self.looked.values())

    @property
    def data_problems(self) -> list[Problem]:
        """What is wrong with the data, whether it is to be imported or not."""
        return [problem for looked in self.looked.values() if looked.can_be_imported for problem in looked.problems]


def read_params(body: bytes, overrides: dict[str, Any], surroundings: Surroundings) -> Reading:
    """Read the bytes of a params file, in any dialect, and check them and the data that they name."""
    document, slips = params.parse(body)
    if slips and not document:
        return Reading(problems=slips)
    reading = _read(document, slips, overrides, surroundings)
    if not is_foreign(document):  # its places are named as in our own shape
        reading.positions = positions(body.decode("utf-8-sig"))
    return reading


def _read(document: Any, slips: list[Problem], overrides: dict[str, Any], surroundings: Surroundings) -> Reading:
    document, notes = normalise(document)
    whole = document | overrides if isinstance(document, dict) else document
    bounds = surroundings.boundaries
    refusals, excesses = bounds.refusals(surroundings.key, whole), list(bounds.excesses(whole))
    faults = params.schema_problems(whole)
    if slips or refusals or faults:
        # What boundaries refuse has nothing read for it.
        whole = whole | {"dataChecks": "off"} if refusals and isinstance(whole, dict) else whole
        sound = params.sound_part(whole, faults) if isinstance(whole, dict) else None
        checked = _checked(sound, surroundings) if sound else Reading()
        of_sound_part = checked.sections.problems if checked.sections else []
        problems = slips + refusals + faults + excesses + of_sound_part + checked.data_problems
        return Reading(problems=problems, notes=notes + _unlooked(checked), looked=checked.looked, is_refused=True)
    reading = _checked(whole, surroundings)
    if reading.sections:
        reading.is_refused |= bool(excesses)
        reading.sections.problems = excesses + reading.sections.problems
        reading.notes = reading.sections.notes = notes + reading.sections.notes
    if reading.is_refused:
        reading.notes += _unlooked(reading)
    return reading


def _unlooked(reading: Reading) -> list[str]:
    """Of a file that is refused anyway, what would take many calls to read is not read."""
    unread = [reading.folders[kind].prefix for kind, looked in reading.looked.items() if looked.pending]
    return [f"{prefix}: more than one call can read; it is looked at once the rest is right." for prefix in unread]


def folder_in_bucket(section: DatasetSection, bucket: str, prefix: str) -> DataFolder | None:
    """The dataset's files: beside the params file, or where its import job says; None where that is no place for it."""
    given = _given(section)
    if given is None:
        return folders.find(bucket, prefix, section.dataset_type)
    return None if places.unreadable(given, places.home_of(bucket, prefix)) else folders.at(given)


def _checked(document: dict[str, Any], surroundings: Surroundings) -> Reading:
    """The document's sections, and its data; what is wrong with either is among the sections' problems."""
    read = sections.read(document, surroundings.arns, surroundings.role_arn, surroundings.home)
    if "teardown" in document:
        read.problems = _teardown_problems(document, read.dataset_group.name)  # the rest may be as it is
        return Reading(document, read)
    reading = Reading(document, read, _data(read, surroundings))
    for where, place in _results(read, surroundings.home):
        if what := surroundings.unfit(place):
            read.problem(where, f"{place} {what}")
    reading.is_refused = bool(read.problems)
    mode: DataChecks = document.get("dataChecks", surroundings.data_checks)
    for section in read.datasets:
        folder = reading.folders.get(section.dataset_type)
        if section.avro is None or read.when["import"] == "never" or folder is None:
            continue
        looked = checks.inspect(folder, section.dataset_type, section.avro, mode, surroundings.summarise)
        reading.looked[section.dataset_type] = looked
        if not looked.can_be_imported:
            read.problems += looked.problems
        read.notes += looked.notes
    prefix = surroundings.key.rpartition("/")[0]
    named = [section.dataset_type for section in read.datasets]
    read.notes += checks.without_dataset(surroundings.names(), f"{prefix}/" if prefix else "", named)
    return reading


def _data(read: Sections, surroundings: Surroundings) -> Folders:
    """The datasets' files, by type. What lies where the params file may not have it read is not even looked at."""
    known = {}
    for section in read.datasets:
        given = _given(section)
        folder = None if given and surroundings.unfit(given) else surroundings.folder_of(section)
        place = given or (folder.location if folder else None)
        if place and (what := surroundings.unfit(place)):
            read.problem(f"{section.where}.importJob.dataSource.dataLocation", f"{place} {what}")
        elif folder:
            known[section.dataset_type] = folder
    return known


def _given(section: DatasetSection) -> str | None:
    """Where the params say that a dataset's files lie."""
    location: str | None = section.import_job.parameters.get("dataSource", {}).get("dataLocation")
    return location


def _results(read: Sections, home: str | None) -> Iterator[tuple[str, str]]:
    """Where in the params batch jobs and metric attributions are, and each place that they read or write.

    What the pipeline fills in where the params say nothing is known only with a home.
    """
    for attribution in read.metric_attributions:
        output = attribution.resource.parameters["metricsOutputConfig"].get("s3DataDestination")
        if output:
            yield f"{attribution.where}.metricsOutputConfig.s3DataDestination.path", output["path"]
    for job in [job for section in read.solutions for job in section.batch_jobs]:
        given, name = job.resource.parameters, job.resource.name
        for what, source, usual in (
            ("jobInput", "s3DataSource", places.batch_input),
            ("jobOutput", "s3DataDestination", places.batch_output),
        ):
            if what in given:
                yield f"{job.where}.{what}.{source}.path", given[what][source]["path"]
            elif home:
                yield job.where, usual(home, name)


def _teardown_problems(document: dict[str, Any], group: str) -> list[Problem]:
    if document["teardown"] == group:
        return []
    what = f"must be the dataset group's name again, {group}: everything in that group is deleted."
    return [Problem("$.teardown", what)]
