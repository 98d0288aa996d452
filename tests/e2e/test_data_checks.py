"""Data that is more than one call reads: Step Functions' map spreads it, the function's role keeps what was found."""

from __future__ import annotations

from .stack import Pipeline, Run
from .uploads import INTERACTIONS

HEADER = "USER_ID,ITEM_ID,TIMESTAMP\n"
ROWS = 2_600_000  # some 75 MB: more than the plan reads by itself
KEPT = "runs/data-checks/"


def times_spread(run: Run) -> int:
    """How often the run's data was read by others than the plan."""
    return sum(event.get("stateEnteredEventDetails", {}).get("name") == "Check Data" for event in run.events())


def test_a_fault_in_the_last_line_of_much_data_is_told_before_anything_is_made(shop: Pipeline) -> None:
    rows = "".join(f"user-{n % 9973},item-{n % 997},{1_700_000_000 + n}\n" for n in range(ROWS))
    shop.upload_data(interactions=f"{HEADER}{rows}user-1,item-1,2024-02-30\n")
    run = shop.run()
    line = f'interactions.csv, line {ROWS + 2:,}, TIMESTAMP: "2024-02-30" is a date.'
    assert line in run.mail
    assert (run.status, run.error) == ("FAILED", "ParamsRejected")
    assert times_spread(run) == 1
    assert shop.stack.personalize.writes() == []
    again = shop.run()
    assert line in again.mail
    assert times_spread(again) == 0  # it is known


def test_many_files_are_read_side_by_side_and_then_imported(shop: Pipeline) -> None:
    lines = INTERACTIONS.splitlines(keepends=True)[1:]
    shop.stack.s3.delete_object(Bucket=shop.bucket, Key=f"{shop.folder}Interactions/interactions.csv")
    for number in range(210):
        shop.upload(f"Interactions/{number:03}.csv", HEADER + "".join(lines[number::210]))
    run = shop.run()
    assert run.status == "SUCCEEDED", run.mail
    assert "1,500 rows in 210 files, 60 users" in run.mail
    assert times_spread(run) == 1
    assert run.report["data"]["Interactions"]["wasReadWhole"]
    nothing_new = shop.run()
    assert "nothing had changed" in nothing_new.mail
    assert times_spread(nothing_new) == 0
    kept = shop.stack.s3.list_objects_v2(Bucket=shop.bucket, Prefix=KEPT)["Contents"]
    assert len(kept) > 210
