"""The module as Terraform renders it, planned against the mocks of the plan tests."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from local import terraform

ROOT = Path(__file__).parents[2]
# In a folder of its own, so that it meets no other Terraform that runs in the repository.
NEEDED = (
    "main.tf",
    "variables.tf",
    "outputs.tf",
    "versions.tf",
    "statemachine.json.tftpl",
    "modules",
    "lambda_src",
    "tests/mocks",
)
TEST = """
mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

override_resource {
  target          = module.personalize_role.aws_iam_role.this
  values          = { arn = "arn:aws:iam::123456789012:role/shop-personalize" }
  override_during = plan
}

run "rendered" {
  command = plan
}
"""


@functools.cache
def planned() -> dict[str, dict[str, Any]]:
    """What is planned where the module is told no more than its name, `shop`: attributes by the resource's address."""
    found = terraform.find()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in NEEDED:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).symlink_to(ROOT / name)
        (folder / "tests/rendered.tftest.hcl").write_text(TEST)
        found.init(folder)
        done = subprocess.run(
            [found.path, "test", "-json", "-verbose", "-var=name=shop"],
            cwd=folder,
            env=found.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, [line["diagnostic"] for line in lines if "diagnostic" in line] or done.stderr
    (plan,) = [line["test_plan"] for line in lines if line["type"] == "test_plan"]
    return {
        entry["address"]: entry["change"]["after"] for entry in plan["resource_changes"] if entry["change"]["after"]
    }
