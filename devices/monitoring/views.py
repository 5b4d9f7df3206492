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
from patients.permissions import public

GLANCE_SECONDS = 5.0


class Glance:
    """What anybody may ask costs some thirty queries, so each process asks for them at most every few seconds."""

    def __init__(self) -> None:
        self._asked = 0.0
        self._ok: bool | None = None

    def ok(self) -> bool:
        if self._ok is None or time.monotonic() - self._asked >= GLANCE_SECONDS:
            self._asked = time.monotonic()  # before the look: those who ask meanwhile get the last answer
            self._ok = not checks.problems()
        return self._ok


_glance = Glance()


@public
@never_cache
@transaction.non_atomic_requests
def shallow(_request: HttpRequest) -> HttpResponse:
    """200 while this process can answer and reach the database."""
    problem = checks.database()
    return HttpResponse("ok\n" if problem is None else "database\n", status=200 if problem is None else 503)


@public
@never_cache
@transaction.non_atomic_requests
def deep(request: HttpRequest) -> HttpResponse:
    """Red (503) when something that must run does not. What it is, only with the operators' token."""
    if not _is_operator(request):
        ok = _glance.ok()
        return JsonResponse({"ok": ok}, status=200 if ok else 503)
    problems = checks.problems()
    body = {"ok": not problems, "problems": problems, "checked": list(checks.CHECKS)}
    return JsonResponse(body, status=503 if problems else 200)


@public
@never_cache
@transaction.non_atomic_requests
def prometheus(request: HttpRequest) -> HttpResponse:
    """The same as figures, for operators only."""
    if not _is_operator(request):
        return HttpResponseNotFound()
    return HttpResponse(metrics.exposition(), content_type=metrics.CONTENT_TYPE)


def _is_operator(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode("latin-1", "replace")
    return bool(settings.OPS_TOKEN) and hmac.compare_digest(given, f"Bearer {settings.OPS_TOKEN}".encode())
