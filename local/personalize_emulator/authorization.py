"""Who may do what: asked of the AWS side, when there is one that can tell.

Which permission an operation needs, on which resources: `reference.py`.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from .exceptions import AccessDeniedException, UnrecognizedClientException

SERVICE_PRINCIPAL = "personalize.amazonaws.com"
Principal = Mapping[str, str]


@dataclass(frozen=True)
class Decision:
    """An answer of IAM. `principal_arn` is how messages name the caller."""

    decision: Literal["Allow", "Deny", "ImplicitDeny"]
    principal_arn: str

    @property
    def allowed(self) -> bool:
        return self.decision == "Allow"


class Authorizer(Protocol):
    """Something that knows IAM policies.

    `principal` is one of {"accessKeyId": ...} (identity policies of the key's owner), {"roleArn": ...} (identity
    policies of the role), {"service": "personalize.amazonaws.com"} (for sts:AssumeRole on a role: its trust policy;
    for s3:* on a bucket: the bucket's policy). `context` holds condition keys.
    """

    def decide(self, principal: Principal, action: str, resource: str, context: Mapping[str, str]) -> Decision:
        """Raises UnrecognizedClientException for a key nobody owns."""
        ...


class AllowAll:
    """No AWS side that can tell: everything is allowed, callers go by their key."""

    def decide(self, principal: Principal, action: str, resource: str, context: Mapping[str, str]) -> Decision:
        return Decision("Allow", next(iter(principal.values())))


class HttpAuthorizer:
    """Asks an endpoint: POST {"principal", "action", "resource", "context"}, answer {"decision", "principalArn"}."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not an HTTP address")
        self._url = url
        self._timeout = timeout
        # Straight to it: the AWS side is a neighbour, whatever proxy the environment names.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def decide(self, principal: Principal, action: str, resource: str, context: Mapping[str, str]) -> Decision:
        question = {
            "principal": dict(principal),
            "action": action,
            "resource": resource,
            "context": dict(context),
        }
        request = urllib.request.Request(self._url, json.dumps(question).encode(), {"Content-Type": "application/json"})
        try:
            with self._opener.open(request, timeout=self._timeout) as reply:
                answer: dict[str, Any] = json.load(reply)
        except urllib.error.HTTPError as err:
            if err.code == 403:
                raise UnrecognizedClientException from err
            raise
        return Decision(answer["decision"], answer.get("principalArn") or next(iter(principal.values())))


@dataclass(frozen=True)
class Need:
    """One permission that a call needs."""

    action: str
    resource: str
    context: Mapping[str, str]


def demand(authorizer: Authorizer, principal: Principal, needs: list[Need]) -> str:
    """Ask for each permission; returns how the caller is called. Raises AccessDeniedException for the first refused."""
    caller = next(iter(principal.values()))
    for need in needs:
        decision = authorizer.decide(principal, need.action, need.resource, need.context)
        caller = decision.principal_arn
        if not decision.allowed:
            raise AccessDeniedException(caller, need.action, need.resource, decision.decision == "Deny")
    return caller
