"""What a look at the data comes to, in words: problems, which refuse the run, and notes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.params.schemas import Avro
from pipeline.problems import Problem

from .csv_rows import FAULTS, NOTES
from .findings import Kind, Seen
from .summary import FileSummary, Summary

MOST_FILES = 3  # told of those that have one fault in common
MOST_NAMED = 20  # columns in a note
FEWEST_INTERACTIONS = 1000  # records per import job (quotas)


def problems(summary: Summary, dataset_type: str, location: str, *, is_whole: bool) -> list[Problem]:
    """What must be mended: by file, and in it by line.

    Args:
        summary: of the dataset's files.
        dataset_type: `Interactions`, ...
        location: of the files as a whole.
        is_whole: whether all of the data was looked at, so that it can be too little.
    """
    told: dict[Kind | str, int] = {}
    found: list[tuple[int, int, Problem]] = []
    for number, file in enumerate(summary.files):
        for line, fault, problem in _of_file(file):
            told[fault] = told.get(fault, 0) + 1
            if told[fault] <= MOST_FILES:
                found.append((number, line, problem))
    for fault, files in told.items():
        if files > MOST_FILES:
            what = _sort_of(fault)
            found.append(
                (len(summary.files), 0, Problem(location, f"{files - MOST_FILES:,} more of its files {what}."))
            )
    rows = summary.counts.rows
    if not found and is_whole and not rows:
        return [Problem(location, "there is no row below the header. Lines end with \\n or \\r\\n.")]
    if not found and is_whole and dataset_type == "Interactions" and rows < FEWEST_INTERACTIONS:
        what = f"{rows:,} interactions in all; an import needs at least {FEWEST_INTERACTIONS:,}. Upload more data."
        return [Problem(location, what)]
    return [problem for _, _, problem in sorted(found, key=lambda one: one[:2])]


def _of_file(file: FileSummary) -> Iterator[tuple[int, Kind | str, Problem]]:
    if file.problem:
        yield 0, file.problem, Problem(file.key, file.problem)
    for kind, seen in file.faults.items():
        column, name = kind
        if name in FAULTS and seen.first:
            line, *_ = seen.first[0]
            where = f"{file.key}, line {line:,}" + (f", {column}" if column else "")
            yield line, kind, Problem(where, _text(FAULTS[name], seen) + _others(seen))


def _text(template: str, seen: Seen) -> str:
    _, value, length, limit = seen.first[0]
    return template.format(value=value, length=length, limit=limit)


def _others(seen: Seen) -> str:
    if seen.count == 1:
        return ""
    number = f"at least {seen.count:,}" if seen.is_least else f"{seen.count:,}"
    next_ones = " and ".join(f"{line:,}" for line, *_ in seen.first[1:])
    return f" So it is in {number} lines" + (f"; the next: {next_ones}." if next_ones else ".")


def _sort_of(fault: Kind | str) -> str:
    if isinstance(fault, str):
        return "have the same fault"
    column, _ = fault
    return f"have the same fault in the column {column}" if column else "have lines with the same fault"


def notes(summary: Summary, avro: Avro, prefix: str, now: float) -> list[str]:
    """What is legal or not known to be refused, but worth a line; `now` in seconds since the epoch."""
    known = {"", *(field["name"] for field in avro["fields"])}  # "": pandas writes its index without a name
    extra = list(dict.fromkeys(name for header in summary.headers for name in header if name not in known))
    found = [f"{prefix}: the columns {some(extra)} are not in the schema, so they are not used."] if extra else []
    if len(summary.headers) > 1:
        found.append(f"{prefix}: the files' headers differ. The guide asks for one and the same in all files.")
    for kind in dict.fromkeys(kind for file in summary.files for kind in file.faults if kind[1] in NOTES):
        having = [(file.key, file.faults[kind]) for file in summary.files if kind in file.faults]
        found += _note(kind, having, now)
    return found


def _note(kind: Kind, having: list[tuple[str, Seen]], now: float) -> Iterator[str]:
    """One kind of all files: the first place, and how often in all."""
    column, name = kind
    places = [(key, *example) for key, seen in having for example in seen.first]
    if name == "hidden":
        yield f"{some([key for key, _ in having])}: {NOTES[name].format(value=places[0][2])}"
        return
    # What was found may have been kept for long: what lay ahead has come about, perhaps.
    ahead = [place for place in places if name != "future" or int(place[2]) > now]
    if not ahead:
        return
    key, line, value, length, limit = ahead[0]
    where = f"{key}, line {line:,}" + (f", {column}" if column else "")
    least = "at least " if any(seen.is_least for _, seen in having) else ""
    total = sum(seen.count for _, seen in having)
    others = f" So it is in {least}{total:,} lines in all." if total > 1 and len(ahead) == len(places) else ""
    yield f"{where}: {NOTES[name].format(value=value, length=length, limit=limit)}{others}"


def some(names: Sequence[str]) -> str:
    """Names in a line, the first ones of many."""
    shown = ", ".join(name[:60] for name in names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} others"
