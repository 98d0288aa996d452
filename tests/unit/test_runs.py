"""Whole runs: what is made, what is left alone, what is told, and that nothing is paid twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.personalize_emulator import Fault

from .conftest import params
from .workflow import INTERACTIONS, Deployment, Ended, deployed

TRAINED = "CreateSolutionVersion"
IMPORTED = "CreateDatasetImportJob"


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def test_the_first_run_makes_everything_and_says_so(deployment: Deployment) -> None:
    ended = deployment.run()
    assert ended.succeeded
    assert set(ended.plans().values()) == {"create"}
    assert ended.mail.startswith("shop is up to date: for-you has a new version")
    assert {row["done"] for row in ended.report["resources"]} == {"created"}
    assert ended.row("solution version")["metrics"]["coverage"] > 0
    assert "aws personalize delete-campaign" in ended.report["bills"][0]["stop"]


def test_uploading_again_with_new_data_imports_trains_once_and_moves_the_campaign(deployment: Deployment) -> None:
    first = deployment.run()
    deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1800000000\n")
    second = deployment.run()
    assert second.succeeded
    assert deployment.calls(TRAINED) == 2
    assert deployment.calls(IMPORTED) == 3  # Users had not changed
    versions = [
        next(row["arn"] for row in ended.report["resources"] if row["type"] == "solution version")
        for ended in (first, second)
    ]
    campaign = next(row for row in second.report["resources"] if row["type"] == "campaign")
    assert versions[0] != versions[1] == campaign["solutionVersionArn"]
    assert campaign["done"] == "updated"


def test_uploading_the_same_again_writes_nothing(deployment: Deployment) -> None:
    deployment.run()
    before = deployment.writes()
    ended = deployment.run()
    assert deployment.writes() == before
    assert "nothing had changed" in ended.mail
    assert set(ended.plans().values()) == {"reuse"}


def test_a_changed_campaign_setting_is_updated_without_training(deployment: Deployment) -> None:
    deployment.run()
    ended = deployment.run(params(campaign={"name": "for-you", "minProvisionedTPS": 3}))
    assert deployment.calls(TRAINED) == 1
    assert ended.plans()["campaign"] == "update"
    assert "at least 3 transaction(s)" in ended.row("campaign")["billed"]


def test_what_cannot_be_changed_is_refused_before_anything_happens(deployment: Deployment) -> None:
    deployment.run()
    before = deployment.writes()
    solution = {"name": "for-you", "recipeArn": "arn:aws:personalize:::recipe/aws-sims"}
    ended = deployment.run(params(solution=solution))
    assert ended.error == "ParamsRejected"
    assert "$.solution.recipeArn" in ended.mail and "Use another name" in ended.mail
    assert deployment.writes() == before


@pytest.mark.parametrize("operation", [TRAINED, IMPORTED, "CreateCampaign", "CreateDatasetGroup", "CreateSchema"])
def test_a_lost_reply_makes_nothing_twice(deployment: Deployment, operation: str) -> None:
    """The call takes effect, its answer is lost; the SDK, and after it the workflow, ask again."""
    deployment.emulator.faults.add(Fault("drop", operation=operation, times=1))
    ended = deployment.run()
    assert ended.succeeded, ended.mail
    kind = operation.removeprefix("Create")
    listing = {"SolutionVersion": "list_solution_versions", "DatasetImportJob": "list_dataset_import_jobs"}
    if kind in listing:
        answer = getattr(deployment.personalize, listing[kind])()
        assert len(answer[f"{kind[0].lower()}{kind[1:]}s"]) == (1 if operation == TRAINED else 2)


def failed_imports(ended: Ended) -> list[str]:
    """The names of the import jobs that failed."""
    rows = ended.report["resources"]
    return [row["name"] for row in rows if row["type"] == "dataset import job" and row["problem"]]


def test_a_failed_import_is_told_with_the_services_reason_and_nothing_is_trained(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation=IMPORTED, name="*users*", reason="Invalid Data location."))
    ended = deployment.run(params(eventTracker={"name": "clicks"}))
    assert ended.error == "ResourceFailed"
    (job,) = failed_imports(ended)
    assert f"dataset import job {job}: CREATE FAILED: Invalid Data location." in ended.cause
    assert job.startswith("shop-users-") and f"dataset import job {job}: " in ended.mail
    assert deployment.calls(TRAINED) == 0
    version = ended.row("solution version")
    assert version["done"] == "not attempted" and f"since dataset import job {job} failed" in version["problem"]
    assert ended.row("campaign")["done"] == "not attempted"
    assert ended.row("event tracker")["done"] == "created"  # it needs no import


def test_both_failed_imports_are_told(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation=IMPORTED, reason="Invalid Data location."))
    ended = deployment.run()
    jobs = failed_imports(ended)
    assert [job.rsplit("-", 4)[0] for job in jobs] == ["shop-interactions", "shop-users"]
    assert all(f"dataset import job {job}: CREATE FAILED: Invalid Data location." in ended.mail for job in jobs)


def test_a_failed_training_is_told_and_what_was_made_is_listed(deployment: Deployment) -> None:
    few = "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(f"u{number},i1,1700000000\n" for number in range(1200))
    deployment.upload_data(interactions=few)
    ended = deployment.run(params() | {"dataChecks": "off"})
    assert ended.error == "ResourceFailed"
    assert "at least 2 interactions" in ended.cause
    assert "created" in ended.mail and "dataset group shop" in ended.mail
    assert "Nothing: no campaign or recommender is up" in ended.mail


def test_after_a_failed_training_the_next_upload_goes_on_from_there(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation=TRAINED, times=1))
    assert not deployment.run().succeeded
    ended = deployment.run()
    assert ended.succeeded
    assert deployment.calls(IMPORTED) == 2
    assert ended.plans()["solutionVersion"] == "create"


def test_a_failed_update_of_the_campaign_is_told_and_not_begun_again(deployment: Deployment) -> None:
    deployment.run()
    deployment.emulator.faults.add(Fault("fail", operation="UpdateCampaign", reason="No capacity."))
    ended = deployment.run(params(campaign={"name": "for-you", "minProvisionedTPS": 3}))
    assert "campaign for-you: the update failed: CREATE FAILED: No capacity." in ended.mail
    assert deployment.calls("UpdateCampaign") == 1


def test_the_next_run_tries_a_failed_update_again(deployment: Deployment) -> None:
    deployment.run()
    deployment.emulator.faults.add(Fault("fail", operation="UpdateCampaign", times=1))
    more = params(campaign={"name": "for-you", "minProvisionedTPS": 3})
    assert not deployment.run(more).succeeded
    assert deployment.run(more).succeeded


def test_a_full_quota_of_running_imports_is_waited_for(deployment: Deployment) -> None:
    refusal = "More than 5 resources with PENDING or IN_PROGRESS status."
    deployment.emulator.faults.add(Fault("error", operation=IMPORTED, times=8, reason=refusal))
    assert deployment.run().succeeded


def test_a_full_quota_of_campaigns_is_told_at_once(deployment: Deployment) -> None:
    refusal = "More than 5 resources in ACTIVE state. Please delete some and try again."
    deployment.emulator.faults.add(Fault("error", operation="CreateCampaign", reason=refusal))
    assert refusal in deployment.run().mail


def test_training_by_schedule_is_awaited_and_never_doubled(deployment: Deployment) -> None:
    recipe = "arn:aws:personalize:::recipe/aws-user-personalization-v2"
    document = params(solution={"name": "for-you", "recipeArn": recipe, "performAutoTraining": True})
    ended = deployment.run(document)
    assert ended.succeeded
    assert deployment.calls(TRAINED) == 0
    assert any("--no-perform-auto-training" in bill["stop"] for bill in ended.report["bills"])


def test_train_always_and_import_never_are_obeyed(deployment: Deployment) -> None:
    deployment.run()
    ended = deployment.run(params(**{"import": "never", "train": "always"}))
    assert ended.succeeded
    assert (deployment.calls(IMPORTED), deployment.calls(TRAINED)) == (2, 2)


def test_folders_are_looked_for_beside_the_params_file(deployment: Deployment) -> None:
    deployment.upload_data(prefix="team ü/")
    ended = deployment.run(params(datasetGroup={"name": "other"}), key="team ü/params.json")
    assert ended.succeeded
    locations = [
        resource["parameters"]["dataSource"]["dataLocation"]
        for resource in ended.resources()
        if resource["type"] == "datasetImportJob"
    ]
    assert locations == ["s3://shop-input/team ü/Interactions/", "s3://shop-input/team ü/Users/"]


def test_new_columns_of_users_replace_the_schema(deployment: Deployment) -> None:
    deployment.run()
    document = params()
    document["datasets"]["Users"]["schema"]["fields"].append({"name": "TIER", "type": ["null", "string"]})
    deployment.upload("Users/users.csv", "USER_ID,AGE,TIER\n" + "".join(f"u{n},30,gold\n" for n in range(60)))
    ended = deployment.run(document)
    assert ended.succeeded
    assert deployment.calls("UpdateDataset") == 1


def test_new_columns_of_interactions_are_refused(deployment: Deployment) -> None:
    deployment.run()
    document = params()
    fields = document["datasets"]["Interactions"]["schema"]["fields"]
    fields.append({"name": "EVENT_VALUE", "type": ["null", "float"]})
    rows = INTERACTIONS.replace("TIMESTAMP\n", "TIMESTAMP,EVENT_VALUE\n").replace("\nu", ",\nu")[:-1] + ",\n"
    deployment.upload_data(interactions=rows.replace("TIMESTAMP,EVENT_VALUE,", "TIMESTAMP,EVENT_VALUE"))
    assert "can't be replaced" in deployment.run(document).mail


def test_problems_of_the_file_its_data_and_its_sections_are_told_at_once(deployment: Deployment) -> None:
    deployment.s3.delete_object(Bucket="shop-input", Key="Users/users.csv")
    document = params(campaign={"name": "for-you", "minTPS": 1}, solution={"name": "for-you"})
    mail = deployment.run(document).mail
    assert "$.campaign.minTPS: unknown key" in mail
    assert "$.solution.recipeArn: is missing" in mail
    assert "s3://shop-input/Users/: no data" in mail
    assert deployment.writes() == []


def test_a_faulty_dataset_does_not_hide_the_faults_of_another(deployment: Deployment) -> None:
    deployment.s3.delete_object(Bucket="shop-input", Key="Users/users.csv")
    document = params(datasetGroup={"name": "x" * 64})
    document["datasets"]["Interactions"]["shema"] = {}
    mail = deployment.run(document).mail
    assert "$.datasetGroup.name: has 64 characters" in mail
    assert "$.datasets.Interactions.shema: unknown key" in mail
    assert "Users/: no data" in mail


def test_a_version_name_of_the_params_is_made_unique(deployment: Deployment) -> None:
    recipe = "arn:aws:personalize:::recipe/aws-sims"
    document = params(solution={"name": "for-you", "recipeArn": recipe, "solutionVersion": {"name": "nightly"}})
    assert deployment.run(document).succeeded
    assert deployment.run(document, train="always").succeeded


def test_a_file_that_is_no_object_is_told(deployment: Deployment) -> None:
    assert "must be of type object" in deployment.run("[1]").mail
