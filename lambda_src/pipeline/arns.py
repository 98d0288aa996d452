"""ARNs that follow from names, so that a plan can tell what exists before anything is called.

Forms: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Personalize".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arns:
    """ARNs of one partition, region and account."""

    partition: str
    region: str
    account: str

    @classmethod
    def near(cls, arn: str) -> Arns:
        """Of the same partition, region and account as another ARN, of whatever service."""
        _, partition, _, region, account, *_ = arn.split(":")
        return cls(partition, region, account)

    def of(self, resource: str, *names: str) -> str:
        """The ARN of `resource` (`campaign`, `dataset`, ...) with the given path of names."""
        return ":".join(("arn", self.partition, "personalize", self.region, self.account, "/".join((resource, *names))))

    def recipe(self, name: str) -> str:
        """The ARN of a recipe, which belongs to no region and no account."""
        return f"arn:{self.partition}:personalize:::recipe/{name}"


def execution_prefix(state_machine_arn: str) -> str:
    """What the ARN of every execution of a state machine begins with."""
    return state_machine_arn.replace(":stateMachine:", ":execution:") + ":"
