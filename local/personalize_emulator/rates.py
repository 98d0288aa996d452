"""Request rates: how many calls a second of emulated time takes, and for what they are counted.

Source: "Amazon Personalize endpoints and quotas". That of the control plane is not published.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .exceptions import error
from .service_model import CONTROL, EVENTS, RUNTIME, operations

if TYPE_CHECKING:
    from .models import PersonalizeBackend

Scope = Callable[[dict[str, Any]], str]


def _everything(_params: dict[str, Any]) -> str:
    return "this account and region"


def _served_by(params: dict[str, Any]) -> str:
    return str(params.get("campaignArn") or params.get("recommenderArn"))


def _tracker(params: dict[str, Any]) -> str:
    return str(params["trackingId"])


def _group(params: dict[str, Any]) -> str:
    return str(params["datasetArn"]).rpartition("/")[0]


#: By operation: the quotas that its calls are counted against, each with what it is for.
_COUNTED: dict[str, list[tuple[str, Scope]]] = {
    **{name: [("calls in a second", _everything)] for name in operations(CONTROL)},
    **{
        name: [
            ("recommendation requests in a second", _everything),
            ("recommendation requests in a second to a campaign", _served_by),
        ]
        for name in operations(RUNTIME)
    },
    **{name: [("event requests in a second to a group", _tracker)] for name in operations(EVENTS)},
    **{name: [("record requests in a second to a group", _group)] for name in ("PutItems", "PutUsers", "PutActions")},
}


@dataclass
class Rates:
    """The calls of the last second of emulated time."""

    _second: int = 0
    _calls: dict[tuple[str, str], int] = field(default_factory=dict)

    def count(self, backend: PersonalizeBackend, service: str, operation: str, params: dict[str, Any]) -> None:
        """Count a call. Raises what the switch `rate_error` names, and ThrottlingException outside the control plane.

        On a standing clock all calls come in one second, so there only quotas hold that were set.
        """
        if self._second != int(backend.now):
            self._second, self._calls = int(backend.now), {}
        standing = backend.emulator.clock.scale == 0
        for name, scope in _COUNTED[operation]:
            limit = backend.settings.quota(name)
            if not limit or (standing and name not in backend.settings.quotas):
                continue
            counted = (name, scope(params))
            self._calls[counted] = self._calls.get(counted, 0) + 1
            if self._calls[counted] > limit:
                code = backend.switches.rate_error if service == CONTROL else "ThrottlingException"
                raise error(code, "Rate exceeded")
