"""After a campaign or recommender is up, the run asks it: for real users, by its recipe, through each filter."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pipeline.data.folders import DataFolder
from pipeline.samples import subjects
from pipeline.samples.names import _lines, names_of
from pipeline.samples.subjects import Dataset, items, pairs, rows

from local.personalize_emulator import Fault, Settings

from .conftest import ACCOUNT, items_schema, params
from .workflow import INTERACTIONS, SHORT, Deployment, Ended, deployed

ITEMS = "ITEM_ID,TITLE,GENRE,YEAR\n" + "".join(
    f'i{number},"Film, the {number}th",{"drama|comedy" if number % 2 else "horror"},{1950 + number}\n'
    for number in range(41)
)
ITEMS_SCHEMA = items_schema(
    {"name": "TITLE", "type": "string"},
    {"name": "GENRE", "type": ["null", "string"], "categorical": True},
    {"name": "YEAR", "type": ["null", "int"]},
)


def with_items(**more: Any) -> dict[str, Any]:
    document = params()
    document["datasets"]["Items"] = {"name": "shop-items", "schema": ITEMS_SCHEMA}
    return document | more


def upload(deployment: Deployment, document: dict[str, Any], **overrides: str) -> Ended:
    deployment.upload_data()
    deployment.upload("Items/items.csv", ITEMS)
    return deployment.run(document, **overrides)


def refuse(deployment: Deployment, code: str, reason: str, times: int = 9999) -> None:
    fault = Fault("error", "GetRecommendations", code=code, reason=reason, times=times)
    deployment.emulator.faults.add(fault)


def of(ended: Ended, resource: str, *, filtered: bool = False) -> list[dict[str, Any]]:
    samples = ended.record.get("samples", [])
    return [sample for sample in samples if sample["resource"] == resource and ("filter" in sample) == filtered]


def test_a_campaign_is_asked_for_three_real_users_and_answers_by_name() -> None:
    with deployed() as deployment:
        ended = upload(deployment, with_items())
        samples = of(ended, "campaign for-you")
        users = [sample["about"]["userId"] for sample in samples]
    assert ended.succeeded
    assert len(set(users)) == 3
    assert all(f"\n{user}," in INTERACTIONS for user in users)
    assert all(len(sample["answer"]) == 5 for sample in samples)
    number = samples[0]["answer"][0]["id"].removeprefix("i")
    assert samples[0]["answer"][0]["name"] == f"Film, the {number}th"


def test_the_same_data_is_asked_about_the_same_users_and_unchanged_campaigns_too() -> None:
    with deployed() as deployment:
        first = upload(deployment, with_items())
        again = deployment.run(with_items())
    assert again.done()["campaign for-you"] == "reused"
    assert again.record["samples"] == first.record["samples"]


def test_a_switch_in_the_params_and_one_of_the_deployment_turn_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with deployed() as deployment:
        assert "samples" not in upload(deployment, with_items(samples=0)).record
        assert len(of(deployment.run(with_items(samples=5)), "campaign for-you")) == 5
        monkeypatch.setenv("SAMPLES", "0")
        assert "samples" in deployment.run(with_items()).record  # the function reads its settings once
        assert deployment.calls("GetRecommendations") == 5 + 3


def test_filters_are_tried_with_values_of_the_data() -> None:
    filters = [
        {"name": "by-genre", "filterExpression": "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"},
        {"name": "new", "filterExpression": "INCLUDE ItemID WHERE Items.YEAR > $SINCE"},
        {"name": "all", "filterExpression": 'EXCLUDE ItemID WHERE Items.GENRE IN ("horror")'},
        {"name": "no-value", "filterExpression": "INCLUDE ItemID WHERE Users.MEMBER = $MEMBER"},
    ]
    with deployed() as deployment:
        ended = upload(deployment, with_items(filters=filters[:3]))
        tried = {sample["filter"]: sample for sample in of(ended, "campaign for-you", filtered=True)}
    assert ended.succeeded
    assert not any("filterValues" in sample for sample in tried.values())  # they may be those of a user
    assert all(len(sample["answer"]) == 5 for sample in tried.values())


@pytest.mark.parametrize(
    ("recipe", "about"),
    [
        ("aws-similar-items", {"itemId"}),
        ("aws-personalized-ranking-v2", {"userId"}),
        ("aws-popularity-count", {"userId"}),
        ("aws-trending-now", {"userId"}),
    ],
)
def test_each_recipe_is_asked_what_it_answers(recipe: str, about: set[str]) -> None:
    document = with_items()
    document["solution"]["recipeArn"] = f"arn:aws:personalize:::recipe/{recipe}"
    with deployed() as deployment:
        ended = upload(deployment, document)
        samples = of(ended, "campaign for-you")
    assert ended.succeeded, ended.mail
    assert len(samples) == 3
    assert all(sample["about"].keys() == about and sample["answer"] for sample in samples)


def test_a_campaign_that_refuses_fails_the_run_and_says_what_it_said() -> None:
    with deployed() as deployment:
        refuse(deployment, "InvalidInputException", "Nobody is at home.")
        ended = upload(deployment, with_items())
        row = ended.row("campaign")
        mended = deployment_after(deployment)
    assert not ended.succeeded
    assert row["done"] == "created"
    assert row["problem"] == "does not answer 3 of 3 questions: Nobody is at home."
    assert mended.succeeded
    assert deployment_writes(mended) == []


def deployment_after(deployment: Deployment) -> Ended:
    deployment.emulator.faults.clear()
    return deployment.run(with_items())


def deployment_writes(ended: Ended) -> list[str]:
    return [done for done in ended.done().values() if done not in ("reused", "skipped")]


def test_what_passes_is_waited_out() -> None:
    with deployed() as deployment:
        refuse(deployment, "ThrottlingException", "Rate exceeded", times=7)
        ended = upload(deployment, with_items())
    assert ended.succeeded
    assert [len(sample["answer"]) for sample in of(ended, "campaign for-you")] == [5, 5, 5]


def test_a_right_that_is_missing_is_waited_for_and_then_told() -> None:
    with deployed() as deployment:
        refuse(deployment, "AccessDeniedException", "no right")
        began = deployment.emulator.clock.now()
        ended = upload(deployment, with_items())
        waited = deployment.emulator.clock.now() - began
    assert not ended.succeeded
    assert "no right" in ended.cause
    assert waited < 3600


def test_data_that_cannot_be_read_any_more_is_told_and_fails_nothing() -> None:
    with deployed() as deployment:
        upload(deployment, with_items())
        deployment.s3.delete_object(Bucket="shop-input", Key="Interactions/interactions.csv")
        ended = deployment.run(with_items(**{"import": "never"}))
    assert ended.succeeded
    assert any("not asked" in note for note in ended.report["notes"])


def test_two_groups_are_asked_about_their_own_data() -> None:
    with deployed(Settings(account_id=ACCOUNT, durations=SHORT)) as deployment:
        first = upload(deployment, with_items())
        deployment.upload_data("b/", INTERACTIONS.replace("\nu", "\nother"))
        deployment.upload("b/Items/items.csv", ITEMS)
        document = json.loads(json.dumps(with_items()).replace('"shop', '"b-shop').replace("for-you", "b-for-you"))
        second = deployment.run(document, key="b/params.json")
    assert first.succeeded
    assert all(sample["about"]["userId"].startswith("other") for sample in second.record["samples"])


def test_data_that_was_changed_and_not_imported_is_asked_about_by_nobody() -> None:
    with deployed() as deployment:
        upload(deployment, with_items())
        deployment.upload_data(interactions=INTERACTIONS.replace("\nu", "\nstranger"))
        ended = deployment.run(with_items(**{"import": "never"}))
    assert ended.succeeded and "samples" not in ended.record
    assert any("not asked" in note for note in ended.report["notes"])


def test_a_first_file_without_rows_is_passed_over() -> None:
    with deployed() as deployment:
        deployment.upload("Interactions/a.csv", "USER_ID,ITEM_ID,TIMESTAMP\n")
        assert len(of(upload(deployment, with_items()), "campaign for-you")) == 3


@pytest.mark.parametrize("strange", ["\x85", "\u2028", "\x0c"])
def test_only_a_line_feed_ends_a_line(strange: str) -> None:
    rows_ = "".join(f"u{n % 60}{strange}x,i{n % 41},{1_700_000_000 + n}\n" for n in range(1500))
    with deployed() as deployment:
        deployment.upload_data(interactions=f"USER_ID,ITEM_ID,TIMESTAMP\n{rows_}")
        ended = deployment.run()
    users = {sample["about"]["userId"] for sample in ended.record.get("samples", [])}
    assert not ended.succeeded or all(user.endswith(f"{strange}x") for user in users)


def test_a_catalogue_without_line_ends_takes_no_time() -> None:
    chunks = (b"x" * 262_144 for _ in range(2000))
    assert sum(1 for _ in _lines(chunks, time.monotonic() + 60)) == 0
    assert next(chunks, None)  # it was not read to its end


def test_a_busy_s3_is_waited_for_and_hides_no_campaign_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = iter(range(3))
    read = DataFolder.read

    def sometimes(folder: DataFolder, file: Any, begin: int, end: int) -> Any:
        if end == subjects.HEAD and next(busy, None) is not None:
            answer = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
            raise ClientError(answer, "GetObject")  # type: ignore[arg-type]
        return read(folder, file, begin, end)

    with deployed() as deployment:
        refuse(deployment, "InvalidInputException", "Nobody is at home.")
        monkeypatch.setattr(DataFolder, "read", sometimes)
        ended = upload(deployment, with_items())
    assert not ended.succeeded and "Nobody is at home." in ended.mail


def test_what_is_asked_again_are_the_same_questions_whatever_lies_there_by_then() -> None:
    with deployed() as deployment:
        refuse(deployment, "ThrottlingException", "Rate exceeded", times=9)
        deployment.upload_data()
        deployment.upload("Items/items.csv", ITEMS)
        execution = deployment.start(with_items())
        while "Ask for Recommendations" not in execution.entered:
            deployment.emulator.clock.advance(execution.advance() or 0)
        deployment.upload_data(interactions=INTERACTIONS.replace("\nu", "\nstranger"))
        ended = deployment.finish(execution)
    assert ended.succeeded and "questions" not in ended.record
    assert [sample["about"]["userId"][0] for sample in of(ended, "campaign for-you")] == ["u", "u", "u"]


def test_looks_at_a_campaign_that_refuses_for_hours_grow_rarer() -> None:
    with deployed() as deployment:
        refuse(deployment, "ThrottlingException", "Rate exceeded")
        ended = upload(deployment, with_items())
    assert not ended.succeeded and "Rate exceeded" in ended.cause
    assert ended.execution.entered.count("Ask for Recommendations") < 100  # six hours, of which every look costs


def test_a_placeholder_for_a_number_and_a_text_is_not_tried() -> None:
    expression = "INCLUDE ItemID WHERE Items.GENRE IN ($A) AND Items.YEAR > $A"
    with deployed() as deployment:
        ended = upload(deployment, with_items(filters=[{"name": "odd", "filterExpression": expression}]))
        (sample,) = of(ended, "campaign for-you", filtered=True)
    assert ended.succeeded
    assert sample["refused"] == "there is no value to try for $A"


# --- Parts ------------------------------------------------------------------------------------------------------------


def test_whom_to_ask_does_not_depend_on_the_order_of_the_rows() -> None:
    table = [{"USER_ID": f"u{n % 7}", "ITEM_ID": f"i{n % 5}"} for n in range(50)]
    forward, backward = Dataset(None, table), Dataset(None, table[::-1])  # type: ignore[arg-type]
    assert pairs(forward, 3) == pairs(backward, 3)
    assert items(forward, 4) == items(backward, 4)


def test_rows_with_quotes_and_of_another_length() -> None:
    found = list(rows(iter(["ITEM_ID, title\n", 'a,"x,\n', 'y"\n', "b\n", "c,z\n"])))
    assert found == [{"ITEM_ID": "a", "TITLE": "x,\ny"}, {"ITEM_ID": "c", "TITLE": "z"}]


def test_without_a_column_of_names_ids_do() -> None:
    assert names_of({"a"}, Dataset(None, [{"ITEM_ID": "a", "GENRE": "x"}])) == {}  # type: ignore[arg-type]
    assert names_of({"a"}, None) == {}
