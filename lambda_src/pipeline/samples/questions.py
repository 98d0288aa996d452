"""What to ask of each campaign and recommender, as its recipe wants it, and of each filter.

Sources: API GetRecommendations, GetPersonalizedRanking, GetActionRecommendations; Developer Guide, the pages of the
recipes and use cases, and "Filtering recommendations and user segments".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.engine.record import Record
from pipeline.engine.resource_types import Parameters
from pipeline.engine.resources import ACTIVE, READY, Resource
from pipeline.params import filters, recipes

from .subjects import Dataset, items, pairs

RESULTS = 5  # asked for each
RANKED = 10  # items given to be ranked
RECOMMEND, RANK, ACT = "GetRecommendations", "GetPersonalizedRanking", "GetActionRecommendations"


@dataclass(frozen=True)
class Question:
    """One request: of which `resource` (its id), which `operation` with which `parameters`.

    `filter` is the name of the filter that it tries; `missing` the placeholders that the data has no value for.
    """

    resource: str
    operation: str
    parameters: Parameters = field(hash=False)
    filter: str = ""
    missing: tuple[str, ...] = ()


def servers(record: Record) -> list[Resource]:
    """The campaigns and recommenders that are up."""
    return [
        resource
        for resource in [*record.of_type("campaign"), *record.of_type("recommender")]
        if resource.target == ACTIVE
        and resource.state == READY
        and resource.arn
        and resource.plan not in ("skip", "hold")
    ]


def questions(record: Record, data: dict[str, Dataset]) -> list[Question]:
    """All that a run asks, always the same of the same data."""
    interactions = data.get("Interactions")
    subjects = pairs(interactions, record.samples_wanted) if interactions else []
    if not interactions or not subjects:
        return []
    some = items(interactions, RANKED)
    asked = [question for server in servers(record) for question in _plain(record, server, subjects, some)]
    return asked + list(_filtered(record, data, asked))


def _plain(record: Record, server: Resource, subjects: list[tuple[str, str]], some: list[str]) -> Iterator[Question]:
    operation, needs = _form(record, server)
    target = {"campaignArn" if server.type == "campaign" else "recommenderArn": server.arn}
    for user, item in subjects:
        if operation == RANK:
            yield Question(server.id, operation, target | {"userId": user, "inputList": some})
        else:
            given = {"userId": user, "itemId": item}
            about = {name: given[name] for name in needs}
            yield Question(server.id, operation, target | about | {"numResults": RESULTS})


def _form(record: Record, server: Resource) -> tuple[str, tuple[str, ...]]:
    """Which operation its recipe answers, and what that needs; of a recipe that nobody knows, all that it takes."""
    if server.type == "recommender":
        name = recipes.name_of(server.parameters["recipeArn"])
        return RECOMMEND, recipes.USE_CASES_ABOUT.get(name, ("userId",))
    solution = next(each for each in record.of_type("solution") if each.arn == server.solution)
    name = recipes.name_of(solution.parameters["recipeArn"])
    if name == recipes.ACTIONS:
        return ACT, ("userId",)
    line = recipes.RECIPES.get(name, recipes.UNKNOWN).line
    return (RANK, ()) if line == recipes.RANKED else (RECOMMEND, line or ("userId", "itemId"))


def _filtered(record: Record, data: dict[str, Dataset], asked: list[Question]) -> Iterator[Question]:
    """Each filter once, of the first that it fits, about the first who was asked about."""
    user = next(({"userId": each.parameters["userId"]} for each in asked if "userId" in each.parameters), {})
    for one in record.of_type("filter"):
        if one.target != ACTIVE or one.state != READY or one.helper or one.plan == "skip":
            continue
        try:
            expressions = filters.read(one.parameters["filterExpression"])
        except filters.Fault:  # Personalize took what we can't read
            continue
        question = next((question for question in asked if _fits(expressions, question)), None)
        if question is None:
            continue
        values, missing = _values(expressions, data)
        # A rule may look at the user where the recipe asks about an item only.
        parameters = user | question.parameters | {"filterArn": one.arn} | ({"filterValues": values} if values else {})
        yield Question(question.resource, question.operation, parameters, one.name, tuple(missing))


def _fits(expressions: list[filters.Expression], question: Question) -> bool:
    target = "ACTIONID" if question.operation == ACT else "ITEMID"
    values = [value for expression in expressions for condition in expression.conditions for value in condition.values]
    of_item = any(value.kind == "item" for value in values)
    fits = all(expression.target == target for expression in expressions)  # those of users are for segments
    return fits and (not of_item or "itemId" in question.parameters)


def _values(expressions: list[filters.Expression], data: dict[str, Dataset]) -> tuple[dict[str, str], list[str]]:
    """A value of the data for each placeholder, as the call takes it; and the placeholders that there is none for."""
    values: dict[str, str] = {}
    missing: list[str] = []
    for condition in (each for expression in expressions for each in expression.conditions):
        for name in (value.text for value in condition.values if value.kind == "placeholder"):
            dataset = data.get(condition.dataset)
            value = dataset.value(condition.column) if dataset else None
            if dataset is None or value is None or not dataset.fields:  # without a schema its type can't be told
                missing.append(name)
                continue
            text = value if dataset.is_number(condition.column) else json.dumps(value, ensure_ascii=False)
            if values.setdefault(name, text).startswith('"') != text.startswith('"'):
                missing.append(name)  # no value is a number and a text
    return values, missing
