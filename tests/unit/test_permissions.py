"""Least privilege, shown: the function's policy allows the calls that its code makes, and no others."""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from pipeline.boundaries import OWN
from pipeline.ending import report
from pipeline.engine import record
from pipeline.engine.resource_types import RESOURCE_TYPES, ResourceType
from pipeline.engine.schedules import OVERRIDES, parameters_of, schedule_name
from pipeline.params import places
from pipeline.planning.quotas import QUOTAS
from pipeline.planning.teardown import OF_THE_GROUP
from pipeline.upload import turns

from local.personalize_emulator import reference

from .test_everything import DOMAINS, domain, everything, with_events
from .workflow import deployed

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "lambda_src/pipeline"
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in PIPELINE.rglob("*.py"))
POLICY = (ROOT / "modules/pipeline_function/permissions.tf").read_text(encoding="utf-8")
SCHEDULES = (ROOT / "modules/schedules/main.tf").read_text(encoding="utf-8")

# Services by the names of their clients, and as actions call them.
SERVICES = {
    "personalize": "personalize",
    "personalize_runtime": "personalize",
    "s3": "s3",
    "scheduler": "scheduler",
    "sns": "sns",
    "stepfunctions": "states",
}
# The actions that authorise an operation, where they are not of its name.
AUTHORISED_BY = {
    "s3:HeadObject": {"s3:GetObject"},
    "s3:ListObjectsV2": {"s3:ListBucket"},
    "s3:GetObject": {"s3:GetObject", "s3:GetObjectVersion"},  # the params file is read by its version
}
# Not calls of the code: what AWS does in the function's name.
IMPLIED = {
    "iam:PassRole",  # the role of imports, batch jobs and dataset groups with a key; the role of schedules
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",  # to the dead-letter queue, what the function could not handle
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "kms:Decrypt",
    "kms:GenerateDataKey",
}
TAGGING = {"personalize:TagResource", "personalize:ListTagsForResource"}


# --- What the code calls ----------------------------------------------------------------------------------------------


def states(kind: ResourceType) -> list[str]:
    """What the params can ask a resource to be: `present`, and perhaps `stopped` or `absent`."""
    schema: dict[str, Any] = json.loads((PIPELINE / "params" / "params.schema.json").read_text(encoding="utf-8"))
    section = schema["$defs"].get(kind.member, {}).get("properties", {})
    return list(section.get("state", {}).get("enum", []))


def verbs(kind: ResourceType) -> Iterator[str]:
    """How the engine may call a type: every type is created, and deleted where it never became ACTIVE."""
    yield from ("describe", "create")
    if kind.settings is not None:
        yield "update"
    if kind.deletable:
        yield "delete"
    if "stopped" in states(kind):
        yield from ("start", "stop")
    elif kind.stop:
        yield "stop"


def literal_kinds() -> Iterator[str]:
    """The types that stand in the calls that list: `existing.listed("campaign", ...)`."""
    for path in PIPELINE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
            if called in ("listed", "fetch_lists") or isinstance(node, ast.Yield):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Constant) and inner.value in RESOURCE_TYPES:
                        yield inner.value


def listed() -> set[str]:
    """The types that are listed: those in the calls, those in tables, those without an ARN, and both batch jobs."""
    without_arn = {member for member, kind in RESOURCE_TYPES.items() if kind.listed_by}
    batch_jobs = {member for member in RESOURCE_TYPES if member.startswith("batch")}
    return {*literal_kinds(), *OF_THE_GROUP, *(quota.type for quota in QUOTAS), *without_arn, *batch_jobs}


@functools.cache
def called() -> frozenset[str]:
    """The actions that the code's calls ask for: calls made literally, and through the table of resource types.

    A client is named after its service wherever it is called: `clients.s3().get_object(`, `scheduler.get_schedule(`.
    """
    actions: set[str] = set()
    for service, prefix in SERVICES.items():
        names = set(re.findall(rf'\b{service}(?:_once)?(?:\(\))?\.(?:get_paginator\(")?(\w+)[("]', SOURCES))
        if service == "personalize":
            for kind in RESOURCE_TYPES.values():
                names |= {kind.operation(verb) for verb in verbs(kind)} | ({kind.details} if kind.details else set())
            names |= {RESOURCE_TYPES[member].listing for member in listed()}
        operations = boto3.client(service.replace("_", "-")).meta.method_to_api_mapping  # type: ignore[call-overload]
        actions |= {f"{prefix}:{operation}" for name, operation in operations.items() if name in names}
    return frozenset().union(*(AUTHORISED_BY.get(action, {action}) for action in actions))


# --- What the policy allows -------------------------------------------------------------------------------------------


def allowed(policy: str = POLICY) -> set[str]:
    found = set(re.findall(r'"((?:personalize|iam|s3|sns|sts|states|scheduler|logs|sqs|xray|kms):\w+)"', policy))
    return found - {"iam:PassedToService", "sts:AssumeRole"}


def statements() -> dict[str, str]:
    """The text of each statement of the policy, by its sid, with what it has in common with others."""
    (tag,) = re.findall(r"^  tag += (\[.*?\])", POLICY, re.MULTILINE)
    text = POLICY.replace("local.tag", tag)
    found = re.findall(r"^      (\w+) = {\n(.*?)^      }$", text, re.DOTALL | re.MULTILINE)
    assert len(found) > 20
    return dict(found)


def actions_of(text: str) -> set[str]:
    """The Personalize actions of a statement."""
    return set(re.findall(r'"(personalize:\w+)"', text))


def resources_of(text: str) -> set[str]:
    """The types in a statement's Personalize ARNs, as ARNs name them; `*` where it is not limited."""
    resources = text[text.index("resources") :]
    types = set(re.findall(r'local\.personalize}:([\w-]+)/\*"', resources))
    types |= set(re.findall(r'"([a-z-]+)"', resources)) if "for type in" in resources else set()
    lists = {
        "local.recipes": "recipe",
        "local.dataset_groups": "dataset-group",
        "local.datasets": "dataset",
        '["*"]': "*",
    }
    return types | {type_ for name, type_ in lists.items() if name in resources}


def needed(action: str) -> frozenset[str]:
    """What a Personalize action may be checked against: types as ARNs name them, `*` where it has no resource level."""
    return reference.checked(action.removeprefix("personalize:")) or frozenset({"*"})


def arn_type(kind: ResourceType) -> str:
    """`dataset-group`; a solution version's ARN is its solution's, and a part more."""
    return "solution" if kind.noun == "SolutionVersion" else kind.arn_type


# --- The two held against each other ----------------------------------------------------------------------------------


def test_the_policy_allows_every_call_of_the_code() -> None:
    assert called() - allowed() == set()


def test_the_policy_allows_nothing_else() -> None:
    assert allowed() - called() == IMPLIED


def test_what_runs_really_call_is_among_the_calls_of_the_code() -> None:
    """Each call is named after its operation, so that a slip in reading the sources shows."""
    metric = {"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}
    document = everything(metricAttribution={"name": "sales", "metrics": [metric]})
    made: set[str] = set()
    with deployed() as deployment:
        deployment.upload_data(interactions=with_events())
        deployment.upload("batch/weekly/input/users.json", '{"userId": "u1"}\n')
        deployment.upload("batch/fans/input/items.json", '{"itemId": "i1"}\n')
        for again in (document, document, document | {"teardown": "shop"}):
            assert deployment.run(again).succeeded
        made |= {f"personalize:{call.operation}" for call in deployment.emulator.calls}
    with deployed() as deployment:
        deployment.upload_data(interactions=with_events(event=DOMAINS[0][2]))
        for state in ("present", "stopped", "present", "absent"):
            assert deployment.run(domain(*DOMAINS[0], state=state)).succeeded
        made |= {f"personalize:{call.operation}" for call in deployment.emulator.calls}
    assert len(made) > 50
    assert made - called() == set()


@pytest.mark.parametrize("sid", [sid for sid, text in statements().items() if actions_of(text)])
def test_a_statement_allows_nothing_that_aws_does_not_check(sid: str) -> None:
    """Neither an action on resources that it is not checked against, nor resources for which none of them is."""
    text = statements()[sid]
    assert [action for action in actions_of(text) if not needed(action) & resources_of(text)] == []
    assert resources_of(text) <= set().union(*(needed(action) for action in actions_of(text)))


@pytest.mark.parametrize("action", sorted(set().union(*map(actions_of, statements().values())) - TAGGING))
def test_every_action_is_allowed_on_all_that_aws_checks_it_against(action: str) -> None:
    found = [resources_of(text) for text in statements().values() if action in actions_of(text)]
    assert needed(action) <= set().union(*found)
    assert sum(map(len, found)) == len(set().union(*found)), "it is allowed twice on the same"


def test_what_is_known_beyond_the_table_is_not_in_the_table() -> None:
    """Else it can go from there."""
    for known in (reference.SEEN, reference.BY_ANALOGY):
        assert not {operation for operation, types in known.items() if types & reference.listed(operation)}


def test_whatever_takes_tags_may_be_tagged_and_asked_for_its_tags() -> None:
    types = {arn_type(kind) for kind in RESOURCE_TYPES.values() if kind.taggable}
    found = [resources_of(text) for text in statements().values() if actions_of(text) >= TAGGING]
    assert set().union(*found) - {"recipe"} == types  # recipes stand beside what is made by them
    for action in TAGGING:
        assert types <= needed(action)
        assert not {arn_type(kind) for kind in RESOURCE_TYPES.values() if not kind.taggable} & needed(action)


def test_what_takes_tags_is_what_the_service_model_says() -> None:
    model = boto3.client("personalize").meta.service_model
    takes = {
        member: "tags" in model.operation_model(f"Create{kind.noun}").input_shape.members  # type: ignore[union-attr]
        for member, kind in RESOURCE_TYPES.items()
    }
    assert takes == {member: kind.taggable for member, kind in RESOURCE_TYPES.items()}


def test_the_function_writes_where_the_policy_says_and_starts_nothing_there() -> None:
    written = {record.key("run"), report.key("run"), turns._key("shop")}
    folders = {f"{key.split('/')[0]}/" for key in written}
    assert folders == set(OWN)
    text = next(text for text in statements().values() if '"s3:PutObject"' in text)
    assert {f"{folder}*" for folder in folders} == set(re.findall(r'bucket\.arn}/([^"]+)"', text))


def test_schedules_of_params_never_meet_those_of_terraform() -> None:
    """Names that a params file's schedules get end as the policy says; Terraform's have no dot."""
    for purpose in OVERRIDES:
        assert schedule_name("shop", purpose) == f"shop.{purpose}"
        assert schedule_name("x" * 63, purpose).endswith(f".{purpose}")
    assert ':schedule/${var.schedules.group}/"' in POLICY and '}*", ".*"' in POLICY


@pytest.mark.parametrize("module", ["personalize_role", "input_bucket"])
def test_personalize_may_write_where_the_plan_says_and_nowhere_else(module: str) -> None:
    text = (ROOT / f"modules/{module}/main.tf").read_text(encoding="utf-8")
    allowing = [
        entry for entry in re.split(r"(?=[eE]ffect +=)", text) if '"s3:PutObject"' in entry and "Allow" in entry
    ]
    assert len(allowing) == 1
    assert set(re.findall(r'"\$\{[\w.]+\}/(\*[^"]+)"', text)) == set(places.RESULTS)


def test_the_role_of_schedules_allows_what_their_targets_ask_for_and_nothing_else() -> None:
    asked = {
        "Arn": {"states:StartExecution"},
        "DeadLetterConfig": {"sqs:SendMessage"},
        "RoleArn": set(),
        "Input": set(),
    }
    target = parameters_of(
        "shop.run", "rate(1 day)", {"bucket": "shop-input", "key": "params.json", "datasetGroup": "shop"}, {}
    )["Target"]
    with_a_key = {"kms:Decrypt", "kms:GenerateDataKey"}
    assert allowed(SCHEDULES) == set().union(*(asked[name] for name in target)) | with_a_key
