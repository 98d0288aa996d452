"""Which resource a policy is asked about, for operations where MiniStack asks about all (`*`).

Source: the service authorization reference, which gives these operations a resource level.
"""

from typing import Any
from urllib.parse import unquote

from ministack.core import iam_actions  # type: ignore[import-untyped]

from .patching import around

Json = dict[str, Any]

# By service, as MiniStack calls it: the members that name what a request is about, and the ARN that this makes.
_NAMED = {
    "events": {"Rule": "arn:aws:events:{region}:{account}:rule/{name}"},
    "lambda": {"FunctionName": "arn:aws:lambda:{region}:{account}:function:{name}"},
    "monitoring": {
        "AlarmNames": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
        "AlarmNames.member.1": "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
    },
    "ssm": {"Path": "arn:aws:ssm:{region}:{account}:parameter{name}"},
}
_ARNS = dict.fromkeys(("ResourceARN", "ResourceArn", "resourceArn", "SubscriptionArn"), "{name}")


def ask_about_the_resource() -> None:
    """Rights to what a request names are asked for that."""

    def resource(
        original: Any, service: str, method: str, path: str, headers: Any, body: bytes, query: Json, *where: str
    ) -> Any:
        arn = original(service, method, path, headers, body, query, *where)
        if service == "events":  # rules of the default bus have no bus in their ARN
            arn = arn.replace(":rule/default/", ":rule/", 1)
            if arn.endswith(":event-bus/default"):
                arn = "*"
        return arn if arn != "*" else _named(service, path, body, query, *where)

    around(iam_actions, "extract_resource_arn", resource)


def _named(service: str, path: str, body: bytes, query: Json, region: str, account: str) -> str:
    if service == "scheduler" and path.startswith("/tags/"):
        return unquote(path.removeprefix("/tags/"))
    for member, arn in {**_NAMED.get(service, {}), **_ARNS}.items():
        if name := iam_actions._param(body, query, member):
            return arn.format(name=name[0] if isinstance(name, list) else name, region=region, account=account)
    return "*"
