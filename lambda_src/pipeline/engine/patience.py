"""How long a refusal is worth waiting for, by what it says.

Throttling, faults and quotas on what runs at once pass; a refusal of the request itself does not. The class alone
decides little: `LimitExceededException` is a request rate, a quota that frees itself, or a quota on what exists.
Sources: service model; Developer Guide, "Common error messages in Amazon Personalize".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.settings import settings

MINUTE, HOUR = 60, 3600
# A role or policy made moments ago is not known everywhere yet; nor is a resource.
PROPAGATION = 15 * MINUTE
# A quota on what exists is told from others by its text, and the texts are not all known.
EXISTING = re.compile(
    r"in ACTIVE state|delete some|maximum number of|number of active|already (has|have) ", re.IGNORECASE
)
RUNNING = re.compile(
    r"PENDING|IN_PROGRESS|concurrent|rate exceeded|requests? per second|too many requests", re.IGNORECASE
)
RUNNING_QUOTA = re.compile(r"PENDING|IN_PROGRESS|concurrent", re.IGNORECASE)
PRIVILEGES = re.compile(r"insufficient privileges", re.IGNORECASE)

FINAL_CODES = {
    "InvalidInputException",
    "ValidationException",
    "TooManyTagsException",
    "TooManyTagKeysException",
    "ParamValidationError",
}
THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
BUSY = {"ResourceInUseException", "LimitExceededException"}


@dataclass(frozen=True)
class Refusal:
    """What a failed call says, and for how many seconds it is worth trying again.

    `may_have_happened` where there was no answer; `wants_slot` where as many of its like are at work as may be,
    `is_in_use` where something else needs it.
    """

    message: str
    patience: float
    may_have_happened: bool = False
    wants_slot: bool = False
    is_in_use: bool = False

    @property
    def is_final(self) -> bool:
        """Whether trying again is of no use."""
        return self.patience == 0


def understand(error: Exception) -> Refusal:
    """What to make of an error of botocore's.

    Raises:
        Exception: the error itself, where it is not one of AWS: a fault of ours is not to be waited for.
    """
    if isinstance(error, ClientError):
        return _answered(error)
    if isinstance(error, BotoCoreError) and type(error).__name__ != "ParamValidationError":
        return Refusal(f"no answer ({type(error).__name__})", settings().patience_seconds, may_have_happened=True)
    if isinstance(error, BotoCoreError):
        return Refusal(f"{error}", 0)
    raise error


def _answered(error: ClientError) -> Refusal:
    code = error.response["Error"].get("Code", "")
    message = error.response["Error"].get("Message", "") or code
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if status >= 500:
        return Refusal(f"{code}: {message}", settings().patience_seconds, may_have_happened=True)
    if PRIVILEGES.search(message):
        return Refusal(message, PROPAGATION)
    if code == "LimitExceededException" and EXISTING.search(message) and not RUNNING.search(message):
        return Refusal(message, 0)
    if code in FINAL_CODES:
        return Refusal(message, 0)
    if code in THROTTLED | BUSY or status == 429:
        is_slot = code == "LimitExceededException" and bool(RUNNING_QUOTA.search(message))
        is_in_use = code == "ResourceInUseException"
        return Refusal(message, settings().patience_seconds, wants_slot=is_slot, is_in_use=is_in_use)
    # A right or a resource that is not known everywhere yet; and what nobody knows of.
    return Refusal(f"{code}: {message}" if "AccessDenied" in code else message, PROPAGATION)


def is_passing(error: Exception) -> bool:
    """Whether an error of AWS is one that passes by itself: throttling, faults, lost connections."""
    try:
        refusal = understand(error)
    except Exception:
        return False
    return refusal.patience > PROPAGATION
