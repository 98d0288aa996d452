"""Terraform: found, checked, told where its provider is, and run."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import mirrors, provider
from .errors import TerraformFailed, TerraformMissing
from .processes import command, end_group
from .servers import ROOT

FLOOR = (1, 11, 4)
FOLDER = ROOT / ".local"  # everything the local stack writes; git-ignored

_INSTALL = "Install it from https://developer.hashicorp.com/terraform/install, or put a newer one first in PATH."
_OFFLINE = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
_PID = "terraform.pid"  # beside the configuration that is being applied
_NEED_NO_PROVIDER = ("fmt", "version", "init", "login", "logout", "-help", "-version")


class Terraform:
    """The Terraform of this machine, with a provider to be had."""

    def __init__(self, path: str, version: tuple[int, ...], mirror: Path | None, environment: dict[str, str]) -> None:
        self.path = path
        self.version = ".".join(map(str, version))
        self.mirror = mirror
        self.environment = environment

    @property
    def provider_source(self) -> str:
        return f"the mirror {self.mirror}" if self.mirror else f"the registry, {mirrors.HOST}"

    def run(self, *arguments: str, folder: Path = ROOT) -> int:
        """Run a command that speaks for itself, after the init that it needs; its exit status."""
        if arguments and arguments[0] not in _NEED_NO_PROVIDER:
            self.init(folder)
        with contextlib.ExitStack() as stack:
            environment = dict(self.environment)
            if arguments[:1] == ("test",):
                environment |= stack.enter_context(provider.attached(folder))
            return subprocess.run([self.path, *arguments], cwd=folder, env=environment).returncode

    def init(self, folder: Path, *arguments: str) -> None:
        self._checked(folder, "init", "-input=false", "-no-color", *(arguments or ("-backend=false",)))

    def validate(self, folder: Path) -> None:
        self.init(folder)
        self._checked(folder, "validate", "-no-color")

    def apply(self, folder: Path, variables: Mapping[str, str], progress: Callable[[int, int], None]) -> None:
        """Init and apply; `progress` is told how many of how many resources are done."""
        self.init(folder, "-backend=true")
        apply = [self.path, "apply", "-auto-approve", "-input=false", "-json"]
        apply += [f"-var={name}={value}" for name, value in variables.items()]
        with _pipe_of(apply, folder, self.environment) as process:
            problems = _follow(process.stdout or (), progress)
        if process.returncode:
            raise TerraformFailed("terraform apply failed:\n\n" + "\n\n".join(problems))

    def outputs(self, folder: Path) -> dict[str, Any]:
        values = json.loads(self._checked(folder, "output", "-json", "-no-color"))
        return {name: output["value"] for name, output in values.items()}

    def _checked(self, folder: Path, *arguments: str) -> str:
        done = subprocess.run([self.path, *arguments], cwd=folder, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            what = (done.stderr or done.stdout).strip()
            raise TerraformFailed(f"terraform {arguments[0]} failed in {folder}:\n\n{what}")
        return done.stdout


def find(environment: Mapping[str, str] = os.environ) -> Terraform:
    """Terraform, ready to run. Raises `TerraformMissing` or `ProviderMissing`."""
    path = shutil.which("terraform", path=environment.get("PATH"))
    if path is None:
        raise TerraformMissing(f"Terraform {_shown(FLOOR)} or newer is needed, and there is none in PATH. {_INSTALL}")
    described = _describe(path)
    version = tuple(map(int, re.findall(r"\d+", described["terraform_version"])[:3]))
    if version < FLOOR:
        raise TerraformMissing(
            f"Terraform {_shown(FLOOR)} or newer is needed, but {path} is {_shown(version)}. {_INSTALL}"
        )
    mirror = mirrors.find(described["platform"], FOLDER / "provider-mirror", environment)
    return Terraform(path, version, mirror, provider_environment(mirror, environment))


def provider_environment(mirror: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which Terraform finds its provider in `mirror`, or for None in the registry."""
    result = {**environment, **_OFFLINE}
    configuration = result.get("TF_CLI_CONFIG_FILE")
    if mirror:
        result["TF_CLI_CONFIG_FILE"] = str(_write_configuration(mirror))
    elif configuration and not Path(configuration).is_file():
        del result["TF_CLI_CONFIG_FILE"]  # Terraform would only complain about it
    if not mirror and "TF_PLUGIN_CACHE_DIR" not in result:
        # One download for all the configurations of the repository, which have no lock file to begin with.
        cache = FOLDER / "plugins"
        cache.mkdir(parents=True, exist_ok=True)
        result["TF_PLUGIN_CACHE_DIR"] = str(cache)
        result["TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE"] = "1"
    return result


def end_leftover(folder: Path) -> None:
    """End the Terraform that a killed run left applying in `folder`."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / _PID).read_text())
        if "terraform" in command(pid):
            end_group(pid)
        (folder / _PID).unlink()


@contextlib.contextmanager
def _pipe_of(arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process in a group of its own, which ends with the block."""
    process = subprocess.Popen(
        arguments,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    (folder / _PID).write_text(str(process.pid))
    try:
        yield process
        process.wait()
    finally:
        if process.poll() is None:
            end_group(process.pid)
            process.wait()
        if process.stdout:
            process.stdout.close()
        (folder / _PID).unlink(missing_ok=True)


def _write_configuration(mirror: Path) -> Path:
    provider = f"{mirrors.HOST}/{mirrors.PROVIDER}"
    text = f"""# Written by `python -m local`: where Terraform finds its provider while the registry can't be reached.
provider_installation {{
  filesystem_mirror {{
    path    = {json.dumps(str(mirror))}
    include = ["{provider}"]
  }}
  direct {{
    exclude = ["{provider}"]
  }}
}}
"""
    file = FOLDER / "terraform.rc"
    FOLDER.mkdir(exist_ok=True)
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)
    return file


def _describe(path: str) -> dict[str, Any]:
    # In an empty environment it neither warns of configurations nor looks for updates.
    shown = subprocess.run([path, "version", "-json"], env=_OFFLINE, capture_output=True, text=True)
    try:
        described: dict[str, Any] = json.loads(shown.stdout)
        return {"terraform_version": described["terraform_version"], "platform": described["platform"]}
    except (ValueError, KeyError) as error:
        answer = (shown.stdout or shown.stderr).strip()[:300]
        raise TerraformMissing(
            f"{path} does not answer `version -json` as Terraform does: {answer}. {_INSTALL}"
        ) from error


def _follow(lines: Iterable[str], progress: Callable[[int, int], None]) -> list[str]:
    """Read the messages of `terraform apply -json`; the problems among them."""
    planned = done = 0
    problems: list[str] = []
    for line in lines:
        try:
            message = json.loads(line)
        except ValueError:
            problems.append(line.strip())
            continue
        kind = message.get("type")
        if kind in ("planned_change", "apply_complete") and message.get("hook", {}).get("action") != "read":
            planned += kind == "planned_change"
            done += kind == "apply_complete"
            progress(done, planned)
        if kind == "diagnostic" and message["diagnostic"]["severity"] == "error":
            problem = message["diagnostic"]
            problems.append("\n".join(filter(None, (problem["summary"], problem.get("address"), problem["detail"]))))
    return problems


def _shown(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
