"""The wait is prompt for what is young, and cheap for what is old."""

import pytest
from pipeline.engine.polling import wait_seconds


@pytest.mark.parametrize(("age", "seconds"), [(-5, 10), (0, 10), (999, 10), (2000, 20), (6000, 60), (48 * 3600, 60)])
def test_the_wait_is_one_percent_of_the_age_between_ten_seconds_and_a_minute(age: float, seconds: int) -> None:
    assert wait_seconds(age) == seconds


def looks(duration: float) -> int:
    age, count = 0.0, 0
    while age < duration:
        age += wait_seconds(age)
        count += 1
    return count


def test_a_training_of_an_hour_costs_few_looks() -> None:
    assert looks(3600) < 250
