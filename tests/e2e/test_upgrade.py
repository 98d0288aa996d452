"""The module is upgraded while a run works: what the old code and the old workflow began ends well by the new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terraform.conftest import lambda_settings
from tests.terraform.consumer import Consumer, has_commit

from .stack import FAST, LocalStack, Pipeline

# What is deployed out there: to be moved on when a version is published.
BEFORE = "35e99c736b33"

CALL = """
variable "lambda" { type = object({ runtime = string, architecture = string }) }

module "pipeline" {
  source = "MODULE"

  name                    = "upgraded"
  emails                  = ["ml-team@example.com"]
  lambda                  = var.lambda
  force_destroy           = true
  noncurrent_version_days = null
}

output "pipeline" {
  value = {
    bucket        = module.pipeline.bucket_name
    state_machine = module.pipeline.state_machine_arn
    function      = module.pipeline.function_name
    dead_letters  = module.pipeline.dead_letter_queue_url
  }
}
"""


@pytest.fixture
def consumer(stack: LocalStack, tmp_path: Path) -> Iterator[Consumer]:
    """A team that has applied the module as it was."""
    environment = {
        "AWS_ENDPOINT_URL": stack.s3.meta.endpoint_url,
        "AWS_REGION": "us-east-1",
        "TF_VAR_lambda": lambda_settings(),
    }
    if not has_commit(BEFORE):
        pytest.skip(f"the history here doesn't reach back to {BEFORE}")
    consumer = Consumer(tmp_path, environment)
    consumer.check_out(commit=BEFORE)
    consumer.write(CALL)
    applied = consumer.apply()
    assert applied.status == 0, applied.text
    yield consumer
    destroyed = consumer.terraform("destroy", "-auto-approve")
    assert destroyed.status == 0, destroyed.text


@pytest.fixture
def upgraded(stack: LocalStack, consumer: Consumer) -> Iterator[Pipeline]:
    stack.deployed["upgraded"] = {**consumer.outputs("pipeline"), "roles": {}}
    with stack.pipeline("upgraded", "") as pipeline:
        pipeline.upload_data()
        yield pipeline
    del stack.deployed["upgraded"]


def test_a_run_that_began_before_an_upgrade_ends_well_after_it_and_pays_once(
    consumer: Consumer, upgraded: Pipeline
) -> None:
    personalize = upgraded.stack.personalize
    run = upgraded.start()
    personalize.advance_to("a training", lambda: personalize.resources("solution version"))
    consumer.check_out()
    # Nothing that holds data or identity is replaced.
    assert not [
        where for where, action in consumer.plan().items() if action in ("replace", "delete") and ".aws_" in where
    ]
    applied = consumer.apply()
    assert applied.status == 0, applied.text
    assert run.status == "RUNNING"
    personalize.run_at(FAST)
    assert run.ended().status == "SUCCEEDED", run.mail
    assert run.report["outcome"] == "succeeded"
    assert len(run.mails()) == 1
    # The code that began the run didn't say which it was.
    assert re.fullmatch("[0-9a-f]{12}", run.report["codeVersion"])
    assert f"{run.report['codeVersion']}\n" in run.mail

    again = upgraded.run()
    assert again.report["outcome"] == "succeeded", again.mail
    assert len(personalize.calls("CreateSolutionVersion")) == 1
    assert len(personalize.calls("CreateCampaign")) == 1
