"""One resource of a run's graph: what shall become of it and why, what it comes after, and how far it is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from .resource_types import RESOURCE_TYPES, Parameters, ResourceType

# What a resource is to become. ENDED: no longer at work, however it ends (a training that a teardown stops).
ACTIVE, INACTIVE, ABSENT, ENDED = "ACTIVE", "INACTIVE", "ABSENT", "ENDED"
TEARDOWN = "the params ask for a teardown"  # the reason of all deletions of one
# How far it is.
OPEN, READY, FAILED, BLOCKED = "open", "ready", "failed", "blocked"


@dataclass
class Resource:
    """A node of the graph. Planning fills the first part; the engine the second, as things happen.

    Attributes:
        type: key of RESOURCE_TYPES.
        name: as in the params; a job's own, unique name.
        parameters: of the create call.
        arn: as soon as it is known.
        target: ACTIVE, INACTIVE (a stopped recommender), ABSENT or ENDED.
        plan: what will be done: create, update, reuse, replace, delete, start, stop, await, hold, skip.
        reason: why.
        stage: the stage of the run that works on it.
        after: ids of the resources that must be ready before anything is done to it.
        after_any: ids of those that must be over, well or not.
        fill: what is the ARN of another resource: its id by parameter, or by `follows`.
        durations: seconds that its like took, newest first.
        helper: what it is for, where it is no resource of the params: the trial of a filter. Told only when it fails.
        serving: the version that a campaign serves before the run.
        solution: the ARN of a campaign's solution.
        gate: a campaign's `deployWhen`.
        add_tags: tags that an existing resource lacks.
        keep_if_used: what others use is not deleted: schemas belong to the account.

        state: OPEN, READY, FAILED or BLOCKED.
        status: as Personalize last told it.
        since: when that work was begun; epoch seconds on the service's clock.
        done: what was done, in order, as told by the answers: `what`, `at`.
        intent: a call that was decided on, and whose answer is not known: `what`, `at`, `again` (not the first time).
        seen_update: when the update before this run's own was begun, as the service shows it.
        trouble: calls that are refused for now: `what`, `since`, `next` try, ... (docs/record.md).
        failure: why it failed, in words.
        foreign: whether it failed because it is another group's.
        follows: the version that a campaign that follows its solution by itself shall come to.
        weighed: the version that the gate weighed.
        held: why a gate held the campaign.
        over_at: when a look saw that nothing more will be done to it; epoch seconds.
        told_late: whether it was mailed that it takes longer than its like did.
        no_answer: why a campaign or recommender that is up does not answer, in words.
        took: seconds from its creation or update to its end, on the service's clock.
    """

    type: str
    name: str
    parameters: Parameters = field(default_factory=dict)
    arn: str | None = None
    target: str = ACTIVE
    plan: str = ""
    reason: str = ""
    stage: str = ""
    after: list[str] = field(default_factory=list)
    after_any: list[str] = field(default_factory=list)
    fill: dict[str, str] = field(default_factory=dict)
    durations: list[float] = field(default_factory=list)
    helper: str = ""
    serving: str | None = None
    solution: str | None = None
    gate: dict[str, Any] | None = None
    add_tags: list[dict[str, str]] = field(default_factory=list)
    keep_if_used: bool = False

    state: str = OPEN
    status: str | None = None
    since: float | None = None
    done: list[dict[str, Any]] = field(default_factory=list)
    intent: dict[str, Any] | None = None
    seen_update: str | None = None
    trouble: dict[str, Any] | None = None
    failure: str | None = None
    foreign: bool = False
    follows: str | None = None
    weighed: str | None = None
    held: str | None = None
    over_at: float | None = None
    told_late: bool = False
    no_answer: str | None = None
    took: float | None = None

    @property
    def kind(self) -> ResourceType:
        """Its row in the table of types."""
        return RESOURCE_TYPES[self.type]

    @property
    def id(self) -> str:
        """Unique in the graph: `campaign for-you`."""
        return " ".join(filter(None, (self.kind.label, self.name, self.helper)))

    @property
    def shown(self) -> str:
        """In a message: `campaign for-you`."""
        return f"{self.kind.label} {self.name}"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done to it."""
        return self.state != OPEN

    def did(self, what: str) -> bool:
        """Whether this run made the call: `create`, `update`, `delete`, ..."""
        return any(step["what"] == what for step in self.done)

    def to_json(self) -> dict[str, Any]:
        """What is not empty, as `docs/record.md` describes it."""
        return {
            name: value
            for name, entry in JSON_NAMES.items()
            if (value := getattr(self, entry)) not in (None, "", [], {}, False)
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Resource:
        """The reverse of `to_json`; what a newer version wrote besides is passed over."""
        return cls(**{entry: values[name] for name, entry in JSON_NAMES.items() if name in values})


def _json_name(attribute: str) -> str:
    """`keepIfUsed` for `keep_if_used`."""
    head, *rest = attribute.split("_")
    return head + "".join(part.title() for part in rest)


JSON_NAMES = {_json_name(entry.name): entry.name for entry in dataclasses.fields(Resource)}
