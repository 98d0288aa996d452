"""Alarms on a queue's messages: judged as time passes, and heard only by topics that let them publish."""

import os
import threading
import time
from collections import defaultdict, deque
from typing import Any

from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import cloudwatch, sqs  # type: ignore[import-untyped]

from . import authorisation, metric_math
from .patching import around

_METRIC = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
_SHORTEST = 0.1  # real seconds between two looks, whatever the scale
_LONGEST = 24 * 60  # minutes that an alarm can look back (PutMetricAlarm)
_OF_ONE_METRIC = ("Namespace", "MetricName", "Dimensions", "Statistic", "ExtendedStatistic", "Period", "Unit")

# By queue: how many messages it held in each minute.
_held: defaultdict[str, deque[float | None]] = defaultdict(lambda: deque(maxlen=_LONGEST))


def judge_queue_alarms() -> None:
    """SQS reports every minute, at the speed of the waits, how many messages a queue holds."""
    seconds = max(metric_math.MINUTE * float(os.environ.get("SFN_WAIT_SCALE", "1")), _SHORTEST)

    def judge_forever() -> None:
        while True:
            time.sleep(seconds)
            watched = [
                (account, region, alarm, f"arn:aws:sqs:{region}:{account}:{queue}")
                for (account, region, _), alarm in list(cloudwatch._alarms.all_items())
                if (queue := _queue(alarm))
            ]
            for arn in {arn for *_, arn in watched}:
                _held[arn].append(_visible(arn))
            for account, region, alarm, arn in watched:
                with request_scope(account, region):
                    _judge(alarm, list(_held[arn]))

    threading.Thread(target=judge_forever, daemon=True, name="queue-alarms").start()


def keep_expressions() -> None:
    """An alarm on an expression of metrics has `Metrics` instead of a metric of its own."""

    def put(original: Any, params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        structured = is_cbor or is_json
        metrics = cbor_data.get("Metrics") if structured else _metrics_of_form(params)
        try:
            for query in metrics or []:
                metric_math.parsed(query.get("Expression", query["Id"]))
        except ValueError as error:
            return cloudwatch._error("ValidationError", str(error), 400, use_json=is_json, use_cbor=is_cbor)
        answer = original(params, cbor_data, is_cbor, is_json)
        name = cbor_data.get("AlarmName") if structured else cloudwatch._p(params, "AlarmName")
        if metrics and answer[0] == 200:
            alarm = cloudwatch._alarms[name]
            alarm["Metrics"] = metrics
            for member in _OF_ONE_METRIC:
                del alarm[member]
        return answer

    around(cloudwatch, "_put_metric_alarm", put)


def ask_topic_policy() -> None:
    """An alarm reaches a topic only if the topic's policy lets CloudWatch publish for it."""

    def dispatch(original: Any, alarm: dict[str, Any], *state: str) -> None:
        heard = {
            field: [action for action in alarm.get(field) or [] if _may_publish(alarm["AlarmArn"], action)]
            for field in ("AlarmActions", "OKActions", "InsufficientDataActions")
        }
        original({**alarm, **heard}, *state)

    around(cloudwatch, "_dispatch_alarm_actions", dispatch)


def _queue(alarm: dict[str, Any]) -> str | None:
    """The queue whose messages an alarm counts; None where it looks at anything else, or in another way."""
    if alarm["ComparisonOperator"] not in metric_math.COMPARISONS:
        return None
    metrics = [query["MetricStat"]["Metric"] for query in metric_math.queries(alarm) if "MetricStat" in query]
    if {(metric.get("Namespace"), metric.get("MetricName")) for metric in metrics} != {_METRIC}:
        return None
    return next((str(d["Value"]) for d in metrics[0].get("Dimensions", []) if d["Name"] == "QueueName"), None)


def _visible(queue_arn: str) -> float | None:
    queue = sqs._queue_by_arn(queue_arn)
    now = time.time()
    return None if queue is None else sum(message.get("visible_at", 0) <= now for message in queue["messages"])


def _judge(alarm: dict[str, Any], held: list[float | None]) -> None:
    before, after = alarm["StateValue"], metric_math.judge(alarm, held)
    if before == after:
        return
    seen = held[-metric_math.minutes_seen(alarm) :]
    reason = f"Threshold Crossed: messages by the minute {seen} against the threshold ({alarm['Threshold']})."
    alarm.update(StateValue=after, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], before, after, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, after, reason)


def _metrics_of_form(params: Any) -> list[dict[str, Any]]:
    """`Metrics.member.1.Id=...` of the query protocol, as the other protocols have it."""

    def members(of: str, names: tuple[str, ...]) -> dict[str, Any]:
        return {name: value for name in names if (value := cloudwatch._p(params, f"{of}.{name}"))}

    found: list[dict[str, Any]] = []
    while (query := members(at := f"Metrics.member.{len(found) + 1}", ("Id", "Expression", "Label"))).get("Id"):
        stat = members(f"{at}.MetricStat", ("Stat", "Period", "Unit"))
        if stat:
            metric = members(f"{at}.MetricStat.Metric", ("Namespace", "MetricName")) | {"Dimensions": []}
            of = f"{at}.MetricStat.Metric.Dimensions.member"
            while dimension := members(f"{of}.{len(metric['Dimensions']) + 1}", ("Name", "Value")):
                metric["Dimensions"].append(dimension)
            query["MetricStat"] = stat | {"Period": int(stat["Period"]), "Metric": metric}
        found.append(query | {"ReturnData": cloudwatch._p(params, f"{at}.ReturnData") != "false"})
    return found


def _may_publish(alarm_arn: str, topic_arn: str) -> bool:
    if ":sns:" not in topic_arn:
        return True
    account = alarm_arn.split(":")[4]
    context = {"aws:sourcearn": alarm_arn, "aws:sourceaccount": account, "aws:sourceowner": account}
    allowed = authorisation.of_service("cloudwatch.amazonaws.com", "sns:Publish", topic_arn, context).allowed
    if not allowed:
        cloudwatch.logger.error("The policy of %s does not let %s publish: alarm unheard", topic_arn, alarm_arn)
    return allowed
