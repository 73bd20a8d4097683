"""Structured logs: one JSON object a line, with the ids that tie it to a request, a run and a customer.

Secrets are taken out by name and by shape before a line is written, wherever they stand.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
from datetime import UTC, datetime
from typing import Any

from .messages import context
from .redaction import redacted as redacted

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonFormatter(logging.Formatter):
    """A log record as one line of JSON, redacted; line breaks in it cannot forge another line."""

    def format(self, record: logging.LogRecord) -> str:
        cause = context()
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname, "logger": record.name}
        line["message"] = redacted(record.getMessage())
        ids = {"request_id": cause.request_id, "run_id": cause.run_id, "customer_id": cause.customer_id}
        line |= {k: str(v) for k, v in ids.items() if v}
        if cause.traceparent:
            line["trace_id"] = cause.traceparent.split("-")[1]
        line |= {k: redacted(v, k) for k, v in vars(record).items() if k not in _STANDARD}
        if record.exc_info:
            line["error"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def start_logging(level: str, process: str) -> None:
    """Write all logs of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.getLogger(process).debug("logging started")


_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent(incoming: str | None = None) -> str:
    """The W3C trace context to go on with: the incoming one when it is valid, else a new trace (never an error)."""
    if incoming and _TRACEPARENT.fullmatch(incoming):
        return incoming
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


_TRACESTATE = re.compile(r"[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x7e]{1,256}(?:[ \t]*,[ \t]*[a-z0-9][\x20-\x7e]*)*")


def tracestate(incoming: str | None, parent: str | None) -> str:
    """The W3C trace state to hand on: the incoming one when it and its traceparent are valid, else none."""
    if not incoming or not parent or not _TRACEPARENT.fullmatch(parent):
        return ""
    return incoming if len(incoming) <= 512 and _TRACESTATE.fullmatch(incoming) else ""
