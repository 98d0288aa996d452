"""Alarms on a queue's messages: judged as time passes, and heard only by topics that let them publish."""

import operator
import os
import threading
import time
from typing import Any

from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import cloudwatch, sqs  # type: ignore[import-untyped]

from . import authorisation
from .patching import around

_METRIC = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
_MINUTE = 60  # how often SQS reports its figures
_SHORTEST = 0.1  # real seconds between two looks, whatever the scale
_COMPARISONS = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


def judge_queue_alarms() -> None:
    """SQS reports every minute, at the speed of the waits, how many messages a queue holds."""
    seconds = max(_MINUTE * float(os.environ.get("SFN_WAIT_SCALE", "1")), _SHORTEST)

    def judge_forever() -> None:
        while True:
            time.sleep(seconds)
            for (account, region, _), alarm in list(cloudwatch._alarms.all_items()):
                if (alarm.get("Namespace"), alarm.get("MetricName")) == _METRIC:
                    with request_scope(account, region):
                        _judge(alarm, account, region)

    threading.Thread(target=judge_forever, daemon=True, name="queue-alarms").start()


def ask_topic_policy() -> None:
    """An alarm reaches a topic only if the topic's policy lets CloudWatch publish for it."""

    def dispatch(original: Any, alarm: dict[str, Any], *state: str) -> None:
        heard = {
            field: [action for action in alarm.get(field) or [] if _may_publish(alarm["AlarmArn"], action)]
            for field in ("AlarmActions", "OKActions", "InsufficientDataActions")
        }
        original({**alarm, **heard}, *state)

    around(cloudwatch, "_dispatch_alarm_actions", dispatch)


def _judge(alarm: dict[str, Any], account: str, region: str) -> None:
    name = next((d["Value"] for d in alarm.get("Dimensions", []) if d["Name"] == "QueueName"), "")
    queue = sqs._queue_by_arn(f"arn:aws:sqs:{region}:{account}:{name}")
    breaches = _COMPARISONS.get(alarm["ComparisonOperator"])
    if queue is None or breaches is None:
        return
    now = time.time()
    waiting = sum(message.get("visible_at", 0) <= now for message in queue["messages"])
    before, after = alarm["StateValue"], "ALARM" if breaches(waiting, alarm["Threshold"]) else "OK"
    if before != after:
        reason = f"Threshold Crossed: 1 datapoint [{waiting}.0] against the threshold ({alarm['Threshold']})."
        alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=int(now))
        cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
        cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)


def _may_publish(alarm_arn: str, topic_arn: str) -> bool:
    if ":sns:" not in topic_arn:
        return True
    account = alarm_arn.split(":")[4]
    context = {"aws:sourcearn": alarm_arn, "aws:sourceaccount": account, "aws:sourceowner": account}
    allowed = authorisation.of_service("cloudwatch.amazonaws.com", "sns:Publish", topic_arn, context).allowed
    if not allowed:
        cloudwatch.logger.error("The policy of %s does not let %s publish: alarm unheard", topic_arn, alarm_arn)
    return allowed
