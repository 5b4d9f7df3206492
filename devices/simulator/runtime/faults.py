"""Scripted faults: what a broken network, proxy or vendor does to one request."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from devices.simulator.runtime.messages import ConnectionFault, Json, Request, Response

BIG_BODY_BYTES = 20 * 1024 * 1024
MAINTENANCE_PAGE = b"<!doctype html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"
INVALID_JSON_BODY = b'{"count": 1, "results": [{"id": \xff\xfe\x00 nonsense'
FAULT_KINDS = (
    "status",  # answers `status` with `body` and `headers`; `applied` says whether the request took effect
    "delay_before",  # waits `seconds`, then applies and answers
    "delay_after",  # applies, waits `seconds`, then answers
    "reset_before",  # RST, nothing applied
    "reset_after",  # applied, then RST instead of an answer
    "truncate",  # applied, half of the body, Content-Length of all of it
    "drip",  # applied, one byte every `seconds` (default 1)
    "html",  # 200 and a maintenance page
    "big",  # 200 and 20 MiB of JSON
    "redirect",  # 302 to another host (or `headers`' Location)
    "garbage",  # 200 and bytes that are no JSON
    "foreign_next",  # the real page, but `next` names a hostile host
)
FIXED_BODIES: dict[str, tuple[str, Callable[[], bytes]]] = {  # kind: content type and body
    "html": ("text/html; charset=utf-8", lambda: MAINTENANCE_PAGE),
    "garbage": ("application/json", lambda: INVALID_JSON_BODY),
    "big": (
        "application/json",
        lambda: b'{"count": 0, "next": null, "previous": null,' + b" " * BIG_BODY_BYTES + b'"results": []}',
    ),
}
APPLIED_FAULT_KINDS = ("delay_before", "delay_after", "reset_after", "truncate", "drip", "foreign_next")


@dataclass
class Fault:
    """`times` None lasts until cleared. `match`: method, path_contains, query_contains, key; an absent one fits all."""

    kind: str
    match: Json = field(default_factory=dict)
    status: int = 500
    seconds: float = 1.0
    times: int | None = 1
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    applied: bool | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}")

    def matches_request(self, request: Request) -> bool:
        method, key = self.match.get("method"), self.match.get("key")
        part, asked = self.match.get("path_contains", ""), self.match.get("query_contains", "")
        fits = part in request.path and asked in request.query_string
        return fits and (not method or method == request.method) and (not key or key == request.key)

    def play(self, apply: Callable[[], Response]) -> Response:
        """The answer to send, having applied the request or not."""
        if self.kind == "delay_before":
            time.sleep(self.seconds)
        applied = self.kind in APPLIED_FAULT_KINDS if self.applied is None else self.applied
        answer = apply() if applied else Response()
        if self.kind == "delay_after":
            time.sleep(self.seconds)
        if self.kind.startswith("reset_"):
            raise ConnectionFault("reset")
        if self.kind in FIXED_BODIES:
            content_type, body = FIXED_BODIES[self.kind]
            return Response(200, body=body(), headers={"Content-Type": content_type, **self.headers})
        if self.kind.startswith("delay_"):
            return answer
        return getattr(self, f"play_{self.kind}")(answer)

    def play_status(self, answer: Response) -> Response:
        if isinstance(self.body, str):
            return Response(
                self.status, body=self.body.encode(), headers={"Content-Type": "text/plain", **self.headers}
            )
        detail = {"detail": "Scripted failure."}
        return Response(self.status, detail if self.body is None else self.body, dict(self.headers))

    def play_truncate(self, answer: Response) -> Response:
        answer.truncate_at_bytes = len(answer.render_body()) // 2
        return answer

    def play_drip(self, answer: Response) -> Response:
        answer.seconds_per_byte = self.seconds
        return answer

    def play_redirect(self, answer: Response) -> Response:
        status = self.status if 300 <= self.status < 400 else 302
        return Response(status, body=b"", headers={"Location": "https://evil.example/login", **self.headers})

    def play_foreign_next(self, answer: Response) -> Response:
        if isinstance(answer.data, dict) and "results" in answer.data:
            real_next = answer.data["next"] or "?page=2&page_size=1000"
            answer.data["next"] = f"https://evil.example/steal/?{real_next.partition('?')[2]}"
        return answer


class FaultScript:
    """The script: the first fault that fits a request is played and counted down."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()

    def add(self, kind: str, **options: Any) -> Fault:
        fault = Fault(kind, **options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """For requests that no fault applies to."""
        with self._lock:
            saved, self._faults = self._faults, []
        try:
            yield
        finally:
            with self._lock:
                self._faults = saved + self._faults

    def pending_faults(self) -> list[Fault]:
        """Those not played out yet."""
        with self._lock:
            return list(self._faults)

    def take_matching(self, request: Request) -> Fault | None:
        with self._lock:
            fault = next((each for each in self._faults if each.matches_request(request)), None)
            if fault and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
        return fault
