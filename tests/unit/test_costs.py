"""What it costs: figures computed by hand, and what plan, budget, mail and report make of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pipeline.costs import formulas
from pipeline.costs.formulas import Cost
from pipeline.costs.prices import prices
from pipeline.data.batch_input import Lines
from pipeline.ending import costs as told_costs
from pipeline.engine.resources import Resource
from pipeline.params.sections import Sections
from pipeline.planning.costing import check_budget

from local.personalize_emulator import Fault

from .conftest import params
from .workflow import INTERACTIONS, Deployment, deployed

RECIPE = "arn:aws:personalize:::recipe/"
V1, V2 = "aws-user-personalization", "aws-user-personalization-v2"
TABLE = prices({})


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


# Each computed by hand from the table of docs/costs.md; a month has 730 hours.
BY_HAND: list[tuple[str, Cost, float | None, bool]] = [
    # 2.5 GB x 0.05
    ("an import", formulas.importing(TABLE, 2_500_000_000), 0.13, False),
    ("the smallest import", formulas.importing(TABLE, 1), 0.01, False),
    ("no import", formulas.importing(TABLE, 0), 0.00, False),
    # 5,000 thousands x 0.002
    ("a training of -v2", formulas.training(TABLE, V2, 5_000_000, None), 10.00, False),
    ("one with events besides", formulas.training(TABLE, V2, 5_000_000, None, more=True), 10.00, True),
    ("one of interactions that nobody counted", formulas.training(TABLE, V2, None, 3.0), None, False),
    # 53.9 x 0.24 = 12.936; 2.135 x 0.24 = 0.5124
    ("a long training by the hour", formulas.training(TABLE, V1, 25_000_000, 53.9), 12.94, False),
    ("a short one", formulas.training(TABLE, V1, 100_000, 2.135), 0.51, False),
    ("a first one", formulas.training(TABLE, V1, 100_000, None), None, False),
    ("one of a recipe that nobody knows", formulas.training(TABLE, "aws-new", 1, 1.0), None, False),
    # 730 x 0.20
    ("a campaign", formulas.serving(TABLE, V1, 1, metadata=False), 146.00, False),
    # 21,900 TPS-hours: 20,000 x 0.20 + 1,900 x 0.10
    ("one in two tiers", formulas.serving(TABLE, V1, 30, metadata=False), 4_190.00, False),
    # 219,000: 20,000 x 0.20 + 180,000 x 0.10 + 19,000 x 0.05
    ("one in three", formulas.serving(TABLE, V1, 300, metadata=False), 22_950.00, False),
    ("one that shows metadata", formulas.serving(TABLE, V1, 1, metadata=True), 146.00, True),
    # 3,600 x 730 = 2,628,000 requests; 2,628 x 0.15
    ("a campaign of -v2", formulas.serving(TABLE, V2, 1, metadata=True), 394.20, False),
    ("one of 5 TPS", formulas.serving(TABLE, V2, 5, metadata=False), 1_971.00, False),
    ("one of a recipe that nobody knows", formulas.serving(TABLE, "aws-new-v2", 1, metadata=False), None, False),
    # 730 x 0.375
    ("a recommender", formulas.recommending(TABLE, 40_000, 1, metadata=False), 273.75, False),
    ("one of users that nobody counted", formulas.recommending(TABLE, None, 1, metadata=False), 273.75, True),
    # 0.375 + 1.5 x 0.045 = 0.4425; x 730 = 323.025
    ("one of 250,000 users", formulas.recommending(TABLE, 250_000, 1, metadata=False), 323.03, False),
    # 0.375 + 9 x 0.045 = 0.78; x 730 = 569.40; the second million comes on top
    ("one of 2 million", formulas.recommending(TABLE, 2_000_000, 1, metadata=False), 569.40, True),
    # 7,200 - 4,000 = 3,200 requests an hour; x 730 = 2,336,000; 2,336 x 0.0833 = 194.5888; + 273.75
    ("one of 2 requests a second", formulas.recommending(TABLE, 40_000, 2, metadata=False), 468.34, False),
    # 10 thousands x 0.15
    ("a batch job of -v2", formulas.batch(TABLE, "batchInferenceJob", V2, Lines(10_000)), 1.50, False),
    ("another one", formulas.batch(TABLE, "batchInferenceJob", V1, Lines(10_000)), None, False),
    ("segments", formulas.batch(TABLE, "batchSegmentJob", "aws-item-affinity", Lines(10)), None, False),
    # 10.00 x 730 / (24 x 7) = 43.452
    (
        "a training every week",
        formulas.every(7, formulas.training(TABLE, V2, 5_000_000, None), more=False),
        43.45,
        False,
    ),
]


@pytest.mark.parametrize(("what", "cost", "amount", "is_at_least"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_by_hand(what: str, cost: Cost, amount: float | None, is_at_least: bool) -> None:
    line = cost.line(what)
    assert line["amount"] == amount, line
    assert line.get("isAtLeast", False) == is_at_least
    assert line["formula"]


def test_lines_add_up_as_they_are_shown() -> None:
    lines = [formulas.importing(TABLE, size).line("x") for size in (1, 2, 3)]
    assert formulas.total(lines) == {"amount": 0.03}
    assert formulas.total([*lines, {"amount": None}]) == {"amount": 0.03, "isAtLeast": True}
    assert formulas.told(formulas.total([{"amount": 1394.2, "isAtLeast": True}])) == "at least $1,394.20"


def test_the_owners_price_takes_the_place_of_all_tiers() -> None:
    own = prices({"campaign_per_tps_hour": 0.15, "batch_per_1000_lines": 0.06})
    assert formulas.serving(own, V1, 300, metadata=False).line("x")["amount"] == 32_850.00  # 219,000 x 0.15
    assert formulas.batch(own, "batchInferenceJob", V1, Lines(10_000)).line("x")["amount"] == 0.60
    assert own.about["given"] == ["batch_per_1000_lines", "campaign_per_tps_hour"]
    with pytest.raises(KeyError, match="training_hours"):
        prices({"training_hours": 1})


def by_what(lines: list[dict[str, Any]]) -> dict[str, float | None]:
    return {line["what"]: line["amount"] for line in lines}


def of_v1(**sections: Any) -> dict[str, Any]:
    return params(solution={"name": "for-you", "recipeArn": RECIPE + V1}, **sections)


def test_a_plan_says_what_it_would_cost(deployment: Deployment) -> None:
    ended = deployment.run(params(dryRun=True))
    costs = ended.report["costs"]
    assert by_what(costs["upload"]) == {
        "import of Interactions": 0.01,
        "import of Users": 0.01,
        "training of for-you": 0.01,  # 1,500 x 0.002 / 1,000 = 0.003
    }
    assert by_what(costs["monthly"]) == {"campaign for-you": 394.20}
    assert costs["monthlyBefore"] == {"amount": 0.0}
    assert "Import of Interactions: $0.01 (27.8 KB x $0.05 per GB)" in ended.mail
    assert "Training of for-you: $0.01 (1,500 x $0.002 per 1,000 interactions)" in ended.mail
    assert "Campaign for-you: $394.20 (1 TPS x 3,600 s x 730 h x $0.15 per 1,000 requests)" in ended.mail
    assert "In all $394.20 a month; before this run $0.00." in ended.mail
    assert "By prices of us-east-1 as of 2026-11-27" in ended.mail


def test_a_run_says_what_it_cost_and_what_bills(deployment: Deployment) -> None:
    ended = deployment.run()
    assert "Campaign for-you: at least 1 transaction(s) per second, used or not: $394.20 a month." in ended.mail
    assert "In all $394.20 a month; before this run $0.00." in ended.mail
    assert "What this run cost once" in ended.mail
    again = deployment.run()
    assert "In all $394.20 a month; as before." in again.mail
    assert again.report["costs"]["upload"] == []
    more = deployment.run(params(campaign={"name": "for-you", "minProvisionedTPS": 2}))
    assert "In all $788.40 a month; before this run $394.20." in more.mail
    less = deployment.run(params(serving="off"))
    assert "In all $0.00 a month; before this run $788.40." in less.mail
    runs = deployment.read("runs/index.json")["runs"]
    assert [run["monthlyCost"]["amount"] for run in runs] == [0.0, 788.40, 394.20, 394.20]


def test_what_failed_is_not_told_as_paid(deployment: Deployment) -> None:
    deployment.emulator.faults.add(Fault("fail", operation="CreateSolutionVersion", reason="Bad luck."))
    ended = deployment.run()
    assert not ended.succeeded
    assert set(by_what(ended.report["costs"]["upload"])) == {"import of Interactions", "import of Users"}
    assert ended.report["costs"]["monthlyTotal"] == {"amount": 0.0}


def test_a_training_by_the_hour_is_known_once_it_was_made(deployment: Deployment) -> None:
    first = deployment.run(of_v1(dryRun=True))
    assert by_what(first.report["costs"]["upload"])["training of for-you"] is None
    assert first.report["costs"]["uploadTotal"]["isAtLeast"]
    assert "Training of for-you: its price is not known (hours, which only a first training tells" in first.mail
    made = deployment.run(of_v1())
    (version,) = deployment.personalize.list_solution_versions()["solutionVersions"]
    described = deployment.personalize.describe_solution_version(solutionVersionArn=version["solutionVersionArn"])
    hours = described["solutionVersion"]["trainingHours"]
    cost = by_what(made.report["costs"]["upload"])["training of for-you"]
    assert cost == pytest.approx(hours * 0.24, abs=0.006)
    again = deployment.run(of_v1(dryRun=True, train="always"))
    assert by_what(again.report["costs"]["upload"])["training of for-you"] == cost


def test_what_the_file_does_not_name_bills_too(deployment: Deployment) -> None:
    deployment.run()
    other = params(solution={"name": "other", "recipeArn": RECIPE + V1}, campaign={"name": "other"}, dryRun=True)
    costs = deployment.run(other).report["costs"]
    assert by_what(costs["monthly"]) == {"campaign for-you": 394.20, "campaign other": 146.00}
    assert costs["monthlyBefore"] == {"amount": 394.20}


def test_automatic_trainings_bill_each_month(deployment: Deployment) -> None:
    solution = {
        "name": "for-you",
        "recipeArn": RECIPE + V2,
        "performAutoTraining": True,
        "solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}},
    }
    ended = deployment.run(params(solution=solution))
    assert ended.succeeded, ended.mail
    row = next(row for row in ended.report["bills"] if row["type"] == "solution")
    assert row["formula"] == "every 2 days: 1,500 x $0.002 per 1,000 interactions"
    assert row["monthly"] == 0.05  # 0.003 x 730 / 48 = 0.0456


def test_a_batch_job_is_paid_by_its_lines(deployment: Deployment) -> None:
    deployment.upload("batch/weekly/input/users.json", "".join(f'{{"userId": "u{n}"}}\n' for n in range(30_000)))
    solution = {"name": "for-you", "recipeArn": RECIPE + V2, "batchInferenceJobs": [{"jobName": "weekly"}]}
    costs = deployment.run(params(solution=solution, dryRun=True)).report["costs"]
    line = next(line for line in costs["upload"] if line["what"].startswith("batch inference job"))
    assert line["amount"] == pytest.approx(4.50, abs=0.3)  # its head has the shorter lines
    assert line["formula"].startswith("about 3")


def test_a_report_that_can_not_look_at_what_bills_is_written_all_the_same(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: Any) -> None:
        raise ZeroDivisionError("a slip of ours")

    monkeypatch.setattr(told_costs, "told", break_down)
    ended = deployment.run()
    assert ended.succeeded
    assert "costs" not in ended.report


class TestBudget:
    def refused(self, deployment: Deployment, document: dict[str, Any]) -> str:
        ended = deployment.run(document)
        assert ended.report["outcome"] == "rejected", ended.mail
        assert deployment.calls("CreateCampaign", "UpdateCampaign") == 0
        return ended.mail

    def test_more_is_refused_before_anything_is_made(self, deployment: Deployment) -> None:
        mail = self.refused(deployment, params(budget={"monthly": 394}))
        assert "$.budget.monthly: $394.20 a month would bill (campaign for-you $394.20), and $394.00 may." in mail
        assert deployment.writes() == []

    def test_as_much_is_not(self, deployment: Deployment) -> None:
        assert deployment.run(params(budget={"monthly": 394.2})).succeeded

    def test_the_terraform_ceiling_holds_too(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        bounds = {"dataset_groups": ["*"], "folders": {}, "ceilings": {"monthly_cost": 300}, "allow_teardown": True}
        monkeypatch.setenv("BOUNDARIES", json.dumps(bounds))
        mail = self.refused(deployment, params(budget={"monthly": 1000}))
        assert "Terraform's input `ceilings.monthly_cost`: $394.20 a month would bill" in mail

    def test_a_run_that_makes_it_no_more_goes_on(self, deployment: Deployment) -> None:
        """To refuse new data, or a stop, would not make it cheaper."""
        deployment.run()
        deployment.upload_data(interactions=INTERACTIONS + "u1,i1,1800000000\n")
        ended = deployment.run(params(budget={"monthly": 100}))
        assert ended.succeeded, ended.mail
        assert "$.budget.monthly: $394.20 a month would bill" in ended.mail
        assert "This run does not make it more." in ended.mail
        assert deployment.run(params(budget={"monthly": 100}, serving="off")).succeeded

    def test_what_has_no_price_is_not_let_through(self) -> None:
        new = [{"what": "campaign new", "amount": None, "isNew": True}, {"what": "campaign old", "amount": None}]
        read = Sections(Resource("datasetGroup", "shop"))
        sums = {"monthlyTotal": {"amount": 0.0, "isAtLeast": True}, "monthlyBefore": {"amount": 0.0}}
        check_budget(read, sums | {"monthly": new}, budget=10_000, ceiling=None)
        (problem,) = read.problems
        assert problem.where == "$.budget.monthly"
        assert problem.what.startswith("what campaign new costs is not known, so a month can't be held against $10,000")
        assert read.notes == ["$.budget.monthly: what campaign old costs is not known, and not in the sum."]

    def test_automatic_trainings_that_nobody_can_know_are_noted(self, deployment: Deployment) -> None:
        solution = {"name": "new", "recipeArn": RECIPE + V1, "performAutoTraining": True}
        document = params(solution=solution, campaign={"name": "new"}, budget={"monthly": 200})
        ended = deployment.run(document)
        assert ended.succeeded, ended.mail
        assert "what solution new costs is not known, and not in the sum." in ended.mail
        again = deployment.run(document)
        assert "is not known" not in again.mail

    @pytest.mark.parametrize("budget", [100, {"monthly": "100"}, {"monthly": -1}, {}, {"month": 1}])
    def test_a_slip_in_it_is_told(self, deployment: Deployment, budget: Any) -> None:
        assert "$.budget" in self.refused(deployment, params(budget=budget))


def test_costs_of_two_groups_are_their_own(deployment: Deployment) -> None:
    deployment.run()
    deployment.upload_data("other/")
    other = params(
        datasetGroup={"name": "other"},
        solution={"name": "other", "recipeArn": RECIPE + V2},
        campaign={"name": "other", "minProvisionedTPS": 1},
        budget={"monthly": 400},
    )
    ended = deployment.run(other, key="other/params.json")
    assert ended.succeeded, ended.mail
    assert ended.report["costs"]["monthlyTotal"] == {"amount": 394.20}
