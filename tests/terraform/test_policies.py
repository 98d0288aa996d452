"""The judge of policies, before policies that nobody should write; and the policy of whoever applies."""

from typing import Any

import pytest

from . import policies
from .test_applier import statements

READ: dict[str, Any] = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"]}
BY_PERSONALIZE = {"Principal": {"Service": "personalize.amazonaws.com"}}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def of_a_role(**changes: Any) -> dict[str, Any]:
    return policies.of_an_identity(document(READ | changes))


def trust(**statement: Any) -> dict[str, Any]:
    policy = document({"Effect": "Allow", "Action": "sts:AssumeRole"} | statement)
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": policy}}


def of_the_bucket(**statement: Any) -> dict[str, Any]:
    policy = document(READ | statement)
    return {"Type": "AWS::S3::BucketPolicy", "Properties": {"Bucket": "b", "PolicyDocument": policy}}


RIGHT = {
    "of a role": of_a_role(),
    "trust": trust(**BY_PERSONALIZE),
    "of the bucket": of_the_bucket(**BY_PERSONALIZE),
    "of whoever applies": policies.of_an_identity(document(*statements())),
}
WRONG = {
    "an action that is none": of_a_role(Action=["s3:GetObjekt"]),
    "a resource that the action is not checked on": of_a_role(Resource=["arn:aws:sns:eu-west-1:123456789012:t"]),
    "an operator that is none": of_a_role(Condition={"StringEqual": {"aws:SourceAccount": "123456789012"}}),
    "an effect that is none": of_a_role(Effect="Permit"),
    "a principal in a role's policy": of_a_role(**BY_PERSONALIZE),
    "an action of a service in the bucket's policy that is none": of_the_bucket(Action=["s3:Get"], **BY_PERSONALIZE),
    "nobody in the bucket's policy": of_the_bucket(),
    "nobody in a trust policy": trust(),
    "an action of a trust policy that is none": trust(Action="sts:AsumeRole", **BY_PERSONALIZE),
}


def test_what_is_right_passes() -> None:
    assert list(policies.complaints(RIGHT)) == []


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_told(what: str) -> None:
    (complaint, *_) = policies.complaints({what: WRONG[what]})
    assert complaint.startswith(what)
