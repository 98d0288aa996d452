"""The example: its data fits its params, is worth learning from, and is the same every time."""

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from example.generate_data import generate
from local.servers import ROOT

TYPES = {"string": str, "int": int, "long": int}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    generate(folder)
    return folder


def rows(data: Path, dataset: str) -> list[dict[str, str]]:
    (file,) = (data / dataset).iterdir()
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def params(file: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / file).read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize("file", ["example/params.json", "tests/fixtures/params_with_automl.json"])
def test_the_data_fits_the_params(file: str, data: Path) -> None:
    for dataset, section in params(file)["datasets"].items():
        fields = section["schema"]["fields"]
        for row in rows(data, dataset):
            assert list(row) == [field["name"] for field in fields]
            for field in fields:
                assert TYPES[field["type"]](row[field["name"]]) != ""


def test_the_data_has_the_size_and_shape_of_movielens(data: Path) -> None:
    users, items, views = (rows(data, dataset) for dataset in ("Users", "Items", "Interactions"))
    assert (len(users), len(items), len(views)) == (1_000, 1_700, 100_000)
    by_user, by_item = (Counter(view[column] for view in views) for column in ("USER_ID", "ITEM_ID"))
    assert set(by_user) == {user["USER_ID"] for user in users}
    assert set(by_item) <= {item["ITEM_ID"] for item in items}
    assert min(by_user.values()) >= 20
    # A tenth of the films has at least a third of the views.
    assert sum(count for _, count in by_item.most_common(170)) > 33_000
    assert len({(view["USER_ID"], view["ITEM_ID"]) for view in views}) == len(views)


def test_people_have_tastes(data: Path) -> None:
    genres = {item["ITEM_ID"]: item["GENRES"].split("|") for item in rows(data, "Items")}
    tastes: dict[str, Counter[str]] = {}
    for view in rows(data, "Interactions"):
        tastes.setdefault(view["USER_ID"], Counter()).update(genres[view["ITEM_ID"]])

    def in_three_favourites(taste: Counter[str]) -> float:
        return sum(count for _, count in taste.most_common(3)) / sum(taste.values())

    of_everybody = in_three_favourites(sum(tastes.values(), Counter()))
    assert sum(map(in_three_favourites, tastes.values())) / len(tastes) > 1.5 * of_everybody


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(data: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again")
    generate(tmp_path / "other", seed=2)
    assert digest(tmp_path / "again") == digest(data)
    assert digest(tmp_path / "other") != digest(data)


def digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*.csv"))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()
