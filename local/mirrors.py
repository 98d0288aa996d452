"""Where the AWS provider comes from: the registry, or a mirror that lies on this machine.

A mirror is a directory as `terraform providers mirror` lays it out, packed or unpacked:
`registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/` or `.../aws/terraform-provider-aws_5.100.0_linux_amd64.zip`.
"""

import itertools
import os
import re
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .errors import ProviderMissing

HOST = "registry.terraform.io"
PROVIDER = "hashicorp/aws"
FLOOR = (5, 100, 0)
SETTING = "TF_PROVIDER_MIRROR"

_DISCOVERY = f"https://{HOST}/.well-known/terraform.json"
_ANSWER_SECONDS = 4
_SEARCH_SECONDS = 60
_NEAR = "6"  # folders below a root; a mirror is three deep itself
_ROOTS = (Path("/"),)  # searched after the home directory, which may be on another disk
_VERSION = re.compile(r"\d+\.\d+\.\d+")


def find(platform: str, remembered: Path, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The mirror to take the provider from; None to take it from the registry.

    `remembered` keeps the place of a mirror that had to be searched for. Raises `ProviderMissing`.
    """
    named = environment.get(SETTING)
    if named:
        mirror = Path(named).expanduser().resolve()
        if not holds_provider(mirror, platform):
            raise ProviderMissing(
                f"{SETTING} is {named}, but there is no {_wanted(platform)} below it. It has to be a directory as "
                f"`terraform providers mirror` lays it out, with {HOST}/{PROVIDER}/ in it."
            )
        return mirror
    if registry_answers():
        return None
    if remembered.is_file() and holds_provider(mirror := Path(remembered.read_text().strip()), platform):
        return mirror
    for mirror in itertools.chain(implied(environment), search(platform)):
        if holds_provider(mirror, platform):
            remembered.parent.mkdir(parents=True, exist_ok=True)
            remembered.write_text(f"{mirror}\n")
            return mirror
    raise ProviderMissing(
        f"Terraform's registry ({HOST}) can't be reached, and no mirror with {_wanted(platform)} was found on this "
        f"machine. Where there is a network, run `terraform providers mirror <directory>` in the repository, bring the "
        f"directory here and set {SETTING} to it."
    )


def holds_provider(mirror: Path, platform: str) -> bool:
    """Whether the mirror has a version of the provider that the module accepts, for this platform."""
    folder = mirror / HOST / PROVIDER
    unpacked = (path.parent.name for path in folder.glob(f"*/{platform}") if any(path.glob("terraform-provider-aws*")))
    packed = (path.name for path in folder.glob(f"terraform-provider-aws_*_{platform}.zip"))
    versions = (_VERSION.search(name) for name in (*unpacked, *packed))
    return any(tuple(map(int, found[0].split("."))) >= FLOOR for found in versions if found)


def registry_answers() -> bool:
    """Whether Terraform's registry can be reached from here."""
    try:
        with urllib.request.urlopen(_DISCOVERY, timeout=_ANSWER_SECONDS) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def implied(environment: Mapping[str, str]) -> Iterator[Path]:
    """The directories that Terraform itself looks into, and its plugin cache, which has the same layout.

    https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    home = Path.home()
    yield home / ".terraform.d/plugins"
    yield home / "Library/Application Support/io.terraform/plugins"
    data = [environment.get("XDG_DATA_HOME") or str(home / ".local/share")]
    data += (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    for folder in data:
        yield Path(folder) / "terraform/plugins"
    if cache := environment.get("TF_PLUGIN_CACHE_DIR"):
        yield Path(cache)


def search(platform: str) -> Iterator[Path]:
    """Mirrors anywhere on this machine's own disks: those near their roots first, which takes no time."""
    yield from _below_roots(platform, ("-maxdepth", _NEAR))
    yield from _below_roots(platform, ())


def _below_roots(platform: str, depth: Sequence[str]) -> list[Path]:
    """Mirrors no deeper than `depth`, those that will hardly stay last."""
    found: list[Path] = []
    for root in dict.fromkeys((Path.home(), *_ROOTS)):
        command = [
            "find",
            str(root),
            *depth,
            "-xdev",
            "(",
            "-path",
            "/proc",
            "-o",
            "-path",
            "/sys",
            ")",
            "-prune",
            "-o",
        ]
        command += ["-type", "d", "-path", f"*/{HOST}/{PROVIDER}", "-print", "-prune"]
        try:
            listed = subprocess.run(command, capture_output=True, text=True, timeout=_SEARCH_SECONDS).stdout
        except (subprocess.TimeoutExpired, OSError):
            continue
        found += [_origin(Path(line), platform) for line in listed.splitlines()]
    return sorted(dict.fromkeys(found), key=_passing)


def _origin(folder: Path, platform: str) -> Path:
    """The mirror of a provider's folder; Terraform's working directories only link to theirs."""
    for link in folder.glob(f"*/{platform}"):
        return link.resolve().parents[4]
    return folder.parents[2]


def _passing(mirror: Path) -> bool:
    """Whether a mirror belongs to a working directory or to temporary files."""
    return ".terraform" in mirror.parts or mirror.is_relative_to(Path(tempfile.gettempdir()).resolve())


def _wanted(platform: str) -> str:
    return f"{PROVIDER} {'.'.join(map(str, FLOOR))} or newer for {platform}"
