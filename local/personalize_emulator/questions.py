"""Asks a real account what no public source settles, records the answers, and leaves nothing behind.

`personalize-emulator ask --output calls.jsonl`. It says what that will cost, and waits for your "yes". --rehearse asks
the emulator instead, for nothing. What it records is redacted, and can be replayed (docs/replay.md).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .recording import Recorder
from .resources import RESOURCE_TYPES, is_busy

RECIPES = "arn:aws:personalize:::recipe/"
ACCOUNT_IN_REHEARSALS = "123456789012"
_NAME = re.compile(r"questions-[\da-f]{6}")


@dataclass(frozen=True)
class Price:
    """US dollars for a unit."""

    what: str
    dollars: float
    unit: str


#: us-east-1, read on 26 Nov 2026 in public notes that quote https://aws.amazon.com/personalize/pricing/ (GitHub, text
#: search for the amounts; the page itself was not at hand). A TPS-hour is 3,600 requests at 0.0556 dollars a thousand.
PRICES_OF = (
    "26 Nov 2026, us-east-1, from notes that quote https://aws.amazon.com/personalize/pricing/; look there first"
)
INGESTION = Price("data ingestion", 0.05, "GB")
TRAINING = Price("training", 0.24, "training hour")
CAMPAIGN = Price("campaign", 0.20, "TPS-hour")


@dataclass(frozen=True)
class Cost:
    """So much of something, by what real accounts took, rounded up."""

    price: Price
    amount: float

    @property
    def dollars(self) -> float:
        return self.price.dollars * self.amount

    def __str__(self) -> str:
        unit = f"{self.price.dollars:.2f} dollars a {self.price.unit}"
        return f"{self.price.what}: {self.amount:g} x {unit} = {self.dollars:.2f} dollars"


@dataclass(frozen=True)
class Stage:
    """Questions that cost alike. `minutes` is about how long they take."""

    name: str
    act: Callable[[Inquiry], None]
    minutes: int
    costs: tuple[Cost, ...] = ()
    #: Whether it needs a bucket, and a role that reads it.
    needs_data: bool = False


@dataclass
class Answer:
    """What the service said to one question."""

    question: str
    operation: str
    said: str


@dataclass
class Inquiry:
    """Clients whose calls are recorded, and the names of what they make: all begin with `name`."""

    api: Any
    runtime: Any
    name: str
    sleep: Callable[[float], None] = time.sleep
    bucket: str = ""
    role: str = ""
    answers: list[Answer] = field(default_factory=list)

    def ask(self, question: str, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation; what it says is the answer to the question. Returns {} when it was refused."""
        client = self.runtime if hasattr(self.runtime, operation) else self.api
        try:
            given: dict[str, Any] = getattr(client, operation)(**params)
        except ClientError as err:
            error = err.response["Error"]
            self.answers.append(Answer(question, operation, f"{error['Code']}: {error['Message']}"))
            return {}
        self.answers.append(Answer(question, operation, "accepted"))
        return given

    def make(self, operation: str, **params: Any) -> str:
        """Create something that a question needs. Raises ClientError."""
        answer = getattr(self.api, operation)(**params)
        return str(next(value for member, value in answer.items() if member.endswith("Arn")))

    def settled(self, label: str, arn: str) -> dict[str, Any]:
        """What Describe shows once nothing is going on any more; {} once it is gone."""
        kind = RESOURCE_TYPES[label]
        describe = getattr(self.api, f"describe_{label.replace(' ', '_')}")
        while True:
            try:
                shown: dict[str, Any] = describe(**{kind.arn_member: arn})[kind.stem]
            except self.api.exceptions.ResourceNotFoundException:
                return {}
            update = shown.get(kind.update_member or "", {})
            if not is_busy(shown.get("status")) and not is_busy(update.get("status")):
                return shown
            self.sleep(15 if label != "solution version" else 60)

    def schema(self, name: str, fields: list[tuple[str, Any]], domain: str | None = None, **changes: Any) -> str:
        text = schema_text("Interactions", fields, **changes)
        return self.make(
            "create_schema", name=f"{self.name}-{name}", schema=text, **({"domain": domain} if domain else {})
        )


INTERACTIONS: list[tuple[str, Any]] = [("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long")]
EVENTS = [*INTERACTIONS, ("EVENT_TYPE", "string")]


def schema_text(record: str, fields: list[tuple[str, Any]], **changes: Any) -> str:
    document = {
        "type": "record",
        "name": record,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": [{"name": name, "type": kind} for name, kind in fields],
        "version": "1.0",
    }
    return json.dumps(document | changes)


# The questions. Each `ask` begins with the switch that its answer settles, or with what is asked.


def without_data(inquiry: Inquiry) -> None:
    """What needs neither data nor training, and costs nothing."""
    ask, name = inquiry.ask, inquiry.name
    schema = inquiry.schema("schema", EVENTS)
    # Parents that are still being created: within the first seconds.
    group = inquiry.make("create_dataset_group", name=f"{name}-group")
    sims = {"datasetGroupArn": group, "recipeArn": f"{RECIPES}aws-sims", "performAutoTraining": False}
    dataset = {"name": f"{name}-data", "datasetGroupArn": group, "datasetType": "Interactions", "schemaArn": schema}
    ask("parent_not_active_error", "create_dataset", **dataset)
    ask("parent_not_active_error", "create_solution", name=f"{name}-early", **sims)
    ask("parent_not_active_error", "create_event_tracker", name=f"{name}-early", datasetGroupArn=group)
    domain_group = inquiry.make("create_dataset_group", name=f"{name}-domain", domain="ECOMMERCE")
    views = f"{RECIPES}aws-ecomm-popular-items-by-views"
    early = {"name": f"{name}-early", "recipeArn": views}
    ask("parent_not_active_error", "create_recommender", datasetGroupArn=domain_group, **early)
    inquiry.settled("dataset group", group)
    inquiry.settled("dataset group", domain_group)
    # Schemas.
    for question, text in (
        ("check_schemas", "sth"),
        ("check_schemas", '"sth"'),
        ("record_name_case_sensitive", schema_text("interactions", INTERACTIONS)),
        ("required_columns_checked_by", schema_text("Interactions", INTERACTIONS[:1])),
        ("namespace_enforced", schema_text("Interactions", INTERACTIONS, namespace="com.example")),
        ("both required columns and a field twice", schema_text("Interactions", [*INTERACTIONS, INTERACTIONS[0]])),
    ):
        made = ask(question, "create_schema", name=f"{name}-s{len(inquiry.answers)}", schema=text)
        if question == "required_columns_checked_by" and made:
            ask(question, "create_dataset", **dataset | {"schemaArn": made["schemaArn"]})
    # Requests that break the model.
    ask("invalid_request_error", "create_dataset_group", name="no name")
    ask("invalid_request_error", "list_schemas", nextToken="no token")
    owner = schema.rpartition(":")[0]
    for label, kind in RESOURCE_TYPES.items():
        parts = {"group": f"{name}-nobody", "solution": f"{name}-nobody", "kind": "INTERACTIONS", "id": "0" * 8}
        arn = f"{owner}:{kind.arn_tail.format(name=f'{name}-nobody', **parts)}"
        ask("not_found_text", f"describe_{label.replace(' ', '_')}", **{kind.arn_member: arn})
    nobody = group.replace(f"{name}-group", f"{name}-nobody")
    ask("unknown_parent_in_list", "list_datasets", datasetGroupArn=nobody)
    ask("unknown_parent_in_list", "list_solutions", datasetGroupArn=nobody)
    # Domains.
    ask("wrong_domain_error", "create_dataset", **dataset | {"datasetGroupArn": domain_group})
    ask("wrong_domain_error", "create_recommender", datasetGroupArn=group, **early)
    ask("wrong_domain_error", "create_solution", name=f"{name}-use-case", **sims | {"recipeArn": views})
    # Trackers, with and without a dataset, and a second one.
    ask("tracker_needs_interactions_dataset", "create_event_tracker", name=f"{name}-one", datasetGroupArn=group)
    ask("second_event_tracker_error", "create_event_tracker", name=f"{name}-two", datasetGroupArn=group)
    # Solutions without data.
    plain = ask("required_datasets_checked_by", "create_solution", name=f"{name}-plain", **sims)
    if plain:
        inquiry.settled("solution", plain["solutionArn"])
    newer = sims | {"recipeArn": f"{RECIPES}aws-user-personalization-v2"}
    default = ask("incremental_update_by_default", "create_solution", name=f"{name}-default", **newer)
    if default:
        inquiry.settled("solution", default["solutionArn"])
    columns = {"includedDatasetColumns": {"INTERACTIONS": ["ITEM_ID"]}, "excludedDatasetColumns": {"ITEMS": ["A"]}}
    both = {"solutionConfig": {"trainingDataConfig": columns}}
    ask("both_column_lists", "create_solution", name=f"{name}-both", **newer, **both)
    without_recipe = {key: value for key, value in sims.items() if key != "recipeArn"}
    ask("perform_auto_ml", "create_solution", name=f"{name}-auto", performAutoML=True, **without_recipe)
    threshold = {"eventType": "View", "solutionConfig": {"eventValueThreshold": "0.30"}}
    shown = ask("number_texts_shown", "create_solution", name=f"{name}-threshold", **sims, **threshold)
    if shown:
        inquiry.settled("solution", shown["solutionArn"])
    # Recipes show their types.
    for question, recipe in (
        ("popularity_count_type", "aws-popularity-count"),
        ("semantic_similarity_type", "aws-semantic-similarity"),
    ):
        ask(question, "describe_recipe", recipeArn=f"{RECIPES}{recipe}")
    # A dataset, and filters on it before any import.
    made = ask("a dataset", "create_dataset", **dataset)
    if not made:
        return
    inquiry.settled("dataset", made["datasetArn"])
    ask("a second dataset of a type", "create_dataset", **dataset | {"name": f"{name}-more"})
    spaced = "exclude itemid where  Interactions.EVENT_TYPE in (*)"
    for question, expression in (
        ("filter_needs_imported_data", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'),
        ("filter_expression_shown", spaced),
        ("a filter that cannot be read", "EXCLUDE ItemID"),
    ):
        given = {"name": f"{name}-f{len(inquiry.answers)}", "datasetGroupArn": group, "filterExpression": expression}
        made = ask(question, "create_filter", **given)
        if made:
            inquiry.settled("filter", made["filterArn"])


def with_data(inquiry: Inquiry) -> None:
    """Imports of a few rows."""
    ask, name = inquiry.ask, inquiry.name
    group = inquiry.make("create_dataset_group", name=f"{name}-data")
    inquiry.settled("dataset group", group)
    schema = inquiry.schema("data", EVENTS)
    given = {"name": f"{name}-data", "datasetGroupArn": group, "datasetType": "Interactions", "schemaArn": schema}
    dataset = inquiry.make("create_dataset", **given)

    def job(number: int, key: str = "rows.csv", **more: Any) -> dict[str, Any]:
        source = {"dataLocation": f"s3://{inquiry.bucket}/{name}/{key}"}
        return {
            "jobName": f"{name}-{number}",
            "datasetArn": dataset,
            "dataSource": source,
            "roleArn": inquiry.role,
        } | more

    ask("parent_not_active_error", "create_dataset_import_job", **job(0))
    inquiry.settled("dataset", dataset)
    ask("first_incremental_import_error", "create_dataset_import_job", **job(1, importMode="INCREMENTAL"))
    first = ask("an import", "create_dataset_import_job", **job(2))
    ask("conflicting_import_error", "create_dataset_import_job", **job(3))
    if first:
        inquiry.settled("dataset import job", first["datasetImportJobArn"])
    for number, question, key in (
        (4, "millisecond_timestamps", "milliseconds.csv"),
        (5, "no such object", "nothing.csv"),
    ):
        made = ask(question, "create_dataset_import_job", **job(number, key, importMode="INCREMENTAL"))
        if made:
            inquiry.settled("dataset import job", made["datasetImportJobArn"])
    users = {"dataSource": {"dataLocation": f"s3://{inquiry.bucket}/{name}/users.csv"}, "roleArn": inquiry.role}
    metric = {"eventType": "View", "metricName": "views", "expression": "SAMPLECOUNT()"}
    for question, number in (("metric_attribution_arn", 1), ("second_metric_attribution_error", 2)):
        output = {"metricsOutputConfig": {"roleArn": inquiry.role}, "metrics": [metric]}
        made = ask(question, "create_metric_attribution", name=f"{name}-{number}", datasetGroupArn=group, **output)
        if made:
            inquiry.settled("metric attribution", made["metricAttributionArn"])
    made = ask("data_deletion_job_arn", "create_data_deletion_job", jobName=f"{name}-6", datasetGroupArn=group, **users)
    if made:
        inquiry.settled("data deletion job", made["dataDeletionJobArn"])


def with_training(inquiry: Inquiry) -> None:
    """One training of the cheapest recipe, and a campaign for as long as its questions take."""
    ask, name = inquiry.ask, inquiry.name
    (group,) = {g["datasetGroupArn"] for g in _listed(inquiry.api, "dataset group") if g["name"] == f"{name}-data"}
    recipe = f"{RECIPES}aws-popularity-count"
    given = {"datasetGroupArn": group, "recipeArn": recipe, "performAutoTraining": False}
    solution = inquiry.make("create_solution", name=f"{name}-trained", **given)
    inquiry.settled("solution", solution)
    made = ask("version_name_in_arn", "create_solution_version", solutionArn=solution, name=f"{name}-v")
    if not made:
        made = ask("a version without a name", "create_solution_version", solutionArn=solution)
    version = made["solutionVersionArn"]
    others: dict[str, dict[str, Any]] = {
        "version_names_unique_in": {"name": f"{name}-v"},
        "concurrent_versions_of_a_solution": {},
        "autotrain_mode": {"trainingMode": "AUTOTRAIN"},
    }
    for question, more in others.items():
        other = ask(question, "create_solution_version", solutionArn=solution, **more)
        if other:  # every minute of it costs
            ask("stopping a version", "stop_solution_version_creation", solutionVersionArn=other["solutionVersionArn"])
    campaign = {"name": f"{name}-campaign", "minProvisionedTPS": 1}
    ask("parent_not_active_error", "create_campaign", solutionVersionArn=version, **campaign)
    ask("metrics while training", "get_solution_metrics", solutionVersionArn=version)
    if inquiry.settled("solution version", version).get("status") != "ACTIVE":
        return
    ask("metrics", "get_solution_metrics", solutionVersionArn=version)
    latest = f"{solution}/$LATEST"
    made = ask("latest_resolved_in_describe", "create_campaign", solutionVersionArn=latest, **campaign)
    if not made:
        made = ask("a campaign", "create_campaign", solutionVersionArn=version, **campaign)
    arn = made["campaignArn"]
    ask("a campaign that is being created", "get_recommendations", campaignArn=arn, userId="u1")
    ask("an update of a campaign that is being created", "update_campaign", campaignArn=arn, minProvisionedTPS=1)
    inquiry.settled("campaign", arn)
    ask("recommendations", "get_recommendations", campaignArn=arn, userId="u1", numResults=3)
    ask("a user that nobody knows", "get_recommendations", campaignArn=arn, userId="nobody", numResults=3)
    ask("no user", "get_recommendations", campaignArn=arn)
    ask("a campaign that nobody made", "get_recommendations", campaignArn=f"{arn}-nobody", userId="u1")
    ask("a solution with a campaign", "delete_solution", solutionArn=solution)
    for question in ("an update of a campaign", "an update during an update"):
        ask(question, "update_campaign", campaignArn=arn, solutionVersionArn=version)
    inquiry.settled("campaign", arn)


STAGES = {
    stage.name: stage
    for stage in (
        Stage("free", without_data, minutes=10),
        Stage("import", with_data, minutes=40, costs=(Cost(INGESTION, 0.01),), needs_data=True),
        # 1.07 training hours were billed for 20 minutes; the version that is stopped is billed up to its stop.
        Stage("training", with_training, 120, (Cost(TRAINING, 3), Cost(CAMPAIGN, 1)), needs_data=True),
    )
}


def estimate(stages: list[Stage]) -> str:
    """What these stages cost at most, for people."""
    lines = [f"Prices: {PRICES_OF}."]
    for stage in stages:
        lines.append(
            f"{stage.name}: about {stage.minutes} minutes; {'; '.join(map(str, stage.costs)) or 'costs nothing'}"
        )
    total = sum(cost.dollars for stage in stages for cost in stage.costs)
    return "\n".join([*lines, f"Together about {sum(s.minutes for s in stages)} minutes and {total:.2f} dollars."])


# Data, and its end


def upload(s3: Any, bucket: str, prefix: str) -> None:
    """1,200 interactions of 40 users, twice (in seconds and in milliseconds), and a user to delete."""
    head = ",".join(name for name, _ in EVENTS)
    now = 1_700_000_000
    rows = [(f"u{n % 40}", f"i{n * 7 % 30}", now + n, "View") for n in range(1200)]
    for key, factor in (("rows.csv", 1), ("milliseconds.csv", 1000)):
        lines = [f"{user},{item},{moment * factor},{event}" for user, item, moment, event in rows]
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{key}", Body="\n".join([head, *lines, ""]).encode())
    s3.put_object(Bucket=bucket, Key=f"{prefix}/users.csv", Body=b"USER_ID\nu1\n")


def remove(s3: Any, bucket: str, prefix: str) -> None:
    for key in ("rows.csv", "milliseconds.csv", "users.csv"):
        s3.delete_object(Bucket=bucket, Key=f"{prefix}/{key}")


#: Deletion from the leaves to the root ("Requirements for deleting Amazon Personalize resources").
_DELETED = (
    *("campaign", "recommender", "solution", "event tracker", "metric attribution", "filter", "dataset"),
    *("dataset group", "schema"),
)


def _listed(api: Any, label: str, **parent: str) -> Iterator[dict[str, Any]]:
    kind = RESOURCE_TYPES[label]
    for page in api.get_paginator(f"list_{label.replace(' ', '_')}s").paginate(**parent):
        yield from page[kind.list_key]


def clean_up(inquiry: Inquiry, lists: Any) -> list[str]:
    """Delete everything whose name begins with the inquiry's. Returns what would not go, with the reason.

    `lists` is a client that is not recorded: what else there is in the account is nobody's business.
    """
    left = []
    for label in _DELETED:
        kind = RESOURCE_TYPES[label]
        mine = [r[kind.arn_member] for r in _listed(lists, label) if r["name"].startswith(inquiry.name)]
        for arn in mine:
            if label in ("solution", "campaign"):
                _stop_and_wait(inquiry, lists, label, arn)
            elif kind.statuses is not None:
                inquiry.settled(label, arn)
            try:
                getattr(inquiry.api, f"delete_{label.replace(' ', '_')}")(**{kind.arn_member: arn})
            except (ClientError, BotoCoreError) as err:
                left.append(f"{arn}: {err}")
        for arn in mine if kind.statuses is not None else ():
            inquiry.settled(label, arn)
    return left


def _stop_and_wait(inquiry: Inquiry, lists: Any, label: str, arn: str) -> None:
    """Let nothing train on for money, and let what is under way come to its end."""
    if label == "solution":
        for version in _listed(lists, "solution version", solutionArn=arn):
            if is_busy(version["status"]) and version["status"] != "CREATE STOPPING":
                with contextlib.suppress(ClientError):
                    inquiry.api.stop_solution_version_creation(solutionVersionArn=version["solutionVersionArn"])
            inquiry.settled("solution version", version["solutionVersionArn"])
    inquiry.settled(label, arn)


# The command


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="personalize-emulator ask", description=__doc__)
    result.add_argument("--output", type=Path, default=Path("calls.jsonl"), help="the recording (calls.jsonl)")
    result.add_argument("--stages", default="free", help=f"which questions, of {', '.join(STAGES)} (free); with commas")
    result.add_argument("--bucket", help="for the stages with data: a bucket in the same region, for a few small files")
    result.add_argument(
        "--role-arn", help="for the stages with data: a role by which Amazon Personalize reads the bucket"
    )
    result.add_argument("--region", help="region of the account to ask")
    result.add_argument("--profile", help="profile of the AWS configuration to ask with")
    result.add_argument("--rehearse", action="store_true", help="ask the emulator instead of an account")
    result.add_argument("--yes", action="store_true", help="go on without asking whether the cost is all right")
    result.add_argument("--clean-up", metavar="NAME", help="only delete what an interrupted run of this name has left")
    return result


def main(argv: list[str] | None = None) -> int:
    """0 when all was asked and nothing is left, 1 when something is left, 2 when it cannot begin."""
    options = parser().parse_args(argv)
    names = options.stages.split(",")
    stages = [stage for name, stage in STAGES.items() if name in names or (name == "import" and "training" in names)]
    if complaint := _complaint(options, names, stages):
        print(f"personalize-emulator ask: {complaint}", file=sys.stderr)
        return 2
    if options.rehearse:
        with rehearsal() as (session, sleep):
            role = f"arn:aws:iam::{ACCOUNT_IN_REHEARSALS}:role/Personalize"
            return inquire(options.output, stages, session, sleep, "rehearsal", role)
    print(estimate([] if options.clean_up else stages))
    if not options.yes and input('Type "yes" to go on: ').strip().lower() != "yes":
        print("Nothing was asked.")
        return 2
    import boto3

    session = boto3.Session(region_name=options.region, profile_name=options.profile)
    where = (options.bucket or "", options.role_arn or "")
    return inquire(options.output, stages, session, time.sleep, *where, only_clean_up=options.clean_up)


def _complaint(options: argparse.Namespace, names: list[str], stages: list[Stage]) -> str | None:
    if unknown := set(names) - set(STAGES):
        return f"no stage {sorted(unknown)}; known are {list(STAGES)}"
    if options.clean_up and not _NAME.fullmatch(options.clean_up):
        return f"{options.clean_up} is not what a run is called (questions- and six hex digits)"
    wants_data = any(stage.needs_data for stage in stages) and not (options.rehearse or options.clean_up)
    if wants_data and not (options.bucket and options.role_arn):
        return "the stages with data need --bucket and --role-arn"
    return None


@contextlib.contextmanager
def rehearsal() -> Iterator[tuple[Any, Callable[[float], None]]]:
    """A session whose service is the emulator, and a way to wait that takes no time."""
    import boto3

    from .mock import mock_personalize

    with mock_personalize() as emulator:

        def sleep(seconds: float) -> None:
            emulator.clock.advance(seconds)

        session = boto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
        session.client("s3").create_bucket(Bucket="rehearsal")
        yield session, sleep


def inquire(
    output: Path,
    stages: list[Stage],
    session: Any,
    sleep: Callable[[float], None],
    bucket: str = "",
    role: str = "",
    only_clean_up: str | None = None,
) -> int:
    """Ask all questions of these stages through a boto3 session, print the answers, and delete what was made.

    With the name of an earlier run in `only_clean_up`, only delete what that has left. Returns the command's status.
    """
    name = only_clean_up or f"questions-{secrets.token_hex(3)}"
    lists, s3 = session.client("personalize"), session.client("s3")
    with Recorder(output) as recorder:
        api, runtime = (recorder.attach(session.client(f"personalize{plane}")) for plane in ("", "-runtime"))
        inquiry = Inquiry(api, runtime, name, sleep, bucket, role)
        print(f"Everything that is made is called {name}...; should this be killed: ask --clean-up {name}", flush=True)
        try:
            if only_clean_up is None:
                _ask_all(inquiry, stages, s3)
        finally:
            left = clean_up(inquiry, lists)
            if bucket:
                remove(s3, bucket, name)
    for answer in inquiry.answers:
        print(f"{answer.question} ({answer.operation}): {answer.said}")
    print(f"Recorded in {output}. These texts are in it; look through them before you give it away:")
    for text in sorted(recorder.texts):
        print(f"  {text}")
    for line in left:
        print(f"LEFT BEHIND: {line}", file=sys.stderr)
    return 1 if left else 0


def _ask_all(inquiry: Inquiry, stages: list[Stage], s3: Any) -> None:
    """All stages in turn; what the account refuses ends its stage, and the others still come."""
    if any(stage.needs_data for stage in stages):
        upload(s3, inquiry.bucket, inquiry.name)
    for stage in stages:
        try:
            stage.act(inquiry)
        except (ClientError, KeyError, ValueError) as err:
            print(f"personalize-emulator ask: {stage.name} ended early: {err}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
