"""The policies of a deployment as AWS has them, judged by cfn-lint with AWS's service authorization reference.

Instead of parliament, whose own table is older, and which needs a setuptools that is no more.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from cfnlint.api import ManualArgs, lint

from local.personalize_emulator import reference

from .conftest import Aws

Json = dict[str, Any]

ROLES = ("function_role_arn", "state_machine_role_arn", "personalize_role_arn", "schedule_role_arn")

# Actions that a statement grants on schemas, which is only by analogy: AWS's table doesn't list them.
EXPLAINED = re.compile(
    rf", ManageSchemas: action 'personalize:({'|'.join(reference.BY_ANALOGY)})' requires a resource of .* \(I3510\)$"
)


def of(aws: Aws, deployed: dict[str, str]) -> dict[str, Json]:
    """Every policy of a deployment, in a resource of CloudFormation's, by whose it is."""
    iam = aws("iam")
    found = {}
    for role in ROLES:
        name = deployed[role].rpartition("/")[2]
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        found[f"trust of {name}"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            found[f"{policy} of {name}"] = of_an_identity(document)
    bucket, topic, queue = deployed["bucket_name"], deployed["topic_arn"], deployed["dead_letter_queue_url"]
    attributes = aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]
    on_resources = {
        "bucket": ("AWS::S3::BucketPolicy", {"Bucket": bucket}, aws("s3").get_bucket_policy(Bucket=bucket)["Policy"]),
        "topic": (
            "AWS::SNS::TopicPolicy",
            {"Topics": [topic]},
            aws("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"],
        ),
        "queue": ("AWS::SQS::QueuePolicy", {"Queues": [queue]}, attributes["Policy"]),
    }
    for whose, (kind, where, text) in on_resources.items():
        document = json.loads(text)
        found[whose] = {"Type": kind, "Properties": where | {"PolicyDocument": document}}
        # That actions go with resources is looked at in policies of identities alone.
        statements = [{k: v for k, v in s.items() if k != "Principal"} for s in document["Statement"]]
        found[f"{whose}, whoever it is for"] = of_an_identity(document | {"Statement": statements})
    return found


def of_an_identity(document: Json) -> Json:
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}


def complaints(policies: dict[str, Json]) -> Iterator[str]:
    """What is wrong, and where: `bucket, LetPersonalizeRead: action ... requires a resource of ... (I3510)`."""
    names = {f"Policy{number}": whose for number, whose in enumerate(policies)}
    template = {"Resources": {name: policies[whose] for name, whose in names.items()}}
    for match in lint(json.dumps(template), config=ManualArgs(include_checks=["I"])):
        _, name, _, document, *path = map(str, match.path)
        sid = ""
        if path[:1] == ["Statement"] and path[1:]:
            statement = policies[names[name]]["Properties"][document]["Statement"][int(path[1])]
            sid = f", {statement.get('Sid', path[1])}"
        yield f"{names[name]}{sid}: {match.message} ({match.rule.id})"
