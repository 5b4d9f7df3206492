"""Webhook sender: queued deliveries, sent once in the background with a static header, never retried."""

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

POST_TIMEOUT_SECONDS = 10.0
STOP_TIMEOUT_SECONDS = 2.0
SENDER_THREAD_COUNT = 4
MAX_LOG_LINES = 50_000


@dataclass
class DeliveryFaults:
    """What happens to webhooks on their way: shares between 0 and 1."""

    drop_rate: float = 0.0
    duplicate_rate: float = 0.0
    late_rate: float = 0.0
    late_seconds: float = 30.0
    pause: bool = False


@dataclass
class WebhookDelivery:
    kind: str  # MEASUREMENT, FULFILLMENT, SPECIAL_ORDER
    endpoint: str
    headers: dict[str, str]
    body: bytes
    count: int  # events in the body


SendFunction = Callable[[str, dict[str, str], bytes], int]


def post_webhook(endpoint: str, headers: dict[str, str], body: bytes) -> int:
    """One POST on a connection of its own; the status. OSError or HTTPException when it fails."""
    url = urlsplit(endpoint)
    connection_class = HTTPSConnection if url.scheme == "https" else HTTPConnection
    connection = connection_class(url.netloc, timeout=POST_TIMEOUT_SECONDS)
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", path, body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def build_delivery(hook: Json, kind: str, payload: Any) -> WebhookDelivery:
    """`auth_key` names the header (default Authorization), `auth_header` is its complete value. No signature."""
    headers = {"Content-Type": "application/json", "User-Agent": "python-requests/2.31.0"}
    if hook.get("auth_header"):
        headers[hook.get("auth_key") or "Authorization"] = hook["auth_header"]
    count = len(payload) if isinstance(payload, list) else 1
    return WebhookDelivery(kind, hook["endpoint"], headers, json.dumps(payload).encode(), count)


class WebhookSender:
    """Waiting deliveries by due time. Without `start()` nothing leaves until `deliver_waiting()` is called."""

    def __init__(self) -> None:
        self.delivery_faults = DeliveryFaults()
        self.sender: SendFunction = post_webhook
        self.log: list[Json] = []
        self.dropped = 0
        self._random = random.Random(0)  # noqa: S311  simulation, not secrets
        self._waiting: list[tuple[float, int, WebhookDelivery]] = []
        self._serial = 0
        self._changed = Condition()
        self._running = False
        self._threads: list[Thread] = []

    def queue_delivery(self, hook: Json, kind: str, payload: Any) -> None:
        """Queue one body for one webhook, with the configured faults: dropped, doubled, late (and so out of order)."""
        delivery, faults = build_delivery(hook, kind, payload), self.delivery_faults
        with self._changed:
            if self._random.random() < faults.drop_rate:
                self.dropped += 1
                return
            for _ in range(2 if self._random.random() < faults.duplicate_rate else 1):
                self._serial += 1
                late = self._random.random() < faults.late_rate
                delay = self._random.uniform(0.2, 1.0) * faults.late_seconds if late else 0.0
                heapq.heappush(self._waiting, (time.monotonic() + delay, self._serial, delivery))
            self._changed.notify_all()

    def configure(self, **options: Any) -> Json:
        with self._changed:
            self.delivery_faults = DeliveryFaults(**{**asdict(self.delivery_faults), **options})
            self._changed.notify_all()
        return asdict(self.delivery_faults)

    def waiting_count(self) -> int:
        with self._changed:
            return len(self._waiting)

    def deliver_waiting(self) -> list[Json]:
        """Send all that waits, in due order, on the caller's thread; the log's new lines."""
        with self._changed:
            due = [heapq.heappop(self._waiting)[2] for _ in range(len(self._waiting))]
        return [self.send(delivery) for delivery in due]

    def send(self, delivery: WebhookDelivery) -> Json:
        line: Json = {"at": time.time(), "kind": delivery.kind, "endpoint": delivery.endpoint, "count": delivery.count}
        try:
            line["answer"] = self.sender(delivery.endpoint, delivery.headers, delivery.body)
        except (OSError, HTTPException) as error:
            line["answer"] = type(error).__name__
        line["seconds"] = time.time() - line["at"]
        self.log.append(line)
        del self.log[:-MAX_LOG_LINES]
        return line

    def report(self) -> Json:
        """What was sent so far, the number of waiting and dropped deliveries, and the fault rates."""
        counts = {"sent": list(self.log), "waiting": self.waiting_count(), "dropped": self.dropped}
        return counts | asdict(self.delivery_faults)

    def start(self) -> None:
        self._running = True
        self._threads = [
            Thread(target=self.send_due_deliveries, name=f"webhooks-{n}", daemon=True)
            for n in range(SENDER_THREAD_COUNT)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """A hanging delivery is abandoned and waiting ones are lost, as at a vendor that restarts."""
        with self._changed:
            self._running = False
            self._changed.notify_all()
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._threads = []

    def clear(self) -> None:
        with self._changed:
            self._waiting.clear()
        self.log.clear()
        self.dropped = 0

    def send_due_deliveries(self) -> None:
        while True:
            with self._changed:
                while self._running and (seconds := self.seconds_until_due()) != 0:
                    self._changed.wait(seconds)
                if not self._running:
                    return
                delivery = heapq.heappop(self._waiting)[2]
            self.send(delivery)

    def seconds_until_due(self) -> float | None:
        """Until the first waiting delivery is due; None while paused or while none waits."""
        if not self._waiting or self.delivery_faults.pause:
            return None
        return max(0.0, self._waiting[0][0] - time.monotonic())
