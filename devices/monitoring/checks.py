"""What must run, each with a name, and how one sees that it doesn't. `docs/operations.md` says what to do then.

Read by `/healthz/deep`, by the alarms and by `/metrics` alike. No problem names a patient.
"""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Callable
from functools import partial

from celery import current_app
from django.db import Error as DatabaseTrouble
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from devices.models import Delivery, HookTally, KeySlot, PeriodicJob, SyncRun
from devices.models.delivery import DeliveryState
from devices.models.sync import SyncKind, SyncRowState, SyncRunQuerySet
from devices.monitoring.queue_age import WAITS, in_words
from devices.webhooks import outcome_counts

BROKER_SECONDS = 0.5
PERIODS_ALLOWED = 1.5
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
LIFE = dt.timedelta(seconds=30)
BUSY = dt.timedelta(minutes=2)  # a worker may be at a slice of work when it is asked
LEAST_SILENCE = dt.timedelta(minutes=30)
HISTORY = dt.timedelta(days=8)
LEAST_HISTORY = dt.timedelta(days=2)

Check = Callable[[], str | None]


def problems() -> dict[str, str]:
    """By name, what doesn't run as it must. With the database gone, nothing that it holds is judged."""
    if (trouble := database()) is not None:
        return {"database": trouble} | _found({"broker": broker})
    return _found(CHECKS)


def _found(checks: dict[str, Check]) -> dict[str, str]:
    return {name: problem for name, check in checks.items() if (problem := _guarded(check)) is not None}


def _guarded(check: Check) -> str | None:
    try:
        return check()
    except DatabaseTrouble as error:
        return f"could not be looked at ({type(error).__name__})"


# --- servers and processes --------------------------------------------------------------------------------------------


def database() -> str | None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseTrouble as error:
        return f"the database can't be reached ({type(error).__name__})"
    return None


def broker() -> str | None:
    options = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS, "max_retries": 0}
    server = current_app.connection_for_write(transport_options=options)
    errors: tuple[type[BaseException], ...] = (OperationalError, OSError, *server.connection_errors)
    try:
        with server:
            server.default_channel  # noqa: B018  (opening a channel asks the server)
    except errors as error:
        return f"the broker can't be reached ({type(error).__name__})"
    return None


def job(name: str, *, period: dt.timedelta, grace: dt.timedelta = BUSY) -> str | None:
    """Late when its last success is older than one and a half periods."""
    last = PeriodicJob.objects.filter(name=name).values_list("succeeded_at", flat=True).first()
    return _late(f"{name}: last success", last, period * PERIODS_ALLOWED + grace)


def hourly(name: str) -> str | None:
    """Its first turn comes an hour after the house began to work."""
    began = SyncRun.objects.order_by("started_at").values_list("started_at", flat=True).first()
    if began is None or timezone.now() - began < HOUR * PERIODS_ALLOWED:
        return None
    return job(name, period=HOUR, grace=10 * MINUTE)


def _late(what: str, last: dt.datetime | None, allowed: dt.timedelta) -> str | None:
    if last is None:
        return f"{what} never"
    age = timezone.now() - last
    return f"{what} {in_words(age)} ago" if age > allowed else None


# --- comparisons with the vendor --------------------------------------------------------------------------------------


def nightly() -> str | None:
    runs = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, nightly=True)
    return _late("readings compared with the vendor: last", _last_finished(runs), DAY * PERIODS_ALLOWED)


def compared(kind: SyncKind) -> str | None:
    runs = SyncRun.objects.filter(kind=kind)
    return _late(f"{kind.label.lower()} compared with the vendor: last", _last_finished(runs), DAY * PERIODS_ALLOWED)


def _last_finished(runs: SyncRunQuerySet) -> dt.datetime | None:
    finished = runs.filter(finished_at__isnull=False).order_by("-finished_at")
    return finished.values_list("finished_at", flat=True).first()


def pulls_failed() -> str | None:
    last = (
        SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, finished_at__isnull=False).order_by("-finished_at").first()
    )
    failed = last.rows.filter(state=SyncRowState.FAILED).count() if last else 0
    return f"{failed} patients could not be compared in the last run" if failed else None


# --- what was lost or stopped -----------------------------------------------------------------------------------------


def dead_deliveries() -> str | None:
    count = Delivery.objects.filter(state=DeliveryState.DEAD).count()
    return f"{count} deliveries failed for good" if count else None


def vendor_key() -> str | None:
    bad = list(KeySlot.objects.filter(bad_since__isnull=False).values_list("bucket", flat=True))
    return f"the vendor refuses key {', '.join(bad)}: its lane has stopped" if bad else None


def hooks_silent() -> str | None:
    """Longer than twice the longest silence of a usual day. Not judged in the first two days."""
    now = timezone.now()
    minutes = _minutes_with_hooks(since=now - HISTORY)
    if not minutes or now - minutes[0] < LEAST_HISTORY:
        return None
    silence, usual = now - minutes[-1], usual_silence(minutes)
    if silence <= max(LEAST_SILENCE, 2 * usual):
        return None
    return f"no webhook for {in_words(silence)}; the longest silence of a usual day is {in_words(usual)}"


def _minutes_with_hooks(*, since: dt.datetime) -> list[dt.datetime]:
    tallies = HookTally.objects.since(since).accepted().order_by("minute")
    return list(tallies.values_list("minute", flat=True).distinct())


def usual_silence(minutes: list[dt.datetime]) -> dt.timedelta:
    """Of each day's longest gap the median, so that one outage doesn't make the next one usual."""
    longest: dict[dt.date, float] = {}
    for before, after in itertools.pairwise(minutes):
        day = after.date()
        longest[day] = max(longest.get(day, 0.0), (after - before).total_seconds())
    return dt.timedelta(seconds=statistics.median(longest.values()) if longest else 0.0)


CHECKS: dict[str, Check] = {
    "database": database,
    "broker": broker,
    "beat": partial(job, "beat", period=LIFE),
    "worker_ingest": partial(job, "worker ingest", period=LIFE),
    "worker_people": partial(job, "worker people", period=LIFE),
    "worker_background": partial(job, "worker background", period=LIFE),
    "alarms": partial(job, "alarms", period=MINUTE, grace=10 * MINUTE),
    "nightly_start": partial(job, "nightly readings", period=MINUTE, grace=10 * MINUTE),
    "nightly": nightly,
    "catalogue": partial(compared, SyncKind.CATALOGUE),
    "devices": partial(compared, SyncKind.DEVICES),
    "gateways": partial(compared, SyncKind.GATEWAYS),
    "unknown_devices": partial(job, "look up unknown devices", period=LIFE, grace=10 * MINUTE),
    "purge": partial(hourly, "purge bodies"),
    **{name: wait.problem for name, wait in WAITS.items()},
    "pulls_failed": pulls_failed,
    "inbox_dead": dead_deliveries,
    "vendor_key": vendor_key,
    "hooks_refused": outcome_counts.lost,
    "hooks_locked_out": outcome_counts.locked_out,
    "hooks_silent": hooks_silent,
}
