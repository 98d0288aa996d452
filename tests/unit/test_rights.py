"""Every right that the function's policy grants in Personalize is needed: without it a run ends red, and says which.

The policy is the rendered one, the judge MiniStack's evaluator; the emulator asks as AWS's table says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from ministack.core import iam_evaluator as iam  # type: ignore[import-untyped]
from pipeline.engine import patience

from local.personalize_emulator import Decision, Settings, mock_personalize, reference
from local.personalize_emulator.settings import DURATIONS

from . import state_machine
from .conftest import ACCOUNT, ENVIRONMENT, REGION, users_schema
from .rendered import planned
from .test_everything import DOMAINS, INCLUDE, RECIPE, domain, everything, with_events
from .workflow import USERS, Deployment, Ended

CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/shop-function/shop-pipeline"
PASS_ROLE = "iam:PassRole"
# Emulated seconds: all is there at once, but for a training, so that there is one to be stopped.
AT_ONCE = dict.fromkeys(DURATIONS, 0.0) | {"solution version": 60.0, "first automatic training": 3600.0}
MOST_UPLOADS = 60
METRICS = ("personalize:GetSolutionMetrics", "solution")
# What a run that lacks them tells, and does without: filters that are tried may be meant for others.
DISPENSABLE = {METRICS} | {
    (f"personalize:{operation}", "filter")
    for operation in ("GetRecommendations", "GetPersonalizedRanking", "GetActionRecommendations")
}
MORE = {"recommenderConfig": {"minRecommendationRequestsPerSecond": 2}}

Json = dict[str, Any]


@dataclass(frozen=True)
class Right:
    """One action on one resource."""

    action: str
    resource: str

    @property
    def type(self) -> str:
        """The type in the resource's ARN."""
        return reference.arn_type(self.resource)

    @property
    def is_checked(self) -> bool:
        """Whether anything is checked against it; the actions of a statement share the resources of all of them."""
        if self.action == PASS_ROLE:
            return self.resource == ENVIRONMENT["PERSONALIZE_ROLE_ARN"]
        operation = self.action.removeprefix("personalize:")
        return self.action != operation and self.type in (reference.checked(operation) or {"*"})


class Policy:
    """What the function may do, as IAM would judge it, but for the rights that are taken away."""

    def __init__(self, document: Json) -> None:
        self._rights = {
            Right(action, resource): iam.parse_policy_document(
                {"Statement": [statement | {"Action": [action], "Resource": [resource]}]}
            )
            for statement in document["Statement"]
            for action in statement["Action"]
            for resource in statement["Resource"]
        }
        self.missing = {right for right in self._rights if right.is_checked}
        self.refused: set[tuple[str, str]] = set()

    def decide(self, principal: Mapping[str, str], action: str, resource: str, context: Mapping[str, str]) -> Decision:
        """The emulator's question. What Personalize does with its own role is not the function's right."""
        if "accessKeyId" not in principal:
            return Decision("Allow", next(iter(principal.values())))
        question = iam.EvalContext(
            principal_arn=CALLER,
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=REGION,
            service_context={key.lower(): value for key, value in context.items()},
        )
        left = [
            parsed for right, parsed in self._rights.items() if right.action == action and right not in self.missing
        ]
        decision = iam.evaluate(question, left).decision
        if decision != "Allow":
            self.refused.add((action, reference.arn_type(resource)))
        return Decision(decision, CALLER)


@pytest.fixture
def policy(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """Taken away whole; and a pipeline that takes a refusal for final: that it tries again is tested elsewhere."""
    machine = state_machine.definition()
    states = {name: state | {"Retry": []} for name, state in machine["States"].items()}
    monkeypatch.setattr(state_machine, "definition", lambda: machine | {"States": states})
    monkeypatch.setattr(patience, "PROPAGATION", 0)
    return Policy(json.loads(planned()["module.pipeline_function.aws_iam_role_policy.run_the_pipeline"]["policy"]))


@contextmanager
def deployed(policy: Policy) -> Iterator[Deployment]:
    with mock_personalize(Settings(account_id=ACCOUNT, durations=AT_ONCE), authorizer=policy) as emulator:
        yield Deployment(emulator)


def whole() -> Json:
    """A file with every section of a custom dataset group."""
    metric = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
    document = everything(metricAttribution={"name": "sales", "metrics": [metric]})
    document["filters"].append({"name": "grown", "filterExpression": "INCLUDE UserID WHERE Users.AGE > 20"})
    for_you, segments = document["solutions"]
    for_you["campaigns"][0]["deployWhen"] = {"metric": "coverage", "minimum": 0}
    segments["batchSegmentJobs"][0]["filterName"] = "grown"
    return document


def changed() -> Json:
    """The same with a change of whatever can be changed."""
    document = whole()
    document["datasets"]["Users"]["schema"] = users_schema({"name": "HEIGHT", "type": ["null", "float"]})
    document["metricAttribution"]["metrics"][0]["metricName"] = "all-clicks"
    document["solutions"][0]["performAutoTraining"] = True
    document["solutions"][0]["campaigns"][0]["minProvisionedTPS"] = 2
    return document


def shop(**recommender: Any) -> Json:
    """A file for a domain dataset group."""
    return domain(*DOMAINS[0], **recommender) | {"tags": [{"tagKey": "team", "tagValue": "ml"}]}


def ranks_and_acts() -> Json:
    """A file whose campaigns answer what the others are not asked."""
    filters = [
        {"name": "clicked", "filterExpression": INCLUDE},
        {"name": "dear", "filterExpression": "INCLUDE ActionID WHERE Actions.COST > $LEAST"},
    ]
    solutions = [
        {"name": name, "recipeArn": f"{RECIPE}{recipe}", "campaigns": [{"name": name}]}
        for name, recipe in (("ranked", "aws-personalized-ranking-v2"), ("next", "aws-next-best-action"))
    ]
    document = everything(filters=filters, solutions=solutions)
    fields = [{"name": "ACTION_ID", "type": "string"}, {"name": "COST", "type": ["null", "float"]}]
    schema = users_schema() | {"name": "Actions", "fields": fields}
    document["datasets"]["Actions"] = {"name": "actions", "schema": schema}
    return document


def told(ended: Ended) -> set[tuple[str, str]]:
    """The refusals that a mail tells: the action, and the type of the resource."""
    found = re.findall(r"is not authorized to perform: (\S+) on resource: (\S+)", ended.mail)
    return {(action, reference.arn_type(resource)) for action, resource in found}


def upload_until_it_is_well(policy: Policy, deployment: Deployment, document: Json) -> Ended:
    """Upload, give the rights that the mail says are lacking, upload again. The run that lacked nothing."""
    for _ in range(MOST_UPLOADS):
        policy.refused.clear()
        ended = deployment.run(document)
        if not policy.refused:
            return ended
        lacking = told(ended)
        given = {right for right in policy.missing if (right.action, right.type) in lacking}
        assert given, f"the policy lacks {policy.refused}, or nobody is told: {ended.mail}"
        # The gate holds a campaign whose metrics it may not see.
        assert ended.succeeded == (lacking <= DISPENSABLE), ended.mail
        policy.missing -= given
    raise AssertionError(f"there is always something lacking: {ended.mail}")


def test_without_any_of_its_rights_a_run_ends_red_and_says_which(policy: Policy) -> None:
    """All are taken away at first. Each is given back once a run has come so far as to need it, and has told of it."""
    rows = USERS.splitlines()
    with deployed(policy) as deployment:
        deployment.upload_data(interactions=with_events())
        deployment.upload("Users/users.csv", "\n".join([f"{rows[0]},HEIGHT", *(f"{row},1.8" for row in rows[1:])]))
        deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}\n')
        deployment.upload("batch/fans/input/items.json", '{"itemId": "i1"}\n')
        for document in (whole(), changed()):
            ended = upload_until_it_is_well(policy, deployment, document)
            assert ended.succeeded, ended.mail
        document = changed()
        document["solutions"].append({"name": "new", "recipeArn": f"{RECIPE}aws-made-yesterday"})
        assert "is no recipe" in upload_until_it_is_well(policy, deployment, document).mail
        solution = ended.row("solution", "for-you")["arn"]
        deployment.personalize.create_solution_version(solutionArn=solution)  # for the teardown to stop
        ended = upload_until_it_is_well(policy, deployment, changed() | {"teardown": "shop"})
        assert ended.succeeded, ended.mail
    with deployed(policy) as deployment:
        deployment.upload_data(interactions=with_events(event="View"))
        for recommender in ({}, MORE, MORE | {"state": "stopped"}, MORE, {"state": "absent"}):
            ended = upload_until_it_is_well(policy, deployment, shop(**recommender))
            assert ended.succeeded, ended.mail
    with deployed(policy) as deployment:
        deployment.upload_data(interactions=with_events())
        deployment.upload("Actions/actions.csv", "ACTION_ID,COST\n" + "".join(f"a{n},{n}\n" for n in range(20)))
        ended = upload_until_it_is_well(policy, deployment, ranks_and_acts())
        assert ended.succeeded, ended.mail
    assert policy.missing == set(), "no run has needed these"
