"""Files in other projects' shapes are run as they are: uploaded with data beside them, from the plan to the mail."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pipeline.params.dialects import normalise

from .conftest import BUCKET
from .workflow import Deployment, deployed

EXAMPLES = Path(__file__).parent / "dialects"
ROWS = 1500
# Enough of each event type that any use case can be trained.
EVENTS = {"ECOMMERCE": ("View", "Purchase"), "VIDEO_ON_DEMAND": ("Watch", "Click"), None: ("click",)}
CELLS: dict[str, Any] = {
    "USER_ID": lambda row: f"u{row % 60}",
    "ITEM_ID": lambda row: f"i{row * row % 41}",
    "ACTION_ID": lambda row: f"a{row % 5}",
    "TIMESTAMP": lambda row: 1_700_000_000 + row,
    "CREATION_TIMESTAMP": lambda row: 1_700_000_000,
}
BY_TYPE = {"string": "x", "boolean": "true"}
JOBS = ("batchInferenceJobs", "batchSegmentJobs")
LINE = {"userId": "u1", "itemId": "i1", "itemList": ["i1"], "itemAttributes": 'ITEMS.GENRE = "x"'}  # for any recipe


def table(dataset_type: str, avro: dict[str, Any], domain: str | None) -> str:
    """Rows that fit the schema."""
    events = itertools.cycle(("TAKEN",) if dataset_type == "Action_Interactions" else EVENTS[domain] * 2)

    def cell(field: dict[str, Any], row: int) -> Any:
        if field["name"] == "EVENT_TYPE":
            return next(events)
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        known = next(kind for kind in kinds if kind != "null")
        return CELLS.get(field["name"], lambda _: BY_TYPE.get(known, 1))(row)

    rows = ROWS * (2 if domain else 1) if "nteractions" in dataset_type else 60
    header = ",".join(field["name"] for field in avro["fields"])
    lines = (",".join(str(cell(field, row)) for field in avro["fields"]) for row in range(rows))
    return "\n".join([header, *lines]) + "\n"


def upload_beside(deployment: Deployment, prefix: str, document: dict[str, Any]) -> None:
    """All the data and batch input that the document speaks of."""
    domain = document["datasetGroup"].get("domain")
    for dataset_type, entry in document["datasets"].items():
        avro = entry["schema"] if isinstance(entry["schema"], dict) else json.loads(entry["schema"])
        location = entry.get("importJob", {}).get("dataSource", {}).get("dataLocation")
        key = location.removeprefix(f"s3://{BUCKET}/") if location else f"{prefix}{dataset_type.lower()}.csv"
        deployment.upload(key + ("data.csv" if key.endswith("/") else ""), table(dataset_type, avro, domain))
    for solution, kind in itertools.product(document.get("solutions", []), JOBS):
        for job in solution.get(kind, []):
            path = job.get("jobInput", {}).get("s3DataSource", {}).get("path")
            key = path.removeprefix(f"s3://{BUCKET}/") if path else f"{prefix}batch/{job['jobName']}/input/"
            deployment.upload(key + ("input.json" if key.endswith("/") else ""), json.dumps(LINE) + "\n")


def in_our_bucket(text: str) -> str:
    """The file with its data in the deployment's bucket, results where the pipeline's role may write them."""
    text = re.sub(r"s3://[\w-]+/([\w-]+)/output/", rf"s3://{BUCKET}/train/shop/batch/\1/output/", text)
    return re.sub(r"s3://club-data/", f"s3://{BUCKET}/", text)


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        yield deployment


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.json")))
def test_a_foreign_file_runs_and_again_it_changes_nothing(deployment: Deployment, name: str) -> None:
    text = in_our_bucket((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    document, notes = normalise(json.loads(text))
    upload_beside(deployment, "train/shop/", document)
    ended = deployment.run(text, key="train/shop/params.json")
    assert ended.succeeded, ended.mail
    assert all(note in ended.mail for note in notes)
    before = deployment.writes()
    deployment.run(text, key="train/shop/params.json", **{"import": "auto", "train": "auto"})
    assert deployment.writes() == before
