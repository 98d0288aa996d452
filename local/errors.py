"""What can go wrong with the local stack, each told in one paragraph.

LocalError
├── PortTaken          another process listens where a server should
├── ServerFailed       a server ended or never answered
├── TerraformMissing   no Terraform, or one too old
├── TerraformFailed    a Terraform command failed
├── ProviderMissing    neither the registry nor a mirror has the provider
├── NotRunning         the command needs a running stack
└── RunFailed          the pipeline did not start, or cannot be watched
"""


class LocalError(Exception):
    """Something the user of the local stack has to know; the message says what to do."""


class PortTaken(LocalError):
    """When another process listens on the port of a server."""


class ServerFailed(LocalError):
    """When a server ended while starting, or did not answer in time."""


class TerraformMissing(LocalError):
    """When Terraform is not installed, or is older than the module needs."""


class TerraformFailed(LocalError):
    """When a Terraform command failed."""


class ProviderMissing(LocalError):
    """When the AWS provider can be had neither from the registry nor from a mirror."""


class NotRunning(LocalError):
    """When a command needs the local stack, and it does not run."""


class RunFailed(LocalError):
    """When an upload started no execution, or its end cannot be seen."""
