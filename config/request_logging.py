"""Request logging middleware: request id, duration and count by route, and one log line per request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from config.json_logging import request_id
from devices.monitoring import prometheus

logger = logging.getLogger(__name__)

PROXY_REQUEST_ID = re.compile(r"[0-9a-fA-F-]{8,64}")
PROBE_ROUTES = frozenset({"health", "health_deep", "metrics"})


def request_logging_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def answer(request: HttpRequest) -> HttpResponse:
        token = request_id.set(get_or_create_request_id(request))
        began = time.perf_counter()
        try:
            response = get_response(request)
            response["X-Request-Id"] = request_id.get()
            log_and_count_request(request, response.status_code, time.perf_counter() - began)
            return response
        finally:
            request_id.reset(token)

    return answer


def get_or_create_request_id(request: HttpRequest) -> str:
    """The id of a trusted proxy if it sends one, so that its log and ours can be matched."""
    given = request.headers.get("X-Request-Id", "") if settings.TRUSTED_PROXY_COUNT else ""
    return given if PROXY_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def log_and_count_request(request: HttpRequest, status: int, seconds: float) -> None:
    """By the route's name, never the address, which may hold an id, a token or typed text."""
    match = request.resolver_match
    route = match.view_name if match and match.view_name else "none"
    prometheus.observe_request(route=route, method=request.method or "", status=status, seconds=seconds)
    if route in PROBE_ROUTES and status < 400:
        return
    method = request.method if request.method in prometheus.KNOWN_METHODS else "other"
    facts = {"method": method, "route": route, "status": status, "ms": round(seconds * 1000, 1)}
    if delivery := getattr(request, "delivery", None):
        facts["delivery"] = delivery
    logger.info("request", extra={"facts": facts})
