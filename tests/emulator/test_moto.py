"""The emulator behind moto's own ways in: the decorator and the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.server import ThreadedMotoServer

from local.personalize_emulator import Emulator, registered
from local.personalize_emulator.models import personalize_backends

from .world import client


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
