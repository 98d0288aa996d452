"""Recordings of calls: the format (docs/replay.md), and a recorder for clients of a real account.

with Recorder("calls.jsonl") as recorder:
    recorder.attach(boto3.client("personalize"))
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Lock
from typing import Any

import botocore

from .clock import LATEST
from .redaction import Redactor
from .service_model import SERVICES, operations

FORMAT = "personalize-calls/1"

#: Where botocore's own state of a call keeps what was asked.
_ASKED = "personalize_recording"


_TYPES: dict[str, type | tuple[type, ...]] = {
    "time": (int, float),
    **dict.fromkeys(("service", "operation", "region"), str),
    "status": int,
    **dict.fromkeys(("request", "response", "error"), dict),
}


@dataclass(frozen=True)
class RecordedCall:
    """One line of a recording. `time` is when the service answered, in its own epoch seconds; either there is a
    `response`, or the class and the message of an `error`.
    """

    time: float
    service: str
    operation: str
    region: str
    request: dict[str, Any]
    status: int
    response: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    #: Its number in the file, from 1.
    line: int = field(default=0, compare=False)

    def written(self) -> str:
        members = {name: value for name, value in vars(self).items() if value is not None and name != "line"}
        return json.dumps(members, separators=(",", ":"))

    @classmethod
    def read(cls, text: str, line: int) -> RecordedCall:
        """Raises ValueError with what is wrong in the line."""
        members = json.loads(text)
        if not isinstance(members, dict):
            raise ValueError("it is not a JSON object")
        known = set(cls.__dataclass_fields__) - {"line"}
        needed = known - {"response", "error"}
        if unknown := set(members) - known:
            raise ValueError(f"unknown {sorted(unknown)}")
        if missing := needed - set(members):
            raise ValueError(f"{sorted(missing)} missing")
        if ("response" in members) == ("error" in members):
            raise ValueError("it needs a response or an error")
        wrong = [name for name, kind in _TYPES.items() if name in members and not isinstance(members[name], kind)]
        if wrong:
            raise ValueError(f"{wrong} of another type than it should be")
        if not 0 <= members["time"] <= LATEST:
            raise ValueError(f"{members['time']} is no time")
        if members["service"] not in SERVICES or members["operation"] not in operations(members["service"]):
            raise ValueError(f"{members['service']} has no operation {members['operation']}")
        return cls(**members, line=line)


def read_recording(path: Path) -> list[RecordedCall]:
    """All calls of a file. Raises OSError, and ValueError naming the line that is wrong."""
    calls: list[RecordedCall] = []
    with path.open(encoding="utf-8") as lines:
        for number, text in enumerate(lines, 1):
            try:
                if number == 1:
                    head = json.loads(text)
                    if not isinstance(head, dict) or head.get("format") != FORMAT:
                        raise ValueError(f'a recording begins with {{"format": "{FORMAT}"}}')
                elif text.strip():
                    calls.append(RecordedCall.read(text, number))
            except (ValueError, TypeError) as err:
                raise ValueError(f"{path}, line {number}: {err}") from err
    if not calls:
        raise ValueError(f"{path} holds no calls")
    return calls


class Recorder:
    """Writes the calls of the clients it is attached to into a file, redacted (see `redaction`), as they are answered.

    Calls that the service never answered, and those that botocore refuses by itself, are not written.
    """

    def __init__(self, path: str | Path, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or Redactor()
        self._lock = Lock()
        self._last = 0.0
        #: The texts of errors and failures that were kept, and how often: to be looked through before a file is given
        #: away.
        self.texts: Counter[str] = Counter()
        self._file = Path(path).open("w", encoding="utf-8")  # noqa: SIM115
        self._write(json.dumps({"format": FORMAT, "botocore": botocore.__version__}))

    def attach(self, client: Any) -> Any:
        """Record the calls of a boto3 client of any of the three services. Returns the client."""
        service = client.meta.service_model.service_name
        if service not in SERVICES:
            raise ValueError(f"Only clients of {', '.join(SERVICES)} can be recorded, not of {service}")
        events, region = client.meta.events, client.meta.region_name

        def asked(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
            context[_ASKED] = params

        def answered(http_response: Any, parsed: dict[str, Any], model: Any, context: Any, **_: Any) -> None:
            self._record(service, model.name, region, context[_ASKED], http_response, parsed)

        events.register(f"before-parameter-build.{client.meta.service_model.service_id.hyphenize()}", asked)
        events.register_last(f"after-call.{client.meta.service_model.service_id.hyphenize()}", answered)
        return client

    def _record(
        self, service: str, name: str, region: str, params: dict[str, Any], reply: Any, parsed: dict[str, Any]
    ) -> None:
        operation = operations(service)[name]
        with self._lock:
            request = self._redactor.request(operation, params)
            outcome: dict[str, Any]
            if reply.status_code >= 300:
                message = self._redactor.text(parsed["Error"].get("Message", ""))
                self.texts[message] += 1
                outcome = {"error": {"class": parsed["Error"]["Code"], "message": message}}
            else:
                outcome = {"response": self._redactor.response(operation, parsed)}
                self.texts.update(failure_reasons(outcome["response"]))
            self._last = max(self._last, _moment(reply.headers))
            call = RecordedCall(self._last, service, name, region, request, reply.status_code, **outcome)
            self._write(call.written())

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _moment(headers: Mapping[str, str]) -> float:
    """The service's own time, whole seconds; this machine's where it did not say."""
    date = headers.get("date") or headers.get("Date")
    return parsedate_to_datetime(date).timestamp() if date else float(int(time.time()))


def failure_reasons(value: Any) -> Iterator[str]:
    """Every failureReason in a response."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "failureReason" and isinstance(item, str):
                yield item
            else:
                yield from failure_reasons(item)
    elif isinstance(value, list):
        for item in value:
            yield from failure_reasons(item)
