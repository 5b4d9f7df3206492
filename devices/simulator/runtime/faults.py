"""Scripted trouble: what a broken network, proxy or vendor does to one request."""

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
    "foreign_next",  # the true page, but `next` names a hostile host
)
APPLIED_FAULT_KINDS = ("delay_before", "delay_after", "reset_after", "truncate", "drip", "foreign_next")


@dataclass
class Fault:
    """`times` None lasts until cleared. `match`: method, path_contains, key; an absent one matches all."""

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
        method, part, key = self.match.get("method"), self.match.get("path_contains", ""), self.match.get("key")
        return (not method or method == request.method) and part in request.path and (not key or key == request.key)

    @property
    def is_request_applied(self) -> bool:
        return self.kind in APPLIED_FAULT_KINDS if self.applied is None else self.applied

    def play(self, apply: Callable[[], Response]) -> Response:
        """The answer to send, having applied the request or not."""
        if self.kind == "delay_before":
            time.sleep(self.seconds)
        answer = apply() if self.is_request_applied else Response()
        return getattr(self, f"play_{self.kind}")(answer)

    def play_delay_before(self, answer: Response) -> Response:
        return answer

    def play_delay_after(self, answer: Response) -> Response:
        time.sleep(self.seconds)
        return answer

    def play_status(self, answer: Response) -> Response:
        if isinstance(self.body, str):
            return self.bytes_response(self.body.encode(), self.status, self.headers.get("Content-Type", "text/plain"))
        detail = {"detail": "Scripted failure."}
        return Response(self.status, detail if self.body is None else self.body, dict(self.headers))

    def play_reset_before(self, answer: Response) -> Response:
        raise ConnectionFault("reset")

    play_reset_after = play_reset_before

    def play_truncate(self, answer: Response) -> Response:
        answer.truncate_at_bytes = len(answer.render_body()) // 2
        return answer

    def play_drip(self, answer: Response) -> Response:
        answer.seconds_per_byte = self.seconds
        return answer

    def play_html(self, answer: Response) -> Response:
        return self.bytes_response(MAINTENANCE_PAGE, 200, "text/html; charset=utf-8")

    def play_big(self, answer: Response) -> Response:
        padding = b" " * BIG_BODY_BYTES
        return self.bytes_response(b'{"count": 0, "next": null, "previous": null,' + padding + b'"results": []}', 200)

    def play_redirect(self, answer: Response) -> Response:
        status = self.status if 300 <= self.status < 400 else 302
        return Response(status, body=b"", headers={"Location": "https://evil.example/login", **self.headers})

    def play_garbage(self, answer: Response) -> Response:
        return self.bytes_response(INVALID_JSON_BODY, 200)

    def play_foreign_next(self, answer: Response) -> Response:
        if isinstance(answer.data, dict) and "results" in answer.data:
            true_next = answer.data["next"] or "?page=2&page_size=1000"
            answer.data["next"] = f"https://evil.example/steal/?{true_next.partition('?')[2]}"
        return answer

    def bytes_response(self, body: bytes, status: int, content_type: str = "application/json") -> Response:
        return Response(status, body=body, headers={"Content-Type": content_type, **self.headers})


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
        """For a request that meets none of them."""
        with self._lock:
            kept, self._faults = self._faults, []
        try:
            yield
        finally:
            with self._lock:
                self._faults = kept + self._faults

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
