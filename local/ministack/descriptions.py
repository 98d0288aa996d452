"""What MiniStack leaves out when it describes a resource; Terraform would set it again at every plan."""

import json
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import cloudwatch  # type: ignore[import-untyped]
from ministack.services import stepfunctions as sfn

from .patching import around

_ALARM_TEXTS = ("AlarmDescription", "Statistic", "Period", "TreatMissingData", "Unit", "ExtendedStatistic")
_ALARM_LISTS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def describe_alarms_fully() -> None:
    """DescribeAlarms in XML has all members of a metric alarm."""

    def describe(original: Any, params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        status, headers, body = original(params, cbor_data, is_cbor, is_json)
        if is_cbor or is_json or status != 200:
            return status, headers, body
        text = body.decode()
        for name, alarm in cloudwatch._alarms.items():
            arn = f"<AlarmArn>{alarm['AlarmArn']}</AlarmArn>"
            if "AlarmRule" not in alarm and f"<AlarmName>{name}</AlarmName>{arn}" in text:
                text = text.replace(arn, arn + _members(alarm), 1)
        return status, headers, text.encode()

    around(cloudwatch, "_describe_alarms", describe)


def _members(alarm: dict[str, Any]) -> str:
    texts = "".join(f"<{key}>{escape(str(alarm[key]))}</{key}>" for key in _ALARM_TEXTS if alarm.get(key) is not None)
    lists = "".join(
        f"<{key}>{''.join(f'<member>{escape(arn)}</member>' for arn in alarm.get(key, []))}</{key}>"
        for key in _ALARM_LISTS
    )
    structures = "".join(_xml(name, alarm[name]) for name in ("Dimensions", "Metrics") if name in alarm)
    enabled = str(alarm.get("ActionsEnabled", True)).lower()
    return f"{texts}{lists}{structures}<ActionsEnabled>{enabled}</ActionsEnabled>"


def _xml(name: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = "".join(_xml(member, entry) for member, entry in value.items())
    elif isinstance(value, list):
        inner = "".join(_xml("member", entry) for entry in value)
    else:
        inner = escape(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<{name}>{inner}</{name}>"


def describe_tracing() -> None:
    """A state machine's tracing is kept, and described also when it is off."""
    for name in ("_create_state_machine", "_update_state_machine"):

        def keep(original: Any, data: Any) -> Any:
            response = original(data)
            arn = json.loads(response[2]).get("stateMachineArn") or data.get("stateMachineArn")
            if response[0] == 200 and arn in sfn._state_machines and "tracingConfiguration" in data:
                sfn._state_machines[arn]["tracingConfiguration"] = data["tracingConfiguration"]
            return response

        around(sfn, name, keep)

    def describe(original: Any, data: Any) -> Any:
        status, headers, body = original(data)
        described = json.loads(body)
        if status == 200:
            described.setdefault("tracingConfiguration", {"enabled": False})
        return status, headers, json.dumps(described).encode()

    around(sfn, "_describe_state_machine", describe)
