"""A local stack for Terraform to apply to, and a package built beforehand."""

import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import terraform
from local.servers import CREDENTIALS, ROOT, ministack
from tests.terraform.packages import build

RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


def lambda_settings(runtime: str = RUNTIME) -> str:
    """The fixture's variable `lambda`, as Terraform reads it from the environment."""
    return json.dumps({"runtime": runtime, "architecture": ARCHITECTURE})


class Aws:
    """Clients of the local stack, by the name of the service."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def __call__(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, **CREDENTIALS)  # type: ignore[call-overload]


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Lambda package for the Python that runs these tests."""
    return build(tmp_path_factory.mktemp("package") / "pipeline.zip", runtime=RUNTIME, architecture=ARCHITECTURE)


@pytest.fixture(scope="session")
def aws(package: Path) -> Iterator[Aws]:
    """The local stack, to which Terraform's environment leads from now on."""
    environment = terraform.find().environment
    with ministack(scale=60) as server, pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AWS_", "TF_"))]:
            patch.delenv(name)
        settings = {name: value for name, value in environment.items() if name.startswith("TF_")}
        settings |= {
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS["aws_secret_access_key"],
            "AWS_REGION": CREDENTIALS["region_name"],
            "TF_VAR_lambda": lambda_settings(),
            "TF_VAR_prebuilt": str(package),
        }
        for name, value in settings.items():
            patch.setenv(name, value)
        yield Aws(server.url)


@pytest.fixture(scope="session")
def built_zips() -> Path:
    """Where the module puts the packages it builds."""
    return ROOT / ".build"
