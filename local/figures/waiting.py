"""Section `waiting`: how late the engine is, and what its looks cost, by simulation with the real policy."""

from __future__ import annotations

import dataclasses
import random
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from unittest import mock

from pipeline.engine import waiting as policy

from . import assumptions as given
from .assumptions import DAY, HOUR, MINUTE
from .simulation import EVENTS_OF_A_LOOK, Simulated, Tally, Work, simulate, wait_for_turn
from .tables import Target, mean_and_worst, say, table, targets

FILTERS, DATASETS = 5, 2
SEED = 1
MOST_EVENTS = 25_000  # that Step Functions keeps of one execution, and after which it fails
WEEK = 7 * DAY
Stages = list[list[Work]]


@dataclass(frozen=True)
class Scenario:
    """Runs of one kind.

    Attributes:
        what: for the reader.
        trainings: seconds of the usual training: least and most; each trial draws one.
        solutions: how many are in the file, each with a campaign.
        known: how many earlier runs of the same work there were; none for a first run.
        longest: seconds of the longest training, where that is given: then the others are shorter.
        trials: how many runs are simulated.
    """

    what: str
    trainings: tuple[float, float]
    solutions: int = 1
    known: int = 0
    trials: int = 300
    longest: float = 0

    @cached_property
    def runs(self) -> list[Simulated]:
        """The trials, always the same."""
        draw = random.Random(SEED)
        return [simulate(self.stages(draw)) for _ in range(self.trials)]

    def stages(self, draw: random.Random) -> Stages:
        """One trial's work, as a file of solutions with campaigns, filters and datasets makes it."""
        usual = draw.uniform(*self.trainings)
        versions = [
            usual * (draw.uniform(1 - given.SPREAD, 1 + given.SPREAD) if self.solutions > 1 else 1)
            for _ in range(self.solutions)
        ]
        if self.longest:
            versions = [seconds * self.longest / max(versions) for seconds in versions]
        return list(_stages(draw, versions, self.known))


def _stages(draw: random.Random, trainings: list[float], known: int) -> Iterator[list[Work]]:
    """The stages of a run. What is there since earlier runs makes no work: group, datasets, filters, solutions."""

    def minutes(range_: tuple[float, float]) -> float:
        return MINUTE * draw.uniform(*range_)

    yield [] if known else [Work("group", "datasetGroup", minutes(given.GROUP))]
    imports: list[Work] = []
    for number in range(DATASETS):
        dataset = () if known else (f"dataset {number}",)
        imports += [Work(name, "dataset", minutes(given.DATASET)) for name in dataset]
        imports.append(_again(draw, f"import {number}", "datasetImportJob", minutes(given.IMPORT), dataset, known))
    yield imports
    built = [] if known else [Work(f"filter {n}", "filter", minutes(given.FILTER)) for n in range(FILTERS)]
    for number, seconds in enumerate(trainings):
        solution = () if known else (f"solution {number}",)
        built += [Work(name, "solution", minutes(given.SOLUTION)) for name in solution]
        version = _again(draw, f"version {number}", "solutionVersion", seconds, solution, known)
        # A campaign's description keeps its last update alone, and before the first its creation.
        usual, after = minutes(given.CAMPAIGN), (version.name,)
        campaign = _again(draw, f"campaign {number}", "campaign", usual, after, min(known, 1))
        is_new = not known
        built += [version, Work(**vars(campaign) | {"is_new": is_new})]
    yield built


def _again(draw: random.Random, name: str, kind: str, usual: float, after: tuple[str, ...], known: int) -> Work:
    """Work that takes about as long as it usually does, of which `known` earlier times are known."""

    def once() -> float:
        return usual * draw.uniform(1 - given.NOISE, 1 + given.NOISE)

    return Work(name, kind, once(), after, tuple(once() for _ in range(known)))


HOUR_FIRST = Scenario("1 h, 1 solution, first run", (HOUR, HOUR))
HOUR_SECOND = Scenario("1 h, 1 solution, second run", (HOUR, HOUR), known=1)
HOUR_LATER = Scenario("1 h, 1 solution, fourth run", (HOUR, HOUR), known=3)
SIX_FIRST = Scenario("6 h, 1 solution, first run", (6 * HOUR, 6 * HOUR))
SIX_SECOND = Scenario("6 h, 1 solution, second run", (6 * HOUR, 6 * HOUR), known=1)
SIX_LATER = Scenario("6 h, 1 solution, fourth run", (6 * HOUR, 6 * HOUR), known=3)
TEN_FIRST = Scenario("6 h, 10 solutions, first run", (6 * HOUR, 6 * HOUR), 10, trials=100)
TEN_SECOND = Scenario("6 h, 10 solutions, second run", (6 * HOUR, 6 * HOUR), 10, known=1, trials=100)
TEN_LATER = Scenario("6 h, 10 solutions, fourth run", (6 * HOUR, 6 * HOUR), 10, known=3, trials=100)
MANY_FIRST = Scenario("20 min to 5 h, 1 solution, first run", (20 * MINUTE, 5 * HOUR), trials=1000)
MANY_SECOND = Scenario("20 min to 5 h, 1 solution, second run", (20 * MINUTE, 5 * HOUR), known=1, trials=1000)
MANY_LATER = Scenario("20 min to 5 h, 1 solution, fourth run", (20 * MINUTE, 5 * HOUR), known=3, trials=1000)
# All but the time of the imports and of the campaign; what is done again may take a little longer than it usually does.
_LONG = WEEK - 30 * MINUTE
_AGAIN = _LONG / (1 + given.NOISE)
WEEK_FIRST = Scenario("7 days in all, 10 solutions, first run", (WEEK, WEEK), 10, 0, 20, _LONG)
WEEK_SECOND = Scenario("7 days in all, 10 solutions, second run", (WEEK, WEEK), 10, 1, 20, _AGAIN)
WEEK_LATER = Scenario("7 days in all, 10 solutions, fourth run", (WEEK, WEEK), 10, 3, 20, _AGAIN)
WEEKS = (WEEK_FIRST, WEEK_SECOND, WEEK_LATER)
SCENARIOS = (
    *(HOUR_FIRST, HOUR_SECOND, HOUR_LATER, SIX_FIRST, SIX_SECOND, SIX_LATER, TEN_FIRST, TEN_SECOND, TEN_LATER),
    *(MANY_FIRST, MANY_SECOND, MANY_LATER, *WEEKS),
)


def stretches(scenario: Scenario) -> list[float]:
    """Makespan by ideal, of each trial."""
    return [run.stretch for run in scenario.runs]


def latenesses(scenario: Scenario) -> list[float]:
    """Seconds from the end of each training to the look that noticed it."""
    return [late for run in scenario.runs for name, late in run.lateness.items() if name.startswith("version")]


def costs(scenario: Scenario) -> list[float]:
    """Dollars of each trial."""
    return [run.tally.cost for run in scenario.runs]


def events(scenario: Scenario) -> list[float]:
    """Events in the history of each trial's execution."""
    return [run.tally.events for run in scenario.runs]


def fewest_looks(every: float, until: float, then_every: float, in_all: float, first: float = 20 * MINUTE) -> int:
    """Looks that a policy needs which looks from `first` on at most so many seconds apart, and later less often."""
    return round((until - first) / every + (in_all - until) / then_every)


def section() -> None:
    """Print it."""
    say(*given.lines(), f"In the file: {DATASETS} datasets, {FILTERS} filters, a campaign for each solution.", "")
    table(
        "Runs: mean and worst of the trials; late is a training that has ended",
        (
            "runs",
            "trials",
            "makespan/ideal",
            "worst",
            "late (s)",
            "worst",
            "looks",
            "worst",
            "$",
            "worst",
            "events",
            "worst",
        ),
        (
            (
                scenario.what,
                str(scenario.trials),
                *mean_and_worst(stretches(scenario), "{:.4f}".format),
                *mean_and_worst(latenesses(scenario), "{:.1f}".format),
                *mean_and_worst([run.tally.invocations for run in scenario.runs], "{:,.0f}".format),
                *mean_and_worst(costs(scenario), "{:.4f}".format),
                *mean_and_worst(events(scenario), "{:,.0f}".format),
            )
            for scenario in SCENARIOS
        ),
    )
    turn = wait_for_turn(WEEK)
    _turn(turn)
    targets(_targets(turn))


def _turn(turn: Tally) -> None:
    say(
        f"Seven days of waiting for a turn: {turn.looks:,} looks, {turn.events_of_looks:,} events, "
        f"${turn.cost:.4f}; with seven days of work at most {_two_weeks(turn):,.0f} events.",
    )
    longest = fewest_looks(MINUTE, 5 * HOUR, 5 * MINUTE, WEEK)
    say(
        "Why ten minutes after three days: looks 60 s apart from 20 min to 5 h and five minutes from there to 7 days "
        f"are {longest:,}, which is {EVENTS_OF_A_LOOK * longest:,} events, with nothing for group, imports, filters "
        f"and campaigns. With five minutes always the policy comes to {_without_ten_minutes(1):,.0f} events with one "
        f"solution, and to {_without_ten_minutes(10):,.0f} with ten.",
        "",
    )


def _without_ten_minutes(solutions: int) -> float:
    """Events of a first run of seven days, if looks were never more than five minutes apart."""
    with mock.patch.object(policy, "LONGEST_OF_ALL", policy.LONGEST):
        return max(events(dataclasses.replace(WEEK_FIRST, solutions=solutions, trials=5)))


def _targets(turn: Tally) -> Iterator[Target]:
    for limit, scenarios in (
        (1.012, (HOUR_FIRST, HOUR_SECOND, HOUR_LATER)),
        (1.004, (SIX_FIRST, SIX_SECOND, SIX_LATER)),
    ):
        for scenario in scenarios:
            yield from _both(f"makespan/ideal, {scenario.what}", stretches(scenario), limit, limit, "{:.4f}")
    for scenario, mean, worst in ((MANY_FIRST, 30, 60), (MANY_SECOND, 10, 20), (MANY_LATER, 10, 20)):
        yield from _both(f"seconds late, {scenario.what}", latenesses(scenario), mean, worst, "{:.1f}")
    for scenario, dollars in ((TEN_FIRST, 0.06), (TEN_SECOND, 0.03), (TEN_LATER, 0.03), (HOUR_FIRST, 0.015)):
        yield from _both(f"dollars, {scenario.what}", costs(scenario), dollars, dollars, "{:.4f}")
    for scenario in WEEKS:
        yield Target(f"events, {scenario.what} (worst)", max(events(scenario)), 20_000 - 1)
    yield Target("events, 7 days of waiting for a turn and 7 days of work (worst)", _two_weeks(turn), MOST_EVENTS - 1)


def _two_weeks(turn: Tally) -> float:
    """Events of a run that waits for its turn as long as it may, and then works as long as it may."""
    return turn.events_of_looks + max(max(events(scenario)) for scenario in WEEKS)


def _both(what: str, values: list[float], mean: float, worst: float, shown: str) -> Iterator[Target]:
    yield Target(f"{what} (mean)", statistics.fmean(values), mean, shown)
    yield Target(f"{what} (worst)", max(values), worst, shown)
