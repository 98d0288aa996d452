"""Everything that Personalize can build, change and take down, from one params file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from pipeline.settings import settings

from local.personalize_emulator import Fault

from .conftest import ENVIRONMENT, interactions_schema, params
from .workflow import INTERACTIONS, USERS, Deployment, deployed

RECIPE = "arn:aws:personalize:::recipe/"
INCLUDE = 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'
EVENTS = {"name": "EVENT_TYPE", "type": "string"}


def with_events(rows: str = INTERACTIONS, event: str = "click") -> str:
    lines = rows.splitlines()
    return "\n".join([f"{lines[0]},EVENT_TYPE", *(f"{line},{event}" for line in lines[1:])]) + "\n"


def everything(**replaced: Any) -> dict[str, Any]:
    """A file with every section of a custom dataset group."""
    document = params(
        eventTracker={"name": "clicks"},
        filters=[{"name": "clicked", "filterExpression": INCLUDE}],
        solution=None,
        campaign=None,
        solutions=[
            {
                "name": "for-you",
                "recipeArn": f"{RECIPE}aws-user-personalization-v2",
                "campaigns": [{"name": "web", "minProvisionedTPS": 1}, {"name": "app"}],
                "batchInferenceJobs": [{"jobName": "weekly", "filterName": "clicked"}],
            },
            {
                "name": "segments",
                "recipeArn": f"{RECIPE}aws-item-affinity",
                "batchSegmentJobs": [{"jobName": "fans", "numResults": 10}],
            },
        ],
        schedules={"retrain": "cron(0 3 ? * SUN *)", "import": "rate(6 hours)"},
        tags=[{"tagKey": "team", "tagValue": "ml"}],
    )
    document["datasets"]["Interactions"]["schema"] = interactions_schema(EVENTS)
    return document | replaced


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data(interactions=with_events())
        deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}\n')
        deployment.upload("batch/fans/input/items.json", '{"itemId": "i1"}\n')
        yield deployment


def schedules() -> dict[str, str]:
    scheduler = boto3.client("scheduler")
    group = ENVIRONMENT["SCHEDULE_GROUP"]
    names = [entry["Name"] for entry in scheduler.list_schedules(GroupName=group)["Schedules"]]
    return {name: scheduler.get_schedule(Name=name, GroupName=group)["ScheduleExpression"] for name in names}


def test_a_file_with_every_section_makes_everything(deployment: Deployment) -> None:
    ended = deployment.run(everything())
    assert ended.succeeded, ended.mail
    assert {row["done"] for row in ended.report["resources"]} == {"created"}
    kinds = {row["type"] for row in ended.report["resources"]}
    assert {"event tracker", "filter", "batch inference job", "batch segment job"} <= kinds
    assert "tracking ID for your clients" in ended.mail
    assert schedules() == {"shop.retrain": "cron(0 3 ? * SUN *)", "shop.import": "rate(6 hours)"}


def test_the_same_file_again_writes_nothing(deployment: Deployment) -> None:
    deployment.run(everything())
    before = deployment.writes()
    ended = deployment.run(everything())
    assert deployment.writes() == before
    assert "nothing had changed" in ended.mail


def test_a_changed_filter_is_replaced(deployment: Deployment) -> None:
    deployment.run(everything())
    before = len(deployment.writes())
    exclude = {"name": "clicked", "filterExpression": INCLUDE.replace("INCLUDE", "EXCLUDE")}
    ended = deployment.run(everything(filters=[exclude]))
    assert ended.succeeded, ended.mail
    assert ended.plans()["filter"] == "replace"
    assert ended.done()["filter clicked"] == "replaced"
    # The new expression is first tried under another name; that trial goes at last.
    filters = [operation for operation in deployment.writes()[before:] if "Filter" in operation]
    assert filters == ["CreateFilter", "DeleteFilter", "CreateFilter", "DeleteFilter"]
    (left,) = deployment.personalize.list_filters()["Filters"]
    shown = deployment.personalize.describe_filter(filterArn=left["filterArn"])["filter"]
    assert (shown["name"], shown["filterExpression"]) == ("clicked", exclude["filterExpression"])
    assert deployment.calls("CreateSolutionVersion") == 2


def test_a_changed_filter_that_cannot_be_made_leaves_the_old_one(deployment: Deployment) -> None:
    deployment.run(everything())
    deployment.emulator.faults.add(Fault("fail", operation="CreateFilter", name="*-trial-*", reason="Bad luck."))
    exclude = {"name": "clicked", "filterExpression": INCLUDE.replace("INCLUDE", "EXCLUDE")}
    ended = deployment.run(everything(filters=[exclude]))
    assert ended.error == "ResourceFailed"
    assert "CREATE FAILED: Bad luck." in ended.cause
    assert ended.row("filter", "clicked")["done"] == "not attempted"
    (left,) = deployment.personalize.list_filters()["Filters"]
    assert (left["name"], left["status"]) == ("clicked", "ACTIVE")
    deployment.emulator.faults.clear()
    assert deployment.run(everything(filters=[exclude])).done()["filter clicked"] == "replaced"


def test_a_removed_schedule_is_removed(deployment: Deployment) -> None:
    deployment.run(everything())
    ended = deployment.run(everything(schedules={"import": "rate(1 day)"}))
    assert schedules() == {"shop.import": "rate(1 day)"}
    assert "removed              retrain" in ended.mail and "changed              import" in ended.mail


@pytest.mark.parametrize(
    ("where", "other"),
    [
        ("DeadLetterConfig", None),  # made by a pipeline of before
        ("DeadLetterConfig", {"Arn": ENVIRONMENT["DEAD_LETTER_QUEUE_ARN"] + "-2"}),
        ("RoleArn", ENVIRONMENT["SCHEDULE_ROLE_ARN"] + "-2"),
        ("Arn", ENVIRONMENT["STATE_MACHINE_ARN"] + "-2"),
        ("Input", "{}"),
    ],
)
def test_a_schedule_of_another_target_is_changed_once(deployment: Deployment, where: str, other: Any) -> None:
    deployment.run(everything())
    scheduler, named = boto3.client("scheduler"), {"GroupName": ENVIRONMENT["SCHEDULE_GROUP"], "Name": "shop.retrain"}
    wanted = scheduler.get_schedule(**named)
    target = wanted["Target"] | {where: other}
    scheduler.update_schedule(
        **named,
        ScheduleExpression=wanted["ScheduleExpression"],
        FlexibleTimeWindow=wanted["FlexibleTimeWindow"],
        Target={name: value for name, value in target.items() if value},
    )
    assert deployment.run(everything()).report["schedules"] == {"import": "kept", "retrain": "changed"}
    assert scheduler.get_schedule(**named)["Target"] == wanted["Target"]
    assert deployment.run(everything()).report["schedules"] == {"import": "kept", "retrain": "kept"}


def test_what_a_schedule_cannot_start_becomes_a_dead_letter(deployment: Deployment) -> None:
    deployment.run(everything())
    group = ENVIRONMENT["SCHEDULE_GROUP"]
    target = boto3.client("scheduler").get_schedule(GroupName=group, Name="shop.import")["Target"]
    assert target["DeadLetterConfig"] == {"Arn": ENVIRONMENT["DEAD_LETTER_QUEUE_ARN"]}


def test_a_scheduled_retraining_trains_in_any_case(deployment: Deployment) -> None:
    deployment.run(everything())
    ended = deployment.run(everything(), train="always")
    assert ended.succeeded, ended.mail
    assert deployment.calls("CreateSolutionVersion") == 4
    assert deployment.calls("CreateDatasetImportJob") == 2


def test_a_new_input_runs_its_batch_job_alone(deployment: Deployment) -> None:
    deployment.run(everything())
    deployment.upload("batch/fans/input/items.json", '{"itemId": "i2"}\n')
    ended = deployment.run(everything())
    assert ended.succeeded, ended.mail
    assert deployment.calls("CreateBatchSegmentJob") == 2
    assert deployment.calls("CreateBatchInferenceJob") == 1


def test_a_batch_job_without_input_is_told_before_anything_happens(deployment: Deployment) -> None:
    deployment.s3.delete_object(Bucket="shop-input", Key="batch/fans/input/items.json")
    ended = deployment.run(everything())
    assert "$.solutions[1].batchSegmentJobs[0]: no input" in ended.mail
    assert deployment.writes() == []


def test_what_personalize_may_not_do_is_told_before_anything_happens(deployment: Deployment) -> None:
    document = everything()
    document["datasets"]["Interactions"]["importJob"] = {"roleArn": ENVIRONMENT["PERSONALIZE_ROLE_ARN"] + "-2"}
    document["datasets"]["Users"]["importJob"] = {"dataSource": {"dataLocation": "https://shop-input/users.csv"}}
    job = document["solutions"][0]["batchInferenceJobs"][0]
    job["jobInput"] = {"s3DataSource": {"path": "s3://another/input/"}}
    job["jobOutput"] = {"s3DataDestination": {"path": "s3://shop-input/results/"}}
    mail = deployment.run(document).mail
    assert "$.datasets.Interactions.importJob.roleArn: the pipeline can pass only its own role" in mail
    assert "$.datasets.Users.importJob.dataSource.dataLocation: must be a place in S3" in mail
    assert "$.solutions[0].batchInferenceJobs[0].jobInput.s3DataSource.path: Personalize may read" in mail
    assert "$.solutions[0].batchInferenceJobs[0].jobOutput.s3DataDestination.path: Personalize may write" in mail
    assert deployment.writes() == []


def test_a_failed_solution_leaves_the_others(deployment: Deployment) -> None:
    deployment.emulator.faults.add(
        Fault("fail", operation="CreateSolutionVersion", name="*for-you*", reason="Bad luck.")
    )
    ended = deployment.run(everything())
    assert ended.error == "ResourceFailed"
    assert "solution version for-you: CREATE FAILED: Bad luck." in ended.mail
    assert ended.row("batch segment job")["done"] == "created"
    assert ended.row("campaign")["done"] == "not attempted"


def test_a_failed_filter_leaves_the_others(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateFilter", reason="Bad luck."))
    ended = deployment.run(everything())
    assert "filter clicked: CREATE FAILED: Bad luck." in ended.cause
    assert ended.row("campaign")["done"] == "created"


def test_what_failed_is_deleted_and_made_anew_by_the_next_upload(deployment: Deployment) -> None:
    deployment.emulator.faults.add(
        Fault("fail", operation="CreateCampaign", name="web"), Fault("fail", operation="CreateFilter")
    )
    assert deployment.run(everything()).error == "ResourceFailed"
    deployment.emulator.faults.clear()
    ended = deployment.run(everything())
    assert ended.succeeded, ended.mail
    done = ended.done()
    assert (done["campaign web"], done["campaign app"], done["filter clicked"]) == ("replaced", "reused", "replaced")
    assert deployment.calls("CreateSolutionVersion") == 2


def test_a_campaign_can_be_taken_down_and_its_model_kept(deployment: Deployment) -> None:
    deployment.run(everything())
    document = everything()
    document["solutions"][0]["campaigns"][1]["state"] = "absent"
    ended = deployment.run(document)
    assert ended.row("campaign", "app")["done"] == "deleted"
    assert ended.row("campaign", "web")["done"] == "reused"
    assert [entry["name"] for entry in deployment.personalize.list_campaigns()["campaigns"]] == ["web"]
    assert deployment.run(document).succeeded


def test_every_taggable_resource_is_tagged(deployment: Deployment) -> None:
    ended = deployment.run(everything())
    for row in ended.report["resources"]:
        if row["type"] != "schema":
            tags = deployment.personalize.list_tags_for_resource(resourceArn=row["arn"])["tags"]
            assert tags == [{"tagKey": "team", "tagValue": "ml"}], row


def test_a_dry_run_mails_the_plan_and_does_nothing(deployment: Deployment) -> None:
    ended = deployment.run(everything(dryRun=True))
    assert ended.succeeded
    assert "create               campaign web (new)" in ended.mail
    assert "rate(6 hours)        import" in ended.mail
    assert deployment.writes() == []
    assert schedules() == {}


WEIGHTED = "normalized_discounted_cumulative_gain_with_event_weights"


@pytest.mark.parametrize(
    ("gate", "reason"),
    [
        ({"metric": "coverage", "minimum": 2}, "below the minimum of 2"),
        ({"metric": "precision_at_25", "maxRegression": 0}, "fell from"),
        ({"metric": f"{WEIGHTED}_at_10", "minimum": 0}, f"has no metric {WEIGHTED}_at_10"),  # the service says _at_k
    ],
)
def test_a_gate_holds_the_campaign_on_its_version(deployment: Deployment, gate: dict[str, Any], reason: str) -> None:
    deployment.run(everything())
    worse = "\n".join(
        [INTERACTIONS.splitlines()[0], *(f"u{n % 700},i{n % 997},{1_700_000_000 + n}" for n in range(1500))]
    )
    deployment.upload_data(interactions=with_events(worse + "\n"))
    document = everything()
    document["solutions"][0]["campaigns"] = [{"name": "web", "minProvisionedTPS": 2, "deployWhen": gate}]
    if gate["metric"].startswith(WEIGHTED):
        weights = {"eventParametersList": [{"eventType": "click", "weight": 1}]}
        document["solutions"][0]["solutionConfig"] = {"eventsConfig": weights}
    ended = deployment.run(document)
    assert ended.succeeded, ended.mail
    campaign = ended.row("campaign")
    assert reason in campaign["reason"]
    assert campaign["solutionVersionArn"] != ended.row("solution version", "for-you")["arn"]
    assert "at least 2 transaction(s)" in campaign["billed"]
    assert "the version it served before, and the new one" in ended.mail


def test_a_passed_gate_deploys(deployment: Deployment) -> None:
    document = everything()
    gate = {"metric": "coverage", "minimum": 0, "maxRegression": 1}
    document["solutions"][0]["campaigns"] = [{"name": "web", "deployWhen": gate}]
    deployment.run(document)
    deployment.upload_data(interactions=with_events(INTERACTIONS + "u1,i1,1800000000\n"))
    ended = deployment.run(document)
    assert ended.row("campaign")["solutionVersionArn"] == ended.row("solution version", "for-you")["arn"]


def test_a_teardown_asks_for_the_name_again(deployment: Deployment) -> None:
    deployment.run(everything())
    before = deployment.writes()
    assert "$.teardown: must be the dataset group's name again" in deployment.run(everything(teardown="shopp")).mail
    assert deployment.writes() == before


def test_a_teardown_leaves_nothing(deployment: Deployment) -> None:
    deployment.run(everything())
    ended = deployment.run(everything(teardown="shop"))
    assert ended.succeeded, ended.mail
    assert "is deleted" in ended.mail
    assert remains(deployment) == []
    assert schedules() == {}


def test_a_teardown_may_stand_alone_in_its_file(deployment: Deployment) -> None:
    deployment.run(everything())
    assert deployment.run({"teardown": "shop"}, key="teardown/shop/params.json").report["outcome"] == "torn down"
    assert not deployment.personalize.list_dataset_groups()["datasetGroups"]
    assert not deployment.run({"teardown": 1}).succeeded


def test_a_dry_run_of_a_teardown_says_what_would_go_and_leaves_it(deployment: Deployment) -> None:
    deployment.run(everything())
    before = deployment.writes()
    ended = deployment.run(everything(teardown="shop", dryRun=True))
    assert ended.succeeded, ended.mail
    assert "delete               campaign web" in ended.mail
    assert "$.teardown: must be" in deployment.run(everything(teardown="shopp", dryRun=True)).mail
    assert deployment.writes() == before


def test_an_interrupted_teardown_goes_on_with_what_is_left(deployment: Deployment) -> None:
    deployment.run(everything())
    deployment.emulator.faults.add(Fault("error", operation="DeleteFilter", code="InvalidInputException"))
    assert not deployment.run(everything(teardown="shop")).succeeded
    assert remains(deployment)
    deployment.emulator.faults.clear()
    assert deployment.run(everything(teardown="shop")).succeeded
    assert remains(deployment) == []
    assert deployment.run(everything(teardown="shop")).succeeded


def test_a_teardown_takes_down_what_failed(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateCampaign"))
    deployment.run(everything())
    assert deployment.run(everything(teardown="shop")).succeeded
    assert remains(deployment) == []


def remains(deployment: Deployment) -> list[str]:
    """What exists besides jobs and versions, which the service never deletes by themselves."""
    lasting = ("schema", "dataset group", "dataset", "solution", "campaign", "filter", "event tracker", "recommender")
    state = deployment.emulator.state()["resources"]
    return [f"{entry['type']} {entry['name']} {entry['status']}" for entry in state if entry["type"] in lasting]


def domain(name: str, recipe: str, event: str, **more: Any) -> dict[str, Any]:
    """A file for a domain dataset group with one recommender."""
    return params(
        datasetGroup={"name": "shop", "domain": name},
        datasets={"Interactions": {"name": "events", "schema": interactions_schema(EVENTS)}},
        solution=None,
        campaign=None,
        recommenders=[{"name": "top", "recipeArn": f"{RECIPE}{recipe}"} | more],
    )


DOMAINS = [
    ("ECOMMERCE", "aws-ecomm-popular-items-by-views", "View"),
    ("VIDEO_ON_DEMAND", "aws-vod-most-popular", "Watch"),
]


@pytest.mark.parametrize(("name", "recipe", "event"), DOMAINS)
def test_a_domain_group_gets_its_recommender(deployment: Deployment, name: str, recipe: str, event: str) -> None:
    deployment.upload_data(interactions=with_events(event=event))
    ended = deployment.run(domain(name, recipe, event))
    assert ended.succeeded, ended.mail
    assert "recommendation request(s) per second" in ended.mail


def test_a_recommender_is_updated_stopped_started_and_taken_down(deployment: Deployment) -> None:
    deployment.upload_data(interactions=with_events(event="View"))
    deployment.run(domain(*DOMAINS[0]))
    more = {"recommenderConfig": {"minRecommendationRequestsPerSecond": 2}}
    steps = [
        (more, "updated"),
        (more | {"state": "stopped"}, "stopped"),
        (more | {"state": "stopped"}, "reused"),
        (more, "started"),
        ({"state": "absent"}, "deleted"),
    ]
    for config, done in steps:
        ended = deployment.run(domain(*DOMAINS[0], **config))
        assert ended.succeeded, ended.mail
        assert ended.row("recommender")["done"] == done


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (params(recommenders=[{"name": "r", "recipeArn": f"{RECIPE}aws-vod-top-picks"}]), "needs a dataset group with"),
        (domain("ECOMMERCE", "aws-vod-top-picks", "View"), "belongs to another domain"),
        (domain("ECOMMERCE", "aws-sims", "View"), "is no recipe of the domain"),
        (params(filters=[{"name": "f", "filterExpression": "x"}] * 2), "Names are unique"),
    ],
)
def test_what_cannot_be_built_is_told(deployment: Deployment, document: dict[str, Any], problem: str) -> None:
    deployment.upload_data()
    assert problem in deployment.run(document).mail


def test_ten_solutions_are_built_side_by_side(deployment: Deployment) -> None:
    solutions = [{"name": f"s{number}", "recipeArn": f"{RECIPE}aws-sims"} for number in range(10)]
    deployment.upload_data()
    ended = deployment.run(params(solution=None, campaign=None, solutions=solutions))
    assert ended.succeeded, ended.mail
    assert deployment.calls("CreateSolutionVersion") == 10


def test_single_files_and_lower_case_folders_are_found(deployment: Deployment) -> None:
    deployment.upload("train/interactions.csv", INTERACTIONS)
    deployment.upload("train/users/u.csv", USERS)
    ended = deployment.run(params(), key="train/params.json")
    assert ended.succeeded, ended.mail
    locations = [
        resource["parameters"]["dataSource"]["dataLocation"]
        for resource in ended.resources()
        if resource["type"] == "datasetImportJob"
    ]
    assert locations == ["s3://shop-input/train/interactions.csv", "s3://shop-input/train/users/"]


def test_changed_tags_reach_what_exists(deployment: Deployment) -> None:
    deployment.run(everything())
    ended = deployment.run(everything(tags=[{"tagKey": "team", "tagValue": "search"}]))
    assert ended.succeeded, ended.mail
    assert deployment.calls("CreateSolutionVersion") == 2
    arn = ended.row("campaign", "web")["arn"]
    tags = deployment.personalize.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"tagKey": "team", "tagValue": "search"}]
    assert "tags changed" in ended.mail


def test_next_best_action_takes_five_types_of_data(deployment: Deployment) -> None:
    def schema(name: str, *fields: tuple[str, Any]) -> dict[str, Any]:
        listed = [{"name": field, "type": kind} for field, kind in fields]
        return interactions_schema() | {"name": name, "fields": listed}

    actions = schema("Actions", ("ACTION_ID", "string"), ("COST", ["null", "int"]))
    taken = schema(
        "Action_Interactions",
        ("USER_ID", "string"),
        ("ACTION_ID", "string"),
        ("EVENT_TYPE", "string"),
        ("TIMESTAMP", "long"),
    )
    items = schema("Items", ("ITEM_ID", "string"), ("PRICE", "float"))
    document = params(
        solution={"name": "next", "recipeArn": f"{RECIPE}aws-next-best-action"}, campaign={"name": "next"}
    )
    document["datasets"] |= {
        "Items": {"name": "items", "schema": items},
        "Actions": {"name": "actions", "schema": actions},
        "Action_Interactions": {"name": "taken", "schema": taken},
    }
    deployment.upload_data()
    deployment.upload("Items/i.csv", "ITEM_ID,PRICE\n" + "".join(f"i{n},1.5\n" for n in range(41)))
    deployment.upload("Actions/a.csv", "ACTION_ID,COST\na1,1\na2,\n")
    rows = "".join(f"u{n % 60},a{n % 2 + 1},TAKEN,{1_700_000_000 + n}\n" for n in range(1200))
    deployment.upload("Action_Interactions/t.csv", "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP\n" + rows)
    ended = deployment.run(document)
    assert ended.succeeded, ended.mail
    assert deployment.calls("CreateDatasetImportJob") == 5


def many_solutions() -> dict[str, Any]:
    """More than a dataset group may have, unless AWS raised its quotas."""
    solutions = [
        {"name": f"s{n}", "recipeArn": f"{RECIPE}aws-sims", "campaigns": [{"name": f"c{n}-{m}"} for m in range(9)]}
        for n in range(60)
    ]
    return params(solution=None, campaign=None, solutions=solutions)


def test_a_plan_beyond_the_quotas_is_told_before_anything_happens(deployment: Deployment) -> None:
    deployment.upload_data()
    ended = deployment.run(many_solutions())
    assert ended.error == "ParamsRejected"
    assert "60 solution(s) would be created beside 0; a dataset group may have 10." in ended.mail
    assert "540 campaign(s) would be created beside 0; a dataset group may have 5." in ended.mail
    assert deployment.writes() == []


def test_a_plan_of_any_size_fits(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lies in the bucket; Step Functions' state, of 256 KiB at most, has its summary alone."""
    monkeypatch.setenv("QUOTAS", json.dumps({"solutions": 60, "campaigns": 540}))
    settings.cache_clear()
    deployment.upload_data()
    ended = deployment.run(many_solutions() | {"dryRun": True})
    assert ended.succeeded, ended.mail
    assert len(json.dumps(ended.record)) > 2**18
    assert max(len(json.dumps(summary)) for summary in ended.execution.summaries) < 1000
    assert "create               campaign c59-8" in ended.mail
