"""The verbs that concern a deployment: how it is found, its runs, retraining, teardown and costs, at a terminal."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from pipeline.engine.schedules import OVERRIDES, parameters_of
from pipeline.upload.trigger import start_runs
from pipeline_cli import retrain, teardown, watch
from pipeline_cli.__main__ import main
from pipeline_cli.deployments import find

from .conftest import ACCOUNT, BUCKET, CACHED, ENVIRONMENT, REGION, params
from .test_adopt import without_credentials
from .workflow import Deployment, deployed

Cli = Callable[..., tuple[int, str, str]]


def make_function(name: str = "shop-pipeline", **changed: str) -> str:
    """A deployment's function, whose environment tells about it; its ARN."""
    iam = boto3.client("iam")
    if not any(role["RoleName"] == "function" for role in iam.list_roles()["Roles"]):
        iam.create_role(RoleName="function", AssumeRolePolicyDocument="{}")
    told = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("AWS_")} | changed
    return boto3.client("lambda").create_function(  # type: ignore[no-any-return]
        FunctionName=name,
        Runtime="python3.13",
        Role=f"arn:aws:iam::{ACCOUNT}:role/function",
        Handler="pipeline.handler.lambda_handler",
        Code={"ZipFile": b"zip"},
        Environment={"Variables": told},
    )["FunctionArn"]


def make_machine(name: str) -> str:
    return boto3.client("stepfunctions").create_state_machine(  # type: ignore[no-any-return]
        name=name,
        definition='{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}',
        roleArn=ENVIRONMENT["SCHEDULE_ROLE_ARN"],
    )["stateMachineArn"]


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        make_function()
        deployment.upload_data()
        yield deployment


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command as at somebody else's machine: without the function's environment; code, output and error."""

    def cli(*arguments: str, typed: str | None = None) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            for name in ENVIRONMENT:
                if not name.startswith("AWS_"):
                    patch.delenv(name)
            for cached in CACHED:
                cached.cache_clear()
            stdin = io.StringIO(f"{typed}\n" if typed is not None else "")
            stdin.isatty = lambda: typed is not None  # type: ignore[method-assign]
            patch.setattr("sys.stdin", stdin)
            capsys.readouterr()
            code = main(arguments)
            out, err = capsys.readouterr()
        return code, out, err

    return cli


class TestFinding:
    def test_the_only_one_is_found_and_told(self, deployment: Deployment, cli: Cli) -> None:
        code, out, err = cli("runs", "list")
        assert (code, out) == (0, "No runs yet: upload data, then params.json.\n")
        assert err == f"Deployment shop (bucket {BUCKET}, {REGION}), the only one here.\n"

    @pytest.mark.parametrize("named", [["-d", "shop"], ["-d", "shop-pipeline"], ["--deployment", "shop"]])
    def test_by_name(self, deployment: Deployment, cli: Cli, named: list[str]) -> None:
        code, out, err = cli("runs", "list", *named, "--json")
        assert (code, json.loads(out), err) == (0, {"format": 1, "deployment": "shop", "runs": []}, "")

    def test_by_the_environment(self, deployment: Deployment, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PERSONALIZE_PIPELINE_DEPLOYMENT", "other")
        assert cli("runs", "list")[0] == 2
        monkeypatch.setenv("PERSONALIZE_PIPELINE_DEPLOYMENT", "shop")
        assert cli("runs", "list")[2] == ""

    def test_by_bucket_whatever_its_name(self, deployment: Deployment, cli: Cli) -> None:
        function = make_function("films-pipeline", BUCKET="videos")
        deployment.s3.create_bucket(Bucket="videos", CreateBucketConfiguration={"LocationConstraint": REGION})
        notify = {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}
        deployment.s3.put_bucket_notification_configuration(
            Bucket="videos", NotificationConfiguration={"LambdaFunctionConfigurations": [notify]}
        )
        assert find(bucket="videos").name == "films"
        code, _, err = cli("runs", "list", "--bucket", BUCKET)
        assert (code, f"{BUCKET} is no deployment's input bucket" in err) == (2, True)
        assert "there is no bucket no-such" in cli("runs", "list", "--bucket", "no-such")[2]
        assert (
            "bucket of deployment shop is shop-input, not videos" in cli("costs", "-d", "shop", "--bucket", "videos")[2]
        )

    def test_several_are_listed(self, deployment: Deployment, cli: Cli) -> None:
        make_machine("films-pipeline"), make_machine("somebody-elses-pipeline"), make_machine("nothing")
        make_function("films-pipeline", BUCKET="videos")
        make_function("somebody-elses-pipeline", BOUNDARIES="no")
        code, out, err = cli("runs", "list")
        assert (code, out) == (2, "")
        assert "films (bucket videos, eu-west-1), shop (bucket shop-input, eu-west-1). Name one: --deployment" in err
        assert "somebody" not in err

    def test_none_is_told_and_programs_read_why(
        self, deployment: Deployment, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        code, out, err = cli("runs", "list", "--json")
        assert code == 2
        assert json.loads(out)["error"] in err
        assert "There is no deployment in us-east-1. Is that the region" in err

    def test_missing_credentials_are_told(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        without_credentials(monkeypatch)
        code, _, err = cli("runs", "list")
        assert (code, err) == (2, "runs list: no AWS credentials were found. Sign in, or set AWS_PROFILE.\n")

    def test_a_profile_that_is_not_there_is_told(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        code, _, err = cli("runs", "list")
        assert (code, err) == (2, "runs list: The config profile (nobody) could not be found\n")


class TestRuns:
    def test_are_listed_newest_first(self, deployment: Deployment, cli: Cli) -> None:
        first = deployment.run()
        second = deployment.run(params(solution={"name": "s h"}))
        deployment.upload("runs/data-checks/x.json", "{}")
        ids = [ended.report["run"]["id"] for ended in (second, first)]
        code, out, _ = cli("runs", "list")
        lines = out.splitlines()
        assert (code, [line.split()[:2] for line in lines[1:]]) == (0, [[ids[0], "rejected"], [ids[1], "succeeded"]])
        listed = json.loads(cli("runs", "list", "--json")[1])["runs"]
        assert [run["run"] for run in listed] == ids
        assert listed[1]["metric"] > 0 and listed[1]["key"] == "params.json" and listed[1]["datasetGroup"] == "shop"
        assert [run["run"] for run in json.loads(cli("runs", "list", "-n", "1", "--json")[1])["runs"]] == ids[:1]
        assert "No runs of nobody yet" in cli("runs", "list", "--group", "nobody")[1]

    def test_a_key_can_not_write_to_the_terminal(self, deployment: Deployment, cli: Cli) -> None:
        report = {"outcome": "rejected", "run": {"key": "a\x1b[2J/params.json", "datasetGroup": "[red]x\r"}}
        deployment.upload("runs/20251123-170502-00000001/report.json", report)
        out = cli("runs", "list")[1]
        assert ("a [2J/params.json" in out, "[red]x" in out, "\x1b" in out) == (True, True, False)

    def test_many_are_cut_by_the_limit_and_nothing_is_cut_in_a_pipe(self, deployment: Deployment, cli: Cli) -> None:
        for number in range(1100):
            deployment.upload(f"runs/20251123-170502-{number:08d}/report.json", {"outcome": "succeeded", "run": {}})
        lines = cli("runs", "list", "-n", "25")[1].splitlines()
        assert len(lines) == 26
        assert lines[1].startswith("20251123-170502-00001099  succeeded")

    def test_shown_say_what_the_mail_says(self, deployment: Deployment, cli: Cli) -> None:
        ended = deployment.run()
        code, out, _ = cli("runs", "show")
        assert (code, out.strip()) == (0, ended.mail.strip())
        run = ended.report["run"]["id"]
        assert json.loads(cli("runs", "show", run[-6:], "--json")[1])["report"] == ended.report
        deployment.run(params(solution={"name": "s h"}))
        assert cli("runs", "show")[0] == 1
        code, _, err = cli("runs", "show", "nope")
        assert (code, f"there is no run nope in shop (bucket {BUCKET}" in err) == (2, True)
        assert "could be" in cli("runs", "show", "20261123")[2]

    def test_one_that_works_is_running(self, deployment: Deployment, cli: Cli) -> None:
        execution = deployment.start()
        assert json.loads(cli("runs", "list", "--json")[1])["runs"][0]["outcome"] == "waiting"
        assert "waits for its turn, or plans" in cli("runs", "show")[1]
        for _ in range(8):
            deployment.emulator.clock.advance(execution.advance() or 0)
        assert json.loads(cli("runs", "list", "--json")[1])["runs"][0]["outcome"] == "running"
        code, out, _ = cli("runs", "show")
        assert (code, "dataset group" in out or "datasetGroup shop" in out) == (0, True)

    @pytest.mark.parametrize("document", [params(), params(solution={"name": "s h"})], ids=["good", "bad"])
    def test_watching_goes_on_to_the_end(
        self, deployment: Deployment, cli: Cli, monkeypatch: pytest.MonkeyPatch, document: dict[str, Any]
    ) -> None:
        execution = deployment.start(document)

        def pass_time(_: float) -> None:
            for _ in range(5):
                seconds = execution.advance()
                if seconds is None:
                    boto3.client("stepfunctions").stop_execution(executionArn=execution.context["Id"])
                    return
                deployment.emulator.clock.advance(seconds)

        monkeypatch.setattr(watch.time, "sleep", pass_time)
        with monkeypatch.context() as patch:  # the run goes on here, in the function's environment
            patch.setattr("sys.stdin", io.StringIO())
            assert main(["runs", "watch", "--json"]) == (0 if document == params() else 1)

    def test_what_left_no_report_is_not_waited_for(
        self, deployment: Deployment, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(watch, "LOOK_SECONDS", 0)
        execution = deployment.start()
        execution.advance()
        boto3.client("stepfunctions").stop_execution(executionArn=execution.context["Id"])
        deployment.upload(f"runs/{execution.context['Name']}/record.json", {"run": {}})
        code, _, err = cli("runs", "watch")
        assert (code, "left no report" in err) == (1, True)
        assert cli("runs", "show")[0] == 1


class TestRetraining:
    def started(self, deployment: Deployment, run: str) -> Any:
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:shop-pipeline:{run}"
        return json.loads(boto3.client("stepfunctions").describe_execution(executionArn=arn)["input"])

    def test_starts_what_a_schedule_would(self, deployment: Deployment, cli: Cli) -> None:
        assert deployment.run(key="team/params.json").succeeded is False  # no data there
        deployment.upload_data("team/")
        assert deployment.run(key="team/params.json").succeeded
        code, out, err = cli("retrain", "--yes", "--json")
        run = json.loads(out)["run"]
        schedule = parameters_of(
            "n", "e", {"bucket": BUCKET, "key": "team/params.json", "datasetGroup": "shop"}, OVERRIDES["retrain"]
        )
        assert (code, len(run["run"])) == (0, 24)
        assert self.started(deployment, run["run"]) == json.loads(schedule["Target"]["Input"])
        assert "Trainings are billed" in err

    def test_asks_first(self, deployment: Deployment, cli: Cli) -> None:
        deployment.run()
        before = boto3.client("stepfunctions").list_executions(stateMachineArn=deployment.machine)["executions"]
        for typed in ("", "n", "shop"):
            code, _, err = cli("retrain", typed=typed)
            assert (code, "nothing was done" in err) == (2, True)
        assert "Say --yes" in cli("retrain")[2]
        assert boto3.client("stepfunctions").list_executions(stateMachineArn=deployment.machine)["executions"] == before
        code, out, _ = cli("retrain", "shop", typed="y")
        assert (code, "To watch it: personalize-pipeline runs watch" in out) == (0, True)

    def test_what_can_not_be_is_told(self, deployment: Deployment, cli: Cli) -> None:
        assert "has not worked on any dataset group yet" in cli("retrain", "--yes")[2]
        deployment.run()
        assert "has never worked on a dataset group sohp; it has shop" in cli("retrain", "sohp", "--yes")[2]
        assert f"there is no s3://{BUCKET}/p.json" in cli("retrain", "--params-key", "p.json", "--yes")[2]
        assert deployment.run({"teardown": "shop"}, key="down/params.json").succeeded
        assert "shop was torn down by run" in cli("retrain", "--yes")[2]
        assert cli("retrain", "--params-key", "params.json", "--yes")[0] == 0

    def test_of_a_key_alone_is_terraforms_form(self) -> None:
        assert retrain.input_of("b", "k", None) == {
            "upload": {"bucket": "b", "key": "k"},
            "overrides": {"train": "always", "serving": "keep"},
        }


class TestTeardown:
    @pytest.fixture(autouse=True)
    def as_s3_does(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        """An upload of the command starts a run, as S3's notification has it."""
        monkeypatch.setattr(teardown, "START_SECONDS", 1)

        def notify(version: str, key: str) -> None:
            entry = {"bucket": {"name": BUCKET}, "object": {"key": key, "versionId": version, "sequencer": "1"}}
            start_runs({"Records": [{"eventTime": "2026-11-23T17:05:02.999Z", "s3": entry}]})

        self.notify = notify

    def test_shows_asks_and_uploads_a_file_of_its_own(self, deployment: Deployment, cli: Cli) -> None:
        deployment.run()
        mine = deployment.read("params.json")
        for typed in ("", "y", "sho"):
            assert cli("teardown", "shop", typed=typed)[0] == 2
        code, out, err = cli("teardown", "shop", typed="shop")
        assert code == 0
        assert "delete  campaign       for-you" in err
        assert "campaign for-you: at least 1 transaction(s) per second, used or not" in err
        assert deployment.read("params.json") == mine
        assert deployment.read("teardown/shop/params.json") == {"teardown": "shop"}
        assert deployment.run({"teardown": "shop"}, key="teardown/shop/params.json").report["outcome"] == "torn down"
        code, out, _ = cli("teardown", "shop", "--yes")
        assert (code, "There is no dataset group shop in eu-west-1; there are: none." in out) == (1, True)

    def test_finds_the_run_that_its_upload_starts(self, deployment: Deployment) -> None:
        upload = deployment.upload("teardown/shop/params.json", {"teardown": "shop"})
        self.notify(upload["versionId"], upload["key"])
        found = teardown._started(find("shop"), upload["key"], upload["versionId"])
        assert found and found["run"].startswith("20261123-170502-")
        assert teardown._started(find("shop"), upload["key"], "another") is None

    @pytest.mark.parametrize("name", ["../x", "a b", "", "x" * 64])
    def test_a_name_that_is_none_is_refused(self, deployment: Deployment, cli: Cli, name: str) -> None:
        code, _, err = cli("teardown", name, "--yes")
        assert (code, "is no name of a dataset group" in err) == (2, True)

    @pytest.mark.parametrize(
        ("bounds", "key"),
        [
            ({}, "teardown/a-shop/params.json"),
            ({"folders": {"b/": ["b-*"], "a/": ["a-*"]}}, "a/teardown/a-shop/params.json"),
            ({"folders": {"": ["*"]}}, "teardown/a-shop/params.json"),
        ],
    )
    def test_its_file_lies_where_it_may_name_the_group(
        self, deployment: Deployment, bounds: dict[str, Any], key: str
    ) -> None:
        everything = {"dataset_groups": ["*"], "folders": {}, "ceilings": {}, "allow_teardown": True}
        boto3.client("lambda").delete_function(FunctionName="shop-pipeline")
        make_function(BOUNDARIES=json.dumps(everything | bounds))
        assert teardown.key_of(find("shop"), "a-shop") == key

    def test_what_the_deployment_forbids_is_not_uploaded(self, deployment: Deployment, cli: Cli) -> None:
        deployment.run()
        boto3.client("lambda").delete_function(FunctionName="shop-pipeline")
        make_function(BOUNDARIES=ENVIRONMENT["BOUNDARIES"].replace("true", "false"))
        code, out, _ = cli("teardown", "shop", "--yes")
        assert (code, "Terraform's input `allow_teardown` is false" in out) == (1, True)
        keys = [entry["Key"] for entry in deployment.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
        assert not [key for key in keys if key.startswith("teardown/")]


class TestCosts:
    def test_what_bills_is_shown(self, deployment: Deployment, cli: Cli) -> None:
        assert "Nothing bills" in cli("costs")[1]
        deployment.run()
        code, out, _ = cli("costs", "-d", "shop")
        assert (code, out.splitlines()[1].split()[:3]) == (0, ["shop", "campaign", "for-you"])
        bills = json.loads(cli("costs", "--json")[1])["bills"]
        assert [(row["datasetGroup"], row["type"], row["name"]) for row in bills] == [("shop", "campaign", "for-you")]
        assert bills[0]["stop"].startswith("aws personalize delete-campaign")

    def test_what_an_upload_would_cost_is_shown(self, deployment: Deployment, cli: Cli, tmp_path: Any) -> None:
        file = tmp_path / "params.json"
        file.write_text(json.dumps(params()))
        code, out, _ = cli("costs", str(file))
        assert (code, "Training of for-you: $0.01" in out, "In all $394.20 a month" in out) == (0, True, True)
        costs = json.loads(cli("costs", str(file), "--json")[1])["costs"]
        assert costs["monthlyTotal"] == {"amount": 394.2}
        assert deployment.writes() == []

    def test_of_an_upload_that_would_be_refused_the_reason_is(
        self, deployment: Deployment, cli: Cli, tmp_path: Any
    ) -> None:
        file = tmp_path / "params.json"
        file.write_text(json.dumps(params(budget={"monthly": 1})))
        code, out, _ = cli("costs", str(file))
        assert (code, "Its upload would be refused: $.budget.monthly: $394.20 a month would bill" in out) == (1, True)
        told = json.loads(cli("costs", str(file), "--json")[1])
        assert (told["costs"], told["problems"][0]["where"]) == (None, "$.budget.monthly")
        assert cli("costs", str(tmp_path / "nothing.json"))[0] == 2


def test_the_plan_takes_what_the_deployment_allows(deployment: Deployment, cli: Cli, tmp_path: Any) -> None:
    file = tmp_path / "params.json"
    file.write_text(json.dumps(params(campaign={"name": "for-you", "minProvisionedTPS": 2})))
    code, out, _ = cli("plan", str(file), "-d", "shop")
    assert (code, "Not held against" in out) == (0, False)
    boto3.client("lambda").delete_function(FunctionName="shop-pipeline")
    make_function(
        BOUNDARIES=ENVIRONMENT["BOUNDARIES"].replace('"ceilings": {}', '"ceilings": {"min_provisioned_tps": 1}')
    )
    code, out, _ = cli("plan", str(file), "-d", "shop")
    assert (code, "allows at most 1" in out) == (1, True)


def test_ctrl_c_ends_a_command_as_shells_have_it(
    deployment: Deployment, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    deployment.start()
    monkeypatch.setattr(time, "sleep", interrupted)
    code, _, err = cli("runs", "watch")
    assert (code, "Interrupted" in err, "Traceback" in err) == (130, True, False)
