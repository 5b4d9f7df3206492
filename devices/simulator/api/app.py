"""The WSGI door: who asks, how often, for what; then the endpoint, and any scripted fault around it."""

from collections.abc import Callable, Iterable, Iterator
from time import sleep
from typing import Any
from urllib.parse import quote

from devices.simulator.api import webhook_admin
from devices.simulator.api.routes import MethodEndpoints, resolve_route
from devices.simulator.runtime.faults import FaultScript
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.rate_limit import RequestThrottle
from devices.simulator.runtime.request_log import RequestLog
from devices.simulator.runtime.state import SimulatorState

# These wait for the hooks' answers, and a hook may ask the vendor back: they take the lock only where needed.
UNLOCKED_ENDPOINTS = (webhook_admin.send_test_webhooks, webhook_admin.resend_webhooks)
NOT_FOUND_PAGE = b"<!doctype html><html><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>"


class VendorApi:
    """Every request to `/clients/<domain>/...`."""

    def __init__(self, state: SimulatorState, *, keys: tuple[str, ...], gap_seconds: float) -> None:
        self.world = state
        self.keys = set(keys)
        self.limits = RequestThrottle(gap_seconds)
        self.faults = FaultScript()
        self.requests = RequestLog()

    def handle_request(self, request: Request) -> Response:
        line = self.requests.open_line(request)
        try:
            answer = self.route_request(request, line)
        except ApiError as refusal:
            answer = Response(refusal.status, refusal.data, refusal.headers)
        except ConnectionError:
            line["status"] = "reset"
            raise
        line["status"] = answer.status
        return answer

    def route_request(self, request: Request, line: Json) -> Response:
        found = resolve_route(request.path)
        if found is None:
            return self.redirect_or_404(request)
        self.check_access(request)
        fault = self.faults.take_matching(request)
        methods, arguments = found

        def apply() -> Response:
            answer = self.call_endpoint(request, methods, arguments)
            line["applied"] = answer.status < 300
            return answer

        return fault.play(apply) if fault else apply()

    def redirect_or_404(self, request: Request) -> Response:
        """Django's APPEND_SLASH, before anybody looks at the key; a client that follows loses its header."""
        if not request.path.endswith("/") and resolve_route(request.path + "/"):
            query = f"?{request.query_string}" if request.query_string else ""
            return Response(301, body=b"", headers={"Location": quote(request.path) + "/" + query})
        return Response(404, body=NOT_FOUND_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})

    def check_access(self, request: Request) -> None:
        if not request.key:
            words = {"detail": "Authentication credentials were not provided."}
            raise ApiError(401, words, {"WWW-Authenticate": "Api-Key"})
        if request.key not in self.keys:
            raise ApiError(401, {"detail": "Invalid API key."}, {"WWW-Authenticate": "Api-Key"})
        if request.path.split("/")[2] != self.world.domain:
            raise ApiError(403, {"detail": "You do not have permission to perform this action."})
        if wait := self.limits.claim_or_wait(request.key):
            words = {"detail": f"Request was throttled. Expected available in {max(1, round(wait))} second."}
            raise ApiError(429, words, self.limits.retry_headers(wait))

    def call_endpoint(self, request: Request, methods: MethodEndpoints, arguments: tuple[str, ...]) -> Response:
        endpoint = methods.get(request.method)
        if not endpoint:
            words = {"detail": f'Method "{request.method}" not allowed.'}
            return Response(405, words, {"Allow": ", ".join([*methods, "HEAD", "OPTIONS"])})
        try:
            if endpoint in UNLOCKED_ENDPOINTS:
                return detach_response(endpoint(self.world, request, *arguments))
            with self.world.transaction():
                return detach_response(endpoint(self.world, request, *arguments))
        except ApiError as refusal:
            return Response(refusal.status, refusal.data, refusal.headers)


def detach_response(answer: Response) -> Response:
    """Copied while nobody else can change the documents that it shows, yet still open to a fault's hands."""
    answer.data = copy_json(answer.data)
    return answer


def copy_json(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: copy_json(value) for name, value in data.items()}
    return [copy_json(value) for value in data] if isinstance(data, list) else data


def send_response(answer: Response, start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = answer.render_body()
    start_response(answer.status_line(), answer.header_list())
    if answer.seconds_per_byte:
        return drip_body(body, answer.seconds_per_byte)
    return [body if answer.truncate_at_bytes is None else body[: answer.truncate_at_bytes]]


def drip_body(body: bytes, seconds: float) -> Iterator[bytes]:
    for n in range(len(body)):
        sleep(seconds)
        yield body[n : n + 1]
