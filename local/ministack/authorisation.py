"""Asks MiniStack's policies on behalf of those who have no request of their own to be checked.

That is the state machine's role, which MiniStack never asks, the AWS services that deliver events, and the
Personalize emulator through the route `/_ministack/authorize`.
"""

import json
from dataclasses import dataclass
from typing import Any

from ministack.core import iam_evaluator as iam  # type: ignore[import-untyped]
from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]

from .patching import around

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


def name_roles_of_sessions() -> None:
    """`aws:PrincipalArn` of a role's session is the ARN of the role, as policies name it."""

    def resolve(original: Any, key: str, question: Any) -> Any:
        value = original(key, question)
        is_session = key.lower() == "aws:principalarn" and ":assumed-role/" in str(value)
        return _role_of(value) if is_session else value

    around(iam, "_resolve_condition_key", resolve)


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


def _role_of(session_arn: str) -> str:
    from ministack.services import iam as iam_service

    account, name = session_arn.split(":")[4], session_arn.split("/")[1]
    role = iam_service._roles.get_scoped(account, None, name)
    return str(role["Arn"]) if role else session_arn


def _trust_policy(arn: str) -> Json | None:
    from ministack.services import iam as iam_service

    role = iam_service._roles.get_scoped(arn.split(":")[4], None, arn.rpartition("/")[2])
    if role is None:
        return None
    document = role["AssumeRolePolicyDocument"]
    return json.loads(document) if isinstance(document, str) else document  # type: ignore[no-any-return]
