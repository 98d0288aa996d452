"""The page of a run, `runs/<run>/report.html`: brought to this machine, and opened where there is a screen."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from pipeline.ending.page import key

_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")


def fetch(s3: Any, bucket: str, execution: str, folder: Path) -> Path | None:
    """Download the page of an execution's run, as `report.html` in `folder`; None where the run left none."""
    page = folder / "report.html"
    try:
        body = s3.get_object(Bucket=bucket, Key=key(execution.rpartition(":")[2]))["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        page.unlink(missing_ok=True)  # that of a run before
        return None
    folder.mkdir(parents=True, exist_ok=True)
    page.write_bytes(body)
    return page


def show(page: Path) -> None:
    """Open it, for somebody who sits at this machine."""
    if sys.stdout.isatty() and any(os.environ.get(screen) for screen in _SCREENS):
        webbrowser.open(page.resolve().as_uri())
