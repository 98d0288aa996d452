"""The provider that all runs of `terraform test` share."""

import stat
import time
from pathlib import Path

from local import provider
from local.processes import command


def installed(folder: Path, script: str) -> None:
    """A configuration whose provider is a shell script."""
    place = folder / ".terraform/providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64"
    place.mkdir(parents=True)
    binary = place / "terraform-provider-aws_v5.100.0_x5"
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(binary.stat().st_mode | stat.S_IEXEC)


def test_it_lives_as_long_as_the_block(tmp_path: Path) -> None:
    installed(tmp_path, f"""echo $$ > {tmp_path}/pid; echo "	TF_REATTACH_PROVIDERS='{{here}}'"; exec sleep 60""")
    with provider.attached(tmp_path) as variables:
        assert variables == {"TF_REATTACH_PROVIDERS": "{here}"}
        pid = int((tmp_path / "pid").read_text())
        while "sleep" not in command(pid):
            time.sleep(0.01)
    assert command(pid) == ""


def test_without_one_terraform_starts_its_own(tmp_path: Path) -> None:
    with provider.attached(tmp_path) as variables:
        assert variables == {}
    installed(tmp_path, "echo this is not what it prints")
    with provider.attached(tmp_path) as variables:
        assert variables == {}
