"""Hyperparameters that are not as the guide has them are notes: what the service makes of them is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.params.hyperparameters import MEMBERS, TABLES, doubts

from .test_bad_params import SURROUNDINGS, changed, read_params, told
from .test_everything import RECIPE

ALGORITHM, FEATURES = MEMBERS
HPO = ".solutionConfig.hpoConfig.algorithmHyperParameterRanges"


def ranges(kind: str, **entry: Any) -> dict[str, Any]:
    return {"hpoConfig": {"algorithmHyperParameterRanges": {kind: [entry]}}}


@pytest.mark.parametrize(
    ("recipe", "config", "note"),
    [
        ("aws-sims", {ALGORITHM: {"popularity_discount_factor": "0.5", "min_cointeraction_count": "3"}}, None),
        ("aws-user-personalization", {ALGORITHM: {"recency_mask": "True", "bptt": "32"}}, None),
        ("aws-user-personalization-v2", {ALGORITHM: {"anything": "x"}}, None),
        ("aws-similar-items", {ALGORITHM: {"item_id_hidden_dim": "100"}}, None),
        (
            "aws-user-personalization",
            {ALGORITHM: {"hidden_dimensions": "100"}},
            f".solutionConfig.{ALGORITHM}.hidden_dimensions: hidden_dimensions is none that the guide has for "
            "aws-user-personalization. Did you mean hidden_dimension?",
        ),
        (
            "aws-user-personalization",
            {ALGORITHM: {"hidden_dimension": "512"}},
            f".solutionConfig.{ALGORITHM}.hidden_dimension: is 512; the guide has from 32 to 256.",
        ),
        (
            "aws-user-personalization",
            {ALGORITHM: {"bptt": "2.5"}},
            f'.solutionConfig.{ALGORITHM}.bptt: is "2.5"; it is a whole number.',
        ),
        (
            "aws-personalized-ranking",
            {ALGORITHM: {"recency_mask": "yes"}},
            f'.solutionConfig.{ALGORITHM}.recency_mask: is "yes"; it is true or false.',
        ),
        (
            "aws-sims",
            {FEATURES: {"min_user_history_length_percentile": "5"}},
            f".solutionConfig.{FEATURES}.min_user_history_length_percentile: is 5; the guide has from 0 to 1.",
        ),
        (
            "aws-user-personalization",
            ranges("integerHyperParameterRanges", name="bptt", minValue=2, maxValue=64),
            f"{HPO}.integerHyperParameterRanges[0]: bptt goes from 2 to 64; the guide has from 2 to 32.",
        ),
        (
            "aws-similar-items",
            ranges("continuousHyperParameterRanges", name="popularity_discount_factor", minValue=0, maxValue=1),
            f"{HPO}.continuousHyperParameterRanges[0]: popularity_discount_factor is not varied by optimisation, as "
            "the guide has it.",
        ),
    ],
)
def test_what_is_not_as_the_guide_has_it(recipe: str, config: dict[str, Any], note: str | None) -> None:
    assert [f"{where}: {what}" for where, what in doubts(recipe, config)] == ([note] if note else [])


def test_they_are_notes_of_the_plan() -> None:
    document = changed("solutions.0.recipeArn", f"{RECIPE}aws-user-personalization")
    document["solutions"][0]["solutionConfig"] = {ALGORITHM: {"bptt": "99"}}
    assert told(document) == []

    notes = read_params(json.dumps(document).encode(), {}, SURROUNDINGS).notes
    assert f"$.solutions[0].solutionConfig.{ALGORITHM}.bptt: is 99; the guide has from 2 to 32." in notes


@given(st.sampled_from(list(TABLES)), st.text(max_size=8), st.text(max_size=8))
def test_any_text_is_taken_or_doubted(recipe: str, name: str, text: str) -> None:
    known = next(iter(TABLES[recipe][0]))
    for _, what in doubts(recipe, {ALGORITHM: {name: text, known: text}}):
        assert what.endswith((".", "?"))
