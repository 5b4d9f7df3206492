"""Health checks by name, read by `/healthz/deep`, operator alarms and `/metrics`; what to do: `docs/operations.md`.

No problem text names a patient.
"""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Callable
from functools import partial

from celery import current_app
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from devices.models import ApiKeySlot, Delivery, SyncRun, WebhookCount
from devices.models.delivery import DeliveryState
from devices.models.sync import SyncKind, SyncRowState
from devices.monitoring.queue_age import QUEUE_AGES, format_duration
from devices.webhooks import outcome_counts, self_test
from patients.queueing.models import PeriodicJob
from patients.wording import count_noun

BROKER_TIMEOUT_SECONDS = 0.5
PERIODS_ALLOWED = 1.5
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
HEARTBEAT_INTERVAL = dt.timedelta(seconds=30)
BUSY_GRACE = dt.timedelta(minutes=2)  # a worker may be at a slice of work when it is asked
MIN_SILENCE = dt.timedelta(minutes=30)
SILENCE_HISTORY = dt.timedelta(days=8)
MIN_SILENCE_HISTORY = dt.timedelta(days=2)

Check = Callable[[], str | None]


def find_problems() -> dict[str, str]:
    """Problem text by check name. Without the database, only the checks that don't need it run."""
    if (problem := check_database()) is not None:
        return {"database": problem} | run_checks({"broker": check_broker})
    return run_checks(CHECKS)


def run_checks(checks: dict[str, Check]) -> dict[str, str]:
    return {name: problem for name, check in checks.items() if (problem := run_check(check)) is not None}


def run_check(check: Check) -> str | None:
    try:
        return check()
    except DatabaseError as error:
        return f"could not be checked ({type(error).__name__})"


# --- servers and processes --------------------------------------------------------------------------------------------


def check_database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"the database can't be reached ({type(error).__name__})"
    return None


def check_broker() -> str | None:
    options = {
        "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
        "socket_timeout": BROKER_TIMEOUT_SECONDS,
        "max_retries": 0,
    }
    server = current_app.connection_for_write(transport_options=options)
    errors: tuple[type[BaseException], ...] = (OperationalError, OSError, *server.connection_errors)
    try:
        with server:
            server.default_channel  # noqa: B018  (opening a channel asks the server)
    except errors as error:
        return f"the broker can't be reached ({type(error).__name__})"
    return None


def check_job(name: str, *, period: dt.timedelta, grace: dt.timedelta = BUSY_GRACE) -> str | None:
    """Late when its last success is older than one and a half periods."""
    last = PeriodicJob.objects.filter(name=name).values_list("succeeded_at", flat=True).first()
    return overdue_problem(f"{name}: last success", last, period * PERIODS_ALLOWED + grace)


def check_hourly_job(name: str) -> str | None:
    """Its first run is due an hour after the first sync run began."""
    began = SyncRun.objects.order_by("started_at").values_list("started_at", flat=True).first()
    if began is None or timezone.now() - began < HOUR * PERIODS_ALLOWED:
        return None
    return check_job(name, period=HOUR, grace=10 * MINUTE)


def overdue_problem(what: str, last: dt.datetime | None, allowed: dt.timedelta) -> str | None:
    if last is None:
        return f"{what} never"
    age = timezone.now() - last
    return f"{what} {format_duration(age)} ago" if age > allowed else None


# --- comparisons with the vendor --------------------------------------------------------------------------------------


def check_sync_run(kind: SyncKind, **nightly: bool) -> str | None:
    finished = SyncRun.objects.filter(kind=kind, finished_at__isnull=False, **nightly).order_by("-finished_at")
    last = finished.values_list("finished_at", flat=True).first()
    return overdue_problem(f"{kind.label.lower()} compared with the vendor: last", last, DAY * PERIODS_ALLOWED)


def check_failed_pulls() -> str | None:
    last = (
        SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, finished_at__isnull=False).order_by("-finished_at").first()
    )
    failed = last.rows.filter(state=SyncRowState.FAILED).count() if last else 0
    return f"{count_noun(failed, 'patient')} not compared in the last run" if failed else None


# --- what was lost or stopped -----------------------------------------------------------------------------------------


def check_dead_deliveries() -> str | None:
    count = Delivery.objects.filter(state=DeliveryState.DEAD).count()
    return f"{count_noun(count, 'delivery')} failed for good" if count else None


def check_vendor_keys() -> str | None:
    bad = list(ApiKeySlot.objects.filter(refused_since__isnull=False).values_list("bucket", flat=True))
    return f"the vendor refuses key {', '.join(bad)}: its lane has stopped" if bad else None


def check_webhook_silence() -> str | None:
    """Longer than twice the longest silence of a usual day. Not judged in the first two days."""
    now = timezone.now()
    accepted = WebhookCount.objects.since(now - SILENCE_HISTORY).accepted().order_by("minute")
    minutes = list(accepted.values_list("minute", flat=True).distinct())
    if not minutes or now - minutes[0] < MIN_SILENCE_HISTORY:
        return None
    silence, usual = now - minutes[-1], usual_silence(minutes)
    if silence <= max(MIN_SILENCE, 2 * usual):
        return None
    return f"no webhook for {format_duration(silence)}; the longest silence of a usual day is {format_duration(usual)}"


def usual_silence(minutes: list[dt.datetime]) -> dt.timedelta:
    """Of each day's longest gap the median, so that one outage doesn't make the next one usual."""
    longest: dict[dt.date, float] = {}
    for before, after in itertools.pairwise(minutes):
        day = after.date()
        longest[day] = max(longest.get(day, 0.0), (after - before).total_seconds())
    return dt.timedelta(seconds=statistics.median(longest.values()) if longest else 0.0)


CHECKS: dict[str, Check] = {
    "database": check_database,
    "broker": check_broker,
    "beat": partial(check_job, "beat", period=HEARTBEAT_INTERVAL),
    "worker_ingest": partial(check_job, "worker ingest", period=HEARTBEAT_INTERVAL),
    "worker_people": partial(check_job, "worker people", period=HEARTBEAT_INTERVAL),
    "worker_background": partial(check_job, "worker background", period=HEARTBEAT_INTERVAL),
    "alarms": partial(check_job, "alarms", period=MINUTE, grace=10 * MINUTE),
    "nightly_start": partial(check_job, "nightly readings", period=MINUTE, grace=10 * MINUTE),
    "nightly": partial(check_sync_run, SyncKind.MEASUREMENTS, nightly=True),
    "catalogue": partial(check_sync_run, SyncKind.CATALOGUE),
    "devices": partial(check_sync_run, SyncKind.DEVICES),
    "gateways": partial(check_sync_run, SyncKind.GATEWAYS),
    "bulk_orders": partial(check_sync_run, SyncKind.BULK_ORDERS),
    "unknown_devices": partial(check_job, "look up unknown devices", period=HEARTBEAT_INTERVAL, grace=10 * MINUTE),
    "exceptions": partial(check_job, "exceptions", period=MINUTE, grace=10 * MINUTE),
    "purge": partial(check_hourly_job, "purge bodies"),
    **{name: wait.problem for name, wait in QUEUE_AGES.items()},
    "pulls_failed": check_failed_pulls,
    "inbox_dead": check_dead_deliveries,
    "vendor_key": check_vendor_keys,
    "hooks_refused": outcome_counts.check_refused_webhooks,
    "hooks_locked_out": outcome_counts.check_wrong_secrets,
    "hooks_silent": check_webhook_silence,
    "hooks_registered": self_test.check_registration,
}


def register_check(name: str, check: Check) -> None:
    """Of an app to the right, when it is loaded; what to do is in `docs/operations.md`."""
    CHECKS[name] = check
