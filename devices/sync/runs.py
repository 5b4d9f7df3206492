"""Sync runs: comparisons with the vendor, one row each, opened once however often they are requested."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.models import SyncRun
from devices.models.sync import SyncKind
from devices.vendor_reads import drain_vendor_reads
from patients.audit import audit_log
from patients.models import AuditEvent
from patients.queueing.work_item import backoff

if TYPE_CHECKING:
    from patients.models import User

FOREGROUND_PAUSE_SECONDS = 1.0
FIRST_BACKOFF_SECONDS = 60.0
MAX_BACKOFF_SECONDS = 3600.0
MAX_PROBLEM_LENGTH = 500


def open_run(kind: SyncKind, *, by: User | None) -> tuple[SyncRun, bool]:
    """The run and whether it begins now. One that a dead worker left open is taken over; a user doesn't wait for the
    pause after a failed attempt."""
    with transaction.atomic():
        run, begins = SyncRun.objects.get_or_create(kind=kind, finished_at__isnull=True, defaults={"requested_by": by})
        if begins:
            audit_log.record_event(AuditEvent.Action.SYNC, by=by, target=f"sync:{run.pk}", kind=kind)
        elif by:
            SyncRun.objects.filter(pk=run.pk).update(next_attempt_at=timezone.now())
    return run, begins


def attempt_run(kind: SyncKind, compare: Callable[[], SyncRun], *, purpose: str) -> SyncRun | None:
    """One attempt at a run that is one read of a whole list. None when the vendor gave no usable answer: that is
    recorded in the run, which is due again after a growing pause."""
    finished: list[SyncRun] = []
    opened = iter([open_run(kind, by=None)[0]])
    drain_vendor_reads(
        lambda: next(opened, None),
        lambda _: finished.append(compare()),
        record_failed_attempt,
        purpose=purpose,
        stop_unreachable=True,
    )
    return finished[0] if finished else None


def record_failed_attempt(run: SyncRun, failure: tenovi.VendorFailure) -> None:
    attempts = run.attempts + 1
    pause = backoff(attempts, first_seconds=FIRST_BACKOFF_SECONDS, max_seconds=MAX_BACKOFF_SECONDS)
    SyncRun.objects.filter(pk=run.pk).update(
        attempts=attempts, next_attempt_at=timezone.now() + pause, problem=str(failure.error)[:MAX_PROBLEM_LENGTH]
    )


def close_run(run: SyncRun, *, found: int, differences: Sequence[dict[str, str]]) -> None:
    run.found, run.differences, run.finished_at, run.problem = found, list(differences), timezone.now(), ""
    run.save(update_fields=["found", "differences", "finished_at", "problem"])


def is_run_due(kind: SyncKind, *, every: dt.timedelta) -> bool:
    """No run finished within the period, or a person has asked for one. An attempt that failed is repeated later."""
    runs, now = SyncRun.objects.filter(kind=kind), timezone.now()
    if unfinished := runs.unfinished().first():
        return unfinished.next_attempt_at <= now
    return not runs.filter(finished_at__gte=now - every).exists()


def has_unfinished_run(kind: SyncKind) -> bool:
    return SyncRun.objects.unfinished().filter(kind=kind).exists()


def run_to_completion(run: SyncRun, work: Callable[[], bool]) -> SyncRun:
    """Call `work` until the run is finished. Workers may work on the same rows meanwhile: each row is claimed once."""
    while SyncRun.objects.unfinished().filter(pk=run.pk).exists():
        if not work():
            time.sleep(FOREGROUND_PAUSE_SECONDS)
    return SyncRun.objects.get(pk=run.pk)
