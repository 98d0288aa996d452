"""Nothing that somebody named or stored is in a recording, whatever it looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

from local.personalize_emulator.redaction import KEPT, KEYS_KEPT, Redactor
from local.personalize_emulator.service_model import SERVICES, Operation, operations
from local.personalize_emulator.validation import problems

ALL = [operation for service in SERVICES for operation in operations(service).values()]
ACCOUNT = "998877665544"
ARN = f"arn:aws:personalize:eu-west-1:{ACCOUNT}:"

#: Short texts occur by chance in stand-ins, so secrets have some length; else they may be anything.
plain = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=8, max_size=60)
secrets = plain.map(lambda text: f"Zq{text}") | st.text(min_size=8).map(lambda text: f"Zq{text}").filter(
    lambda text: not text.startswith(("arn:", "s3://"))
)


def filled(shape: Shape | None, secret: str, name: str = "", depth: int = 0) -> Any:
    """A value of the shape in which every free text is the secret, or has it."""
    if isinstance(shape, StructureShape):
        members = shape.members.items()
        return {key: filled(member, secret, key, depth + 1) for key, member in members} if depth < 6 else {}
    if isinstance(shape, ListShape):
        return [filled(shape.member, secret, name, depth + 1)]
    if isinstance(shape, MapShape):
        key = "KIND" if name in KEYS_KEPT or name in KEPT else filled(shape.key, secret, name, depth + 1)
        return {key: filled(shape.value, secret, name, depth + 1)}
    if isinstance(shape, StringShape):
        if shape.enum or name in KEPT:
            return shape.enum[0] if shape.enum else "1"
        if shape.serialization.get("jsonvalue"):
            return {"price": 77.25, "tags": [secret, None, True], "inner": {"who": secret}}
        return {
            "filterExpression": f'INCLUDE ItemID WHERE Items.KIND IN ("{secret}", $KIND) | {secret}',
            "schema": json.dumps({"type": "record", "name": "Users", "fields": [], "doc": secret}),
            "path": f"s3://{secret}/{secret}/x.csv",
            "dataLocation": f"s3://{secret}/",
        }.get(name, f"{ARN}campaign/{secret}" if name.endswith("Arn") else secret)
    return {"boolean": True, "timestamp": 1_712_345_678.5}.get(shape.type_name if shape else "", 77)


@pytest.mark.parametrize("operation", ALL, ids=lambda operation: operation.name)
@settings(max_examples=25)
@given(secret=secrets)
def test_no_secret_is_left(operation: Operation, secret: str) -> None:
    redactor = Redactor(b"key")
    request = redactor.request(operation, filled(operation.input_shape, secret))
    response = redactor.response(operation, filled(operation.model.output_shape, secret))
    left = json.dumps([request, response], ensure_ascii=False)
    assert secret not in left
    assert json.dumps(secret)[1:-1] not in left
    assert ACCOUNT not in left
    assert "77.25" not in left


@given(secret=plain.map(lambda text: f"Zq{text}"))
def test_texts_of_errors_do_not_repeat_what_was_sent(secret: str) -> None:
    redactor = Redactor()
    create = operations("personalize")["CreateDatasetImportJob"]
    redactor.request(create, {"jobName": secret, "dataSource": {"dataLocation": f"s3://{secret}/a.csv"}})
    for text in (
        f"{secret} is no name.",
        f"Resource {ARN}dataset-import-job/{secret} is in use.",
        f"Nothing lies at s3://{secret}/a.csv.",
        f"Account {ACCOUNT} may not; ask {secret}@example.com.",
    ):
        told = redactor.text(text)
        assert secret not in told
        assert ACCOUNT not in told


@pytest.mark.parametrize("quotes", ['"{}"', "'{}'", "`{}`"])
@given(secret=plain.filter(str.isalnum))
def test_texts_of_errors_quote_nothing_that_was_never_sent(quotes: str, secret: str) -> None:
    assert f"Zq{secret}" not in Redactor().text(f"Row 7 has the value {quotes.format(f'Zq{secret}')}.")


KEPT_TEXTS = [
    "More than 5 resources with PENDING or IN_PROGRESS status.",
    "1 validation error detected: Value null at 'datasetGroupArn' failed to satisfy: Member must not be null",
    "The given recipe does not exist: arn:aws:personalize:::recipe/aws-hrnn",
    "Dataset has fewer than 25 users with at least 2 interactions each",
]


@pytest.mark.parametrize("text", KEPT_TEXTS)
def test_texts_without_values_stay_as_they_are(text: str) -> None:
    assert Redactor().text(text) == text


NAME = operations("personalize")["CreateSchema"].input_shape.members["name"]  # type: ignore[union-attr]


@given(text=st.text(max_size=80))
def test_what_the_model_refuses_is_refused_as_a_stand_in_too(text: str) -> None:
    stand_in = Redactor(b"key").name(text, NAME)
    assert bool(list(problems(NAME, text))) == bool(list(problems(NAME, stand_in)))


@given(one=plain, other=plain)
def test_equal_names_have_equal_stand_ins_and_others_do_not(one: str, other: str) -> None:
    redactor = Redactor()
    assert (redactor.name(one) == redactor.name(other)) == (one == other)
    assert redactor.arn(f"{ARN}campaign/{one}") == redactor.arn(f"{ARN}campaign/{one}")
    assert redactor.arn(f"{ARN}campaign/{one}").rpartition("/")[2] == redactor.name(one)


def test_stand_ins_of_two_recordings_go_together_only_with_one_key() -> None:
    assert Redactor().name("shop") != Redactor().name("shop")
    assert Redactor(b"key").name("shop") == Redactor(b"key").name("shop")


def test_what_is_the_services_own_is_kept() -> None:
    redactor = Redactor()
    for own in ("arn:aws:personalize:::recipe/aws-sims", "arn:aws:personalize:::algorithm/aws-sims"):
        assert redactor.arn(own) == own
    latest = redactor.arn(f"{ARN}solution/shop/$LATEST")
    assert latest.endswith(f":solution/{redactor.name('shop')}/$LATEST")
    assert redactor.arn(f"{ARN}dataset/shop/INTERACTIONS").endswith("/INTERACTIONS")
    expression = (
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase", "*") | INCLUDE ItemID WHERE Items.A > $MIN'
    )
    create = operations("personalize")["CreateFilter"]
    assert redactor.request(create, {"filterExpression": expression}) == {"filterExpression": expression}


def test_numbers_in_filters_keep_their_kind() -> None:
    create = operations("personalize")["CreateFilter"]
    text = "INCLUDE ItemID WHERE Items.PRICE > 123456 AND Items.PRICE < 98.75"
    redacted = Redactor().request(create, {"filterExpression": text})["filterExpression"]
    assert "123456" not in redacted and "98.75" not in redacted
    assert redacted.endswith(".5")


def test_schemas_that_are_only_schemas_stay_letter_by_letter() -> None:
    create = operations("personalize")["CreateSchema"]
    text = '{"type":  "record", "name": "Users", "fields": [{"name": "USER_ID", "type": "string"}], "version": "1.0"}'
    assert Redactor().request(create, {"schema": text}) == {"schema": text}
