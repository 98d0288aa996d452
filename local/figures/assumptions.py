"""What the figures rest on and can't be measured here: prices, and how long the service takes.

Durations are those seen on real accounts: the medians and ranges of public notebooks and outputs, for 2021 and later.
"""

from __future__ import annotations

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

# --- Prices, in dollars: eu-west-1 and most other regions -------------------------------------------------------------

TRANSITION = 0.025 / 1_000
REQUEST = 0.20 / 1_000_000
GB_SECOND = 0.0000133334  # arm64
MEMORY_GB = 512 / 1024
GET, PUT = 0.0004 / 1_000, 0.005 / 1_000
LOG_GB = 0.57
LOG_BYTES = 500  # of one invocation: what Lambda itself writes, START, END and REPORT; the function logs errors only

# --- A look -----------------------------------------------------------------------------------------------------------

# From the function's start to its summary. A look reads the record, describes ten resources at a time, and writes the
# record: in all a few round trips, and some ten milliseconds of a core, of which 512 MB get 29 percent. The section
# `look` measures the latter; this is its result, rounded up. A new execution environment takes about a second more, and
# is likely where looks are many minutes apart; that is not counted.
LOOK_SECONDS = 0.5
# Between a summary and the beginning of its wait, and between the end of a wait and the function's start.
OVERHEAD_SECONDS = 0.3
# Actions with one invocation: takeTurn, plan, askForRecommendations, synchroniseSchedules and report. They read and
# list more than a look.
SINGLE_SECONDS = 3.0
SINGLE_GETS, SINGLE_PUTS = 10, 3

# --- What the service takes, in minutes: least and most ---------------------------------------------------------------

GROUP = (0.4, 0.4)
DATASET = (0.5, 0.5)
IMPORT = (2.0, 7.0)
SOLUTION = (0.0, 0.0)
FILTER = (0.5, 2.0)
CAMPAIGN = (8.0, 12.0)
NOISE = 0.02  # how much the same work differs from one run to the next, up or down
SPREAD = 0.10  # how much solutions of one file differ from each other


def lines() -> list[str]:
    """The assumptions, as printed above what rests on them."""
    return [
        f"Prices ($): {1000 * TRANSITION:g} per 1,000 state transitions, {1e6 * REQUEST:.2f} per million requests and "
        f"{GB_SECOND:.10f} per GB-second of Lambda (arm64, {1024 * MEMORY_GB:g} MB), {1000 * GET:g} and {1000 * PUT:g} "
        f"per 1,000 GETs and PUTs of S3, {LOG_GB} per GB of logs ({LOG_BYTES} bytes an invocation).",
        f"A look: {LOOK_SECONDS:g} s in the function, {OVERHEAD_SECONDS:g} s around it; two GETs of the record, PUTs "
        "of record and page when something changed; 3 transitions and 9 events of history (task 5, choice 2, wait 2).",
        "takeTurn, plan, askForRecommendations, synchroniseSchedules, report: "
        f"{SINGLE_SECONDS:g} s, {SINGLE_GETS} GETs and {SINGLE_PUTS} PUTs each.",
        f"Durations (minutes): dataset group {GROUP[0]:g}, dataset {DATASET[0]:g}, import {IMPORT[0]:g}-{IMPORT[1]:g}, "
        f"solution at once, filter {FILTER[0]:g}-{FILTER[1]:g}, campaign {CAMPAIGN[0]:g}-{CAMPAIGN[1]:g}; the same "
        f"work again ±{NOISE:.0%}; solutions of one file ±{SPREAD:.0%}.",
    ]
