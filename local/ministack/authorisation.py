"""Asks MiniStack's policies on behalf of those who have no request of their own to be checked.

That is the state machine's role, which MiniStack never asks, the AWS services that deliver events, and the
Personalize emulator through the route `/_ministack/authorize`.
"""

import json
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator as iam  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]

Json = dict[str, Any]

ALLOW = "Allow"
DENY = "Deny"
IMPLICIT_DENY = "ImplicitDeny"


class UnknownKey(Exception):
    """When no principal has the access key."""


@dataclass(frozen=True)
class Decision:
    """What the policies say, and of whom."""

    decision: str
    principal_arn: str

    @property
    def allowed(self) -> bool:
        return self.decision == ALLOW


def decide(principal: Json, action: str, resource: str, context: Json | None = None) -> Decision:
    """Whether `principal` may do `action` on `resource`.

    `principal` is one of {"accessKeyId": ...}, {"roleArn": ...} and {"service": ...}. Raises `UnknownKey`.
    """
    keys = {name.lower(): value for name, value in (context or {}).items()}
    if "accessKeyId" in principal:
        return _of_key(principal["accessKeyId"], action, resource, keys)
    if "roleArn" in principal:
        return of_role(principal["roleArn"], action, resource, keys)
    return of_service(principal["service"], action, resource, keys)


def of_role(arn: str, action: str, resource: str, context: Json, session: str = "session") -> Decision:
    """What the role's identity policies and its permissions boundary say."""
    from ministack.services import iam as iam_service  # type: ignore[import-untyped]

    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    caller = f"arn:aws:sts::{account}:assumed-role/{name}/{session}"
    result = iam.evaluate(
        _question(caller, "AssumedRole", account, action, resource, context),
        iam._gather_role_policies(name, account),
        *iam._permissions_boundary(iam_service._roles, name, account),
    )
    return Decision(result.decision, caller)


def of_service(service: str, action: str, resource: str, context: Json) -> Decision:
    """What a resource's own policy says of an AWS service; for sts:AssumeRole that is the role's trust policy."""
    policy = _resource_policy(action, resource)
    question = _question("*", "Service", "", action, resource, context)
    result = iam.evaluate_resource_policy(policy, question, service=service)
    return Decision(result.decision, service)


def _of_key(key: str, action: str, resource: str, context: Json) -> Decision:
    caller = iam.resolve_principal(key, get_account_id())
    if isinstance(caller, iam.AuthError):
        raise UnknownKey(key)
    if caller.policies is None:
        return Decision(ALLOW, caller.arn)
    question = _question(caller.arn, caller.type, caller.account, action, resource, context)
    question.principal_keys = caller.keys
    result = iam.evaluate(question, caller.policies, *caller.limits)
    return Decision(result.decision, caller.arn)


def _question(caller: str, kind: str, account: str, action: str, resource: str, context: Json) -> Any:
    return iam.EvalContext(
        principal_arn=caller,
        principal_type=kind,
        principal_account=account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        source_ip="127.0.0.1",
        secure_transport=True,
        service_context=context,
    )


def _resource_policy(action: str, resource: str) -> Json | str | None:
    if action == "sts:AssumeRole":
        return _trust_policy(resource)
    found = iam._resource_policy(action.partition(":")[0], resource)
    return found[0] if found else None


def _trust_policy(arn: str) -> Json | None:
    from ministack.services import iam as iam_service

    role = iam_service._roles.get_scoped(arn.split(":")[4], None, arn.rpartition("/")[2])
    if role is None:
        return None
    document = role["AssumeRolePolicyDocument"]
    return json.loads(document) if isinstance(document, str) else document  # type: ignore[no-any-return]
