"""The command at a terminal, against the local stack: every verb, from a check without AWS to a teardown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.servers import CREDENTIALS, ROOT

from .stack import Pipeline
from .uploads import params

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(shop: Pipeline, tmp_path: Path) -> Command:
    """Runs it in an empty folder, as somebody whose credentials and region are those of the local stack."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | {
        "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": CREDENTIALS["region_name"],
        "AWS_ENDPOINT_URL": shop.stack.s3.meta.endpoint_url,
        "AWS_ENDPOINT_URL_PERSONALIZE": shop.stack.personalize.client.meta.endpoint_url,
        "PYTHONPATH": str(ROOT / "lambda_src"),
    }

    def command(*arguments: str) -> tuple[int, str, str]:
        line = [sys.executable, "-m", "pipeline_cli", *arguments]
        done = subprocess.run(
            line, cwd=tmp_path, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout, done.stderr

    return command


def test_every_verb(shop: Pipeline, command: Command, tmp_path: Path) -> None:
    (tmp_path / "params.json").write_text(json.dumps(params()))
    at = ("--bucket", shop.bucket)

    def told(*arguments: str, code: int = 0) -> Any:
        ended, out, err = command(*arguments, "--json")
        assert ended == code, err
        return json.loads(out)

    code, _, err = command("runs", "list")
    assert (code, "there are several deployments: " in err and shop.bucket in err) == (2, True)
    assert command("validate", "params.json")[0] == 0
    folder = ("--prefix", shop.folder)
    assert told("plan", "params.json", *at, *folder)["actions"][0]["plan"] == "create"
    first = shop.run()
    run = told("runs", "list", *at, "-n", "1")["runs"][0]
    assert (run["executionArn"], run["outcome"]) == (first.arn, "succeeded")
    group = run["datasetGroup"]
    assert command("runs", "show", run["run"], *at)[1].strip() == first.mail.strip()
    code, out, _ = command("adopt", group)
    assert (code, json.loads(out)["datasetGroup"]["name"]) == (0, group)
    assert [row["type"] for row in told("costs", *at, "--group", group)["bills"]] == ["campaign"]

    code, out, err = command("retrain", group, "--yes", "--watch", "--json", *at)
    last = json.loads(out.splitlines()[-1])
    assert (code, last["outcome"], last["report"]["run"]["key"]) == (0, "succeeded", f"{shop.folder}params.json"), err
    assert len(shop.stack.personalize.calls("CreateSolutionVersion")) == 2
    assert told("runs", "show", *at, "--group", group)["run"]["run"] == last["run"]

    assert command("teardown", group, *at)[0] == 2  # there is nobody to type its name
    code, out, err = command("teardown", group, "--yes", "--watch", *at)
    assert (code, "is deleted." in out) == (0, True), err
    assert shop.stack.personalize.resources() == []
    assert told("costs", *at, "--group", group)["bills"] == []
    assert told("teardown", group, "--yes", *at, code=1)["error"].startswith("There is no dataset group")
