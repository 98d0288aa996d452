"""The endpoint of the local stack stands for AWS's, which speaks TLS."""

from typing import Any

from ministack import app  # type: ignore[import-untyped]

from .patching import around


def count_loopback_as_tls() -> None:
    """A bucket policy that demands `aws:SecureTransport` is met by plain HTTP on the loopback."""

    def pin(original: Any, source_ip: str, secure_transport: bool) -> None:
        original(source_ip, True)

    around(app, "pin_request_origin", pin)
