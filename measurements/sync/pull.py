"""Pull readings that webhooks may have lost: one window of the vendor's `created` per patient, resumable at any point.

`devices.sync.reading_runs` plans the rows; here they are fetched and stored.
"""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.inbox.payload_parsing import parse_item
from devices.models import SyncRow, SyncRun
from devices.models.sync import TOTAL_NAMES, SyncKind, SyncRowState
from devices.vendor_reads import VENDOR_ACCESS_PROBLEM, drain_vendor_reads
from measurements.ingest import pipeline
from measurements.models import Measurement
from patients.queueing.work_item import SLICE_SECONDS, DrainEnd, lease_end

MAX_ATTEMPTS = 6
MAX_PROBLEM_LENGTH = 500


def pull_due_patients(client: tenovi.TenoviClient, *, seconds: float = SLICE_SECONDS) -> bool:
    """Pull patients for about `seconds`. True when more can be done at once."""
    end = drain_vendor_reads(
        claim_due_row,
        lambda row: pull_patient(client, row),
        handle_failed_pull,
        purpose="The pull of readings",
        stop_unreachable=True,
        seconds=seconds,
    ).end
    if end == DrainEnd.EMPTY:
        finish_completed_runs()
    return end == DrainEnd.TIME_UP


def claim_due_row() -> SyncRow | None:
    return SyncRow.objects.due().claim().select_related("patient").first()


def pull_patient(client: tenovi.TenoviClient, row: SyncRow) -> None:
    """Store all pages of the row's window. Completion checks the lease: a worker that was too slow moves no watermark.

    A 404 is about this patient, who may be gone at the vendor: the other patients don't wait for it.
    """
    try:
        fetch_and_store_pages(client, row)
    except tenovi.Misconfigured as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise tenovi.Unclear(str(error), status=error.status) from error
    row.release(
        state=SyncRowState.DONE, found=row.found, added=row.added, missed=row.missed, quarantined=row.quarantined,
        problem="", finished_at=timezone.now(),
    )  # fmt: skip


def handle_failed_pull(row: SyncRow, failure: tenovi.VendorFailure) -> None:
    problem = str(failure.error)[:MAX_PROBLEM_LENGTH]
    if isinstance(failure, tenovi.Failed):
        failed = row.attempts + 1 >= MAX_ATTEMPTS
        row.fail(state=SyncRowState.FAILED if failed else SyncRowState.WAITING, problem=problem)
        return
    pause = row.FIRST_BACKOFF_SECONDS
    if isinstance(failure, tenovi.RetryAfter) and failure.seconds is not None:
        pause = failure.seconds
    if isinstance(failure, tenovi.Stop):
        problem = VENDOR_ACCESS_PROBLEM
    row.release(next_attempt_at=timezone.now() + dt.timedelta(seconds=pause), problem=problem)


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
        row.update_claimed(leased_until=lease_end())


def count_missed_readings(new_ids: list[int], since: dt.datetime) -> int:
    """New readings that a webhook should have brought: the vendor received them after the enrolment."""
    return Measurement.objects.filter(pk__in=new_ids, vendor_created_at__gte=since).count()


def finish_completed_runs() -> None:
    """A run is finished when none of its patients is waiting any more."""
    waiting = SyncRow.objects.filter(state=SyncRowState.WAITING).values("run")
    done = SyncRun.objects.unfinished().filter(kind=SyncKind.MEASUREMENTS).exclude(pk__in=waiting)
    for run in done.with_progress().values("pk", *TOTAL_NAMES):
        totals = {name: run[name] for name in TOTAL_NAMES}
        done.filter(pk=run["pk"]).update(finished_at=timezone.now(), totals=totals)
