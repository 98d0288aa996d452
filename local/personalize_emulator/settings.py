"""Everything about the emulator that a user may choose, in three dataclasses with a reason beside every default."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: Emulated seconds each job takes at scale 1. The keys are the labels of `resources.RESOURCE_TYPES`, an update of one
#: ("campaign update"), the deletion of one ("delete campaign"), or a named delay. Sources: the developer guide, and
#: outputs in public notebooks.
DURATIONS: dict[str, float] = {
    "dataset group": 60,
    "dataset": 60,
    "dataset update": 108,
    "dataset import job": 12 * MINUTE,
    "dataset export job": 12 * MINUTE,
    # ACTIVE at the first look: a version asked for in the same second has never been refused.
    "solution": 0,
    "solution update": 3 * MINUTE,
    "solution version": 60 * MINUTE,
    "campaign": 10 * MINUTE,
    "campaign update": 10 * MINUTE,
    "recommender": 50 * MINUTE,
    "recommender update": 10 * MINUTE,
    "recommender start": 10 * MINUTE,
    "recommender stop": 5 * MINUTE,
    "filter": 0.5 * MINUTE,
    "filter on interactions": 2 * MINUTE,
    "event tracker": MINUTE,
    "batch inference job": 25 * MINUTE,
    "batch segment job": 25 * MINUTE,
    "data deletion job": 30 * MINUTE,
    "metric attribution": MINUTE,
    "metric attribution update": MINUTE,
    "delete campaign": 16.5 * MINUTE,
    "delete recommender": 18 * MINUTE,
    "delete solution": MINUTE,
    "delete filter": 1.3 * MINUTE,
    "delete dataset": 1.3 * MINUTE,
    "delete event tracker": 0.3 * MINUTE,
    "delete dataset group": MINUTE,
    "delete metric attribution": MINUTE,
    "stop training": MINUTE,
    # For the switch `solution_metrics`: how long the metrics of an ACTIVE version are in use.
    "metrics after training": 10 * MINUTE,
    # "within one hour after the solution is ACTIVE": the whole hour, so that a manual version may come first.
    "first automatic training": HOUR,
}

#: Names that stand for several in what is chosen: {"delete": 5} is for every deletion that is not chosen by itself.
GENERAL_DURATIONS = {
    "filter on interactions": "filter",
    **{name: "delete" for name in DURATIONS if name.startswith("delete ")},
}

MB, GB = 1024**2, 1024**3

#: Quotas by name; the numbers of "Amazon Personalize endpoints and quotas".
QUOTAS: dict[str, int] = {
    "schemas": 500,
    "dataset groups": 5,
    "running import jobs": 5,
    "running batch inference jobs": 5,
    "running batch segment jobs": 5,
    "running solution versions": 20,
    "solutions in a group": 10,
    "campaigns in a group": 5,
    "recommenders in a group": 5,
    "filters in a group": 30,
    # Not published: so many being created at once have been refused; 7 in a row went through.
    "filters being created": 10,
    "pending data deletion jobs in a group": 5,
    "fields in a filter": 10,
    "fields in all filters of a group": 20,
    "tags of a resource": 50,
    # Not published, so off (0): calls of the control plane in a second of emulated time, to an account and region.
    "calls in a second": 0,
    # In a second of emulated time, while the clock runs; on a standing one only if set.
    "recommendation requests in a second": 2500,
    "recommendation requests in a second to a campaign": 500,
    "event requests in a second to a group": 1000,
    "record requests in a second to a group": 10,
    # What one job may read. Above it the job fails.
    "bytes of a FULL import": 100 * GB,
    "bytes of an INCREMENTAL import": GB,
    "event types and metadata columns": 10,
    "bytes of a data deletion": 100 * MB,
    "files of a batch job": 1000,
    "bytes of a batch job": GB,
    "records of a batch inference file": 50_000_000,
    "records of a theme generation file": 100,
    "queries of an item affinity file": 500,
    "queries of an item attribute affinity file": 10,
    "users in a segment": 5_000_000,
    "interactions in training": 500_000_000,
    "interactions in training of a v2 recipe": 3_000_000_000,
    "items in training": 750_000,
    "items in training of a v2 recipe": 5_000_000,
    "items in training of semantic similarity": 10_000_000,
    "actions in training": 1000,
    "action interactions in training": 500_000_000,
}


@dataclass(frozen=True)
class Minimums:
    """The least data the service takes ("Amazon Personalize endpoints and quotas"); lower it for small tests."""

    rows_in_an_interactions_import: int = 1000
    interactions: int = 1000
    users_with_two_interactions: int = 25
    share_of_users_with_two_interactions: float = 0.01


@dataclass(frozen=True)
class Switches:
    """Behaviour that no source settles. A default is the likelier or stricter answer; change it to try the other."""

    #: Class raised when the request breaks the service model. The guide files bad formats under InvalidInputException;
    #: some AWS services answer ValidationException, as operations that do not declare the former always do here.
    invalid_request_error: str = "InvalidInputException"
    #: HTTP status by error code. The models of runtime and events name some (404, 409), that of the control plane none:
    #: 400 has been seen there.
    http_status: Mapping[str, int] = field(default_factory=dict)
    #: Class raised when a parent is not ACTIVE yet. ResourceInUse is the declared fit (CreateFilter, which does not
    #: declare it, answers InvalidInputException).
    parent_not_active_error: str = "ResourceInUseException"
    #: Class raised when a parent will never be ACTIVE, because it failed or was stopped: trying again can't help.
    dead_parent_error: str = "InvalidInputException"
    #: Class raised by a second CreateEventTracker of one dataset group.
    second_event_tracker_error: Literal["ResourceAlreadyExistsException", "LimitExceededException"] = (
        "ResourceAlreadyExistsException"
    )
    #: Class raised by a second CreateMetricAttribution of one dataset group.
    second_metric_attribution_error: Literal["ResourceAlreadyExistsException", "LimitExceededException"] = (
        "ResourceAlreadyExistsException"
    )
    #: Class raised when INCREMENTAL is asked for before a first FULL import.
    first_incremental_import_error: str = "InvalidInputException"
    #: Class raised by an import while another import into the same dataset runs.
    conflicting_import_error: str = "ResourceInUseException"
    #: Class raised when the domains of schema, dataset group and recipe do not go together.
    wrong_domain_error: str = "InvalidInputException"
    #: Class raised by StartRecommender or StopRecommender in the wrong state.
    recommender_state_error: str = "ResourceInUseException"
    #: Text of ResourceNotFoundException, with the places {type} (in words) and {arn}. The default has been seen of
    #: solutions and dataset groups, and stands for the other types by analogy.
    not_found_text: str = "The given {type} does not exist: {arn}"
    #: What happens to a property of PutEvents and its like that the schema has no field for: "refuse", or "ignore".
    unknown_properties: Literal["refuse", "ignore"] = "refuse"
    #: Class raised by CreateCampaign or a batch job whose recipe cannot do it.
    unsuited_recipe_error: str = "InvalidInputException"
    #: Whether schemas are read as Avro at all. Off lets moto's own tests (which store the text "sth") pass.
    check_schemas: bool = True
    #: Where a schema's required columns are checked: by CreateSchema through its record name, or only by CreateDataset.
    required_columns_checked_by: Literal["CreateSchema", "CreateDataset"] = "CreateDataset"
    #: Whether the record name must be spelt exactly like "Interactions" or "Action_Interactions".
    record_name_case_sensitive: bool = True
    #: Whether a namespace other than com.amazonaws.personalize.schema is refused.
    namespace_enforced: bool = False
    #: Which column of an Actions schema is reserved for the expiry: the guide's table and its prose differ.
    action_expiration_column: Literal["EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP"] = "EXPIRATION_TIMESTAMP"
    #: When an import finds access to S3 (role, trust, bucket policy) lacking: in the job, or already by the call, as
    #: has been seen. Batch, export and data deletion jobs find it in the job.
    s3_access_checked_by: Literal["job", "call"] = "call"
    #: What a call needs rights to besides its own resource: "all" that it names of the types which AWS's authorization
    #: reference lists for it (parents, for creations), of the recipe, without which CreateSolution and
    #: CreateRecommender have been refused, and by analogy of schema, filter and solution; "known" is the same without
    #: analogies; "own" is nothing, for the reference doesn't say which of two types is required, and an older one lists
    #: the first alone.
    rights_checked_on: Literal["all", "known", "own"] = "all"
    #: Whether CSV columns are matched by name, or must also stand in the schema's order.
    csv_columns_matched_by: Literal["name", "position"] = "name"
    #: What happens to a CSV column that the schema does not have.
    csv_extra_columns: Literal["ignore", "fail"] = "ignore"
    #: What happens to a TIMESTAMP in milliseconds (after the year 5000 when read as seconds).
    millisecond_timestamps: Literal["accept", "fail"] = "accept"
    #: What a training does with more data than its quota: the guide also says that so much is "considered".
    training_above_quota: Literal["fail", "ignore"] = "fail"
    #: Class raised above the quota "calls in a second". Runtime and events raise ThrottlingException.
    rate_error: Literal["LimitExceededException", "ThrottlingException"] = "LimitExceededException"
    #: Whether CreateEventTracker needs an Interactions dataset in the group.
    tracker_needs_interactions_dataset: bool = False
    #: Whether CreateSolution needs the recipe's datasets, or the training fails later.
    required_datasets_checked_by: Literal["CreateSolution", "training"] = "training"
    #: What performAutoML does: its recipes are withdrawn, so the call is refused; "popularity" trains all the same.
    perform_auto_ml: Literal["refuse", "popularity"] = "refuse"
    #: What trainingMode AUTOTRAIN does when a caller asks for it: the model lists it, no page says what it is for.
    autotrain_mode: Literal["refuse", "accept"] = "refuse"
    #: Whether a solution may both include and exclude columns.
    both_column_lists: Literal["accept", "refuse"] = "accept"
    #: Whether performIncrementalUpdate is on where its recipe has it and the caller says nothing, as a newer page says.
    incremental_update_by_default: bool = False
    #: Whether a version may be created while another version of the solution is being trained.
    concurrent_versions_of_a_solution: bool = True
    #: Whether the name given to CreateSolutionVersion becomes the tail of the ARN (else 8 hex digits).
    version_name_in_arn: bool = False
    #: Within what the name given to CreateSolutionVersion must be new; under "none" a repeated name makes a second
    #: version.
    version_names_unique_in: Literal["solution", "account", "none"] = "solution"
    #: What List operations answer for the ARN of a parent that does not exist. Under "empty", ListSolutionVersions
    #: raises ResourceNotFoundException all the same: it alone declares that class.
    unknown_parent_in_list: Literal["empty", "ResourceNotFoundException", "InvalidInputException"] = "empty"
    #: Texts of LimitExceededException, for quotas on what exists and on what runs. "documented" are the guide's ("More
    #: than 5 resources in ACTIVE state. Please delete some and try again.", "More than 5 resources with PENDING or
    #: IN_PROGRESS status."), "other" say the same ("You have exceeded the maximum number of active campaigns.", "Too
    #: many concurrent jobs.").
    existing_limit_text: Literal["documented", "other"] = "documented"
    running_limit_text: Literal["documented", "other"] = "documented"
    #: What GetSolutionMetrics does with an ACTIVE version: answers, or raises a class; ResourceInUseException only for
    #: the duration "metrics after training", the others always.
    solution_metrics: Literal["answers", "ResourceInUseException", "InvalidInputException", "AccessDeniedException"] = (
        "answers"
    )
    #: How Describe shows a filter's expression: as it was given, or with keywords in upper case, single blanks and
    #: parentheses around every value of IN.
    filter_expression_shown: Literal["as given", "normalised"] = "as given"
    #: How numbers that are texts (hyperparameters, exploration, thresholds) are shown: as given, or as floats print
    #: ("0.30" as "0.3", "5" as "5.0").
    number_texts_shown: Literal["as given", "canonical"] = "as given"
    #: Emulated seconds after an Update during which Describe and List still show the state before it.
    update_seen_after: float = 0.0
    #: Emulated seconds after a Create during which Describe does not find the new resource and List leaves it out; a
    #: repeated Create is told that it exists.
    creation_seen_after: float = 0.0
    #: Whether UpdateRecommender takes a stopped recommender. Nothing in its description forbids it.
    update_inactive_recommender: bool = True
    #: Whether DescribeCampaign shows the version behind `$LATEST`, or the text as it was sent.
    latest_resolved_in_describe: bool = True
    #: Whether UpdateCampaign may move a campaign to a version of another solution.
    campaign_may_change_solution: bool = False
    #: Spelling of batch job statuses: as seen live ("CREATE PENDING"), or as in the model ("PENDING", "IN PROGRESS").
    batch_statuses: Literal["live", "model"] = "live"
    #: Whether batch jobs stay when their solution is deleted: no operation deletes a job, and no source shows one whose
    #: solution version is gone.
    batch_jobs_outlive_solutions: bool = False
    #: Whether campaigns of v2 recipes, too, give metadata only if enableMetadataWithRecommendations is set. By the
    #: guide it is on without that, at no cost; no output shows it.
    v2_metadata_needs_enabling: bool = False
    #: Tail of the ARN of these two types: the name, or 8 hex digits.
    data_deletion_job_arn: Literal["name", "id"] = "name"
    metric_attribution_arn: Literal["name", "id"] = "name"
    #: Type of aws-popularity-count: the recipe table says POPULAR_ITEMS, the recipe's own page USER_PERSONALIZATION.
    popularity_count_type: Literal["POPULAR_ITEMS", "USER_PERSONALIZATION"] = "POPULAR_ITEMS"
    #: Type of aws-semantic-similarity, and whether it can do without interactions.
    semantic_similarity_type: str = "RELATED_ITEMS"
    semantic_similarity_needs_interactions: bool = False
    #: Keys of GetSolutionMetrics whose spelling no source shows.
    trend_accuracy_metric: str = "trend_prediction_accuracy"
    area_under_curve_metric: str = "area_under_the_curve"
    weighted_gain_metric: str = "normalized_discounted_cumulative_gain_with_event_weights_at_k"
    #: Whether pages of lists hold a third of what was asked for: a page of eleven with a token has been seen, of a list
    #: that was asked for without a number.
    short_pages: bool = False
    #: Whether a filter can be created before the first import of the dataset it reads.
    filter_needs_imported_data: bool = False
    #: Whether event types of use cases (View, Purchase, Watch, Click) are compared with their case.
    use_case_event_case_sensitive: bool = False


@dataclass(frozen=True)
class Settings:
    """One emulator's settings. `durations` and `quotas` are laid over the defaults, so give only what differs."""

    #: Account of callers that name none (MiniStack's).
    account_id: str = "000000000000"
    durations: Mapping[str, float] = field(default_factory=dict)
    quotas: Mapping[str, int] = field(default_factory=dict)
    minimums: Minimums = field(default_factory=Minimums)
    switches: Switches = field(default_factory=Switches)
    #: Share of a job's duration that it spends in PENDING.
    pending_share: float = 0.1
    #: Real seconds that one call gives to the reading of large data; the next call goes on where it stopped.
    work_slice: float = 0.5
    #: How many calls the log remembers.
    call_log_size: int = 10_000

    def __post_init__(self) -> None:
        _known("duration", self.durations, {*DURATIONS, *GENERAL_DURATIONS.values()})
        _known("quota", self.quotas, QUOTAS)

    def duration(self, name: str) -> float:
        """Emulated seconds of the named job: as chosen, or as chosen for its general name, or the default."""
        default = self.durations.get(GENERAL_DURATIONS.get(name, name), DURATIONS[name])
        return float(self.durations.get(name, default))

    def quota(self, name: str) -> int:
        """The number behind a row of `quotas.QUOTAS`."""
        return self.quotas.get(name, QUOTAS[name])

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from plain data (a parsed configuration file).

        Raises ValueError, naming what is known, for an unknown key at any level.
        """
        values = dict(values)
        _known("setting", values, {f.name for f in dataclasses.fields(cls)})
        for name, part in (("minimums", Minimums), ("switches", Switches)):
            if name in values:
                _known(name, values[name], {f.name for f in dataclasses.fields(part)})
                values[name] = part(**values[name])
        return cls(**values)


def read_config(path: Path) -> dict[str, Any]:
    """The settings of a TOML or JSON file, as plain data (a `faults` list may be among them)."""
    text = path.read_text(encoding="utf-8")
    data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    if not isinstance(data, dict):
        raise ValueError(f"{path} must hold one table of settings")
    return data


def _known(what: str, given: Mapping[str, Any], known: Mapping[str, Any] | set[str]) -> None:
    if unknown := set(given) - set(known):
        raise ValueError(f"Unknown {what} {sorted(unknown)}; known are {sorted(known)}")
