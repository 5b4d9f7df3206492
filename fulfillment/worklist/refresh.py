"""Refresh of the worklist: exceptions are opened, updated and closed by what each source finds now.

Each source is compared as a whole, with the same number of queries for any number of patients and exceptions.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.utils import timezone

from fulfillment.worklist.kinds import Finding, WorklistSource, kind_named, rank_of, registry
from fulfillment.worklist.models import MAX_TEXT_LETTERS, WorklistEvent, WorklistItem
from patients.models import Patient
from patients.queueing import periodic_jobs

logger = logging.getLogger(__name__)

JOB_NAME = "exceptions"
BATCH_SIZE = 500
FOLLOWING_COLUMNS = (
    *("since", "clinic_id", "patient_id", "name", "device_id", "gateway_id", "line_id", "call_id", "facts"),
    *("fingerprint", "dismissed_at", "dismissed_by_id", "dismissal_reason", "live_version"),
)
ItemKey = tuple[str, str]  # kind and subject


@dataclass
class RefreshCounts:
    opened: int = 0
    changed: int = 0
    closed: int = 0

    def __bool__(self) -> bool:
        return bool(self.opened or self.changed or self.closed)


def refresh_worklist() -> RefreshCounts | None:
    """Once at a time over all machines: None while another process does it. A source that fails holds up no other."""
    counts, failures = RefreshCounts(), list[Exception]()
    with periodic_jobs.run_exclusively(JOB_NAME) as acquired:
        if not acquired:
            return None
        for source in registry.sources:
            try:
                refresh_source(source, now=timezone.now(), counts=counts)
            except (DatabaseError, ArithmeticError, LookupError, TypeError, ValueError) as error:
                logger.exception("exceptions of %s not refreshed", ", ".join(kind.name for kind in source.kinds))
                failures.append(error)
        if failures:
            raise failures[0]  # the job's record says so, and the alarm of its age goes off
    return counts


@transaction.atomic
def refresh_source(source: WorklistSource, *, now: dt.datetime, counts: RefreshCounts) -> None:
    found: dict[ItemKey, Finding] = {(finding.kind, finding.subject): finding for finding in source.find(now)}
    unsolved = WorklistItem.objects.unsolved().filter(kind__in=[kind.name for kind in source.kinds])
    columns = ("kind", "subject", "pk", "patient_id", "fingerprint")
    rows = unsolved.order_by().values_list(*columns)
    stored = {(kind, subject): (pk, patient, seen) for kind, subject, pk, patient, seen in rows}
    gone, new = stored.keys() - found.keys(), found.keys() - stored.keys()
    changed = [key for key, (*_, seen) in stored.items() if key in found and found[key].fingerprint != seen]
    # Pages of patients show their exceptions. Locked before the exceptions, as everywhere.
    patients = {stored[key][1] for key in (*gone, *changed)} | {found[key].patient_id for key in (*new, *changed)}
    if touched := [pk for pk in patients if pk]:
        Patient.objects.touch_live_version(touched)
    ended = close_items([stored[key][0] for key in gone], now=now)
    update_items([stored[key][0] for key in changed], found, now=now)
    owners = {item.subject: item.owner_id for item in ended if item.owner_id}
    opened = open_items([found[key] for key in new], owners, now=now)
    counts.opened, counts.changed, counts.closed = (
        counts.opened + opened,
        counts.changed + len(changed),
        counts.closed + len(ended),
    )


def open_items(findings: Iterable[Finding], owners: dict[str, int], *, now: dt.datetime) -> int:
    """`owners` of exceptions that have just ended, by subject: its owner stays when its kind changes."""
    items = [
        WorklistItem(
            kind=finding.kind, subject=finding.subject, rank=rank_of(finding.kind), opened_at=now,
            owner_id=owners.get(finding.subject), **finding.columns,
        )
        for finding in findings
    ]  # fmt: skip
    WorklistItem.objects.bulk_create(items, batch_size=BATCH_SIZE)
    add_events(items, WorklistEvent.Kind.OPENED, now=now)
    return len(items)


def update_items(keys: Sequence[uuid.UUID], found: dict[ItemKey, Finding], *, now: dt.datetime) -> None:
    """A dismissed exception whose facts have changed is open again; its reason stays in the history."""
    if not keys:
        return
    items = list(WorklistItem.objects.unsolved().filter(pk__in=keys).select_for_update(no_key=True).order_by("pk"))
    returned = [item for item in items if item.dismissed_at]
    for item in items:
        for name, value in found[item.kind, item.subject].columns.items():
            setattr(item, name, value)
        item.dismissed_at = item.dismissed_by = None
        item.dismissal_reason, item.live_version = "", item.live_version + 1
    WorklistItem.objects.bulk_update(
        items, [name.removesuffix("_id") for name in FOLLOWING_COLUMNS], batch_size=BATCH_SIZE
    )
    add_events(returned, WorklistEvent.Kind.RETURNED, now=now)


def close_items(keys: Sequence[uuid.UUID], *, now: dt.datetime) -> list[WorklistItem]:
    if not keys:
        return []
    related = ("patient", "gateway", "device", "line__closed_by", "line__corrected_by", "call__resolved_by")
    rows = WorklistItem.objects.unsolved().filter(pk__in=keys).select_related(*related).order_by("pk")
    items = list(rows.select_for_update(of=("self",), no_key=True))
    for item in items:
        kind = kind_named(item.kind)
        item.closed_at, item.live_version = now, item.live_version + 1
        item.solution = (kind.explain_end(item) or kind.ended)[:MAX_TEXT_LETTERS]
    WorklistItem.objects.bulk_update(items, ["closed_at", "solution", "live_version"], batch_size=BATCH_SIZE)
    add_events(items, WorklistEvent.Kind.SOLVED, now=now)
    return items


def add_events(items: Iterable[WorklistItem], kind: WorklistEvent.Kind, *, now: dt.datetime) -> None:
    WorklistEvent.objects.bulk_create(
        (WorklistEvent(item=item, at=now, kind=kind, text=item.solution) for item in items), batch_size=BATCH_SIZE
    )
