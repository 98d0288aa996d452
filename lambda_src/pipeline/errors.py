"""What the workflow does about a failure is named by its class; Step Functions matches these names in `ErrorEquals`.

PipelineError
 ├── ResourceFailed    Personalize says that a resource failed, or refuses it for good: not tried again
 └── ActionFailed      anything else that went wrong in an action: tried again, since every action may be repeated
"""

from __future__ import annotations


class PipelineError(Exception):
    """Root of the errors that this package raises. The message is written for the reader of the mail."""


class ResourceFailed(PipelineError):
    """When Personalize reports a failed resource, or refuses a call in a way that repeating cannot mend."""


class ActionFailed(PipelineError):
    """When an action ends with an unexpected error. The log has the stack trace; the message has none."""
