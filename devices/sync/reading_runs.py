"""Planning of reading pulls: whose readings a SyncRun asks for, in which closed window of the vendor's `created`.

The watermark of a patient is the end of the last window whose every page was stored. A window starts 48 h before it.
Fetching and storing the readings is the job of the app that owns them; it works off the rows that are planned here.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from devices.models import SyncRow, SyncRun
from devices.models.sync import SyncKind
from devices.monitoring import outages
from devices.sync.reconciliation import patients_with_missed_readings
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from patients.queueing import periodic_jobs

if TYPE_CHECKING:
    from patients.models import User

EARLIEST_READING_AT = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)  # no reading is stored that was taken earlier
WATERMARK_OVERLAP = dt.timedelta(hours=48)
PULL_WINDOW_LAG = dt.timedelta(minutes=2)  # rows that the vendor is writing right now are the next run's
DEEP_PULL_WINDOW = dt.timedelta(days=30)
# Before the last nightly hour, so that every seventh night is deep, or the next one that runs.
DEEP_PULL_INTERVAL = dt.timedelta(days=6)
DAYS_AFTER_DISCHARGE = 60


def start_pull_run(*, by: User | None = None, deep: bool = False) -> SyncRun:
    """A run over all patients with a device. An unfinished run is returned instead, with new patients added to it."""
    with transaction.atomic():
        patients = Patient.objects.pulled_for_readings(days_after_discharge=DAYS_AFTER_DISCHARGE).with_devices()
        run = schedule_pull(patients.values_list("pk", flat=True), by=by, deep=deep)
        audit_log.record_event(AuditEvent.Action.SYNC, by=by, target=f"sync:{run.pk}", kind=SyncKind.MEASUREMENTS)
    return run


def schedule_pull(patient_ids: Iterable[uuid.UUID], *, by: User | None = None, deep: bool = False) -> SyncRun:
    """Add these patients to the unfinished run, or to a new one: they are pulled now, not tonight."""
    end = timezone.now() - PULL_WINDOW_LAG
    watermarks = SyncRow.objects.watermarks()
    with transaction.atomic():
        run, _ = SyncRun.objects.get_or_create(
            kind=SyncKind.MEASUREMENTS, finished_at__isnull=True, defaults={"requested_by": by}
        )
        rows = [
            SyncRow(
                run=run,
                patient_id=patient,
                window_start=pull_window_start(watermarks.get(patient), end, deep),
                window_end=end,
            )
            for patient in patient_ids
        ]
        SyncRow.objects.bulk_create(rows, ignore_conflicts=True)
    return run


def pull_window_start(watermark: dt.datetime | None, end: dt.datetime, deep: bool) -> dt.datetime:
    if watermark is None:
        return EARLIEST_READING_AT
    start = watermark - WATERMARK_OVERLAP
    return min(start, end - DEEP_PULL_WINDOW) if deep else start


def start_pull_after_outage() -> SyncRun | None:
    """All patients, once when it is known that webhooks were lost, and once more when the outage is over."""
    last = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS).order_by("-started_at").first()
    if last is None or last.finished_at is None or not outages.has_outage_since(last.started_at):
        return None  # the nightly job starts the first run; an unfinished run ends before the next begins
    return start_pull_run()


def schedule_lagging_patients() -> int:
    """Pull the patients for whom the vendor's device list names a later reading than any stored here, unless a pull
    has covered that time since. Returns how many patients."""
    watermarks = SyncRow.objects.watermarks()
    late = [
        patient
        for patient, until in patients_with_missed_readings().items()
        if patient not in watermarks or watermarks[patient] < until
    ]
    if late:
        schedule_pull(late)
    return len(late)


def start_nightly_run(*, now: dt.datetime, hour_utc: int) -> SyncRun | None:
    """Once per night, at or after the hour; at once if none ever ran; once a week over 30 days. What is due is read
    from the runs alone."""
    due_since = periodic_jobs.last_due_time(now, hour_utc=hour_utc)
    nightly = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, nightly=True)
    if nightly.filter(started_at__gte=due_since).exists():
        return None
    deep = not nightly.filter(deep=True, started_at__gte=due_since - DEEP_PULL_INTERVAL).exists()
    run = start_pull_run(deep=deep)
    SyncRun.objects.filter(pk=run.pk).update(nightly=True, deep=deep)
    return run
