"""What the tests upload: params, and small data that Personalize can be trained with."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# Written for the first Personalize pipelines, when performAutoML still chose a recipe.
PARAMS_WITH_AUTOML = (Path(__file__).parents[1] / "fixtures/params_with_automl.json").read_text()
SOLUTION = {"name": "Solution", "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization-v2"}


def params(**sections: Any) -> dict[str, Any]:
    """Those params with a recipe of today, and with sections replaced; None takes one out."""
    document: dict[str, Any] = json.loads(PARAMS_WITH_AUTOML) | {"solution": SOLUTION} | sections
    return {name: section for name, section in document.items() if section is not None}


def params_named(prefix: str) -> dict[str, Any]:
    """Those of `params` with a prefix to every name, for runs beside others."""
    document: dict[str, Any] = json.loads(json.dumps(params()))
    for section in (
        document["datasetGroup"],
        document["solution"],
        document["campaign"],
        *document["datasets"].values(),
    ):
        section["name"] = prefix + section["name"]
    return document


def interactions(rows: Iterable[tuple[str, str]]) -> str:
    """A file of interactions: of user and item, a second apart."""
    lines = [f"{user},{item},{1_700_000_000 + second}\n" for second, (user, item) in enumerate(rows)]
    return "USER_ID,ITEM_ID,TIMESTAMP\n" + "".join(lines)


INTERACTIONS = interactions((f"u{number % 60}", f"i{number * number % 41}") for number in range(1500))
USERS = "USER_ID,GENDER,AGE\n" + "".join(f"u{number},{'FMX'[number % 3]},{20 + number}\n" for number in range(60))
