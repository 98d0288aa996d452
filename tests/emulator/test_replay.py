"""Recordings: made of calls to the emulator, they replay without a difference; with one planted, it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.personalize_emulator import Emulator, Fault, Settings, Switches, mock_personalize
from local.personalize_emulator.__main__ import main
from local.personalize_emulator.comparison import Names, differences
from local.personalize_emulator.recording import Recorder, read_recording

from .world import FIELDS, ROLE, World, interactions_csv, schema_text

RECIPE = "arn:aws:personalize:::recipe/"
NAME = "my-secret-shop"


def clients() -> list[Any]:
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1")
    return [session.client(f"personalize{plane}") for plane in ("", "-runtime", "-events")]  # type: ignore[call-overload]


def look(world: World, label: str, arn: str, until: str = "ACTIVE", step: float = 30) -> None:
    """Look again and again, as a script does that waits."""
    for _ in range(500):
        if world.described(label, arn)["status"] == until:
            return
        world.emulator.clock.advance(step)
    raise AssertionError(f"{arn} never became {until}")


def life_of_a_shop(world: World) -> None:
    """From nothing to recommendations, with refusals on the way, and back."""
    api = world.api
    schema = api.create_schema(name=NAME, schema=schema_text("Interactions"))["schemaArn"]
    group = api.create_dataset_group(name=NAME)["datasetGroupArn"]
    given = {"name": NAME, "datasetGroupArn": group, "datasetType": "Interactions", "schemaArn": schema}
    for _ in range(2):
        try:
            dataset = api.create_dataset(**given)["datasetArn"]
        except ClientError:
            look(world, "dataset group", group)
    look(world, "dataset", dataset)
    job = world.start_import(dataset, interactions_csv(), jobName=NAME)
    look(world, "dataset import job", job)
    solution = api.create_solution(name=NAME, datasetGroupArn=group, recipeArn=f"{RECIPE}aws-user-personalization-v2")
    solution = solution["solutionArn"]
    version = api.create_solution_version(solutionArn=solution)["solutionVersionArn"]
    look(world, "solution version", version, step=300)
    world.described("solution", solution)
    api.get_solution_metrics(solutionVersionArn=version)
    campaign = api.create_campaign(name=NAME, solutionVersionArn=version, minProvisionedTPS=1)["campaignArn"]
    look(world, "campaign", campaign)
    expression = 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Watch", "bob@example.com")'
    with pytest.raises(ClientError):
        api.create_filter(name=NAME, datasetGroupArn=group, filterExpression=expression)
    world.runtime.get_recommendations(campaignArn=campaign, userId="u1", numResults=3)
    with pytest.raises(ClientError):
        world.runtime.get_recommendations(campaignArn=campaign)
    tracker = api.create_event_tracker(name=NAME, datasetGroupArn=group)
    look(world, "event tracker", tracker["eventTrackerArn"])
    event = {"eventType": "Watch", "itemId": "i1", "sentAt": 1_700_000_000, "eventValue": 3.25}
    world.events.put_events(trackingId=tracker["trackingId"], sessionId="s", userId="u1", eventList=[event])
    api.list_campaigns()
    api.list_solution_versions(solutionArn=solution)
    with pytest.raises(ClientError):
        api.delete_solution(solutionArn=solution)
    api.delete_campaign(campaignArn=campaign)
    with pytest.raises(ClientError):
        look(world, "campaign", campaign, until="gone", step=60)
    with pytest.raises(ClientError):
        api.delete_dataset_group(datasetGroupArn=group)


def recorded(path: Path, act: Callable[[World], None], settings: Settings | None = None, *faults: Fault) -> Path:
    with mock_personalize(settings) as emulator, Recorder(path) as recorder:
        emulator.faults.add(*faults)
        world = World(emulator)
        world.api, world.runtime, world.events = [recorder.attach(client) for client in clients()]
        act(world)
    return path


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("shop") / "calls.jsonl", life_of_a_shop)


def test_a_recording_of_the_emulator_replays_clean(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(shop), "--all"]) == 0, capsys.readouterr().out
    told = capsys.readouterr().out
    assert " 0 differ, 0 not compared" in told
    assert "CreateCampaign: agree" in told


def test_durations_are_those_of_the_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = Settings(durations={"dataset group": 500, "solution version": 20_000, "campaign": 5, "delete campaign": 90})
    path = recorded(tmp_path / "calls.jsonl", life_of_a_shop, slow)
    assert main(["replay", str(path)]) == 0, capsys.readouterr().out


def test_failures_of_jobs_are_those_of_the_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def act(world: World) -> None:
        dataset = world.dataset(world.group())
        assert world.imported(dataset, "USER_ID,ITEM_ID,TIMESTAMP\na,b,1\n")["status"] == "CREATE FAILED"
        assert world.imported(dataset)["status"] == "ACTIVE"

    path = recorded(tmp_path / "calls.jsonl", act)
    assert main(["replay", str(path)]) == 0, capsys.readouterr().out


def all_kinds_of_data(world: World) -> None:
    """Every type of dataset, a use case, batch jobs, attributions, deletions."""
    api = world.api
    group = world.group(domain="ECOMMERCE")
    fields = [*FIELDS["Interactions"], {"name": "EVENT_TYPE", "type": "string"}]
    schema = world.schema("Interactions", fields, domain="ECOMMERCE")
    rows = "".join(f"u{n % 60},i{n * n % 41},{1_700_000_000 + n},View\n" for n in range(1500))
    job = world.imported(world.dataset(group, schema=schema), f"USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE\n{rows}")
    assert job["status"] == "ACTIVE", job
    views = f"{RECIPE}aws-ecomm-popular-items-by-views"
    recommender = api.create_recommender(name=NAME, datasetGroupArn=group, recipeArn=views)["recommenderArn"]
    look(world, "recommender", recommender, step=300)
    world.runtime.get_recommendations(recommenderArn=recommender, userId="u1")
    custom = world.group()
    world.imported(world.dataset(custom))
    items = world.dataset(custom, "Items")
    assert world.imported(items, "ITEM_ID,GENRES,PRICE\ni1,a|b,1.5\n")["status"] == "ACTIVE"
    users = world.dataset(custom, "Users")
    assert world.imported(users, "USER_ID,AGE\nu1,7\n")["status"] == "ACTIVE"
    metric = {"eventType": "View", "metricName": "views", "expression": "SUM(Items.PRICE)"}
    output = {"metricsOutputConfig": {"roleArn": ROLE}, "metrics": [metric]}
    attribution = api.create_metric_attribution(name=NAME, datasetGroupArn=custom, **output)["metricAttributionArn"]
    look(world, "metric attribution", attribution)
    version = world.version(world.solution(custom, "aws-item-affinity"))
    source = {"s3DataSource": {"path": world.put("in/items.json", '{"itemId": "i1"}\n')}}
    target = {"s3DataDestination": {"path": "s3://shop-data/out/"}}
    batch = api.create_batch_segment_job(
        jobName=NAME, solutionVersionArn=version, jobInput=source, jobOutput=target, roleArn=ROLE
    )["batchSegmentJobArn"]
    look(world, "batch segment job", batch)
    made = api.create_filter(
        name=NAME,
        datasetGroupArn=custom,
        filterExpression='INCLUDE ItemID WHERE Items.PRICE < 5 AND Items.GENRES IN ("a")',
    )["filterArn"]
    look(world, "filter", made, step=5)
    world.events.put_items(datasetArn=items, items=[{"itemId": "i2", "properties": '{"genres": "c", "price": 2.5}'}])
    leaving = {"dataLocation": world.put("leaving.csv", "USER_ID\nu1\n")}
    deletion = api.create_data_deletion_job(jobName=NAME, datasetGroupArn=custom, dataSource=leaving, roleArn=ROLE)
    look(world, "data deletion job", deletion["dataDeletionJobArn"], until="COMPLETED")
    api.tag_resource(resourceArn=custom, tags=[{"tagKey": "team", "tagValue": "bob@example.com"}])
    api.list_tags_for_resource(resourceArn=custom)
    api.list_recipes()
    api.describe_recipe(recipeArn=views)
    for _ in api.get_paginator("list_datasets").paginate(PaginationConfig={"PageSize": 2}):
        pass


def test_all_kinds_of_data_replay_clean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded(tmp_path / "calls.jsonl", all_kinds_of_data)
    assert main(["replay", str(path)]) == 0, capsys.readouterr().out
    for secret in (NAME, "bob@example.com", "team", "SUM(Items.PRICE) or", '"u1"'):
        assert secret not in path.read_text()


def changed(path: Path, target: Path, operation: str, change: Callable[[dict[str, Any]], None]) -> Path:
    """The recording with the first call of an operation (that has the member to change) changed."""
    lines = path.read_text().splitlines()
    for number, line in enumerate(lines[1:], 1):
        call = json.loads(line)
        if call["operation"] == operation:
            try:
                change(call)
            except KeyError:
                continue
            lines[number] = json.dumps(call)
            break
    else:
        raise AssertionError(operation)
    target.write_text("\n".join(lines))
    return target


PLANTED: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("CreateDataset", lambda c: c["error"].update({"class": "InvalidInputException"}), "class: recorded"),
    ("CreateDataset", lambda c: c["error"].update(message="Busy."), 'message: recorded "Busy."'),
    (
        "DeleteSolution",
        lambda c: (c["error"]["class"], c.update(status=409)),
        "http status: recorded 409, emulated 400",
    ),
    ("DescribeCampaign", lambda c: c["response"]["campaign"].pop("minProvisionedTPS"), "members at campaign"),
    ("DescribeCampaign", lambda c: c["response"]["campaign"].update(minProvisionedTPS=2), "value at campaign.minP"),
    ("DescribeSolution", lambda c: c["response"]["solution"].update(performHPO="no"), "type at solution.performHPO"),
    ("DescribeSolution", lambda c: c["response"]["solution"].update(performHPO=True), "value at solution.performHPO"),
    ("GetRecommendations", lambda c: c["response"]["itemList"][0].pop("score"), "members at itemList[]"),
    ("GetSolutionMetrics", lambda c: c["response"]["metrics"].pop("coverage"), "members at metrics: recorded []"),
    ("GetSolutionMetrics", lambda c: c["response"]["metrics"].update(coverage="1"), "type at metrics.coverage"),
    ("ListCampaigns", lambda c: c["response"]["campaigns"].clear(), "members at campaigns: recorded []"),
    ("ListCampaigns", lambda c: c["response"]["campaigns"][0].pop("name"), "members at campaigns[]"),
    (
        "ListSolutionVersions",
        lambda c: c["response"]["solutionVersions"][0].update(status="GONE"),
        "value at solutionV",
    ),
    ("GetSolutionMetrics", lambda c: c["response"].pop("metrics"), "members: recorded []"),
]


@pytest.mark.parametrize(("operation", "change", "told"), PLANTED, ids=lambda value: str(value)[:20])
def test_a_planted_difference_is_named(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], operation: str, change: Any, told: str
) -> None:
    path = changed(shop, tmp_path / "calls.jsonl", operation, change)
    assert main(["replay", str(path)]) == 1
    out = capsys.readouterr().out
    assert f" {operation}: differ" in out
    assert told in out
    assert " 1 differ," in out


def test_what_a_list_of_the_emulator_lacks_is_named() -> None:
    names = Names({"arn:a": "arn:a", "arn:v/1": "arn:v/2"})
    recorded = {"versions": [{"versionArn": "arn:a"}, {"versionArn": "arn:v/1"}, {"versionArn": "arn:before"}]}
    (found,) = differences(recorded, {"versions": [{"versionArn": "arn:a"}]}, names)
    assert str(found) == 'members at versions: recorded ["arn:v/2"], emulated []'


def test_ids_that_the_service_made_up_are_taken_for_one_another_once() -> None:
    names = Names()
    assert list(differences({"versionArn": "s/x/1"}, {"versionArn": "s/x/9"}, names)) == []
    assert list(differences({"text": "of s/x/1"}, {"text": "of s/x/9"}, names)) == []
    (found,) = differences({"versionArn": "s/x/2"}, {"versionArn": "s/x/9"}, names)
    assert found.what == "value"
    (found,) = differences({"name": "shop"}, {"name": "other"}, names)
    assert found.what == "value", "a name was asked for, not made up"


def test_a_switch_that_answers_as_the_recording(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = recorded(
        tmp_path / "calls.jsonl",
        life_of_a_shop,
        Settings(switches=Switches(parent_not_active_error="InvalidInputException")),
    )
    assert main(["replay", str(other)]) == 1
    assert 'class: recorded "InvalidInputException", emulated "ResourceInUseException"' in capsys.readouterr().out
    config = tmp_path / "settings.toml"
    config.write_text('[switches]\nparent_not_active_error = "InvalidInputException"\n')
    assert main(["replay", str(other), "--config", str(config)]) == 0


def test_what_was_there_before_and_rights_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "calls.jsonl"
    with mock_personalize() as emulator:
        world = World(emulator)
        before = world.group()
        emulator.faults.add(
            Fault("error", "ListSchemas", code="AccessDeniedException", reason="User is not authorized"),
            Fault("error", "ListDatasets", code="ThrottlingException", reason="Rate exceeded"),
        )
        with Recorder(path) as recorder:
            world.api = recorder.attach(clients()[0])
            world.described("dataset group", before)
            world.api.list_dataset_groups()
            for refused in (world.api.list_schemas, world.api.list_datasets):
                with pytest.raises(ClientError):
                    refused()
    assert main(["replay", str(path)]) == 0
    assert "4 calls: 1 agree, 0 differ, 3 not compared" in capsys.readouterr().out


CALL = {
    "time": 1.0,
    "service": "personalize",
    "operation": "ListSchemas",
    "region": "us-east-1",
    "request": {},
    "status": 200,
    "response": {"schemas": []},
}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no calls"),
        ("{}", 'line 1: a recording begins with {"format": "personalize-calls/1"}'),
        ("HEAD\n[]", "line 2: it is not a JSON object"),
        ("HEAD\n{", "line 2: "),
        ('HEAD\n{"time": 1}', "missing"),
        ('HEAD\n{"who": 1}', "unknown ['who']"),
        (f"HEAD\n{json.dumps(CALL | {'request': []})}", "['request'] of another type"),
        (f"HEAD\n{json.dumps(CALL | {'time': 1e300})}", "1e+300 is no time"),
        (f"HEAD\n{json.dumps(CALL | {'operation': 'ListCats'})}", "personalize has no operation ListCats"),
        (f"HEAD\n{json.dumps(CALL | {'error': {}})}", "a response or an error"),
    ],
)
def test_what_is_no_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(text.replace("HEAD", '{"format": "personalize-calls/1"}'))
    assert main(["replay", str(path)]) == 2
    assert words in capsys.readouterr().err


def test_a_recorder_takes_only_clients_of_personalize(tmp_path: Path) -> None:
    with Recorder(tmp_path / "calls.jsonl") as recorder, pytest.raises(ValueError, match="not of s3"):
        recorder.attach(boto3.client("s3", region_name="us-east-1"))


def test_a_recording_names_nothing(shop: Path) -> None:
    text = shop.read_text()
    for secret in (NAME, "shop-data", "bob@example.com", "123456789012", "3.25", "role/Personalize", '"u1"', '"i1"'):
        assert secret not in text
    calls = read_recording(shop)
    made = next(call for call in calls if call.operation == "CreateDatasetGroup")
    assert made.response is not None
    assert made.response["datasetGroupArn"].endswith(f"/{made.request['name']}")


def test_the_texts_that_were_kept_can_be_looked_through(tmp_path: Path) -> None:
    with mock_personalize() as emulator, Recorder(tmp_path / "calls.jsonl") as recorder:
        assert isinstance(emulator, Emulator)
        api = recorder.attach(clients()[0])
        with pytest.raises(ClientError):
            api.delete_schema(schemaArn="arn:aws:personalize:us-east-1:123456789012:schema/mine")
    (text,) = recorder.texts
    assert text.startswith("The given schema does not exist: arn:aws:personalize:us-east-1:")
    assert "mine" not in text
