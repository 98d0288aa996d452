"""Reading a request of any of the three services, and writing its answer: what moto and the server have in common."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from .dispatch import Caller, Params, handle
from .emulator import Emulator
from .exceptions import AWS_JSON, PersonalizeError, ValidationException
from .service_model import CONTROL, EVENTS, RUNTIME, operations_by_path

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,\s]+)/\d+/(?P<region>[^/,\s]+)/")
_ACCOUNT_ID = re.compile(r"\d{12}")
DEFAULT_REGION = "us-east-1"
ANONYMOUS = "anonymous"
#: No request that fits a model is nearly as deep.
DEEPEST = 32


@dataclass(frozen=True)
class Answer:
    """Status, headers and body to send."""

    status: int
    headers: dict[str, str]
    body: str


def answer(emulator: Emulator, path: str, headers: Mapping[str, str], body: str | bytes, caller: Caller) -> Answer:
    """Serve one request. `headers` are looked up in lower case. Raises ReplyLost when nothing is to be sent."""
    service, operation = named(path, headers)
    try:
        status, content = 200, handle(emulator, service, operation, parameters(body), caller)
    except PersonalizeError as err:
        status, content = err.code, err.body()
    content_type = AWS_JSON if service == CONTROL else "application/json"
    reply = {
        "Content-Type": content_type,
        "Date": formatdate(emulator.clock.now(), usegmt=True),
        "x-amzn-RequestId": str(uuid.uuid4()),
    }
    if status >= 400:
        # REST-JSON clients read the code here; JSON 1.1 clients read __type in the body.
        reply["x-amzn-ErrorType"] = content["__type"]
    return Answer(status, reply, json.dumps(content))


def parameters(body: str | bytes) -> Params:
    """The parameters in a request's body. Raises ValidationException for what isn't a JSON object of plain depth."""
    try:
        params = json.loads(body, parse_constant=_refuse, parse_float=_finite) if body else {}
        json.dumps(params, ensure_ascii=False).encode()  # a half of a character can be told, but is no text
    except (ValueError, RecursionError) as err:
        raise ValidationException("The request body is not valid JSON.") from err
    if not isinstance(params, dict):
        raise ValidationException("The request body is not a JSON object.")
    level: list[Any] = [params]
    for _ in range(DEEPEST):
        level = [one for each in level for one in (each.values() if isinstance(each, dict) else each)]
        level = [each for each in level if isinstance(each, (dict, list))]
    if level:
        raise ValidationException(f"The request body is nested more than {DEEPEST} levels deep.")
    return params


def _refuse(constant: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number that anything could hold")
    return number


def named(path: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """Service and operation of a request: by its target header, or by its path."""
    for service in (RUNTIME, EVENTS):
        if operation := operations_by_path(service).get(path):
            return service, operation.name
    return CONTROL, headers.get("x-amz-target", "").rpartition(".")[2]


def caller_of(headers: Mapping[str, str], default_account: str) -> Caller:
    """Who signed a request. The account is that of x-moto-account-id, or a key of 12 digits, or the default."""
    match = _CREDENTIAL.search(headers.get("authorization", ""))
    key, region = (match["key"], match["region"]) if match else (ANONYMOUS, DEFAULT_REGION)
    account = headers.get("x-moto-account-id") or (key if _ACCOUNT_ID.fullmatch(key) else default_account)
    return Caller(key, account, region)
