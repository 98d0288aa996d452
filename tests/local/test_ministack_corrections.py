"""Each correction of MiniStack, as AWS documents the behaviour, against a server that really runs."""

import functools
import importlib.metadata
import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.servers import ACCOUNT
from tests.local.emulated_aws import EVERYTHING, Aws, make_recorder, policy, queue, wait_until

Recorder = tuple[str, Callable[[], list[Any]]]

DONE = {"Type": "Pass", "End": True}
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.caught", "Next": "Caught"}]


def task(arn: str, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": arn, **more}


def fails_with(code: str, call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    assert raised.value.response["Error"]["Code"] == code
    return str(raised.value.response["Error"]["Message"])


# Functions


def test_an_exception_is_reported_by_its_class_with_request_and_trace(aws: Aws, not_yet: str) -> None:
    answer = aws.call(not_yet)
    assert (answer["errorType"], answer["errorMessage"]) == ("NotYet", "later")
    assert answer["requestId"]
    assert "raise NotYet" in answer["stackTrace"][-1]


def test_a_task_fails_under_the_name_of_its_functions_exception(aws: Aws, not_yet: str) -> None:
    run = aws.run_state(task(not_yet))
    assert run.error == "NotYet"
    assert json.loads(run.cause or "")["errorMessage"] == "later"


def test_an_exception_leaves_the_environment_warm(aws: Aws) -> None:
    counting = aws.function("n = 0\ndef h(event, context):\n global n\n n += 1\n raise Exception(n)")
    assert [aws.call(counting)["errorMessage"] for _ in range(3)] == ["1", "2", "3"]


def test_a_result_that_is_no_json_is_a_marshal_error(aws: Aws) -> None:
    function = aws.function("import datetime\ndef h(event, context): return datetime.datetime.now()")
    assert aws.call(function)["errorType"] == "Runtime.MarshalError"


def test_a_missing_import_is_an_import_module_error(aws: Aws) -> None:
    answer = aws.call(aws.function("import nosuch\ndef h(event, context): pass"))
    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == "Unable to import module 'h': No module named 'nosuch'"


def test_a_missing_handler_is_a_handler_not_found(aws: Aws) -> None:
    assert aws.call(aws.function("def other(event, context): pass"))["errorType"] == "Runtime.HandlerNotFound"


@pytest.mark.parametrize("module", ["rich", "boto3", "local"])
def test_a_function_sees_no_packages_but_its_own(aws: Aws, module: str) -> None:
    answer = aws.call(aws.function(f"import {module}\ndef h(event, context): pass"))
    assert answer["errorType"] == "Runtime.ImportModuleError"


def test_a_function_inherits_the_servers_environment(aws: Aws) -> None:
    function = aws.function("import os\ndef h(event, context): return os.environ['AWS_ENDPOINT_URL']")
    assert aws.call(function) == aws.url


def test_throttled_events_wait_for_room(aws: Aws, tmp_path: Path) -> None:
    slow, seen = make_recorder(aws, tmp_path / "events", "import time; time.sleep(0.3)")
    aws.lambda_.put_function_concurrency(FunctionName=slow, ReservedConcurrentExecutions=1)
    for number in range(4):
        aws.lambda_.invoke(FunctionName=slow, InvocationType="Event", Payload=str(number).encode())
    wait_until(lambda: sorted(seen()) == [0, 1, 2, 3])


def test_a_throttled_task_fails_under_its_name(aws: Aws, echo: str) -> None:
    full = aws.function("def h(event, context): pass")
    aws.lambda_.put_function_concurrency(FunctionName=full, ReservedConcurrentExecutions=0)
    assert aws.run_state(task(full)).error == "Lambda.TooManyRequestsException"


# Retry and Catch


def retry(**settings: Any) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "BackoffRate": 1, "MaxAttempts": 1, **settings}]


def test_a_retry_waits_more_than_a_minute_when_told_to(aws: Aws, not_yet: str) -> None:
    assert 2 <= aws.run_state(task(not_yet, Retry=retry(IntervalSeconds=200))).seconds < 3


def test_a_retry_waits_no_longer_than_its_maximum_delay(aws: Aws, not_yet: str) -> None:
    policy = retry(IntervalSeconds=50, MaxDelaySeconds=1, MaxAttempts=3)
    assert aws.run_state(task(not_yet, Retry=policy)).seconds < 1


def test_a_retry_with_full_jitter_waits_a_part_of_its_delay(aws: Aws, not_yet: str) -> None:
    policy = retry(IntervalSeconds=20, MaxAttempts=10)
    full = aws.run_state(task(not_yet, Retry=policy)).seconds
    jittered = aws.run_state(task(not_yet, Retry=[{**policy[0], "JitterStrategy": "FULL"}])).seconds
    assert full >= 2
    assert jittered < full - 0.2


def test_retry_and_catch_match_the_exceptions_name(aws: Aws, not_yet: str) -> None:
    catch = [{"ErrorEquals": ["NotYet"], "Next": "Caught"}]
    policy = [{"ErrorEquals": ["NotYet"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    run = aws.run({"A": task(not_yet, Retry=policy, Catch=catch, End=True), "Caught": DONE})
    assert run.status == "SUCCEEDED"
    assert run.counts["LambdaFunctionFailed"] == 3


@pytest.mark.parametrize("name", ["States.ALL", "States.TaskFailed", "States.Runtime"])
def test_a_runtime_error_is_not_caught(aws: Aws, name: str) -> None:
    unsupported = "arn:aws:states:::aws-sdk:personalize:listDatasetGroups"
    catch = [{"ErrorEquals": [name], "Next": "Caught"}]
    run = aws.run({"A": task(unsupported, Catch=catch, End=True), "Caught": DONE})
    assert (run.status, run.error) == ("FAILED", "States.Runtime")


def test_a_retry_counts_the_attempts_of_each_retrier_apart(aws: Aws, not_yet: str) -> None:
    policy = [
        {"ErrorEquals": ["Other", "Another"], "IntervalSeconds": 1, "MaxAttempts": 9},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 2},
    ]
    assert aws.run_state(task(not_yet, Retry=policy)).counts["LambdaFunctionFailed"] == 3


def test_a_caught_error_is_laid_beside_the_input(aws: Aws, not_yet: str) -> None:
    run = aws.run({"A": task(not_yet, Catch=CATCH_ALL, End=True), "Caught": DONE}, {"verdict": "pending"})
    assert run.output["verdict"] == "pending"
    assert run.output["caught"]["Error"] == "NotYet"
    assert json.loads(run.output["caught"]["Cause"])["errorType"] == "NotYet"


def test_a_failed_execution_has_no_output(aws: Aws) -> None:
    run = aws.run_state({"Type": "Fail", "Error": "E", "Cause": "c", "End": None})
    assert (run.status, run.error, run.cause, run.output) == ("FAILED", "E", "c", None)


# Paths


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Pass", "Parameters": {"x.$": "$.no"}},
        {"Type": "Pass", "Parameters": {"x.$": "$.list[7]"}},
        {"Type": "Pass", "Parameters": {"x.$": "$.no[*].name"}},
        {"Type": "Pass", "Parameters": {"x.$": "$$.Execution.No"}},
        {"Type": "Pass", "Parameters": {"x.$": "States.Format('{}', $.no)"}},
        {"Type": "Pass", "InputPath": "$.no"},
        {"Type": "Pass", "OutputPath": "$.no"},
        {"Type": "Wait", "SecondsPath": "$.no"},
    ],
)
def test_a_path_that_leads_nowhere_fails_the_execution(aws: Aws, state: dict[str, Any]) -> None:
    run = aws.run_state(state, {"list": [], "name": "text"})
    assert (run.status, run.error) == ("FAILED", "States.Runtime")


def test_a_missing_path_in_a_tasks_parameters_passes_by_its_catch(aws: Aws, echo: str) -> None:
    run = aws.run({"A": task(echo, Parameters={"x.$": "$.no"}, Catch=CATCH_ALL, End=True), "Caught": DONE})
    assert (run.status, run.error) == ("FAILED", "States.Runtime")


def test_null_is_a_value_and_a_wildcard_may_find_nothing(aws: Aws) -> None:
    wanted = {"null.$": "$.null", "names.$": "$.list[*].name", "none.$": "$.empty[*].name"}
    data = {"null": None, "list": [{"name": "a"}, {}], "empty": []}
    run = aws.run_state({"Type": "Pass", "Parameters": wanted}, data)
    assert run.output == {"null": None, "names": ["a"], "none": []}


def choice(**rule: Any) -> dict[str, Any]:
    return {
        "A": {"Type": "Choice", "Choices": [{**rule, "Next": "Yes"}], "Default": "No"},
        "Yes": {"Type": "Pass", "Result": "yes", "End": True},
        "No": {"Type": "Pass", "Result": "no", "End": True},
    }


def test_a_choice_on_a_missing_variable_fails(aws: Aws) -> None:
    assert aws.run(choice(Variable="$.no", StringEquals="x")).error == "States.Runtime"


def test_a_choice_may_ask_whether_a_variable_is_present(aws: Aws) -> None:
    guarded = {"And": [{"Variable": "$.no", "IsPresent": True}, {"Variable": "$.no", "StringEquals": "x"}]}
    assert aws.run(choice(**guarded)).output == "no"
    assert aws.run(choice(Variable="$.null", IsPresent=True), {"null": None}).output == "yes"
    assert aws.run(choice(Variable="$$.Execution.Name", IsPresent=True)).output == "yes"


def test_the_context_object_tells_of_the_execution(aws: Aws, echo: str) -> None:
    parameters = {"action": "look", "execution.$": "$$.Execution", "state.$": "$"}
    machine = aws.machine(
        {"P": {"Type": "Pass", "Result": {"n": 1}, "Next": "A"}, "A": task(echo, Parameters=parameters, End=True)}
    )
    run = aws.ended(aws.start(machine, {"key": "params.json"}, name="by-name"))
    execution = run.output["execution"]
    assert run.output == {"action": "look", "execution": execution, "state": {"n": 1}}
    assert (execution["Id"], execution["Name"], execution["Input"]) == (run.arn, "by-name", {"key": "params.json"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", execution["StartTime"])


def test_a_fail_state_reads_error_and_cause_from_its_input(aws: Aws) -> None:
    state = {"Type": "Fail", "ErrorPath": "$.error", "CausePath": "$.cause", "End": None}
    run = aws.run_state(state, {"error": "RunFailed", "cause": "two of three"})
    assert (run.status, run.error, run.cause) == ("FAILED", "RunFailed", "two of three")


def test_a_wait_takes_as_long_as_its_input_says(aws: Aws) -> None:
    run = aws.run_state({"Type": "Wait", "SecondsPath": "$.seconds"}, {"seconds": 60})
    assert run.status == "SUCCEEDED"
    assert 0.6 <= run.seconds < 1.6


@pytest.mark.parametrize("seconds", [1.5, "10", -1, None])
def test_a_wait_of_no_whole_number_of_seconds_fails(aws: Aws, seconds: Any) -> None:
    run = aws.run_state({"Type": "Wait", "SecondsPath": "$.seconds"}, {"seconds": seconds})
    assert (run.status, run.error) == ("FAILED", "States.Runtime")


# Starting, ending and time


def test_starting_a_running_execution_again_returns_it(aws: Aws) -> None:
    machine = aws.machine({"W": {"Type": "Wait", "Seconds": 100, "End": True}})
    first = aws.start(machine, {"a": 1}, name="same")
    assert aws.start(machine, {"a": 1}, name="same") == first
    fails_with("ExecutionAlreadyExists", lambda: aws.start(machine, {"a": 2}, name="same"))
    aws.ended(first)
    fails_with("ExecutionAlreadyExists", lambda: aws.start(machine, {"a": 1}, name="same"))


@pytest.mark.parametrize("name", ["n" * 81, "a b", "a/c", "a:c", "a\u0001"])
def test_an_execution_name_has_at_most_80_permitted_characters(aws: Aws, name: str) -> None:
    machine = aws.machine({"A": DONE})
    fails_with("InvalidName", lambda: aws.start(machine, name=name))


def test_an_execution_input_is_json(aws: Aws) -> None:
    machine = aws.machine({"A": DONE})
    fails_with("InvalidExecutionInput", lambda: aws.sfn.start_execution(stateMachineArn=machine, input="{nope"))


def test_the_machines_timeout_ends_an_execution(aws: Aws) -> None:
    run = aws.run_state({"Type": "Wait", "Seconds": 300}, TimeoutSeconds=100)
    assert (run.status, run.error) == ("TIMED_OUT", "States.Timeout")
    assert run.seconds < 2
    assert run.events[-1]["type"] == "ExecutionTimedOut"


def wait_and_call(function: str) -> dict[str, Any]:
    return {"W": {"Type": "Wait", "Seconds": 80, "Next": "T"}, "T": task(function, End=True)}


def test_the_machines_timeout_stops_what_still_runs(aws: Aws, recorder: Recorder) -> None:
    function, seen = recorder
    run = aws.run(wait_and_call(function), {"late": 1}, TimeoutSeconds=40)
    assert run.status == "TIMED_OUT"
    time.sleep(0.8)
    assert {"late": 1} not in seen()


def test_a_tasks_timeout_is_scaled(aws: Aws) -> None:
    slow = aws.function("import time\ndef h(event, context): time.sleep(1.5)")
    run = aws.run_state(task(slow, TimeoutSeconds=100))
    assert (run.status, run.error) == ("FAILED", "States.Timeout")
    assert run.counts["LambdaFunctionTimedOut"] == 1


def test_a_stopped_execution_does_nothing_more(aws: Aws, recorder: Recorder) -> None:
    function, seen = recorder
    arn = aws.start(aws.machine(wait_and_call(function)), {"stopped": 1})
    aws.sfn.stop_execution(executionArn=arn, error="Mine", cause="enough")
    run = aws.ended(arn)
    assert (run.status, run.error, run.cause) == ("ABORTED", "Mine", "enough")
    time.sleep(0.9)
    assert {"stopped": 1} not in seen()


def test_large_results_exceed_the_limit(aws: Aws) -> None:
    large = aws.function("def h(event, context): return 'x' * 300000")
    run = aws.run({"A": task(large, Catch=CATCH_ALL, End=True), "Caught": DONE})
    assert (run.status, run.error) == ("FAILED", "States.DataLimitExceeded")


def test_large_outputs_exceed_the_limit(aws: Aws) -> None:
    run = aws.run_state({"Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "$.x"}}, {"x": "x" * 200_000})
    assert (run.status, run.error) == ("FAILED", "States.DataLimitExceeded")


# History


def test_a_functions_events_are_named_after_it(aws: Aws, echo: str) -> None:
    run = aws.run_state(task(echo))
    assert [event["type"] for event in run.events] == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_an_integrations_events_tell_what_it_calls(aws: Aws) -> None:
    topic = aws.sns.create_topic(Name=aws.name())["TopicArn"]
    run = aws.run_state(task("arn:aws:states:::sns:publish", Parameters={"TopicArn": topic, "Message": "m"}))
    assert run.counts["TaskScheduled"] == run.counts["TaskStarted"] == run.counts["TaskSucceeded"] == 1
    details = next(event for event in run.events if event["type"] == "TaskScheduled")["taskScheduledEventDetails"]
    assert (details["resourceType"], details["resource"]) == ("sns", "publish")


# Definitions


def state_machine(aws: Aws, definition: str) -> Any:
    return aws.sfn.create_state_machine(name=aws.name(), definition=definition, roleArn=aws.role())


def one_state(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": state}}


@pytest.mark.parametrize(
    "definition",
    [
        None,
        {"States": {"A": DONE}},
        {"StartAt": "No", "States": {"A": DONE}},
        {"StartAt": "A", "States": {}},
        {"StartAt": "A", "States": {"A": DONE, "Unreachable": DONE}},
        {"StartAt": "A", "States": choice(Variable="$.x", IsNull=True) | {"No": {"Type": "Pass", "Next": "Z"}}},
        one_state({"Type": "Pass", "Next": "No"}),
        one_state({"Type": "Pass"}),
        one_state({"Type": "Nap", "End": True}),
        one_state(task("arn", Catch=CATCH_ALL, End=True)),
    ],
)
def test_an_invalid_definition_is_refused(aws: Aws, definition: dict[str, Any] | None) -> None:
    text = json.dumps(definition) if definition else "{nope"
    message = fails_with("InvalidDefinition", lambda: state_machine(aws, text))
    assert "Invalid State Machine Definition" in message
    assert aws.sfn.validate_state_machine_definition(definition=text)["result"] == "FAIL"


def test_an_update_to_an_invalid_definition_is_refused(aws: Aws) -> None:
    machine = aws.machine({"A": DONE})
    fails_with("InvalidDefinition", lambda: aws.sfn.update_state_machine(stateMachineArn=machine, definition="{nope"))


def test_a_valid_definition_is_validated(aws: Aws) -> None:
    definition = json.dumps({"StartAt": "A", "States": choice(Variable="$.x", IsNull=True)})
    assert aws.sfn.validate_state_machine_definition(definition=definition)["result"] == "OK"


# Rights


def allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_a_machine_invokes_only_functions_that_its_role_allows(aws: Aws, echo: str) -> None:
    refused = aws.run_state(task(echo), role=aws.role(allow("lambda:InvokeFunction", f"{echo}x")))
    assert (refused.status, refused.error) == ("FAILED", "Lambda.AWSLambdaException")
    assert "not authorized to perform: lambda:InvokeFunction" in str(refused.cause)
    assert aws.run_state(task(echo), role=aws.role(allow("lambda:InvokeFunction", echo))).status == "SUCCEEDED"


def test_a_machine_publishes_only_where_its_role_allows(aws: Aws) -> None:
    topic = aws.sns.create_topic(Name=aws.name())["TopicArn"]
    publish = task("arn:aws:states:::sns:publish", Parameters={"TopicArn": topic, "Message": "m"})
    assert aws.run_state(publish, role=aws.role()).error == "SNS.AuthorizationErrorException"
    assert aws.run_state(publish, role=aws.role(allow("sns:Publish", topic))).status == "SUCCEEDED"


def test_s3_notifies_only_a_function_that_permits_it(aws: Aws, recorder: Recorder) -> None:
    function, seen = recorder
    bucket = aws.name()
    aws.s3.create_bucket(Bucket=bucket)
    target = {"LambdaFunctionArn": function, "Events": ["s3:ObjectCreated:*"]}

    def notify() -> None:
        configuration = {"LambdaFunctionConfigurations": [target]}
        aws.s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)

    fails_with("InvalidArgument", notify)
    permission = {"Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com", "SourceAccount": ACCOUNT}
    aws.lambda_.add_permission(
        FunctionName=function, StatementId=bucket, SourceArn=f"arn:aws:s3:::{bucket}", **permission
    )
    notify()
    aws.s3.put_object(Bucket=bucket, Key="my dir/par+ams é.json", Body=b"{}")
    wait_until(lambda: [e for e in seen() if "Records" in e])
    keys = [e["Records"][0]["s3"]["object"]["key"] for e in seen() if "Records" in e]
    assert keys == ["my+dir/par%2Bams+%C3%A9.json"]


def test_a_lost_event_reaches_the_dead_letters_if_the_role_allows(aws: Aws) -> None:
    for right in (True, False):
        url, arn = queue(aws)
        statements = [allow("sqs:SendMessage", arn)] if right else []
        boom = aws.function("def h(event, context): 1 / 0", *statements, DeadLetterConfig={"TargetArn": arn})
        aws.lambda_.put_function_event_invoke_config(FunctionName=boom, MaximumRetryAttempts=0)
        aws.lambda_.invoke(FunctionName=boom, InvocationType="Event", Payload=b"{}")
        messages = aws.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        assert len(messages) == (1 if right else 0)


@pytest.mark.parametrize(
    ("statement", "decision"),
    [
        (allow("personalize:CreateCampaign", "arn:aws:personalize:us-east-1:000000000000:campaign/*"), "Allow"),
        (allow("personalize:DescribeCampaign", "*"), "ImplicitDeny"),
        ({**allow("personalize:*", "*"), "Effect": "Deny"}, "Deny"),
        ({**EVERYTHING, "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}}, "Allow"),
        ({**EVERYTHING, "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}}, "ImplicitDeny"),
    ],
)
def test_authorize_answers_from_the_policies(aws: Aws, statement: dict[str, Any], decision: str) -> None:
    role = aws.role(statement, service="lambda.amazonaws.com")
    session = session_of(aws, role)
    for principal in ({"roleArn": role}, {"accessKeyId": session["aws_access_key_id"]}):
        answer = authorize(
            aws,
            principal,
            "personalize:CreateCampaign",
            "arn:aws:personalize:us-east-1:000000000000:campaign/c",
            {"iam:PassedToService": "personalize.amazonaws.com"},
        )
        assert answer["decision"] == decision
        assert ":assumed-role/" in answer["principalArn"]


def authorize(aws: Aws, principal: dict[str, str], action: str, resource: str, context: Any = None) -> Any:
    question = {"principal": principal, "action": action, "resource": resource, "context": context or {}}
    return requests.post(f"{aws.url}/_ministack/authorize", json=question, timeout=5).json()


def session_of(aws: Aws, role: str) -> dict[str, Any]:
    """Credentials of a session of `role`, as a function of that role has them."""
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    function = aws.function(f"import os\ndef h(event, context): return {{n: os.environ[n.upper()] for n in {names}}}")
    aws.lambda_.update_function_configuration(FunctionName=function, Role=role)
    credentials: dict[str, Any] = aws.call(function)
    return credentials


def user(aws: Aws, *statements: dict[str, Any]) -> dict[str, Any]:
    """Credentials of a new user with these rights."""
    name = aws.name()
    aws.iam.create_user(UserName=name)
    aws.iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy(*statements))
    key = aws.iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def client(service: str, aws: Aws, credentials: dict[str, Any]) -> Any:
    """A client of somebody else's than the account's root."""
    session: Any = boto3.Session(region_name="us-east-1", **credentials)
    return session.client(service, endpoint_url=aws.url)


def test_authorize_asks_trust_and_bucket_policies_for_a_service(aws: Aws) -> None:
    service = {"service": "personalize.amazonaws.com"}
    trusting = aws.role(service="personalize.amazonaws.com")
    other = aws.role(service="lambda.amazonaws.com")
    assert authorize(aws, service, "sts:AssumeRole", trusting)["decision"] == "Allow"
    assert authorize(aws, service, "sts:AssumeRole", other)["decision"] == "ImplicitDeny"
    bucket = aws.name()
    aws.s3.create_bucket(Bucket=bucket)
    read = ("s3:GetObject", f"arn:aws:s3:::{bucket}/Users/u.csv")
    assert authorize(aws, service, *read)["decision"] == "ImplicitDeny"
    statements = [
        {
            **allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"),
            "Principal": {"Service": "personalize.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": f"arn:aws:s3:::{bucket}/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert authorize(aws, service, *read, {"aws:SourceAccount": ACCOUNT})["decision"] == "Allow"
    assert authorize(aws, service, *read, {"aws:SourceAccount": "111111111111"})["decision"] == "ImplicitDeny"


def test_authorize_knows_root_and_refuses_unknown_keys(aws: Aws) -> None:
    root = authorize(aws, {"accessKeyId": "test"}, "iam:PassRole", "*")
    assert root == {"decision": "Allow", "principalArn": f"arn:aws:iam::{ACCOUNT}:root"}
    unknown = {"principal": {"accessKeyId": "AKIANOSUCHKEY"}, "action": "s3:GetObject", "resource": "*"}
    answer = requests.post(f"{aws.url}/_ministack/authorize", json=unknown, timeout=5)
    assert (answer.status_code, answer.json()) == (403, {"error": "InvalidClientTokenId"})


def test_the_loopback_meets_a_demand_for_tls(aws: Aws) -> None:
    bucket = aws.name()
    aws.s3.create_bucket(Bucket=bucket)
    aws.s3.put_object(Bucket=bucket, Key="k", Body=b"b")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    somebody = client("s3", aws, user(aws, EVERYTHING))
    assert somebody.get_object(Bucket=bucket, Key="k")["Body"].read() == b"b"


# Mails


def subscribed_topic(aws: Aws, email: str) -> str:
    topic = str(aws.sns.create_topic(Name=aws.name())["TopicArn"])
    aws.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=email)
    return topic


def attributes(**values: str) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in values.items()}


def test_mails_can_be_read_back(aws: Aws) -> None:
    topic = subscribed_topic(aws, "one@example.com")
    aws.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="two@example.com")
    aws.sns.publish(TopicArn=topic, Subject="Subject é", Message="line 1\nline 2")
    mails = mails_of(aws, topic)
    assert [mail["to"] for mail in mails] == ["one@example.com", "two@example.com"]
    assert (mails[0]["subject"], mails[0]["message"]) == ("Subject é", "line 1\nline 2")
    assert abs(mails[0]["time"] - time.time()) < 10


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Subject": "x" * 100}, "InvalidParameter"),
        ({"Subject": "a\nb"}, "InvalidParameter"),
        ({"Message": ""}, "InvalidParameter"),
        ({"Message": "é" * 131_073}, "InvalidParameter"),
        ({"MessageAttributes": attributes(outcome="")}, "ParameterValueInvalid"),
    ],
)
def test_sns_refuses_what_it_cannot_mail(aws: Aws, parameters: dict[str, Any], code: str) -> None:
    topic = subscribed_topic(aws, "one@example.com")
    fails_with(code, lambda: aws.sns.publish(**{"TopicArn": topic, "Message": "m", **parameters}))


def test_a_message_and_its_attributes_share_one_limit(aws: Aws) -> None:
    """262,144 bytes; of an attribute its name, type and value count."""
    topic = subscribed_topic(aws, "one@example.com")
    given = {"TopicArn": topic, "MessageAttributes": attributes(run="é")}
    room = 262_144 - len("runString") - 2
    aws.sns.publish(Message="m" * room, **given)
    fails_with("InvalidParameter", lambda: aws.sns.publish(Message="m" * (room + 1), **given))


def test_a_subscription_gets_what_its_filter_policy_lets_through(aws: Aws) -> None:
    """A mail without attributes, such as an alarm's, passes no policy."""
    topic = subscribed_topic(aws, "one@example.com")
    wanted = {"outcome": ["failed", "rejected"], "datasetGroup": [{"prefix": "a-"}]}
    filtered = {"FilterPolicy": json.dumps(wanted)}
    aws.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="two@example.com", Attributes=filtered)
    publish = functools.partial(aws.sns.publish, TopicArn=topic)
    publish(Message="1", MessageAttributes=attributes(outcome="failed", datasetGroup="a-shop"))
    publish(Message="2", MessageAttributes=attributes(outcome="failed", datasetGroup="b-shop"))
    publish(Message="3", MessageAttributes=attributes(outcome="succeeded", datasetGroup="a-shop"))
    publish(Message="4", MessageAttributes=attributes(outcome="failed"))
    publish(Message="5")
    heard = [(mail["to"], mail["message"]) for mail in mails_of(aws, topic)]
    assert [message for to, message in heard if to == "one@example.com"] == ["1", "2", "3", "4", "5"]
    assert [message for to, message in heard if to == "two@example.com"] == ["1"]


def test_a_publish_tasks_attributes_come_along(aws: Aws) -> None:
    topic = str(aws.sns.create_topic(Name=aws.name())["TopicArn"])
    url, arn = queue(aws)
    let_sns_send = allow("sqs:SendMessage", arn) | {"Principal": {"Service": "sns.amazonaws.com"}}
    aws.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(let_sns_send)})
    filtered = {"FilterPolicy": json.dumps({"outcome": ["failed"]}), "RawMessageDelivery": "true"}
    aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=filtered)
    parameters = {"TopicArn": topic, "Message": "m", "MessageAttributes": attributes(outcome="failed", run="r")}
    assert aws.run_state(task("arn:aws:states:::sns:publish", Parameters=parameters)).status == "SUCCEEDED"
    (message,) = aws.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert {name: value["StringValue"] for name, value in message["MessageAttributes"].items()} == {
        "outcome": "failed",
        "run": "r",
    }


def test_a_publish_task_fails_under_the_name_of_snss_error(aws: Aws) -> None:
    topic = subscribed_topic(aws, "one@example.com")
    publish = task("arn:aws:states:::sns:publish", Parameters={"TopicArn": topic, "Message": "m", "Subject": "a\nb"})
    assert aws.run_state(publish).error == "SNS.InvalidParameterException"


# Events


ENDINGS: dict[str, dict[str, Any]] = {
    "SUCCEEDED": {"Type": "Pass", "End": True},
    "FAILED": {"Type": "Fail", "Error": "E", "Cause": "because"},
    "TIMED_OUT": {"Type": "Wait", "Seconds": 300, "End": True},
    "ABORTED": {"Type": "Wait", "Seconds": 300, "End": True},
}


@pytest.fixture(scope="module")
def watched(aws: Aws, recorder: Recorder) -> Recorder:
    """The recorder, as the target of a rule on executions that end otherwise than well."""
    function, _ = recorder
    rule = aws.name()
    pattern = {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"]},
    }
    rule_arn = aws.events.put_rule(Name=rule, EventPattern=json.dumps(pattern))["RuleArn"]
    aws.lambda_.add_permission(
        FunctionName=function,
        StatementId=rule,
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule_arn,
    )
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": function}])
    return recorder


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_an_executions_end_reaches_a_function(aws: Aws, watched: Recorder, status: str) -> None:
    _, seen = watched
    arn = aws.start(aws.machine({"A": ENDINGS[status]}, TimeoutSeconds=100 if status == "TIMED_OUT" else 1000))
    if status == "ABORTED":
        aws.sfn.stop_execution(executionArn=arn)
    events = wait_until(lambda: [e for e in seen() if e.get("detail", {}).get("executionArn") == arn])
    assert [event["detail"]["status"] for event in events] == [status]
    assert events[0]["detail"]["stateMachineArn"].rpartition(":")[2] in arn
    assert events[0]["resources"] == [arn]


def test_an_event_needs_the_functions_permission(aws: Aws, tmp_path: Path) -> None:
    refusing, seen = make_recorder(aws, tmp_path / "events")
    rule = aws.name()
    aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": ["mine"]}))
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": refusing}])
    aws.events.put_events(Entries=[{"Source": "mine", "DetailType": "t", "Detail": "{}"}])
    time.sleep(0.3)
    assert seen() == []


def test_eventbridge_tries_a_failed_function_again_and_then_its_dead_letters(aws: Aws) -> None:
    url, arn = queue(aws)
    boom = aws.function(
        "def h(event, context): 1 / 0", allow("sqs:SendMessage", arn), DeadLetterConfig={"TargetArn": arn}
    )
    rule = aws.name()
    rule_arn = aws.events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))["RuleArn"]
    permission = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceArn": rule_arn}
    aws.lambda_.add_permission(FunctionName=boom, StatementId="s", **permission)
    aws.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": boom}])
    started = time.monotonic()
    aws.events.put_events(Entries=[{"Source": rule, "DetailType": "t", "Detail": "{}"}])
    messages = aws.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5).get("Messages", [])
    assert len(messages) == 1
    # One and two minutes between the three attempts, at the tests' hundredfold speed.
    assert 1.7 <= time.monotonic() - started < 4


# Alarms


def queue_alarm(aws: Aws, topic: str) -> str:
    """The URL of a queue with an alarm that publishes to `topic` when the queue holds a message."""
    url, arn = queue(aws)
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=arn.rpartition(":")[2],
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": arn.rpartition(":")[2]}],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )
    return url


def mails_of(aws: Aws, topic: str) -> list[dict[str, Any]]:
    mails = requests.get(f"{aws.url}/_ministack/mails", timeout=5).json()
    return [mail for mail in mails if mail["topic"] == topic]


def test_a_message_in_a_queue_raises_its_alarm_once(aws: Aws) -> None:
    topic = subscribed_topic(aws, "one@example.com")
    url = queue_alarm(aws, topic)
    aws.sqs.send_message(QueueUrl=url, MessageBody="lost")
    (mail,) = wait_until(lambda: mails_of(aws, topic))
    assert mail["subject"].startswith("ALARM: ")
    time.sleep(1.3)
    assert len(mails_of(aws, topic)) == 1


def rise_alarm(topic: str, queue_name: str) -> dict[str, Any]:
    """An alarm of the module's form: on the messages that came to others within a minute."""
    metric = {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": queue_name}],
    }
    return {
        "AlarmName": queue_name,
        "Metrics": [
            {"Id": "more", "Expression": "IF(letters > DIFF(letters), DIFF(letters), 0)", "ReturnData": True},
            {
                "Id": "letters",
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"},
                "ReturnData": False,
            },
        ],
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
    }


def test_an_alarm_on_a_rise_goes_back_to_ok_and_mails_again(aws: Aws) -> None:
    topic = subscribed_topic(aws, "one@example.com")
    url, arn = queue(aws)
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**rise_alarm(topic, name := arn.rpartition(":")[2]))

    def is_ok() -> bool:
        return bool(cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "OK")

    for mails in range(3):
        wait_until(is_ok)
        time.sleep(0.7)  # a minute of the alarm's
        assert len(mails_of(aws, topic)) == max(mails - 1, 0)
        aws.sqs.send_message(QueueUrl=url, MessageBody="lost")
        time.sleep(0.7)
    wait_until(lambda: len(mails_of(aws, topic)) == 2)
    wait_until(is_ok)


def test_an_expression_that_cannot_be_evaluated_is_refused(aws: Aws) -> None:
    """CloudWatch knows many more; the local stack says so instead of never raising the alarm."""
    alarm = rise_alarm("arn:aws:sns:us-east-1:000000000000:t", aws.name())
    alarm["Metrics"][0]["Expression"] = "RATE(letters)"
    fails_with("ValidationError", lambda: aws.client("cloudwatch").put_metric_alarm(**alarm))


def test_an_alarm_needs_the_topics_permission(aws: Aws) -> None:
    topic = subscribed_topic(aws, "one@example.com")
    statement = allow("sns:Publish", topic) | {"Principal": {"Service": "events.amazonaws.com"}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    url = queue_alarm(aws, topic)
    aws.sqs.send_message(QueueUrl=url, MessageBody="lost")
    name = url.rpartition("/")[2]
    describe = aws.client("cloudwatch").describe_alarms
    wait_until(lambda: describe(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "ALARM")
    assert mails_of(aws, topic) == []


# S3


@pytest.fixture
def bucket(aws: Aws) -> str:
    """A bucket that keeps versions, as the pipeline's does."""
    name = aws.name()
    aws.s3.create_bucket(Bucket=name)
    aws.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_a_conditional_write_creates_an_object_once(aws: Aws, bucket: str) -> None:
    def put() -> None:
        aws.s3.put_object(Bucket=bucket, Key="lock", Body=b"1", IfNoneMatch="*")

    put()
    fails_with("PreconditionFailed", put)
    aws.s3.delete_object(Bucket=bucket, Key="lock")
    put()


def test_a_conditional_write_replaces_the_object_that_was_read(aws: Aws, bucket: str) -> None:
    def put(body: bytes, etag: str) -> str:
        return str(aws.s3.put_object(Bucket=bucket, Key="record", Body=body, IfMatch=etag)["ETag"])

    first = aws.s3.put_object(Bucket=bucket, Key="record", Body=b"1")["ETag"]
    second = put(b"2", first)
    assert aws.s3.get_object(Bucket=bucket, Key="record")["ETag"] == second
    fails_with("PreconditionFailed", lambda: put(b"3", first))
    with pytest.raises(ClientError) as refused:
        put(b"3", first)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert aws.s3.get_object(Bucket=bucket, Key="record")["Body"].read() == b"2"
    aws.s3.delete_object(Bucket=bucket, Key="record")
    fails_with("NoSuchKey", lambda: put(b"4", second))


@pytest.mark.parametrize("exists", [True, False])
def test_of_conditional_writes_at_once_one_is_made(aws: Aws, bucket: str, exists: bool) -> None:
    condition = {"IfNoneMatch": "*"}
    if exists:
        condition = {"IfMatch": aws.s3.put_object(Bucket=bucket, Key="turn", Body=b"nobody's")["ETag"]}
    together = threading.Barrier(8)

    def put(number: int) -> str:
        together.wait()
        try:
            aws.s3.put_object(Bucket=bucket, Key="turn", Body=f"{number}".encode() * 100_000, **condition)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "made"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(put, range(8)))
    assert sorted(answers) == ["PreconditionFailed"] * 7 + ["made"]
    assert aws.s3.get_object(Bucket=bucket, Key="turn")["Body"].read(1) == b"%d" % answers.index("made")


def test_the_version_of_an_object_can_be_asked_for(aws: Aws, bucket: str) -> None:
    versions = [aws.s3.put_object(Bucket=bucket, Key="p.json", Body=body)["VersionId"] for body in (b"1", b"22")]
    head = aws.s3.head_object
    assert head(Bucket=bucket, Key="p.json")["VersionId"] == versions[1]
    assert [head(Bucket=bucket, Key="p.json", VersionId=id_)["ContentLength"] for id_ in versions] == [1, 2]
    assert aws.s3.get_object(Bucket=bucket, Key="p.json", VersionId=versions[0])["VersionId"] == versions[0]
    aws.s3.delete_object(Bucket=bucket, Key="p.json")
    fails_with("404", lambda: head(Bucket=bucket, Key="p.json"))
    assert head(Bucket=bucket, Key="p.json", VersionId=versions[0])["VersionId"] == versions[0]


def test_a_bucket_lets_only_one_role_write_where_its_policy_says_so(aws: Aws, bucket: str) -> None:
    """A role is known by its own ARN, not by that of its session. Users have others, services have none."""
    writer, other = (aws.role(EVERYTHING, service="lambda.amazonaws.com") for _ in range(2))
    guard = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{bucket}/runs/*"],
        "Condition": {"ArnNotEquals": {"aws:PrincipalArn": writer}},
    }
    service = {"Service": "personalize.amazonaws.com"}
    reports = allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*") | {"Principal": service}
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=policy(guard, reports))

    def put(credentials: dict[str, Any], key: str) -> Any:
        return client("s3", aws, credentials).put_object(Bucket=bucket, Key=key, Body=b"{}")

    put(session_of(aws, writer), "runs/1/record.json")
    for credentials in (session_of(aws, other), user(aws, EVERYTHING)):
        put(credentials, "Users/users.csv")
        fails_with("AccessDenied", functools.partial(put, credentials, "runs/1/record.json"))
    for key, decision in {"batch/1/output/a": "Allow", "runs/batch/1/output/a": "Deny"}.items():
        asked = authorize(aws, {"service": service["Service"]}, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
        assert asked["decision"] == decision


def test_a_condition_if_exists_holds_only_where_the_key_is_sent(aws: Aws, bucket: str) -> None:
    service = {"service": "personalize.amazonaws.com"}
    source = f"arn:aws:personalize:us-east-1:{ACCOUNT}"
    conditions = {
        "StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT},
        "ArnLikeIfExists": {"aws:SourceArn": f"{source}:*"},
    }
    read = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*") | {"Principal": {"Service": service["service"]}}
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=policy(read | {"Condition": conditions}))
    for context, decision in (
        ({}, "Allow"),
        ({"aws:SourceAccount": ACCOUNT, "aws:SourceArn": f"{source}:dataset-import-job/j"}, "Allow"),
        ({"aws:SourceAccount": "111111111111"}, "ImplicitDeny"),
        ({"aws:SourceArn": "arn:aws:personalize:us-east-1:111111111111:dataset-import-job/j"}, "ImplicitDeny"),
    ):
        asked = authorize(aws, service, "s3:GetObject", f"arn:aws:s3:::{bucket}/Users/u.csv", context)
        assert asked["decision"] == decision, context


# Schedules


def test_rights_to_a_schedule_are_asked_for_by_its_group(aws: Aws) -> None:
    group = aws.name()
    aws.client("scheduler").create_schedule_group(Name=group)
    arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/{group}/*"
    scheduler = client("scheduler", aws, user(aws, allow("scheduler:*", arn)))
    schedule = {
        "Name": "s",
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": aws.machine({"A": DONE}), "RoleArn": aws.role(), "Input": "{}"},
    }
    scheduler.create_schedule(GroupName=group, **schedule)
    scheduler.update_schedule(GroupName=group, **schedule)
    scheduler.get_schedule(GroupName=group, Name="s")
    scheduler.delete_schedule(GroupName=group, Name="s")
    fails_with("AccessDeniedException", lambda: scheduler.create_schedule(GroupName="default", **schedule))
    fails_with("AccessDeniedException", lambda: scheduler.get_schedule(Name="s"))


WHAT_REQUESTS_NAME: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
    "an alarm in a list": ("cloudwatch", "alarm:mine", lambda api: api.delete_alarms(AlarmNames=["mine"])),
    "a function to be made": (
        "lambda",
        "function:mine",
        lambda api: api.create_function(
            FunctionName="mine",
            Role=f"arn:aws:iam::{ACCOUNT}:role/mine",
            Runtime="python3.12",
            Handler="a.b",
            Code={"ZipFile": b""},
        ),
    ),
    "a folder of parameters": ("ssm", "parameter/mine", lambda api: api.get_parameters_by_path(Path="/mine")),
    "a rule's tags": (
        "events",
        "rule/mine",
        lambda api: api.list_tags_for_resource(ResourceARN=f"arn:aws:events:us-east-1:{ACCOUNT}:rule/mine"),
    ),
    "a rule": ("events", "rule/mine", lambda api: api.put_rule(Name="mine", ScheduleExpression="rate(1 day)")),
    "a rule's targets": (
        "events",
        "rule/mine",
        lambda api: api.list_targets_by_rule(Rule="mine", EventBusName="default"),
    ),
    "the tags of a group of schedules": (
        "scheduler",
        "schedule-group/mine",
        lambda api: api.list_tags_for_resource(
            ResourceArn=f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule-group/mine"
        ),
    ),
    "a subscription": (
        "sns",
        "mine:*",
        lambda api: api.get_subscription_attributes(SubscriptionArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:mine:1"),
    ),
}


@pytest.mark.parametrize("what", WHAT_REQUESTS_NAME)
def test_rights_are_asked_for_what_a_request_names(aws: Aws, what: str) -> None:
    service, resource, call = WHAT_REQUESTS_NAME[what]
    denied = ("AccessDenied", "AccessDeniedException", "AuthorizationError")

    def code(arn: str) -> str:
        try:
            call(client(service, aws, user(aws, allow(f"{service}:*", arn))))
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "answered"

    prefix = f"arn:aws:{service}:us-east-1:{ACCOUNT}:"
    assert code(prefix + resource) not in denied  # what is not there, or can't be made, is told after the rights
    assert code(prefix + resource.replace("mine", "others")) in denied


def test_a_schedule_starts_what_its_role_may_start(aws: Aws) -> None:
    group, machine = aws.name(), aws.machine({"A": DONE})
    scheduler = aws.client("scheduler")
    group_arn = scheduler.create_schedule_group(Name=group)["ScheduleGroupArn"]
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}

    def role(source: str, *statements: dict[str, Any]) -> str:
        arn = aws.role(*statements, service="scheduler.amazonaws.com")
        trust = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Condition": {"StringEquals": {"aws:SourceArn": source, "aws:SourceAccount": ACCOUNT}},
        }
        aws.iam.update_assume_role_policy(RoleName=arn.rpartition("/")[2], PolicyDocument=policy(trust))
        return arn

    roles = {
        "allowed": role(group_arn, start),
        "powerless": role(group_arn),
        "of-another-group": role(f"{group_arn}-2", start),
    }
    for name, arn in roles.items():
        scheduler.create_schedule(
            Name=name,
            GroupName=group,
            ScheduleExpression="at(2020-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": machine, "RoleArn": arn, "Input": json.dumps({"by": name})},
        )
    executions = aws.sfn.list_executions
    # MiniStack looks at its schedules every ten seconds, at all of them in one go.
    wait_until(lambda: executions(stateMachineArn=machine)["executions"], 25)
    time.sleep(1)
    (execution,) = executions(stateMachineArn=machine)["executions"]
    described = aws.sfn.describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"]) == {"by": "allowed"}


# Descriptions


def described_in_xml(aws: Aws, alarm: str) -> str:
    """boto3 speaks CBOR or JSON with CloudWatch, Terraform's provider the XML protocol."""
    form = {"Action": "DescribeAlarms", "Version": "2010-08-01", "AlarmNames.member.1": alarm}
    request = AWSRequest("POST", aws.url, data=form)
    SigV4Auth(Credentials("test", "test"), "monitoring", "us-east-1").add_auth(request)
    return requests.post(aws.url, data=form, headers=dict(request.headers), timeout=5).text


def test_an_alarm_is_described_with_all_its_members(aws: Aws) -> None:
    wanted: dict[str, Any] = {
        "AlarmName": aws.name(),
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "q"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:t"],
    }
    aws.client("cloudwatch").put_metric_alarm(**wanted)
    answer = described_in_xml(aws, wanted["AlarmName"])
    for member in ("<TreatMissingData>notBreaching", "<Period>60", "<Value>q", "<member>arn:aws:sns", "<Statistic>Max"):
        assert member in answer


def test_an_alarm_on_an_expression_is_described_with_it_and_no_metric_of_its_own(aws: Aws) -> None:
    alarm = rise_alarm("arn:aws:sns:us-east-1:000000000000:t", aws.name())
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm)
    (described,) = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"]
    assert described["Metrics"] == alarm["Metrics"]
    assert not described.keys() & {"MetricName", "Namespace", "Statistic", "Period", "Dimensions"}
    answer = described_in_xml(aws, alarm["AlarmName"])
    expression = "<Expression>IF(letters &gt; DIFF(letters), DIFF(letters), 0)</Expression>"
    for member in (expression, "<ReturnData>false", "<Period>60", "<Stat>Maximum", "<Name>QueueName</Name>"):
        assert member in answer
    assert "<Statistic>" not in answer


def test_a_state_machines_tracing_is_described(aws: Aws) -> None:
    def tracing(machine: str) -> Any:
        return aws.sfn.describe_state_machine(stateMachineArn=machine)["tracingConfiguration"]

    machine = aws.machine({"A": DONE})
    assert tracing(machine) == {"enabled": False}
    aws.sfn.update_state_machine(stateMachineArn=machine, tracingConfiguration={"enabled": True})
    assert tracing(machine) == {"enabled": True}


# The version


def test_another_ministack_is_not_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    from local.ministack import corrections

    monkeypatch.setattr(corrections, "version", lambda package: "9.9.9")
    with pytest.raises(corrections.WrongVersion, match=r"1\.5\.33, but 9\.9\.9 is installed"):
        corrections.apply()


def test_the_pinned_ministack_is_installed() -> None:
    from local.ministack.corrections import MINISTACK_VERSION

    assert importlib.metadata.version("ministack") == MINISTACK_VERSION
