"""The function's log: one JSON object a line, which CloudWatch Logs Insights takes apart by itself.

The names are those of AWS Lambda Powertools. Its logger is not used: with what it imports it takes a twentieth of a
cold start, and a tenth of one without byte code.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
from typing import Any

SERVICE = "personalize-pipeline"
# What every record has; the rest of its attributes are the caller's `extra`.
USUAL = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """A record as JSON, with what is known of the invocation."""

    def __init__(self) -> None:
        super().__init__()
        self.invocation: dict[str, Any] = {}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname,
            "location": f"{record.funcName}:{record.lineno}",
            "message": record.getMessage(),
            "timestamp": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "service": SERVICE,
            **self.invocation,
            **{name: value for name, value in vars(record).items() if name not in USUAL},
        }
        if record.exc_info and record.exc_info[0]:
            line |= {
                "exception": self.formatException(record.exc_info),
                "exception_name": record.exc_info[0].__name__,
            }
        return json.dumps(line, default=str, ensure_ascii=False)


class Output(logging.Handler):
    """Standard output, whatever it is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), flush=True)
        except Exception:
            self.handleError(record)


_lines = JsonLines()


def configure() -> None:
    """Have `pipeline` log to standard output, from the level `LOG_LEVEL` on."""
    handler = Output()
    handler.setFormatter(_lines)
    logger = logging.getLogger("pipeline")
    logger.handlers = [handler]
    logger.setLevel(os.environ.get("LOG_LEVEL", logging.INFO))
    logger.propagate = False  # Lambda's own handler would write it once more


def begin(context: Any, **about: Any) -> None:
    """Say in each line from here on which invocation it is of: by Lambda's context object, and what is told `about`."""
    _lines.invocation = {
        "cold_start": not _lines.invocation,
        "function_name": context.function_name,
        "function_memory_size": context.memory_limit_in_mb,
        "function_arn": context.invoked_function_arn,
        "function_request_id": context.aws_request_id,
    }
    if trace := os.environ.get("_X_AMZN_TRACE_ID"):
        _lines.invocation["xray_trace_id"] = trace.split(";")[0].removeprefix("Root=")
    _lines.invocation |= {name: value for name, value in about.items() if value is not None}
