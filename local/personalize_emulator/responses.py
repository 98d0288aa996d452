"""moto's way in: requests that `mock_aws` catches."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import ConnectionClosedError
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse

from .emulator import Emulator
from .exceptions import ReplyLost
from .models import PersonalizeBackend, personalize_backends
from .requests import answer, caller_of


class PersonalizeResponse(BaseResponse):
    """Answers every operation of the three services; which function does is a row of `operations.HANDLERS`."""

    def __init__(self) -> None:
        super().__init__(service_name="personalize")

    @property
    def personalize_backend(self) -> PersonalizeBackend:
        """The backend of the caller's account and region."""
        backend: PersonalizeBackend = personalize_backends[self.current_account][self.region]
        return backend

    def call_action(self) -> TYPE_RESPONSE:
        headers = {name.lower(): value for name, value in self.headers.items()}
        caller = replace(caller_of(headers, ""), account_id=self.current_account, region=self.region)
        try:
            reply = answer(Emulator.current(), self.parsed_url.path, headers, self.body, caller)
        except ReplyLost as err:
            raise ConnectionClosedError(endpoint_url=self.uri) from err
        return reply.status, reply.headers, reply.body
