"""Batch jobs, exports and deletions: what they read and write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .world import BUCKET, ROLE, World, refused

OUT = f"s3://{BUCKET}/out/"


def run(
    world: World, version: str, lines: list[Any], *, segment: bool = False, out: str = OUT, **params: Any
) -> tuple[dict[str, Any], list[Any]]:
    """The job as it ended, and the lines it wrote."""
    name = world.name("job")
    source = world.put(f"in/{name}.json", "\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
    stem = "batch_segment_job" if segment else "batch_inference_job"
    key = "batchSegmentJob" if segment else "batchInferenceJob"
    arn = getattr(world.api, f"create_{stem}")(
        **{
            "jobName": name,
            "solutionVersionArn": version,
            "roleArn": ROLE,
            "jobInput": {"s3DataSource": {"path": source}},
            "jobOutput": {"s3DataDestination": {"path": out}},
        }
        | params
    )[f"{key}Arn"]
    world.finish()
    job = getattr(world.api, f"describe_{stem}")(**{f"{key}Arn": arn})[key]
    if job["status"] != "ACTIVE":
        return job, []
    body = world.s3.get_object(Bucket=BUCKET, Key=f"out/{name}.json.out")["Body"].read().decode()
    return job, [json.loads(line) for line in body.splitlines()]


def test_batch_inference_for_users(world: World) -> None:
    job, written = run(world, world.trained(), [{"userId": "u1"}, {"userId": "u2"}], numResults=4)
    assert job["numResults"] == 4
    assert [line["input"] for line in written] == [{"userId": "u1"}, {"userId": "u2"}]
    assert all(line["error"] is None for line in written)
    assert len(written[0]["output"]["recommendedItems"]) == len(written[0]["output"]["scores"]) == 4


def test_batch_inference__lines_that_cannot_be_answered_say_so(world: World) -> None:
    _, written = run(world, world.trained(), [{"userId": "u1"}, {"itemId": "i"}, "{nope", "[]"])
    assert [line["error"] is None for line in written] == [True, False, False, False]
    assert "userId" in written[1]["error"]


def test_batch_inference__ranking_and_related_items(world: World) -> None:
    _, ranked = run(world, world.trained("aws-personalized-ranking"), [{"userId": "?", "itemList": ["i9", "i0"]}])
    assert ranked[0]["output"]["recommendedItems"] == ["i0", "i9"]
    _, related = run(world, world.trained("aws-sims"), [{"itemId": "i0"}], numResults=2)
    assert "i0" not in related[0]["output"]["recommendedItems"]
    assert "scores" not in related[0]["output"]


def test_batch_inference__filter_with_values(world: World) -> None:
    group = world.group_with_data()
    items = world.dataset(group, "Items")
    world.imported(items, "ITEM_ID,GENRES,PRICE\n" + "".join(f"i{n},g{n % 2},{n}\n" for n in range(60)))
    expression = "INCLUDE ItemID WHERE Items.GENRES IN ($G)"
    made = world.api.create_filter(name="f", datasetGroupArn=group, filterExpression=expression)["filterArn"]
    world.finish()
    version = world.version(world.solution(group))
    lines = [{"userId": "u1", "filterValues": {"G": '"g1"'}}, {"userId": "u1"}]
    _, written = run(world, version, lines, filterArn=made)
    assert {int(item[1:]) % 2 for item in written[0]["output"]["recommendedItems"]} == {1}
    assert "parameters are missing" in written[1]["error"]


def test_batch_segments(world: World) -> None:
    _, written = run(world, world.trained("aws-item-affinity"), [{"itemId": "i0"}], segment=True, numResults=3)
    assert (written[0]["input"], written[0]["error"]) == ({"itemId": "i0"}, None)
    assert len(written[0]["output"]["usersList"]) == 3

    group = world.group_with_data()
    items = world.dataset(group, "Items")
    world.imported(items, "ITEM_ID,GENRES,PRICE\n" + "".join(f"i{n},Comedy|Action,{n}\n" for n in range(9)))
    version = world.version(world.solution(group, "aws-item-attribute-affinity"))
    query = 'ITEMS.genres = "Comedy" AND ITEMS.genres = "Action"'
    _, written = run(world, version, [{"itemAttributes": query}], segment=True, numResults=2)
    assert (written[0]["input"], written[0]["error"]) == ({"itemAttributes": query}, None)
    assert len(written[0]["output"]["usersList"]) == 2


@pytest.mark.parametrize(("recipe", "most"), [("aws-item-affinity", 500)])
def test_batch_segments__too_many_queries(world: World, recipe: str, most: int) -> None:
    job, _ = run(world, world.trained(recipe), [{"itemId": "i0"}] * (most + 1), segment=True)
    assert (job["status"], job["failureReason"]) == ("CREATE FAILED", f"The input holds more than {most} records.")


@pytest.mark.parametrize(
    ("recipe", "segment", "message"),
    [
        ("aws-trending-now", False, "aws-trending-now does not support batch inference jobs"),
        ("aws-item-affinity", False, "aws-item-affinity does not support batch inference jobs"),
        ("aws-sims", True, "aws-sims does not support batch segment jobs"),
    ],
)
def test_batch__recipe_cannot_do_it(world: World, recipe: str, segment: bool, message: str) -> None:
    version = world.trained(recipe)
    with refused("InvalidInputException", message):
        run(world, version, [], segment=segment)


def test_batch__themes_only_for_similar_items(world: World) -> None:
    config: dict[str, Any] = {
        "batchInferenceJobMode": "THEME_GENERATION",
        "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "TITLE"}},
    }
    sims = world.trained("aws-sims")
    with refused("InvalidInputException", "does not support THEME_GENERATION"):
        run(world, sims, [], **config)
    similar = world.trained("aws-similar-items")
    with refused("InvalidInputException", "themeGenerationConfig goes with"):
        run(world, similar, [], batchInferenceJobMode="THEME_GENERATION")
    job, _ = run(world, similar, [{"itemId": "i0"}] * 101, **config)
    assert job["failureReason"] == "The input holds more than 100 records."


def test_batch__version_not_active(world: World) -> None:
    version = world.start_version(world.solution(world.group_with_data()))
    with refused("ResourceInUseException", "CREATE PENDING"):
        run(world, version, [])


@pytest.mark.parametrize("out", [f"s3://{BUCKET}/out", "https://host/out/"])
def test_batch__output_must_be_a_folder_on_s3(world: World, out: str) -> None:
    version = world.trained()
    with refused("InvalidInputException", "Invalid S3 output path"):
        run(world, version, [], out=out)


def test_batch__input_and_output_differ(world: World) -> None:
    version = world.trained()
    with refused("InvalidInputException", "Invalid S3 output path"):
        run(world, version, [], jobInput={"s3DataSource": {"path": OUT}})


def test_batch__nothing_to_read(world: World) -> None:
    source = {"s3DataSource": {"path": f"s3://{BUCKET}/empty/"}}
    job, _ = run(world, world.trained(), [], jobInput=source)
    assert (job["status"], job["failureReason"]) == ("CREATE FAILED", "Invalid S3 input path")


def test_batch__output_that_cannot_be_written_fails_the_job(world: World) -> None:
    job, _ = run(world, world.trained(), [{"userId": "u1"}], out="s3://no-such-bucket/out/")
    assert job["status"] == "CREATE FAILED"
    assert job["failureReason"]


def test_export_and_deletion(world: World) -> None:
    group = world.group()
    dataset = world.dataset(group, "Users")
    world.imported(dataset, "USER_ID,AGE\nu1,1\nu2,\nu3,3\n")
    world.events.put_users(datasetArn=dataset, users=[{"userId": "u4", "properties": '{"age": 4}'}])

    def exported(mode: str) -> list[str]:
        name = world.name("export")
        world.api.create_dataset_export_job(
            jobName=name,
            datasetArn=dataset,
            ingestionMode=mode,
            roleArn=ROLE,
            jobOutput={"s3DataDestination": {"path": OUT}},
        )
        world.finish()
        body = world.s3.get_object(Bucket=BUCKET, Key=f"out/{name}.csv")["Body"].read().decode()
        return sorted(body.split())

    assert exported("BULK") == ["USER_ID,AGE", "u1,1", "u2,", "u3,3"]
    assert exported("PUT") == ["USER_ID,AGE", "u4,4"]
    assert len(exported("ALL")) == 5

    world.put("leavers/below/one.csv", "USER_ID\nu1\nu4\n")
    job = world.api.create_data_deletion_job(
        jobName="gdpr",
        datasetGroupArn=group,
        dataSource={"dataLocation": f"s3://{BUCKET}/leavers/"},
        roleArn=ROLE,
    )["dataDeletionJobArn"]
    seen = []
    for _ in range(35):
        status = world.described("data deletion job", job)["status"]
        if status not in seen:
            seen.append(status)
        world.emulator.clock.advance(60)
    assert seen == ["PENDING", "IN_PROGRESS", "COMPLETED"]
    assert world.described("data deletion job", job)["numDeleted"] == 2
    assert exported("ALL") == ["USER_ID,AGE", "u2,", "u3,3"]


def test_export__of_rows_that_an_import_exchanges_meanwhile(world: World) -> None:
    dataset = world.dataset(world.group(), "Users")
    world.imported(dataset, "USER_ID,AGE\nu1,1\n")
    again = world.start_import(dataset, "USER_ID,AGE\nu2,2\n")
    job = world.api.create_dataset_export_job(
        jobName="export", datasetArn=dataset, roleArn=ROLE, jobOutput={"s3DataDestination": {"path": OUT}}
    )["datasetExportJobArn"]
    world.finish()
    assert world.described("dataset import job", again)["status"] == "ACTIVE"
    assert world.described("dataset export job", job)["status"] == "ACTIVE"


def test_deletion__fails_in_its_own_spelling(world: World) -> None:
    job = world.api.create_data_deletion_job(
        jobName="gdpr",
        datasetGroupArn=world.group(),
        dataSource={"dataLocation": world.put("leavers.csv", "NAME\nu1\n")},
        roleArn=ROLE,
    )["dataDeletionJobArn"]
    world.finish()
    described = world.api.describe_data_deletion_job(dataDeletionJobArn=job)["dataDeletionJob"]
    assert described["status"] == "FAILED"
    assert described["failureReason"] == "Input CSV is missing the following columns:[USER_ID]"


def test_deletion_jobs_are_listed_newest_first(world: World) -> None:
    group = world.group()
    for name in ("a", "b"):
        world.api.create_data_deletion_job(
            jobName=name, datasetGroupArn=group, dataSource={"dataLocation": OUT}, roleArn=ROLE
        )
        world.emulator.clock.advance(1)
    assert [job["jobName"] for job in world.api.list_data_deletion_jobs()["dataDeletionJobs"]] == ["b", "a"]
