"""Least privilege, shown: the function's policy allows the calls that its code makes, and no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from pipeline.engine.resource_types import RESOURCE_TYPES, ResourceType
from pipeline.engine.schedules import OVERRIDES, parameters_of, schedule_name
from pipeline.handler import ACTIONS
from pipeline.params import places
from pipeline.params.tags import UNTAGGABLE

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "lambda_src/pipeline"
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in PIPELINE.rglob("*.py"))
POLICY = (ROOT / "modules/pipeline_function/permissions.tf").read_text(encoding="utf-8")
SCHEDULES = (ROOT / "modules/schedules/main.tf").read_text(encoding="utf-8")

SERVICES = {"personalize": "personalize", "s3": "s3", "scheduler": "scheduler", "sns": "sns", "stepfunctions": "states"}
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


def source(module: str) -> str:
    return (PIPELINE / f"{module}.py").read_text(encoding="utf-8")


def states(kind: ResourceType) -> list[str]:
    """What the params can ask a resource to be: `present`, and perhaps `stopped` or `absent`."""
    schema: dict[str, Any] = json.loads((PIPELINE / "params" / "params.schema.json").read_text(encoding="utf-8"))
    section = schema["$defs"].get(kind.member, {}).get("properties", {})
    return list(section.get("state", {}).get("enum", []))


def created() -> set[str]:
    """The types that a state of the workflow creates: `ensureCampaign`."""
    ensured = {action.removeprefix("ensure") for action in ACTIONS if action.startswith("ensure")}
    return {member for member, kind in RESOURCE_TYPES.items() if kind.noun in ensured}


def torn_down() -> set[str]:
    return set(re.findall(r'_records\("(\w+)"', source("planning/teardown")))


def listed() -> set[str]:
    """The types that are listed: by their name, or as the `kind` of the function that lists."""
    by_name = re.findall(r'\blisted\(RESOURCE_TYPES\["(\w+)"', SOURCES)
    by_name += re.findall(r'(?<!\.)\bof\("(\w+)"', source("planning/teardown"))
    as_kind = re.findall(r'\bkind = .*\bRESOURCE_TYPES\["(\w+)"\]', SOURCES)
    batch_jobs = {member for member in RESOURCE_TYPES if member.startswith("batch")}
    # Whoever lists another `kind` says above which it is.
    assert len(re.findall(r"\blisted\(kind, ", SOURCES)) == len(set(as_kind)) + len(["the batch jobs"]) + len(["find"])
    by_find = {member for member, kind in RESOURCE_TYPES.items() if kind.listed_by}
    return {*by_name, *as_kind, *batch_jobs, *by_find}


def verbs(member: str, kind: ResourceType) -> Iterator[str]:
    """The verbs with which the reconciler may call a type."""
    yield "describe"
    if member in created():
        yield "create"
    if kind.updatable:
        yield "update"
    if "stopped" in states(kind):
        yield from ("start", "stop")
    if member in torn_down() or "absent" in states(kind) or kind.replaceable:
        yield "delete"


def called() -> set[str]:
    """The actions that the code's calls ask for: calls made literally, and through the table of resource types.

    A client is named after its service wherever it is called: `clients.s3().get_object(`, `scheduler.get_schedule(`.
    """
    actions: set[str] = set()
    for service, prefix in SERVICES.items():
        names = set(re.findall(rf'\b{service}(?:\(\))?\.(?:get_paginator\(")?(\w+)[("]', SOURCES))
        if service == "personalize":
            for member, kind in RESOURCE_TYPES.items():
                names |= {kind.operation(verb) for verb in verbs(member, kind)}
            names |= {RESOURCE_TYPES[member].listing for member in listed()}
        operations = boto3.client(service).meta.method_to_api_mapping  # type: ignore[call-overload]
        actions |= {f"{prefix}:{operation}" for name, operation in operations.items() if name in names}
    return set().union(*(AUTHORISED_BY.get(action, {action}) for action in actions))


def allowed(policy: str = POLICY) -> set[str]:
    found = set(re.findall(r'"((?:personalize|iam|s3|sns|sts|states|scheduler|logs|sqs|xray|kms):\w+)"', policy))
    return found - {"iam:PassedToService", "sts:AssumeRole"}


def statement(sid: str) -> str:
    """The text of one statement of the policy."""
    found = re.search(rf"^      {sid} = {{\n(.*?)^      }}$", POLICY, re.DOTALL | re.MULTILINE)
    assert found, sid
    return found[1]


def arn_types(sid: str) -> set[str]:
    """The types in a statement's Personalize ARNs: `dataset-group`."""
    text = statement(sid)
    return set(re.findall(r'personalize}:([\w-]+)/\*"', text)) or set(re.findall(r'"([a-z-]+)"', text))


def arn_type(kind: ResourceType) -> str:
    """`dataset-group`; a solution version's ARN is its solution's, and a part more."""
    return "solution" if kind.noun == "SolutionVersion" else kind.label.replace(" ", "-")


def test_the_policy_allows_every_call_of_the_code() -> None:
    assert called() - allowed() == set()


def test_the_policy_allows_nothing_else() -> None:
    assert allowed() - called() == IMPLIED


def test_every_type_is_allowed_on_its_own_arns_only() -> None:
    lists = set(re.findall(r"\w+:List\w+", statement("FindWhatExists")))
    tagging = {"personalize:TagResource", "personalize:ListTagsForResource"}
    nouns = {kind.noun: arn_type(kind) for kind in RESOURCE_TYPES.values()} | {"SolutionMetrics": "solution"}
    for sid in re.findall(r"^      (\w+) = {$", POLICY, re.MULTILINE):
        actions = set(re.findall(r'"(personalize:\w+)"', statement(sid))) - lists - tagging
        wanted = {nouns[re.sub("^personalize:[A-Z][a-z]+", "", action)] for action in actions if "Recipe" not in action}
        if wanted:
            assert arn_types(sid) == wanted, sid


def test_whatever_is_created_with_tags_may_be_tagged() -> None:
    assert arn_types("TagWhatIsCreated") == {arn_type(RESOURCE_TYPES[member]) for member in created() - UNTAGGABLE}


def test_tags_are_read_where_they_are_compared() -> None:
    once = {"datasetImportJob", "solutionVersion", "batchInferenceJob", "batchSegmentJob"}
    assert re.findall(r"\blacking\(", SOURCES) == ["lacking("] * 2  # its definition, and comparison.py's use of it
    kept = created() - UNTAGGABLE - once
    assert arn_types("CompareTags") == {arn_type(RESOURCE_TYPES[member]) for member in kept}


def test_schedules_of_params_never_meet_those_of_terraform() -> None:
    """Names that a params file's schedules get end as the policy says; Terraform's have no dot."""
    for purpose in OVERRIDES:
        assert schedule_name("shop", purpose) == f"shop.{purpose}"
        assert schedule_name("x" * 63, purpose).endswith(f".{purpose}")
    assert 'schedule/${var.schedules.group}/*.${purpose}"' in POLICY


@pytest.mark.parametrize("module", ["personalize_role", "input_bucket"])
def test_personalize_may_write_where_the_plan_says_and_nowhere_else(module: str) -> None:
    text = (ROOT / f"modules/{module}/main.tf").read_text(encoding="utf-8")
    assert text.count('"s3:PutObject"') == 1
    assert re.findall(r'esources?\s*= \["\$\{[\w.]+\}/(\*.+)"\]', text) == [places.RESULTS]


def test_the_role_of_schedules_allows_what_their_targets_ask_for_and_nothing_else() -> None:
    asked = {
        "Arn": {"states:StartExecution"},
        "DeadLetterConfig": {"sqs:SendMessage"},
        "RoleArn": set(),
        "Input": set(),
    }
    target = parameters_of("shop.run", "rate(1 day)", {"bucket": "shop-input", "key": "params.json"}, {})["Target"]
    with_a_key = {"kms:Decrypt", "kms:GenerateDataKey"}
    assert allowed(SCHEDULES) == set().union(*(asked[name] for name in target)) | with_a_key
