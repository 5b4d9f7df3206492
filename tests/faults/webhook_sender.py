"""Webhook sender of fault tests: one POST on a connection of its own, at its due time, never repeated."""

import itertools
import socket
import threading
import time
from dataclasses import dataclass

from tests.timeouts import WAIT_TIMEOUT_SECONDS

NO_ANSWER = 0
HOOK = "/hooks/tenovi/measurements/"


@dataclass(frozen=True)
class SendResult:
    status: int  # NO_ANSWER: the connection was refused, reset, or closed without one
    seconds: float  # from when the request was due


def post_webhook(address, body, *, secret, path=HOOK):
    """The status; NO_ANSWER without one. The vendor does not retry."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nAuthorization: {secret}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    try:
        with socket.create_connection(address, timeout=WAIT_TIMEOUT_SECONDS) as line:
            line.sendall(head.encode() + body)
            answer = line.recv(4096)
    except OSError:
        return NO_ANSWER
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else NO_ANSWER


def send_webhooks(address, bodies, *, secret, rate=None, threads=32, note):
    """Every body once, in order; `rate` per second, or as fast as they go. `note(body, answer)` from any thread."""
    numbers, began = itertools.count(), time.monotonic()
    secret_of = secret if callable(secret) else lambda _number: secret

    def work():
        while (number := next(numbers)) < len(bodies):
            due = began + number / rate if rate else time.monotonic()
            time.sleep(max(0.0, due - time.monotonic()))
            status = post_webhook(address, bodies[number], secret=secret_of(number))
            note(bodies[number], SendResult(status, time.monotonic() - due))

    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(threads, len(bodies)))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return time.monotonic() - began
