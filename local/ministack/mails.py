"""The mails that SNS would send: checked as AWS checks them, and kept to be read."""

import time
import unicodedata
from typing import Any

from ministack.services import sns  # type: ignore[import-untyped]
from ministack.services import stepfunctions as sfn

from .patching import around

_SUBJECT_LIMIT = 100  # a subject is shorter than this

_sent: list[dict[str, Any]] = []


def sent() -> list[dict[str, Any]]:
    """Every mail to a confirmed e-mail subscription, oldest first."""
    return list(_sent)


def keep_mails() -> None:
    """What is published to e-mail subscriptions can be read back."""

    def deliver(
        original: Any, topic: str, message_id: str, message: str, subject: str, *rest: Any, **more: Any
    ) -> None:
        for subscription in (sns._topic_by_arn_any_scope(topic) or {}).get("subscriptions", []):
            if subscription.get("protocol") in ("email", "email-json") and subscription.get("confirmed"):
                mail = {"subject": subject, "message": message, "topic": topic, "to": subscription["endpoint"]}
                _sent.append({**mail, "time": time.time(), "messageId": message_id})
        original(topic, message_id, message, subject, *rest, **more)

    around(sns, "_fanout", deliver)


def check_mails() -> None:
    """A subject is one line of under 100 characters and a message is not empty, else InvalidParameter."""

    def publish(original: Any, topic: str, message: Any, subject: str = "", **more: Any) -> Any:
        if not message:
            raise sns.SnsPublishError("InvalidParameter", "Invalid parameter: Empty message")
        if len(subject or "") >= _SUBJECT_LIMIT or any(unicodedata.category(c) == "Cc" for c in subject or ""):
            raise sns.SnsPublishError("InvalidParameter", "Invalid parameter: Subject")
        return original(topic, message, subject, **more)

    around(sns, "publish_internal", publish)


def name_publish_errors() -> None:
    """A failed publish task has the error of its code, such as `SNS.InvalidParameterException`."""

    def publish(original: Any, resource: str, data: Any) -> Any:
        try:
            return original(resource, data)
        except sfn._ExecutionError as error:
            code = error.cause.partition("<Code>")[2].partition("</Code>")[0]
            name = f"SNS.{code.removesuffix('Exception')}Exception" if code else error.error
            raise sfn._ExecutionError(name, error.cause) from None

    around(sfn, "_invoke_sns_publish", publish)
    sfn._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = sfn._invoke_sns_publish
