"""Which code this is."""

from __future__ import annotations

import functools
import json
from pathlib import Path

FILE = Path(__file__).parent / "version.json"


@functools.cache
def version() -> str:
    """The beginning of the hash of all that the package was built from, as its builder counted it; else `unbuilt`.

    The same hash is in the name of the zip that Terraform builds, and in the parameter of Systems Manager
    `/personalize-pipeline/<name>-pipeline/code`.
    """
    try:
        return str(json.loads(FILE.read_text(encoding="utf-8"))["version"])
    except FileNotFoundError:
        return "unbuilt"
