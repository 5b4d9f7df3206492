"""JSON logging: one object a line, in every process, without patient data.

Our own messages name records by opaque ids. What libraries say may quote anything (an exception's text holds the value
that it was raised for, a request's path what a user typed), so of theirs only the fixed part is written: the message
template, the exception classes, the place in the code.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sys
import threading
import traceback
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

PROJECT_PACKAGES = ("config", "patients", "devices", "measurements", "fulfillment")
PROJECT_ROOT = str(Path(__file__).resolve().parent.parent)
INVALID_REQUEST_PREFIX = "Invalid request from ip"  # gunicorn's, before the bytes that it could not read
MAX_FRAMES = 30
MAX_CAUSES = 5
FORMAT_PLACEHOLDER = re.compile(r"%(\(\w+\))?[-#0 +]*\d*(\.\d+)?[a-zA-Z]")

# The setting of Django. Records are named by opaque ids; never a name, a value, a body or an address.
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.json_logging.JsonLogFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "none": {"class": "logging.NullHandler"},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "celery.app.trace": {"level": "WARNING"},  # some tasks run every few seconds
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "django": {"handlers": [], "level": "INFO"},  # its own handler mails and prints; the root's line is enough
        "django.request": {"level": "ERROR"},
        # Any client can cause it, with any text; the request's own line says 400.
        "django.security.DisallowedHost": {"handlers": ["none"], "propagate": False},
        "httpx2": {"level": "WARNING"},  # its INFO lines hold addresses with account ids
        "httpcore2": {"level": "WARNING"},
    },
}

encode_json = json.JSONEncoder(default=str).encode  # made once: json.dumps would make one for each line

request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLogFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": redacted_message(record),
        }
        if request := request_id.get():
            line["request"] = request
        line |= getattr(record, "facts", {}) | celery_task_fields(record)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = exception_chain(record.exc_info[1])
        return encode_json(line)


def redacted_message(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] in PROJECT_PACKAGES:
        return record.getMessage()
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if record.exc_info or hasattr(record, "request"):
        return FORMAT_PLACEHOLDER.sub("...", record.msg).strip() if record.args else "..."
    return INVALID_REQUEST_PREFIX if record.msg.startswith(INVALID_REQUEST_PREFIX) else record.getMessage()


def celery_task_fields(record: logging.LogRecord) -> dict[str, str]:
    """Celery's context of a task that failed."""
    data = getattr(record, "data", None)
    if not (record.name.startswith("celery.") and isinstance(data, dict)):
        return {}
    return {"task": str(data.get("name", "")), "task_id": str(data.get("id", ""))}


def exception_chain(error: BaseException) -> list[dict[str, Any]]:
    """The exception and its causes: classes and places, never texts."""
    causes: list[dict[str, Any]] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < MAX_CAUSES:
        kind = type(cause)
        frames = traceback.extract_tb(cause.__traceback__)[-MAX_FRAMES:]
        where = [f"{frame.filename.removeprefix(PROJECT_ROOT + '/')}:{frame.lineno} {frame.name}" for frame in frames]
        causes.append({"kind": f"{kind.__module__}.{kind.__qualname__}", "where": where})
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return causes


def log_uncaught_exceptions() -> None:
    """Log uncaught exceptions of processes and threads in our format; Python's default quotes the exception."""
    logger = logging.getLogger(__name__)

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logger.critical("uncaught", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            logger.critical("uncaught in a thread", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    sys.excepthook = of_process
    threading.excepthook = of_thread
