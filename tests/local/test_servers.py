"""Starting and stopping the two servers."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import servers
from local.errors import PortTaken, ServerFailed
from local.processes import HOST, command, end_group, is_taken
from local.servers import Server
from tests.local.emulated_aws import wait_until


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_both_servers_start_know_of_each_other_and_stop(tmp_path: Path) -> None:
    with servers.stack(scale=1000, logs=tmp_path) as running:
        for server in running.servers:
            assert server.is_running()
            assert HOST in server.url
        assert urllib.request.urlopen(f"{running.personalize.url}/_personalize/health").status == 200
        environment = Path(f"/proc/{running.aws.pid}/cmdline").read_text()
        assert running.personalize.url in environment
        assert sorted(log.name for log in tmp_path.iterdir()) == ["ministack.log", "personalize_emulator.log"]
    for server in running.servers:
        assert not server.is_running()
        assert not is_taken(server.port)


def test_a_taken_port_is_told_with_who_has_it(taken_port: int) -> None:
    with pytest.raises(PortTaken) as raised:
        servers.check_port("MiniStack", taken_port, "Choose another port with --aws-port.")
    message = str(raised.value)
    assert message.startswith(f"Port {taken_port}, where MiniStack is to listen, is taken by process {os.getpid()} (")
    assert message.endswith("Choose another port with --aws-port.")


def test_a_server_is_not_started_on_a_taken_port(taken_port: int, tmp_path: Path) -> None:
    with pytest.raises(PortTaken), servers.ministack(port=taken_port, logs=tmp_path):
        pass


def test_when_one_server_fails_neither_is_left(tmp_path: Path) -> None:
    with pytest.raises(ServerFailed) as raised:
        servers.start_stack(logs=tmp_path, personalize_arguments=["--no-such-option"])
    message = str(raised.value)
    assert message.startswith("Personalize emulator ended with status 2. The end of its log, ")
    assert "--no-such-option" in message
    listed = subprocess.run(["ps", "-A", "-o", "ppid=,args="], capture_output=True, text=True).stdout
    mine = [line for line in listed.splitlines() if line.split()[0] == str(os.getpid())]
    assert not [line for line in mine if str(tmp_path) in line or "start_stack" in line]


def test_a_later_process_with_its_number_is_not_the_server(tmp_path: Path) -> None:
    reused = Server("MiniStack", "local.ministack.of.old", 1, os.getpid(), tmp_path)
    assert not reused.is_running()
    reused.stop()  # and is left alone


def test_a_group_ends_whole_even_if_it_will_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.processes._GRACE", 0.3)
    stubborn = "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    child = f"subprocess.Popen([sys.executable, '-c', {stubborn + 'time.sleep(60)'!r}]); "
    process = subprocess.Popen(
        [sys.executable, "-c", f"{stubborn}{child}print('up', flush=True); time.sleep(60)"],
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    end_group(process.pid)
    process.returncode = 0
    process.stdout.close()
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True).stdout
    alive = [line.split() for line in listed.splitlines()]
    assert not [pgid for pgid, stat in alive if pgid == str(process.pid) and not stat.startswith("Z")]


def test_servers_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import pathlib, time; from local.servers import stack\n"
        f"with stack(logs=pathlib.Path({str(tmp_path)!r})) as running:\n"
        " print(*(server.pid for server in running.servers), flush=True)\n"
        " time.sleep(60)\n"
    )
    killed = subprocess.Popen([sys.executable, "-c", script], cwd=servers.ROOT, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    pids = [int(pid) for pid in killed.stdout.readline().split()]
    killed.kill()
    killed.communicate()
    assert len(pids) == 2
    wait_until(lambda: not any(command(pid) for pid in pids), 8)


def test_a_server_gets_nothing_of_the_developers_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    with servers.ministack(logs=tmp_path) as server:
        assert "AWS_PROFILE" not in Path(f"/proc/{server.pid}/environ").read_text()
