""" "Upload again" always goes on: what never became ACTIVE is made anew, what is being deleted is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.personalize_emulator import Fault

from .conftest import interactions_schema, params, users_schema
from .workflow import INTERACTIONS, Deployment, deployed

OLDER = "EXCLUDE UserID WHERE Users.AGE > {}"


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def everything(**more: Any) -> dict[str, Any]:
    return (
        params(filters=[{"name": "unseen", "filterExpression": OLDER.format(91)}], eventTracker={"name": "clicks"})
        | more
    )


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("CreateDatasetGroup", "dataset group"),
        ("CreateDataset", "dataset"),
        ("CreateDatasetImportJob", "dataset import job"),
        ("CreateEventTracker", "event tracker"),
        ("CreateFilter", "filter"),
        ("CreateSolution", "solution"),
        ("CreateSolutionVersion", "solution version"),
        ("CreateCampaign", "campaign"),
    ],
)
def test_what_failed_to_be_created_is_deleted_and_made_anew_by_the_next_upload(
    deployment: Deployment, operation: str, kind: str
) -> None:
    deployment.emulator.faults.add(Fault("fail", operation=operation, times=1))
    first = deployment.run(everything())
    assert not first.succeeded
    second = deployment.run(everything())
    assert second.succeeded, second.mail
    told = {row["type"]: row for row in second.report["resources"] if row["done"] in ("replaced", "created")}
    assert kind in told
    if deployment.emulator.calls and kind not in ("dataset import job", "solution version"):
        assert told[kind]["done"] == "replaced" and "CREATE FAILED" in told[kind]["reason"]
    third = deployment.run(everything())
    assert third.succeeded and "nothing had changed" in third.mail


def test_a_stopped_training_is_trained_anew(deployment: Deployment) -> None:
    execution = deployment.start()
    while not deployment.personalize.list_solution_versions()["solutionVersions"]:
        deployment.emulator.clock.advance(execution.advance() or 0)
    (version,) = deployment.personalize.list_solution_versions()["solutionVersions"]
    deployment.emulator.clock.advance(20)
    deployment.personalize.stop_solution_version_creation(solutionVersionArn=version["solutionVersionArn"])
    assert "CREATE STOPPED" in deployment.finish(execution).mail
    assert deployment.run().succeeded


@pytest.mark.parametrize("kind", ["campaign", "filter", "event_tracker"])
def test_what_is_being_deleted_is_waited_for_and_made_anew(deployment: Deployment, kind: str) -> None:
    assert deployment.run(everything()).succeeded
    listing = getattr(deployment.personalize, f"list_{kind}s")()
    (found,) = next(value for value in listing.values() if isinstance(value, list))
    (arn,) = [
        value
        for name, value in found.items()
        if name.lower().startswith(kind.replace("_", "")) and name.endswith("Arn")
    ]
    member = "".join(part.title() for part in kind.split("_"))
    getattr(deployment.personalize, f"delete_{kind}")(**{f"{member[0].lower()}{member[1:]}Arn": arn})
    ended = deployment.run(everything())
    assert ended.succeeded, ended.mail
    assert ended.row(kind.replace("_", " "))["done"] == "created"


def test_a_group_that_is_being_deleted_is_waited_for(deployment: Deployment) -> None:
    deployment.personalize.create_dataset_group(name="shop")
    deployment.emulator.clock.advance(600)
    (group,) = deployment.personalize.list_dataset_groups()["datasetGroups"]
    deployment.personalize.delete_dataset_group(datasetGroupArn=group["datasetGroupArn"])
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    assert "is being deleted" in ended.row("dataset group")["reason"]


class TestFilters:
    """They can't be updated, and only the service knows whether an expression is legal."""

    def change(self, deployment: Deployment, expression: str) -> Any:
        return deployment.run(everything(filters=[{"name": "unseen", "filterExpression": expression}]))

    def standing(self, deployment: Deployment) -> dict[str, str]:
        found = deployment.personalize.list_filters()["Filters"]
        describe = deployment.personalize.describe_filter
        described = [describe(filterArn=entry["filterArn"])["filter"] for entry in found]
        return {entry["name"]: entry["filterExpression"] for entry in described}

    def test_a_mistyped_expression_leaves_the_working_filter_alone(self, deployment: Deployment) -> None:
        deployment.run(everything())
        ended = self.change(deployment, "EXCLUDE UserID WHERE Users.NO_SUCH_COLUMN > 91")
        assert ended.record["outcome"] == "rejected"
        assert "at character 22: Users has no column NO_SUCH_COLUMN. There are USER_ID, AGE." in ended.mail
        assert self.standing(deployment) == {"unseen": OLDER.format(91)}
        assert self.change(deployment, OLDER.format(91)).succeeded

    def test_an_expression_that_only_the_service_refuses_leaves_the_working_filter_alone(
        self, deployment: Deployment
    ) -> None:
        deployment.run(everything())
        ended = self.change(deployment, "EXCLUDE UserID WHERE Users.AGE NOT_IN (92)")  # ours takes it with a note
        assert not ended.succeeded
        assert self.standing(deployment) == {"unseen": OLDER.format(91)}
        assert ended.row("filter", "unseen")["done"] == "not attempted"
        assert self.change(deployment, OLDER.format(91)).succeeded

    def test_an_expression_that_fails_only_later_leaves_the_working_filter_alone(self, deployment: Deployment) -> None:
        deployment.run(everything())
        deployment.emulator.faults.add(Fault("fail", operation="CreateFilter", times=1))
        assert not self.change(deployment, OLDER.format(92)).succeeded
        assert self.standing(deployment) == {"unseen": OLDER.format(91)}
        again = self.change(deployment, OLDER.format(92))
        assert again.succeeded, again.mail
        assert self.standing(deployment) == {"unseen": OLDER.format(92)}

    def test_a_good_expression_replaces_the_filter_and_leaves_no_trial_behind(self, deployment: Deployment) -> None:
        deployment.run(everything())
        ended = self.change(deployment, OLDER.format(92))
        assert ended.succeeded, ended.mail
        assert self.standing(deployment) == {"unseen": OLDER.format(92)}
        assert ended.row("filter", "unseen")["done"] == "replaced"


class TestDecisions:
    """What an upload changes, and what it leaves alone."""

    def test_a_column_added_to_a_schema_imports_and_trains(self, deployment: Deployment) -> None:
        deployment.run()
        datasets = params()["datasets"]
        datasets["Users"]["schema"] = users_schema({"name": "CITY", "type": ["null", "string"], "categorical": True})
        users = "USER_ID,AGE,CITY\n" + "".join(f"u{number},{20 + number % 50},x\n" for number in range(60))
        deployment.upload("Users/users.csv", users)
        ended = deployment.run(params(datasets=datasets))
        assert ended.succeeded, ended.mail
        assert deployment.calls("CreateDatasetImportJob") == 3
        assert deployment.calls("CreateSolutionVersion") == 2
        schemas = deployment.personalize.list_schemas()["schemas"]
        assert len(schemas) == 2  # the one that was replaced is gone

    def test_a_column_added_without_new_files_imports_too(self, deployment: Deployment) -> None:
        users = "USER_ID,AGE,CITY\n" + "".join(f"u{number},{20 + number % 50},x\n" for number in range(60))
        deployment.upload("Users/users.csv", users)
        deployment.run()
        datasets = params()["datasets"]
        datasets["Users"]["schema"] = users_schema({"name": "CITY", "type": ["null", "string"], "categorical": True})
        assert deployment.run(params(datasets=datasets)).succeeded
        assert deployment.calls("CreateDatasetImportJob") == 3

    def test_changed_training_settings_train(self, deployment: Deployment) -> None:
        datasets = params()["datasets"]
        datasets["Interactions"]["schema"] = interactions_schema({"name": "EVENT_TYPE", "type": "string"})
        rows = [line.split(",") for line in INTERACTIONS.splitlines()[1:]]
        events = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n" + "".join(f"{','.join(row)},click\n" for row in rows)
        deployment.upload("Interactions/interactions.csv", events)

        def document(weight: float) -> dict[str, Any]:
            events = {"eventParametersList": [{"eventType": "click", "weight": weight}]}
            solution = params()["solution"] | {"solutionConfig": {"eventsConfig": events}}
            return params(datasets=datasets, solution=solution)

        first = deployment.run(document(0.5))
        assert first.succeeded, first.mail
        assert deployment.run(document(0.5)).succeeded
        assert deployment.calls("CreateSolutionVersion") == 1
        changed = deployment.run(document(0.7))
        assert changed.succeeded, changed.mail
        assert deployment.calls("CreateSolutionVersion") == 2

    def test_a_rate_taken_out_of_the_file_goes_back_to_its_default_and_is_told(self, deployment: Deployment) -> None:
        deployment.run(params(campaign={"name": "for-you", "minProvisionedTPS": 50}))
        ended = deployment.run(params(campaign={"name": "for-you"}))
        assert ended.succeeded
        assert (
            "minProvisionedTPS (50 to 1, its default, since the file does not say)" in ended.row("campaign")["reason"]
        )
        assert "at least 1 transaction" in ended.report["bills"][0]["billed"]

    def test_tags_reach_what_is_reused_also_jobs_and_versions(self, deployment: Deployment) -> None:
        deployment.run()
        tags = [{"tagKey": "team", "tagValue": "ml"}]
        ended = deployment.run(params(tags=tags))
        assert ended.succeeded, ended.mail
        for row in ended.report["resources"]:
            if row["type"] != "schema":
                assert deployment.personalize.list_tags_for_resource(resourceArn=row["arn"])["tags"] == tags, row
        assert deployment.run(params(tags=tags)).done() == dict.fromkeys(ended.done(), "reused")

    def test_the_import_schedule_works_before_the_first_training(self, deployment: Deployment) -> None:
        ended = deployment.run(params(), **{"import": "auto", "train": "never", "batch": "never"})
        assert ended.succeeded, ended.mail
        assert deployment.calls("CreateDatasetImportJob") == 2
        assert deployment.calls("CreateSolutionVersion") == deployment.calls("CreateCampaign") == 0

    def test_schedules_follow_the_file_even_when_an_import_fails(self, deployment: Deployment) -> None:
        assert deployment.run(params(schedules={"retrain": "rate(7 days)"})).succeeded
        deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1800000000\n")
        deployment.emulator.faults.add(Fault("fail", operation="CreateDatasetImportJob"))
        ended = deployment.run(params())
        assert not ended.succeeded
        assert ended.report["schedules"] == {"retrain": "removed"}

    def test_the_same_again_writes_nothing_and_reads_each_thing_at_most_twice(self, deployment: Deployment) -> None:
        deployment.run(everything())
        before = deployment.writes()
        seen = len(deployment.emulator.calls)
        assert deployment.run(everything()).succeeded
        assert deployment.writes() == before
        reads: dict[str, int] = {}
        for call in list(deployment.emulator.calls)[seen:]:
            if call.operation.startswith("Describe"):
                reads[call.arn] = reads.get(call.arn, 0) + 1
        assert max(reads.values()) <= 2, reads


class TestBatchJobs:
    """A job is its name in the file, its input, its parameters and its model."""

    def document(self, *jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
        return params(solution=params()["solution"] | {"batchInferenceJobs": list(jobs)}, **more)

    def jobs(self, deployment: Deployment) -> int:
        return deployment.calls("CreateBatchInferenceJob")

    @pytest.fixture(autouse=True)
    def source(self, deployment: Deployment) -> None:
        for name in ("weekly", "other", "x" * 60, "x" * 59 + "y"):
            deployment.upload(f"batch/{name}/input/users.json", '{"userId": "u1"}')

    def test_a_job_added_later_on_the_input_of_another_runs(self, deployment: Deployment) -> None:
        where = {"s3DataSource": {"path": "s3://shop-input/batch/weekly/input/"}}
        first = {"jobName": "weekly", "jobInput": where}
        deployment.run(self.document(first))
        ended = deployment.run(self.document(first, {"jobName": "other", "jobInput": where}))
        assert ended.succeeded, ended.mail
        assert self.jobs(deployment) == 2

    def test_two_jobs_whose_long_names_begin_alike_are_two(self, deployment: Deployment) -> None:
        ended = deployment.run(self.document({"jobName": "x" * 60}, {"jobName": "x" * 59 + "y"}))
        assert ended.succeeded, ended.mail
        assert self.jobs(deployment) == 2

    @pytest.mark.parametrize("change", [{"numResults": 10}, {"filterName": "unseen"}])
    def test_changed_parameters_run_it_again(self, deployment: Deployment, change: dict[str, Any]) -> None:
        filters = [{"name": "unseen", "filterExpression": OLDER.format(91)}]
        deployment.run(self.document({"jobName": "weekly"}, filters=filters))
        assert deployment.run(self.document({"jobName": "weekly"} | change, filters=filters)).succeeded
        assert self.jobs(deployment) == 2
        assert deployment.run(self.document({"jobName": "weekly"} | change, filters=filters)).succeeded
        assert self.jobs(deployment) == 2

    def test_a_filter_that_says_something_else_runs_it_again(self, deployment: Deployment) -> None:
        job = {"jobName": "weekly", "filterName": "unseen"}
        for age in (91, 92):
            filters = [{"name": "unseen", "filterExpression": OLDER.format(age)}]
            ended = deployment.run(self.document(job, filters=filters))
            assert ended.succeeded, ended.mail
        assert self.jobs(deployment) == 2


def test_a_solution_with_a_date_in_its_name_is_not_trained_at_every_upload(deployment: Deployment) -> None:
    """Eight digits in a name look like the digest that a version's own name has."""
    named = params(solution=params()["solution"] | {"name": "reco-20240101-v2"}, campaign={"name": "web"})
    for _ in range(2):
        assert deployment.run(named).succeeded
    assert deployment.calls("CreateSolutionVersion") == 1


def test_the_order_of_datasets_in_the_file_decides_nothing(deployment: Deployment) -> None:
    document = params()
    assert deployment.run(document).succeeded
    document["datasets"] = dict(reversed(document["datasets"].items()))
    assert deployment.run(document).succeeded
    assert deployment.calls("CreateSolutionVersion") == 1


def test_a_number_written_otherwise_or_a_setting_left_to_its_value_trains_nothing(deployment: Deployment) -> None:
    for config in ({"popularity_discount_factor": "0.5"}, {"popularity_discount_factor": "0.50"}, None):
        solution = {"name": "for-you", "recipeArn": "arn:aws:personalize:::recipe/aws-similar-items"}
        if config:
            solution["solutionConfig"] = {"algorithmHyperParameters": config}  # type: ignore[assignment]
        assert deployment.run(params(solution=solution)).succeeded
    assert deployment.calls("CreateSolutionVersion") == 1
