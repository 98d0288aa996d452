"""Section `look`: what a look takes, measured in process: the first run of ten solutions, on the emulator."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator

from . import assumptions as given
from .tables import Target, say, table, targets

SOLUTIONS = 10
CORE_MB = 1769  # of memory that come with one core, says the Lambda guide
ROUND_TRIP = 0.1  # seconds; assumed
ROUND_TRIPS = 3  # the record, describes side by side, the record


def section() -> None:
    """Print it."""
    from . import in_process

    solution = {"recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization-v2"}
    solutions = [solution | {"name": f"s{n}", "campaigns": [{"name": f"c{n}"}]} for n in range(SOLUTIONS)]
    file = in_process.params(solution=None, campaign=None, solutions=solutions)
    quotas = {"quotas": {"campaigns in a group": SOLUTIONS}}
    with in_process.deployed(quotas, QUOTAS=json.dumps({"campaigns": SOLUTIONS})) as deployment:
        deployment.upload_data()
        watched = in_process.Watched(deployment)
        watched.run(file)
    share = 1024 * given.MEMORY_GB / CORE_MB
    rows = []
    for action, cores in watched.cores.items():
        inside = statistics.median(cores) / share + ROUND_TRIPS * ROUND_TRIP
        rows.append((action, str(len(cores)), f"{1000 * statistics.median(cores):.1f}", f"{inside:.2f}"))
    table(
        f"The actions, of a run with {SOLUTIONS} solutions",
        ("action", "calls", "core, median (ms)", f"at {1024 * given.MEMORY_GB:g} MB (s)"),
        rows,
    )
    say(
        "The processor time of the emulated services is in it. "
        f"Taken: {share:.0%} of a core, {ROUND_TRIPS} round trips of {ROUND_TRIP:g} s.",
        "",
    )
    targets(_targets(watched.cores["trainAndDeploy"], share))


def _targets(cores: list[float], share: float) -> Iterator[Target]:
    inside = statistics.median(cores) / share + ROUND_TRIPS * ROUND_TRIP
    yield Target("seconds of a look, of which the section `waiting` counts", inside, given.LOOK_SECONDS, "{:.2f}")
