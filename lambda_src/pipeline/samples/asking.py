"""The run asks what it has made: a campaign or recommender that can't answer is no success.

Each is asked for a few users of the imported data, and each filter once. Answers are kept in the record, for page and
mail. What passes by itself is waited out, as long as it is anywhere else in a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients
from pipeline.engine.calls import side_by_side
from pipeline.engine.patience import Refusal, understand
from pipeline.engine.record import Record, required
from pipeline.engine.stage import BUDGET, must_end
from pipeline.engine.waiting import SHORTEST, seconds_until_retry
from pipeline.errors import Overtaken
from pipeline.run_ids import run_id

from .names import names_of
from .questions import ACT, RANK, RECOMMEND, RESULTS, Question, questions, servers
from .subjects import Dataset, imported

STAGE = "askForRecommendations"
NOT_ASKED = (
    "What is up was not asked for recommendations: there is no Interactions data with users in it that can be read, "
    "and that is known to be what was imported."
)
Json = dict[str, Any]

ASK: dict[str, Callable[[Json], Any]] = {
    RECOMMEND: lambda given: clients.personalize_runtime().get_recommendations(**given)["itemList"],
    RANK: lambda given: clients.personalize_runtime().get_personalized_ranking(**given)["personalizedRanking"],
    ACT: lambda given: clients.personalize_runtime().get_action_recommendations(**given)["actionList"],
}


def ask_for_recommendations(event: Json) -> Json:
    """Ask the run's campaigns and recommenders, and write down what they answer.

    Args:
        event: `execution`, the context object of that name.

    Returns:
        `verdict`: `ready`, also where some can't answer: the record tells; `pending` with `waitSeconds` where AWS
        refuses for now, or time was too short for all; `over` where the run took too long.

    Raises:
        ActionFailed: the run has no record.
    """
    record = required(run_id(event["execution"]))
    summary = {"stage": STAGE, "run": record.run["id"]}
    try:
        if must_end(record):
            return summary | {"verdict": "over"}
        _ask(record)
        record.save()
    except Overtaken:
        return summary | {"verdict": "pending", "waitSeconds": SHORTEST}
    if record.questions:
        now = clients.clock.now()
        refused = [entry for entry in record.questions if "refusedSince" in entry]
        waited = now - min((entry["refusedSince"] for entry in refused), default=now)
        summary |= {"verdict": "pending", "waitSeconds": seconds_until_retry(waited), "open": len(record.questions)}
        return summary | ({"refused": refused[0]["refusal"][:200]} if refused else {})
    return summary | {"verdict": "ready", "answers": len(record.samples)}


def _ask(record: Record) -> None:
    """Ask what is not answered yet. What is to be asked again stays among the record's questions."""
    if not record.samples_wanted:
        return
    data = imported(record)
    if not record.questions and not record.samples:
        record.questions = [asdict(question) for question in questions(record, data)]
        if not record.questions and servers(record) and NOT_ASKED not in record.notes:
            record.notes.append(NOT_ASKED)
    clients.personalize_runtime()  # a session makes clients for one thread at a time
    deadline = time.monotonic() + BUDGET
    outcomes = side_by_side(lambda entry: _answer(_question(entry), deadline), record.questions)
    still_open = []
    for entry, outcome in zip(record.questions, outcomes, strict=True):
        if outcome is None or isinstance(outcome, Refusal) and _may_pass(entry, outcome):
            still_open.append(entry)
        else:
            record.samples.append(_told(_question(entry), outcome))
    record.questions = still_open
    if not still_open:
        _conclude(record, data)


def _question(entry: Json) -> Question:
    """One as it was kept in the record."""
    named = {field.name: entry[field.name] for field in fields(Question)}
    return Question(**named | {"missing": tuple(entry["missing"])})


def _may_pass(entry: Json, refusal: Refusal) -> bool:
    """Whether a refusal is waited out still, each kind for as long as it is worth; notes since when."""
    now = clients.clock.now()
    if entry.get("patience") != refusal.patience:
        entry |= {"refusedSince": now, "patience": refusal.patience}
    entry["refusal"] = refusal.message
    return bool(now - entry["refusedSince"] < refusal.patience)


def _answer(question: Question, deadline: float) -> list[Json] | Refusal | None:
    """The answer; None where there was no time."""
    if time.monotonic() > deadline:
        return None
    if question.missing:
        return Refusal(f"there is no value to try for ${', $'.join(question.missing)}", 0)
    try:
        entries = ASK[question.operation](question.parameters)
    except (ClientError, BotoCoreError) as error:
        return understand(error)
    id_member = "actionId" if question.operation == ACT else "itemId"
    return [{"id": entry[id_member]} | _score(entry) for entry in entries[:RESULTS]]


def _score(entry: Json) -> Json:
    return {"score": entry["score"]} if entry.get("score") is not None else {}


def _told(question: Question, outcome: list[Json] | Refusal) -> Json:
    """A sample, as the record has it."""
    about = {name: question.parameters[name] for name in ("userId", "itemId") if name in question.parameters}
    sample: Json = {"resource": question.resource, "about": about}
    if question.filter:
        sample["filter"] = question.filter  # its values may be those of a user: they stay in the request
    return sample | ({"refused": outcome.message} if isinstance(outcome, Refusal) else {"answer": outcome})


def _conclude(record: Record, data: dict[str, Dataset]) -> None:
    """Name the items, and note who can't answer. A filter that is refused is told, and fails nothing."""
    wanted = {entry["id"] for sample in record.samples for entry in sample.get("answer", [])}
    wanted |= {sample["about"]["itemId"] for sample in record.samples if "itemId" in sample["about"]}
    names = names_of(wanted, data.get("Items"))
    plain: dict[str, list[Json]] = {}
    for sample in record.samples:
        for entry in sample.get("answer", []):
            entry |= {"name": names[entry["id"]]} if entry["id"] in names else {}
        if name := names.get(sample["about"].get("itemId", "")):
            sample["itemName"] = name
        if "filter" not in sample:
            plain.setdefault(sample["resource"], []).append(sample)
    for resource, samples in plain.items():
        record.find(resource).no_answer = _why_not(samples)


def _why_not(samples: list[Json]) -> str | None:
    """Why a campaign or recommender does not work; None where it does."""
    if refused := [sample["refused"] for sample in samples if "refused" in sample]:
        return f"does not answer {len(refused)} of {len(samples)} questions: {refused[0]}"
    if not any(sample["answer"] for sample in samples):
        return f"recommends nothing to any of the {len(samples)} that it was asked about"
    return None
