"""The questions to a real account, rehearsed against the emulator."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name

from local.personalize_emulator import Emulator, Fault, Settings, Switches, mock_personalize, questions
from local.personalize_emulator.__main__ import main
from local.personalize_emulator.questions import STAGES, Inquiry, Stage, inquire
from local.personalize_emulator.service_model import SERVICES, operations

ROLE = "arn:aws:iam::123456789012:role/Personalize"
WHOLE = ["ask", "--rehearse", "--stages", "free,import,training"]


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("questions") / "calls.jsonl"
    assert main([*WHOLE, "--output", str(path)]) == 0
    return path


def test_the_whole_can_be_rehearsed_and_replays_clean(rehearsed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(rehearsed)]) == 0, capsys.readouterr().out
    assert " 0 differ, 0 not compared" in capsys.readouterr().out


def test_a_rehearsal_of_another_service_differs_where_it_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "calls.jsonl"
    switches = Switches(second_event_tracker_error="LimitExceededException", not_found_text="No {arn}.")
    with mock_personalize(Settings(switches=switches)) as emulator:
        assert inquire(path, [STAGES["free"]], session(), lambda seconds: advance(emulator, seconds)) == 0
    assert "second_event_tracker_error (create_event_tracker): LimitExceededException: " in capsys.readouterr().out
    assert main(["replay", str(path)]) == 1
    told = capsys.readouterr().out
    assert 'class: recorded "LimitExceededException", emulated "ResourceAlreadyExistsException"' in told
    assert 'message: recorded "No arn:aws:personalize:us-east-1:' in told


def session() -> Any:
    return boto3.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")


def advance(emulator: Emulator, seconds: float) -> None:
    emulator.clock.advance(seconds)


def left(emulator: Emulator) -> list[str]:
    return [f"{r['type']} {r['name']}" for r in emulator.state()["resources"]]


def test_nothing_is_left_and_nothing_else_is_touched(tmp_path: Path) -> None:
    with mock_personalize() as emulator:
        session().client("personalize").create_dataset_group(name="mine")
        s3 = session().client("s3")
        s3.create_bucket(Bucket="shop")
        s3.put_object(Bucket="shop", Key="mine.csv", Body=b"")
        stages = list(STAGES.values())
        path = tmp_path / "calls.jsonl"
        assert inquire(path, stages, session(), lambda seconds: advance(emulator, seconds), "shop", ROLE) == 0
        assert left(emulator) == ["dataset group mine"]
        assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="shop")["Contents"]] == ["mine.csv"]
    assert "mine" not in path.read_text()


def interrupted(inquiry: Inquiry) -> None:
    inquiry.make("create_dataset_group", name=f"{inquiry.name}-group")
    raise KeyboardInterrupt


def test_what_an_interrupted_run_made_is_deleted(tmp_path: Path) -> None:
    with mock_personalize() as emulator, pytest.raises(KeyboardInterrupt):
        stages = [Stage("broken", interrupted, 1)]
        inquire(tmp_path / "calls.jsonl", stages, session(), lambda seconds: advance(emulator, seconds))
    assert [call.result for call in emulator.calls if call.operation == "DeleteDatasetGroup"] == ["ok"]


def test_what_will_not_go_is_said_and_can_be_deleted_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mock_personalize() as emulator:
        emulator.faults.add(Fault("error", "DeleteDatasetGroup", code="AccessDeniedException", reason="No."))
        act = Stage("one", lambda inquiry: void(inquiry.make("create_dataset_group", name=inquiry.name)), 1)
        path = tmp_path / "calls.jsonl"
        assert inquire(path, [act], session(), lambda seconds: advance(emulator, seconds)) == 1
        (resource,) = left(emulator)
        name = resource.removeprefix("dataset group ")
        assert f"LEFT BEHIND: arn:aws:personalize:us-east-1:123456789012:dataset-group/{name}: " in (
            capsys.readouterr().err
        )
        emulator.faults.clear()
        assert inquire(path, [], session(), lambda seconds: advance(emulator, seconds), only_clean_up=name) == 0
        assert left(emulator) == []


def void(_: object) -> None:
    return None


def test_the_cost_is_told_and_agreed_to_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: "no")
    monkeypatch.setattr(questions, "inquire", lambda *_, **__: pytest.fail("asked"))
    assert main(["ask", "--stages", "free,training", "--bucket", "b", "--role-arn", ROLE]) == 2
    told = capsys.readouterr().out
    assert "free: about 10 minutes; costs nothing" in told
    assert "training: 3 x 0.24 dollars a training hour = 0.72 dollars" in told
    assert "import: about" in told, "a training needs its data"
    assert "0.92 dollars." in told
    assert "26 Nov 2026, us-east-1" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--stages", "all"], "no stage ['all']"),
        (["--stages", "import"], "need --bucket"),
        (["--clean-up", "shop"], "is not what a run is called"),
    ],
)
def test_what_it_cannot_begin_with(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_every_switch_that_a_question_names_exists() -> None:
    words = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', inspect.getsource(questions).partition("# The command")[0]))
    calls = {xform_name(operation) for service in SERVICES for operation in operations(service)}
    assert words - calls - set(Switches.__dataclass_fields__) == set()
