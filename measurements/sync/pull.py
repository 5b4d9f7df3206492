"""Pull what webhooks may have lost: one closed window of the vendor's `created` per patient, resumable at any point.

The watermark of a patient is the end of the last window whose every page was stored. Pulling starts 48 h before it.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from devices import tenovi
from devices.inbox.payload_parsing import parse_item
from devices.models import SyncRow, SyncRun
from devices.models.sync import TOTAL_NAMES, SyncKind, SyncRowState
from devices.monitoring import outages
from devices.sync.reconciliation import patients_with_missed_readings
from measurements.ingest import pipeline
from measurements.models import Measurement
from measurements.models.measurement import EARLIEST_TAKEN_AT
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from patients.queueing import periodic_jobs

if TYPE_CHECKING:
    from patients.models import User

logger = logging.getLogger(__name__)

WATERMARK_OVERLAP = dt.timedelta(hours=48)
PULL_WINDOW_LAG = dt.timedelta(minutes=2)  # rows that the vendor is writing right now are the next run's
DEEP_PULL_WINDOW = dt.timedelta(days=30)
DEEP_PULL_INTERVAL = dt.timedelta(
    days=6
)  # before the last turn, so that every seventh night is deep, or the next that runs
DAYS_AFTER_DISCHARGE = 60
MAX_ATTEMPTS = 6
FIRST_BACKOFF_SECONDS = 30
SLICE_SECONDS = 60


def start_pull_run(*, by: User | None = None, deep: bool = False) -> SyncRun:
    """A run over everybody with a device, or the one that is under way: then newcomers join it."""
    with transaction.atomic():
        run = get_or_create_unfinished_run(by)
        patients = Patient.objects.pulled_for_readings(days_after_discharge=DAYS_AFTER_DISCHARGE).with_devices()
        add_sync_rows(run, patients.values_list("pk", flat=True), deep=deep)
        audit_log.record_event(AuditEvent.Action.SYNC, by=by, target=f"sync:{run.pk}", kind=SyncKind.MEASUREMENTS)
    return run


def schedule_pull(patient_ids: Iterable[uuid.UUID]) -> SyncRun:
    """After a gap was found or a device attached: these patients now, not tonight."""
    with transaction.atomic():
        run = get_or_create_unfinished_run(None)
        add_sync_rows(run, patient_ids)
    return run


def start_pull_after_outage() -> SyncRun | None:
    """Everybody, once it is known that webhooks were lost, and once more when that is over."""
    last = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS).order_by("-started_at").first()
    if last is None or last.finished_at is None or not outages.has_outage_since(last.started_at):
        return None  # the nightly job starts the first; what is under way is finished before the next begins
    return start_pull_run()


def schedule_lagging_patients() -> int:
    """Those of whom the vendor's device list tells a later reading than any that came, unless it was asked for since.
    Returns how many."""
    watermarks = SyncRow.objects.watermarks()
    late = {
        patient
        for patient, until in patients_with_missed_readings().items()
        if patient not in watermarks or watermarks[patient] < until
    }
    if late:
        schedule_pull(late)
    return len(late)


def get_or_create_unfinished_run(by: User | None) -> SyncRun:
    run, _ = SyncRun.objects.get_or_create(
        kind=SyncKind.MEASUREMENTS, finished_at__isnull=True, defaults={"requested_by": by}
    )
    return run


def add_sync_rows(run: SyncRun, patient_ids: Iterable[uuid.UUID], *, deep: bool = False) -> None:
    end = timezone.now() - PULL_WINDOW_LAG
    watermarks = SyncRow.objects.watermarks()
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


def pull_window_start(watermark: dt.datetime | None, end: dt.datetime, deep: bool) -> dt.datetime:
    if watermark is None:
        return EARLIEST_TAKEN_AT
    start = watermark - WATERMARK_OVERLAP
    return min(start, end - DEEP_PULL_WINDOW) if deep else start


def pull_due_patients(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Pull patients for about `seconds`. True when more can be done at once."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = claim_due_row()
        if row is None:
            finish_completed_runs()
            return False
        if not pull_patient(client, row):
            return False  # the lane is stopped or the vendor can't be reached: the next sweep tries again
    return True


def claim_due_row() -> SyncRow | None:
    with transaction.atomic():
        due = (
            SyncRow.objects.due()
            .order_by("next_attempt_at", "pk")
            .select_for_update(skip_locked=True, of=("self",), no_key=True)
        )
        row = due.select_related("patient").first()
        if row is not None:
            row.lease = uuid.uuid4()
            row.leased_until = timezone.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
            row.save(update_fields=["lease", "leased_until"])
    return row


def pull_patient(client: tenovi.TenoviClient, row: SyncRow) -> bool:
    """False when it is no use to go on with other patients now."""
    try:
        fetch_and_store_pages(client, row)
    except tenovi.Misconfigured as error:
        if error.status == HTTPStatus.NOT_FOUND:  # this patient may be gone there; the others are not to wait for it
            record_failed_attempt(row, error)
            return True
        logger.error("pull stopped: %s", error)
        release_row(row, problem="The vendor refuses our key or address. No reading is blamed; an operator is told.")
        return False
    except tenovi.NotSent as error:
        release_row(row, problem=str(error), retry_after_seconds=error.retry_after)
        return False
    except (tenovi.Unclear, tenovi.Rejected) as error:
        record_failed_attempt(row, error)
        return True
    complete_row(row)
    return True


def fetch_and_store_pages(client: tenovi.TenoviClient, row: SyncRow) -> None:
    row.found = row.added = row.missed = row.quarantined = 0
    pages = client.patient_measurements(
        row.patient.external_id, created_from=row.window_start, created_before=row.window_end
    )
    for page in pages:
        with transaction.atomic():
            stored, aside = pipeline.ingest_pulled_items([parse_item(item) for item in page.items])
        row.found += len(page.items)
        row.added += stored.added
        row.quarantined += aside
        row.missed += count_missed_readings(stored.new_ids, row.patient.enrolled_at)
        row.leased_until = timezone.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
        SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(leased_until=row.leased_until)


def count_missed_readings(new_ids: list[int], since: dt.datetime) -> int:
    """Readings that a webhook should have brought: the vendor had them after we began to listen."""
    return Measurement.objects.filter(pk__in=new_ids, vendor_created_at__gte=since).count()


def complete_row(row: SyncRow) -> None:
    """Completion checks the lease: a worker that was too slow moves no watermark."""
    SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(
        state=SyncRowState.DONE, found=row.found, added=row.added, missed=row.missed, quarantined=row.quarantined,
        problem="", finished_at=timezone.now(), lease=None, leased_until=None,
    )  # fmt: skip


def release_row(row: SyncRow, *, problem: str, retry_after_seconds: float | None = None) -> None:
    wait = dt.timedelta(seconds=retry_after_seconds if retry_after_seconds is not None else FIRST_BACKOFF_SECONDS)
    SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(
        next_attempt_at=timezone.now() + wait, problem=problem[:500], lease=None, leased_until=None
    )


def record_failed_attempt(row: SyncRow, error: tenovi.VendorError) -> None:
    attempts = row.attempts + 1
    seconds = FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1) * random.uniform(0.5, 1)  # noqa: S311  a pause, no secret
    SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(
        attempts=F("attempts") + 1,
        state=SyncRowState.FAILED if attempts >= MAX_ATTEMPTS else SyncRowState.WAITING,
        next_attempt_at=timezone.now() + dt.timedelta(seconds=seconds),
        problem=str(error)[:500],
        lease=None,
        leased_until=None,
    )


def finish_completed_runs() -> None:
    """A run is finished when none of its patients is waiting any more."""
    waiting = SyncRow.objects.filter(state=SyncRowState.WAITING).values("run")
    done = SyncRun.objects.unfinished().filter(kind=SyncKind.MEASUREMENTS).exclude(pk__in=waiting)
    for run in done.with_progress().values("pk", *TOTAL_NAMES):
        totals = {name: run[name] for name in TOTAL_NAMES}
        done.filter(pk=run["pk"]).update(finished_at=timezone.now(), totals=totals)


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
