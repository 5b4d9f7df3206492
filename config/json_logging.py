"""Log lines: one JSON object each, in every process, without a patient's data.

Our own messages name records by opaque ids. What libraries say may quote anything (an exception's text holds the value
that it was raised for, a request's path whatever somebody typed), so of theirs only the fixed part is kept: the words
of the template, the kinds of the exceptions, where in the code.
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

OURS = ("config", "patients", "devices", "measurements", "fulfillment")
ROOT = str(Path(__file__).resolve().parent.parent)
QUOTES_REQUESTS = "Invalid request from ip"  # gunicorn's, before the bytes that it could not read
MOST_FRAMES = 30
MOST_CAUSES = 5
PLACE = re.compile(r"%(\(\w+\))?[-#0 +]*\d*(\.\d+)?[a-zA-Z]")

encode = json.JSONEncoder(default=str).encode  # made once: json.dumps would make one for each line

request_id: ContextVar[str] = ContextVar("request_id", default="")


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": message_of(record),
        }
        if request := request_id.get():
            line["request"] = request
        line |= getattr(record, "facts", {}) | task_of(record)
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = error_of(record.exc_info[1])
        return encode(line)


def message_of(record: logging.LogRecord) -> str:
    if record.name.split(".")[0] in OURS:
        return record.getMessage()
    if not isinstance(record.msg, str):
        return type(record.msg).__name__
    if record.exc_info or hasattr(record, "request"):
        return PLACE.sub("...", record.msg).strip() if record.args else "..."
    return QUOTES_REQUESTS if record.msg.startswith(QUOTES_REQUESTS) else record.getMessage()


def task_of(record: logging.LogRecord) -> dict[str, str]:
    """Celery's context of a task that failed."""
    data = getattr(record, "data", None)
    if not (record.name.startswith("celery.") and isinstance(data, dict)):
        return {}
    return {"task": str(data.get("name", "")), "task_id": str(data.get("id", ""))}


def error_of(error: BaseException) -> list[dict[str, Any]]:
    """The exception and what caused it: kinds and places, never texts."""
    causes: list[dict[str, Any]] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < MOST_CAUSES:
        kind = type(cause)
        causes.append({"kind": f"{kind.__module__}.{kind.__qualname__}", "where": places(cause.__traceback__)})
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return causes


def places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-MOST_FRAMES:]
    return [f"{frame.filename.removeprefix(ROOT + '/')}:{frame.lineno} {frame.name}" for frame in frames]


def log_the_uncaught() -> None:
    """What would end a process or a thread is a line like any other; Python's own would quote the exception."""
    logger = logging.getLogger(__name__)

    def of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        logger.critical("uncaught", exc_info=(kind, error, trace))

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            logger.critical("uncaught in a thread", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))

    sys.excepthook = of_process
    threading.excepthook = of_thread
