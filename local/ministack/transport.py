"""The endpoint of the local stack stands for AWS's, which speaks TLS."""

import contextvars
from typing import Any

from ministack import app  # type: ignore[import-untyped]
from ministack.core import iam_evaluator  # type: ignore[import-untyped]

from .patching import around

_LOOPBACK = "127.0.0.1"


def count_loopback_as_tls() -> None:
    """A policy that demands `aws:SecureTransport` is met by plain HTTP on the loopback."""

    def pin(original: Any, source_ip: str, secure_transport: bool) -> None:
        original(source_ip, True)

    around(app, "pin_request_origin", pin)
    # What happens outside a request, such as the delivery of an event.
    iam_evaluator._request_origin = contextvars.ContextVar("request_origin", default=(_LOOPBACK, True))
