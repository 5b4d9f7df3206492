"""Rate limit of the simulated vendor: one request per second per API key, on real time."""

import time
from collections.abc import Callable
from email.utils import formatdate
from math import ceil
from threading import Lock


class RequestThrottle:
    """`gap_seconds` compresses it for tests. `retry_after` is "alternate", "seconds", "date" or "none"."""

    def __init__(self, gap_seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.gap_seconds = gap_seconds
        self.retry_after = "alternate"
        self.refusal_count = 0
        self._monotonic = monotonic
        self._last_request_at: dict[str, float] = {}
        self._lock = Lock()

    def claim_or_wait(self, key: str) -> float:
        """0.0 when the request may pass (and then counts), else the seconds that are missing."""
        with self._lock:
            now = self._monotonic()
            missing = self._last_request_at.get(key, float("-inf")) + self.gap_seconds - now
            if missing > 0:
                self.refusal_count += 1
                return missing
            self._last_request_at[key] = now
            return 0.0

    def retry_headers(self, wait: float) -> dict[str, str]:
        form = self.retry_after
        if form == "alternate":
            form = "seconds" if self.refusal_count % 2 else "date"
        if form == "none":
            return {}
        seconds = max(1, ceil(wait))
        return {"Retry-After": str(seconds) if form == "seconds" else formatdate(time.time() + seconds, usegmt=True)}
