"""A request that Terraform's provider repeats after its connection broke is carried out once."""

import asyncio
from typing import Any

from local.ministack.repeats import answering_repeats

PROVIDER = b"APN/1.0 HashiCorp/1.0 Terraform/1.11.4 terraform-provider-aws/5.100.0 aws-sdk-go-v2/1.36.3"


def repeated(user_agent: bytes, *, status: int = 200) -> tuple[int, list[bytes]]:
    """How often a request that is sent twice, under one id, is carried out; and the bodies of the second answer."""
    done = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal done
        done += 1
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"answer %d" % done})

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}"}

    async def lost(message: dict[str, Any]) -> None:
        pass

    bodies: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        bodies.append(message.get("body", b""))

    async def both() -> None:
        answering = answering_repeats(app)
        headers = [(b"user-agent", user_agent), (b"amz-sdk-invocation-id", b"one")]
        scope = {"method": "POST", "path": "/", "headers": headers}
        await asyncio.gather(answering(scope, receive, lost), answering(scope, receive, send))

    asyncio.run(both())
    return done, [body for body in bodies if body]


def test_the_providers_repeat_gets_the_first_answer_also_while_that_is_under_way() -> None:
    assert repeated(PROVIDER) == (1, [b"answer 1"])


def test_what_failed_is_tried_again() -> None:
    assert repeated(PROVIDER, status=503) == (2, [b"answer 2"])


def test_what_others_repeat_is_carried_out_again_as_on_aws() -> None:
    assert repeated(b"Boto3/1.43 md/Botocore")[0] == 2
