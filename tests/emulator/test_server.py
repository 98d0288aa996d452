"""The HTTP server, as a client and as a person sees it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local.personalize_emulator import Clock, Emulator, Settings, ThreadedServer, __version__, mock_personalize
from local.personalize_emulator.__main__ import READY, main
from local.personalize_emulator.models import personalize_backends
from local.personalize_emulator.server import Server

from .world import schema_text

ACCOUNT = "000000000000"


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    made = Emulator(Settings(), Clock(start=2_000_000_000))
    monkeypatch.setattr(Emulator, "_current", made)
    yield made
    personalize_backends.clear()


@pytest.fixture
def url(emulator: Emulator) -> Iterator[str]:
    with Server(("127.0.0.1", 0), emulator) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def client(url: str, key: str = "test", service: str = "personalize", region: str = "us-east-1") -> Any:
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key="test", region_name=region)
    return session.client(service, endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))  # type: ignore[call-overload]


def ask(url: str, method: str = "GET", body: Any = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as reply:
        return json.load(reply)


def test_boto3_finds_all_three_services(url: str) -> None:
    api = client(url)
    arn = api.create_dataset_group(name="g")["datasetGroupArn"]
    assert arn == f"arn:aws:personalize:us-east-1:{ACCOUNT}:dataset-group/g"
    with pytest.raises(ClientError) as caught:
        client(url, service="personalize-runtime").get_recommendations(userId="u")
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"
    with pytest.raises(ClientError) as caught:
        client(url, service="personalize-events").put_events(
            trackingId="t", sessionId="s", eventList=[{"eventType": "e", "sentAt": 1}]
        )
    assert "There is no event tracker" in caught.value.response["Error"]["Message"]


def test_account_and_region_come_from_the_signature(url: str) -> None:
    arn = client(url, key="111122223333", region="eu-west-1").create_dataset_group(name="g")["datasetGroupArn"]
    assert arn == "arn:aws:personalize:eu-west-1:111122223333:dataset-group/g"
    assert client(url).list_dataset_groups()["datasetGroups"] == []


def test_region_without_personalize(url: str) -> None:
    with pytest.raises(ClientError, match="not available in region eu-west-2"):
        client(url, region="eu-west-2").list_schemas()


def test_date_and_metadata_are_those_of_the_emulated_service(url: str, emulator: Emulator) -> None:
    emulator.clock.advance(1000)
    metadata = client(url).list_schemas()["ResponseMetadata"]
    assert parsedate_to_datetime(metadata["HTTPHeaders"]["date"]).timestamp() == 2_000_001_000
    assert len(metadata["RequestId"]) == 36


def test_health_state_calls_and_clock(url: str) -> None:
    assert ask(f"{url}/_personalize/health") == {"status": "ok"}
    client(url).create_dataset_group(name="g")
    (group,) = ask(f"{url}/_personalize/state")["resources"]
    assert group == {
        "type": "dataset group",
        "name": "g",
        "arn": f"arn:aws:personalize:us-east-1:{ACCOUNT}:dataset-group/g",
        "status": "CREATE PENDING",
        "updateStatus": None,
        "failureReason": None,
        "creationDateTime": 2_000_000_000,
        "lastUpdatedDateTime": 2_000_000_000,
        "expectedEnd": 2_000_000_060,
    }
    assert ask(f"{url}/_personalize/clock", "POST", {"advance": 10})["now"] == 2_000_000_010
    state = ask(f"{url}/_personalize/state")
    assert (state["now"], state["scale"], state["resources"][0]["status"]) == (2_000_000_010, 0, "CREATE IN_PROGRESS")
    assert ask(f"{url}/_personalize/clock", "POST", {"finish": True})["now"] == 2_000_000_060
    assert ask(f"{url}/_personalize/state")["resources"][0]["status"] == "ACTIVE"
    assert ask(f"{url}/_personalize/clock", "POST", {"scale": 60})["scale"] == 60
    (call,) = ask(f"{url}/_personalize/calls")["calls"]
    assert (call["operation"], call["parameters"], call["result"]) == ("CreateDatasetGroup", {"name": "g"}, "ok")
    assert (call["principal"], call["time"]) == ("test", 2_000_000_000)
    assert (call["arn"], call["name"]) == (group["arn"], "g")


def test_faults_over_http(url: str) -> None:
    faults = [{"effect": "drop", "operation": "CreateSchema"}]
    assert ask(f"{url}/_personalize/faults", "POST", {"faults": faults})["faults"][0]["struck"] == 0
    with pytest.raises(BotoCoreError):
        client(url).create_schema(name="s", schema=schema_text("Users"))
    assert ask(f"{url}/_personalize/faults")["faults"][0]["struck"] == 1
    assert ask(f"{url}/_personalize/faults", "DELETE") == {"faults": []}
    assert [schema["name"] for schema in client(url).list_schemas()["schemas"]] == ["s"]


def test_reset_and_unavailable_over_http(url: str, emulator: Emulator) -> None:
    faults = [
        {"effect": "reset", "operation": "CreateSchema", "lasting": 60},
        {"effect": "unavailable", "operation": "ListSchemas", "lasting": 60},
    ]
    ask(f"{url}/_personalize/faults", "POST", {"faults": faults})
    api = client(url)
    with pytest.raises(BotoCoreError):
        api.create_schema(name="s", schema=schema_text("Users"))
    with pytest.raises(ClientError) as caught:
        api.list_schemas()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    emulator.clock.advance(60)
    assert api.list_schemas()["schemas"] == []
    assert api.create_schema(name="s", schema=schema_text("Users"))


def test_another_person_over_http(url: str, emulator: Emulator) -> None:
    mine, other = client(url), client(url, key="somebody-else")
    arn = mine.create_dataset_group(name="g")["datasetGroupArn"]
    emulator.finish()
    other.delete_dataset_group(datasetGroupArn=arn)
    assert mine.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]["status"] == "DELETE PENDING"
    assert [call["principal"] for call in ask(f"{url}/_personalize/calls")["calls"]] == [
        "test",
        "somebody-else",
        "test",
    ]


def test_reset_over_http(url: str) -> None:
    client(url).create_dataset_group(name="g")
    assert ask(f"{url}/_personalize/reset", "POST", {}) == {"status": "ok"}
    assert client(url).list_dataset_groups()["datasetGroups"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/_personalize/nothing", None, 404),
        ("POST", "/_personalize/clock", {"speed": 2}, 400),
        ("POST", "/_personalize/clock", {"advance": -2}, 400),
        ("POST", "/_personalize/faults", {"faults": [{"effect": "explode"}]}, 400),
        ("POST", "/_personalize/faults", {"faults": [{"effect": "fail", "operation": "CreateCampain"}]}, 400),
        ("POST", "/_personalize/faults", {}, 400),
        ("GET", "/", None, 405),
        ("POST", "/", [], 400),
        ("POST", "/", {}, 400),
    ],
)
def test_requests_that_are_wrong(url: str, method: str, path: str, body: Any, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(url + path, method, body)
    with caught.value as reply:
        assert reply.code == status
        assert json.load(reply)["message"]


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"hello\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n{", b"400"),
        (b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nNaN", b"400"),
    ],
)
def test_what_is_not_http_as_it_should_be(url: str, raw: bytes, status: bytes) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(raw)
        assert connection.recv(4096).startswith(b"HTTP/1.1 " + status)


def test_a_fault_of_the_emulator_itself_is_an_answer(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from local.personalize_emulator import server

    def broken(*_: Any) -> Any:
        raise RuntimeError("oops")

    monkeypatch.setattr(server, "answer", broken)
    with pytest.raises(ClientError, match="The emulator itself failed"):
        client(url).list_schemas()
    assert "oops" in capsys.readouterr().err


def test_many_clients_at_once(url: str) -> None:
    api = client(url)
    api.create_schema(name="s", schema=schema_text("Users"))
    arn = api.list_schemas()["schemas"][0]["schemaArn"]
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                api.describe_schema(schemaArn=arn)
        except BaseException as err:
            failures.append(err)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(ask(f"{url}/_personalize/calls")["calls"]) == 162


# In a thread


def test_threaded_server() -> None:
    with ThreadedServer(Emulator(Settings(durations={"dataset group": 5}))) as server:
        api = client(server.url)
        arn = api.create_dataset_group(name="g")["datasetGroupArn"]
        server.emulator.finish()
        assert api.describe_dataset_group(datasetGroupArn=arn)["datasetGroup"]["status"] == "ACTIVE"
        with pytest.raises(RuntimeError, match="already"):
            server.start()
    with pytest.raises(RuntimeError, match="not been started"):
        _ = server.url
    server.stop()
    assert list(server.emulator.backends()) == []


def test_threaded_server__environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadedServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        session = boto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
        assert session.client("personalize").list_schemas()["schemas"] == []
        with pytest.raises(ClientError, match="Either campaignArn"):
            session.client("personalize-runtime").get_recommendations(userId="u")
        assert [call.operation for call in server.emulator.calls] == ["ListSchemas", "GetRecommendations"]
        assert "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS" in os.environ


def test_threaded_servers_and_mocks_do_not_mix() -> None:
    with ThreadedServer() as one, ThreadedServer() as other, mock_personalize() as mocked:
        first, second = client(one.url), client(other.url)
        first.create_dataset_group(name="one")
        second.create_dataset_group(name="other")
        with mock_personalize():
            assert [g["name"] for g in first.list_dataset_groups()["datasetGroups"]] == ["one"]
        assert [g["name"] for g in second.list_dataset_groups()["datasetGroups"]] == ["other"]
        assert list(mocked.calls) == []


# The command


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local.personalize_emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(process: subprocess.Popen[str]) -> str:
    """Where the server listens, from the line that says that it does."""
    assert process.stdout is not None
    match = re.match(rf"{READY}(http://[\d.]+:\d+), ", process.stdout.readline())
    assert match is not None
    return match[1]


def test_command__version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"personalize-emulator {__version__}\n"


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--port", "-1"], ["--scale", "-1"], ["--scale", "nan"]])
def test_command__wrong_numbers_are_named(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert f"argument {wrong[0]}: " in capsys.readouterr().err


@pytest.mark.parametrize("signal_sent", [signal.SIGTERM, signal.SIGINT])
def test_command__ends_in_order_when_told_to(signal_sent: signal.Signals) -> None:
    # Where the tests run in the background of a script, what they start would inherit that Ctrl-C is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with start("--port", "0") as process:
        signal.signal(signal.SIGINT, before)
        try:
            client(ready(process)).create_dataset_group(name="g")
            process.send_signal(signal_sent)
            assert process.wait(10) == 0
        finally:
            process.kill()
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_command__takes_settings_and_faults_from_a_file(tmp_path: Path) -> None:
    config = tmp_path / "emulator.toml"
    config.write_text(
        '[durations]\n"dataset group" = 7\n[quotas]\n"dataset groups" = 6\n'
        '[[faults]]\neffect = "internal"\noperation = "ListSchemas"\n'
    )
    with start("--port", "0", "--scale", "0", "--config", str(config)) as process:
        try:
            assert process.stdout is not None
            url = ready(process)
            client(url).create_dataset_group(name="g")
            (group,) = ask(f"{url}/_personalize/state")["resources"]
            assert group["expectedEnd"] - group["creationDateTime"] == pytest.approx(7)
            assert ask(f"{url}/_personalize/faults")["faults"][0]["effect"] == "internal"
            for number in range(5):
                client(url).create_dataset_group(name=f"more-{number}")
            with pytest.raises(ClientError, match="More than 6 resources"):
                client(url).create_dataset_group(name="one-too-many")
        finally:
            process.terminate()
            process.wait()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"scale": 3}', "Unknown setting"),
        ('{"switches": {"x": 1}}', "Unknown switches"),
        ('{"quotas": {"x": 1}}', "Unknown quota"),
        ('{"durations": {"x": 1}}', "Unknown duration"),
        ('{"faults": [{"effect": "x"}]}', "one of"),
        ("[]", "one table"),
        ("{", "Expecting"),
    ],
)
def test_command__wrong_settings_are_named(tmp_path: Path, text: str, message: str, capsys: Any) -> None:
    config = tmp_path / "emulator.json"
    config.write_text(text)
    assert main(["--config", str(config)]) == 2
    assert message in capsys.readouterr().err


def test_command__port_taken(emulator: Emulator, url: str, capsys: Any) -> None:
    assert main(["--port", url.rpartition(":")[2]]) == 1
    assert "cannot listen" in capsys.readouterr().err
