"""Terraform's provider repeats a request whose connection broke, under the same id: what was done is not done twice.

Under load the server loses some answers to broken connections (3 of 650 were seen). AWS's API would refuse the
repeated create as ours does, but it seldom loses an answer. Only the provider is spared: what the pipeline's own calls
do about a lost answer is for its tests.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

Json = dict[str, Any]
Receive = Callable[[], Awaitable[Json]]
Send = Callable[[Json], Awaitable[None]]
App = Callable[[Json, Receive, Send], Awaitable[None]]
KEPT = 500  # answers; a repeat comes within seconds
PROVIDER = b"terraform-provider-aws"


def answering_repeats(app: App) -> App:
    """`app`, which answers a repeated request of the provider as it answered the first time, where that succeeded."""
    answers: OrderedDict[bytes, asyncio.Future[list[Json]]] = OrderedDict()

    async def answer(scope: Json, receive: Receive, send: Send) -> None:
        invocation = _invocation(scope)
        if invocation is None:
            await app(scope, receive, send)
            return
        if (earlier := answers.get(invocation)) and (messages := await earlier) and messages[0]["status"] < 400:
            while (await receive()).get("more_body"):
                pass
            for message in messages:
                await send(message)
            return
        given: asyncio.Future[list[Json]] = asyncio.get_running_loop().create_future()
        answers[invocation] = given
        if len(answers) > KEPT:
            answers.popitem(last=False)
        messages = []

        async def keep(message: Json) -> None:
            messages.append(message)
            await send(message)

        try:
            await app(scope, receive, keep)
        except BaseException:
            given.set_result([])
            raise
        given.set_result(messages)

    return answer


def _invocation(scope: Json) -> bytes | None:
    """The id under which the provider's SDK sends a request and its repeats; None of what only reads, and of others."""
    headers = dict(scope.get("headers", ()))
    if scope.get("method") in (None, "GET", "HEAD") or PROVIDER not in headers.get(b"user-agent", b""):
        return None
    return headers.get(b"amz-sdk-invocation-id")
