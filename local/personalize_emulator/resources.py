"""The table of resource types: how each is named, found, shown, and which statuses it lives through.

Sources: service model, Service Authorization Reference, output seen in public notebooks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .clock import Event, Work

#: What the API shows of a resource, by member name, plus links to parents that it does not show.
Record = dict[str, Any]


@dataclass(frozen=True)
class Statuses:
    """The statuses that a job walks through, in order, and the one it ends in when it fails."""

    pending: str
    in_progress: str
    done: str
    failed: str

    @classmethod
    def of(cls, verb: str, done: str = "ACTIVE", failed: str | None = None) -> Statuses:
        return cls(f"{verb} PENDING", f"{verb} IN_PROGRESS", done, failed or f"{verb} FAILED")


CREATE = Statuses.of("CREATE")
BATCH_AS_MODELLED = Statuses("PENDING", "IN PROGRESS", "ACTIVE", "CREATE FAILED")
DELETION_JOB = Statuses("PENDING", "IN_PROGRESS", "COMPLETED", "FAILED")
#: What a dataset's own status shows while its schema is replaced (observed); it falls back to ACTIVE either way.
DATASET_UPDATE = Statuses.of("UPDATE", failed="ACTIVE")
#: A metric attribution has no member for its latest update, so its own status must tell how that went.
ATTRIBUTION_UPDATE = Statuses.of("UPDATE")
RECOMMENDER_START = Statuses.of("START", failed="INACTIVE")
RECOMMENDER_STOP = Statuses.of("STOP", done="INACTIVE", failed="ACTIVE")
DELETE_PENDING, DELETE_IN_PROGRESS = "DELETE PENDING", "DELETE IN_PROGRESS"
STOPPING, STOPPED = "CREATE STOPPING", "CREATE STOPPED"

_BUSY_ENDINGS = ("PENDING", "IN_PROGRESS", "IN PROGRESS", "STOPPING")


def is_busy(status: str | None) -> bool:
    """Whether a job is still going on behind this status."""
    return status is not None and status.endswith(_BUSY_ENDINGS)


@dataclass(frozen=True)
class ResourceType:
    """One row of the table. The names of operations and members follow from `noun`, as they do in the API."""

    label: str
    noun: str
    #: ARN after the account; `{name}` and what a type adds are filled in, `{id}` is 8 random hex digits.
    arn_tail: str
    #: Member by which its List operation filters; also the link to its parent.
    parent: str | None = None
    name_member: str = "name"
    #: None: usable at once, without a status.
    statuses: Statuses | None = CREATE
    taggable: bool = True
    #: Statuses from which Delete is accepted; empty when the API has no Delete operation.
    deletable_from: tuple[str, ...] = ()
    delete_statuses: tuple[str, ...] = (DELETE_PENDING, DELETE_IN_PROGRESS)
    newest_first: bool = False
    #: Types that vanish with it, whose names stay taken.
    takes_along: tuple[str, ...] = ()
    #: ListFilters alone answers with a capital letter.
    list_key_capital: bool = False
    #: Member that shows the latest update.
    update_member: str | None = None

    @property
    def stem(self) -> str:
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_member(self) -> str:
        return f"{self.stem}Arn"

    @property
    def list_key(self) -> str:
        return f"{self.noun if self.list_key_capital else self.stem}s"


_ENDED = ("ACTIVE", "CREATE FAILED")

RESOURCE_TYPES: dict[str, ResourceType] = {
    row.label: row
    for row in (
        ResourceType("schema", "Schema", "schema/{name}", statuses=None, taggable=False, deletable_from=_ENDED),
        ResourceType(
            "dataset group",
            "DatasetGroup",
            "dataset-group/{name}",
            deletable_from=_ENDED,
            delete_statuses=(DELETE_PENDING,),
            takes_along=("data deletion job",),
        ),
        ResourceType(
            "dataset",
            "Dataset",
            "dataset/{group}/{kind}",
            parent="datasetGroupArn",
            deletable_from=_ENDED,
            takes_along=("dataset import job", "dataset export job"),
            update_member="latestDatasetUpdate",
        ),
        ResourceType(
            "dataset import job",
            "DatasetImportJob",
            "dataset-import-job/{name}",
            parent="datasetArn",
            name_member="jobName",
        ),
        ResourceType(
            "dataset export job",
            "DatasetExportJob",
            "dataset-export-job/{name}",
            parent="datasetArn",
            name_member="jobName",
        ),
        ResourceType(
            "solution",
            "Solution",
            "solution/{name}",
            parent="datasetGroupArn",
            deletable_from=_ENDED,
            takes_along=("solution version",),
            update_member="latestSolutionUpdate",
        ),
        ResourceType(
            "solution version",
            "SolutionVersion",
            "solution/{solution}/{id}",
            parent="solutionArn",
            takes_along=("batch inference job", "batch segment job"),
        ),
        ResourceType(
            "campaign",
            "Campaign",
            "campaign/{name}",
            parent="solutionArn",
            deletable_from=_ENDED,
            update_member="latestCampaignUpdate",
        ),
        ResourceType(
            "recommender",
            "Recommender",
            "recommender/{name}",
            parent="datasetGroupArn",
            deletable_from=(*_ENDED, "INACTIVE"),
            update_member="latestRecommenderUpdate",
        ),
        ResourceType(
            "filter",
            "Filter",
            "filter/{name}",
            parent="datasetGroupArn",
            deletable_from=_ENDED,
            list_key_capital=True,
        ),
        ResourceType(
            "event tracker",
            "EventTracker",
            "event-tracker/{id}",
            parent="datasetGroupArn",
            deletable_from=_ENDED,
        ),
        ResourceType(
            "batch inference job",
            "BatchInferenceJob",
            "batch-inference-job/{name}",
            parent="solutionVersionArn",
            name_member="jobName",
        ),
        ResourceType(
            "batch segment job",
            "BatchSegmentJob",
            "batch-segment-job/{name}",
            parent="solutionVersionArn",
            name_member="jobName",
        ),
        ResourceType(
            "data deletion job",
            "DataDeletionJob",
            "data-deletion-job/{name}",
            parent="datasetGroupArn",
            name_member="jobName",
            statuses=DELETION_JOB,
            newest_first=True,
        ),
        ResourceType(
            "metric attribution",
            "MetricAttribution",
            "metric-attribution/{name}",
            parent="datasetGroupArn",
            taggable=False,
            deletable_from=(*_ENDED, "UPDATE FAILED"),
        ),
    )
}


@dataclass
class Resource:
    """One thing that somebody created (or the schedule did)."""

    type: ResourceType
    arn: str
    #: API members and hidden links to parents; responses pick from it what their shape holds.
    record: Record
    tags: dict[str, str] = field(default_factory=dict)
    #: What the service knows and never shows: parsed schemas, trained models.
    inner: dict[str, Any] = field(default_factory=dict)
    #: When the running job ends, for people who watch.
    expected_end: float | None = None
    #: Events and work of the running job, and standing appointments (automatic training).
    jobs: list[Event] = field(default_factory=list)
    work: Work | None = None
    appointments: list[Event] = field(default_factory=list)
    #: What is shown until a moment: the record before an update (switch `update_seen_after`).
    before: tuple[float, Record] | None = None

    def seen(self, now: float) -> Record:
        """The record as Describe and List see it."""
        return self.before[1] if self.before is not None and now < self.before[0] else self.record

    @property
    def status(self) -> str | None:
        status: str | None = self.record.get("status")
        return status

    @property
    def update_status(self) -> str | None:
        """Status of the latest update; None when there was none, or the type has no such member."""
        update: Record | None = self.record.get(self.type.update_member) if self.type.update_member else None
        return update["status"] if update is not None else None

    @property
    def busy(self) -> bool:
        return is_busy(self.status) or is_busy(self.update_status)

    @property
    def name(self) -> str:
        return str(self.record.get(self.type.name_member, self.arn))


@dataclass(frozen=True)
class Blocker:
    """While such a child exists in such a state, its parent cannot be deleted ("Requirements for deleting ...")."""

    child: str
    #: Member of the child (by dots inside members) that holds `of` of the parent ("arn" is the parent's own ARN).
    link: str
    of: str = "arn"
    #: Which children count: every one, those with a running job, or those and the ACTIVE ones.
    states: str = "any"
    #: Only for datasets of this type.
    kind: str | None = None


_RUNNING, _LIVE = "running", "running or active"

BLOCKERS: dict[str, tuple[Blocker, ...]] = {
    "schema": (Blocker("dataset", "schemaArn"), Blocker("dataset", "latestDatasetUpdate.schemaArn", states="running")),
    "dataset": (
        Blocker("filter", "datasetGroupArn", "datasetGroupArn"),
        Blocker("event tracker", "datasetGroupArn", "datasetGroupArn", kind="INTERACTIONS"),
        Blocker("metric attribution", "datasetGroupArn", "datasetGroupArn"),
        Blocker("dataset import job", "datasetArn", states=_RUNNING),
        Blocker("dataset export job", "datasetArn", states=_RUNNING),
        Blocker("data deletion job", "datasetGroupArn", "datasetGroupArn", _RUNNING),
        Blocker("solution version", "datasetGroupArn", "datasetGroupArn", _RUNNING),
        Blocker("batch inference job", "datasetGroupArn", "datasetGroupArn", _RUNNING),
        Blocker("batch segment job", "datasetGroupArn", "datasetGroupArn", _RUNNING),
        Blocker("recommender", "datasetGroupArn", "datasetGroupArn", _RUNNING),
        Blocker("campaign", "datasetGroupArn", "datasetGroupArn", _LIVE),
    ),
    "dataset group": tuple(
        Blocker(child, "datasetGroupArn")
        for child in ("event tracker", "solution", "dataset", "recommender", "filter", "metric attribution")
    ),
    "solution": (
        Blocker("campaign", "solutionArn"),
        Blocker("solution version", "solutionArn", states=_RUNNING),
        Blocker("batch inference job", "solutionArn", states=_RUNNING),
        Blocker("batch segment job", "solutionArn", states=_RUNNING),
    ),
    "filter": (Blocker("batch inference job", "filterArn", states=_RUNNING),),
}


def blocks(blocker: Blocker, parent: Resource, child: Resource) -> bool:
    """Whether this child keeps this parent from being deleted."""
    if blocker.kind is not None and parent.record.get("datasetType") != blocker.kind:
        return False
    key = parent.arn if blocker.of == "arn" else parent.record[blocker.of]
    value: Any = child.record
    for member in blocker.link.split("."):
        value = value.get(member, {})
    if value != key:
        return False
    return blocker.states == "any" or child.busy or (blocker.states == _LIVE and child.status == "ACTIVE")
