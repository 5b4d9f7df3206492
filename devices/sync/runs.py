"""Sync runs: comparisons with the vendor, one row each, opened once however often they are requested."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from devices.models import SyncRun
from devices.models.sync import SyncKind
from patients.audit import audit_log
from patients.models import AuditEvent

if TYPE_CHECKING:
    from patients.models import User

FOREGROUND_PAUSE_SECONDS = 1.0


def open_run(kind: SyncKind, *, by: User | None) -> tuple[SyncRun, bool]:
    """The run and whether it begins now. One that a dead worker left open is taken over."""
    with transaction.atomic():
        run, begins = SyncRun.objects.get_or_create(kind=kind, finished_at__isnull=True, defaults={"requested_by": by})
        if begins:
            audit_log.record_event(AuditEvent.Action.SYNC, by=by, target=f"sync:{run.pk}", kind=kind)
    return run, begins


def close_run(run: SyncRun, *, found: int, differences: Sequence[dict[str, str]]) -> None:
    run.found, run.differences, run.finished_at = found, list(differences), timezone.now()
    run.save(update_fields=["found", "differences", "finished_at"])


def is_run_due(kind: SyncKind, *, every: dt.timedelta) -> bool:
    """No run finished within the period, or a person has asked for one."""
    runs = SyncRun.objects.filter(kind=kind)
    return has_unfinished_run(kind) or not runs.filter(finished_at__gte=timezone.now() - every).exists()


def has_unfinished_run(kind: SyncKind) -> bool:
    return SyncRun.objects.unfinished().filter(kind=kind).exists()


def run_to_completion(run: SyncRun, work: Callable[[], bool]) -> SyncRun:
    """Call `work` until the run is finished. Workers may work on the same rows meanwhile: each row is claimed once."""
    while SyncRun.objects.unfinished().filter(pk=run.pk).exists():
        if not work():
            time.sleep(FOREGROUND_PAUSE_SECONDS)
    return SyncRun.objects.get(pk=run.pk)
