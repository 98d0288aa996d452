"""What trainings need of the interactions, held against what was counted in the whole of them.

In a dataset that this run makes there is nothing else, so what is missing refuses the run; to one that is there events
were sent, perhaps, so it is a note. Source: Developer Guide, "Endpoints and quotas"; the domains' use cases.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator

from pipeline.data.checks import Looked
from pipeline.data.counts import MOST_EVENT_TYPES, Counts
from pipeline.data.distinct import KEPT
from pipeline.engine.resources import ABSENT, Resource
from pipeline.params import recipes
from pipeline.params.sections import DatasetSection, Sections

FEWEST_INTERACTIONS = 1000  # after filtering by event type
FEWEST_USERS = 25  # with two interactions
FEWEST_OF_ALL_USERS = 0.01
MOST_TYPES_AND_COLUMNS = 10
REQUIRED = ("USER_ID", "ITEM_ID", "TIMESTAMP")
MOST_SHOWN = 10  # event types
TRAINS = ("create", "replace", "update")
UNDECIDED = ""  # the plan of what was not compared with Personalize
Finding = tuple[str, str]


def check_data(read: Sections, looked: dict[str, Looked]) -> None:
    """Faults of data that is to be imported refuse the run; what stays as it was imported once is as good as it was."""
    for section in read.datasets:
        problems = looked[section.dataset_type].problems if section.dataset_type in looked else []
        if section.imported:
            read.problems += problems
        elif problems:
            others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            read.notes.append(f"Not imported by this run, and faulty: {problems[0]}{others}")


def check_interactions(read: Sections, looked: dict[str, Looked]) -> None:
    """Add to the problems of `read`, or to its notes, what the trainings that are planned lack in the data."""
    section = next((one for one in read.datasets if one.dataset_type == "Interactions"), None)
    seen = looked.get("Interactions")
    if section is None or seen is None or seen.summary is None or not seen.is_whole or not section.imported:
        return
    if seen.problems:  # what was counted is not all there is
        return
    counts = seen.summary.counts
    for what in _too_many_types(section, counts):
        read.problem(section.where, what)
    trained = list(_trained(read))
    findings = list(_users(section, counts)) if trained else []
    if counts.events is not None and not counts.has_too_many_types:
        findings += [finding for where, what in trained for finding in _events(where, what, counts.events)]
        read.notes += [note for where, what in trained for note in _weighed_in_vain(where, what, counts.events)]
    if trained and (doubt := _few_users_perhaps(counts)):
        read.notes.append(f"{section.where}: {doubt}")
    is_all_there_is = section.dataset.plan in ("create", "replace")
    for where, what in findings:
        if is_all_there_is:
            read.problem(where, what)
        else:
            read.notes.append(f"{where}: {what} Events that were sent count as well, and may make up for it.")


def _trained(read: Sections) -> Iterator[tuple[str, Resource]]:
    """What learns from interactions in this run, and where it stands in the params."""
    for section in read.solutions:
        if section.solution_version.plan in ("create", UNDECIDED) and _learns_from_events(section.solution):
            yield section.where, section.solution
    for placed in read.recommenders:
        if placed.resource.target != ABSENT and placed.resource.plan in (*TRAINS, UNDECIDED):
            yield placed.where, placed.resource


def _learns_from_events(solution: Resource) -> bool:
    return recipes.name_of(solution.parameters["recipeArn"]) != "aws-semantic-similarity"


def _too_many_types(section: DatasetSection, counts: Counts) -> Iterator[str]:
    """An import fails where there are more of them and of optional columns (quotas)."""
    optional = [field["name"] for field in (section.avro or {"fields": []})["fields"] if field["name"] not in REQUIRED]
    number = len([name for name in counts.events or () if name])
    if counts.has_too_many_types or number + len(optional) > MOST_TYPES_AND_COLUMNS:
        types = f"more than {MOST_EVENT_TYPES:,}" if counts.has_too_many_types else f"{number:,}"
        what = f"has {types} event types and {len(optional)} optional columns ({', '.join(optional)})"
        yield f"{what}; together at most {MOST_TYPES_AND_COLUMNS} are allowed."


def _users(section: DatasetSection, counts: Counts) -> Iterator[Finding]:
    users = counts.users
    if users is None:
        return
    least = "have two interactions or more; a training needs"
    if users.is_exact and users.twice < FEWEST_USERS:
        what = f"{users.twice} of {users.number:,} users {least} {FEWEST_USERS}."
    elif users.is_exact and users.share_twice < FEWEST_OF_ALL_USERS:
        what = f"only {users.twice} of {users.number:,} users {least} 1 % of them."
    elif not users.is_exact and users.twice == 0:
        # If one in a hundred had two, as it must be, it would be one data set in 30,000 that shows none of them here.
        what = f"none of {KEPT:,} users, taken by chance out of about {users.number:,}, {least} 1 % of them."
    else:
        return
    hint = "" if users.share_twice > 0.5 else " Is USER_ID the user, and not the visit?"
    yield section.where, f"{what}{hint} Upload more data."


def _few_users_perhaps(counts: Counts) -> str | None:
    """What an estimate makes likely, and does not prove."""
    users = counts.users
    if users is None or users.is_exact or users.twice == 0 or users.share_twice >= FEWEST_OF_ALL_USERS:
        return None
    about = round(users.share_twice * users.number)
    return (
        f"about {about:,} of about {users.number:,} users have two interactions or more; a training fails with fewer "
        f"than {FEWEST_USERS}, or than 1 % of all."
    )


def _events(where: str, trained: Resource, events: Counter[str]) -> Iterator[Finding]:
    """Event types that a training selects, and that hardly occur."""
    if not any(events[name] for name in events if name):
        yield where, "learns from EVENT_TYPE, which is empty in all rows of the interactions. Fill it, or leave it out."
        return
    member = "recipeArn" if trained.type == "recommender" else "eventType"
    wanted = (
        recipes.LEARNS_FROM.get(recipes.name_of(trained.parameters["recipeArn"]))
        if trained.type == "recommender"
        else trained.parameters.get("eventType")
    )
    if wanted is None:
        return
    # Whether their case matters is not known, so they count in any.
    count = sum(number for name, number in events.items() if name.lower() == wanted.lower())
    if count < FEWEST_INTERACTIONS:
        what = f"learns from events of the type {wanted}, of which the data has {count:,}; it needs 1,000."
        yield f"{where}.{member}", f"{what} {_types(wanted, events)}"


def _weighed_in_vain(where: str, trained: Resource, events: Counter[str]) -> Iterator[str]:
    """Event types that have a weight, and do not occur: legal, and most likely a slip."""
    known = {name.lower() for name in events}
    config = trained.parameters.get("solutionConfig", {}).get("eventsConfig", {})
    for number, weighed in enumerate(config.get("eventParametersList", [])):
        name = weighed.get("eventType", "")
        if name and name.lower() not in known:
            place = f"{where}.solutionConfig.eventsConfig.eventParametersList[{number}].eventType"
            yield f"{place}: the data has no event of the type {name}. {_types(name, events)}"


def _types(wanted: str, events: Counter[str]) -> str:
    names = sorted((name for name in events if name), key=lambda name: -events[name])
    close = difflib.get_close_matches(wanted, [name for name in names if name.lower() != wanted.lower()], n=1)
    shown = ", ".join(f"{name[:60]} ({events[name]:,})" for name in names[:MOST_SHOWN])
    more = f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else ""
    hint = f" Did you mean {close[0][:60]}?" if close else ""
    return f"It has {shown}{more}.{hint}"
