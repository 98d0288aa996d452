"""An emulator of Amazon Personalize on moto's extension points: in process under `mock_personalize`, or over HTTP.

with mock_personalize() as emulator:
    client = boto3.client("personalize", region_name="us-east-1")
    client.create_dataset_group(name="shop")
    emulator.finish()
"""

__version__ = "0.2.0"

from .authorization import AllowAll, Authorizer, Decision, HttpAuthorizer
from .clock import Clock
from .emulator import Call, Emulator
from .faults import Fault, Faults
from .mock import LIKE_MOTO, mock_personalize, registered
from .models import personalize_backends
from .recording import Recorder
from .redaction import Redactor
from .server import ThreadedServer
from .settings import Minimums, Settings, Switches

__all__ = [
    "LIKE_MOTO",
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
    "Recorder",
    "Redactor",
    "Settings",
    "Switches",
    "ThreadedServer",
    "__version__",
    "mock_personalize",
    "personalize_backends",
    "registered",
]
