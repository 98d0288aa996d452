"""The commands: what they find from before, and how they tell what is wrong."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import commands, mirrors, servers, state, terraform, uploads
from local.__main__ import main
from local.errors import LocalError, RunFailed, TerraformFailed
from local.processes import command, free_port
from local.runs import Watcher
from local.servers import Server, Stack
from local.state import Remembered


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A place for the runner's own files."""
    place = tmp_path / ".local"
    monkeypatch.setattr(terraform, "FOLDER", place)
    monkeypatch.setattr(state, "FOLDER", place)
    monkeypatch.setattr(state, "FILE", place / "stack.json")
    monkeypatch.setattr(commands, "WORK", place / "terraform")
    return place


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Stack]:
    """Two processes that pass for servers."""
    modules = ("local.ministack", "local.personalize_emulator")
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    running = [subprocess.Popen([*sleep, module], start_new_session=True) for module in modules]
    aws, personalize = (
        Server(module, module, 1, process.pid, tmp_path) for module, process in zip(modules, running, strict=True)
    )
    yield Stack(aws, personalize, 60)
    for process in running:
        process.kill()
        process.wait()


OUTPUTS: dict[str, Any] = {"bucket_name": "b", "params_file": "params.json"}


def test_what_is_remembered_is_read_back(live: Stack) -> None:
    state.write(Remembered(live, os.getpid(), OUTPUTS))
    assert state.read() == Remembered(live, os.getpid(), OUTPUTS)
    assert state.running().outputs == OUTPUTS


@pytest.mark.parametrize("text", ["", "{", "{}", '{"stack": {}}', '{"stack": {"aws": {"colour": "red"}}}'])
def test_an_unreadable_state_counts_as_none(folder: Path, text: str) -> None:
    folder.mkdir()
    state.FILE.write_text(text)
    assert state.read() is None


def test_servers_of_a_killed_run_are_not_a_running_stack(live: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    state.write(Remembered(live, 999_999_999))
    assert main(["status"]) == 1
    assert capsys.readouterr().err.strip() == (
        "The local stack is not running. Start it with `make run`, or `python -m local up` without a run."
    )


def test_what_a_killed_run_left_is_cleared_away_first(
    live: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state.write(Remembered(live, 999_999_999))
    (folder / "terraform").mkdir()
    (folder / "terraform" / "terraform.tfstate").touch()
    monkeypatch.setenv("PATH", "/no/such/place:/bin:/usr/bin:/sbin")
    monkeypatch.setattr("shutil.which", lambda name, path=None: None)
    assert main(["up"]) == 1
    shown = capsys.readouterr()
    assert "Clearing away what a run before this one left" in shown.out
    assert "Terraform 1.11.4 or newer is needed" in shown.err
    assert not any(server.is_running() for server in live.servers)
    assert state.read() is None
    assert not (folder / "terraform" / "terraform.tfstate").exists()


def test_a_stack_that_is_being_set_up_is_left_alone(live: Stack) -> None:
    setting_up = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "-m", "local", "run"])
    state.write(Remembered(live, setting_up.pid))
    try:
        with pytest.raises(LocalError, match=f"is being set up by process {setting_up.pid}"):
            commands.up(60, 1, 2)
        assert all(server.is_running() for server in live.servers)
    finally:
        setting_up.kill()
        setting_up.wait()


def test_a_running_stack_keeps_its_speed(live: Stack) -> None:
    state.write(Remembered(live, os.getpid(), OUTPUTS))
    with pytest.raises(LocalError, match="runs already, 60 times as fast as real time"):
        commands.up(100, 1, 2)


def test_a_taken_port_is_told_with_its_option(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terraform, "find", lambda: terraform.Terraform("terraform", (1, 11, 4), tmp_path, {}))
    port = free_port()
    with socket_on(port):
        assert main(["run", "--aws-port", str(port)]) == 1
    told = capsys.readouterr().err.strip()
    assert told.startswith(f"Port {port}, where MiniStack is to listen, is taken by process {os.getpid()}")
    assert told.endswith("choose another port with --aws-port or LOCAL_AWS_PORT.")
    assert "\n" not in told
    assert state.read() is None


def socket_on(port: int) -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", port))
    listening.listen()
    return listening


def test_no_provider_is_told_and_nothing_is_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(mirrors.SETTING, str(tmp_path))
    assert main(["run"]) == 1
    assert "TF_PROVIDER_MIRROR is" in capsys.readouterr().err
    assert state.read() is None


def test_a_failed_apply_leaves_nothing_running(monkeypatch: pytest.MonkeyPatch, live: Stack) -> None:
    def fail(*_: object) -> None:
        raise TerraformFailed("terraform apply failed")

    found = terraform.Terraform("terraform", (1, 11, 4), None, {})
    monkeypatch.setattr(terraform, "find", lambda: found)
    monkeypatch.setattr(found, "apply", fail)
    monkeypatch.setattr(servers, "start_stack", lambda *_: live)
    with pytest.raises(TerraformFailed):
        commands.run(60, free_port(), free_port())
    assert not any(server.is_running() for server in live.servers)
    assert state.read() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_what_was_started(live: Stack, tmp_path: Path, number: signal.Signals) -> None:
    """In a process of its own, as Ctrl-C finds it: while Terraform applies."""
    script = tmp_path / "interrupted.py"
    script.write_text(f"""
import os, signal, sys, time
from pathlib import Path
from local import commands, servers, state, terraform
from local.__main__ import main
from local.servers import Server, Stack
folder = Path({str(tmp_path)!r}) / ".local"
terraform.FOLDER = state.FOLDER = folder
state.FILE, commands.WORK = folder / "stack.json", folder / "terraform"
stack = Stack(*(Server(m, m, 1, pid, folder) for m, pid in {[(s.module, s.pid) for s in live.servers]!r}), 60)
class Applying:
    version = provider_source = "fake"
    def apply(self, *_):
        os.kill(os.getpid(), {int(number)})
        time.sleep(10)
terraform.find = Applying
servers.start_stack = lambda *_: stack
signal.signal(signal.SIGINT, signal.default_int_handler)  # in a shell's background it is ignored from the start
sys.exit(main(["run", "--aws-port", "{free_port()}", "--personalize-port", "{free_port()}"]))
""")
    environment = {**os.environ, "PYTHONPATH": str(servers.ROOT)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr.strip()) == (130, "Interrupted.")
    assert "Stopping what was started" in done.stdout
    assert not any(server.is_running() for server in live.servers)


def test_down_stops_and_forgets(live: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    state.write(Remembered(live, os.getpid(), OUTPUTS))
    assert main(["down"]) == 0
    assert not any(command(server.pid) for server in live.servers)
    assert main(["down"]) == 0
    assert "Nothing is running." in capsys.readouterr().out


def test_a_server_that_is_gone_is_told_with_its_log(tmp_path: Path) -> None:
    gone = Server("MiniStack", "local.ministack", free_port(), 999_999_999, tmp_path / "ministack.log")
    with pytest.raises(RunFailed, match=r"The local stack no longer answers: .*ministack\.log"):
        Watcher(Stack(gone, gone, 60), OUTPUTS).look("arn:aws:states:us-east-1:000000000000:execution:m:e")


def test_a_python_without_the_packages_is_told() -> None:
    bare = subprocess.run(
        [sys.executable, "-S", "-m", "local", "run"], cwd=servers.ROOT, capture_output=True, text=True
    )
    assert bare.returncode == 1
    assert bare.stderr.startswith("This Python has no ")
    assert "\n" not in bare.stderr.strip()


def test_another_python_or_machine_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    with pytest.raises(LocalError, match=r"functions run on Python 3\.11 to 3\.13"):
        commands.check_machine()
    monkeypatch.undo()
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(LocalError, match="Linux on riscv64.*use a Linux container"):
        commands.check_machine()


def test_a_wrong_setting_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LOCAL_SCALE", "fast")
    with pytest.raises(SystemExit) as raised:
        main(["run"])
    assert raised.value.code == 2
    assert "argument --scale: invalid float value: 'fast'" in capsys.readouterr().err


class Bucket:
    """An S3 client that notes what is uploaded."""

    def __init__(self) -> None:
        self.keys: list[str] = []

    def upload_file(self, file: str, bucket: str, key: str) -> None:
        self.keys.append(key)


def test_a_folder_is_uploaded_as_it_lies(tmp_path: Path) -> None:
    for name in ("Users/u.csv", "Interactions/a b/ü.csv", "Users/.DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert uploads.upload(Bucket(), "b", tmp_path) == ["Interactions/a b/ü.csv", "Users/u.csv"]
    assert uploads.upload(Bucket(), "b", tmp_path, "shop/") == ["shop/Interactions/a b/ü.csv", "shop/Users/u.csv"]
    assert uploads.upload(Bucket(), "b", tmp_path / "Users/u.csv") == ["u.csv"]
    assert uploads.upload(Bucket(), "b", tmp_path / "Users/u.csv", "x/params.json") == ["x/params.json"]
    with pytest.raises(RunFailed, match="nothing to upload"):
        uploads.upload(Bucket(), "b", tmp_path / "no")


def test_terraform_is_run_with_its_own_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    class Found:
        def run(self, *arguments: str) -> int:
            asked.append(arguments)
            return 3

    monkeypatch.setattr(terraform, "find", Found)
    assert main(["terraform", "--", "test", "-verbose"]) == 3
    assert asked == [("test", "-verbose")]


def test_the_state_is_json_that_a_person_can_read(live: Stack) -> None:
    state.write(Remembered(live, os.getpid(), OUTPUTS))
    assert json.loads(state.FILE.read_text())["stack"]["aws"]["pid"] == live.aws.pid
