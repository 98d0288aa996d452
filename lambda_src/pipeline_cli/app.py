"""The command line: what each verb takes, and what its help teaches. What it does is in the module of its name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer
from botocore.exceptions import BotoCoreError, ClientError
from pipeline.planning.quotas import QUOTAS

from . import adopt, costs, deployments, plan, retrain, runs, teardown, validate, watch
from .errors import CommandError, in_words
from .shown import Shown
from .terminal import Terminal

INTERRUPTED = 130  # as shells tell it: 128 + SIGINT
Checks = Literal["full", "sample", "off"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""From CSV files to a working Amazon Personalize recommender: what a terminal can do for it.

    \b
    personalize-pipeline validate params.json       is the file right? (no AWS)
    personalize-pipeline plan params.json -d shop   what would its upload do?
    personalize-pipeline runs watch                 how far is it?
    personalize-pipeline costs                      what bills?

    Credentials and region are those of the AWS CLI (AWS_PROFILE, AWS_DEFAULT_REGION, ...). Where account and region
    have one deployment, it is found; else name it.

    Exit codes: 0 all is well; 1 something is wrong with the file, the data or the run; 2 it can't be told, or was asked
    wrongly; 130 after Ctrl-C.
    """,
)
runs_app = typer.Typer(no_args_is_help=True, help="List runs, show what one came to, and watch one.")
app.add_typer(runs_app, name="runs")

AsJson = Annotated[
    bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there; for programs.")
]
Name = Annotated[
    str | None,
    typer.Option(
        "--deployment",
        "-d",
        envvar="PERSONALIZE_PIPELINE_DEPLOYMENT",
        help="The deployment, as the module's input `name` has it. Default: the only one there is.",
    ),
]
Bucket = Annotated[
    str | None,
    typer.Option("--bucket", envvar="PERSONALIZE_PIPELINE_BUCKET", help="The deployment's input bucket, instead."),
]
OfGroup = Annotated[str | None, typer.Option("--group", "-g", help="Only runs of this dataset group.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Watch = Annotated[
    bool, typer.Option("--watch", "-w", help="Follow the run to its end; the exit code is its outcome's.")
]
File = Annotated[Path, typer.Argument(help="The params file.", show_default=False)]
Prefix = Annotated[str, typer.Option(help="The folder of the bucket that the file is for.", show_default="its root")]
BoundariesFile = Annotated[
    Path | None,
    typer.Option("--boundaries", help="A file with the module's output `boundaries`, to hold the params file against."),
]
DataChecks = Annotated[
    Checks | None,
    typer.Option(help="How much of the data is looked at, where the file says nothing.", show_default="full"),
]


def _quota(given: str) -> tuple[str, int]:
    name, _, number = given.partition("=")
    if name not in (known := [quota.name for quota in QUOTAS]) or not number.isdecimal():
        raise typer.BadParameter(f"{given} has not the form NAME=NUMBER, with a name of {', '.join(known)}")
    return name, int(number)


def _version(asked: bool) -> None:
    if asked:
        try:
            print(f"personalize-pipeline {metadata.version('personalize-pipeline')}")
        except metadata.PackageNotFoundError:
            print("personalize-pipeline, run from its sources")
        raise typer.Exit()


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command("validate")
def _validate(
    files: Annotated[list[Path], typer.Argument(help="Params files.", show_default=False)],
    prefix: Prefix = "",
    boundaries: BoundariesFile = None,
    data_checks: DataChecks = None,
    json: AsJson = False,
) -> None:
    """Check params files, and the data beside them, without AWS.

    All problems are told at once, a line each, by file, line and column. For editors, hooks and CI.

    \b
    personalize-pipeline validate params.json
    personalize-pipeline validate */params.json --data-checks off
    personalize-pipeline validate params.json --json | jq '.files[].problems'
    """
    _end("validate", json, lambda terminal: validate.run(files, terminal, boundaries, data_checks or "full", prefix))


@app.command("plan")
def _plan(
    params: File,
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", "-d", help="Compare with this deployment, and hold against what it allows."),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="Compare with the data in this bucket and with what Personalize has.")
    ] = None,
    prefix: Prefix = "",
    quota: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER", help="One that AWS has raised, as the module's input `quotas` names it: campaigns=20"
        ),
    ] = None,
    boundaries: BoundariesFile = None,
    data_checks: DataChecks = None,
    json: AsJson = False,
) -> None:
    """Check a params file, and show what its upload would do. Nothing is done.

    \b
    personalize-pipeline plan params.json                     without AWS
    personalize-pipeline plan params.json -d shop             against the deployment
    personalize-pipeline plan params.json -d shop --prefix team-a
    personalize-pipeline plan params.json --bucket shop-input --quota campaigns=20
    """
    quotas = dict(_quota(given) for given in quota or ())

    def work(terminal: Terminal) -> int:
        of = deployments.find(deployment, bucket) if deployment else None
        request = plan.Request(params, of.bucket if of else bucket, prefix, quotas, boundaries, data_checks, of)
        return plan.run(request, Shown(as_json=json))

    _end("plan", json, work)


@app.command("adopt")
def _adopt(
    group: Annotated[str, typer.Argument(help="The dataset group's name or ARN.", show_default=False)],
    output: Annotated[Path | None, typer.Option(help="A new file to write.", show_default="standard output")] = None,
    json: AsJson = False,
) -> None:
    """Write the params file of a dataset group that exists, however it was made. Nothing is changed.

    \b
    personalize-pipeline adopt shop --output params.json
    personalize-pipeline plan params.json -d shop
    """
    _end("adopt", json, lambda terminal: adopt.run(group, output, terminal))


@runs_app.command("list")
def _runs_list(
    group: OfGroup = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, newest first.")] = 20,
    deployment: Name = None,
    bucket: Bucket = None,
    json: AsJson = False,
) -> None:
    """List runs, newest first: outcome, dataset group, time, and how good the model is.

    \b
    personalize-pipeline runs list
    personalize-pipeline runs list --group shop --limit 5
    personalize-pipeline runs list --json | jq -r '.runs[0].outcome'
    """
    _of_deployment("runs list", json, deployment, bucket, lambda of, at: runs.show_list(of, at, group, limit))


Run = Annotated[
    str | None,
    typer.Argument(help="The run's id, or a part of it that no other has. Default: the newest.", show_default=False),
]


@runs_app.command("show")
def _runs_show(
    run: Run = None, group: OfGroup = None, deployment: Name = None, bucket: Bucket = None, json: AsJson = False
) -> None:
    """Show what a run's mail says; of one that works, how far it is. The exit code is 1 where it did not end well.

    \b
    personalize-pipeline runs show
    personalize-pipeline runs show 20261123-170502-1f0c9a3b
    personalize-pipeline runs show --group shop --json | jq .report.resources
    """
    _of_deployment("runs show", json, deployment, bucket, lambda of, at: runs.show(of, at, run, group))


@runs_app.command("watch")
def _runs_watch(
    run: Run = None, group: OfGroup = None, deployment: Name = None, bucket: Bucket = None, json: AsJson = False
) -> None:
    """Follow a run to its end, then show what its mail says. The exit code is 1 where it did not end well.

    Ctrl-C ends the watching; the run goes on. With --json there is a line, one object, for each change.

    \b
    personalize-pipeline runs watch
    personalize-pipeline runs watch 1f0c9a3b && ./announce
    """
    _of_deployment("runs watch", json, deployment, bucket, lambda of, at: watch.watch(of, at, run, group))


@app.command("retrain")
def _retrain(
    group: Annotated[
        str | None, typer.Argument(help="The dataset group. Default: the only one.", show_default=False)
    ] = None,
    params_key: Annotated[
        str | None,
        typer.Option(help="The params file in the bucket.", show_default="the group's last that took effect"),
    ] = None,
    yes: Yes = False,
    follow: Watch = False,
    deployment: Name = None,
    bucket: Bucket = None,
    json: AsJson = False,
) -> None:
    """Train anew, now, as a schedule of the purpose `retrain` does: imports what changed, trains in any case, deploys.

    \b
    personalize-pipeline retrain
    personalize-pipeline retrain shop --yes --watch
    personalize-pipeline retrain --params-key team-a/params.json
    """
    _of_deployment(
        "retrain",
        json,
        deployment,
        bucket,
        lambda of, at: retrain.run(of, at, group, params_key, is_agreed=yes, follow=follow),
    )


@app.command("teardown")
def _teardown(
    group: Annotated[str, typer.Argument(help="The dataset group.", show_default=False)],
    yes: Yes = False,
    follow: Watch = False,
    deployment: Name = None,
    bucket: Bucket = None,
    json: AsJson = False,
) -> None:
    """Delete a dataset group and all that belongs to it, so that nothing of it bills. The data in the bucket stays.

    Shows first what will be deleted and what bills, and wants the group's name typed. It uploads a params file of its
    own, below `teardown/`; yours is left as it is.

    \b
    personalize-pipeline teardown shop --watch
    """
    _of_deployment(
        "teardown", json, deployment, bucket, lambda of, at: teardown.run(of, at, group, is_agreed=yes, follow=follow)
    )


@app.command("costs")
def _costs(
    params: Annotated[
        Path | None, typer.Argument(help="A params file: what would its upload cost?", show_default=False)
    ] = None,
    group: Annotated[str | None, typer.Option("--group", "-g", help="Only this dataset group.")] = None,
    deployment: Name = None,
    prefix: Prefix = "",
    bucket: Bucket = None,
    json: AsJson = False,
) -> None:
    """Say what bills now, of each dataset group, and how to stop it; or what the upload of a params file would cost.

    \b
    personalize-pipeline costs
    personalize-pipeline costs --group shop --json
    personalize-pipeline costs params.json
    """

    def work(of: deployments.Deployment, terminal: Terminal) -> int:
        return costs.of_upload(of, terminal, params, prefix) if params else costs.run(of, terminal, group)

    _of_deployment("costs", json, deployment, bucket, work)


def _of_deployment(
    verb: str,
    as_json: bool,
    name: str | None,
    bucket: str | None,
    work: Callable[[deployments.Deployment, Terminal], int],
) -> None:
    """Do what concerns a deployment, and end with its exit code."""

    def found(terminal: Terminal) -> int:
        deployment = deployments.find(name, bucket)
        if not name and not bucket:
            terminal.say(f"Deployment {deployment.where}, the only one here.")
        return work(deployment, terminal)

    _end(verb, as_json, found)


def _end(verb: str, as_json: bool, work: Callable[[Terminal], int]) -> None:
    """Do the work, and end with its exit code; what keeps it from being done is told in a sentence."""
    terminal = Terminal(as_json=as_json)
    try:
        raise typer.Exit(work(terminal))
    except CommandError as error:
        message = str(error)
    except (BotoCoreError, ClientError) as error:
        message = in_words(error)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise  # the reader of a pipe went away: Typer knows
        message = f"can't read {error.filename}: {error.strerror}."
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    print(f"{verb}: {message}", file=sys.stderr)
    if as_json:
        terminal.json({"error": message})
    raise typer.Exit(2)
