"""What the workflow does about a failed action is named by its class; Step Functions matches it in `ErrorEquals`.

PipelineError
 ├── ServiceTrouble    AWS does not answer, or throttles: tried again for hours
 ├── Overtaken         two calls of one action overlapped, and this is the later one: tried again, to see what is left
 └── ActionFailed      anything else that went wrong in an action: tried again a few times, since it may be repeated

What fails of a single resource raises nothing: the engine records it, and the other resources go on.
"""

from __future__ import annotations

LONGEST = 2000  # characters of a message: it passes through the workflow's state, and may quote what was uploaded


class PipelineError(Exception):
    """Root of the errors that this package raises. The message is written for the reader of the mail."""

    def __init__(self, message: str) -> None:
        super().__init__(message[:LONGEST])


class ServiceTrouble(PipelineError):
    """When an AWS service that an action can't do without is in trouble."""


class Overtaken(PipelineError):
    """When another call of the same action wrote the run's record first."""


class ActionFailed(PipelineError):
    """When an action ends with an unexpected error. The log has the stack trace; the message has none."""
