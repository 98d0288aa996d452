"""The record of a run, `runs/<run>/record.json`: the graph, what was done to it, and how far it is (docs/record.md).

It lies in the bucket and not in Step Functions' state: a plan of any size fits, it can be looked at while the run
works, and whoever ends the run tells from it what happened. Every write is conditional, so of two actions that overlap
one goes on, and the other sees that it was overtaken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline import objects
from pipeline.errors import ActionFailed, Overtaken

from .resources import Resource

FORMAT = 1
Json = dict[str, Any]


@dataclass
class Record:
    """One run: `run` says which, `outcome` how it is to end or ended; the rest is empty where there is nothing to say.

    Attributes:
        run: `id`, `executionArn`, `bucket`, `key`, `prefix`, `codeVersion` (that planned it), `startedAt` (epoch
            seconds); once known `datasetGroup`.
        outcome: `proceed`, `teardown`, `planned` (a dry run), `rejected` or `superseded`.
        resources: the graph, in the order in which a reader understands it.
        notes: for the mail.
        problems: `where` and `what` of the first ones, of an upload that is rejected; `problem_count`, of all.
        data: what was counted in the data of each dataset type before the run (docs/record.md).
        costs: what the run was to cost, and what was to bill each month, as planned.
        schedules: expressions by purpose, as wanted; `schedules_done` is what was done about them.
        serving: the ARNs of campaigns and recommenders that are switched `off` from this run on, and for when they come
            back which version each campaign `served`; whether any of the file's own is (`isOff`) or was (`wasOff`).
        superseded_by: the upload that a superseded run was overtaken by: `key`; and where known `run`, `tookEffect`.
        samples_wanted: for how many users campaigns and recommenders are asked; `samples` is what they answered,
            `questions` what they did not answer yet.
        delays: what the run waited for beyond the work itself: `resource`, `what`, `seconds`.
        failure: what ended the run as a whole.
        announced: whether its beginning was mailed.
        reported: whether its ending was mailed: from then on the run does nothing more.
    """

    run: Json
    outcome: str | None = None
    resources: list[Resource] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[dict[str, str]] = field(default_factory=list)
    problem_count: int = 0
    data: dict[str, Json] = field(default_factory=dict)
    costs: Json = field(default_factory=dict)
    schedules: dict[str, str] = field(default_factory=dict)
    schedules_done: dict[str, str] = field(default_factory=dict)
    serving: Json = field(default_factory=dict)
    superseded_by: Json | None = None
    samples_wanted: int = 0
    questions: list[Json] = field(default_factory=list)
    samples: list[Json] = field(default_factory=list)
    delays: list[Json] = field(default_factory=list)
    failure: str | None = None
    announced: bool = False
    reported: bool = False
    _etag: str | None = None
    _written: bytes = b""

    @property
    def etag(self) -> str | None:
        """Of the object that it was read from or written to."""
        return self._etag

    def find(self, resource_id: str) -> Resource:
        """The resource of that id."""
        return next(resource for resource in self.resources if resource.id == resource_id)

    def of_type(self, kind: str) -> list[Resource]:
        """The resources of a type, by its key in RESOURCE_TYPES."""
        return [resource for resource in self.resources if resource.type == kind]

    def of_stage(self, stage: str) -> list[Resource]:
        """The resources that a stage works on."""
        return [resource for resource in self.resources if resource.stage == stage]

    def save(self) -> bool:
        """Write what changed since it was read; whether there was anything to write.

        Raises:
            Overtaken: another action wrote meanwhile.
        """
        body = json.dumps(self._to_json(), separators=(",", ":"), ensure_ascii=False, default=str).encode()
        if body == self._written:
            return False
        try:
            self._etag = objects.write(key(self.run["id"]), body, self._etag)
        except objects.Changed:
            raise Overtaken(f"run {self.run['id']}: another action of it wrote its record") from None
        self._written = body
        return True

    def _to_json(self) -> Json:
        values = {
            "format": FORMAT,
            "run": self.run,
            "outcome": self.outcome,
            "resources": [resource.to_json() for resource in self.resources],
            "notes": self.notes,
            "problems": self.problems,
            "problemCount": self.problem_count,
            "data": self.data,
            "costs": self.costs,
            "schedules": self.schedules,
            "schedulesDone": self.schedules_done,
            "serving": self.serving,
            "supersededBy": self.superseded_by,
            "samplesWanted": self.samples_wanted,
            "questions": self.questions,
            "samples": self.samples,
            "delays": self.delays,
            "failure": self.failure,
            "announced": self.announced,
            "reported": self.reported,
        }
        return {name: value for name, value in values.items() if value not in (None, [], {}, False)}


def key(run_id: str) -> str:
    """The object that a run's record is written to."""
    return f"runs/{run_id}/record.json"


def load(run_id: str) -> Record | None:
    """The record of a run, or None where it has none yet."""
    if (found := objects.read(key(run_id))) is None:
        return None
    body, etag = found
    values = json.loads(body)
    return Record(
        run=values["run"],
        outcome=values.get("outcome"),
        resources=[Resource.from_json(entry) for entry in values.get("resources", [])],
        notes=values.get("notes", []),
        problems=values.get("problems", []),
        problem_count=values.get("problemCount", len(values.get("problems", []))),
        data=values.get("data", {}),
        costs=values.get("costs", {}),
        schedules=values.get("schedules", {}),
        schedules_done=values.get("schedulesDone", {}),
        serving=values.get("serving", {}),
        superseded_by=values.get("supersededBy"),
        samples_wanted=values.get("samplesWanted", 0),
        questions=values.get("questions", []),
        samples=values.get("samples", []),
        delays=values.get("delays", []),
        failure=values.get("failure"),
        announced=values.get("announced", False),
        reported=values.get("reported", False),
        _etag=etag,
        _written=body,
    )


def required(run_id: str) -> Record:
    """The record of a run that has a plan.

    Raises:
        ActionFailed: it has none.
    """
    record = load(run_id)
    if record is None:
        raise ActionFailed(f"run {run_id}: its record is missing")
    return record


def ids(resources: Iterable[Resource]) -> list[str]:
    """Their ids, to come after."""
    return [resource.id for resource in resources]
