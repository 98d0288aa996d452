"""Batch jobs run when there is something new for them to say, and not otherwise."""

from __future__ import annotations

from typing import Any

from .stack import Json, Pipeline
from .uploads import SOLUTION, params

# Names of jobs are cut, for what they ran on and in which run is put behind them.
NORTH, SOUTH = (f"recommendations-for-all-customers-in-the-{where}" for where in ("north", "south"))


def with_jobs(*jobs: Json) -> Json:
    return params(solution=SOLUTION | {"batchInferenceJobs": list(jobs)}, campaign=None)


def test_what_is_new_or_changed_runs_and_nothing_else(shop: Pipeline) -> None:
    for name in (NORTH, SOUTH):
        shop.upload(f"batch/{name}/input/users.json", '{"userId": "u1"}\n')
    source = {"s3DataSource": {"path": f"s3://{shop.bucket}/{shop.folder}batch/{NORTH}/input/"}}
    north, south = {"jobName": NORTH}, {"jobName": SOUTH}
    daily = {"jobName": "daily", "jobInput": source}

    assert done(shop, north, south) == ["created", "created"]  # though their names begin alike
    assert done(shop, north, south, daily) == ["reused", "reused", "created"]  # though its input has been read
    assert done(shop, north, south, daily | {"numResults": 5}) == ["reused", "reused", "created"]
    assert done(shop, north, south, daily | {"numResults": 5}) == ["reused", "reused", "reused"]
    assert len(shop.stack.personalize.calls("CreateBatchInferenceJob")) == 4
    assert [outputs(shop, name) for name in (NORTH, SOUTH, "daily")] == [1, 1, 2]


def done(shop: Pipeline, *jobs: Json) -> list[str]:
    """What a run with these jobs did to each."""
    run = shop.run(with_jobs(*jobs))
    assert run.status == "SUCCEEDED", run.mail
    return [row["done"] for row in run.rows("batch inference job")]


def outputs(shop: Pipeline, job: str) -> int:
    """How many files of results a job has left."""
    prefix = f"{shop.folder}batch/{job}/output/"
    found: Any = shop.stack.s3.list_objects_v2(Bucket=shop.bucket, Prefix=prefix)
    return sum(entry["Key"].endswith(".out") for entry in found.get("Contents", []))
