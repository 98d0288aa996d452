"""The shop's own tests, on the emulator's clock."""

from __future__ import annotations

import boto3
import pytest
from personalize_emulator import Emulator, Fault, Minimums, Settings, ThreadedServer, mock_personalize
from shop.recommendations import SetupFailed, recommended, set_up

ROLE = "arn:aws:iam::123456789012:role/Personalize"


def test_from_data_to_recommendations(personalize_emulator: Emulator, data: str) -> None:
    campaign = set_up(data, ROLE, wait=lambda: personalize_emulator.clock.advance(60))
    assert len(set(recommended(campaign, "u1"))) == 5


def test_a_training_that_fails(personalize_emulator: Emulator, data: str) -> None:
    personalize_emulator.faults.add(Fault("fail", "CreateSolutionVersion", reason="Too few interactions."))
    with pytest.raises(SetupFailed, match="Too few interactions"):
        set_up(data, ROLE, wait=lambda: personalize_emulator.clock.advance(60))


class TestWithFewerRows:
    @pytest.fixture
    def personalize_settings(self) -> Settings:
        return Settings(minimums=Minimums(rows_in_an_interactions_import=10_000))

    def test_an_import_that_fails(self, personalize_emulator: Emulator, data: str) -> None:
        with pytest.raises(SetupFailed, match="fewer than the minimum"):
            set_up(data, ROLE, wait=lambda: personalize_emulator.clock.advance(60))


@mock_personalize(Settings(quotas={"dataset groups": 1}))
class TestQuota:
    def setup_method(self) -> None:
        self.api = boto3.client("personalize")
        self.api.create_dataset_group(name="first")

    @pytest.mark.parametrize("name", ["second", "third"])
    def test_one_group_is_all(self, name: str) -> None:
        with pytest.raises(self.api.exceptions.LimitExceededException):
            self.api.create_dataset_group(name=name)


def test_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with ThreadedServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        assert boto3.client("personalize").list_schemas()["schemas"] == []
