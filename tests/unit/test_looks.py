"""A look that overlaps with another, is cut short, or sees the service's answers late."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pipeline.engine import attempts, calls, lookup, record, stage
from pipeline.engine.reconcile import Call

from local.personalize_emulator import Fault, Settings, Switches

from .conftest import ACCOUNT, params
from .state_machine import Execution
from .workflow import SHORT, Deployment, deployed, invoke


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    with deployed() as deployment:
        deployment.upload_data()
        yield deployment


def until(deployment: Deployment, execution: Execution, state: str) -> None:
    while state not in execution.entered:
        deployment.emulator.clock.advance(execution.advance() or 0)


def look(execution: Execution, action: str) -> Any:
    return invoke({"action": action, "execution": execution.context, "state": {}})


@pytest.mark.parametrize("held_up", [0, 20, 130])
@pytest.mark.parametrize("names", ["solution", "none"])
def test_of_two_looks_that_overlap_one_trains(names: Any, held_up: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first is held up between its decision and its call, while another one looks."""
    settings = Settings(account_id=ACCOUNT, durations=SHORT, switches=Switches(version_names_unique_in=names))
    with deployed(settings) as deployment:
        deployment.upload_data()
        execution = deployment.start()
        make, looked = attempts.make, []

        def held(run: Any, resource: Any, call: Call) -> None:
            if resource.type == "solutionVersion" and not looked:
                looked.append(held_up)
                deployment.emulator.clock.advance(held_up)
                look(execution, "trainAndDeploy")
            make(run, resource, call)

        monkeypatch.setattr(attempts, "make", held)
        ended = deployment.finish(execution)
        assert looked and ended.succeeded, ended.mail
        assert len(deployment.personalize.list_solution_versions()["solutionVersions"]) == 1


def test_of_two_looks_that_decide_at_once_the_later_does_nothing(deployment: Deployment) -> None:
    execution = deployment.start()
    until(deployment, execution, "Make Dataset Group")
    run = execution.context["Name"]
    first, second = record.load(run), record.load(run)
    assert first and second
    call = Call("create", {})
    attempts.decide_on(first, [(first.resources[0], call)])
    with pytest.raises(stage.Overtaken):
        attempts.decide_on(second, [(second.resources[0], call)])


def test_a_look_has_a_time_budget_and_the_next_goes_on(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "BUDGET", 0)
    execution = deployment.start()
    until(deployment, execution, "Wait to Make Dataset Group")
    assert deployment.calls("CreateDatasetGroup") == 0
    assert execution.summaries[-1]["verdict"] == "pending"
    monkeypatch.setattr(stage, "BUDGET", 20)
    assert deployment.finish(execution).succeeded


@pytest.mark.parametrize("operation", ["CreateSolutionVersion", "CreateDatasetImportJob", "CreateCampaign"])
def test_a_function_that_is_killed_between_the_call_and_its_note_makes_nothing_twice(
    deployment: Deployment, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step Functions calls it again; the record says what was decided, and a look finds what was made."""
    write, killed = attempts.write, []

    def write_and_die(kind: Any, verb: str, parameters: Any) -> Any:
        answer = write(kind, verb, parameters)
        if f"Create{kind.noun}" == operation and not killed:
            killed.append(kind.noun)
            raise SystemExit("killed")
        return answer

    monkeypatch.setattr(attempts, "write", write_and_die)
    execution = deployment.start()
    invoke_as_before = execution._invoke

    def survive(event: Any) -> Any:
        try:
            return invoke_as_before(event)
        except SystemExit:
            raise RuntimeError("Lambda.Unknown") from None

    execution._invoke = survive
    ended = deployment.finish(execution)
    assert ended.succeeded, ended.mail
    assert killed
    assert {row["done"] for row in ended.report["resources"]} == {"created"}
    assert len(deployment.personalize.list_solution_versions()["solutionVersions"]) == 1
    assert len(deployment.personalize.list_dataset_import_jobs()["datasetImportJobs"]) == 2


@pytest.mark.parametrize("kind", ["dataset", "campaign", "solution"])
def test_what_could_not_be_updated_is_not_deleted(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """UpdateDataset moves the dataset's own status; its natural bad end is UPDATE FAILED, and the data is there."""
    assert deployment.run().succeeded
    before, describe = len(deployment.emulator.calls), calls.describe

    def failed(row: Any, arn: str) -> Any:
        found = describe(row, arn)
        return found | {"status": "UPDATE FAILED"} if found and row.member == kind else found

    for module in (calls, lookup):
        monkeypatch.setattr(module, "describe", failed)
    execution = deployment.start()
    for _ in range(8):
        deployment.emulator.clock.advance(60)
        if execution.advance() is None:
            break
    assert [call.operation for call in list(deployment.emulator.calls)[before:] if "Delete" in call.operation] == []


def test_a_redriven_execution_does_nothing(deployment: Deployment) -> None:
    execution = deployment.start()
    until(deployment, execution, "Wait to Make Dataset Group")
    deployment.stop(execution)
    before = deployment.writes()
    summary = look(execution, "importDatasets")
    assert summary["verdict"] == "over"
    assert deployment.writes() == before
    mail_before = deployment.mails()
    look(execution, "report")
    (mail,) = [mail for mail in deployment.mails() if mail not in mail_before]
    assert "A redriven execution does nothing" in mail


def test_a_fault_of_ours_about_one_resource_leaves_the_others_alone(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = lookup.find

    def broken(resource: Any) -> Any:
        if resource.type == "eventTracker":
            raise ZeroDivisionError("a fault of ours")
        return find(resource)

    monkeypatch.setattr(lookup, "find", broken)
    ended = deployment.run(params(eventTracker={"name": "clicks"}))
    assert not ended.succeeded
    assert "the pipeline itself failed: ZeroDivisionError" in ended.row("event tracker")["problem"]
    assert ended.row("campaign")["done"] == "created"


def test_more_solutions_than_may_train_at_once_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long that takes: it is their turn that they wait for, and nobody's trouble."""
    monkeypatch.setenv("QUOTAS", '{"solutions": 30}')
    settings = Settings(
        account_id=ACCOUNT,
        durations=SHORT | {"solution version": 5 * 3600},
        quotas={"solutions in a group": 30, "running solution versions": 3},
    )
    with deployed(settings) as deployment:
        deployment.upload_data()
        recipe = params()["solution"]["recipeArn"]
        solutions = [{"name": f"s{number}", "recipeArn": recipe} for number in range(8)]
        ended = deployment.finish(deployment.start(params(solution=None, campaign=None, solutions=solutions)))
        assert ended.succeeded, ended.mail
        refused = [call for call in deployment.emulator.calls if call.operation == "CreateSolutionVersion"]
        assert len(refused) < 300  # at most one tries while others are at work


def test_a_killed_run_whose_update_failed_says_so_once(deployment: Deployment) -> None:
    deployment.run()
    deployment.emulator.faults.add(Fault("fail", operation="UpdateCampaign", reason="Out of capacity."))
    ended = deployment.run(params(campaign={"name": "for-you", "minProvisionedTPS": 3}))
    assert ".." not in ended.row("campaign")["problem"]
