"""Pull what webhooks may have lost: one closed window of the vendor's `created` per patient, resumable at any point.

`devices.sync.reading_runs` plans the rows; here they are fetched and stored.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
import uuid
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from devices import tenovi
from devices.inbox.payload_parsing import parse_item
from devices.models import SyncRow, SyncRun
from devices.models.sync import TOTAL_NAMES, SyncKind, SyncRowState
from measurements.ingest import pipeline
from measurements.models import Measurement

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 6
FIRST_BACKOFF_SECONDS = 30
SLICE_SECONDS = 60


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
