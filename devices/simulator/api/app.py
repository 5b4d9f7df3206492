"""The WSGI door: who asks, how often, for what; then the endpoint, and any scripted fault around it."""

from collections.abc import Callable, Iterable, Iterator
from time import sleep
from typing import Any
from urllib.parse import quote

from devices.simulator.api import webhook_admin
from devices.simulator.api.routes import Methods, route
from devices.simulator.runtime.faults import Faults
from devices.simulator.runtime.messages import Answer, Json, Refusal, Request
from devices.simulator.runtime.rate_limit import Limiter
from devices.simulator.runtime.request_log import RequestLog
from devices.simulator.runtime.state import World

# These wait for the hooks' answers, and a hook may ask the vendor back: they take the lock only where needed.
UNLOCKED = (webhook_admin.send_test, webhook_admin.resend)
NOT_FOUND_PAGE = b"<!doctype html><html><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>"


class Vendor:
    """Every request to `/clients/<domain>/...`."""

    def __init__(self, world: World, *, keys: tuple[str, ...], gap_seconds: float) -> None:
        self.world = world
        self.keys = set(keys)
        self.limits = Limiter(gap_seconds)
        self.faults = Faults()
        self.requests = RequestLog()

    def answer(self, request: Request) -> Answer:
        line = self.requests.open(request)
        try:
            answer = self._answer(request, line)
        except Refusal as refusal:
            answer = Answer(refusal.status, refusal.data, refusal.headers)
        except ConnectionError:
            line["status"] = "reset"
            raise
        line["status"] = answer.status
        return answer

    def _answer(self, request: Request, line: Json) -> Answer:
        found = route(request.path)
        if found is None:
            return self._redirect_or_404(request)
        self._admit(request)
        fault = self.faults.take(request)
        methods, arguments = found

        def apply() -> Answer:
            answer = self._apply(request, methods, arguments)
            line["applied"] = answer.status < 300
            return answer

        return fault.around(apply) if fault else apply()

    def _redirect_or_404(self, request: Request) -> Answer:
        """Django's APPEND_SLASH, before anybody looks at the key; a client that follows loses its header."""
        if not request.path.endswith("/") and route(request.path + "/"):
            query = f"?{request.query_string}" if request.query_string else ""
            return Answer(301, body=b"", headers={"Location": quote(request.path) + "/" + query})
        return Answer(404, body=NOT_FOUND_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})

    def _admit(self, request: Request) -> None:
        if not request.key:
            words = {"detail": "Authentication credentials were not provided."}
            raise Refusal(401, words, {"WWW-Authenticate": "Api-Key"})
        if request.key not in self.keys:
            raise Refusal(401, {"detail": "Invalid API key."}, {"WWW-Authenticate": "Api-Key"})
        if request.path.split("/")[2] != self.world.domain:
            raise Refusal(403, {"detail": "You do not have permission to perform this action."})
        if wait := self.limits.wait(request.key):
            words = {"detail": f"Request was throttled. Expected available in {max(1, round(wait))} second."}
            raise Refusal(429, words, self.limits.headers(wait))

    def _apply(self, request: Request, methods: Methods, arguments: tuple[str, ...]) -> Answer:
        endpoint = methods.get(request.method)
        if not endpoint:
            words = {"detail": f'Method "{request.method}" not allowed.'}
            return Answer(405, words, {"Allow": ", ".join([*methods, "HEAD", "OPTIONS"])})
        try:
            if endpoint in UNLOCKED:
                return _detached(endpoint(self.world, request, *arguments))
            with self.world.change():
                return _detached(endpoint(self.world, request, *arguments))
        except Refusal as refusal:
            return Answer(refusal.status, refusal.data, refusal.headers)


def _detached(answer: Answer) -> Answer:
    """Copied while nobody else can change the documents that it shows, yet still open to a fault's hands."""
    answer.data = _copy(answer.data)
    return answer


def _copy(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _copy(value) for name, value in data.items()}
    return [_copy(value) for value in data] if isinstance(data, list) else data


def respond(answer: Answer, start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = answer.rendered()
    start_response(answer.status_line(), answer.header_list())
    if answer.seconds_per_byte:
        return _drip(body, answer.seconds_per_byte)
    return [body if answer.cut_to is None else body[: answer.cut_to]]


def _drip(body: bytes, seconds: float) -> Iterator[bytes]:
    for n in range(len(body)):
        sleep(seconds)
        yield body[n : n + 1]
