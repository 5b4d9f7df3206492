"""Is it up, and does all that must run run? `/healthz/` for the proxy, `/healthz/deep` for the alarm."""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable

from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from kombu.exceptions import OperationalError

from devices.models import Delivery, KeySlot, PeriodicJob, VendorCall
from devices.models.call import CallState
from devices.models.delivery import DeliveryKind, DeliveryState
from patients.access import public

BROKER_SECONDS = 0.5
OLDEST_DUE = dt.timedelta(minutes=5)
# Each worker writes a sign of life when beat asks for it, so a dead beat or worker shows here.
PERIOD_OF_JOB = {
    "worker ingest": dt.timedelta(seconds=30),
    "worker people": dt.timedelta(seconds=30),
    "worker background": dt.timedelta(seconds=30),
    "nightly readings": dt.timedelta(minutes=1),
}
PERIODS_ALLOWED = 1.5
SWEEP_GRACE = dt.timedelta(minutes=2)


@public
@never_cache
@transaction.non_atomic_requests
def shallow(_request: HttpRequest) -> HttpResponse:
    """200 while this process can answer and reach the database."""
    problem = _database()
    return HttpResponse("ok\n" if problem is None else "database\n", status=200 if problem is None else 503)


@public
@never_cache
@transaction.non_atomic_requests
def deep(request: HttpRequest) -> HttpResponse:
    """Red (503) when something that must run does not. What it is, only with the operators' token."""
    problems = {name: problem for name, check in CHECKS.items() if (problem := _guarded(check)) is not None}
    body: dict[str, object] = {"ok": not problems}
    if _is_operator(request):
        body["problems"] = problems
    return JsonResponse(body, status=503 if problems else 200)


def _is_operator(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode("latin-1", "replace")
    return bool(settings.OPS_TOKEN) and hmac.compare_digest(given, f"Bearer {settings.OPS_TOKEN}".encode())


def _guarded(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except DatabaseTrouble as error:
        return f"could not be looked at ({type(error).__name__})"


def _database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseTrouble as error:
        return type(error).__name__
    return None


def _broker() -> str | None:
    options = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS, "max_retries": 0}
    broker = current_app.connection_for_write(transport_options=options)
    errors: tuple[type[BaseException], ...] = (OperationalError, OSError, *broker.connection_errors)
    try:
        with broker:
            broker.default_channel  # noqa: B018  (opening a channel asks the server)
    except errors as error:
        return type(error).__name__
    return None


def _inbox() -> str | None:
    due = Delivery.objects.filter(
        state__in=DeliveryState.unsettled(), next_attempt_at__lte=timezone.now() - OLDEST_DUE
    ).order_by()
    late = sorted({DeliveryKind(kind).label for kind in due.values_list("kind", flat=True).distinct()})
    return f"deliveries wait longer than {OLDEST_DUE}: {', '.join(late)}" if late else None


def _calls() -> str | None:
    late = VendorCall.objects.filter(state=CallState.INTENT, next_attempt_at__lte=timezone.now() - OLDEST_DUE).exists()
    return f"calls to the vendor wait longer than {OLDEST_DUE}" if late else None


def _dead() -> str | None:
    count = Delivery.objects.filter(state=DeliveryState.DEAD).count()
    return f"{count} deliveries failed for good" if count else None


def _keys() -> str | None:
    bad = list(KeySlot.objects.filter(bad_since__isnull=False).values_list("bucket", flat=True))
    return f"the vendor refuses key {', '.join(bad)}" if bad else None


def _jobs() -> str | None:
    last = dict(PeriodicJob.objects.values_list("name", "succeeded_at"))
    late = [name for name, period in PERIOD_OF_JOB.items() if _is_late(last.get(name), period)]
    return f"no success lately: {', '.join(late)}" if late else None


def _is_late(last: dt.datetime | None, period: dt.timedelta) -> bool:
    return last is None or timezone.now() - last > period * PERIODS_ALLOWED + SWEEP_GRACE


CHECKS: dict[str, Callable[[], str | None]] = {
    "database": _database,
    "broker": _broker,
    "inbox": _inbox,
    "calls": _calls,
    "dead deliveries": _dead,
    "keys": _keys,
    "jobs": _jobs,
}
