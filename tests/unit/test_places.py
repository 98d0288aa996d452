"""Where data may lie and results may go is told before Personalize refuses it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.params import places

HOME = "s3://shop-input/train/"
NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}", fullmatch=True)
PREFIXES = st.lists(
    st.text(st.characters(blacklist_characters="/", blacklist_categories=("Cs",)), min_size=1), max_size=3
)


def unwritable(path: str, home: str | None = HOME, source: str | None = None) -> str | None:
    return places.unwritable(path, home, places.batch_output, "weekly", source)


def test_a_home_is_the_folder_of_the_params_file() -> None:
    assert places.home_of("shop-input", "train/") == HOME
    assert places.home_of("shop-input", "") == "s3://shop-input/"


def test_usual_places_lie_beside_the_params_file() -> None:
    assert places.batch_input(HOME, "weekly") == "s3://shop-input/train/batch/weekly/input/"
    assert places.batch_output(HOME, "weekly", "RUN") == "s3://shop-input/train/batch/weekly/output/RUN/"
    assert places.metrics_output(HOME, "sales") == "s3://shop-input/train/metrics/sales/output/"


@given(PREFIXES, NAMES)
def test_what_the_pipeline_chooses_itself_is_always_allowed(prefix: list[str], name: str) -> None:
    home = places.home_of("shop-input", "".join(f"{part}/" for part in prefix))
    source = places.batch_input(home, name)
    assert places.unreadable(source, home) is None
    assert places.unwritable(places.batch_output(home, name), home, places.batch_output, name, source) is None
    assert places.unwritable(places.metrics_output(home, name), home, places.metrics_output, name) is None


@pytest.mark.parametrize(
    "path",
    [
        "s3://shop-input/batch/weekly/output/x/",
        "s3://shop-input/any/where/batch/weekly/output/",
        "s3://shop-input/metrics/sales/output/",
        "s3://shop-input/books/metrics/sales/output/2026/",
    ],
)
def test_results_may_go_where_the_role_may_write(path: str) -> None:
    assert unwritable(path) is None
    assert unwritable(path, None) is None


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("s3://shop-inputs/batch/weekly/output/", "to such places only: s3://shop-input/train/batch/weekly/output/"),
        ("s3://shop-input/results/", "to such places only"),
        ("s3://shop-input/batch/output/", "to such places only"),
        ("s3://shop-input", "to such places only"),
        ("https://shop-input/batch/weekly/output/", "to such places only"),
        ("s3://shop-input/Batch/weekly/Output/", "to such places only"),
        ("s3://shop-input/batch/weekly/output/file", "must be a folder, and end with a slash"),
    ],
)
def test_results_go_nowhere_else(path: str, what: str) -> None:
    assert what in str(unwritable(path))


def test_without_a_home_any_bucket_may_be_meant() -> None:
    assert unwritable("s3://any/batch/weekly/output/", None) is None
    assert places.unreadable("s3://any/users/", None) is None
    assert "s3://BUCKET/batch/weekly/output/" in str(unwritable("s3://any/results/", None))


def test_results_do_not_become_the_next_runs_input() -> None:
    source = "s3://shop-input/batch/weekly/"
    assert "lies in the job's input" in str(unwritable("s3://shop-input/batch/weekly/output/", source=source))
    assert unwritable("s3://shop-input/batch/weekly/output/", source="s3://shop-input/batch/weekly/input/") is None


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("s3://shop-input/anywhere/users.csv", None),
        ("s3://shop-input", None),
        ("s3://shop-inputs/users/", "the deployment's bucket only, shop-input. Copy the data there."),
        ("shop-input/users/", "must be a place in S3"),
        ("http://shop-input/users/", "must be a place in S3"),
    ],
)
def test_data_is_read_from_the_deployments_bucket_only(path: str, what: str | None) -> None:
    found = places.unreadable(path, HOME)
    assert found is None if what is None else what in str(found)
