"""Errors as the service answers them.

PersonalizeError                      carries code, message and HTTP status; moto turns it into the reply
├── InvalidInputException             bad ARN, format, expression, schema or combination of parameters
├── InvalidNextTokenException         a page token that no list operation gave out
├── ResourceNotFoundException         no resource of that ARN
├── ResourceAlreadyExistsException    the ARN is taken; job names are never free again
├── ResourceInUseException            wrong state, or others refer to it; try later
├── LimitExceededException            a quota, or too many calls
├── TooManyTagsException              over 50 tags on one resource
├── TooManyTagKeysException           over 50 keys in one UntagResource
├── AccessDeniedException             the caller's policies do not allow it
├── UnrecognizedClientException       the caller's key is not known
├── ValidationException               breaks the service model, where InvalidInputException is not declared
├── UnknownOperationException         no such operation
├── InternalServerException           injected by a fault
└── ServiceUnavailableException       injected by a fault
JobFailure                            raised inside a running job; becomes CREATE FAILED and `failureReason`
ReplyLost                             injected by a fault: the effect happened, the reply never arrives
└── ConnectionReset                   injected by a fault: nothing happened, and no reply arrives
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError

AWS_JSON = "application/x-amz-json-1.1"


class PersonalizeError(JsonRESTError):
    """Root of everything the service answers with an error; the class's name is the code."""

    status = 400

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(code or type(self).__name__, message)
        self.code = self.status
        self.content_type = AWS_JSON

    @property
    def error_code(self) -> str:
        return str(self.error_type)

    def body(self) -> dict[str, Any]:
        return {"__type": self.error_code, "message": self.message}


class InvalidInputException(PersonalizeError):
    pass


class InvalidNextTokenException(PersonalizeError):
    def __init__(self) -> None:
        super().__init__("The token is not valid.")


class ResourceNotFoundException(PersonalizeError):
    """The text is that of the switch `not_found_text`; `kind` is the resource's type in words."""

    def __init__(self, arn: str, kind: str = "resource") -> None:
        super().__init__(f"The given {kind} does not exist: {arn}")
        self.arn = arn
        self.kind = kind


class ResourceAlreadyExistsException(PersonalizeError):
    def __init__(self, arn: str) -> None:
        super().__init__(f"Another resource with Arn {arn} already exists.")


class ResourceInUseException(PersonalizeError):
    pass


class LimitExceededException(PersonalizeError):
    pass


class TooManyTagsException(PersonalizeError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"A resource can have at most {limit} tags.")


class TooManyTagKeysException(PersonalizeError):
    def __init__(self, limit: int) -> None:
        super().__init__(f"At most {limit} tag keys can be removed at once.")


class AccessDeniedException(PersonalizeError):
    """Wording of IAM's own message, as AWS services pass it on."""

    def __init__(self, principal: str, action: str, resource: str, explicit: bool) -> None:
        because = (
            "with an explicit deny in an identity-based policy"
            if explicit
            else f"because no identity-based policy allows the {action} action"
        )
        super().__init__(f"User: {principal} is not authorized to perform: {action} on resource: {resource} {because}")


class UnrecognizedClientException(PersonalizeError):
    def __init__(self) -> None:
        super().__init__("The security token included in the request is invalid.")


class ValidationException(PersonalizeError):
    pass


class UnknownOperationException(PersonalizeError):
    def __init__(self, operation: str) -> None:
        super().__init__(f"The operation {operation or '(none named)'} is not known.")


class InternalServerException(PersonalizeError):
    status = 500

    def __init__(self, message: str = "The service had an internal error.") -> None:
        super().__init__(message)


class ServiceUnavailableException(PersonalizeError):
    status = 503


#: Codes that any operation may answer, whatever its model declares.
COMMON_ERRORS = frozenset(
    {
        "AccessDeniedException",
        "UnrecognizedClientException",
        "ThrottlingException",
        "ValidationException",
        "UnknownOperationException",
        "InternalServerException",
        "ServiceUnavailableException",
    }
)

_CLASSES: dict[str, type[PersonalizeError]] = {
    cls.__name__: cls
    for cls in (InvalidInputException, ResourceInUseException, LimitExceededException, ValidationException)
}


def error(code: str, message: str) -> PersonalizeError:
    """An error of a code that a switch or a fault names."""
    return _CLASSES.get(code, PersonalizeError)(message, code)


class JobFailure(Exception):
    """Ends a running job as failed; the text becomes its `failureReason`."""


class ReplyLost(Exception):
    """The connection is to be dropped: the operation took effect, but its caller must not learn of it."""

    result = "reply lost"


class ConnectionReset(ReplyLost):
    """The connection is to be dropped before the operation takes effect; its caller cannot tell the two apart."""

    result = "connection reset"
