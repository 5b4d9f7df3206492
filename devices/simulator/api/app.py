"""WSGI request handling of the simulated API: authentication, rate limit, routing and scripted faults."""

from typing import Any
from urllib.parse import quote

from devices.simulator.api import webhook_admin
from devices.simulator.api.routes import MethodEndpoints, resolve_route
from devices.simulator.runtime.faults import FaultScript
from devices.simulator.runtime.messages import ApiError, Json, Request, Response
from devices.simulator.runtime.rate_limit import RequestThrottle
from devices.simulator.runtime.request_log import RequestLog
from devices.simulator.runtime.state import SimulatorState

# These wait for the receivers' responses, and a receiver may call the API meanwhile: they lock only where needed.
UNLOCKED_ENDPOINTS = (webhook_admin.send_test_webhooks, webhook_admin.resend_webhooks)
NOT_FOUND_PAGE = b"<!doctype html><html><head><title>Not Found</title></head><body><h1>Not Found</h1></body></html>"


class VendorApi:
    """Every request to `/clients/<domain>/...`."""

    def __init__(self, state: SimulatorState, *, keys: tuple[str, ...], gap_seconds: float) -> None:
        self.state = state
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
            # Django's APPEND_SLASH, before the key is checked; a client that follows loses its header.
            if not request.path.endswith("/") and resolve_route(request.path + "/"):
                query = f"?{request.query_string}" if request.query_string else ""
                return Response(301, body=b"", headers={"Location": quote(request.path) + "/" + query})
            return Response(404, body=NOT_FOUND_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})
        self.check_access(request)
        fault = self.faults.take_matching(request)

        def apply() -> Response:
            answer = self.call_endpoint(request, *found)
            line["applied"] = answer.status < 300
            return answer

        return fault.play(apply) if fault else apply()

    def check_access(self, request: Request) -> None:
        if request.key not in self.keys:
            detail = "Invalid API key." if request.key else "Authentication credentials were not provided."
            raise ApiError(401, {"detail": detail}, {"WWW-Authenticate": "Api-Key"})
        if request.path.split("/")[2] != self.state.domain:
            raise ApiError(403, {"detail": "You do not have permission to perform this action."})
        if wait := self.limits.claim_or_wait(request.key):
            detail = f"Request was throttled. Expected available in {max(1, round(wait))} second."
            raise ApiError(429, {"detail": detail}, self.limits.retry_headers(wait))

    def call_endpoint(self, request: Request, methods: MethodEndpoints, arguments: tuple[str, ...]) -> Response:
        endpoint = methods.get(request.method)
        if not endpoint:
            detail = f'Method "{request.method}" not allowed.'
            return Response(405, {"detail": detail}, {"Allow": ", ".join([*methods, "HEAD", "OPTIONS"])})
        try:
            if endpoint in UNLOCKED_ENDPOINTS:
                return endpoint(self.state, request, *arguments)
            with self.state.transaction():
                answer = endpoint(self.state, request, *arguments)
                # Copied while the lock is held: the documents that it shows may change, and a fault may edit it.
                answer.data = copy_json(answer.data)
                return answer
        except ApiError as refusal:
            return Response(refusal.status, refusal.data, refusal.headers)


def copy_json(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: copy_json(value) for name, value in data.items()}
    return [copy_json(value) for value in data] if isinstance(data, list) else data
