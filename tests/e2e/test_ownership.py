"""Nobody's things are touched by others: neither a dataset group's by another's file, nor a run's own records."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .stack import FAST, LocalStack, Pipeline
from .uploads import SOLUTION, params_named

FILTER = {"name": "unseen", "filterExpression": "EXCLUDE UserID WHERE Users.AGE > 90"}


@pytest.fixture
def folders(shop: Pipeline) -> tuple[Pipeline, Pipeline]:
    """Two folders with data, for two dataset groups."""
    pair = shop.beside("a/"), shop.beside("b/")
    for folder in pair:
        folder.upload_data()
    return pair


def test_what_belongs_to_another_group_is_refused_by_name_and_stays_as_it_is(
    folders: tuple[Pipeline, Pipeline],
) -> None:
    a, b = folders
    personalize = a.stack.personalize
    made = a.run(params_named("a-") | {"filters": [FILTER]})
    assert made.status == "SUCCEEDED", made.mail
    before, writes = personalize.resources(), personalize.writes()
    for sections, problem in (
        ({"filters": [FILTER]}, "$.filters[0].name: filter unseen belongs to the dataset group a-DatasetGroup"),
        (
            {"campaign": {"name": "a-Campaign", "state": "absent"}},
            "$.campaign.name: campaign a-Campaign belongs to the solution a-Solution",
        ),
    ):
        run = b.run(params_named("b-") | sections)
        assert run.error == "ParamsRejected", run.mail
        assert run.subject.startswith("[personalize-pipeline] rejected: b-DatasetGroup; ")
        assert f"{problem}, and is not touched. Use another name." in run.wrong()
        assert personalize.writes() == writes
    assert personalize.resources() == before


def test_of_two_files_that_share_a_solutions_name_one_gets_it_and_the_other_is_told_whose_it_is(
    folders: tuple[Pipeline, Pipeline],
) -> None:
    """Uploaded a second apart, so that neither plan sees anything of the other."""
    personalize = folders[0].stack.personalize
    personalize.run_at(0)
    runs = {
        prefix: folder.start(params_named(prefix) | {"solution": SOLUTION})
        for prefix, folder in zip(("a-", "b-"), folders, strict=True)
    }
    for run in runs.values():
        run.planned()
    personalize.run_at(FAST)
    winner, loser = sorted(runs, key=lambda prefix: runs[prefix].ended().status, reverse=True)
    won, lost = runs[winner], runs[loser]
    assert (won.status, lost.status) == ("SUCCEEDED", "FAILED"), won.mail + lost.mail
    assert f"solution Solution: belongs to the dataset group {winner}DatasetGroup" in lost.wrong()
    assert lost.done()["solution"] == "not created"
    assert lost.done()["solution version"] == lost.done()["campaign"] == "not attempted"
    created = [row["name"] for row in lost.report["resources"] if row["done"] == "created"]
    assert created and [name for name in created if not name.startswith(loser)] == []
    assert "Nothing: no campaign or recommender is up" in lost.mail
    assert [entry["name"] for entry in personalize.resources("campaign")] == [f"{winner}Campaign"]
    assert len(personalize.calls("CreateSolutionVersion")) == 1


class TestTheBucket:
    """Against people of the same account, who may do anything to S3."""

    KEYS = (
        *("runs/20261126-040758-eb61b955/record.json", "runs/x/report.json", "locks/DatasetGroup.json"),
        *("runs/params.json", "locks/params.json"),  # would start nothing, so that whoever tries is told at once
    )
    ANYTHING = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )

    @pytest.fixture(params=["user", "role"])
    def s3(self, stack: LocalStack, request: pytest.FixtureRequest) -> Any:
        """A client of somebody who may do anything to S3."""
        name, iam = f"somebody-{uuid4().hex[:8]}", stack.iam
        if request.param == "user":
            iam.create_user(UserName=name)
            iam.put_user_policy(UserName=name, PolicyName="s3", PolicyDocument=self.ANYTHING)
            keys: Any = iam.create_access_key(UserName=name)["AccessKey"]
        else:
            trust = {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
            }
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
            iam.put_role_policy(RoleName=name, PolicyName="s3", PolicyDocument=self.ANYTHING)
            keys = stack.sts.assume_role(RoleArn=arn, RoleSessionName="somebody")["Credentials"]
        return boto3.client(
            "s3",
            endpoint_url=stack.s3.meta.endpoint_url,
            config=Config(proxies={}),
            region_name="us-east-1",
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
        )

    def test_takes_records_reports_and_turns_from_nobody_but_the_function(self, shop: Pipeline, s3: Any) -> None:
        for key in self.KEYS:
            with pytest.raises(ClientError, match="AccessDenied"):
                s3.put_object(Bucket=shop.bucket, Key=key, Body=b"{}")
            with pytest.raises(ClientError, match="AccessDenied"):
                source = {"Bucket": shop.bucket, "Key": f"{shop.folder}Users/users.csv"}
                s3.copy_object(Bucket=shop.bucket, Key=key, CopySource=source)

    def test_takes_data_and_params_from_them(self, shop: Pipeline, s3: Any) -> None:
        s3.put_object(Bucket=shop.bucket, Key=f"{shop.folder}Users/more.csv", Body=b"USER_ID,GENDER,AGE\nx,F,9\n")
        document = json.dumps(params_named("theirs-") | {"dryRun": True}).encode()
        version = s3.put_object(Bucket=shop.bucket, Key=f"{shop.folder}params.json", Body=document)["VersionId"]
        run = shop.run_of(version).ended()
        assert run.subject == "[personalize-pipeline] planned: theirs-DatasetGroup"
