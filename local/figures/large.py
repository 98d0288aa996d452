"""Section `large`: one params file with as much as anybody has in one dataset group, planned and run in process."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

from .tables import Target, say, table, targets

SOLUTIONS, CAMPAIGNS, FILTERS = 50, 4, 100
ENTRY_MB = 256 * 1024  # bytes that a state may have in Step Functions
# Of the account, raised: what exists. What runs at the same time stays as AWS has it, so the engine has to wait.
QUOTAS = {"solutions": SOLUTIONS, "campaigns": SOLUTIONS * CAMPAIGNS, "filters": FILTERS}
SETTINGS: dict[str, Any] = {
    "quotas": {
        "solutions in a group": SOLUTIONS,
        "campaigns in a group": SOLUTIONS * CAMPAIGNS,
        "filters in a group": FILTERS,
        "fields in all filters of a group": FILTERS,
    },
    "call_log_size": 10_000_000,
}


def document() -> dict[str, Any]:
    """The params file."""
    from . import in_process

    schemas = {
        "Interactions": in_process.interactions_schema({"name": "EVENT_TYPE", "type": "string"}),
        "Users": in_process.users_schema(),
        "Items": _schema("Items", ITEM_ID="string", PRICE="float", CATEGORY=["null", "string"]),
        "Actions": _schema("Actions", ACTION_ID="string", COST=["null", "int"]),
        "Action_Interactions": _schema(
            "Action_Interactions", USER_ID="string", ACTION_ID="string", EVENT_TYPE="string", TIMESTAMP="long"
        ),
    }
    file: dict[str, Any] = in_process.params(solution=None, campaign=None)
    file["datasets"] = {kind: {"name": f"shop-{kind.lower()}", "schema": avro} for kind, avro in schemas.items()}
    file["filters"] = [
        {"name": f"filter-{n}", "filterExpression": f'INCLUDE ItemID WHERE Items.CATEGORY IN ("c{n}")'}
        for n in range(FILTERS)
    ]
    file["solutions"] = [
        {
            "name": f"solution-{n}",
            "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization-v2",
            "campaigns": [{"name": f"campaign-{n}-{m}", "minProvisionedTPS": 1} for m in range(CAMPAIGNS)],
        }
        for n in range(SOLUTIONS)
    ]
    return file


def _schema(name: str, **fields: str | list[str]) -> dict[str, Any]:
    listed = [{"name": field, "type": avro} for field, avro in fields.items()]
    space = "com.amazonaws.personalize.schema"
    return {"type": "record", "name": name, "namespace": space, "fields": listed, "version": "1.0"}


def _upload_data(deployment: Any) -> None:
    from . import in_process

    lines = in_process.INTERACTIONS.splitlines()
    with_events = "\n".join([f"{lines[0]},EVENT_TYPE", *(f"{line},click" for line in lines[1:])]) + "\n"
    taken = "".join(f"u{n % 60},a{n % 5},taken,{1_700_000_000 + n}\n" for n in range(1500))
    deployment.upload_data(interactions=with_events)
    deployment.upload("Items/i.csv", "ITEM_ID,PRICE,CATEGORY\n" + "".join(f"i{n},1.5,c{n}\n" for n in range(41)))
    deployment.upload("Actions/a.csv", "ACTION_ID,COST\n" + "".join(f"a{n},{n}\n" for n in range(5)))
    deployment.upload("Action_Interactions/t.csv", "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP\n" + taken)


def section() -> None:
    """Print it."""
    from . import in_process

    file = document()
    say(
        f"One file of {len(json.dumps(file)):,} bytes: {SOLUTIONS} solutions with {CAMPAIGNS} campaigns each, "
        f"{FILTERS} filters, {len(file['datasets'])} datasets. Quotas on what exists are raised.",
        "",
    )
    found = []
    writes = 0
    with in_process.deployed(SETTINGS, QUOTAS=json.dumps(QUOTAS)) as deployment:
        _upload_data(deployment)
        for what in ("first upload", "second upload"):
            deployment.emulator.calls.clear()
            watched, began, clock = in_process.Watched(deployment), time.perf_counter(), deployment.emulator.clock.now()
            ended = watched.run(file)
            seconds = time.perf_counter() - began
            calls, refused = watched.calls(), watched.refused_writes()
            writes = sum(count for operation, count in calls.items() if not in_process.is_read(operation))
            key = f"runs/{ended.execution.context['Name']}/record.json"
            record = deployment.s3.head_object(Bucket=in_process.BUCKET, Key=key)["ContentLength"]
            _print(what, watched, ended, seconds, deployment.emulator.clock.now() - clock, calls, refused, record)
            found.append(Target(f"bytes of the largest state, {what}", watched.largest, ENTRY_MB - 1))
            found.append(Target(f"runs that did not succeed, {what}", int(not ended.succeeded), 0))
            found.append(Target(f"resources that failed, {what}", _failed(ended), 0))
    found.append(Target("writes, second upload", writes, 0))
    targets(found)


def _failed(ended: Any) -> int:
    return sum(resource.get("state") in ("failed", "blocked") for resource in ended.resources())


def _print(
    what: str,
    watched: Any,
    ended: Any,
    seconds: float,
    emulated: float,
    calls: Counter[str],
    refused: int,
    record: int,
) -> None:
    from . import in_process

    looks = sum(len(times) for times in watched.seconds.values())
    slowest, action = max((max(times), action) for action, times in watched.seconds.items())
    table(
        f"The {what}",
        ("figure", "value"),
        (
            ("plan (s)", f"{sum(watched.seconds['plan']):.1f}"),
            ("whole run, emulator included (s)", f"{seconds:.1f}"),
            ("emulated (h)", f"{emulated / 3600:.1f}"),
            ("invocations", f"{looks:,}"),
            (f"the slowest, {action} (s)", f"{slowest:.1f}"),
            ("reads", f"{sum(n for name, n in calls.items() if in_process.is_read(name)):,}"),
            ("writes", f"{sum(n for name, n in calls.items() if not in_process.is_read(name)):,}"),
            ("of which refused, and tried again (busy)", f"{refused:,}"),
            ("record.json (bytes)", f"{record:,}"),
            ("largest state (bytes)", f"{watched.largest:,}"),
            ("mail (bytes)", f"{len(ended.mail.encode()):,}"),
            ("ended", ended.execution.status),
        ),
    )
    kinds = sorted(calls.items(), key=lambda entry: (in_process.is_read(entry[0]), entry[0]))
    table(f"Calls of the {what}", ("operation", "calls"), ((name, f"{count:,}") for name, count in kinds))
    if not ended.succeeded:
        say(ended.cause[:2000], "")
