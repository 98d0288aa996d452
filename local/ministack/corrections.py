"""What is put right in MiniStack, one line each; `#` is the row of the notes on its deviations."""

from collections.abc import Callable
from importlib.metadata import version
from typing import NamedTuple

from . import (
    alarms,
    authorisation,
    definitions,
    descriptions,
    history,
    lambdas,
    mails,
    paths,
    resources,
    retries,
    roles,
    running,
    schedules,
    states,
    transport,
)

MINISTACK_VERSION = "1.5.33"


class WrongVersion(Exception):
    """When another MiniStack is installed than the one the corrections were written for."""


class Correction(NamedTuple):
    """One place where MiniStack answers as AWS does."""

    row: str
    what: str
    apply: Callable[[], None]


# In this order: a later correction wraps what an earlier one put in place.
CORRECTIONS = (
    Correction(
        "1, 2, 25, 26", "a function's error keeps its name and its environment", lambdas.keep_errors_and_environments
    ),
    Correction("17", "a function sees no packages but its own", lambdas.hide_other_packages),
    Correction("3, 4", "retries wait their full delay, up to MaxDelaySeconds, with jitter", retries.wait_full_delays),
    Correction("5", "a path that leads nowhere fails the execution", paths.refuse_missing_paths),
    Correction("6", "States.ALL does not catch States.Runtime", retries.keep_terminal_errors),
    Correction("22", "execution names and inputs are checked", running.check_starts),
    Correction("7", "starting a running execution again returns it", running.start_idempotently),
    Correction("8", "history events are named after what the task calls", history.name_task_events),
    Correction("11", "waits can be stopped", running.sleep_stoppably),
    Correction("11", "the machine's TimeoutSeconds and StopExecution end an execution", running.run_within_time),
    Correction("12", "a task's TimeoutSeconds is scaled", running.scale_task_timeouts),
    Correction("13", "the machine's role is asked", roles.ask_machine_role),
    Correction("14", "invalid definitions are refused", definitions.refuse_invalid_definitions),
    Correction("16", "data over 256 KiB fails", states.limit_data),
    Correction("18", "S3 and EventBridge need the function's permission", roles.ask_function_policy),
    Correction("19", "mails can be read back", mails.keep_mails),
    Correction("20", "mail subjects and messages are checked", mails.check_mails),
    Correction("23", "throttled events are kept and tried again", lambdas.keep_throttled_events),
    Correction("24", "asynchronous retries are scaled", lambdas.scale_async_retries),
    Correction("-", "a Wait's seconds are a whole number", states.refuse_odd_waits),
    Correction("-", "a failed publish task is named after SNS's error", mails.name_publish_errors),
    Correction("-", "a publish task's message attributes come along", mails.pass_attributes),
    Correction("-", "EventBridge retries a function that failed", lambdas.retry_events),
    Correction("-", "a function's role needs the right to its dead-letter queue", roles.ask_dead_letter_right),
    Correction("-", "a schedule's ARN has its group in it", schedules.name_groups),
    Correction("-", "rights are asked for what a request names", resources.ask_about_the_resource),
    Correction("-", "a schedule's role is asked", schedules.ask_role),
    Correction("-", "alarms on a queue's messages are judged", alarms.judge_queue_alarms),
    Correction("-", "an alarm on an expression of metrics keeps it", alarms.keep_expressions),
    Correction("-", "an alarm needs the topic's permission", alarms.ask_topic_policy),
    Correction("-", "alarms are described with all their members", descriptions.describe_alarms_fully),
    Correction("-", "a state machine's tracing is kept and described", descriptions.describe_tracing),
    Correction("-", "aws:PrincipalArn of a session is its role's ARN", authorisation.name_roles_of_sessions),
    Correction("-", "plain HTTP on the loopback counts as TLS", transport.count_loopback_as_tls),
)


def apply() -> None:
    """Put every correction in place; raises `WrongVersion` rather than edit a MiniStack it does not know."""
    installed = version("ministack")
    if installed != MINISTACK_VERSION:
        raise WrongVersion(
            f"The corrections of the local stack are written for MiniStack {MINISTACK_VERSION}, but {installed} is "
            "installed. Install the locked requirements (make), or review local/ministack/ against the new version."
        )
    for correction in CORRECTIONS:
        correction.apply()
