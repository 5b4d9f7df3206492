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
from devices.inbox.payload_parsing import item_of
from devices.models import SyncRow, SyncRun
from devices.models.sync import TALLIES, SyncKind, SyncRowState
from devices.monitoring import outages
from devices.sync.reconciliation import behind
from measurements.ingest import pipeline
from measurements.models import Measurement
from measurements.models.measurement import EARLIEST
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from patients.queueing import periodic_jobs

if TYPE_CHECKING:
    from patients.models import User

logger = logging.getLogger(__name__)

OVERLAP = dt.timedelta(hours=48)
SETTLING = dt.timedelta(minutes=2)  # rows that the vendor is writing right now are the next run's
DEEP = dt.timedelta(days=30)
DEEP_EVERY = dt.timedelta(days=6)  # before the last turn, so that every seventh night is deep, or the next that runs
DAYS_AFTER_DISCHARGE = 60
MOST_ATTEMPTS = 6
FIRST_BACKOFF_SECONDS = 30
SLICE_SECONDS = 60


def start(*, by: User | None = None, deep: bool = False) -> SyncRun:
    """A run over everybody with a device, or the one that is under way: then newcomers join it."""
    with transaction.atomic():
        run = _unfinished_run(by)
        patients = Patient.objects.pulled(days_after_discharge=DAYS_AFTER_DISCHARGE).with_devices()
        _add_rows(run, patients.values_list("pk", flat=True), deep=deep)
        audit_log.record(AuditEvent.Action.SYNC, by=by, target=f"sync:{run.pk}", kind=SyncKind.MEASUREMENTS)
    return run


def pull_soon(patient_ids: Iterable[uuid.UUID]) -> SyncRun:
    """After a gap was found or a device attached: these patients now, not tonight."""
    with transaction.atomic():
        run = _unfinished_run(None)
        _add_rows(run, patient_ids)
    return run


def start_after_gap() -> SyncRun | None:
    """Everybody, once it is known that webhooks were lost, and once more when that is over."""
    last = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS).order_by("-started_at").first()
    if last is None or last.finished_at is None or not outages.found_since(last.started_at):
        return None  # the nightly job starts the first; what is under way is finished before the next begins
    return start()


def pull_behind() -> int:
    """Those of whom the vendor's device list tells a later reading than any that came, unless it was asked for since.
    Returns how many."""
    watermarks = SyncRow.objects.watermarks()
    late = {patient for patient, until in behind().items() if patient not in watermarks or watermarks[patient] < until}
    if late:
        pull_soon(late)
    return len(late)


def _unfinished_run(by: User | None) -> SyncRun:
    run, _ = SyncRun.objects.get_or_create(
        kind=SyncKind.MEASUREMENTS, finished_at__isnull=True, defaults={"requested_by": by}
    )
    return run


def _add_rows(run: SyncRun, patient_ids: Iterable[uuid.UUID], *, deep: bool = False) -> None:
    end = timezone.now() - SETTLING
    watermarks = SyncRow.objects.watermarks()
    rows = [
        SyncRow(run=run, patient_id=patient, window_start=_start(watermarks.get(patient), end, deep), window_end=end)
        for patient in patient_ids
    ]
    SyncRow.objects.bulk_create(rows, ignore_conflicts=True)


def _start(watermark: dt.datetime | None, end: dt.datetime, deep: bool) -> dt.datetime:
    if watermark is None:
        return EARLIEST
    start = watermark - OVERLAP
    return min(start, end - DEEP) if deep else start


def work(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Pull patients for about `seconds`. True when more can be done at once."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = _claim()
        if row is None:
            finish_runs()
            return False
        if not _pull(client, row):
            return False  # the lane is stopped or the vendor can't be reached: the next sweep tries again
    return True


def _claim() -> SyncRow | None:
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


def _pull(client: tenovi.TenoviClient, row: SyncRow) -> bool:
    """False when it is no use to go on with other patients now."""
    try:
        _store_pages(client, row)
    except tenovi.Misconfigured as error:
        if error.status == HTTPStatus.NOT_FOUND:  # this patient may be gone there; the others are not to wait for it
            _failed(row, error)
            return True
        logger.error("pull stopped: %s", error)
        _release(row, problem="The vendor refuses our key or address. No reading is blamed; an operator is told.")
        return False
    except tenovi.NotSent as error:
        _release(row, problem=str(error), again_in=error.retry_after)
        return False
    except (tenovi.Unclear, tenovi.Rejected) as error:
        _failed(row, error)
        return True
    _finish(row)
    return True


def _store_pages(client: tenovi.TenoviClient, row: SyncRow) -> None:
    row.found = row.added = row.missed = row.quarantined = 0
    pages = client.patient_measurements(
        row.patient.external_id, created_from=row.window_start, created_before=row.window_end
    )
    for page in pages:
        with transaction.atomic():
            stored, aside = pipeline.ingest_pulled([item_of(item) for item in page.items])
        row.found += len(page.items)
        row.added += stored.added
        row.quarantined += aside
        row.missed += _missed(stored.new_ids, row.patient.enrolled_at)
        row.leased_until = timezone.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
        SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(leased_until=row.leased_until)


def _missed(new_ids: list[int], since: dt.datetime) -> int:
    """Readings that a webhook should have brought: the vendor had them after we began to listen."""
    return Measurement.objects.filter(pk__in=new_ids, vendor_created_at__gte=since).count()


def _finish(row: SyncRow) -> None:
    """Completion checks the lease: a worker that was too slow moves no watermark."""
    SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(
        state=SyncRowState.DONE, found=row.found, added=row.added, missed=row.missed, quarantined=row.quarantined,
        problem="", finished_at=timezone.now(), lease=None, leased_until=None,
    )  # fmt: skip


def _release(row: SyncRow, *, problem: str, again_in: float | None = None) -> None:
    wait = dt.timedelta(seconds=again_in if again_in is not None else FIRST_BACKOFF_SECONDS)
    SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(
        next_attempt_at=timezone.now() + wait, problem=problem[:500], lease=None, leased_until=None
    )


def _failed(row: SyncRow, error: tenovi.VendorError) -> None:
    attempts = row.attempts + 1
    seconds = FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1) * random.uniform(0.5, 1)  # noqa: S311  a pause, no secret
    SyncRow.objects.filter(pk=row.pk, lease=row.lease).update(
        attempts=F("attempts") + 1,
        state=SyncRowState.FAILED if attempts >= MOST_ATTEMPTS else SyncRowState.WAITING,
        next_attempt_at=timezone.now() + dt.timedelta(seconds=seconds),
        problem=str(error)[:500],
        lease=None,
        leased_until=None,
    )


def finish_runs() -> None:
    """A run is finished when none of its patients is waiting any more."""
    waiting = SyncRow.objects.filter(state=SyncRowState.WAITING).values("run")
    done = SyncRun.objects.unfinished().filter(kind=SyncKind.MEASUREMENTS).exclude(pk__in=waiting)
    for run in done.with_progress().values("pk", *TALLIES):
        totals = {name: run[name] for name in TALLIES}
        done.filter(pk=run["pk"]).update(finished_at=timezone.now(), totals=totals)


def start_nightly(*, now: dt.datetime, hour_utc: int) -> SyncRun | None:
    """Once per night, at or after the hour; at once if none ever ran; once a week over 30 days. What is due is read
    from the runs alone."""
    due_since = periodic_jobs.last_turn(now, hour_utc=hour_utc)
    nightly = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, nightly=True)
    if nightly.filter(started_at__gte=due_since).exists():
        return None
    deep = not nightly.filter(deep=True, started_at__gte=due_since - DEEP_EVERY).exists()
    run = start(deep=deep)
    SyncRun.objects.filter(pk=run.pk).update(nightly=True, deep=deep)
    return run
