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
    """What is published to e-mail subscriptions, and passes their filter policies, can be read back."""

    def deliver(
        original: Any,
        topic: str,
        message_id: str,
        message: str,
        subject: str,
        structure: str = "",
        attributes: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        for subscription in (sns._topic_by_arn_any_scope(topic) or {}).get("subscriptions", []):
            if subscription.get("protocol") not in ("email", "email-json") or not subscription.get("confirmed"):
                continue
            if sns._matches_filter_policy(subscription, attributes or {}, message):
                mail = {"subject": subject, "message": message, "topic": topic, "to": subscription["endpoint"]}
                _sent.append({**mail, "time": time.time(), "messageId": message_id})
        original(topic, message_id, message, subject, structure, attributes, **more)

    around(sns, "_fanout", deliver)


def check_mails() -> None:
    """A subject is one line of under 100 characters, and neither a message nor an attribute of it is empty."""

    def publish(original: Any, topic: str, message: Any, subject: str = "", **more: Any) -> Any:
        if not message:
            raise sns.SnsPublishError("InvalidParameter", "Invalid parameter: Empty message")
        for name, attribute in (more.get("message_attributes") or {}).items():
            if not (attribute.get("StringValue") or attribute.get("BinaryValue")):
                what = f"The message attribute '{name}' must contain non-empty message attribute value"
                raise sns.SnsPublishError("ParameterValueInvalid", what)
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


def pass_attributes() -> None:
    """A publish task's `MessageAttributes` come along."""

    def publish(original: Any, resource: str, data: Any) -> Any:
        flat = {name: value for name, value in data.items() if name != "MessageAttributes"}
        for number, (name, value) in enumerate(data.get("MessageAttributes", {}).items(), 1):
            flat[f"MessageAttributes.entry.{number}.Name"] = name
            flat |= {f"MessageAttributes.entry.{number}.Value.{member}": text for member, text in value.items()}
        return original(resource, flat)

    around(sfn, "_invoke_sns_publish", publish)
    sfn._SERVICE_DISPATCH["arn:aws:states:::sns:publish"] = sfn._invoke_sns_publish
