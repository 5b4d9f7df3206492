"""Is it up, and does all that must run run? `/healthz/` for the proxy, `/healthz/deep` for the alarm outside."""

from __future__ import annotations

import hmac
import time

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.views.decorators.cache import never_cache

from devices.monitoring import checks
from devices.monitoring import prometheus as metrics
from patients.permissions import allow_anonymous

HEALTH_CACHE_SECONDS = 5.0


class CachedHealth:
    """What anybody may ask costs some thirty queries, so each process asks for them at most every few seconds."""

    def __init__(self) -> None:
        self._checked_at = 0.0
        self._is_healthy: bool | None = None

    def is_healthy(self) -> bool:
        if self._is_healthy is None or time.monotonic() - self._checked_at >= HEALTH_CACHE_SECONDS:
            self._checked_at = time.monotonic()  # before the look: those who ask meanwhile get the last answer
            self._is_healthy = not checks.find_problems()
        return self._is_healthy


cached_health = CachedHealth()


@allow_anonymous
@never_cache
@transaction.non_atomic_requests
def health_check(_request: HttpRequest) -> HttpResponse:
    """200 while this process can answer and reach the database."""
    problem = checks.check_database()
    return HttpResponse("ok\n" if problem is None else "database\n", status=200 if problem is None else 503)


@allow_anonymous
@never_cache
@transaction.non_atomic_requests
def deep_health_check(request: HttpRequest) -> HttpResponse:
    """Red (503) when something that must run does not. What it is, only with the operators' token."""
    if not has_ops_token(request):
        ok = cached_health.is_healthy()
        return JsonResponse({"ok": ok}, status=200 if ok else 503)
    problems = checks.find_problems()
    body = {"ok": not problems, "problems": problems, "checked": list(checks.CHECKS)}
    return JsonResponse(body, status=503 if problems else 200)


@allow_anonymous
@never_cache
@transaction.non_atomic_requests
def prometheus_metrics(request: HttpRequest) -> HttpResponse:
    """The same as figures, for operators only."""
    if not has_ops_token(request):
        return HttpResponseNotFound()
    return HttpResponse(metrics.render_metrics(), content_type=metrics.CONTENT_TYPE)


def has_ops_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode("latin-1", "replace")
    return bool(settings.OPS_TOKEN) and hmac.compare_digest(given, f"Bearer {settings.OPS_TOKEN}".encode())
