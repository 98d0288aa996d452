"""The whole pipeline on one machine: `python -m local run`."""

import sys
from pathlib import Path

# The view of a run is the command's too (lambda_src/pipeline_cli/live.py). `make` puts it on the path; who types
# `python -m local status` need not.
_SOURCES = str(Path(__file__).resolve().parents[1] / "lambda_src")
if _SOURCES not in sys.path:
    sys.path.append(_SOURCES)
