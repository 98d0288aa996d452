"""Permissions: what is asked of the AWS side, and what happens when it says no."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.personalize_emulator import Decision, HttpAuthorizer, Settings, Switches, mock_personalize
from local.personalize_emulator.exceptions import UnrecognizedClientException

from .world import ACCOUNT, BUCKET, REGION, ROLE, World, refused

CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/pipeline/session"
PREFIX = f"arn:aws:personalize:{REGION}:{ACCOUNT}"


class Policies:
    """An AWS side that remembers what it was asked, and says no to what is in `refusals`."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.principals: list[dict[str, str]] = []
        self.refusals: dict[tuple[str, str], Any] = {}

    def decide(self, principal: Mapping[str, str], action: str, resource: str, context: Mapping[str, str]) -> Decision:
        self.asked.append((action, resource, dict(context)))
        self.principals.append(dict(principal))
        kind = next(iter(principal))
        return Decision(self.refusals.get((kind, action), "Allow"), CALLER)


@pytest.fixture
def policies() -> Policies:
    return Policies()


@pytest.fixture
def guarded(policies: Policies) -> Iterator[World]:
    with mock_personalize(authorizer=policies) as emulator:
        yield World(emulator)


def test_each_call_needs_its_own_action_on_its_resource(guarded: World, policies: Policies) -> None:
    version = guarded.trained()
    solution = version.rpartition("/")[0]
    campaign = guarded.campaign(version, name="shop")
    guarded.api.get_solution_metrics(solutionVersionArn=version)
    guarded.api.list_campaigns()
    guarded.api.describe_recipe(recipeArn="arn:aws:personalize:::recipe/aws-sims")
    guarded.runtime.get_recommendations(campaignArn=campaign, userId="u")
    asked = {(action, resource) for action, resource, _ in policies.asked}
    assert {
        ("personalize:CreateCampaign", f"{PREFIX}:campaign/shop"),
        ("personalize:CreateSolutionVersion", solution),
        ("personalize:GetSolutionMetrics", version),
        ("personalize:ListCampaigns", "*"),
        ("personalize:DescribeRecipe", "arn:aws:personalize:::recipe/aws-sims"),
        ("personalize:GetRecommendations", campaign),
    } <= asked
    assert all(action != "personalize:TagResource" for action, _ in asked)
    dataset = [resource for action, resource in asked if action == "personalize:CreateDataset"]
    assert dataset[0].endswith("/INTERACTIONS")


def test_tags_and_roles_need_more(guarded: World, policies: Policies) -> None:
    dataset = guarded.dataset(guarded.group(name="tagged", tags=[{"tagKey": "a", "tagValue": "b"}]))
    guarded.start_import(dataset)
    assert ("personalize:TagResource", f"{PREFIX}:dataset-group/tagged", {}) in policies.asked
    assert ("iam:PassRole", ROLE, {"iam:PassedToService": "personalize.amazonaws.com"}) in policies.asked


@pytest.mark.parametrize(
    ("decision", "because"),
    [
        ("ImplicitDeny", "because no identity-based policy allows the personalize:CreateDatasetGroup action"),
        ("Deny", "with an explicit deny in an identity-based policy"),
    ],
)
def test_denied(guarded: World, policies: Policies, decision: str, because: str) -> None:
    policies.refusals["accessKeyId", "personalize:CreateDatasetGroup"] = decision
    message = (
        f"User: {CALLER} is not authorized to perform: personalize:CreateDatasetGroup "
        f"on resource: {PREFIX}:dataset-group/g {because}"
    )
    with refused("AccessDeniedException", message):
        guarded.api.create_dataset_group(name="g")
    assert guarded.emulator.state()["resources"] == []
    assert guarded.emulator.calls[-1].result == "AccessDeniedException"


@pytest.mark.parametrize("action", ["iam:PassRole", "personalize:TagResource"])
def test_denied__what_the_call_needs_besides(guarded: World, policies: Policies, action: str) -> None:
    dataset = guarded.dataset(guarded.group())
    policies.refusals["accessKeyId", action] = "ImplicitDeny"
    with refused("AccessDeniedException", f"is not authorized to perform: {action} on resource: "):
        guarded.start_import(dataset, tags=[{"tagKey": "a", "tagValue": "b"}])


def test_calls_are_logged_with_the_callers_name(guarded: World) -> None:
    guarded.api.list_schemas()
    assert guarded.emulator.calls[-1].principal == CALLER


NO_ACCESS = (
    "Insufficient privileges for accessing data in S3. Please look at "
    "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html"
)
OF_ROLE = f"{NO_ACCESS} and ensure your role is configured correctly."
OF_BUCKET = f"{NO_ACCESS}#attach-bucket-policy and fix bucket policy on {BUCKET}."

REFUSALS = pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (("service", "sts:AssumeRole"), OF_ROLE),
        (("roleArn", "s3:GetObject"), OF_ROLE),
        (("roleArn", "s3:ListBucket"), OF_ROLE),
        (("service", "s3:GetObject"), OF_BUCKET),
        (("service", "s3:ListBucket"), OF_BUCKET),
    ],
)


@REFUSALS
def test_import_needs_trust_role_and_bucket_policy(
    guarded: World, policies: Policies, refusal: tuple[str, str], text: str
) -> None:
    dataset = guarded.dataset(guarded.group())
    policies.refusals[refusal] = "ImplicitDeny"
    with pytest.raises(ClientError) as caught:
        guarded.start_import(dataset)
    assert caught.value.response["Error"] == {"Code": "InvalidInputException", "Message": text}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert guarded.api.list_dataset_import_jobs()["datasetImportJobs"] == []


@REFUSALS
def test_switch_finds_missing_access_in_the_job(policies: Policies, refusal: tuple[str, str], text: str) -> None:
    settings = Settings(switches=Switches(s3_access_checked_by="job"))
    with mock_personalize(settings, authorizer=policies) as emulator:
        world = World(emulator)
        dataset = world.dataset(world.group())
        policies.refusals[refusal] = "ImplicitDeny"
        job = world.imported(dataset)
        assert (job["status"], job["failureReason"]) == ("CREATE FAILED", text)


def test_import_asks_about_its_bucket_and_key_as_itself(guarded: World, policies: Policies) -> None:
    dataset = guarded.dataset(guarded.group())
    guarded.imported(dataset, jobName="nightly", key="Users/data.csv")
    asked = {action: (resource, context) for action, resource, context in policies.asked}
    resource, context = asked["s3:GetObject"]
    assert resource == f"arn:aws:s3:::{BUCKET}/Users/data.csv"
    assert asked["s3:ListBucket"][0] == f"arn:aws:s3:::{BUCKET}"
    assert asked["sts:AssumeRole"][0] == ROLE
    assert context["aws:SourceAccount"] == ACCOUNT
    assert context["aws:SourceArn"] == f"{PREFIX}:dataset-import-job/nightly"


def test_writing_jobs_need_the_right_to_write(guarded: World, policies: Policies) -> None:
    dataset = guarded.dataset(guarded.group(), "Users")
    policies.refusals["service", "s3:PutObject"] = "ImplicitDeny"
    job = guarded.api.create_dataset_export_job(
        jobName="e",
        datasetArn=dataset,
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": f"s3://{BUCKET}/out/"}},
    )["datasetExportJobArn"]
    guarded.finish()
    described = guarded.api.describe_dataset_export_job(datasetExportJobArn=job)["datasetExportJob"]
    assert described["failureReason"] == OF_BUCKET


# Over HTTP


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[Any]]]:
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(question)
            known = question["principal"].get("accessKeyId") != "stranger"
            answer = {"decision": "Allow", "principalArn": CALLER} if known else {"error": "InvalidClientTokenId"}
            body = json.dumps(answer).encode()
            self.send_response(200 if known else 403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/authorize", asked
        server.shutdown()
        thread.join()


def test_http_authorizer__asks_in_the_agreed_form(endpoint: tuple[str, list[Any]]) -> None:
    url, asked = endpoint
    decision = HttpAuthorizer(url).decide({"accessKeyId": "k"}, "personalize:X", "*", {"a": "b"})
    assert (decision.allowed, decision.principal_arn) == (True, CALLER)
    assert asked == [
        {"principal": {"accessKeyId": "k"}, "action": "personalize:X", "resource": "*", "context": {"a": "b"}}
    ]


def test_http_authorizer__unknown_key(endpoint: tuple[str, list[Any]]) -> None:
    with pytest.raises(UnrecognizedClientException):
        HttpAuthorizer(endpoint[0]).decide({"accessKeyId": "stranger"}, "a", "*", {})


def test_http_authorizer__address_must_be_http() -> None:
    with pytest.raises(ValueError, match="not an HTTP address"):
        HttpAuthorizer("file:///etc/passwd")


def test_authorizer_that_is_down_fails_the_job_and_not_the_emulator() -> None:
    class Down:
        def decide(self, principal: Mapping[str, str], action: str, *_: Any) -> Decision:
            if action.startswith("personalize:") or action == "iam:PassRole":
                return Decision("Allow", CALLER)
            raise ConnectionRefusedError("nobody there")

    with mock_personalize(Settings(switches=Switches(s3_access_checked_by="job")), authorizer=Down()) as emulator:
        world = World(emulator)
        job = world.imported(world.dataset(world.group()))
        assert job["status"] == "CREATE FAILED"
        assert "nobody there" in job["failureReason"]
    with mock_personalize(authorizer=Down()) as emulator:
        world = World(emulator)
        with refused("InvalidInputException", "nobody there"):
            world.start_import(world.dataset(world.group()))
