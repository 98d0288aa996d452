"""The simulation behind `make figures` repeats, counts right, and looks as often as the real engine does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from local.figures import assumptions, in_process, simulation, waiting
from local.figures.simulation import Tally, Work, longest_chain, simulate, wait_for_turn
from local.figures.tables import Target

HOUR = 3600.0


@pytest.fixture
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks take no time."""
    monkeypatch.setattr(assumptions, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(assumptions, "OVERHEAD_SECONDS", 0.0)


@pytest.fixture
def every_minute(monkeypatch: pytest.MonkeyPatch, instant: None) -> None:
    """A policy that is easily counted."""
    monkeypatch.setattr(simulation, "seconds_until_next_look", lambda age, durations, fastest: 60)


def test_an_empty_stage_is_one_look_without_a_wait() -> None:
    run = simulate([[]])
    assert (run.tally.looks, run.tally.waits) == (1, 0)
    assert run.makespan == assumptions.LOOK_SECONDS


def test_looks_waits_and_lateness_of_one_work(every_minute: None) -> None:
    run = simulate([[Work("group", "datasetGroup", 150)]])
    assert (run.tally.looks, run.tally.waits) == (4, 3)  # at 0, 60, 120 and 180 seconds
    assert (run.makespan, run.ideal) == (180, 150)
    assert run.lateness == {"group": 30}
    assert run.stretch == 180 / 150


def test_what_is_over_at_the_very_moment_of_a_look_is_not_late(every_minute: None) -> None:
    assert simulate([[Work("group", "datasetGroup", 120)]]).lateness == {"group": 0}


def test_what_needs_another_begins_in_the_look_that_sees_it_over(every_minute: None) -> None:
    run = simulate([[Work("version 0", "solutionVersion", 90), Work("campaign 0", "campaign", 90, ("version 0",))]])
    assert run.begun == {"version 0": 0, "campaign 0": 120}
    assert run.makespan == 240
    assert run.ideal == 180


def test_what_takes_no_time_is_over_in_the_look_that_begins_it(every_minute: None) -> None:
    run = simulate([[Work("solution 0", "solution", 0), Work("version 0", "solutionVersion", 60, ("solution 0",))]])
    assert run.begun == {"solution 0": 0, "version 0": 0}
    assert (run.tally.looks, run.makespan) == (2, 60)


def test_stages_follow_each_other(every_minute: None) -> None:
    run = simulate([[Work("group", "datasetGroup", 60)], [Work("dataset 0", "dataset", 60)]])
    assert run.begun == {"group": 0, "dataset 0": 60}
    assert (run.makespan, run.ideal, run.tally.looks) == (120, 120, 4)


def test_looks_take_time_that_makes_what_ends_meanwhile_late(
    every_minute: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assumptions, "LOOK_SECONDS", 2.0)
    monkeypatch.setattr(assumptions, "OVERHEAD_SECONDS", 1.0)
    run = simulate([[Work("group", "datasetGroup", 61)]])
    assert run.noticed == {"group": 63}
    assert run.makespan == 65


def test_the_record_is_written_before_and_after_calls_and_when_something_changed(every_minute: None) -> None:
    single = simulation.SINGLE_ACTIONS * assumptions.SINGLE_PUTS
    run = simulate([[Work("group", "datasetGroup", 150)]])
    record = 4  # two of the call, one when it is in progress, one when it is over
    pages = 2  # one by each look that wrote the record
    assert run.tally.puts - single == record + pages
    assert run.tally.gets - simulation.SINGLE_ACTIONS * assumptions.SINGLE_GETS == 2 * run.tally.looks


def test_a_stage_looks_again_when_the_first_is_worth_it(monkeypatch: pytest.MonkeyPatch, instant: None) -> None:
    asked = []

    def policy(age: float, durations: tuple[float, ...], fastest: float) -> int:
        asked.append((durations, fastest))
        return 30 if durations else 60

    monkeypatch.setattr(simulation, "seconds_until_next_look", policy)
    known = Work("import 0", "datasetImportJob", 30, durations=(30.0,))
    updated = Work("campaign 0", "campaign", 60, is_new=False)
    run = simulate([[known, updated]])
    assert run.noticed == {"import 0": 30, "campaign 0": 90}
    assert asked == [((30.0,), 120), ((), 0), ((), 0)]  # nothing is known of what an update takes at least


def test_transitions_events_and_cost() -> None:
    tally = Tally(looks=1000, waits=1000)
    assert tally.transitions == 3001
    assert tally.events == 9004
    tally = Tally(looks=1000, singles=4, waits=997, gets=1000, puts=100)
    assert tally.transitions == 2 * 1004 + 997 + 1
    assert tally.events == 7 * 1004 + 2 * 997 + 4
    lambda_seconds = 1000 * assumptions.LOOK_SECONDS + 4 * assumptions.SINGLE_SECONDS
    assert tally.cost == pytest.approx(
        3006 * 0.000025
        + 1004 * 0.0000002
        + lambda_seconds * 0.5 * 0.0000133334
        + 1000 * 0.0000004
        + 100 * 0.000005
        + 1004 * 500e-9 * 0.57
    )


def test_waiting_for_a_turn_is_counted(monkeypatch: pytest.MonkeyPatch, instant: None) -> None:
    monkeypatch.setattr(simulation, "seconds_until_turn", lambda waited: 900)
    tally = wait_for_turn(24 * HOUR)
    assert (tally.looks, tally.waits, tally.gets, tally.puts) == (96, 96, 192, 96)
    assert tally.events_of_looks == 9 * 96


def test_the_longest_chain() -> None:
    stage = [
        Work("filter 0", "filter", 500),
        Work("version 0", "solutionVersion", 300),
        Work("campaign 0", "campaign", 100, ("version 0",)),
        Work("version 1", "solutionVersion", 350),
        Work("campaign 1", "campaign", 200, ("version 1",)),
    ]
    assert longest_chain(stage) == 550
    assert longest_chain([]) == 0


def test_a_scenario_repeats_itself() -> None:
    first, second = (waiting.Scenario("again", (HOUR, HOUR), solutions=3, known=2, trials=3).runs for _ in range(2))
    assert first == second
    assert first[0] != first[1]


def test_a_first_run_makes_everything_and_knows_nothing() -> None:
    [group], imports, built = waiting.Scenario("first", (HOUR, HOUR)).stages(waiting.random.Random(0))
    work = [group, *imports, *built]
    assert all(one.is_new and not one.durations for one in work)
    assert [one.type for one in built].count("filter") == waiting.FILTERS
    assert {one.type for one in work} >= {"dataset", "datasetImportJob", "solution", "solutionVersion", "campaign"}


@pytest.mark.parametrize(("known", "updates"), [(1, 1), (2, 1), (3, 1)])
def test_a_repeated_run_imports_trains_and_updates(known: int, updates: int) -> None:
    group, imports, built = waiting.Scenario("again", (HOUR, HOUR), known=known).stages(waiting.random.Random(0))
    version, campaign = built
    assert group == []
    assert [one.type for one in imports] == ["datasetImportJob"] * waiting.DATASETS
    assert len(version.durations) == known
    assert (campaign.is_new, len(campaign.durations)) == (False, updates)
    assert all(abs(seconds / HOUR - 1) <= assumptions.NOISE for seconds in (version.seconds, *version.durations))


def test_ten_minutes_after_three_days_are_needed() -> None:
    """60 s apart up to 5 h and five minutes from there, nothing else looked at: too many events for seven days."""
    looks = waiting.fewest_looks(60, 5 * HOUR, 300, 168 * HOUR)
    assert looks == 280 + 1956
    assert looks * simulation.EVENTS_OF_A_LOOK > 20_000


def test_a_target_that_is_reached_exactly_is_met() -> None:
    assert str(Target("events", 19_999, 19_999)) == "ok      events: 19,999 (at most 19,999)"
    assert str(Target("seconds", 60.04, 60, "{:.1f}")) == "missed  seconds: 60.0 (at most 60.0)"


def _simulated(known: bool) -> list[list[Work]]:
    """The file of the unit tests, in the emulator's durations; `known`: its second run, with new data."""
    from local.personalize_emulator.settings import DURATIONS

    def again(name: str, label: str, kind: str, *after: str) -> Work:
        return Work(name, kind, DURATIONS[label], after, (DURATIONS[label],) if known else ())

    imports = [] if known else [Work(f"dataset {n}", "dataset", DURATIONS["dataset"]) for n in range(2)]
    imports += [
        again(f"import {n}", "dataset import job", "datasetImportJob", *([] if known else [f"dataset {n}"]))
        for n in range(2)
    ]
    version = again("version", "solution version", "solutionVersion")
    # Its creation tells how long an update will take.
    campaign = replace(again("campaign", "campaign", "campaign", "version"), is_new=not known)
    group = [] if known else [Work("group", "datasetGroup", DURATIONS["dataset group"])]
    return [group, imports, [version, campaign]]


def test_the_real_engine_looks_as_often_as_the_simulation(instant: None) -> None:
    looks: list[dict[str, int]] = []
    with in_process.deployed({}) as deployment:
        for rows in (in_process.INTERACTIONS, in_process.INTERACTIONS + "u1,i1,1800000000\n"):
            deployment.upload("Interactions/interactions.csv", rows)
            deployment.upload("Users/users.csv", in_process.USERS + f"u-{len(rows)},30\n")
            watched = in_process.Watched(deployment)
            assert watched.run(in_process.params()).succeeded
            looks.append({action: len(seconds) for action, seconds in watched.seconds.items()})
    for known, seen in enumerate(looks):
        _assert_same(_simulated(bool(known)), seen)


def _assert_same(stages: list[list[Work]], seen: dict[str, int]) -> None:
    """Stage by stage; the service tells the time in whole seconds, which may shift a look or two."""
    real: dict[str, Any] = {name: seen[name] for name in ("makeDatasetGroup", "importDatasets", "trainAndDeploy")}
    for stage, (name, count) in zip(stages, real.items(), strict=True):
        assert simulate([stage]).tally.looks == pytest.approx(count, abs=2), name
    assert sum(seen.values()) - sum(real.values()) == simulation.SINGLE_ACTIONS


def test_the_longest_training_may_be_given() -> None:
    *_, built = waiting.Scenario("week", (HOUR, HOUR), 10, longest=90 * HOUR).stages(waiting.random.Random(0))
    trainings = [work.seconds for work in built if work.type == "solutionVersion"]
    assert len(trainings) == 10
    assert max(trainings) == pytest.approx(90 * HOUR, rel=assumptions.NOISE)
    assert min(trainings) > 70 * HOUR
