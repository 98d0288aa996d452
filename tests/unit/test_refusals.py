"""What a refusal says decides how long it is worth waiting for, and whether the call may have taken effect."""

from __future__ import annotations

from typing import Any

import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from pipeline.engine.patience import PROPAGATION, is_passing, understand

from .conftest import ENVIRONMENT

LONG = float(ENVIRONMENT["PATIENCE_SECONDS"])
FINAL = 0.0
LIMIT = "LimitExceededException"


def refusal(code: str, message: str = "No.", status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "CreateCampaign")


@pytest.mark.parametrize(
    ("code", "message", "patience"),
    [
        # Request rates: botocore's service model, and what AWS's services say.
        (LIMIT, "Rate exceeded", LONG),
        (LIMIT, "The limit on the number of requests per second has been exceeded.", LONG),
        ("ThrottlingException", "Rate exceeded", LONG),
        ("TooManyRequestsException", "Too Many Requests", LONG),
        # What runs at the same time: Developer Guide, "Common error messages".
        (LIMIT, "More than 5 resources with PENDING or IN_PROGRESS status.", LONG),
        (LIMIT, "More than 20 solution versions in PENDING or IN_PROGRESS state. Please delete some.", LONG),
        (LIMIT, "Maximum number of concurrent trainings reached.", LONG),
        (LIMIT, "A limit that nobody has told us of.", LONG),
        ("ResourceInUseException", "The dataset group is in use.", LONG),
        ("SomethingNewException", "Nobody knows of it.", PROPAGATION),
        # What exists.
        (LIMIT, "More than 5 resources in ACTIVE state. Please delete some and try again.", FINAL),
        (LIMIT, "You have reached the maximum number of campaigns.", FINAL),
        (LIMIT, "The maximum number of active schemas is 500.", FINAL),
        (LIMIT, "The dataset group already has an event tracker.", FINAL),
        # The request itself.
        ("InvalidInputException", "Filter expression is malformed.", FINAL),
        ("ValidationException", "1 validation error detected", FINAL),
        ("TooManyTagsException", "At most 50.", FINAL),
        # Rights and resources made moments ago.
        ("InvalidInputException", "Insufficient privileges for accessing data in S3.", PROPAGATION),
        ("InvalidInputException", "insufficient privileges", PROPAGATION),
        ("AccessDeniedException", "User is not authorized to perform: iam:PassRole", PROPAGATION),
        ("ResourceNotFoundException", "The schema does not exist.", PROPAGATION),
        ("ResourceAlreadyExistsException", "Another resource with this name exists.", PROPAGATION),
    ],
)
def test_a_refusal_is_waited_for_by_what_it_says(code: str, message: str, patience: float) -> None:
    found = understand(refusal(code, message))
    assert found.patience == patience
    assert found.is_final == (patience == FINAL)
    assert message in found.message
    assert not found.may_have_happened  # it was refused
    assert is_passing(refusal(code, message)) == (patience == LONG)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_fault_of_the_service_passes_and_may_have_taken_effect(status: int) -> None:
    found = understand(refusal("InvalidInputException", "Even so.", status))
    assert (found.patience, found.may_have_happened) == (LONG, True)


@pytest.mark.parametrize(
    "error",
    [
        exceptions.EndpointConnectionError(endpoint_url="https://personalize"),
        exceptions.ConnectionClosedError(endpoint_url="https://personalize"),
        exceptions.ReadTimeoutError(endpoint_url="https://personalize"),
        exceptions.ConnectTimeoutError(endpoint_url="https://personalize"),
        exceptions.HTTPClientError(error="broken pipe"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_call_without_an_answer_passes_and_may_have_taken_effect(error: Exception) -> None:
    found = understand(error)
    assert (found.patience, found.may_have_happened) == (LONG, True)
    assert is_passing(error)


def test_what_botocore_itself_refuses_is_final_and_has_not_happened() -> None:
    error = exceptions.ParamValidationError(report="Unknown parameter")
    found = understand(error)
    assert (found.is_final, found.may_have_happened) == (True, False)
    assert "Unknown parameter" in found.message


def test_a_refusal_without_a_text_is_told_by_its_code() -> None:
    assert understand(refusal("ThrottlingException", "")).message == "ThrottlingException"


def test_a_fault_of_ours_is_no_refusal() -> None:
    with pytest.raises(KeyError):
        understand(KeyError("typo"))
    assert not is_passing(KeyError("typo"))
