"""Replays a recording of calls against the emulator, and prints where they differ.

`personalize-emulator replay calls.jsonl`. The clock is moved by the recorded times. What a recording does not hold is
not compared: data (imports read made-up rows; jobs that failed fail with the recorded reason), rights, and durations.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .clock import Clock
from .comparison import Difference, Names, ahead, behind, differences
from .dispatch import Caller
from .emulator import Emulator
from .exceptions import ReplyLost
from .faults import Fault
from .made_up import MadeUpS3
from .recording import RecordedCall, read_recording
from .requests import answer
from .resources import RESOURCE_TYPES, is_busy
from .service_model import CONTROL, operations
from .settings import Settings, read_config

#: Errors that come from rights, or from passing trouble, of which a recording holds no cause.
NOT_REPLAYED = frozenset(
    {
        *("AccessDeniedException", "UnrecognizedClientException", "ExpiredTokenException", "InvalidSignatureException"),
        *("ThrottlingException", "InternalServerException", "InternalFailure", "ServiceUnavailableException"),
    }
)
_ACCESS_TEXTS = ("Insufficient privileges for accessing data in S3", "Rate exceeded", "Cross-account pass role")
_IN_USE = "ResourceInUseException"
_UNKNOWN = "ResourceNotFoundException"


@dataclass
class Outcome:
    """What became of one call: differences, or why it was not compared."""

    call: RecordedCall
    differences: list[Difference] = field(default_factory=list)
    skipped: str = ""
    #: The emulator was slower or faster than the service; that is no difference.
    timing: str = ""


class Replay:
    """One recording against one fresh emulator. `settings` are the emulator's, `durations` in them win over learnt."""

    def __init__(self, calls: list[RecordedCall], settings: Settings | None = None) -> None:
        self._calls = calls
        learnt = learn_durations(calls)
        chosen = settings or Settings()
        durations = {**learnt, **chosen.durations}
        self._clock = Clock(start=calls[0].time)
        self._s3 = MadeUpS3(event_types(calls))
        self.emulator = Emulator(
            Settings(**{**vars(chosen), "durations": durations}), self._clock, s3=lambda _region: self._s3
        )
        self.emulator.faults.add(*failures(calls))
        self._names = Names()
        self._account = account_of(calls) or chosen.account_id
        self._made: set[str] = set()

    def run(self) -> Iterator[Outcome]:
        try:
            for call in self._calls:
                self._move_to(call.time)
                yield self._replayed(call)
        finally:
            self.emulator.close()

    def _move_to(self, moment: float) -> None:
        self._clock.advance(max(0.0, moment - self._clock.now()))
        self.emulator.settle(wholly=True)

    def _replayed(self, call: RecordedCall) -> Outcome:
        outcome = Outcome(call)
        if call.error is not None and not_of_the_request(call.error):
            outcome.skipped = f"{call.error['class']} is not of the request"
            return outcome
        request = self._names.translated(call.request)
        self._s3.prepare(self.emulator, self._account, call, request)
        status, reply = self._ask(call, request)
        status, reply = self._waited(call, request, status, reply, outcome)
        if status >= 400 and self._of_earlier(call, reply):
            outcome.skipped = "made before the recording"
            return outcome
        outcome.differences = list(self._compared(call, status, reply, outcome))
        if call.response is not None and call.operation.startswith("Create"):
            self._made.update(v for k, v in call.response.items() if k.endswith("Arn") or k == "trackingId")
        return outcome

    def _ask(self, call: RecordedCall, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body. A list that was given in pages is answered whole: where pages end is the service's own."""
        if call.error is not None or not paged(call):
            return self._ask_once(call, request)
        request = {name: value for name, value in request.items() if name not in ("nextToken", "maxResults")}
        status, whole = self._ask_once(call, request)
        page = whole
        while status < 400 and "nextToken" in page:
            status, page = self._ask_once(call, request | {"nextToken": page["nextToken"]})
            for name, items in page.items():
                whole[name] = [*whole[name], *items] if isinstance(items, list) else items
        whole.pop("nextToken", None)
        return status, whole

    def _ask_once(self, call: RecordedCall, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        operation = operations(call.service)[call.operation]
        path = "/" if call.service == CONTROL else operation.model.http["requestUri"]
        headers = {"x-amz-target": f"AmazonPersonalize.{call.operation}"}
        caller = Caller("replay", self._account, call.region)
        try:
            reply = answer(self.emulator, path, headers, json.dumps(request), caller)
        except ReplyLost:
            return 0, {}
        return reply.status, json.loads(reply.body)

    def _waited(
        self, call: RecordedCall, request: dict[str, Any], status: int, reply: dict[str, Any], outcome: Outcome
    ) -> tuple[int, dict[str, Any]]:
        """The answer once the emulator has ended what had ended in the recording. A refused call changes nothing, and
        neither does a look, so both can be repeated.
        """

        def waits() -> bool:
            if call.error is not None:
                gone = call.error["class"] == _UNKNOWN and status < 400
                return gone and call.operation.startswith("Describe") and is_busy(next(_all_statuses(reply), None))
            if status >= 400:
                return bool(reply["__type"] == _IN_USE)
            return call.operation.startswith(("Describe", "List")) and behind(call.response, reply)

        while waits() and (end := self._next_end()) is not None:
            outcome.timing = "the emulator took longer"
            self._move_to(end)
            status, reply = self._ask(call, request)
        return status, reply

    def _next_end(self) -> float | None:
        now = self._clock.now()
        ends = [r.expected_end for b in self.emulator.backends() for r in b.resources.values() if r.expected_end]
        return min((end for end in ends if end > now), default=None)

    def _of_earlier(self, call: RecordedCall, reply: dict[str, Any]) -> bool:
        """Whether a call names what was not made in the recording, and the emulator refused it for that."""
        ids = [v for k, v in call.request.items() if k == "trackingId" or (k.endswith("Arn") and ":personalize:" in v)]
        unknown = any(i not in self._made and not i.startswith("arn:aws:personalize:::") for i in ids)
        if call.error is None:
            return unknown
        return unknown and reply["__type"] == _UNKNOWN != call.error["class"]

    def _compared(
        self, call: RecordedCall, status: int, reply: dict[str, Any], outcome: Outcome
    ) -> Iterator[Difference]:
        if status == 0:
            yield Difference("outcome", "", "an answer", "none")
        elif call.error is not None:
            yield from self._compared_errors(call, call.error, status, reply)
        elif status >= 400:
            yield Difference("outcome", "", "a success", f"{reply['__type']}: {reply['message']}")
        elif ahead(call.response, reply):
            outcome.timing = "the emulator was faster, so the answer was not compared"
        else:
            if status != call.status:
                yield Difference("http status", "", call.status, status)
            recorded = {k: v for k, v in (call.response or {}).items() if k != "nextToken" or not paged(call)}
            for difference in differences(recorded, reply, self._names):
                # What a page lacks is on another one.
                if not (paged(call) and difference.where in recorded and difference.recorded == []):
                    yield difference

    def _compared_errors(
        self, call: RecordedCall, error: dict[str, str], status: int, reply: dict[str, Any]
    ) -> Iterator[Difference]:
        if status < 400:
            yield Difference("outcome", "", f"{error['class']}: {error['message']}", "a success")
            return
        if call.status != status:
            yield Difference("http status", "", call.status, status)
        if error["class"] != reply["__type"]:
            yield Difference("class", "", error["class"], reply["__type"])
        if self._names.translated(error["message"]) != reply["message"]:
            yield Difference("message", "", self._names.translated(error["message"]), reply["message"])


def paged(call: RecordedCall) -> bool:
    """Whether a call was answered with a part of a list."""
    return call.operation.startswith("List") and "nextToken" in {**call.request, **(call.response or {})}


def not_of_the_request(error: dict[str, str]) -> bool:
    return error["class"] in NOT_REPLAYED or error["message"].startswith(_ACCESS_TEXTS)


# What is learnt from a recording before it is replayed


_ACCOUNT = re.compile(r"arn:[a-z\d-]+:personalize:[^:]*:(\d{12}):")


def account_of(calls: list[RecordedCall]) -> str | None:
    """The account (or its stand-in) that the recorded ARNs name."""
    for call in calls:
        match = _ACCOUNT.search(json.dumps(call.response or {}))
        if match is not None:
            return match[1]
    return None


def event_types(calls: list[RecordedCall]) -> list[str]:
    """Event types that the calls speak of, so that made-up interactions have them."""
    found = re.findall(r'"eventType": "([^"]+)"', json.dumps([call.request for call in calls]))
    return sorted({*found, "View", "Purchase", "Watch", "Click"})[:8]


_BY_STEM = {kind.stem: kind for kind in RESOURCE_TYPES.values()}


def learn_durations(calls: list[RecordedCall]) -> dict[str, float]:
    """How long each kind of job took at least, by the looks that still saw it going on; and no longer than the first
    look that saw it ended. Of several the longest counts: the emulator can be waited for, and it cannot go back.
    """
    least: dict[str, float] = defaultdict(float)
    most: dict[str, float] = {}
    deleted: dict[str, float] = {}
    for call in calls:
        if call.response is None:
            continue
        if call.operation.startswith("Delete"):
            deleted |= {str(arn): call.time for name, arn in call.request.items() if name.endswith("Arn")}
        for stem, shown in call.response.items():
            if call.operation != f"Describe{stem[0].upper()}{stem[1:]}" or not isinstance(shown, dict):
                continue
            kind = _BY_STEM.get(stem)
            status = shown.get("status", "")
            if kind is None:
                continue
            if status.startswith("DELETE"):
                since = deleted.get(shown.get(kind.arn_member, ""))
                if since is not None:
                    least[f"delete {kind.label}"] = max(least[f"delete {kind.label}"], call.time - since + 1)
            elif is_busy(status) and status.split()[0] in ("CREATE", "PENDING", "IN_PROGRESS", "IN"):
                least[kind.label] = max(least[kind.label], call.time - shown["creationDateTime"] + 1)
            elif not is_busy(status) and kind.label not in most and "creationDateTime" in shown:
                most[kind.label] = max(0.0, call.time - shown["creationDateTime"])
    known = Settings()
    result = {}
    for label in {*least, *most} - {"schema"}:
        seconds = max(least.get(label, 0.0), min(known.duration(label), most.get(label, known.duration(label))))
        result[label] = seconds
    if "filter" in result:
        result["filter on interactions"] = result["filter"]
    return result


def failures(calls: list[RecordedCall]) -> Iterator[Fault]:
    """Faults that let those jobs fail that failed in the recording, for the reasons they gave."""
    created: Counter[str] = Counter()
    place: dict[str, tuple[str, int]] = {}
    reasons: dict[str, str] = {}
    for call in calls:
        if call.response is None:
            continue
        if call.operation.startswith("Create"):
            created[call.operation] += 1
            for name, arn in call.response.items():
                if name.endswith("Arn"):
                    place[arn] = (call.operation, created[call.operation])
        for stem, shown in call.response.items():
            kind = _BY_STEM.get(stem)
            if kind is not None and isinstance(shown, dict) and shown.get("status") in ("CREATE FAILED", "FAILED"):
                reasons[shown[kind.arn_member]] = shown.get("failureReason", "")
    for arn, reason in reasons.items():
        if arn in place:
            operation, number = place[arn]
            yield Fault("fail", operation, nth=number, times=1, reason=reason)


def _all_statuses(reply: dict[str, Any]) -> Iterator[str]:
    for shown in reply.values():
        if isinstance(shown, dict) and "status" in shown:
            yield shown["status"]


# The command


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="personalize-emulator replay", description=__doc__)
    result.add_argument("recording", type=Path, help="a file of recorded calls (JSON Lines, see docs/replay.md)")
    result.add_argument("--config", type=Path, help="settings of the emulator in TOML or JSON, e.g. other switches")
    result.add_argument("--all", action="store_true", help="tell of every call, not only of those that differ")
    return result


def main(argv: list[str] | None = None) -> int:
    """0 when nothing differs, 1 when something does, 2 when the recording or the settings cannot be read."""
    options = parser().parse_args(argv)
    try:
        calls = read_recording(options.recording)
        settings = Settings.from_mapping(read_config(options.config) if options.config else {})
    except (OSError, ValueError, TypeError) as err:
        print(f"personalize-emulator replay: {err}", file=sys.stderr)
        return 2
    return told(Replay(calls, settings).run(), everything=options.all)


def told(outcomes: Iterator[Outcome], *, everything: bool) -> int:
    """Print each call that differs, and a summary; returns the command's status."""
    count: Counter[str] = Counter()
    for outcome in outcomes:
        verdict = "differ" if outcome.differences else "not compared" if outcome.skipped else "agree"
        count[verdict] += 1
        count["took longer or less"] += bool(outcome.timing)
        if outcome.differences or everything:
            remark = "; ".join(text for text in (outcome.skipped, outcome.timing) if text)
            print(f"line {outcome.call.line} {outcome.call.operation}: {verdict}{f' ({remark})' if remark else ''}")
            for difference in outcome.differences:
                print(f"  {difference}")
    print(
        f"{count.total() - count['took longer or less']} calls: {count['agree']} agree, {count['differ']} differ, "
        f"{count['not compared']} not compared; in {count['took longer or less']} the emulator's time was another."
    )
    return 1 if count["differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
