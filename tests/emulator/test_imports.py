"""Imports: what is read, and everything that makes a job fail or a call be refused."""

from __future__ import annotations

from typing import Any

import pytest

from local.personalize_emulator import Settings, Switches, mock_personalize

from .world import BUCKET, ROLE, World, interactions_csv, refused

CSV = interactions_csv()
HEADER, *ROWS = CSV.splitlines()


def with_row(row: str) -> str:
    return "\n".join([HEADER, *ROWS, row])


def count(world: World, dataset: str) -> int:
    (backend,) = [b for b in world.emulator.backends() if dataset in b.rows]
    return backend.rows.count(dataset)


@pytest.fixture
def dataset(world: World) -> str:
    return world.dataset(world.group())


def test_import(world: World, dataset: str) -> None:
    job = world.imported(dataset)
    assert job["status"] == "ACTIVE"
    assert job["importMode"] == "FULL"
    assert "failureReason" not in job
    assert count(world, dataset) == len(ROWS)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Input CSV is missing the following columns:[USER_ID, ITEM_ID, TIMESTAMP]"),
        (CSV.replace("ITEM_ID", "ITEM", 1), "Input CSV is missing the following columns:[ITEM_ID]"),
        (CSV.replace("USER_ID", '"USER_ID"', 1), "Input CSV is missing the following columns:[USER_ID]"),
        ("\ufeff" + CSV, "Input CSV is missing the following columns:[USER_ID]"),
        (with_row("u1,i1,soon"), "Column TIMESTAMP holds 'soon', which is not of type long"),
        (with_row("u1,i1,1.5"), "Column TIMESTAMP holds '1.5', which is not of type long"),
        (with_row("u1,i1,1_700"), "Column TIMESTAMP holds '1_700', which is not of type long"),
        (with_row(f"u1,i1,{2**63}"), "which is not of type long"),
        (with_row(f"u1,i1,{'9' * 5000}"), "which is not of type long"),
        (with_row("u1,i1"), f"Line {len(ROWS) + 2} of the CSV file has 2 values for 3 columns"),
        (with_row("u1,,1700000000"), "Column ITEM_ID holds an empty value"),
        (with_row(f"u1,{'i' * 257},1700000000"), "Length cannot be more than 256 characters for ITEM_ID."),
        (with_row('u1,"a\nb",1700000000'), "holds a line break"),
        (with_row('u1,"a,1700000000'), "The CSV file cannot be read"),
        ("\n".join([HEADER, *ROWS[:999]]), "The import holds 999 interactions, fewer than the minimum of 1000"),
    ],
)
def test_import__data_that_fails(world: World, dataset: str, text: str, reason: str) -> None:
    job = world.imported(dataset, text or "\n")
    assert job["status"] == "CREATE FAILED"
    assert reason in job["failureReason"]
    assert count(world, dataset) == 0


def test_import__not_utf8(world: World, dataset: str) -> None:
    location = world.put("latin/i.csv", with_row("u1,Müller,1700000000").encode("latin-1"))
    job = world.imported(dataset, location=location)
    assert job["failureReason"] == "The CSV file is not encoded in UTF-8."


def test_import__exactly_the_minimum(world: World, dataset: str) -> None:
    assert world.imported(dataset, "\n".join([HEADER, *ROWS[:1000]]))["status"] == "ACTIVE"


def test_import__users_have_no_minimum(world: World) -> None:
    dataset = world.dataset(world.group(), "Users")
    assert world.imported(dataset, "USER_ID,AGE\nu1,3\nu2,\n")["status"] == "ACTIVE"
    assert count(world, dataset) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("i1,a,", "Column PRICE holds an empty value"),
        ("i1,a,nan", "Column PRICE holds 'nan', which is not of type float"),
        ("i1,a,dear", "Column PRICE holds 'dear', which is not of type float"),
        (f"i1,{'a|' * 501},1", "Length cannot be more than 1000 characters for GENRES."),
    ],
)
def test_import__items_that_fail(world: World, row: str, reason: str) -> None:
    job = world.imported(world.dataset(world.group(), "Items"), f"ITEM_ID,GENRES,PRICE\n{row}\n")
    assert reason in job["failureReason"]


@pytest.mark.parametrize("price", ["1", "-1.5", "+.5", "2.", "1e3", "1E-3"])
def test_import__numbers_in_every_way_to_write_them(world: World, price: str) -> None:
    dataset = world.dataset(world.group(), "Items")
    assert world.imported(dataset, f"ITEM_ID,GENRES,PRICE\ni1,a,{price}\n")["status"] == "ACTIVE"


def test_import__columns_may_be_called_anything(world: World) -> None:
    fields = [{"name": name, "type": "string"} for name in ("USER_ID", "origin", "place", "select")]
    dataset = world.dataset(world.group(), "Users", world.schema("Users", [*fields, {"name": "rowid", "type": "int"}]))
    job = world.imported(dataset, "USER_ID,origin,place,select,rowid\nu,a,b,c,1\n")
    assert job["status"] == "ACTIVE", job


def test_import__s3_that_breaks_in_the_midst(world: World) -> None:
    from botocore.exceptions import ReadTimeoutError

    class Breaking:
        def head_object(self, **_: Any) -> Any:
            return {"ContentLength": 0}

        def get_object(self, **_: Any) -> Any:
            return {"Body": self}

        def get_paginator(self, _: str) -> None:
            raise AssertionError("one object needs no listing")

        def read(self, _: int) -> bytes:
            raise ReadTimeoutError(endpoint_url="s3")

    world.emulator.s3 = lambda _region: Breaking()
    job = world.imported(world.dataset(world.group()), location=f"s3://{BUCKET}/i.csv")
    assert (job["status"], job["failureReason"]) == ("CREATE FAILED", "Invalid Data location.")


def test_import__long_text_is_cut_and_quotes_are_escaped(world: World) -> None:
    fields: list[dict[str, Any]] = [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "STORY", "type": "string", "textual": True},
    ]
    dataset = world.dataset(world.group(), "Items", world.schema("Items", fields))
    story = 'She said \\"yes\\", ' + "x" * 30_000
    assert world.imported(dataset, f'ITEM_ID,STORY\ni1,"{story}"\n')["status"] == "ACTIVE"
    (backend,) = world.emulator.backends()
    (stored,) = next(iter(backend.rows.query(f"SELECT STORY FROM {backend.rows.table(dataset).name}")))
    assert stored.startswith('She said "yes", xxx')
    assert len(stored) == 20_000


def test_import__folder_is_read_at_its_first_level(world: World, dataset: str) -> None:
    world.put("many/a.csv", "\n".join([HEADER, *ROWS[:600]]))
    world.put("many/b.csv", "\n".join([HEADER, *ROWS[600:1200]]))
    world.put("many/below/c.csv", "this would fail")
    assert world.imported(dataset, location=f"s3://{BUCKET}/many/")["status"] == "ACTIVE"
    assert count(world, dataset) == 1200


def test_import__columns_in_another_order(world: World, dataset: str) -> None:
    shuffled = ["TIMESTAMP,X,USER_ID,ITEM_ID"]
    shuffled += [f"{t},?,{u},{i}" for u, i, t in (row.split(",") for row in ROWS)]
    assert world.imported(dataset, "\n".join(shuffled))["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("switches", "text", "reason"),
    [
        (Switches(csv_columns_matched_by="position"), "\n".join(["ITEM_ID,USER_ID,TIMESTAMP", *ROWS]), "in the order"),
        (
            Switches(csv_extra_columns="fail"),
            "\n".join([HEADER + ",X", *(r + ",1" for r in ROWS)]),
            "not in the schema",
        ),
        (Switches(millisecond_timestamps="fail"), with_row("u1,i1,1700000000000"), "in seconds"),
    ],
)
def test_switches_make_imports_stricter(switches: Switches, text: str, reason: str) -> None:
    for settings, status in ((Settings(), "ACTIVE"), (Settings(switches=switches), "CREATE FAILED")):
        with mock_personalize(settings) as emulator:
            world = World(emulator)
            job = world.imported(world.dataset(world.group()), text)
            assert job["status"] == status
            assert reason in job.get("failureReason", reason)


@pytest.mark.parametrize(
    "location",
    [f"s3://{BUCKET}/nothing/", f"s3://{BUCKET}/nothing.csv", "s3://no-such-bucket/a.csv"],
)
def test_import__nothing_there(world: World, dataset: str, location: str) -> None:
    job = world.imported(dataset, location=location)
    assert (job["status"], job["failureReason"]) == ("CREATE FAILED", "Invalid Data location.")


def test_import__no_address_in_s3(world: World, dataset: str) -> None:
    with refused("InvalidInputException", "Invalid Data location."):
        world.start_import(dataset, location="https://host/a.csv")


def test_import__full_replaces_and_incremental_adds(world: World, dataset: str) -> None:
    world.imported(dataset, "\n".join([HEADER, *ROWS[:1200]]))
    world.imported(dataset, "\n".join([HEADER, *ROWS[1000:]]), importMode="INCREMENTAL")
    assert count(world, dataset) == 1200 + len(ROWS) - 1000
    world.imported(dataset, "\n".join([HEADER, *ROWS[:1000]]))
    assert count(world, dataset) == 1000


def test_import__identical_interactions_are_one_and_ids_are_replaced(world: World, dataset: str) -> None:
    assert world.imported(dataset, with_row(ROWS[0]))["status"] == "ACTIVE"
    assert count(world, dataset) == len(ROWS)
    users = world.dataset(world.group(), "Users")
    world.imported(users, "USER_ID,AGE\nu1,3\nu1,4\n")
    assert count(world, users) == 1


def test_import__events_sent_individually_survive_a_full_import(world: World) -> None:
    group = world.group()
    dataset = world.dataset(group)
    tracking = world.api.create_event_tracker(name="t", datasetGroupArn=group)["trackingId"]
    world.finish()
    event = {"eventType": "click", "itemId": "new", "sentAt": 1_700_000_000}
    world.events.put_events(trackingId=tracking, userId="u", sessionId="s", eventList=[event])
    world.imported(dataset)
    assert count(world, dataset) == len(ROWS) + 1


def test_import__incremental_first(world: World, dataset: str) -> None:
    with refused("InvalidInputException", "needs an earlier FULL import"):
        world.start_import(dataset, importMode="INCREMENTAL")
    assert world.imported(dataset, "wrong")["status"] == "CREATE FAILED"
    with refused("InvalidInputException", "needs an earlier FULL import"):
        world.start_import(dataset, importMode="INCREMENTAL")


def test_import__job_names_are_never_free_again(world: World) -> None:
    group = world.group()
    dataset = world.dataset(group)
    world.imported(dataset, jobName="once")
    with refused("ResourceAlreadyExistsException", "dataset-import-job/once already exists"):
        world.start_import(dataset, jobName="once")
    world.api.delete_dataset(datasetArn=dataset)
    world.finish()
    again = world.dataset(group)
    with refused("ResourceAlreadyExistsException"):
        world.start_import(again, jobName="once")


def test_import__two_at_once_into_one_dataset(world: World, dataset: str) -> None:
    world.start_import(dataset)
    with refused("ResourceInUseException", "in progress already"):
        world.start_import(dataset)


def test_import__repeated_call_is_told_that_its_job_exists(world: World, dataset: str) -> None:
    world.start_import(dataset, jobName="once")
    with refused("ResourceAlreadyExistsException", "dataset-import-job/once already exists"):
        world.start_import(dataset, jobName="once")


@pytest.mark.parametrize(
    ("params", "message"),
    [({"dataSource": {}}, "dataLocation must be specified"), ({"roleArn": None}, "roleArn must be specified")],
)
def test_import__what_the_model_leaves_optional(
    world: World, dataset: str, params: dict[str, Any], message: str
) -> None:
    call = {"jobName": "j", "datasetArn": dataset, "roleArn": ROLE, "dataSource": {"dataLocation": "s3://b/k/"}}
    given = {k: v for k, v in (call | params).items() if v is not None}
    with refused("InvalidInputException", message):
        world.api.create_dataset_import_job(**given)


def test_import__dataset_not_active(world: World) -> None:
    group, schema = world.group(), world.schema("Interactions")
    dataset = world.api.create_dataset(name="d", datasetGroupArn=group, schemaArn=schema, datasetType="Interactions")[
        "datasetArn"
    ]
    with refused("ResourceInUseException", "CREATE PENDING"):
        world.start_import(dataset)


def test_import__data_is_there_only_when_the_job_ends(world: World, dataset: str) -> None:
    world.start_import(dataset)
    world.emulator.clock.advance(600)
    world.emulator.settle()
    assert count(world, dataset) == 0
    world.finish()
    assert count(world, dataset) == len(ROWS)
