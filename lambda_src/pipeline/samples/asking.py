"""The run asks what it has made: a campaign or recommender that can't answer is no success.

Each is asked for a few users of the imported data, and each filter once. Answers are kept in the record, for page and
mail. What passes by itself is waited out, as long as it is anywhere else in a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline import clients
from pipeline.engine.calls import side_by_side
from pipeline.engine.patience import Refusal, understand
from pipeline.engine.record import Record, load
from pipeline.engine.stage import BUDGET, must_end
from pipeline.errors import ActionFailed, Overtaken
from pipeline.run_ids import run_id

from .names import names_of
from .questions import ACT, RANK, RECOMMEND, RESULTS, Question, questions, servers
from .subjects import Dataset, imported

STAGE = "askForRecommendations"
PAUSE = 20  # seconds until what was refused for now is asked again
NOT_ASKED = "What is up was not asked for recommendations: no user could be read from the Interactions data."
Json = dict[str, Any]

ASK: dict[str, Callable[[Json], Any]] = {
    RECOMMEND: lambda given: clients.personalize_runtime().get_recommendations(**given)["itemList"],
    RANK: lambda given: clients.personalize_runtime().get_personalized_ranking(**given)["personalizedRanking"],
    ACT: lambda given: clients.personalize_runtime().get_action_recommendations(**given)["actionList"],
}


def ask_for_recommendations(event: Json) -> Json:
    """Ask the run's campaigns and recommenders, and write down what they answer.

    Args:
        event: `execution`, the context object of that name; `state`, the summary of the last look.

    Returns:
        `verdict`: `ready`, also where some can't answer: the record tells; `pending` with `waitSeconds` where AWS
        refuses for now, `since` when; `over` where the run took too long.

    Raises:
        ActionFailed: the run has no record.
    """
    record = load(run_id(event["execution"]))
    if record is None:
        raise ActionFailed(f"run {run_id(event['execution'])}: its record is missing")
    summary = {"stage": STAGE, "run": record.run["id"]}
    try:
        if why := must_end(record):
            record.failure, record.reported = why, False
            record.save()
            return summary | {"verdict": "over"}
        earlier = event.get("state", {})
        since = earlier.get("since") if earlier.get("stage") == STAGE else None
        now = clients.clock.now()
        refused = _ask(record, now - since if since else 0)
        record.save()
    except Overtaken:
        return summary | {"verdict": "pending", "waitSeconds": PAUSE}
    if refused:
        return summary | {"verdict": "pending", "waitSeconds": PAUSE, "since": since or now, "refused": refused[:200]}
    return summary | {"verdict": "ready", "answers": len(record.samples)}


def _ask(record: Record, waited: float) -> str | None:
    """Ask what is not answered yet; what one of those says that are to be asked again, if any are."""
    if not record.samples_wanted:
        return None
    data = imported(record)
    answered = {sample["question"] for sample in record.samples}
    all_questions = questions(record, data)
    if not all_questions and servers(record) and NOT_ASKED not in record.notes:
        record.notes.append(NOT_ASKED)
    todo = [question for question in all_questions if question.id not in answered]
    deadline = time.monotonic() + BUDGET
    outcomes = side_by_side(lambda question: _answer(question, deadline), todo)
    again = None
    for question, outcome in zip(todo, outcomes, strict=True):
        if outcome is None:
            again = again or "there was no time to ask all"
        elif isinstance(outcome, Refusal) and waited < outcome.patience:
            again = outcome.message
        else:
            record.samples.append(_told(question, outcome))
    if again is None:
        _conclude(record, data)
    return again


def _answer(question: Question, deadline: float) -> list[Json] | Refusal | None:
    """The answer; None where there was no time."""
    if time.monotonic() > deadline:
        return None
    if question.missing:
        return Refusal(f"the data has no value for ${', $'.join(question.missing)}", 0)
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
    sample: Json = {"resource": question.resource, "about": about, "question": question.id}
    if question.filter:
        sample |= {"filter": question.filter, "filterValues": question.parameters.get("filterValues", {})}
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
