"""Addresses of the control plane, the runtime and the events service. One backend serves all three."""

from __future__ import annotations

from .responses import PersonalizeResponse
from .service_model import EVENTS, RUNTIME, operations_by_path

url_bases = [
    r"https?://personalize\.(.+)\.amazonaws\.com",
    r"https?://personalize-runtime\.(.+)\.amazonaws\.com",
    r"https?://personalize-events\.(.+)\.amazonaws\.com",
]

url_paths = {
    "{0}/$": PersonalizeResponse.dispatch,
    **{
        f"{{0}}{path}$": PersonalizeResponse.dispatch
        for service in (RUNTIME, EVENTS)
        for path in operations_by_path(service)
    },
}
