"""Permissions: what is asked of the AWS side, and what happens when it says no."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.personalize_emulator import Decision, HttpAuthorizer, Settings, Switches, mock_personalize
from local.personalize_emulator.exceptions import UnrecognizedClientException
from local.personalize_emulator.reference import arn_type

from .world import ACCOUNT, BUCKET, FIELDS, REGION, ROLE, World, refused

CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/pipeline/session"
PREFIX = f"arn:aws:personalize:{REGION}:{ACCOUNT}"


class Policies:
    """An AWS side that remembers what it was asked, and says no to what is in `refusals`, or to a type of resource."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.principals: list[dict[str, str]] = []
        self.refusals: dict[tuple[str, str], Any] = {}
        self.refused_type: tuple[str, str] | None = None

    def decide(self, principal: Mapping[str, str], action: str, resource: str, context: Mapping[str, str]) -> Decision:
        self.asked.append((action, resource, dict(context)))
        self.principals.append(dict(principal))
        kind = next(iter(principal))
        if (action, arn_type(resource)) == self.refused_type:
            return Decision("ImplicitDeny", CALLER)
        return Decision(self.refusals.get((kind, action), "Allow"), CALLER)

    def resources(self, action: str) -> list[str]:
        """What it was asked about an action of Personalize, in order."""
        return [resource for asked, resource, _ in self.asked if asked == f"personalize:{action}"]


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
    assert policies.resources("CreateDataset")[0].endswith("/INTERACTIONS")


def filter_of(world: World, group: str, dataset: str = "Items", condition: str = "Items.PRICE > 1") -> str:
    world.dataset(group, dataset)
    expression = f"INCLUDE {dataset[:-1]}ID WHERE {condition}"
    arn = world.api.create_filter(name=world.name("f"), datasetGroupArn=group, filterExpression=expression)["filterArn"]
    world.finish()
    return str(arn)


def group_of(world: World, version: str) -> str:
    return str(world.described("solution version", version)["datasetGroupArn"])


def inference(world: World) -> None:
    version = world.trained("aws-similar-items")
    batch(world, "create_batch_inference_job", version, filter_of(world, group_of(world, version)))


def segmentation(world: World) -> None:
    version = world.trained("aws-item-affinity")
    chosen = filter_of(world, group_of(world, version), "Users", "Users.AGE > 1")
    batch(world, "create_batch_segment_job", version, chosen)


def batch(world: World, operation: str, version: str, chosen: str) -> None:
    places = {
        "jobInput": {"s3DataSource": {"path": world.put("in/items.json", '{"itemId": "i1"}\n')}},
        "jobOutput": {"s3DataDestination": {"path": f"s3://{BUCKET}/out/"}},
    }
    named = {"jobName": world.name("job"), "solutionVersionArn": version, "filterArn": chosen}
    getattr(world.api, operation)(**named, **places, roleArn=ROLE)


def changed_dataset(world: World) -> None:
    dataset = world.dataset(world.group(), "Users")
    world.api.update_dataset(datasetArn=dataset, schemaArn=world.schema("Users", [*FIELDS["Users"], HEIGHT]))


def changed_campaign(world: World) -> None:
    version = world.trained()
    world.api.update_campaign(campaignArn=world.campaign(version), solutionVersionArn=version)


def recommender(world: World) -> str:
    from .test_recommenders import shop, start

    return start(world, shop(world))


def recommendations(world: World) -> None:
    version = world.trained()
    chosen = filter_of(world, group_of(world, version))
    world.runtime.get_recommendations(campaignArn=world.campaign(version), userId="u1", filterArn=chosen)


def ranking(world: World) -> None:
    version = world.trained("aws-personalized-ranking")
    chosen = filter_of(world, group_of(world, version))
    campaign = world.campaign(version)
    world.runtime.get_personalized_ranking(campaignArn=campaign, userId="u1", inputList=["i1"], filterArn=chosen)


def from_recommender(world: World) -> None:
    arn = recommender(world)
    world.finish()
    world.runtime.get_recommendations(recommenderArn=arn, userId="u1")


def import_started(world: World) -> None:
    world.start_import(world.dataset(world.group()))


def tracker(world: World) -> None:
    world.api.create_event_tracker(name="t", datasetGroupArn=world.group())


HEIGHT = {"name": "HEIGHT", "type": ["null", "float"]}
# What makes a call, and the types of what IAM is asked about: its own, what the table lists besides or calls have been
# refused without, and what is only an analogy.
CHECKED: dict[str, tuple[Callable[[World], Any], str, set[str], set[str]]] = {
    "CreateSchema": (lambda world: world.schema("Users"), "schema", set(), set()),
    "CreateDatasetGroup": (lambda world: world.group(), "dataset-group", set(), set()),
    "CreateDataset": (lambda world: world.dataset(world.group()), "dataset", {"dataset-group"}, {"schema"}),
    "UpdateDataset": (changed_dataset, "dataset", set(), {"schema"}),
    "CreateDatasetImportJob": (import_started, "dataset-import-job", {"dataset"}, set()),
    "CreateEventTracker": (tracker, "event-tracker", {"dataset-group"}, set()),
    "CreateFilter": (recommendations, "filter", {"dataset-group"}, set()),
    "CreateSolution": (lambda world: world.solution(world.group()), "solution", {"dataset-group", "recipe"}, set()),
    "CreateSolutionVersion": (lambda world: world.trained(), "solution", set(), set()),
    "CreateCampaign": (changed_campaign, "campaign", {"solution"}, set()),
    "UpdateCampaign": (changed_campaign, "campaign", set(), {"solution"}),
    "CreateRecommender": (recommender, "recommender", {"dataset-group", "recipe"}, set()),
    "CreateBatchInferenceJob": (inference, "batch-inference-job", {"solution"}, {"filter"}),
    "CreateBatchSegmentJob": (segmentation, "batch-segment-job", set(), {"filter", "solution"}),
    "GetRecommendations": (recommendations, "campaign", {"filter"}, set()),
    "GetPersonalizedRanking": (ranking, "campaign", {"filter"}, set()),
    "GetRecommendations of a recommender": (from_recommender, "recommender", set(), set()),
}


@pytest.mark.parametrize("call", CHECKED)
def test_a_call_needs_its_action_on_what_it_builds_on_too(guarded: World, policies: Policies, call: str) -> None:
    act, own, known, analogies = CHECKED[call]
    act(guarded)
    first, *others = [arn_type(arn) for arn in policies.resources(call.split()[0])]
    assert first == own
    assert sorted(others) == sorted(known | analogies)


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("all", ["batch-segment-job", "filter", "solution"]),
        ("known", ["batch-segment-job"]),
        ("own", ["batch-segment-job"]),
    ],
)
def test_switch_asks_about_less__analogies(policies: Policies, scope: Any, asked: list[str]) -> None:
    with mock_personalize(Settings(switches=Switches(rights_checked_on=scope)), authorizer=policies) as emulator:
        CHECKED["CreateBatchSegmentJob"][0](World(emulator))
        assert sorted(arn_type(arn) for arn in policies.resources("CreateBatchSegmentJob")) == asked


@pytest.mark.parametrize(
    ("scope", "asked"),
    [
        ("all", ["dataset-group", "recipe", "solution"]),
        ("known", ["dataset-group", "recipe", "solution"]),
        ("own", ["solution"]),
    ],
)
def test_switch_asks_about_less__parents(policies: Policies, scope: Any, asked: list[str]) -> None:
    with mock_personalize(Settings(switches=Switches(rights_checked_on=scope)), authorizer=policies) as emulator:
        CHECKED["CreateSolution"][0](World(emulator))
        assert sorted(arn_type(arn) for arn in policies.resources("CreateSolution")) == asked


def test_lists_have_no_resource_level(guarded: World, policies: Policies) -> None:
    guarded.api.list_datasets(datasetGroupArn=guarded.group())
    guarded.api.list_metric_attribution_metrics(metricAttributionArn=f"{PREFIX}:metric-attribution/none")
    with refused("InvalidInputException"):
        guarded.events.put_events(trackingId="t", sessionId="s", eventList=[{"eventType": "e", "sentAt": 1}])
    for action in ("ListDatasets", "ListMetricAttributionMetrics", "PutEvents"):
        assert policies.resources(action) == ["*"]


def test_denied__on_the_recipe(guarded: World, policies: Policies) -> None:
    group = guarded.group()
    policies.refused_type = ("personalize:CreateSolution", "recipe")
    with refused(
        "AccessDeniedException",
        f"User: {CALLER} is not authorized to perform: personalize:CreateSolution on resource: "
        "arn:aws:personalize:::recipe/aws-sims because no identity-based policy allows the personalize:CreateSolution "
        "action",
    ):
        guarded.solution(group, "aws-sims")
    assert guarded.api.list_solutions()["solutions"] == []


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
