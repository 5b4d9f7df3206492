"""Sending webhooks: in the background, once, with a static header, and never again whatever the answer."""

import heapq
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Condition, Thread
from typing import Any
from urllib.parse import urlsplit

from devices.simulator.runtime.messages import Json

TIMEOUT_SECONDS = 10.0
STOP_SECONDS = 2.0
THREADS = 4
LOG_LENGTH = 50_000


@dataclass
class Trouble:
    """What happens to webhooks on their way: shares between 0 and 1."""

    drop_rate: float = 0.0
    duplicate_rate: float = 0.0
    late_rate: float = 0.0
    late_seconds: float = 30.0
    pause: bool = False


@dataclass
class Delivery:
    kind: str  # MEASUREMENT, FULFILLMENT, SPECIAL_ORDER
    endpoint: str
    headers: dict[str, str]
    body: bytes
    count: int  # events in the body


Sender = Callable[[str, dict[str, str], bytes], int]


def post(endpoint: str, headers: dict[str, str], body: bytes) -> int:
    """One POST on a connection of its own; the status. OSError or HTTPException when it fails."""
    url = urlsplit(endpoint)
    make = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = make(url.netloc, timeout=TIMEOUT_SECONDS)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", path, body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


class Outbox:
    """Waiting deliveries by due time. Without `start()` nothing leaves until `deliver()` is called by hand."""

    def __init__(self) -> None:
        self.trouble = Trouble()
        self.sender: Sender = post
        self.log: list[Json] = []
        self.dropped = 0
        self._dice = random.Random(0)  # noqa: S311  dice, not secrets
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._serial = 0
        self._changed = Condition()
        self._running = False
        self._threads: list[Thread] = []

    def push(self, hook: Json, kind: str, payload: Any) -> None:
        """Queue one body for one hook, with today's trouble: dropped, doubled, late (and so out of order)."""
        delivery = Delivery(kind, hook["endpoint"], headers_of(hook), json.dumps(payload).encode(), count_of(payload))
        with self._changed:
            if self._dice.random() < self.trouble.drop_rate:
                self.dropped += 1
                return
            for _ in range(2 if self._dice.random() < self.trouble.duplicate_rate else 1):
                self._serial += 1
                heapq.heappush(self._waiting, (time.monotonic() + self._delay(), self._serial, delivery))
            self._changed.notify_all()

    def _delay(self) -> float:
        late = self._dice.random() < self.trouble.late_rate
        return self._dice.uniform(0.2, 1.0) * self.trouble.late_seconds if late else 0.0

    def configure(self, **options: Any) -> Json:
        with self._changed:
            self.trouble = Trouble(**{**asdict(self.trouble), **options})
            self._changed.notify_all()
        return asdict(self.trouble)

    def waiting(self) -> int:
        with self._changed:
            return len(self._waiting)

    def deliver(self) -> list[Json]:
        """Send all that waits, in due order, on the caller's thread; the log's new lines."""
        with self._changed:
            due = [heapq.heappop(self._waiting)[2] for _ in range(len(self._waiting))]
        return [self.send(delivery) for delivery in due]

    def send(self, delivery: Delivery) -> Json:
        line: Json = {"at": time.time(), "kind": delivery.kind, "endpoint": delivery.endpoint, "count": delivery.count}
        try:
            line["answer"] = self.sender(delivery.endpoint, delivery.headers, delivery.body)
        except (OSError, HTTPException) as error:
            line["answer"] = type(error).__name__
        line["seconds"] = time.time() - line["at"]
        self.log.append(line)
        del self.log[:-LOG_LENGTH]
        return line

    def report(self) -> Json:
        """What was sent so far, and what became of the rest."""
        return {"sent": list(self.log), "waiting": self.waiting(), "dropped": self.dropped, **asdict(self.trouble)}

    def start(self) -> None:
        self._running = True
        self._threads = [Thread(target=self._run, name=f"webhooks-{n}", daemon=True) for n in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Leaves a delivery that hangs behind; what still waits is lost, as at a vendor that restarts."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []

    def clear(self) -> None:
        with self._changed:
            self._waiting.clear()
        self.log.clear()
        self.dropped = 0

    def _run(self) -> None:
        while delivery := self._next():
            self.send(delivery)

    def _next(self) -> Delivery | None:
        with self._changed:
            while self._running:
                if self._waiting and not self.trouble.pause:
                    seconds = self._waiting[0][0] - time.monotonic()
                    if seconds <= 0:
                        return heapq.heappop(self._waiting)[2]
                    self._changed.wait(seconds)
                else:
                    self._changed.wait()
        return None


def headers_of(hook: Json) -> dict[str, str]:
    """`auth_key` names the header (default Authorization), `auth_header` is its complete value. No signature."""
    headers = {"Content-Type": "application/json", "User-Agent": "python-requests/2.31.0"}
    if hook.get("auth_header"):
        headers[hook.get("auth_key") or "Authorization"] = hook["auth_header"]
    return headers


def count_of(payload: Any) -> int:
    return len(payload) if isinstance(payload, list) else 1
