"""Reports for pages: small, large, good, bad, and with names that mean harm."""

from __future__ import annotations

from typing import Any

START = 1_790_000_000.0
ACCOUNT = "arn:aws:personalize:eu-west-1:123456789012"
RUN = {
    "id": "20261123-170502-1f0c9a3b",
    "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:shop-pipeline:20261123-170502-1f0c9a3b",
    "bucket": "shop-input",
    "key": "params.json",
    "datasetGroup": "shop",
    "startedAt": START,
}
HOSTILE = '"><script>document.title="owned"</script><img src=x onerror=alert(1)>{{7*7}}'


def resource(number: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    name = name or f"for-you-{number}-{'long' * 12}"[:63]
    begun = START + 600 * (number % 7) + 90
    times = {"free": begun - 90, "begun": begun, "ended": begun + 40 * (number + 1), "critical": number % 5 == 0}
    return {
        "id": f"campaign {name}",
        "type": "campaign",
        "name": name,
        "arn": f"{ACCOUNT}:campaign/{name}",
        "plan": "create",
        "reason": "settings changed: minProvisionedTPS; moves to the version that this run trains",
        "done": "created",
        "status": "ACTIVE",
        "problem": None,
        "seconds": 40 * (number + 1),
        "times": times,
    } | more


def version(number: int, value: float, **more: Any) -> dict[str, Any]:
    metrics = {"coverage": 0.5, "normalized_discounted_cumulative_gain_at_25": value, "precision_at_5": value / 3}
    made = {"name": f"{number:08x}", "trainedAt": START + 86_400 * number, "metrics": metrics}
    return made | {"isNew": False, "serving": []} | more


def quality(*values: float) -> list[dict[str, Any]]:
    versions = [version(number, value) for number, value in enumerate(values)]
    versions[-1] |= {"isNew": True, "serving": ["for-you"]}
    gate = {"campaign": "for-you", "metric": "normalized_discounted_cumulative_gain_at_25", "minimum": 0.25}
    return [
        {
            "solution": "for-you",
            "recipe": "aws-user-personalization-v2",
            "metric": "normalized_discounted_cumulative_gain_at_25",
            "gates": [gate],
            "versions": versions,
        }
    ]


def sample(number: int, **more: Any) -> dict[str, Any]:
    answer = [{"id": f"i{entry}", "name": f"The {entry}th film of a long title", "score": 0.1} for entry in range(5)]
    return {"resource": "campaign for-you", "about": {"userId": f"u{number}"}, "answer": answer} | more


def document(resources: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "format": 1,
        "outcome": "succeeded",
        "error": None,
        "run": RUN,
        "report": f"runs/{RUN['id']}/report.json",
        "codeVersion": "0123456789ab",
        "seconds": 5000,
        "notes": [],
        "failures": [],
        "failureCount": 0,
        "resources": [resource(number) for number in range(resources)],
        "delays": [],
        "data": {},
        "samples": [],
    } | more


def full(resources: int = 60, **more: Any) -> dict[str, Any]:
    told = document(
        resources,
        quality=quality(0.2, 0.31, 0.29, 0.35),
        samples=[sample(number) for number in range(3)] + [sample(9, filter="new")],
        data={
            "Interactions": {"files": 3, "rows": 120_000, "wasReadWhole": True, "users": 4_000, "change": "+12 rows"}
        },
        bills=[
            {
                "type": "campaign",
                "name": "for-you",
                "arn": f"{ACCOUNT}:campaign/for-you",
                "status": "ACTIVE",
                "billed": "at least 1 transaction(s) per second, used or not",
                "stop": f"aws personalize delete-campaign --campaign-arn {ACCOUNT}:campaign/for-you",
                "monthly": 394.2,
                "formula": "1 TPS x 3,600 s x 730 h x $0.15 per 1,000 requests",
            }
        ],
        costs={
            "prices": {"currency": "USD", "region": "us-east-1", "date": "2026-11-27", "given": ["training_per_hour"]},
            "upload": [
                {
                    "what": f"training of solution-{number}",
                    "resource": f"solution version solution-{number}",
                    "formula": "hours, which only a first training tells, x $0.24 per hour",
                    "amount": None if number else 1234.5,
                }
                for number in range(12)
            ],
            "uploadTotal": {"amount": 1234.5, "isAtLeast": True},
            "monthlyTotal": {"amount": 394.2},
            "monthlyBefore": {"amount": 0.0},
        },
        delays=[{"resource": "campaign for-you", "what": "Rate exceeded", "seconds": 600}],
        notes=["A note."],
        schedules={"retrain": "kept"},
    )
    return told | more


def hostile() -> dict[str, Any]:
    """Every text that comes from outside says something that a browser would do."""
    found = full(3, outcome="failed", error="RunFailed", failures=[{"where": HOSTILE, "what": HOSTILE}], failureCount=1)
    for row in found["resources"]:
        row |= {"name": HOSTILE, "arn": HOSTILE, "reason": HOSTILE, "problem": HOSTILE}
    for one in found["samples"]:
        one |= {"resource": HOSTILE, "about": {"userId": HOSTILE, "itemId": HOSTILE}, "itemName": HOSTILE}
        one["answer"] = [{"id": HOSTILE, "name": HOSTILE}]
    found["quality"][0] |= {"solution": HOSTILE, "recipe": HOSTILE}
    found["quality"][0]["gates"][0]["campaign"] = HOSTILE
    for one in found["quality"][0]["versions"]:
        one["metrics"] = {HOSTILE: 0.5} | one["metrics"]
    found["run"] = RUN | {"datasetGroup": HOSTILE, "key": HOSTILE}
    found["notes"], found["data"] = (
        [HOSTILE],
        {HOSTILE: {"files": 1, "rows": 1, "wasReadWhole": True, "change": HOSTILE}},
    )
    return found
