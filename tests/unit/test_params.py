"""params.json is checked as a whole: every fault is named, with its place and what to do."""

from __future__ import annotations

import json
import re
from typing import Any

import generate_params_schema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.params import document as params

from .conftest import params as valid


def problems(document: Any) -> list[str]:
    parsed, problems = params.parse(json.dumps(document).encode())
    return [str(problem) for problem in problems or params.schema_problems(parsed)]


def test_a_complete_document_has_no_problems() -> None:
    assert problems(valid()) == []


def test_the_published_schema_is_what_the_service_model_says() -> None:
    assert json.loads(params.SCHEMA_FILE.read_text(encoding="utf-8")) == generate_params_schema.generate(), (
        "run `make schema`"
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"datasetGroup": {"name": "a",}}', "line 1, column 31: not valid JSON"),
        (b"", "line 1, column 1: not valid JSON"),
        (b"\xff\xfe", "not UTF-8 (byte 0)"),
        (b'{"a": NaN}', "`NaN` is not JSON"),
        (b'{"a": 1, "a": 2}', "`a` stands more than once"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a number with too many digits"),
        (b" " * (params.LARGEST + 1), "at most 131,072 are accepted"),
    ],
)
def test_what_is_no_json_object_is_told_in_words(body: bytes, problem: str) -> None:
    assert problem in str(params.parse(body)[1][0])


def test_a_byte_order_mark_is_no_problem() -> None:
    assert params.parse(b"\xef\xbb\xbf" + json.dumps(valid()).encode()) == (valid(), [])


def test_all_problems_are_told_at_once() -> None:
    document = valid(
        datasetGroup={"name": "x" * 64},
        campaign={"name": "c", "minProvisionedTps": 1, "minProvisionedTPS": 0},
        **{"import": "sometimes"},
    )
    assert problems(document) == [
        "$.campaign.minProvisionedTps: unknown key. Did you mean `minProvisionedTPS`?",
        "$.campaign.minProvisionedTPS: is 0; at least 1 is needed.",
        "$.datasetGroup.name: has 64 characters; at most 63 are allowed.",
        '$.import: must be one of ["auto", "always", "never"], not "sometimes".',
    ]


def test_interactions_are_required() -> None:
    document = valid()
    del document["datasets"]["Interactions"]
    assert problems(document) == ["$.datasets.Interactions: is missing; it is required."]


def test_a_campaign_needs_a_solution() -> None:
    assert "`campaign` needs `solution`" in problems(valid(solution=None))[0]


def test_a_name_may_not_end_in_a_line_break() -> None:
    assert '"a\\n" is no name: letters, digits, hyphens' in problems(valid(datasetGroup={"name": "a\n"}))[0]


def test_tags_of_any_script_are_accepted_and_counted() -> None:
    tags = [{"tagKey": f"größe-{number}", "tagValue": "中 @:/"} for number in range(51)]
    assert problems(valid(datasetGroup={"name": "a", "tags": tags[:50]})) == []
    assert problems(valid(datasetGroup={"name": "a", "tags": tags})) == [
        "$.datasetGroup.tags: has 51 entries; at most 50 are allowed."
    ]


@pytest.mark.parametrize(
    "parameter", ["recipeArn", "eventType", "performHPO", "performAutoML", "solutionConfig", "tags"]
)
def test_every_parameter_of_the_call_has_its_place(parameter: str) -> None:
    section = generate_params_schema.generate()["$defs"]["solution"]
    assert parameter in section["properties"]


SOLD = {"eventType": "purchase", "metricName": "sold", "expression": "SAMPLECOUNT()"}
PLACE = {"path": "s3://bucket/metrics/"}
ROLE = "arn:aws:iam::123456789012:role/shop"


@pytest.mark.parametrize(
    "output",
    [{}, {"metricsOutputConfig": {}}, {"metricsOutputConfig": {"s3DataDestination": PLACE, "roleArn": ROLE}}],
)
def test_a_metric_attribution_needs_no_place_for_its_metrics(output: dict[str, Any]) -> None:
    assert problems(valid(metricAttribution={"name": "sales", "metrics": [SOLD], **output})) == []


def test_a_metric_attribution_needs_its_metrics_whole() -> None:
    del (lacking := dict(SOLD))["expression"]
    output = {"s3DataDestination": {}}
    assert problems(valid(metricAttribution={"metrics": [lacking], "metricsOutputConfig": output})) == [
        "$.metricAttribution.name: is missing; it is required.",
        "$.metricAttribution.metrics[0].expression: is missing; it is required.",
        "$.metricAttribution.metricsOutputConfig.s3DataDestination.path: is missing; it is required.",
    ]
    assert problems(valid(metricAttribution={"name": "sales", "metrics": [SOLD] * 11})) == [
        "$.metricAttribution.metrics: has 11 entries; at most 10 are allowed."
    ]


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_hangs_on_the_group_can_be_asked_to_be_absent(state: str) -> None:
    document = valid(
        eventTracker={"name": "clicks", "state": state},
        filters=[{"name": "unseen", "filterExpression": "EXCLUDE ItemID WHERE ...", "state": state}],
        metricAttribution={"name": "sales", "metrics": [SOLD], "state": state},
    )
    assert problems(document) == []


def test_only_a_recommender_can_be_stopped() -> None:
    document = valid(
        eventTracker={"name": "clicks", "state": "stopped"},
        filters=[{"name": "unseen", "filterExpression": "EXCLUDE ItemID WHERE ...", "state": "stopped"}],
        metricAttribution={"name": "sales", "metrics": [SOLD], "state": "stopped"},
        recommenders=[
            {"name": "top", "recipeArn": "arn:aws:personalize:::recipe/aws-vod-top-picks", "state": "stopped"}
        ],
    )
    faulty = ("$.eventTracker", "$.filters[0]", "$.metricAttribution")
    assert problems(document) == [
        f'{where}.state: must be one of ["present", "absent"], not "stopped".' for where in faulty
    ]


@pytest.mark.parametrize("legal", ["rate(6 hours)", "rate(1 day)", "cron(0 3 ? * SUN *)", "at(2026-12-01T03:00:00)"])
def test_a_schedule_of_each_form_is_accepted(legal: str) -> None:
    assert problems(valid(schedules={"retrain": legal})) == []


@pytest.mark.parametrize("slip", ["daily", "rate(6 hours", "rate()", "rate(1 day) "])
def test_what_is_no_schedule_at_all_is_told_with_examples(slip: str) -> None:
    (problem,) = problems(valid(schedules={"retrain": slip}))
    assert problem.startswith("$.schedules.retrain: ")
    assert problem.endswith("Write one like rate(6 hours), cron(0 3 ? * SUN *) or at(2027-01-31T03:00:00).")


def test_every_pattern_of_the_schema_is_told_in_words() -> None:
    """Nobody mends a file by a regular expression."""
    found = {json.loads(text) for text in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', params.SCHEMA_FILE.read_text())}
    assert len(found) > 5
    for pattern in found:
        assert params.form_of(pattern) in params.FORMS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON, st.sampled_from(["datasetGroup", "datasets", "solution", "campaign", "import"]))
def test_no_document_makes_the_check_itself_fail(value: Any, section: str) -> None:
    assert isinstance(problems(valid(**{section: value})), list)


@given(st.binary())
def test_no_file_makes_the_reading_itself_fail(body: bytes) -> None:
    document, found = params.parse(body)
    assert found or params.schema_problems(document)
