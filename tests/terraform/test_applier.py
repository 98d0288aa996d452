"""docs/applier-policy.json, tried: with it and nothing else the module is applied, changed and destroyed.

The local stack doesn't ask for all that AWS does: not for iam:PassRole, nor for the right to tag what is created with
tags. So all that the provider called is held against the policy too, and what AWS documents that it asks besides.
"""

import functools
import json
import re
import string
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.personalize_emulator import reference
from local.servers import ACCOUNT, REGION, ROOT

from .conftest import Aws, lambda_settings
from .consumer import CREDENTIALS, Consumer, Printed

Statement = dict[str, Any]

POLICY = (ROOT / "docs/applier-policy.json").read_text(encoding="utf-8")
FILLED_IN = {
    "partition": "aws",
    "region": REGION,
    "account_id": ACCOUNT,
    "name": "applied",
    "bucket": f"applied-{ACCOUNT}-{REGION}",
}
MOST = 6144  # characters of a managed policy, in which AWS doesn't count white space

CALL = """
variable "lambda" { type = object({ runtime = string, architecture = string }) }
variable "prebuilt" { type = string }
variable "boundary" { default = null }

locals {
  changed = var.boundary != null
}

module "personalize" {
  source = "MODULE"

  name                     = "applied"
  emails                   = ["one@example.com"]
  lambda                   = merge(var.lambda, local.changed ? { retry_attempts = 1 } : { reserved_concurrency = 3 })
  lambda_package           = { path = var.prebuilt }
  force_destroy            = true
  noncurrent_version_days  = null # the provider waits for lifecycle rules for nearly a minute
  log_retention_days       = local.changed ? 30 : 90
  timeout_hours            = local.changed ? 48 : 24
  permissions_boundary_arn = var.boundary
  tags                     = local.changed ? { stage = "test" } : { team = "ml" }
  schedules = {
    weekly = { purpose = "retrain", expression = local.changed ? "rate(14 days)" : "rate(7 days)" }
  }
}
"""

# Rights that the first apply is made without, and whose statement they are. Nothing else waits for what they make.
TAKEN_AWAY = {
    "cloudwatch:PutMetricAlarm": "ManageTheAlarms",
    "events:PutTargets": "ManageTheRule",
    "s3:PutBucketNotification": "ManageTheBucket",
    "scheduler:CreateSchedule": "ManageSchedules",
    "sns:Subscribe": "ManageTheTopic",
    "ssm:PutParameter": "ManageTheReceipt",
}

# Begins the names of actions that a plan needs.
READING = re.compile(r"\w+:(Describe|Get|List|Validate)")

# How the provider's log names a service, and what actions begin with.
SERVICES = {
    "CloudWatch": "cloudwatch",
    "CloudWatch Logs": "logs",
    "EventBridge": "events",
    "IAM": "iam",
    "Lambda": "lambda",
    "S3": "s3",
    "SFN": "states",
    "SNS": "sns",
    "SQS": "sqs",
    "SSM": "ssm",
    "Scheduler": "scheduler",
}
# The actions that authorise an operation, where they are not of its name.
AUTHORISED_BY = {
    "s3:DeleteBucketEncryption": ["s3:PutEncryptionConfiguration"],
    "s3:DeleteBucketOwnershipControls": ["s3:PutBucketOwnershipControls"],
    "s3:DeleteObjects": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    "s3:DeletePublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
    "s3:GetBucketAccelerateConfiguration": ["s3:GetAccelerateConfiguration"],
    "s3:GetBucketEncryption": ["s3:GetEncryptionConfiguration"],
    "s3:GetBucketLifecycleConfiguration": ["s3:GetLifecycleConfiguration"],
    "s3:GetBucketNotificationConfiguration": ["s3:GetBucketNotification"],
    "s3:GetBucketReplication": ["s3:GetReplicationConfiguration"],
    "s3:GetObjectLockConfiguration": ["s3:GetBucketObjectLockConfiguration"],
    "s3:GetPublicAccessBlock": ["s3:GetBucketPublicAccessBlock"],
    "s3:HeadBucket": ["s3:ListBucket"],
    "s3:ListObjectVersions": ["s3:ListBucketVersions"],
    "s3:PutBucketEncryption": ["s3:PutEncryptionConfiguration"],
    "s3:PutBucketNotificationConfiguration": ["s3:PutBucketNotification"],
    "s3:PutPublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
    # AWS asks for it besides, whoever hands a role to a service.
    "lambda:CreateFunction": ["lambda:CreateFunction", "iam:PassRole"],
    "scheduler:CreateSchedule": ["scheduler:CreateSchedule", "iam:PassRole"],
    "states:CreateStateMachine": ["states:CreateStateMachine", "iam:PassRole"],
}
# The provider looks for the account in this way too, and goes on without it.
NOT_NEEDED = {"iam:GetUser"}
# What the story here has no occasion for, but later versions and other inputs of the module.
ON_OTHER_OCCASIONS = {
    "iam:DeleteRolePermissionsBoundary",  # the boundary goes
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole*",
    "lambda:UpdateFunctionCode",
    "logs:AssociateKmsKey",  # a key comes, and goes
    "logs:DisassociateKmsKey",
    "sqs:SetQueueAttributes",
    "s3:PutLifecycleConfiguration",  # noncurrent_version_days
}
# Have a resource level, but no page says which alarms a list by name is checked against, and an older reference has
# none for subscriptions.
SOMETIMES_EVERYWHERE = {"cloudwatch:DescribeAlarms", "sns:GetSubscriptionAttributes"}


def statements() -> list[Statement]:
    """The policy's statements, as somebody fills them in."""
    filled: list[Statement] = json.loads(string.Template(POLICY).substitute(FILLED_IN))["Statement"]
    return filled


def actions(statement: Statement) -> list[str]:
    named = statement["Action"]
    return [named] if isinstance(named, str) else named


def resources(statement: Statement) -> list[str]:
    named = statement["Resource"]
    return [named] if isinstance(named, str) else named


# AWS's table, by service.
published = functools.cache(reference.published)


def allows(pattern: str, action: str) -> bool:
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), action, re.IGNORECASE))


@dataclass
class Story:
    """What Terraform printed at each step, and the operations that the provider called in all of them."""

    printed: dict[str, Printed] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def story(aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Applied without some rights, then with all; planned with those to read; changed; destroyed."""
    folder, log = tmp_path_factory.mktemp("applier"), tmp_path_factory.mktemp("log") / "provider.log"
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    boundary = aws("iam").create_policy(PolicyName="applied-boundary", PolicyDocument=document)["Policy"]["Arn"]
    logging = {"TF_LOG_PROVIDER": "DEBUG", "TF_LOG_PATH": str(log)}
    consumer = Consumer(folder, {"TF_VAR_lambda": lambda_settings(), **logging})
    consumer.check_out()
    consumer.write(CALL)
    later = {"boundary": boundary}
    story = Story()
    try:
        with holding(aws, consumer, taken_away=set(TAKEN_AWAY)):
            story.printed["less"] = consumer.apply()
        with holding(aws, consumer):
            story.printed["apply"] = consumer.apply()
        with holding(aws, consumer, only=READING):
            story.printed["plan"] = consumer.terraform("plan")
        with holding(aws, consumer):
            story.printed["change"] = consumer.apply(**later)
            if story.printed["apply"].status == 0:
                aws("s3").put_object(Bucket=FILLED_IN["bucket"], Key="Users/users.csv", Body=b"USER_ID\n")
            story.printed["destroy"] = consumer.terraform("destroy", "-auto-approve", *given(later))
        story.called = called(log)
        yield story
    finally:
        if "destroy" not in story.printed or story.printed["destroy"].status:
            consumer.terraform("destroy", "-auto-approve", *given(later))
        aws("iam").delete_policy(PolicyArn=boundary)


def given(variables: dict[str, str]) -> list[str]:
    return [f"-var={name}={value}" for name, value in variables.items()]


@contextmanager
def holding(
    aws: Aws, consumer: Consumer, taken_away: set[str] | None = None, only: re.Pattern[str] = re.compile("")
) -> Iterator[None]:
    """A block in which the consumer is a user with this policy alone, or with less."""
    iam, user = aws("iam"), "applier"
    left = {
        statement["Sid"]: [each for each in actions(statement) if only.match(each) and each not in (taken_away or ())]
        for statement in statements()
    }
    kept = [statement | {"Action": left[statement["Sid"]]} for statement in statements() if left[statement["Sid"]]]
    iam.create_user(UserName=user)
    document = json.dumps({"Version": "2012-10-17", "Statement": kept})
    iam.put_user_policy(UserName=user, PolicyName="applier", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    consumer.credentials = (key["AccessKeyId"], key["SecretAccessKey"])
    try:
        yield
    finally:
        consumer.credentials = CREDENTIALS
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
        iam.delete_user_policy(UserName=user, PolicyName="applier")
        iam.delete_user(UserName=user)


def called(log: Path) -> set[str]:
    """The operations in the provider's log, named like actions."""
    found = set()
    for line in log.read_text(encoding="utf-8").splitlines():
        call = dict(re.findall(r'rpc\.(method|service)="?((?<=")[^"]+|[^" ]+)', line))
        if len(call) == 2 and call["service"] in SERVICES:
            found.add(f"{SERVICES[call['service']]}:{call['method']}")
    return found


def asked(operations: set[str]) -> set[str]:
    """What AWS asks for these operations."""
    return {action for operation in operations - NOT_NEEDED for action in AUTHORISED_BY.get(operation, [operation])}


@pytest.mark.parametrize("step", ["apply", "plan", "change", "destroy"])
def test_whoever_holds_it_applies_changes_and_destroys_and_with_what_reads_plans(step: str, story: Story) -> None:
    assert story.printed[step].status == 0, story.printed[step].text


@pytest.mark.parametrize("action", TAKEN_AWAY)
def test_without_a_right_the_apply_fails_and_names_it(action: str, story: Story) -> None:
    assert any(action in actions(statement) for statement in statements() if statement["Sid"] == TAKEN_AWAY[action])
    assert story.printed["less"].status == 1
    assert f"is not authorized to perform: {action} " in " ".join(story.printed["less"].text.split())


def test_all_that_the_provider_calls_is_allowed_also_where_the_local_stack_does_not_ask(story: Story) -> None:
    assert len(story.called) > 100
    patterns = [pattern for statement in statements() for pattern in actions(statement)]
    assert {
        action for action in asked(story.called) if not any(allows(pattern, action) for pattern in patterns)
    } == set()


@pytest.mark.parametrize("sid", [statement["Sid"] for statement in statements()])
def test_no_action_is_there_for_nothing(sid: str, story: Story) -> None:
    (statement,) = [statement for statement in statements() if statement["Sid"] == sid]
    unused = {
        pattern for pattern in actions(statement) if not any(allows(pattern, action) for action in asked(story.called))
    }
    assert unused - ON_OTHER_OCCASIONS == set()


@pytest.mark.parametrize("statement", statements(), ids=lambda statement: str(statement["Sid"]))
def test_actions_exist_and_are_checked_on_these_resources(statement: Statement) -> None:
    """Against AWS's service authorization reference."""
    for pattern in actions(statement):
        service, _, name = pattern.partition(":")
        table = published(service)
        matching = [action for action in table["Actions"] if allows(name, action)]
        assert matching, pattern
        for action in matching:
            types = table["Actions"][action].get("Resources", [])
            formats = [arn for kind in types for arn in table["Resources"][kind.lower()]["ARNFormats"]]
            fitting = [arn for arn in resources(statement) if any(fits(arn, form) for form in formats)]
            everywhere = resources(statement) == ["*"]
            assert fitting or (everywhere and (not types or pattern in SOMETIMES_EVERYWHERE)), f"{service}:{action}"


def fits(arn: str, form: str) -> bool:
    return bool(re.fullmatch(re.sub(r"\$\{\w+\}", "[^:]*", form), arn))


def test_it_is_limited_to_the_deployment() -> None:
    for statement in statements():
        for arn in resources(statement):
            assert (
                arn == "*"
                or "applied-pipeline" in arn
                or arn.startswith(
                    (f"arn:aws:iam::{ACCOUNT}:role/applied-{REGION}-", f"arn:aws:s3:::{FILLED_IN['bucket']}")
                )
            )
    everywhere = [action for statement in statements() if statement["Resource"] == "*" for action in actions(statement)]
    assert all(READING.match(action) for action in everywhere)


def test_roles_are_passed_to_one_service_each() -> None:
    passed = [statement for statement in statements() if "iam:PassRole" in actions(statement)]
    assert {
        (s["Resource"].rpartition("-")[2], s["Condition"]["StringEquals"]["iam:PassedToService"]) for s in passed
    } == {
        ("function", "lambda.amazonaws.com"),
        ("workflow", "states.amazonaws.com"),
        ("schedules", "scheduler.amazonaws.com"),
    }


def test_it_fits_into_a_managed_policy_whatever_the_names() -> None:
    longest = FILLED_IN | {"region": "ap-southeast-1", "name": "n" * 31, "bucket": "b" * 63}
    assert len("".join(string.Template(POLICY).substitute(longest).split())) <= MOST
