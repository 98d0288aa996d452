"""Hyperparameters by name, type and range, as the guide has them for the recipes that it has a table for.

Source: Developer Guide, the pages of User-Personalization, Personalized-Ranking, SIMS and Similar-Items, "Properties
and hyperparameters". What the service makes of others is not known, so they are noted and not refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.engine.resource_types import Parameters

Note = tuple[str, str]  # where in the solution, and what is doubtful


@dataclass(frozen=True)
class Hyperparameter:
    """One of them: `kind` is whole, number or boolean; `is_tuned` whether optimisation may vary it."""

    kind: str
    least: float = 0
    most: float = 1
    is_tuned: bool = False

    def doubt(self, text: str) -> str | None:
        """What is doubtful about a value, which the API takes as a text."""
        if self.kind == "boolean":
            return None if text.lower() in ("true", "false") else f'is "{text}"; it is true or false.'
        try:
            number = float(text)
            if self.kind == "whole":
                number = int(text)
        except ValueError:
            return f'is "{text}"; it is a {"whole number" if self.kind == "whole" else "number"}.'
        return None if self.least <= number <= self.most else f"is {text}; the guide has {self.span}."

    @property
    def span(self) -> str:
        """Its range, in words."""
        return f"from {self.least:g} to {self.most:g}"


PERCENTILE = Hyperparameter("number")
HISTORY = dict.fromkeys(("min_user_history_length_percentile", "max_user_history_length_percentile"), PERCENTILE)
COUNTS = dict.fromkeys(("min_item_interaction_count_percentile", "max_item_interaction_count_percentile"), PERCENTILE)
RECURRENT = {
    "hidden_dimension": Hyperparameter("whole", 32, 256, is_tuned=True),
    "bptt": Hyperparameter("whole", 2, 32, is_tuned=True),
    "recency_mask": Hyperparameter("boolean", is_tuned=True),
}
HIDDEN = Hyperparameter("whole", 30, 200, is_tuned=True)
# Of the algorithm, and of the transformation of features.
TABLES: dict[str, tuple[Mapping[str, Hyperparameter], Mapping[str, Hyperparameter]]] = {
    "aws-user-personalization": (RECURRENT, HISTORY),
    "aws-personalized-ranking": (RECURRENT, HISTORY),
    "aws-sims": (
        {
            "popularity_discount_factor": Hyperparameter("number", is_tuned=True),
            "min_cointeraction_count": Hyperparameter("whole", 0, 10, is_tuned=True),
        },
        HISTORY | COUNTS,
    ),
    "aws-similar-items": (
        {
            "popularity_discount_factor": Hyperparameter("number"),
            # The guide has changed their names.
            **dict.fromkeys(("item_id_hidden_dim", "item_id_hidden_dimension"), HIDDEN),
            **dict.fromkeys(("item_metadata_hidden_dim", "item_metadata_hidden_dimension"), HIDDEN),
        },
        {},
    ),
}
MEMBERS = ("algorithmHyperParameters", "featureTransformationParameters")


def doubts(recipe: str, config: Parameters) -> Iterator[Note]:
    """What of a solution's `config` is not as the guide has it for a recipe; nothing where it has no table."""
    if recipe not in TABLES:
        return
    for member, known in zip(MEMBERS, TABLES[recipe], strict=True):
        for name, text in config.get(member, {}).items():
            where = f".solutionConfig.{member}.{name}"
            what = known[name].doubt(text) if name in known else _unknown(name, recipe, known)
            if what:
                yield where, what
    ranges = config.get("hpoConfig", {}).get("algorithmHyperParameterRanges", {})
    for kind, entries in ranges.items():
        for number, entry in enumerate(entries):
            where = f".solutionConfig.hpoConfig.algorithmHyperParameterRanges.{kind}[{number}]"
            if what := _of_range(recipe, entry, TABLES[recipe][0]):
                yield where, what


def _of_range(recipe: str, entry: Mapping[str, Any], known: Mapping[str, Hyperparameter]) -> str | None:
    name = entry.get("name", "")
    if name not in known:
        return _unknown(name, recipe, known)
    if not known[name].is_tuned:
        return f"{name} is not varied by optimisation, as the guide has it."
    ends = [entry[end] for end in ("minValue", "maxValue") if end in entry]
    if all(known[name].least <= end <= known[name].most for end in ends):
        return None
    return f"{name} goes from {entry.get('minValue')} to {entry.get('maxValue')}; the guide has {known[name].span}."


def _unknown(name: str, recipe: str, known: Mapping[str, Hyperparameter]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(known) or 'none'}."
    return f"{name} is none that the guide has for {recipe}. {hint}"
