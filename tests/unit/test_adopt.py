"""`adopt`: what exists becomes a params file, whose upload changes nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from pipeline import clients
from pipeline.params import recipes
from pipeline.params.document import schema_problems
from pipeline_cli.__main__ import main

from local.personalize_emulator import Fault, Settings, Switches

from .conftest import ACCOUNT, CACHED, ENVIRONMENT, REGION, interactions_schema, params
from .test_everything import DOMAINS, INCLUDE, RECIPE, domain, everything, with_events
from .workflow import INTERACTIONS, SHORT, Deployment, deployed

RED, BLUE = {"tagKey": "team", "tagValue": "red"}, {"tagKey": "team", "tagValue": "blue"}


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data(interactions=with_events())
        deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}\n')
        deployment.upload("batch/fans/input/items.json", '{"itemId": "i1"}\n')
        yield deployment


@pytest.fixture
def adopt(capsys: pytest.CaptureFixture[str]) -> Any:
    """Adopts a group; returns the document, and what was said beside it."""

    def adopt(group: str = "shop", code: int = 0) -> tuple[Any, str]:
        capsys.readouterr()
        assert main(["adopt", group]) == code
        out, err = capsys.readouterr()
        return json.loads(out), err

    return adopt


def configured() -> dict[str, Any]:
    """A file whose resources have much that is not the service's default."""
    document = everything(tags=None)
    del document["tags"]
    document["datasetGroup"]["tags"] = [RED]
    document["datasets"]["Users"] |= {"tags": [BLUE], "importJob": {"tags": [RED]}}
    document["solutions"] = [
        {
            "name": "similar",
            "recipeArn": f"{RECIPE}aws-similar-items",
            "performHPO": True,
            "eventType": "click",
            "solutionConfig": {
                "hpoConfig": {
                    "hpoResourceConfig": {"maxNumberOfTrainingJobs": "2", "maxParallelTrainingJobs": "1"},
                    "algorithmHyperParameterRanges": {"integerHyperParameterRanges": []},
                },
            },
            "solutionVersion": {"tags": [BLUE]},
            "campaigns": [{"name": "more-like", "minProvisionedTPS": 2}],
        },
        {
            "name": "by-itself",
            "recipeArn": f"{RECIPE}aws-user-personalization",
            "performAutoTraining": True,
            "solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}},
            "campaigns": [
                {
                    "name": "follows",
                    "campaignConfig": {
                        "syncWithLatestSolutionVersion": True,
                        "itemExplorationConfig": {"explorationWeight": "0.5"},
                    },
                    "tags": [RED, {"tagKey": "page", "tagValue": "home"}],
                }
            ],
        },
    ]
    return document


def next_best_action() -> dict[str, Any]:
    """A file with all types of data."""

    def schema(name: str, **fields: Any) -> dict[str, Any]:
        return interactions_schema() | {"name": name, "fields": [{"name": n, "type": t} for n, t in fields.items()]}

    document = params(
        solution={"name": "next", "recipeArn": f"{RECIPE}aws-next-best-action"}, campaign={"name": "next"}
    )
    document["datasets"] |= {
        "Items": {"name": "items", "schema": schema("Items", ITEM_ID="string", PRICE="float")},
        "Actions": {"name": "actions", "schema": schema("Actions", ACTION_ID="string", COST=["null", "int"])},
        "Action_Interactions": {
            "name": "taken",
            "schema": schema(
                "Action_Interactions", USER_ID="string", ACTION_ID="string", EVENT_TYPE="string", TIMESTAMP="long"
            ),
        },
    }
    return document


def upload_actions(deployment: Deployment) -> None:
    deployment.upload_data()
    deployment.upload("Items/i.csv", "ITEM_ID,PRICE\n" + "".join(f"i{n},1.5\n" for n in range(41)))
    deployment.upload("Actions/a.csv", "ACTION_ID,COST\na1,1\na2,\n")
    rows = "".join(f"u{n % 60},a{n % 2 + 1},TAKEN,{1_700_000_000 + n}\n" for n in range(1200))
    deployment.upload("Action_Interactions/t.csv", "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP\n" + rows)


def assert_nothing_to_do(deployment: Deployment, document: dict[str, Any]) -> None:
    """The document is one that the published schema accepts, and whose run would make and change nothing."""
    assert schema_problems(document) == []
    before = deployment.writes()
    ended = deployment.run(document)
    assert ended.succeeded, ended.mail
    assert {resource["plan"] for resource in ended.resources()} == {"reuse"}, ended.mail
    assert deployment.writes() == before


SALES = {
    "name": "sales",
    "metrics": [{"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}],
}


def by_name(part: Any) -> Any:
    """The part with its resources in the order of their names: what a run makes side by side is of the same age."""
    if isinstance(part, dict):
        return {name: by_name(value) for name, value in part.items()}
    if isinstance(part, list):
        return sorted(map(by_name, part), key=lambda entry: str(entry.get("name")) if isinstance(entry, dict) else "")
    return part


def solution_of(adopted: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in adopted["solutions"] if entry["name"] == name)
    return found


@pytest.mark.parametrize("document", [params(), everything(), configured()], ids=["small", "everything", "configured"])
def test_an_adopted_custom_group_is_reused_as_it_is(deployment: Deployment, adopt: Any, document: Any) -> None:
    first = deployment.run(document)
    assert first.succeeded, first.mail
    before = deployment.writes()
    adopted, _ = adopt()
    assert deployment.writes() == before
    assert_nothing_to_do(deployment, adopted)


@pytest.mark.parametrize(
    "switches",
    [
        Switches(number_texts_shown="canonical"),
        Switches(filter_expression_shown="normalised", incremental_update_by_default=True),
        Switches(latest_resolved_in_describe=False, metric_attribution_arn="id"),
    ],
    ids=["numbers", "filters and incremental updates", "the version that is served"],
)
def test_an_adopted_group_is_reused_in_whatever_form_personalize_shows_it(switches: Switches, adopt: Any) -> None:
    with deployed(Settings(account_id=ACCOUNT, durations=SHORT, switches=switches)) as deployment:
        deployment.upload_data(interactions=with_events())
        document = configured() | {"metricAttribution": SALES}
        first = deployment.run(document)
        assert first.succeeded, first.mail
        adopted, _ = adopt()
        exploring = solution_of(adopted, "by-itself")["campaigns"][0]["campaignConfig"]["itemExplorationConfig"]
        assert exploring == {"explorationWeight": "0.5"}  # the other value is the service's default
        assert_nothing_to_do(deployment, adopted)


@pytest.mark.parametrize(("name", "recipe", "event"), DOMAINS)
@pytest.mark.parametrize("state", ["present", "stopped"])
def test_an_adopted_domain_group_is_reused_as_it_is(
    deployment: Deployment, adopt: Any, name: str, recipe: str, event: str, state: str
) -> None:
    deployment.upload_data(interactions=with_events(event=event))
    config = {"recommenderConfig": {"minRecommendationRequestsPerSecond": 3}}
    deployment.run(domain(name, recipe, event, **config))
    deployment.run(domain(name, recipe, event, **config, state=state))
    adopted, _ = adopt()
    assert adopted["datasetGroup"] == {"name": "shop", "domain": name}
    entry = {"name": "top", "recipeArn": RECIPE + recipe} | config
    assert adopted["recommenders"] == [entry | ({} if state == "present" else {"state": state})]
    assert_nothing_to_do(deployment, adopted)


def test_an_adopted_group_of_all_types_of_data_is_reused_as_it_is(deployment: Deployment, adopt: Any) -> None:
    upload_actions(deployment)
    first = deployment.run(next_best_action())
    assert first.succeeded, first.mail
    adopted, _ = adopt()
    assert adopted["datasets"] == next_best_action()["datasets"]
    assert_nothing_to_do(deployment, adopted)


def test_only_what_was_asked_for_is_written(deployment: Deployment, adopt: Any) -> None:
    deployment.run(everything())
    adopted, said = adopt()
    document = everything()
    schedules = document.pop("schedules")
    for solution, jobs in zip(document["solutions"], ("batchInferenceJobs", "batchSegmentJobs"), strict=True):
        del solution[jobs]
        solution["performAutoTraining"] = False
    document["solutions"][0]["campaigns"][0].pop("minProvisionedTPS")  # it is the default
    assert by_name(adopted) == by_name(document)
    assert schedules and "Schedules belong to a pipeline" in said
    assert "Batch jobs, which ran once (weekly-" in said and "fans-" in said
    assert "s3://shop-input/Interactions/" in said
    assert '"import": "never"' in said


def test_configurations_and_tags_are_carried_over(deployment: Deployment, adopt: Any) -> None:
    deployment.run(configured())
    adopted, _ = adopt()
    wanted = configured()
    wanted["solutions"][0]["performAutoTraining"] = False
    assert by_name(adopted["solutions"]) == by_name(wanted["solutions"])
    assert adopted["datasetGroup"] == wanted["datasetGroup"]
    assert adopted["datasets"]["Users"] == wanted["datasets"]["Users"]


def test_the_way_of_importing_and_of_training_is_carried_over(deployment: Deployment, adopt: Any) -> None:
    """INCREMENTAL and UPDATE go on from something whole, which an adopted group has."""
    document = params(solution={"name": "for-you", "recipeArn": f"{RECIPE}aws-user-personalization"})
    assert deployment.run(document).succeeded
    document["datasets"]["Interactions"]["importJob"] = {"importMode": "INCREMENTAL"}
    document["solution"]["solutionVersion"] = {"trainingMode": "UPDATE"}
    deployment.upload_data(interactions=INTERACTIONS.replace("u1,", "u2,"))
    ended = deployment.run(document)
    assert ended.succeeded, ended.mail
    adopted, _ = adopt()
    assert adopted["datasets"]["Interactions"]["importJob"] == {"importMode": "INCREMENTAL"}
    assert "importJob" not in adopted["datasets"]["Users"]  # FULL is what is done unasked
    assert adopted["solutions"][0]["solutionVersion"] == {"trainingMode": "UPDATE"}
    assert_nothing_to_do(deployment, adopted)


def test_what_failed_does_not_tell_how_to_import(deployment: Deployment, adopt: Any) -> None:
    assert deployment.run(params()).succeeded
    deployment.emulator.faults.add(Fault("fail", operation="CreateDatasetImportJob"))
    document = params()
    document["datasets"]["Interactions"]["importJob"] = {"importMode": "INCREMENTAL"}
    deployment.upload_data(interactions=INTERACTIONS.replace("u1,", "u2,"))
    assert not deployment.run(document).succeeded
    adopted, _ = adopt()
    assert "importJob" not in adopted["datasets"]["Interactions"]


def test_a_metric_attribution_is_adopted_with_its_place_and_without_its_role(
    deployment: Deployment, adopt: Any
) -> None:
    ended = deployment.run(everything(metricAttribution=SALES))
    assert ended.succeeded, ended.mail
    adopted, said = adopt()
    place = {"s3DataDestination": {"path": "s3://shop-input/metrics/sales/output/"}}
    assert adopted["metricAttribution"] == SALES | {"metricsOutputConfig": place}
    assert "etric attribution sales" not in said
    assert_nothing_to_do(deployment, adopted)


def test_a_place_of_metrics_that_a_pipeline_may_not_write_to_is_left_out_and_told(
    deployment: Deployment, adopt: Any
) -> None:
    deployment.run()
    deployment.personalize.create_metric_attribution(
        **SALES,
        datasetGroupArn=f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/shop",
        metricsOutputConfig={
            "roleArn": ENVIRONMENT["PERSONALIZE_ROLE_ARN"],
            "s3DataDestination": {"path": "s3://shop-input/results/"},
        },
    )
    deployment.emulator.clock.advance(600)
    adopted, said = adopt()
    assert adopted["metricAttribution"] == SALES
    assert "Metric attribution sales writes to s3://shop-input/results/; the upload changes that" in said
    ended = deployment.run(adopted)
    assert ended.succeeded, ended.mail
    assert ended.row("metric attribution")["done"] == "updated"


def test_data_that_another_tool_imported_is_left_alone_where_the_file_says_never(
    deployment: Deployment, adopt: Any
) -> None:
    deployment.run(params())
    deployment.upload_data(interactions=with_events(event="view"))  # no import job's name tells of these files
    adopted, _ = adopt()
    planned = deployment.run(adopted | {"dryRun": True}).mail
    assert re.search(r"create +dataset import job shop-interactions-", planned)
    assert re.search(r"reuse +dataset import job shop-users-", planned)
    assert re.search(r"create +solution version for-you", planned)
    planned = deployment.run(adopted | {"dryRun": True, "import": "never", "train": "never"}).plans()
    assert set(planned.values()) == {"reuse", "skip"}


def test_a_campaign_on_an_older_version_is_kept_on_it(deployment: Deployment, adopt: Any) -> None:
    deployment.run(everything())
    arn = f"arn:aws:personalize:{REGION}:{ACCOUNT}:solution/for-you"
    serving = deployment.personalize.list_solution_versions(solutionArn=arn)["solutionVersions"][0]
    deployment.personalize.create_solution_version(solutionArn=arn)
    deployment.emulator.clock.advance(600)
    adopted, said = adopt()
    campaigns = solution_of(adopted, "for-you")["campaigns"]
    assert {entry["solutionVersionArn"] for entry in campaigns} == {serving["solutionVersionArn"]}
    assert "Campaign web serves" in said
    assert_nothing_to_do(deployment, adopted)


def test_what_nobody_could_upload_is_left_out_and_named(deployment: Deployment, adopt: Any) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateCampaign"))
    deployment.run(everything(filters=[*everything()["filters"], {"name": "late", "filterExpression": INCLUDE}]))
    deployment.personalize.delete_filter(filterArn=f"arn:aws:personalize:{REGION}:{ACCOUNT}:filter/late")
    adopted, said = adopt()
    assert [entry["name"] for entry in adopted["filters"]] == ["clicked"]
    assert "filter late: it is DELETE PENDING." in said
    assert "campaigns" not in solution_of(adopted, "for-you")
    assert "campaign web: it is CREATE FAILED." in said
    assert_nothing_to_do(deployment, adopted)


def test_what_the_rules_refuse_is_left_out_with_all_that_needs_it(
    deployment: Deployment, adopt: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.run(everything())
    monkeypatch.setitem(recipes.RECIPES, "aws-user-personalization-v2", recipes.Recipe(withdrawn=True))
    adopted, said = adopt()
    assert [entry["name"] for entry in adopted["solutions"]] == ["segments"]
    assert "solutions for-you: aws-user-personalization-v2 is withdrawn." in said
    assert "campaign web: its solution is left out." in said


def test_a_group_is_found_by_its_arn(deployment: Deployment, adopt: Any) -> None:
    deployment.run()
    adopted, _ = adopt(f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/shop")
    assert adopted["datasetGroup"] == {"name": "shop"}


def test_a_group_without_interactions_is_written_and_told(deployment: Deployment, adopt: Any) -> None:
    deployment.personalize.create_dataset_group(name="empty")
    deployment.emulator.clock.advance(600)
    adopted, said = adopt("empty", code=1)
    assert adopted == {"datasetGroup": {"name": "empty"}, "datasets": {}}
    assert "$.datasets.Interactions: is missing" in said


def test_a_schema_that_a_pipeline_would_refuse_is_named_by_its_arn(deployment: Deployment, adopt: Any) -> None:
    personalize = deployment.personalize
    avro = interactions_schema({"name": "EVENT_TYPE", "type": "string"}) | {"doc": "by hand"}
    schema = personalize.create_schema(name="by-hand", schema=json.dumps(avro))["schemaArn"]
    group = personalize.create_dataset_group(name="old")["datasetGroupArn"]
    deployment.emulator.clock.advance(600)
    personalize.create_dataset(name="old", schemaArn=schema, datasetGroupArn=group, datasetType="INTERACTIONS")
    deployment.emulator.clock.advance(600)
    adopted, said = adopt("old")
    assert adopted["datasets"] == {"Interactions": {"name": "old", "schemaArn": schema}}
    assert "keeps its schema by its ARN" in said


def test_the_file_is_written_and_never_over_another(
    deployment: Deployment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deployment.run()
    file = tmp_path / "params.json"
    assert main(["adopt", "shop", "--output", str(file)]) == 0
    assert json.loads(file.read_text())["datasetGroup"] == {"name": "shop"}
    assert main(["adopt", "shop", "--output", str(file)]) == 2
    assert f"adopt: can't write {file}: File exists." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        ("shpo", "the region eu-west-1 has no dataset group named shpo. It has shop, store.\n"),
        (f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/shpo", "has no dataset group arn:aws:"),
        (f"arn:aws:personalize:us-east-1:{ACCOUNT}:dataset-group/shop", "is no dataset group of the region eu-west-1"),
        ("arn:aws:s3:::shop", "is no dataset group of the region"),
    ],
)
def test_an_unknown_group_is_told(
    deployment: Deployment, capsys: pytest.CaptureFixture[str], group: str, sentence: str
) -> None:
    deployment.personalize.create_dataset_group(name="store")
    deployment.personalize.create_dataset_group(name="shop")
    assert main(["adopt", group]) == 2
    out, err = capsys.readouterr()
    assert (out, err.startswith("adopt: "), "Traceback" in err) == ("", True, False)
    assert sentence in err


def test_missing_credentials_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    without_credentials(monkeypatch)
    assert main(["adopt", "shop"]) == 2
    assert capsys.readouterr().err == "adopt: no AWS credentials were found. Sign in, or set AWS_PROFILE.\n"


def test_a_missing_region_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    without_credentials(monkeypatch)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert main(["adopt", "shop"]) == 2
    assert capsys.readouterr().err.startswith("adopt: no AWS region is set.")


def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which nobody has signed in to AWS."""
    clients._session.cache_clear()  # it remembers credentials
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for cached in CACHED:
        cached.cache_clear()
