"""The module, applied to the local stack twice over: what Terraform promises is what is there."""

import io
import json
import os
import subprocess
import time
import urllib.request
import zipfile
from datetime import UTC
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pytest_terraform import terraform  # type: ignore[import-untyped]
from pytest_terraform.tf import TerraformTestApi  # type: ignore[import-untyped]

from local.ministack import metric_math
from tests.terraform import policies
from tests.terraform.conftest import RUNTIME, Aws, lambda_settings

FIXTURE = Path(__file__).parent / "terraform" / "two_deployments"
EMPTY, CHANGES = 0, 2  # what `terraform plan -detailed-exitcode` answers


@pytest.fixture(autouse=True, scope="module")
def stack(aws: Aws) -> None:
    """The stack runs before Terraform applies to it."""


@pytest.fixture
def plain(two_deployments: TerraformTestApi) -> dict[str, str]:
    """The outputs of the deployment with as few settings as can be."""
    return outputs(two_deployments, "plain")


@pytest.fixture
def rich(two_deployments: TerraformTestApi) -> dict[str, str]:
    """The outputs of the deployment with every setting."""
    return outputs(two_deployments, "rich")


def outputs(deployments: TerraformTestApi, name: str) -> dict[str, str]:
    values: dict[str, str] = deployments.outputs[name]["value"]
    return values


def plan(deployments: TerraformTestApi) -> tuple[int, str]:
    """Plan again; the status and what is printed."""
    runner = deployments.terraform
    command = [runner.tf_bin, "plan", "-input=false", "-no-color", "-detailed-exitcode", f"-state={runner.state_path}"]
    environment = {**os.environ, "TF_DATA_DIR": str(runner.work_dir)}
    result = subprocess.run(command, cwd=FIXTURE, env=environment, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


@terraform("two_deployments", scope="module", replay=False)  # type: ignore[untyped-decorator]
def test_a_second_plan_is_empty(two_deployments: TerraformTestApi) -> None:
    status, printed = plan(two_deployments)
    assert status == EMPTY, printed
    # pytest-terraform keeps its state out of the sources in a way that Terraform warns of.
    assert printed.count("Warning: ") == printed.count("Warning: Deprecated flag: -state")


def test_a_plan_is_empty_without_the_built_zip(two_deployments: TerraformTestApi, built_zips: Path, aws: Aws) -> None:
    code = aws("lambda").get_function(FunctionName="plain-pipeline")["Configuration"]["CodeSize"]
    zips = [path for path in built_zips.glob("pipeline-*.zip") if path.stat().st_size == code]
    assert zips
    for path in zips:
        path.rename(path.with_suffix(".away"))
    try:
        status, printed = plan(two_deployments)
    finally:
        for path in zips:
            path.with_suffix(".away").rename(path)
    assert status == EMPTY, printed


def test_the_code_says_of_itself_what_terraform_calls_it(two_deployments: TerraformTestApi, aws: Aws) -> None:
    url = aws("lambda").get_function(FunctionName="plain-pipeline")["Code"]["Location"]
    with urllib.request.urlopen(url) as answer, zipfile.ZipFile(io.BytesIO(answer.read())) as package:
        version = json.loads(package.read("pipeline/version.json"))["version"]
    receipt = aws("ssm").get_parameter(Name="/personalize-pipeline/plain-pipeline/code")["Parameter"]["Value"]
    assert receipt.startswith(version)


def test_two_deployments_share_nothing(plain: dict[str, str], rich: dict[str, str]) -> None:
    """But the account, whose dataset groups both can list."""
    assert set(plain.values()) & set(rich.values()) == {plain["dataset_groups_command"]}


@pytest.mark.parametrize("name", ["plain", "rich"])
def test_the_package_runs(name: str, two_deployments: TerraformTestApi, aws: Aws) -> None:
    """Built while applying (plain) or taken from S3 (rich), it imports, and knows what it doesn't know."""
    function = outputs(two_deployments, name)["function_name"]
    answer = aws("lambda").invoke(FunctionName=function, Payload=json.dumps({"action": "fly"}))
    error = json.loads(answer["Payload"].read())
    assert error["errorType"] == "ActionFailed"
    assert "unknown action 'fly'" in error["errorMessage"]


def test_the_function_is_the_package_that_was_given(rich: dict[str, str], package: Path, aws: Aws) -> None:
    location = aws("lambda").get_function(FunctionName=rich["function_name"])["Code"]["Location"]
    with urllib.request.urlopen(location) as deployed:
        assert sorted(zipfile.ZipFile(io.BytesIO(deployed.read())).namelist()) == sorted(
            zipfile.ZipFile(package).namelist()
        )


def test_settings_reach_the_function(rich: dict[str, str], aws: Aws) -> None:
    function = aws("lambda").get_function_configuration(FunctionName=rich["function_name"])
    assert (function["MemorySize"], function["Timeout"]) == (1024, 120)
    assert function["TracingConfig"] == {"Mode": "Active"}
    assert function["Environment"]["Variables"] == {
        "BUCKET": "rich-input",
        "PARAMS_FILE": "start.json",
        "STATE_MACHINE_ARN": rich["state_machine_arn"],
        "TOPIC_ARN": rich["topic_arn"],
        "PERSONALIZE_ROLE_ARN": rich["personalize_role_arn"],
        "SCHEDULE_GROUP": rich["schedule_group_name"],
        "SCHEDULE_ROLE_ARN": rich["schedule_role_arn"],
        "DEAD_LETTER_QUEUE_ARN": rich["dead_letter_queue_arn"],
        "TIMEOUT_SECONDS": "5400",
        "PATIENCE_SECONDS": "1800",
        "QUOTAS": '{"campaigns":20}',
        "DATA_CHECKS": "full",
        "DATA_CHECK_CONCURRENCY": "4",
        "SAMPLES": "3",
        "PRICES": "{}",
        "ANNOUNCE_STARTS": "false",
        "BOUNDARIES": rich["boundaries"],
        "LOG_LEVEL": "DEBUG",
    }


def test_without_settings_a_run_has_a_week_and_logs_errors(plain: dict[str, str], aws: Aws) -> None:
    function = aws("lambda").get_function_configuration(FunctionName=plain["function_name"])
    variables = function["Environment"]["Variables"]
    assert (variables["TIMEOUT_SECONDS"], variables["PATIENCE_SECONDS"]) == ("604800", "21600")
    assert (variables["QUOTAS"], variables["LOG_LEVEL"]) == ("{}", "ERROR")
    machine = aws("stepfunctions").describe_state_machine(stateMachineArn=plain["state_machine_arn"])
    assert json.loads(machine["definition"])["TimeoutSeconds"] == 2 * 604800 + 3600
    assert machine["loggingConfiguration"]["level"] == "ERROR"


def test_uploads_of_the_params_file_call_the_function(rich: dict[str, str], aws: Aws) -> None:
    (target,) = aws("s3").get_bucket_notification_configuration(Bucket="rich-input")["LambdaFunctionConfigurations"]
    assert target["LambdaFunctionArn"] == rich["function_arn"]
    assert target["Events"] == ["s3:ObjectCreated:*"]
    (rule,) = target["Filter"]["Key"]["FilterRules"]
    assert (rule["Name"].lower(), rule["Value"]) == ("suffix", "start.json")
    policy = json.loads(aws("lambda").get_policy(FunctionName=rich["function_name"])["Policy"])
    assert {statement["Sid"] for statement in policy["Statement"]} == {"LetTheInputBucketCall", "LetTheSafetyNetCall"}


def test_the_bucket_is_private_encrypted_and_versioned(plain: dict[str, str], aws: Aws) -> None:
    s3, bucket = aws("s3"), plain["bucket_name"]
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert encryption(s3, bucket) == {"SSEAlgorithm": "AES256"}
    (ownership,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert ownership == {"ObjectOwnership": "BucketOwnerEnforced"}
    statements = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == [
        "LetOnlyTheFunctionWriteRunsAndTurns",
        "LetPersonalizeListTheBucket",
        "LetPersonalizeReadObjects",
        "LetPersonalizeWriteResults",
        "RefuseUnencryptedConnections",
    ]


@pytest.mark.parametrize("name", ["plain", "rich"])
def test_the_role_that_may_write_runs_is_the_functions(name: str, two_deployments: TerraformTestApi, aws: Aws) -> None:
    deployed = outputs(two_deployments, name)
    statements = json.loads(aws("s3").get_bucket_policy(Bucket=deployed["bucket_name"])["Policy"])["Statement"]
    (guard,) = [statement for statement in statements if statement["Sid"] == "LetOnlyTheFunctionWriteRunsAndTurns"]
    assert guard["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": deployed["function_role_arn"]}}


def test_a_key_encrypts_everything_it_is_for(rich: dict[str, str], two_deployments: TerraformTestApi, aws: Aws) -> None:
    key = two_deployments["aws_kms_key.this"]["arn"]
    assert encryption(aws("s3"), "rich-input") == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert aws("sns").get_topic_attributes(TopicArn=rich["topic_arn"])["Attributes"]["KmsMasterKeyId"] == key
    assert queue_attributes(aws, rich)["KmsMasterKeyId"] == key
    for group in (rich["function_log_group_name"], rich["state_machine_log_group_name"]):
        (described,) = aws("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        assert (described["kmsKeyId"], described["retentionInDays"]) == (key, 7)


def test_the_machine_is_the_rendered_template(rich: dict[str, str], aws: Aws) -> None:
    machine = aws("stepfunctions").describe_state_machine(stateMachineArn=rich["state_machine_arn"])
    definition = json.loads(machine["definition"])
    assert definition["TimeoutSeconds"] == 2 * 5400 + 3600
    assert rich["function_arn"] in machine["definition"]
    assert rich["topic_arn"] in machine["definition"]
    assert machine["type"] == "STANDARD"
    assert machine["tracingConfiguration"] == {"enabled": True}
    assert machine["loggingConfiguration"]["level"] == "FATAL"
    assert not machine["loggingConfiguration"].get("includeExecutionData")


def test_every_address_is_subscribed(plain: dict[str, str], rich: dict[str, str], aws: Aws) -> None:
    def addresses(deployment: dict[str, str]) -> set[str]:
        answer = aws("sns").list_subscriptions_by_topic(TopicArn=deployment["topic_arn"])
        return {subscription["Endpoint"] for subscription in answer["Subscriptions"]}

    assert addresses(plain) == set()
    assert addresses(rich) == {"one@example.com", "two@example.com"}


def test_bad_endings_call_the_function(rich: dict[str, str], aws: Aws) -> None:
    rule = aws("events").describe_rule(Name="rich-pipeline-bad-endings")
    assert json.loads(rule["EventPattern"])["detail"]["stateMachineArn"] == [rich["state_machine_arn"]]
    (target,) = aws("events").list_targets_by_rule(Rule="rich-pipeline-bad-endings")["Targets"]
    assert target["Arn"] == rich["function_arn"]
    assert target["DeadLetterConfig"] == {"Arn": rich["dead_letter_queue_arn"]}
    assert "Input" not in target


def test_an_event_that_can_not_be_handled_becomes_a_dead_letter(rich: dict[str, str], aws: Aws) -> None:
    aws("lambda").invoke(
        FunctionName=rich["function_name"], InvocationType="Event", Payload=json.dumps({"action": "fly"})
    )
    deadline = time.monotonic() + 20
    messages: list[Any] = []
    while not messages and time.monotonic() < deadline:
        messages = (
            aws("sqs").receive_message(QueueUrl=rich["dead_letter_queue_url"], WaitTimeSeconds=1).get("Messages", [])
        )
    (message,) = messages
    letter = json.loads(message["Body"])
    assert letter["requestPayload"] == {"action": "fly"}
    assert "unknown action 'fly'" in json.dumps(letter["responsePayload"])


def alarms(aws: Aws) -> list[dict[str, Any]]:
    """The alarms on the dead letters of the rich deployment: on the first letter, and on those that come to others."""
    found: list[dict[str, Any]] = aws("cloudwatch").describe_alarms(AlarmNamePrefix="rich-")["MetricAlarms"]
    return found


def test_the_alarms_look_at_the_queue_and_mail(rich: dict[str, str], aws: Aws) -> None:
    first, more = alarms(aws)
    assert first["AlarmArn"] == rich["dead_letter_alarm_arn"]
    assert more["AlarmArn"] == rich["more_dead_letters_alarm_arn"]
    (metric,) = [query["MetricStat"]["Metric"] for query in more["Metrics"] if "MetricStat" in query]
    queue = [{"Name": "QueueName", "Value": rich["dead_letter_queue_arn"].split(":")[-1]}]
    assert first["Dimensions"] == metric["Dimensions"] == queue
    for alarm in (first, more):
        assert alarm["AlarmActions"] == [rich["topic_arn"]]
        assert alarm["OKActions"] == []
        assert rich["dead_letter_queue_url"] in alarm["AlarmDescription"]


def mails(aws: Aws, known: list[list[float | None]]) -> int:
    """How often the alarms mail: in each minute is known how many letters were there in each minute so far."""
    mailed = 0
    for alarm in alarms(aws):
        states = ["OK", *(metric_math.judge(alarm, minutes) for minutes in known)]
        mailed += sum(before != "ALARM" == after for before, after in pairwise(states))
    return mailed


ASLEEP: list[float | None] = [None] * 20  # SQS doesn't count the messages of a queue that nobody touched for hours
COUNTS: dict[str, tuple[list[float | None], int]] = {
    "the first letter ever": ([*ASLEEP, *[1] * 20], 1),
    "the first one to a queue that is awake": ([*[0] * 10, *[1] * 20], 1),
    "several at once": ([*ASLEEP, *[3] * 20], 1),
    "a second one weeks later": ([*ASLEEP, *[1] * 40, *[2] * 20], 2),
    "a second one after six minutes, and a third": ([*ASLEEP, *[1] * 6, *[2] * 6, *[3] * 20], 3),
    "a second one after a minute": ([*ASLEEP, 1, *[2] * 20], 2),
    "a purge": ([*ASLEEP, *[1] * 20, *[0] * 20, *ASLEEP], 1),
    "a new one three minutes after a purge": ([*ASLEEP, *[1] * 20, *[0] * 3, *[1] * 20], 2),
    "a new one to those that a reader left": ([*ASLEEP, *[2] * 20, *[1] * 20, *[2] * 20], 2),
    "a letter that is read": ([*ASLEEP, *[1] * 10, 0, *[1] * 10], 1),
    "one of two that is read": ([*ASLEEP, *[2] * 10, 1, *[2] * 10], 1),
    "a minute without a count": ([*ASLEEP, *[2] * 10, None, *[2] * 10], 1),
    "nothing": ([*ASLEEP, *[0] * 20], 0),
}


@pytest.mark.parametrize(("counts", "expected"), COUNTS.values(), ids=COUNTS)
def test_a_dead_letter_is_mailed_and_so_is_the_next_one(
    counts: list[float | None], expected: int, rich: dict[str, str], aws: Aws
) -> None:
    assert mails(aws, [counts[: minute + 1] for minute in range(len(counts))]) == expected


def test_the_first_letter_is_mailed_if_counts_come_late_for_the_time_between(rich: dict[str, str], aws: Aws) -> None:
    counts: list[float | None] = [*ASLEEP, *[1] * 40]
    late = len(ASLEEP) + 15
    known = [[*ASLEEP, *[None] * 15][:minute] for minute in range(late)]
    assert mails(aws, known + [counts[: minute + 1] for minute in range(late, len(counts))]) == 1


def test_schedules_are_as_pipeline_schedules_makes_them(rich: dict[str, str], aws: Aws) -> None:
    """Whether the params file or Terraform asks for a schedule, the run that it starts is told the same."""
    scheduler = aws("scheduler")
    made = scheduler.get_schedule(Name="weekly", GroupName=rich["schedule_group_name"])
    assert (made["ScheduleExpression"], made["ScheduleExpressionTimezone"]) == ("cron(0 3 ? * SUN *)", "Europe/Berlin")
    run = "20260101-000000-12345678"
    record = {
        "format": 1,
        "run": {"id": run, "datasetGroup": "rich-weekly", "bucket": "rich-input", "key": "start.json"},
        "schedules": {"retrain": "cron(0 3 ? * SUN *)"},
    }
    aws("s3").put_object(Bucket="rich-input", Key=f"runs/{run}/record.json", Body=json.dumps(record).encode())
    answer = aws("lambda").invoke(
        FunctionName=rich["function_name"],
        Payload=json.dumps({"action": "synchroniseSchedules", "execution": {"Name": run}}),
    )
    assert json.loads(answer["Payload"].read())["schedules"] == {"retrain": "created"}
    twin = scheduler.get_schedule(Name="rich-weekly.retrain", GroupName=rich["schedule_group_name"])
    for schedule in (made, twin):
        schedule["Target"]["Input"] = json.loads(schedule["Target"]["Input"])
    # Made for one dataset group, and not for another that the file may name one day. Terraform's are for the file.
    assert twin["Target"]["Input"].pop("datasetGroup") == "rich-weekly"
    same = ("ScheduleExpression", "FlexibleTimeWindow", "State")
    assert [made[name] for name in same] == [twin[name] for name in same]
    assert twin["Target"]["DeadLetterConfig"] == {"Arn": rich["dead_letter_queue_arn"]}
    target = {name: made["Target"][name] for name in twin["Target"]}  # Terraform's has its retries written out
    assert target == twin["Target"]
    scheduler.delete_schedule(Name="rich-weekly.retrain", GroupName=rich["schedule_group_name"])


def test_a_schedule_starts_a_run(rich: dict[str, str], aws: Aws) -> None:
    stepfunctions = aws("stepfunctions")

    def inputs() -> list[Any]:
        runs = stepfunctions.list_executions(stateMachineArn=rich["state_machine_arn"])["executions"]
        executions = [stepfunctions.describe_execution(executionArn=run["executionArn"]) for run in runs]
        return [json.loads(execution["input"]) for execution in executions]

    deadline = time.monotonic() + 30  # the local stack looks at its schedules every ten seconds
    while not inputs() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert inputs() == [
        {
            "upload": {"bucket": "rich-input", "key": "books/start.json"},
            "overrides": {"import": "never", "train": "never", "batch": "always", "serving": "keep"},
        }
    ]


def test_a_run_by_schedule_is_named_after_its_start_and_reported_once(rich: dict[str, str], aws: Aws) -> None:
    """The run and the safety net know the start in two forms, and must make the same name of them."""

    def ended() -> list[Any]:
        runs = aws("stepfunctions").list_executions(stateMachineArn=rich["state_machine_arn"])["executions"]
        return [run for run in runs if run["status"] == "FAILED"]  # there is no params file

    deadline = time.monotonic() + 30
    while not ended() and time.monotonic() < deadline:
        time.sleep(0.5)
    (run,) = ended()
    time.sleep(3)  # for the safety net, which is told of the failure
    written = aws("s3").list_objects_v2(Bucket="rich-input", Prefix="runs/")["Contents"]
    (report,) = [entry["Key"] for entry in written if entry["Key"].endswith("/report.json")]
    assert report.startswith(f"runs/{run['startDate'].astimezone(UTC):%Y%m%d-%H%M%S}-")


@pytest.mark.parametrize(
    "role", ["function_role_arn", "state_machine_role_arn", "personalize_role_arn", "schedule_role_arn"]
)
def test_roles_are_bounded_and_tagged(role: str, rich: dict[str, str], aws: Aws) -> None:
    described = aws("iam").get_role(RoleName=rich[role].split("/")[-1])["Role"]
    assert described["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/boundary")
    assert {tag["Key"]: tag["Value"] for tag in described["Tags"]} == {"Stage": "test", "Team": "ml"}


@pytest.mark.parametrize("name", ["plain", "rich"])
def test_policies_say_what_aws_understands(name: str, two_deployments: TerraformTestApi, aws: Aws) -> None:
    """Actions exist and are allowed on resources that they are checked on; conditions have operators that exist."""
    held = policies.of(aws, outputs(two_deployments, name))
    assert len(held) == 15
    assert [text for text in policies.complaints(held) if not policies.EXPLAINED.search(text)] == []


def test_another_state_of_the_sources_is_seen(two_deployments: TerraformTestApi) -> None:
    """Another runtime stands for any change of what the package is made from."""
    other = "python3.12" if RUNTIME != "python3.12" else "python3.13"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TF_VAR_lambda", lambda_settings(runtime=other))
        status, printed = plan(two_deployments)
    assert status == CHANGES, printed
    assert "module.plain.module.lambda_package.terraform_data.build[0] must be replaced" in printed
    assert "module.plain.module.pipeline_function.aws_lambda_function.this will be updated in-place" in printed


def queue_attributes(aws: Aws, deployment: dict[str, str]) -> dict[str, str]:
    answer = aws("sqs").get_queue_attributes(QueueUrl=deployment["dead_letter_queue_url"], AttributeNames=["All"])
    attributes: dict[str, str] = answer["Attributes"]
    return attributes


def encryption(s3: Any, bucket: str) -> dict[str, str]:
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    by_default: dict[str, str] = rule["ApplyServerSideEncryptionByDefault"]
    return by_default
