"""A run as the engine looks at it, on a clock of its own: how often it looks, how late it is, and what that costs.

When to look again is asked of the engine's own policy; what a look does is said here once more: whatever is over is
noted, whatever can be begun is begun, and the next look is due when the first of what is pending is worth one
(`engine/stage.py`). tests/local/test_figures.py holds it against a run of the real engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.engine.resource_types import RESOURCE_TYPES
from pipeline.engine.waiting import seconds_until_next_look, seconds_until_turn

from . import assumptions as given

SINGLE_ACTIONS = 5  # takeTurn, plan, askForRecommendations, synchroniseSchedules, report
# Entered, scheduled, started, succeeded, exited; entered, exited; entered, exited.
EVENTS_OF_A_TASK, EVENTS_OF_A_CHOICE, EVENTS_OF_A_WAIT = 5, 2, 2
EVENTS_OF_A_LOOK = EVENTS_OF_A_TASK + EVENTS_OF_A_CHOICE + EVENTS_OF_A_WAIT


@dataclass(frozen=True)
class Work:
    """One resource that the service works on for so many seconds.

    Attributes:
        name: unique in the run.
        type: key of RESOURCE_TYPES.
        seconds: that the service takes.
        after: names of what must be over before.
        durations: what its like took before, newest first.
        is_new: created by this run, not updated.
    """

    name: str
    type: str
    seconds: float
    after: tuple[str, ...] = ()
    durations: tuple[float, ...] = ()
    is_new: bool = True

    def until_next_look(self, age: float) -> float:
        """As `_seconds_until` of the engine's summary has it."""
        fastest = RESOURCE_TYPES[self.type].fastest if self.is_new else 0
        return seconds_until_next_look(age, self.durations, fastest)


@dataclass
class Tally:
    """What a run's looks come to.

    Attributes:
        looks: at stages.
        singles: invocations of the actions that are called once.
        waits: states of the type Wait that were entered.
        gets, puts: requests to S3.
    """

    looks: int = 0
    singles: int = 0
    waits: int = 0
    gets: int = 0
    puts: int = 0

    @property
    def invocations(self) -> int:
        """Of the function."""
        return self.looks + self.singles

    @property
    def transitions(self) -> int:
        """A task and a choice for each invocation, the waits, and Run Succeeded."""
        return 2 * self.invocations + self.waits + 1

    @property
    def events_of_looks(self) -> int:
        """In the execution's history, of what is counted here."""
        return (EVENTS_OF_A_TASK + EVENTS_OF_A_CHOICE) * self.invocations + EVENTS_OF_A_WAIT * self.waits

    @property
    def events(self) -> int:
        """Of a whole run: also two of Run Succeeded, and the execution's beginning and end."""
        return self.events_of_looks + 4

    @property
    def cost(self) -> float:
        """In dollars; Amazon Personalize itself is not in it."""
        seconds = self.looks * given.LOOK_SECONDS + self.singles * given.SINGLE_SECONDS
        return (
            self.transitions * given.TRANSITION
            + self.invocations * (given.REQUEST + given.LOG_BYTES / 1e9 * given.LOG_GB)
            + seconds * given.MEMORY_GB * given.GB_SECOND
            + self.gets * given.GET
            + self.puts * given.PUT
        )


@dataclass
class Simulated:
    """A run that is over. Times are seconds since its beginning."""

    tally: Tally = field(default_factory=Tally)
    makespan: float = 0.0
    ideal: float = 0.0
    begun: dict[str, float] = field(default_factory=dict)
    noticed: dict[str, float] = field(default_factory=dict)
    lateness: dict[str, float] = field(default_factory=dict)

    @property
    def stretch(self) -> float:
        """How many times as long as it takes when everything is noticed at once."""
        return self.makespan / self.ideal


def simulate(stages: Sequence[Sequence[Work]]) -> Simulated:
    """Run the stages one after the other. `makespan` and `ideal` are of the stages, without the single actions."""
    run = Simulated()
    now = 0.0
    for stage in stages:
        now = _stage(run, stage, now)
        run.ideal += longest_chain(stage)
    run.makespan = now
    run.tally.singles += SINGLE_ACTIONS
    run.tally.gets += SINGLE_ACTIONS * given.SINGLE_GETS
    run.tally.puts += SINGLE_ACTIONS * given.SINGLE_PUTS
    return run


def longest_chain(stage: Sequence[Work]) -> float:
    """Seconds that a stage takes when everything begins as soon as it can."""
    ends: dict[str, float] = {}
    for work in stage:  # in an order in which each comes after what it needs
        ends[work.name] = work.seconds + max((ends[name] for name in work.after), default=0.0)
    return max(ends.values(), default=0.0)


def _stage(run: Simulated, stage: Sequence[Work], now: float) -> float:
    """Look until the stage is ready; returns when that is."""
    while True:
        run.tally.looks += 1
        written = _look(run, stage, now)
        run.tally.gets += 2  # of the record, by the look and for the page
        run.tally.puts += written + (written > 0)  # and the page
        now += given.LOOK_SECONDS
        pending = [work for work in stage if work.name in run.begun and work.name not in run.noticed]
        if not pending:
            return now
        wait = min(work.until_next_look(now - run.begun[work.name]) for work in pending)
        run.tally.waits += 1
        now += max(wait, 1) + given.OVERHEAD_SECONDS


def _look(run: Simulated, stage: Sequence[Work], now: float) -> int:
    """Note what is over, and begin what can begin. Returns how often the record is written."""
    writes = 0
    noted = False
    while True:
        over = [w for w in stage if w.name in run.begun and w.name not in run.noticed and _is_over(run, w, now)]
        for work in over:
            run.noticed[work.name] = now
            run.lateness[work.name] = now - run.begun[work.name] - work.seconds
        due = [w for w in stage if w.name not in run.begun and all(name in run.noticed for name in w.after)]
        for work in due:
            run.begun[work.name] = now
        noted = noted or bool(over)
        if not due:
            return writes + noted
        # Before and after the calls, and once for each resource when its work is seen to have begun.
        writes += 2 + len(due)


def _is_over(run: Simulated, work: Work, now: float) -> bool:
    return run.begun[work.name] + work.seconds <= now


def wait_for_turn(seconds: float) -> Tally:
    """What a run adds that waits so long for its turn; the last look, which takes it, is counted with the actions."""
    tally = Tally()
    now = 0.0
    while now < seconds:
        tally.looks += 1
        tally.gets += 2  # the params file, the lock
        tally.puts += 1
        tally.waits += 1
        now += given.LOOK_SECONDS + seconds_until_turn(now) + given.OVERHEAD_SECONDS
    return tally
