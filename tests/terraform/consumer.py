"""A team that calls the module from a Terraform configuration of its own, as others would have it from git."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local import servers, terraform
from local.servers import ROOT

CONFIGURATION = """
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "credentials" {
  type = list(string)
}

# The endpoint comes from the environment; credentials can't, to a provider that many runs are attached to.
provider "aws" {
  access_key                  = var.credentials[0]
  secret_key                  = var.credentials[1]
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}
"""


CREDENTIALS = (servers.CREDENTIALS["aws_access_key_id"], servers.CREDENTIALS["aws_secret_access_key"])

# What a consumer's Terraform takes from the repository.
MODULE = ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "statemachine.json.tftpl", "modules", "lambda_src")


def has_commit(commit: str) -> bool:
    """Whether the repository's history is here, and reaches back to a commit."""
    return subprocess.run(["git", "cat-file", "-e", commit], cwd=ROOT, capture_output=True, check=False).returncode == 0


@dataclass
class Consumer:
    """Its configuration, its copy of the module, and its credentials. The state stays, whatever is checked out anew."""

    folder: Path
    environment: dict[str, str]
    module: str = "module"
    credentials: tuple[str, str] = CREDENTIALS
    initialised: bool = False

    def check_out(self, module: str = "module", commit: str | None = None) -> None:
        """The module anew, in the folder `module` and without what was built: as it lies here, or of a commit."""
        shutil.rmtree(self.folder / self.module, ignore_errors=True)
        self.module, self.initialised = module, False
        target = self.folder / module
        if commit:
            target.mkdir(parents=True)
            archive = subprocess.run(["git", "archive", commit, *MODULE], cwd=ROOT, capture_output=True, check=True)
            subprocess.run(["tar", "-x", "-C", str(target)], input=archive.stdout, check=True)
            return
        for name in MODULE:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target / name)

    def edit(self, path: str, addition: str) -> None:
        """Add to a file of the module."""
        with (self.folder / self.module / path).open("a", encoding="utf-8") as file:
            file.write(addition)

    def write(self, body: str) -> None:
        """The configuration beside the provider's; where it says MODULE is the module's folder."""
        self.initialised = False
        (self.folder / "main.tf").write_text(CONFIGURATION + body.replace("MODULE", f"./{self.module}"))

    def terraform(self, *arguments: str) -> "Printed":
        """Run a command, after the init that a new checkout needs."""
        if not self.initialised:
            self._run("init", "-input=false", "-no-color")
            self.initialised = True
        return self._run(*arguments, "-input=false", "-no-color")

    def apply(self, **variables: str) -> "Printed":
        given = [f"-var={name}={value}" for name, value in variables.items()]
        return self.terraform("apply", "-auto-approve", *given)

    def plan(self, **variables: str) -> dict[str, str]:
        """What would be done to which address: create, update, replace, move or delete."""
        given = [f"-var={name}={value}" for name, value in variables.items()]
        planned = self.terraform("plan", "-json", *given)
        assert planned.status == 0, planned.text
        messages = map(json.loads, planned.text.splitlines())
        changes = [message["change"] for message in messages if message["type"] == "planned_change"]
        return {change["resource"]["addr"]: change["action"] for change in changes if change["action"] != "read"}

    def outputs(self, name: str) -> dict[str, str]:
        """An output that is an object of texts."""
        values: dict[str, str] = json.loads(self._run("output", "-json", name).text)
        return values

    def _run(self, *arguments: str) -> "Printed":
        found = terraform.find()
        environment = {
            **found.environment,
            **self.environment,
            "TF_VAR_credentials": json.dumps(self.credentials),
        }
        command = [found.path, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        return Printed(done.returncode, done.stdout + done.stderr)


@dataclass(frozen=True)
class Printed:
    """How a command ended, and what it said."""

    status: int
    text: str
