"""The view of a run."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from local import steps, watch
from local.runs import Moment

GROUP = {"type": "dataset group", "name": "shop", "arn": "g", "creationDateTime": 0.0, "lastUpdatedDateTime": 0.0}
CAMPAIGN = {"type": "campaign", "name": "c", "arn": "c", "creationDateTime": 0.0, "lastUpdatedDateTime": 600.0}


def resource(base: dict[str, Any], status: str | None, **more: Any) -> dict[str, Any]:
    return {**base, "status": status, "updateStatus": None, "failureReason": None, "expectedEnd": None, **more}


def moment(status: str, *resources: dict[str, Any], now: float = 0.0) -> Moment:
    return Moment(status, ["Train and Deploy"], list(resources), now, now / 60, now)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is printed where there is no terminal."""
    output = io.StringIO()
    console = Console(file=output, force_terminal=False, soft_wrap=True, width=200)
    monkeypatch.setattr(watch, "console", console)
    monkeypatch.setattr(steps, "console", console)
    monkeypatch.setattr(watch, "_LOOK_SECONDS", 0)
    yield output


def test_without_a_terminal_each_change_is_a_line(shown: io.StringIO) -> None:
    failed = resource(CAMPAIGN, "CREATE FAILED", failureReason="no")
    moments = iter(
        [
            moment("RUNNING", resource(GROUP, "CREATE PENDING")),
            moment("RUNNING", resource(GROUP, "CREATE PENDING"), now=30),
            moment("RUNNING", resource(GROUP, "ACTIVE"), now=60),
            moment("FAILED", resource(GROUP, "ACTIVE"), failed, now=90),
        ]
    )
    assert watch.watch(lambda: next(moments)).status == "FAILED"
    assert [line.strip() for line in shown.getvalue().splitlines()] == [
        "0 s here, 0 s emulated  dataset group shop: CREATE PENDING",
        "1 s here, 1 min 00 s emulated  dataset group shop: CREATE PENDING -> ACTIVE",
        "2 s here, 1 min 30 s emulated  campaign c: CREATE FAILED: no",
        "2 s here, 1 min 30 s emulated  run FAILED",
    ]
    assert "\x1b" not in shown.getvalue()


def test_what_was_there_before_is_not_news(shown: io.StringIO) -> None:
    group = resource(GROUP, "ACTIVE")
    watch.watch(lambda: moment("SUCCEEDED", group), [group])
    assert shown.getvalue().split() == ["0", "s", "here,", "0", "s", "emulated", "run", "SUCCEEDED"]


def test_a_campaign_that_moves_shows_its_move(shown: io.StringIO) -> None:
    moving = resource(CAMPAIGN, "ACTIVE", updateStatus="CREATE IN_PROGRESS")
    assert list(watch.changes([resource(CAMPAIGN, "ACTIVE")], [moving])) == ["campaign c: ACTIVE -> UPDATE IN_PROGRESS"]
    moved = resource(CAMPAIGN, "ACTIVE", updateStatus="ACTIVE")
    assert list(watch.changes([moving], [moved])) == ["campaign c: UPDATE IN_PROGRESS -> ACTIVE"]


def test_a_schema_has_no_status_and_can_be_used() -> None:
    schema = resource({**GROUP, "type": "schema"}, None)
    assert list(watch.changes([], [schema])) == ["schema shop: ACTIVE"]


def test_the_table_shows_where_the_run_is_and_how_far(shown: io.StringIO) -> None:
    training = resource(CAMPAIGN, "ACTIVE", updateStatus="CREATE PENDING", expectedEnd=1200.0)
    console = Console(file=io.StringIO(), width=120)
    console.print(watch.table(moment("RUNNING", resource(GROUP, "ACTIVE"), training, now=900.0)))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "run RUNNING  15 s here, 15 min 00 s emulated" in text
    assert "Train and Deploy" in text
    assert "━━━━━─────" in text and "50%" in text


def test_in_a_narrow_terminal_the_names_give_way() -> None:
    job = {**GROUP, "type": "dataset import job", "name": "films-interactions-dfea124b-20261123-180954-2ae86396"}
    console = Console(file=io.StringIO(), width=80)
    console.print(watch.table(moment("RUNNING", resource(job, "CREATE IN_PROGRESS", expectedEnd=10.0), now=5.0)))
    assert isinstance(console.file, io.StringIO)
    line = console.file.getvalue().splitlines()[-1]
    assert line.startswith("dataset import job  films-interactions") and len(line) <= 80
    assert line.rstrip().endswith("…  CREATE IN_PROGRESS  ━━━━━───── 50%")


def test_the_table_only_counts_what_is_as_before() -> None:
    group, moved = resource(GROUP, "ACTIVE"), resource({**CAMPAIGN, "lastUpdatedDateTime": 900.0}, "ACTIVE")
    console = Console(file=io.StringIO(), width=120)
    console.print(watch.table(moment("RUNNING", group, moved), [group, resource(CAMPAIGN, "ACTIVE")]))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "campaign" in text and "shop" not in text
    assert "and 1 as before" in text


def test_a_terminal_gets_a_table_that_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    output = io.StringIO()
    monkeypatch.setattr(watch, "console", Console(file=output, force_terminal=True, width=120))
    monkeypatch.setattr(watch, "_LOOK_SECONDS", 0)
    moments = iter(
        [moment("RUNNING", resource(GROUP, "CREATE PENDING")), moment("SUCCEEDED", resource(GROUP, "ACTIVE"))]
    )
    assert watch.watch(lambda: next(moments)).status == "SUCCEEDED"
    assert "CREATE PENDING" in output.getvalue() and "SUCCEEDED" in output.getvalue()


def test_a_step_says_what_is_done_and_how_long_it_took(shown: io.StringIO) -> None:
    with steps.step("Doing [it]") as doing:
        doing.progress("half")
    first, second = shown.getvalue().splitlines()
    assert first == "==> Doing [it] ..."
    assert second.strip().endswith(" s")
