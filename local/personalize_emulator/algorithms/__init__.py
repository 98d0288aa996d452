"""What recipes train: one algorithm to a module, each small, deterministic, and of bounded memory.

They are not those of Amazon Personalize, which are not published. They do what a recipe's name says, so that recipes,
data and users differ in what is recommended and in what is measured.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from ..clock import Pause
from . import affinity, evaluation, next_best_action, personalization, popularity, similar_items, trending
from .algorithm import Algorithm, Train
from .evaluation import Metrics
from .interactions import Interactions, read
from .recommender import Recommender
from .vectors import Vector

if TYPE_CHECKING:
    from ..recipes import Recipe
    from ..training import TrainingData

#: Algorithms by the name that a recipe gives (recipes.py).
ALGORITHMS: Mapping[str, Train] = {
    "personalization": personalization.train,
    "popularity": popularity.train,
    "trending": trending.train,
    "co-occurrence": similar_items.train_on_users,
    "similarity": similar_items.train_on_users_and_values,
    "affinity": affinity.train,
    "semantics": similar_items.train_on_words,
}


def train(
    recipe: Recipe, data: TrainingData, interactions: Interactions
) -> Generator[Pause, None, tuple[Recommender, Metrics]]:
    """Train a recipe's algorithm, some of the work at a step, and measure it with a tenth of the users held out."""
    if recipe.algorithm == "actions":
        responses = yield from next_best_action.read(data, interactions)
        best = yield from next_best_action.learn(interactions, responses)
        metrics = yield from evaluation.measure_actions(interactions, responses)
        return _recommender(best, responses.actions, interactions), metrics
    algorithm = ALGORITHMS[recipe.algorithm]
    measure = evaluation.measure_segments if recipe.algorithm == "affinity" else evaluation.measure_items
    metrics = yield from measure(data, interactions, algorithm)
    trained = yield from algorithm(data, interactions)
    if recipe.algorithm == "trending":
        metrics["trend_accuracy"] = evaluation.trend_accuracy(interactions)
    return _recommender(trained, interactions.items, interactions), metrics


def _recommender(algorithm: Algorithm, candidates: tuple[str, ...], interactions: Interactions) -> Recommender:
    until = int(interactions.time.max(initial=0))
    return Recommender(algorithm, candidates, interactions.remembered(), until)


__all__ = ["Interactions", "Recommender", "Vector", "read", "train"]
