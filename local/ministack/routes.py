"""What the server answers besides AWS's own calls."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as ministack_app  # type: ignore[import-untyped]

from . import authorisation, mails

Json = dict[str, Any]
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]


async def app(scope: Json, receive: Receive, send: Send) -> None:
    """MiniStack's application with the local stack's routes before it."""
    route = ROUTES.get((scope.get("method"), scope.get("path")))
    if route is None:
        await ministack_app.app(scope, receive, send)
        return
    status, answer = route(await _body(receive))
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def authorize(body: bytes) -> tuple[int, Any]:
    """Whether a principal may do something, from the policies that were deployed."""
    try:
        question = json.loads(body)
        decision = authorisation.decide(
            question["principal"], question["action"], question["resource"], question.get("context")
        )
    except authorisation.UnknownKey:
        return 403, {"error": "InvalidClientTokenId"}
    except (ValueError, KeyError, TypeError) as error:
        return 400, {"error": f"Not a question: {error!r}"}
    return 200, {"decision": decision.decision, "principalArn": decision.principal_arn}


def list_mails(body: bytes) -> tuple[int, Any]:
    """Every mail published to an e-mail subscription, oldest first."""
    return 200, mails.sent()


ROUTES: dict[tuple[str | None, str | None], Callable[[bytes], tuple[int, Any]]] = {
    ("POST", "/_ministack/authorize"): authorize,
    ("GET", "/_ministack/mails"): list_mails,
}


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body
