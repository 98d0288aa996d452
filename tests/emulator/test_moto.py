"""The emulator behind moto's own ways in: the decorator and the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.server import ThreadedMotoServer

from local.personalize_emulator import LIKE_MOTO, Emulator, registered
from local.personalize_emulator.models import personalize_backends

from .world import client, refused


@pytest.fixture(autouse=True)
def in_place_of_motos_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    emulator = Emulator()
    monkeypatch.setattr(Emulator, "_current", emulator)
    with registered():
        yield emulator
    personalize_backends.clear()


@mock_aws
def test_decorator(in_place_of_motos_own: Emulator) -> None:
    api = client("personalize")
    arn = api.create_dataset_group(name="g")["datasetGroupArn"]
    in_place_of_motos_own.finish()
    assert api.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]["status"] == "ACTIVE"


@mock_aws
def test_decorator__starts_empty() -> None:
    assert client("personalize").list_dataset_groups()["datasetGroups"] == []


def test_server() -> None:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1")

        def at_server(service: str) -> Any:
            return session.client(service, endpoint_url=f"http://{host}:{port}")  # type: ignore[call-overload]

        answer = at_server("personalize").create_dataset_group(name="g")
        assert answer["datasetGroupArn"].endswith(":123456789012:dataset-group/g")
        assert answer["ResponseMetadata"]["HTTPHeaders"]["date"].count("GMT") == 1
        runtime = at_server("personalize-runtime")
        with pytest.raises(runtime.exceptions.InvalidInputException, match="Either campaignArn"):
            runtime.get_recommendations(userId="u")
    finally:
        server.stop()


# What moto's own tests of Personalize ask for, operation by operation


@pytest.fixture
def like_moto() -> Iterator[Any]:
    with registered(LIKE_MOTO), mock_aws():
        yield client("personalize", "us-east-2")


@pytest.mark.parametrize("text", ["sth", '"sth"'])
@pytest.mark.parametrize("more", [{}, {"domain": "ECOMMERCE"}])
def test_like_moto__any_text_is_a_schema(like_moto: Any, text: str, more: dict[str, str]) -> None:
    arn = like_moto.create_schema(name="s", schema=text, **more)["schemaArn"]
    assert arn == "arn:aws:personalize:us-east-2:123456789012:schema/s"
    shown = like_moto.describe_schema(schemaArn=arn)["schema"]
    assert {key: shown[key] for key in ("name", "schema", *more)} == {"name": "s", "schema": text, **more}
    (listed,) = like_moto.list_schemas()["schemas"]
    assert "schema" not in listed
    assert {"name", "schemaArn", "creationDateTime", "lastUpdatedDateTime"} <= set(listed)
    like_moto.delete_schema(schemaArn=arn)
    assert like_moto.list_schemas()["schemas"] == []


def test_like_moto__unknown_schemas(like_moto: Any) -> None:
    arn = "arn:aws:personalize:ap-southeast-1:111122223333:schema/s"
    for call in (like_moto.describe_schema, like_moto.delete_schema):
        with refused("ResourceNotFoundException", f"Resource Arn {arn} does not exist."):
            call(schemaArn=arn)


@mock_aws
def test_by_default_a_schema_is_one() -> None:
    with refused("InvalidInputException", "not valid JSON"):
        client("personalize").create_schema(name="s", schema="sth")
