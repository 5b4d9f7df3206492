"""Request log of the simulated vendor, by which tests check rate limits and that calls are sent once."""

import time
from itertools import pairwise
from threading import Lock
from typing import Any

from devices.simulator.runtime.messages import Json, Request

MAX_LOG_LINES = 200_000
MAX_BODY_BYTES = 4_000
KEY_PREFIX_LENGTH = 12  # of the key, enough to distinguish keys


class RequestLog(list[Json]):
    """Lines {at, key, method, path, query, body, status, applied}; `at` is wall time in seconds at arrival."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()

    def open_line(self, request: Request) -> Json:
        line: Json = {
            "at": time.time(),
            "key": request.key[:KEY_PREFIX_LENGTH],
            "method": request.method,
            "path": request.path,
            "query": request.query_string,
            "body": request.body[:MAX_BODY_BYTES].decode(errors="replace"),
            "status": None,
            "applied": False,
        }
        with self._lock:
            self.append(line)
            del self[:-MAX_LOG_LINES]
        return line

    def matching_lines(self, method: str = "", path_contains: str = "", **exact: Any) -> list[Json]:
        with self._lock:
            lines = list(self)
        return [
            line
            for line in lines
            if method in ("", line["method"])
            and path_contains in line["path"]
            and all(line[name] == value for name, value in exact.items())
        ]

    def smallest_gap(self, key: str) -> float:
        """Seconds between the two nearest arrivals with one key; infinite below two."""
        times = sorted(line["at"] for line in self.matching_lines(key=key[:KEY_PREFIX_LENGTH]))
        return min((b - a for a, b in pairwise(times)), default=float("inf"))
