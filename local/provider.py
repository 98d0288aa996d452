"""One provider for many runs of Terraform, for tests.

Terraform starts its provider anew for each run and each phase of it, which is most of the time of a run that calls
little. One that was started as if to be debugged is attached instead
<https://developer.hashicorp.com/terraform/plugin/debugging>. Such a provider has an environment and a folder of its own
instead of the run's; with AWS_CA_BUNDLE there it can't be configured twice, which is no matter where it is mocked.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_INSTALLED = ".terraform/providers/registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"
_VARIABLE = "TF_REATTACH_PROVIDERS"
_READY = re.compile(rf"{_VARIABLE}='(?P<where>.+)'")


@contextmanager
def attached(installed: Path, folder: Path | None = None) -> Iterator[dict[str, str]]:
    """Variables by which Terraform finds a provider that lives as long as the block.

    It is the one that `terraform init` installed for the configuration in `installed`; without one there are no
    variables. Paths that are given to it start from `folder`, or else from this process's.
    """
    binary = next(installed.glob(_INSTALLED), None)
    if binary is None:
        yield {}
        return
    process = subprocess.Popen(
        [str(binary), "-debug"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        found = next((match for line in process.stdout or () if (match := _READY.search(line))), None)
        yield {_VARIABLE: found["where"]} if found else {}
    finally:
        process.terminate()
        process.communicate()
