"""The mail says what happened, what it costs, and what to do; it is legal for SNS whatever the names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.costs import standing
from pipeline.ending import headline, mail, report

CAMPAIGN = "arn:aws:personalize:eu-west-1:123456789012:campaign/for-you"
RUN = {"id": "20261123-170502-1f0c9a3b", "bucket": "shop-input", "key": "params.json", "datasetGroup": "shop"}


def row(**more: Any) -> dict[str, Any]:
    return {
        "type": "campaign",
        "name": "for-you",
        "arn": CAMPAIGN,
        "status": "ACTIVE",
        "done": "created",
        "reason": "new",
        "seconds": 612,
        "plan": "create",
        "metrics": {"coverage": 0.25},
        "problem": None,
    } | more


def bill(**more: Any) -> dict[str, Any]:
    return {
        "type": "campaign",
        "name": "for-you",
        "arn": CAMPAIGN,
        "status": "ACTIVE",
        "billed": "at least 1 transaction(s) per second, used or not",
        "stop": f"aws personalize delete-campaign --campaign-arn {CAMPAIGN}",
    } | more


def document(**more: Any) -> dict[str, Any]:
    return {
        "outcome": "succeeded",
        "error": None,
        "run": RUN,
        "report": "runs/20261123-170502-1f0c9a3b/report.json",
        "notes": [],
        "failures": [],
        "resources": [row()],
        "delays": [],
        "bills": [bill()],
        "seconds": 5000,
    } | more


def text(**more: Any) -> str:
    return mail.compose(document(**more))[1]


def test_the_code_is_named_and_the_code_before_an_upgrade_too() -> None:
    begun = RUN | {"codeVersion": "0123456789ab"}
    assert "Code:          0123456789ab\n" in text(run=begun, codeVersion="0123456789ab")
    assert "Code:          fedcba987654, begun with 0123456789ab\n" in text(run=begun, codeVersion="fedcba987654")
    assert "Code:          fedcba987654\n" in text(run=RUN, codeVersion="fedcba987654")  # a record of older code


def test_a_success_names_resources_durations_metrics_and_what_bills() -> None:
    found = text()
    assert found.startswith("shop is up to date.\n")
    assert "created in 10 min    campaign for-you (ACTIVE; new)" in found
    assert CAMPAIGN not in found  # the page has it
    assert "1 h 23 min" in found
    assert "coverage                                         0.2500" in found
    assert "s3://shop-input/runs/20261123-170502-1f0c9a3b/report.json" in found


def test_a_run_that_changed_nothing_says_so() -> None:
    assert "nothing had changed" in text(resources=[row(done="reused", seconds=None)])


def test_there_is_a_way_to_stop_whatever_bills() -> None:
    """What standing.py may find has a command here."""
    assert standing.STOPS.keys() == {"campaign", "recommender", "solution", "solution version"}
    for kind in ("campaign", "recommender", "solution"):
        assert standing.in_words(kind, {})


def test_what_bills_is_what_exists_and_not_what_the_file_names() -> None:
    found = text(resources=[], bills=[bill(name="of-old")])
    assert "What bills in this dataset group from now on, until you stop it" in found
    assert "Campaign of-old: at least 1 transaction(s) per second, used or not." in found


def test_nothing_bills_without_a_campaign() -> None:
    assert "Nothing: no campaign or recommender is up" in text(bills=[])


def test_bills_that_could_not_be_looked_at_are_told_as_such() -> None:
    unknown = document(billsUnknown="An error occurred (503)")
    del unknown["bills"]
    found = mail.compose(unknown)[1]
    assert "What bills from now on could not be looked at: An error occurred (503)" in found
    assert "Nothing: no campaign" not in found


def test_what_cost_time_besides_the_work_is_told() -> None:
    delays = [{"resource": "campaign for-you", "what": "ThrottlingException: Rate exceeded", "seconds": 750}]
    found = text(delays=delays)
    assert "What cost time besides the work" in found
    assert "  12 min               campaign for-you: ThrottlingException: Rate exceeded" in found
    assert "What cost time" not in text()


def test_a_plan_tells_what_would_be_done() -> None:
    plan = document(outcome="planned")
    del plan["bills"]
    found = mail.compose(plan)[1]
    assert "create               campaign for-you (new)" in found
    assert "What bills" not in found


def test_versions_are_compared() -> None:
    metrics = {"serving": {"coverage": 0.5, "gone": 1.0}, "new": {"coverage": 0.25}}
    assert "coverage                                         0.5000 -> 0.2500 (-0.2500)" in text(
        resources=[row(comparison=metrics)]
    )


def test_an_event_tracker_tells_its_id() -> None:
    assert "tracking ID for your clients: 1234" in text(resources=[row(trackingId="1234")])


def test_a_failure_tells_what_failed_what_exists_and_what_to_do() -> None:
    failures = [{"where": "solution for-you", "what": "CREATE FAILED: too little data"}]
    found = text(outcome="failed", failures=failures)
    assert found.startswith("shop FAILED at solution for-you.\n")
    assert "  solution for-you: CREATE FAILED: too little data" in found
    assert "What bills in this dataset group from now on" in found
    assert "upload the params file again" in found


def test_rejected_params_list_every_problem() -> None:
    problems = [{"where": f"$.p{number}", "what": "is wrong."} for number in range(3)]
    found = text(outcome="rejected", failures=problems, resources=[])
    assert all(f"$.p{number}: is wrong." in found for number in range(3))
    assert "Nothing was created" in found


@pytest.mark.parametrize(
    ("newer", "told"),
    [
        ({"key": "params.json"}, "Superseded by: params.json, uploaded again since"),
        (
            {"key": "team/params.json", "run": "20261123-170503-00000000"},
            "Superseded by: team/params.json of run 20261123-170503-00000000, uploaded later",
        ),
        (
            {"key": "params.json", "run": "20261123-170503-00000000", "tookEffect": True},
            "Superseded by: params.json of run 20261123-170503-00000000, uploaded later, which took effect already. "
            "Upload this one again if it is still wanted",
        ),
    ],
)
def test_a_superseded_upload_names_the_one_that_took_its_place(newer: dict[str, Any], told: str) -> None:
    superseded = document(outcome="superseded", supersededBy=newer, resources=[])
    del superseded["bills"]
    found = mail.compose(superseded)[1]
    assert found.startswith("shop: nothing was done, a newer upload took this one's place")
    assert told in found.splitlines()
    assert "What bills" not in found


def test_every_outcome_of_a_report_has_a_headline() -> None:
    assert headline.SENTENCES.keys() == {*report.ENDS.values(), "failed", "under way"}


@given(st.text(max_size=200))
def test_the_subject_is_legal_for_sns(name: str) -> None:
    subject = mail.message(document(run=RUN | {"datasetGroup": name}))["Subject"]
    assert 0 < len(subject) < 100
    assert subject.isascii() and subject.isprintable()


def size(message: dict[str, Any]) -> int:
    """In bytes, as SNS counts a message: with its attributes' names, types and values."""
    attributes = message["MessageAttributes"].items()
    return len(message["Message"].encode()) + sum(
        len(f"{name}{attribute['DataType']}{attribute['StringValue']}".encode()) for name, attribute in attributes
    )


def test_subscribers_can_filter_by_what_the_report_says_of_the_run() -> None:
    failures = [{"where": "the run", "what": "broke."}]
    attributes = mail.message(document(outcome="failed", failures=failures))["MessageAttributes"]
    assert attributes == {
        "outcome": {"DataType": "String", "StringValue": "failed"},
        "datasetGroup": {"DataType": "String", "StringValue": "shop"},
        "run": {"DataType": "String", "StringValue": RUN["id"]},
    }


def test_an_attribute_that_is_not_known_is_left_out() -> None:
    """SNS refuses an empty one."""
    run = {"id": RUN["id"], "key": "params.json"}
    assert mail.message(document(run=run))["MessageAttributes"].keys() == {"outcome", "run"}


@pytest.mark.parametrize("letters", ["a", "ä", "値", "🛒"])
@pytest.mark.parametrize("shift", range(4))
def test_a_mail_is_cut_where_sns_would_refuse_it_and_never_inside_a_character(letters: str, shift: int) -> None:
    run = RUN | {"datasetGroup": "größe" + "x" * shift}
    message = mail.message(document(run=run, notes=[letters * 300_000]))
    assert 262_144 - 4 < size(message) <= 262_144
    assert message["Message"].endswith("[Cut here: a mail takes no more. The rest is in the report in the bucket.]")
    assert "\ufffd" not in message["Message"]


def test_a_mail_that_just_fits_is_whole() -> None:
    room = 262_144 - size(mail.message(document(notes=["x"])))
    assert size(message := mail.message(document(notes=["x" * (room + 1)]))) == 262_144
    assert "[Cut here" not in message["Message"]
    assert "[Cut here" in mail.message(document(notes=["x" * (room + 2)]))["Message"]


def test_what_no_message_can_carry_is_a_blank() -> None:
    message = mail.message(document(run=RUN | {"key": "a\ud800b\x00c\uffffd.json"}))
    assert "Params file:   a b c d.json" in message["Message"]


def test_failures_beyond_those_listed_are_counted() -> None:
    failures = [{"where": f"$.p{number}", "what": "is wrong."} for number in range(100)]
    found = text(outcome="rejected", failures=failures, failureCount=10_000, resources=[])
    assert "  $.p99: is wrong.\n  ... and 9,900 more\n" in found


@pytest.mark.parametrize("long", [9, 5000])
def test_the_cause_of_an_execution_holds_the_first_failures_and_counts_the_others(long: int) -> None:
    failures = [{"where": f"$.p{number}", "what": "x" * long} for number in range(100)]
    told = mail.failure_text(document(failures=failures, failureCount=10_000), 1000).splitlines()
    assert len("\n".join(told)) <= 1000
    assert told[0].startswith("$.p0: xxx")
    assert told[-1] == f"... and {10_000 - len(told) + 1:,} more"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "1 h"), (3900, "1 h 5 min")]
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert mail.duration(seconds) == words


# --- For a phone ------------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(st.sampled_from(["name", "reason", "status"]), st.text(max_size=300)),
    st.lists(st.text(max_size=400), max_size=3),
)
def test_no_line_is_wider_than_a_mail_but_for_a_word_that_is(more: dict[str, str], notes: list[str]) -> None:
    for line in mail.message(document(resources=[row(**more)], notes=notes))["Message"].splitlines():
        assert len(line) <= mail.WIDTH or len(line.split()) == 1 or len(max(line.split(), key=len)) > 40, line


def test_the_order_is_what_happened_what_to_do_what_bills_where_to_look_and_the_rest() -> None:
    run = RUN | {"executionArn": "arn:aws:states:eu-west-1:123456789012:execution:shop-pipeline:x"}
    found = text(
        outcome="failed", run=run, failures=[{"where": "campaign for-you", "what": "broke."}], notes=["A note."]
    )
    parts = ["FAILED", "What is wrong", "What was made is kept", "What bills", "Page:", "Run:", "Resources", "Notes"]
    places = [found.index(part) for part in parts]
    assert places == sorted(places)


def test_the_subject_says_outcome_group_and_why() -> None:
    failures = [{"where": "campaign for-you", "what": "No capacity."}, {"where": "x", "what": "y"}]
    subject = mail.compose(document(outcome="failed", failures=failures, failureCount=2))[0]
    assert subject == "[personalize-pipeline] failed: shop; campaign for-you: No capacity. (and 1 more)"
    assert mail.compose(document())[0] == "[personalize-pipeline] succeeded: shop"
    unchanged = document(resources=[row(done="reused", seconds=None)])
    assert mail.compose(unchanged)[0] == "[personalize-pipeline] succeeded: shop; nothing had changed"


def quality(*values: float) -> list[dict[str, Any]]:
    versions = [
        {
            "name": f"v{number}",
            "trainedAt": number,
            "metrics": {"precision_at_25": value},
            "isNew": False,
            "serving": [],
        }
        for number, value in enumerate(values)
    ]
    versions[-1]["isNew"] = True
    return [{"solution": "for-you", "recipe": "r", "metric": "precision_at_25", "gates": [], "versions": versions}]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ((0.5,), "shop is up to date: for-you has a new version, Precision at 25 0.5000."),
        ((0.5, 0.625), "shop is up to date: for-you has a new version, Precision at 25 0.6250 (+0.1250)."),
        ((0.5, 0.375), "shop is up to date: for-you has a new version, Precision at 25 0.3750 (-0.1250)."),
    ],
)
def test_the_headline_has_the_number_that_matters_better_or_worse(values: tuple[float, ...], told: str) -> None:
    assert text(quality=quality(*values)).splitlines()[0] == told


def test_a_gate_that_held_is_what_the_headline_says() -> None:
    found = text(resources=[row(done="held", problem=None)], quality=quality(0.5, 0.4))
    assert found.startswith("shop: the run succeeded, and the gate held for-you on what it served.\n")


def test_recommendations_are_told_by_name() -> None:
    answer = [{"id": "i1", "name": "Heat"}, {"id": "i2"}]
    samples = [
        {"resource": "campaign for-you", "about": {"userId": "u1"}, "answer": answer},
        {"resource": "campaign for-you", "about": {"userId": "u2"}, "answer": []},
        {"resource": "campaign for-you", "about": {"userId": "u1"}, "filter": "new", "refused": "no."},
    ]
    found = text(samples=samples)
    assert "  campaign for-you, for user u1: Heat; i2\n" in found
    assert "  campaign for-you, for user u2: nothing\n" in found
    assert "  campaign for-you through filter new, for user u1: no answer: no.\n" in found
