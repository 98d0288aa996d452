"""The same thing in another form is no difference: each one would be an update or a new filter at every upload."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pipeline.engine.differences import canonical_expression, changed, differs, fixed_changes, update
from pipeline.engine.resource_types import RESOURCE_TYPES

CAMPAIGN, SOLUTION, RECOMMENDER = (RESOURCE_TYPES[kind] for kind in ("campaign", "solution", "recommender"))
FILTER, ATTRIBUTION, GROUP = (RESOURCE_TYPES[kind] for kind in ("filter", "metricAttribution", "datasetGroup"))
VERSION = "arn:aws:personalize:eu-west-1:123456789012:solution/for-you/1f0c9a3b"
INCLUDE = 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "Purchase") AND Items.PRICE <= 100'


# --- Values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        ("0.30", "0.3"),
        (0.3, "0.3"),
        (1, "1.0"),
        ("1e2", 100),
        (True, "true"),
        ("False", False),
        (False, None),
        ([], None),
        ({}, None),
        ({"weight": "0.30"}, {"weight": 0.3, "ageCutOff": "30"}),  # what only the service says is its default
        ({"inner": {}}, {"inner": {"of": "the service"}}),
        (["a", "b"], ["b", "a"]),
        ([{"name": "x", "min": 1}], [{"name": "x", "min": "1.0", "isTunable": True}]),
        ("arn:solution/s/$LATEST", "arn:solution/s/1f0c9a3b"),
        ("arn:solution/s/$LATEST", "arn:solution/s/$LATEST"),
        ({"enableMetadataWithRecommendations": False}, None),
    ],
)
def test_another_form_is_no_difference(wanted: Any, present: Any) -> None:
    assert not differs(wanted, present)


@pytest.mark.parametrize(
    ("wanted", "present"),
    [
        ("0.31", "0.3"),
        (2, 1),
        (1, None),
        (True, False),
        (True, None),
        ("true", "yes"),
        ("NaN", "nan"),  # no numbers to us
        ({"weight": "0.3"}, {"weight": "0.5"}),
        ({"weight": "0.3"}, {}),
        (["a"], ["a", "b"]),
        (["a", "b"], ["a"]),
        (["a", "c"], ["a", "b"]),
        ([{"name": "x", "min": 1}], [{"name": "x", "min": 2}]),
        ("arn:solution/s/$LATEST", "arn:solution/s2/1f0c9a3b"),
    ],
)
def test_another_value_is_a_difference(wanted: Any, present: Any) -> None:
    assert differs(wanted, present)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert not differs(value, copy.deepcopy(value))


@given(st.integers(), st.integers())
def test_numbers_differ_as_numbers_do_in_whatever_form(one: int, other: int) -> None:
    forms = [(one, other), (str(one), other), (one, f"{other}.0"), (f"{one}.00", str(other))]
    assert [differs(*form) for form in forms] == [one != other] * 4


# --- What can't be changed --------------------------------------------------------------------------------------------


def test_what_the_file_does_not_say_may_be_as_it_is() -> None:
    shown = {"recipeArn": "r", "datasetGroupArn": "g", "performHPO": True, "solutionConfig": {"hpoConfig": {"a": "1"}}}
    assert fixed_changes(SOLUTION, {"recipeArn": "r", "datasetGroupArn": "g"}, shown) == []


def test_what_says_something_by_being_left_out_counts() -> None:
    assert fixed_changes(SOLUTION, {"recipeArn": "r"}, {"recipeArn": "r", "eventType": "click"}) == ["eventType"]
    assert fixed_changes(GROUP, {"name": "shop"}, {"name": "shop", "domain": "ECOMMERCE"}) == ["domain"]


def test_what_update_solution_changes_is_not_fixed() -> None:
    wanted = {
        "solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(1 day)"}, "optimizationObjective": {}}
    }
    assert fixed_changes(SOLUTION, wanted, {"solutionConfig": {}}) == []
    wanted["solutionConfig"]["algorithmHyperParameters"] = {"bptt": "32"}
    assert fixed_changes(SOLUTION, wanted, {"solutionConfig": {}}) == ["solutionConfig"]


@pytest.mark.parametrize("kind", [kind for kind in RESOURCE_TYPES.values() if kind.fixed])
def test_a_resource_has_no_changes_against_its_own_parameters(kind: Any) -> None:
    parameters = {name: {"a": "1"} if name == "solutionConfig" else "x" for name in kind.fixed}
    assert fixed_changes(kind, parameters, parameters) == []
    for name in kind.fixed:
        other = parameters | {name: {"a": "2"} if name == "solutionConfig" else "y"}
        assert fixed_changes(kind, other, parameters) == [name]


# --- Updates ----------------------------------------------------------------------------------------------------------


def campaign(**more: Any) -> dict[str, Any]:
    """As Personalize describes one."""
    return {"name": "for-you", "solutionVersionArn": VERSION, "minProvisionedTPS": 1, "status": "ACTIVE"} | more


def test_a_campaign_as_wanted_needs_no_update() -> None:
    wanted = {"name": "for-you", "solutionVersionArn": VERSION}
    assert changed(CAMPAIGN, wanted, campaign()) == []
    assert update(CAMPAIGN, wanted, campaign()) == {}
    explored = {"campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.30"}}}
    shown = {
        "campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0.3", "explorationItemAgeCutOff": "30"}}
    }
    assert update(CAMPAIGN, wanted | explored, campaign(**shown)) == {}


def test_a_changed_setting_is_updated_with_all_that_is_wanted() -> None:
    wanted = {"name": "for-you", "solutionVersionArn": VERSION, "minProvisionedTPS": 3}
    assert changed(CAMPAIGN, wanted, campaign()) == ["minProvisionedTPS"]
    assert update(CAMPAIGN, wanted, campaign()) == {"solutionVersionArn": VERSION, "minProvisionedTPS": 3}


def test_a_setting_that_is_taken_out_goes_back_to_its_default() -> None:
    """Else it would bill on, and no file would say why."""
    wanted = {"name": "for-you", "solutionVersionArn": VERSION}
    present = campaign(minProvisionedTPS=50, campaignConfig={"enableMetadataWithRecommendations": True})
    assert changed(CAMPAIGN, wanted, present) == ["minProvisionedTPS", "campaignConfig"]
    assert update(CAMPAIGN, wanted, present) == {
        "solutionVersionArn": VERSION,
        "minProvisionedTPS": 1,
        "campaignConfig": {"enableMetadataWithRecommendations": False},
    }


def test_what_the_file_still_says_stays_beside_a_default() -> None:
    wanted = {"recommenderConfig": {"enableMetadataWithRecommendations": True}}
    present = {"recommenderConfig": wanted["recommenderConfig"] | {"minRecommendationRequestsPerSecond": 9}}
    assert update(RECOMMENDER, wanted, present) == {
        "recommenderConfig": {"enableMetadataWithRecommendations": True, "minRecommendationRequestsPerSecond": 1}
    }


@pytest.mark.parametrize("kind", [kind for kind in RESOURCE_TYPES.values() if kind.defaults])
def test_what_shows_its_defaults_needs_no_update(kind: Any) -> None:
    assert update(kind, {}, copy.deepcopy(kind.defaults)) == {}
    assert update(kind, {}, {}) == {}


def test_an_update_of_a_solution_has_its_settings_under_another_name() -> None:
    weights = {"eventParametersList": [{"eventType": "click", "weight": 0.5}]}
    wanted = {"performAutoTraining": True, "solutionConfig": {"eventsConfig": weights, "hpoConfig": {"a": "1"}}}
    present = {"performAutoTraining": False, "solutionConfig": {"hpoConfig": {"a": "1"}}}
    assert update(SOLUTION, wanted, present) == {
        "performAutoTraining": True,
        "solutionUpdateConfig": {"eventsConfig": weights},
    }


def test_what_has_no_update_needs_none() -> None:
    assert update(FILTER, {"filterExpression": "x"}, {"filterExpression": "y"}) == {}
    assert changed(GROUP, {"name": "x"}, {"name": "y"}) == []


# --- Metric attributions ----------------------------------------------------------------------------------------------


def metric(name: str, expression: str = "SAMPLECOUNT()") -> dict[str, str]:
    return {"metricName": name, "eventType": "click", "expression": expression}


def attribution(*metrics: dict[str, str], place: str = "s3://shop/metrics/a/output/") -> dict[str, Any]:
    return {"metrics": list(metrics), "metricsOutputConfig": {"s3DataDestination": {"path": place}, "roleArn": "role"}}


def test_the_same_metrics_in_another_order_need_no_update() -> None:
    assert update(ATTRIBUTION, attribution(metric("a"), metric("b")), attribution(metric("b"), metric("a"))) == {}


def test_metrics_are_added_and_removed_by_name() -> None:
    change = update(ATTRIBUTION, attribution(metric("a"), metric("c")), attribution(metric("a"), metric("b")))
    assert change["addMetrics"] == [metric("c")]
    assert change["removeMetrics"] == ["b"]


def test_a_metric_that_says_something_else_is_replaced() -> None:
    change = update(ATTRIBUTION, attribution(metric("a", "SUM(Items.PRICE)")), attribution(metric("a")))
    assert change["addMetrics"] == [metric("a", "SUM(Items.PRICE)")]
    assert change["removeMetrics"] == ["a"]


def test_another_place_alone_touches_no_metric() -> None:
    change = update(
        ATTRIBUTION, attribution(metric("a"), place="s3://shop/metrics/b/output/"), attribution(metric("a"))
    )
    assert change.keys() == {"metricsOutputConfig"}
    assert change["metricsOutputConfig"]["s3DataDestination"]["path"] == "s3://shop/metrics/b/output/"


# --- Filter expressions -----------------------------------------------------------------------------------------------


KEYWORDS = {"INCLUDE", "EXCLUDE", "ItemID", "WHERE", "IN", "NOT", "AND", "OR", "IF"}
TOKENS = ["INCLUDE", "ItemID", "WHERE", "Interactions.EVENT_TYPE", "IN", "(", '"click"', ",", '"Purchase"', ")"]
TOKENS += ["AND", "Items.GENRE", "NOT", "IN", "(", "$GENRE", ")", "OR", "Items.PRICE", "<=", "100", "|", "EXCLUDE"]
TOKENS += ["ItemID", "WHERE", "Items.ID", "IN", "(", '"a b"', ")", "IF", "CurrentUser.AGE", "!=", "18"]
BLANKS = st.text(" \t\n", min_size=1, max_size=3)
ANYWHERE = {"(", ")", ",", "|"}  # beside which no blank is needed


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """The expression of TOKENS, with other blanks, keywords in other cases, and values in parentheses."""
    text = ""
    for number, token in enumerate(TOKENS):
        if number:
            beside = {token, TOKENS[number - 1]} & ANYWHERE
            text += draw(st.just("") | BLANKS) if beside else draw(BLANKS)
        if token in KEYWORDS:
            token = draw(st.sampled_from([token, token.lower(), token.upper(), token.title()]))
        if token in ("100", "18") and draw(st.booleans()):
            token = f"({token})"
        text += token
    return text


@given(spellings(), spellings())
def test_an_expression_is_the_same_however_it_is_written(one: str, other: str) -> None:
    assert canonical_expression(one) == canonical_expression(other)


VALUES = st.text(st.characters(blacklist_characters="\"'\\", blacklist_categories=("Cs",)), max_size=8)


@given(VALUES, VALUES)
def test_another_value_is_another_expression(one: str, other: str) -> None:
    assume(one != other)
    expression = 'INCLUDE ItemID WHERE Items.GENRE IN ("{}", "x")'
    assert canonical_expression(expression.format(one)) != canonical_expression(expression.format(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (INCLUDE, INCLUDE.replace("IN (", "in(")),
        (INCLUDE, INCLUDE.replace('"', "'")),
        (INCLUDE, INCLUDE.replace("Items.PRICE <= 100", "Items.PRICE <= (100)")),
        (INCLUDE, INCLUDE.replace("Items.PRICE <= 100", "Items.PRICE<=100")),
        ("x WHERE Items.A != $B", "x WHERE Items.A!=$B"),
        ('x WHERE Items.A = "b"', 'x WHERE Items.A="b"'),
        ("x WHERE Items.A NOT IN ($B)", "x WHERE Items.A not  in ($B)"),
        ("x WHERE Items.A NOT IN ($B)", "x WHERE Items.A NOT_IN ($B)"),
    ],
)
def test_another_form_of_an_expression_is_no_change(one: str, other: str) -> None:
    assert canonical_expression(one) == canonical_expression(other)
    assert fixed_changes(FILTER, {"filterExpression": one}, {"filterExpression": other}) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (INCLUDE, INCLUDE.replace("click", "Click")),
        (INCLUDE, INCLUDE.replace("INCLUDE", "EXCLUDE")),
        (INCLUDE, INCLUDE.replace("100", "1000")),
        (INCLUDE, INCLUDE.replace("<=", ">=")),
        (INCLUDE, INCLUDE.replace("AND", "OR")),
        (INCLUDE, INCLUDE.replace("IN (", "NOT IN (")),
        (INCLUDE, INCLUDE.replace('"click", "Purchase"', '"click, Purchase"')),
        ("x WHERE Items.A = $b", "x WHERE Items.A = $B"),
        ('x WHERE Items.A = "$B"', "x WHERE Items.A = $B"),
        (r'x WHERE Items.A = "a\"b"', r'x WHERE Items.A = "a\"B"'),
    ],
)
def test_another_meaning_of_an_expression_is_a_change(one: str, other: str) -> None:
    assert canonical_expression(one) != canonical_expression(other)
    assert fixed_changes(FILTER, {"filterExpression": one}, {"filterExpression": other}) == ["filterExpression"]


@given(st.text(max_size=60))
def test_whatever_stands_there_can_be_compared(text: str) -> None:
    """The service refuses it, not we."""
    assert fixed_changes(FILTER, {"filterExpression": text}, {"filterExpression": text}) == []
