"""Rights that MiniStack does not ask for, asked as AWS does."""

import contextvars
from typing import Any
from urllib.parse import urlsplit

from ministack.core.responses import get_account_id, get_region  # type: ignore[import-untyped]
from ministack.services import eventbridge, lambda_svc, s3  # type: ignore[import-untyped]
from ministack.services import stepfunctions as sfn

from . import authorisation
from .patching import around

Json = dict[str, Any]

# The error names of AWS's integrations for a role that may not do what the task asks.
_REFUSALS = {
    "lambda:InvokeFunction": "Lambda.AWSLambdaException",
    "sns:Publish": "SNS.AuthorizationErrorException",
    "sqs:SendMessage": "SQS.SqsException",
}

_running: contextvars.ContextVar[Json] = contextvars.ContextVar("execution whose task the thread runs")


def ask_machine_role() -> None:
    """A task is refused unless the machine's role allows its call."""

    def invoke(original: Any, resource: str, data: Any) -> Any:
        needed = _needed(resource, data if isinstance(data, dict) else {})
        if needed:
            _require(*needed)
        return original(resource, data)

    def execute(original: Any, state: Json, data: Any, execution: Json, context: Json) -> Any:
        _running.set(execution)
        return original(state, data, execution, context)

    around(sfn, "_invoke_resource", invoke)
    around(sfn, "_execute_task", execute)


def _require(action: str, resource: str) -> None:
    """Fail the calling task unless the role of its state machine allows `action` on `resource`."""
    execution = _running.get()
    role = sfn._state_machines[execution["stateMachineArn"]]["roleArn"]
    decision = authorisation.of_role(role, action, resource, {}, execution["name"][:64])
    if not decision.allowed:
        raise sfn._ExecutionError(
            _REFUSALS[action],
            f"User: {decision.principal_arn} is not authorized to perform: {action} on resource: {resource} "
            f"because {_reason(decision.decision, action)} (Status Code: 403; Error Code: AccessDeniedException)",
        )


def ask_function_policy() -> None:
    """S3 and EventBridge invoke a function only if its policy (`lambda:AddPermission`) lets them."""
    around(s3, "_validate_notification_configs", _validate_notifications)
    around(eventbridge, "_invoke_target", _deliver)


def ask_dead_letter_right() -> None:
    """A function's lost event reaches its destination only if the function's role may send it there."""

    def route(original: Any, target: str, name: str, event: Any, result: Any) -> None:
        function, config, _ = lambda_svc._get_func_record_for_ref(name)
        action = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}.get(target.split(":")[2])
        if not function or action is None or authorisation.of_role(config["Role"], action, target, {}).allowed:
            original(target, name, event, result)
        else:
            lambda_svc.logger.error("The role of %s may not %s on %s: event lost", name, action, target)

    around(lambda_svc, "_route_async_failure", route)


def _needed(resource: str, data: Json) -> tuple[str, str] | None:
    integration = resource.removesuffix(".waitForTaskToken").partition(":::")[2].partition(".sync")[0]
    if ":function:" in resource:
        return "lambda:InvokeFunction", resource
    if integration == "lambda:invoke":
        return "lambda:InvokeFunction", _function_arn(str(data.get("FunctionName", "")))
    if integration == "sns:publish":
        return "sns:Publish", str(data.get("TopicArn") or data.get("TargetArn") or "*")
    if integration == "sqs:sendMessage":
        queue = urlsplit(str(data.get("QueueUrl", ""))).path.rpartition("/")[2]
        return "sqs:SendMessage", f"arn:aws:sqs:{get_region()}:{get_account_id()}:{queue}"
    return None


def _function_arn(name: str) -> str:
    if name.startswith("arn:"):
        return name
    return f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{name}"


def _reason(decision: str, action: str) -> str:
    if decision == authorisation.DENY:
        return f"of an explicit deny of {action}"
    return f"no identity-based policy allows the {action} action"


def _validate_notifications(original: Any, configs: Any, region: str, bucket: str = "", skip: bool = False) -> Any:
    problem = original(configs, region, bucket, skip)
    if problem or skip:
        return problem
    refused = [
        config["arn"]
        for config in configs
        if config["type"] == "lambda" and not _may_invoke("s3.amazonaws.com", config["arn"], f"arn:aws:s3:::{bucket}")
    ]
    if not refused:
        return None
    return s3._invalid_notification_config(
        f"Unable to validate the following destination configurations: {', '.join(refused)}"
    )


def _deliver(original: Any, target: Json, event: Json, rule: Json, view: Any = None) -> None:
    arn = target.get("Arn", "")
    if ":function:" in arn and not _may_invoke("events.amazonaws.com", arn, rule["Arn"]):
        eventbridge.logger.error("The policy of %s does not let %s invoke it: event lost", arn, rule["Arn"])
        return
    original(target, event, rule, view)


def _may_invoke(service: str, function_arn: str, source_arn: str) -> bool:
    context = {"aws:sourcearn": source_arn, "aws:sourceaccount": get_account_id()}
    return authorisation.of_service(service, "lambda:InvokeFunction", function_arn, context).allowed
