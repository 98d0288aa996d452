"""An environment that has a wheel of ours installed, without asking anybody for packages."""

from __future__ import annotations

import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path


def installed(built: Path, run: Callable[..., str]) -> Path:
    """The interpreter of a new environment in `built`, with the wheel that lies there; it borrows this one's packages.

    Args:
        built: the folder of the wheel.
        run: runs a command, given part by part, in the folder `cwd`; returns its output.
    """
    home = built / "venv"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=built).strip())
    (site / "lent.pth").write_text(sysconfig.get_path("purelib"))
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--no-index", "--no-deps", "--no-compile", wheel, cwd=built)
    return python
