"""An emulator of Amazon Personalize on moto's extension points: in process under `mock_personalize`, or over HTTP.

with mock_personalize() as emulator:
    client = boto3.client("personalize", region_name="us-east-1")
    client.create_dataset_group(name="shop")
    emulator.finish()
"""

from .authorization import AllowAll, Authorizer, Decision, HttpAuthorizer
from .clock import Clock
from .emulator import Call, Emulator
from .faults import Fault, Faults
from .mock import mock_personalize, registered
from .models import personalize_backends
from .settings import Minimums, Settings, Switches

__all__ = [
    "AllowAll",
    "Authorizer",
    "Call",
    "Clock",
    "Decision",
    "Emulator",
    "Fault",
    "Faults",
    "HttpAuthorizer",
    "Minimums",
    "Settings",
    "Switches",
    "mock_personalize",
    "personalize_backends",
    "registered",
]
