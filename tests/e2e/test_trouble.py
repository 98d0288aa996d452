"""Trouble of the service passes: it costs time, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .stack import FAST, Json, LocalStack, Personalize, Run, wait_for
from .uploads import params_named

SLOW = 100.0  # emulated seconds in a second: ten minutes are longer than what the SDK tries again by itself
THROTTLED = ("CreateDatasetImportJob", "DescribeCampaign", "CreateCampaign")
CREATED = {"dataset import job": 2, "solution version": 1, "campaign": 1}


class TestTroubleThatPasses:
    """Two runs side by side: in one calls are throttled, and during the training of the other the service is down."""

    @pytest.fixture(scope="class")
    def runs(self, stack: LocalStack) -> Iterator[dict[str, Run]]:
        with stack.pipeline("shop", "trouble/") as shop:
            personalize = stack.personalize
            for operation in THROTTLED:
                personalize.break_down("throttle", operation, name="throttled-*", reason="Rate exceeded", times=5)
            runs = {}
            personalize.run_at(0)
            for name in ("down-", "throttled-"):
                folder = shop.beside(f"{name}/")
                folder.upload_data()
                runs[name] = folder.start(params_named(name))
            personalize.advance_to("a training", lambda: training_of("down-", personalize))
            personalize.run_at(SLOW)
            personalize.break_down("unavailable", "*", lasting=600)
            wait_for("the service to be back", lambda: delays_of_training(runs["down-"].record))
            personalize.run_at(FAST)
            yield {name: run.ended() for name, run in runs.items()}

    @pytest.mark.parametrize("name", ["down-", "throttled-"])
    def test_delays_a_run_and_makes_nothing_twice(self, runs: dict[str, Run], name: str) -> None:
        run = runs[name]
        assert run.status == "SUCCEEDED", run.mail
        assert set(run.done().values()) == {"created"}
        arns = [(entry["type"], entry["arn"]) for entry in run.pipeline.stack.personalize.resources()]
        made = {kind: sum(t == kind and f"/{name}" in arn for t, arn in arns) for kind in CREATED}
        assert made == CREATED

    def test_is_told_where_it_cost_minutes(self, runs: dict[str, Run]) -> None:
        run = runs["down-"]
        told = run.mail.partition("What cost time besides the work\n")[2].partition("\n\n")[0]
        assert "solution version down-Solution: ServiceUnavailableException" in told
        (seconds,) = delays_of_training(run.report)
        assert 300 <= seconds <= 1200

    def test_struck_five_times_in_a_row(self, runs: dict[str, Run]) -> None:
        for operation in THROTTLED:
            calls = runs["throttled-"].pipeline.stack.personalize.calls(operation)
            refused = [call for call in calls if call["result"] == "LimitExceededException"]
            assert len(refused) == 5 and {call["name"].startswith("throttled-") for call in refused} == {True}


def training_of(prefix: str, personalize: Personalize) -> list[Json]:
    """The training of the run whose names begin like that, once there is one."""
    return [version for version in personalize.resources("solution version") if prefix in version["arn"]]


def delays_of_training(record: Json | None) -> list[float]:
    """The seconds that refusals about a solution version cost, from a record or report."""
    delays = (record or {}).get("delays", [])
    return [delay["seconds"] for delay in delays if str(delay["resource"]).startswith("solution version")]
