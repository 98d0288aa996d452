"""Finding Terraform, telling it where its provider is, and reading what it says."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from local import mirrors, terraform
from local.errors import ProviderMissing, TerraformFailed, TerraformMissing
from local.processes import command

PLATFORM = "linux_amd64"


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A place for the runner's own files, and a registry out of reach."""
    place = tmp_path / ".local"
    monkeypatch.setattr(terraform, "FOLDER", place)
    monkeypatch.setattr(mirrors, "registry_answers", lambda: False)
    monkeypatch.setattr(mirrors, "search", lambda platform: [])
    monkeypatch.setattr(mirrors, "implied", lambda environment: [])
    return place


def fake_terraform(tmp_path: Path, script: str) -> dict[str, str]:
    """An environment in which `terraform` is a shell script."""
    binary = tmp_path / "bin" / "terraform"
    binary.parent.mkdir()
    binary.write_text(f"#!/bin/sh\n{script}\n")
    binary.chmod(binary.stat().st_mode | stat.S_IEXEC)
    return {"PATH": f"{binary.parent}:/bin:/usr/bin", mirrors.SETTING: str(mirror(tmp_path))}


def versioned(version: str) -> str:
    return f"""echo '{json.dumps({"terraform_version": version, "platform": PLATFORM})}'"""


def mirror(tmp_path: Path, version: str = "5.100.0", platform: str = PLATFORM) -> Path:
    """An unpacked mirror with one version of the provider."""
    place = tmp_path / "mirror" / mirrors.HOST / mirrors.PROVIDER / version / platform
    place.mkdir(parents=True)
    (place / f"terraform-provider-aws_v{version}_x5").touch()
    return tmp_path / "mirror"


def test_no_terraform_is_told_with_where_to_get_it() -> None:
    with pytest.raises(TerraformMissing, match=r"Terraform 1\.11\.4 or newer is needed, and there is none in PATH\."):
        terraform.find({"PATH": "/no/such/place"})


@pytest.mark.parametrize("version", ["1.11.3", "1.5.7", "0.15.5"])
def test_an_old_terraform_is_told_with_its_version(tmp_path: Path, version: str) -> None:
    with pytest.raises(TerraformMissing, match=rf"bin/terraform is {version}\. Install it from https://"):
        terraform.find(fake_terraform(tmp_path, versioned(version)))


@pytest.mark.parametrize("version", ["1.11.4", "1.12.0-beta1", "2.0.0"])
def test_a_newer_terraform_is_taken(tmp_path: Path, version: str) -> None:
    assert terraform.find(fake_terraform(tmp_path, versioned(version))).version == version.partition("-")[0]


def test_what_is_no_terraform_is_told_with_its_answer(tmp_path: Path) -> None:
    with pytest.raises(TerraformMissing, match="does not answer .* as Terraform does: I am a toaster"):
        terraform.find(fake_terraform(tmp_path, "echo I am a toaster"))


def test_a_mirror_is_named_in_a_configuration_of_our_own(tmp_path: Path, folder: Path) -> None:
    environment = {**fake_terraform(tmp_path, versioned("1.11.4")), "TF_CLI_CONFIG_FILE": "/no/such/file"}
    found = terraform.find(environment)
    configuration = Path(found.environment["TF_CLI_CONFIG_FILE"])
    assert configuration.parent == folder
    assert f'path    = "{tmp_path / "mirror"}"' in configuration.read_text()
    assert "TF_PLUGIN_CACHE_DIR" not in found.environment


def test_with_the_registry_the_users_configuration_stays(tmp_path: Path) -> None:
    mine = tmp_path / "mine.tfrc"
    mine.touch()
    kept = terraform.provider_environment(None, {"TF_CLI_CONFIG_FILE": str(mine)})
    assert kept["TF_CLI_CONFIG_FILE"] == str(mine)
    assert "TF_PLUGIN_CACHE_DIR" in kept
    dropped = terraform.provider_environment(None, {"TF_CLI_CONFIG_FILE": "/no/such/file", "TF_PLUGIN_CACHE_DIR": "/c"})
    assert "TF_CLI_CONFIG_FILE" not in dropped
    assert dropped["TF_PLUGIN_CACHE_DIR"] == "/c"


def test_a_failed_apply_is_told_with_its_problems(tmp_path: Path) -> None:
    problem = {
        "severity": "error",
        "summary": "creating Bucket",
        "detail": "AccessDenied",
        "address": "aws_s3.b",
    }
    messages = [{"type": "planned_change"}, {"type": "diagnostic", "diagnostic": problem}]
    script = f"case $1 in version) {versioned('1.11.4')};; apply) {'; '.join(echo(m) for m in messages)}; exit 1;; esac"
    seen: list[tuple[int, int]] = []
    found = terraform.find(fake_terraform(tmp_path, script))
    with pytest.raises(TerraformFailed, match="apply failed:\n\ncreating Bucket\naws_s3.b\nAccessDenied"):
        found.apply(tmp_path, {}, lambda done, planned: seen.append((done, planned)))
    assert seen == [(0, 1)]


def test_reading_is_no_progress(tmp_path: Path) -> None:
    read, made = ({"type": "apply_complete", "hook": {"action": action}} for action in ("read", "create"))
    script = f"case $1 in version) {versioned('1.11.4')};; apply) {echo(read)}; {echo(made)};; esac"
    seen: list[tuple[int, int]] = []
    terraform.find(fake_terraform(tmp_path, script)).apply(tmp_path, {}, lambda *numbers: seen.append(numbers))
    assert seen == [(1, 0)]


def echo(message: object) -> str:
    return f"echo '{json.dumps(message)}'"


def test_an_interrupted_apply_leaves_no_terraform(tmp_path: Path) -> None:
    script = f"case $1 in version) {versioned('1.11.4')};; apply) {echo({'type': 'planned_change'})}; sleep 60;; esac"
    found = terraform.find(fake_terraform(tmp_path, script))
    pids = []

    def interrupt(done: int, planned: int) -> None:
        pids.append(int((tmp_path / "terraform.pid").read_text()))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        found.apply(tmp_path, {}, interrupt)
    assert command(pids[0]) == ""
    assert not (tmp_path / "terraform.pid").exists()


def test_the_terraform_of_a_killed_run_is_ended(tmp_path: Path) -> None:
    left = subprocess.Popen(["sh", "-c", "sleep 60; : terraform apply"], start_new_session=True)
    (tmp_path / "terraform.pid").write_text(str(left.pid))
    terraform.end_leftover(tmp_path)
    left.wait(1)
    assert command(left.pid) == ""
    # Another process that has its number since is left alone, as is none at all.
    (tmp_path / "terraform.pid").write_text(str(os.getpid()))
    terraform.end_leftover(tmp_path)
    terraform.end_leftover(tmp_path)


def test_a_mirror_holds_the_provider_packed_or_unpacked(tmp_path: Path) -> None:
    assert mirrors.holds_provider(mirror(tmp_path), PLATFORM)
    packed = tmp_path / "packed" / mirrors.HOST / mirrors.PROVIDER
    packed.mkdir(parents=True)
    (packed / f"terraform-provider-aws_6.2.0_{PLATFORM}.zip").touch()
    assert mirrors.holds_provider(tmp_path / "packed", PLATFORM)


def test_a_mirror_for_another_machine_or_with_an_old_provider_is_none(tmp_path: Path) -> None:
    assert not mirrors.holds_provider(mirror(tmp_path, platform="darwin_arm64"), PLATFORM)
    assert not mirrors.holds_provider(mirror(tmp_path, version="5.99.1"), PLATFORM)
    assert not mirrors.holds_provider(tmp_path / "nothing", PLATFORM)


def test_a_named_mirror_without_the_provider_is_told(tmp_path: Path) -> None:
    setting = {mirrors.SETTING: str(tmp_path)}
    with pytest.raises(ProviderMissing, match=r"TF_PROVIDER_MIRROR is .* there is no hashicorp/aws 5\.100\.0"):
        mirrors.find(PLATFORM, tmp_path / "remembered", setting)


def test_the_registry_comes_before_a_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(mirrors, "registry_answers", lambda: True)
    assert mirrors.find(PLATFORM, tmp_path / "remembered", {}) is None


def test_no_provider_anywhere_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProviderMissing) as raised:
        mirrors.find(PLATFORM, tmp_path / "remembered", {})
    assert "can't be reached, and no mirror with hashicorp/aws 5.100.0 or newer for linux_amd64" in str(raised.value)
    assert "set TF_PROVIDER_MIRROR to it" in str(raised.value)


def test_a_mirror_that_was_found_is_remembered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place, remembered = mirror(tmp_path), tmp_path / "folder" / "remembered"
    monkeypatch.setattr(mirrors, "search", lambda platform: [tmp_path / "without", place])
    assert mirrors.find(PLATFORM, remembered, {}) == place
    monkeypatch.setattr(mirrors, "search", lambda platform: pytest.fail("searched again"))
    assert mirrors.find(PLATFORM, remembered, {}) == place


def test_terraforms_own_places_are_looked_into(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    environment = {"XDG_DATA_DIRS": f"{tmp_path}/a:{tmp_path}/b", "TF_PLUGIN_CACHE_DIR": f"{tmp_path}/cache"}
    places = list(mirrors.implied(environment))
    assert {tmp_path / ".terraform.d/plugins", tmp_path / "b/terraform/plugins", tmp_path / "cache"} <= set(places)


def test_a_search_finds_a_mirror_and_follows_links_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    place = mirror(tmp_path)
    working = tmp_path / "project" / ".terraform" / "providers" / mirrors.HOST / mirrors.PROVIDER / "5.100.0"
    working.mkdir(parents=True)
    (working / PLATFORM).symlink_to(place / mirrors.HOST / mirrors.PROVIDER / "5.100.0" / PLATFORM)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "project")
    monkeypatch.setattr(mirrors, "_ROOTS", ())
    assert set(mirrors.search(PLATFORM)) == {place}


def test_a_mirror_near_a_root_is_found_before_the_whole_disk_is_searched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    near, far = mirror(tmp_path), mirror(tmp_path / "a/b/c/d/e/f")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(mirrors, "_ROOTS", ())
    found = mirrors.search(PLATFORM)
    assert next(found) == near
    assert far in found
