"""Two teams share a deployment, and one means harm to the other: it gets a mail, and the other notices nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .stack import FAST, Json, LocalStack, Pipeline, Run, wait_for
from .uploads import SOLUTION, params_named

SECURITY = Path(__file__).parents[2] / "docs/security.md"
ASK = "ask whoever applies the module to change it."
THEIR_GROUP = f"$.datasetGroup.name: is a-DatasetGroup; Terraform's input `folders` binds team-b/ to b-*; {ASK}"
OUTSIDE = f"lies outside team-b/, where Terraform's input `folders` keeps this params file; {ASK}"


@pytest.fixture(scope="module")
def teams(stack: LocalStack) -> Iterator[tuple[Pipeline, Pipeline]]:
    """Teams a and b, each in its folder."""
    with stack.pipeline("teams", "") as deployment:
        pair = deployment.beside("team-a/"), deployment.beside("team-b/")
        for team in pair:
            team.upload_data()
        yield pair


@pytest.fixture
def uploader(teams: tuple[Pipeline, Pipeline]) -> Any:
    """A client of somebody of team b, who has the policy of docs/security.md."""
    b = teams[1]
    (policy,) = re.findall(r"^```json\n(.*?)^```", SECURITY.read_text(), re.DOTALL | re.MULTILINE)
    iam = b.stack.iam
    iam.create_user(UserName="of-team-b")
    iam.put_user_policy(UserName="of-team-b", PolicyName="upload", PolicyDocument=policy.replace("BUCKET", b.bucket))
    key = iam.create_access_key(UserName="of-team-b")["AccessKey"]
    return boto3.client(
        "s3",
        endpoint_url=b.stack.s3.meta.endpoint_url,
        config=Config(proxies={}),
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def hostile(bucket: str) -> Iterator[tuple[str, Json, str]]:
    """What team b tries, by the folder that it does it in; and what its mail must say."""
    own, theirs = params_named("b-"), f"s3://{bucket}/team-a/"
    yield "supersede/", params_named("a-"), THEIR_GROUP
    yield "tear-down/", params_named("a-") | {"teardown": "a-DatasetGroup"}, THEIR_GROUP
    yield "look-at/", params_named("a-") | {"dryRun": True}, THEIR_GROUP
    datasets = json.loads(json.dumps(own["datasets"]))
    datasets["Users"]["importJob"] = {"dataSource": {"dataLocation": f"{theirs}Users/"}}
    where = "$.datasets.Users.importJob.dataSource.dataLocation"
    yield "read/", own | {"datasets": datasets}, f"{where}: {theirs}Users/ {OUTSIDE}"
    place = f"{theirs}batch/x/output/y/"
    job = {"jobName": "x", "jobOutput": {"s3DataDestination": {"path": place}}}
    solution = SOLUTION | {"name": "b-Solution", "batchInferenceJobs": [job]}
    where = "$.solution.batchInferenceJobs[0].jobOutput.s3DataDestination.path"
    yield "write/", own | {"solution": solution}, f"{where}: {place} {OUTSIDE}"
    tps = f"$.campaign.minProvisionedTPS: Terraform's input `ceilings.min_provisioned_tps` allows at most 5; {ASK}"
    yield "spend/", own | {"campaign": {"name": "b-Campaign", "minProvisionedTPS": 6}}, tps


def test_what_one_team_tries_against_another_is_refused_and_disturbs_nobody(
    teams: tuple[Pipeline, Pipeline], uploader: Any
) -> None:
    a, b = teams
    personalize = a.stack.personalize
    personalize.run_at(0)
    working = a.start(params_named("a-")).planned()
    other = a.beside("other/")
    other.upload_data()
    waiting = other.start(params_named("a-") | {"campaign": {"name": "a-Campaign", "minProvisionedTPS": 5}})
    wait_for("two runs of team a", lambda: [ticket["run"] for ticket in turns(a)["waiting"]] == [waiting.name])
    writes = wait_for("the work of team a", personalize.writes)

    with pytest.raises(ClientError, match="AccessDenied"):
        uploader.put_object(Bucket=a.bucket, Key="team-a/params.json", Body=b"{}")
    runs: list[tuple[Run, str]] = []
    for folder, document, refusal in hostile(a.bucket):
        place = b.beside(folder)
        for name in ("Interactions/interactions.csv", "Users/users.csv", "batch/x/input/users.json"):
            uploader.put_object(Bucket=b.bucket, Key=place.folder + name, Body=b'{"userId": "u1"}\n')
        body = json.dumps(document).encode()
        put = uploader.put_object(Bucket=b.bucket, Key=f"{place.folder}params.json", Body=body)
        runs.append((place.run_of(put["VersionId"]), refusal))
    for run, refusal in runs:
        run.ended()
        assert (run.status, run.error) == ("FAILED", "ParamsRejected"), run.mail
        assert run.subject.startswith("[personalize-pipeline] rejected: "), run.subject
        assert "a-DatasetGroup" not in run.subject.partition("; ")[0]
        assert refusal in run.wrong(), run.mail
    assert personalize.writes() == writes
    assert (turns(a)["holder"]["run"], [ticket["run"] for ticket in turns(a)["waiting"]]) == (
        working.name,
        [waiting.name],
    )

    personalize.run_at(FAST)
    good = b.start(params_named("b-"))
    for run in (working, waiting, good):
        assert run.ended().status == "SUCCEEDED", run.mail
    assert [run.report["outcome"] for run in (working, waiting, good)] == ["succeeded"] * 3
    (campaign,) = [entry for entry in personalize.resources("campaign") if entry["name"] == "a-Campaign"]
    assert personalize.client.describe_campaign(campaignArn=campaign["arn"])["campaign"]["minProvisionedTPS"] == 5


def test_iam_refuses_what_the_function_would_not(teams: tuple[Pipeline, Pipeline]) -> None:
    """A dataset group of neither team, for a function whose own check is gone."""
    a, _ = teams
    personalize = a.stack.personalize
    personalize.client.create_dataset_group(name="c-DatasetGroup")
    c = Pipeline(a.stack, a.deployed, "team-c/")
    c.upload_data()
    with unbounded(c):
        runs = [c.run(params_named("c-") | more) for more in ({}, {"teardown": "c-DatasetGroup"})]
    arn = "arn:aws:personalize:us-east-1:000000000000:dataset-group/c-DatasetGroup"
    for run in runs:
        assert run.status == "FAILED"
        assert "is not authorized to perform: personalize:DescribeDatasetGroup" in run.wrong(), run.mail
        assert arn in run.wrong()
    refused = [call for call in personalize.log() if arn in json.dumps(call["parameters"])]
    assert {call["operation"] for call in refused if call["operation"] != "CreateDatasetGroup"} == {
        "DescribeDatasetGroup"
    }
    assert [entry["arn"] for entry in personalize.resources("dataset group") if entry["arn"] == arn]


def turns(team: Pipeline) -> Json:
    """Those of team a's dataset group."""
    body = team.stack.s3.get_object(Bucket=team.bucket, Key="locks/a-DatasetGroup.json")["Body"].read()
    found: Json = json.loads(body)
    return found


@contextmanager
def unbounded(pipeline: Pipeline) -> Iterator[None]:
    """The function told that it may do anything; its role is as it was."""
    functions = pipeline.stack.functions
    before = functions.get_function_configuration(FunctionName=pipeline.function)["Environment"]["Variables"]
    anything = {"dataset_groups": ["*"], "folders": {}, "ceilings": {}, "allow_teardown": True}

    def tell(variables: dict[str, str]) -> None:
        functions.update_function_configuration(FunctionName=pipeline.function, Environment={"Variables": variables})

    tell(before | {"BOUNDARIES": json.dumps(anything)})
    try:
        yield
    finally:
        tell(before)
