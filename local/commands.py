"""What the commands of `python -m local` do."""

import os
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from . import pages, servers, state, terraform, uploads
from .errors import LocalError, RunFailed
from .processes import end_group
from .runs import Watcher
from .state import Remembered
from .steps import say, step
from .watch import watch

SOURCE = servers.ROOT / "local" / "terraform"
WORK = terraform.FOLDER / "terraform"
VALIDATED = (servers.ROOT, servers.ROOT / "example", WORK)
PYTHONS = ((3, 11), (3, 13))

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def up(scale: float, aws_port: int, personalize_port: int) -> Remembered:
    """Start the servers and apply the module, or take the stack that runs already."""
    check_machine()
    remembered = state.read()
    if remembered and remembered.is_being_set_up:
        raise LocalError(f"The local stack is being set up by process {remembered.owner}. Wait for it, or stop it.")
    if remembered and remembered.is_ready:
        if remembered.stack.scale != scale:
            raise LocalError(
                f"The local stack runs already, {remembered.stack.scale:g} times as fast as real time. "
                f"To start it with another speed, stop it first: python -m local down"
            )
        say(f"The local stack runs already, at {remembered.stack.aws.url}; a fresh one comes after `make down`.")
        return _apply(remembered, terraform.find())
    if remembered:
        with step("Clearing away what a run before this one left"):
            _stop(remembered)
    with step("Looking for Terraform and its provider"):
        found = terraform.find()
    say(f"    Terraform {found.version}, provider from {found.provider_source}")
    _check_ports(aws_port, personalize_port)
    with step(f"Starting MiniStack on port {aws_port} and the Personalize emulator on port {personalize_port}"):
        stack = servers.start_stack(scale, aws_port, personalize_port, terraform.FOLDER / "logs")
    remembered = Remembered(stack, os.getpid())
    try:
        state.write(remembered)
        return _apply(remembered, found)
    except BaseException:
        _undo(remembered)
        raise


def run(scale: float, aws_port: int, personalize_port: int, files: uploads.Files = uploads.EXAMPLE_FILES) -> int:
    """Bring everything up, upload the example or the files given, and follow the run to the mail; 0 if it succeeded."""
    before = state.read()
    remembered = up(scale, aws_port, personalize_port)
    try:
        return _run_files(remembered, files)
    except BaseException:
        # A stack that was there before is left as it was found.
        if before is None or before.stack.aws.pid != remembered.stack.aws.pid:
            _undo(remembered)
        raise


def upload(path: Path, key: str | None) -> int:
    """Upload a file or folder to the running stack; a params file's run is followed to its mail."""
    remembered = state.running()
    watcher = Watcher(remembered.stack, remembered.outputs)
    watcher.note_what_there_is()
    bucket = remembered.outputs["bucket_name"]
    keys = uploads.upload(watcher.s3, bucket, path, key)
    for uploaded in keys:
        say(f"    s3://{bucket}/{uploaded}")
    if any(uploaded.rpartition("/")[2] == remembered.outputs["params_file"] for uploaded in keys):
        return _follow(watcher)
    return 0


def status() -> int:
    """Show what runs and how to look at it."""
    remembered = state.running()
    stack, outputs = remembered.stack, remembered.outputs
    say(f"""\
MiniStack             {stack.aws.url}  (process {stack.aws.pid}, log {stack.aws.log})
Personalize emulator  {stack.personalize.url}  (process {stack.personalize.pid}, log {stack.personalize.log})
speed                 {stack.scale:g} emulated seconds a second
input bucket          {outputs["bucket_name"]}
state machine         {outputs["state_machine_arn"]}
dead letters          {outputs["dead_letter_queue_url"]}
mails                 {stack.aws.url}/_ministack/mails
Personalize           {stack.personalize.url}/_personalize/state and /_personalize/calls

To look with the AWS CLI:
    export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION={servers.REGION}
    export AWS_ENDPOINT_URL={stack.aws.url} AWS_ENDPOINT_URL_PERSONALIZE={stack.personalize.url}
    aws stepfunctions list-executions --state-machine-arn {outputs["state_machine_arn"]}
    aws personalize list-campaigns
boto3 reads the same variables. To upload something else: python -m local upload PATH [KEY]

Runs, newest first:""")
    for execution in Watcher(stack, outputs).executions():
        say(f"    {execution['startDate']:%H:%M:%S}  {execution['status']:<10} {execution['executionArn']}")
    return 0


def down() -> int:
    """Stop what runs."""
    remembered = state.read()
    if remembered is None:
        say("Nothing is running.")
        return 0
    with step("Stopping the local stack"):
        if remembered.is_being_set_up:
            end_group(remembered.owner)
        _stop(remembered)
    return 0


def run_terraform(arguments: Sequence[str]) -> int:
    """Run Terraform in the repository's root, with a provider to be had."""
    return terraform.find().run(*arguments)


def validate() -> int:
    """Validate every configuration of the repository."""
    found = terraform.find()
    _copy_configuration()
    for folder in VALIDATED:
        found.validate(folder)
    return 0


def check_machine() -> None:
    """Raise `LocalError` unless functions packaged for AWS can run here."""
    if not PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        raise LocalError(
            f"This is Python {platform.python_version()}, but functions run on Python 3.11 to 3.13 and here share this "
            "one. Make the environment with another: make PYTHON=python3.13 ..."
        )
    if sys.platform != "linux" or platform.machine().lower() not in _ARCHITECTURES:
        raise LocalError(
            f"This is {platform.system()} on {platform.machine()}. The Lambda package holds binaries for Linux on "
            "x86_64 or arm64, and the local stack runs it as it is: use a Linux container or virtual machine."
        )


def _apply(remembered: Remembered, found: terraform.Terraform) -> Remembered:
    _copy_configuration()
    with step("Applying the Terraform to it") as applying:
        found.apply(
            WORK,
            {
                "endpoint": remembered.stack.aws.url,
                "region": servers.REGION,
                "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
                "architecture": _ARCHITECTURES[platform.machine().lower()],
            },
            lambda done, planned: applying.progress(f"{done} of {planned} resources"),
        )
        remembered.outputs = found.outputs(WORK)
    state.write(remembered)
    return remembered


def _copy_configuration() -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.glob("*.tf"):
        shutil.copyfile(file, WORK / file.name)


def _run_files(remembered: Remembered, files: uploads.Files) -> int:
    watcher = Watcher(remembered.stack, remembered.outputs)
    if files.is_example and not uploads.DATA.is_dir():
        with step("Making the example's data"):
            uploads.generate_example()
    bucket, params_file = remembered.outputs["bucket_name"], remembered.outputs["params_file"]
    shown = "example/data" if files.is_example else files.data
    with step(f"Uploading {shown} to s3://{bucket}/{files.prefix}"):
        uploads.synchronise(watcher.s3, bucket, files, params_file)
    watcher.note_what_there_is()
    key = files.prefix + params_file
    shown = "example/params.json" if files.is_example else files.params
    with step(f"Uploading {shown} to s3://{bucket}/{key}, which starts a run"):
        uploads.upload(watcher.s3, bucket, files.params, key)
    outcome = _follow(watcher)
    say("\nEverything is left running to be looked at: `python -m local status` shows how, `make down` stops it.")
    return outcome


def _follow(watcher: Watcher) -> int:
    execution = watcher.started()
    say(f"    {execution}\n")
    ended = watch(lambda: watcher.look(execution), watcher.resources_before)
    mails = watcher.new_mails()
    for mail in mails:
        say(f"\nTo: {mail['to']}\nSubject: {mail['subject']}\n\n{mail['message']}")
    if not mails:
        raise RunFailed(f"The run ended {ended.status}, and no mail came. {ended.error}")
    if page := pages.fetch(watcher.s3, watcher.outputs["bucket_name"], execution, terraform.FOLDER):
        say(f"\nThe run's page: {page}")
        pages.show(page)
    return 0 if ended.status == "SUCCEEDED" else 1


def _undo(remembered: Remembered) -> None:
    with step("Stopping what was started"):
        _stop(remembered)


def _stop(remembered: Remembered) -> None:
    terraform.end_leftover(WORK)
    remembered.stack.stop()
    state.forget()


def _check_ports(aws_port: int, personalize_port: int) -> None:
    for name, port, option in (
        ("MiniStack", aws_port, "--aws-port or LOCAL_AWS_PORT"),
        ("the Personalize emulator", personalize_port, "--personalize-port or LOCAL_PERSONALIZE_PORT"),
    ):
        servers.check_port(name, port, f"Stop that process, or choose another port with {option}.")
