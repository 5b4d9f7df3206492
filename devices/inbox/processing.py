"""The webhook inbox: each body is stored before it is acknowledged, claimed with a lease, and ends in a clear state.

A handler gets a batch and returns one DeliveryOutcome for each row. It runs in the transaction that completes the
batch, so what it stored and "done" commit together. A batch that fails is tried again row by row.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from devices.inbox import leases
from devices.models import Assignment, Delivery
from devices.models.delivery import MAX_ATTEMPTS, DeliveryKind, DeliverySource, DeliveryState
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import SLICE_SECONDS, drain
from patients.wording import count_noun

logger = logging.getLogger(__name__)

MAX_TRANSACTION_BYTES = 2_000_000  # some 5,000 readings: more in one transaction hold their patients' rows for too long
DEVICE_WAIT_LIMIT = dt.timedelta(days=1)  # a backstop: the device's arrival wakes it, the look-up settles it


@dataclass(frozen=True)
class DeliveryOutcome:
    """The result of one delivery. `reason` is for a person; `counts` are numbers only."""

    state: DeliveryState = DeliveryState.DONE
    reason: str = ""
    hwi_id: uuid.UUID | None = None
    flagged: bool = False
    counts: dict[str, int] = field(default_factory=dict)


DONE_OUTCOME = DeliveryOutcome()
UNREADABLE = "unreadable"  # a count: items that can't be read, not those that belong to no patient
DeliveryBatch = Sequence[Delivery]
DeliveryHandler = Callable[[DeliveryBatch], Sequence[DeliveryOutcome]]


RECEIVE_SQL = """
INSERT INTO devices_delivery (kind, source, body, digest, received_at, state, reason, outcome, flagged, attempts,
    next_attempt_at) VALUES (%s, %s, %s, %s, %s, 'new', '', '{}', false, 0, %s) RETURNING id
"""


def receive_delivery(*, kind: str, body: bytes, source: str = DeliverySource.WEBHOOK) -> int:
    """Store the bytes and return the delivery's id. Raw SQL: the ORM takes a third of the receiver's time for it
    (854 requests/s with it, `make bench`)."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(RECEIVE_SQL, [kind, source, body, hashlib.sha256(body).digest(), now, now])
        return int(cursor.fetchone()[0])


def store_item_delivery(
    *,
    kind: str,
    raw: str,
    outcome: DeliveryOutcome,
    parent: Delivery | None = None,
    position: int | None = None,
    source: str = DeliverySource.ITEM,
) -> None:
    """Store one item of a list as a delivery of its own, received when the list was.

    A replay of its parent finds the row that is there.
    """
    body = raw.encode()
    fields = {
        "kind": kind,
        "source": source,
        "body": body,
        "digest": hashlib.sha256(body).digest(),
        "state": outcome.state,
        "reason": outcome.reason,
        "hwi_id": outcome.hwi_id,
        "flagged": outcome.flagged,
        "outcome": outcome.counts,
        "next_attempt_at": next_attempt_time(outcome),
        "processed_at": timezone.now() if outcome.state == DeliveryState.DONE else None,
    }
    if parent is None:
        if not Delivery.objects.filter(digest=fields["digest"], source=source, kind=kind).exists():
            Delivery.objects.create(**fields)
        return
    fields["received_at"] = parent.received_at
    Delivery.objects.get_or_create(parent=parent, position=position, defaults=fields)


def process_due_deliveries(kind: DeliveryKind, handle: DeliveryHandler, *, seconds: float = SLICE_SECONDS) -> int:
    """Process due deliveries of this kind for about `seconds`: first those whose worker died. Returns how many."""
    deadline, count = time.monotonic() + seconds, 0

    def process(batch: DeliveryBatch) -> None:
        nonlocal count
        count += len(batch)
        for portion in split_batch(batch):
            process_batch(portion, handle)

    for claim in (leases.claim_orphaned_delivery, leases.claim_due_deliveries):
        drain(partial(claim, kind), process, seconds=deadline - time.monotonic())
    return count


def split_batch(batch: DeliveryBatch) -> Iterator[list[Delivery]]:
    """Portions for one transaction each: 1,000 readings are 432 kB."""
    portion: list[Delivery] = []
    size = 0
    for row in batch:
        if portion and size + len(row.body) > MAX_TRANSACTION_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(row)
        size += len(row.body)
    if portion:
        yield portion


def process_batch(batch: DeliveryBatch, handle: DeliveryHandler) -> None:
    if len(batch) == 1 and batch[0].attempts >= MAX_ATTEMPTS:
        complete_batch(batch, [DeliveryOutcome(DeliveryState.DEAD, "The worker died each time while working on this.")])
        return
    try:
        with transaction.atomic():
            outcomes = handle(batch)
            complete_batch(batch, outcomes)
        if any(outcome != DONE_OUTCOME for outcome in outcomes):
            wake_overtaken_deliveries(batch)
    except (OperationalError, InterfaceError):
        raise  # an error of the database, not of the row: its lease runs out and it is tried again, no attempt used
    except Exception as error:  # noqa: BLE001  any error must cost this row alone; it is stored and shown
        if len(batch) == 1:
            record_failure(batch[0], error)
            return
        for row in batch:
            process_batch([row], handle)


def record_failure(row: Delivery, error: Exception) -> None:
    attempts = row.attempts + 1
    logger.error(
        "delivery %s failed, attempt %s: %s at %s", row.pk, attempts, type(error).__name__, error_location(error)
    )
    dead = {"state": DeliveryState.DEAD} if attempts >= MAX_ATTEMPTS else {}
    row.fail(reason=f"Working on it failed {count_noun(attempts, 'time')} ({type(error).__name__}).", **dead)
    if dead:
        wake_worker("exceptions")


def error_location(error: Exception) -> str:
    """Where it was raised. Never its text, which may quote a value."""
    frames = traceback.extract_tb(error.__traceback__)
    return ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:])


def next_attempt_time(outcome: DeliveryOutcome) -> dt.datetime:
    waits = outcome.state == DeliveryState.WAITING
    return timezone.now() + (DEVICE_WAIT_LIMIT if waits else dt.timedelta())


COMPLETE_SQL = """
UPDATE devices_delivery SET state = 'done', reason = '', hwi_id = NULL, flagged = false, outcome = '{}',
    next_attempt_at = %(now)s, processed_at = %(now)s, lease = NULL, leased_until = NULL
WHERE id = ANY(%(keys)s) AND lease = %(lease)s
"""


def complete_batch(batch: DeliveryBatch, outcomes: Sequence[DeliveryOutcome]) -> None:
    """Completion checks the lease: a worker that was too slow finds its rows taken and changes nothing."""
    keys = [row.pk for row, outcome in zip(batch, outcomes, strict=True) if outcome == DONE_OUTCOME]
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(COMPLETE_SQL, {"keys": keys, "lease": batch[0].lease, "now": timezone.now()})
    for row, outcome in zip(batch, outcomes, strict=True):
        if outcome != DONE_OUTCOME:
            complete_deliveries(Delivery.objects.filter(pk=row.pk, lease=row.lease), outcome)


def complete_deliveries(rows: Any, outcome: DeliveryOutcome) -> None:
    waits = outcome.state == DeliveryState.WAITING
    rows.update(
        state=outcome.state,
        reason=outcome.reason,
        hwi_id=outcome.hwi_id,
        flagged=outcome.flagged,
        outcome=outcome.counts,
        next_attempt_at=next_attempt_time(outcome),
        processed_at=None if waits else timezone.now(),
        lease=None,
        leased_until=None,
    )
    if outcome.state in DeliveryState.failed():
        wake_worker("exceptions")


def wake_waiting_deliveries(hwi_id: uuid.UUID) -> int:
    """The device that these wait for is known now."""
    return Delivery.objects.filter(state=DeliveryState.WAITING, hwi_id=hwi_id).update(next_attempt_at=timezone.now())


def wake_overtaken_deliveries(batch: DeliveryBatch) -> None:
    """A device that arrived while this batch was processed woke none of its rows: they were not waiting yet."""
    keys = [row.pk for row in batch]
    wake_assigned_deliveries(Delivery.objects.filter(Q(pk__in=keys) | Q(parent__in=keys)))


def wake_assigned_deliveries(rows: Any = None) -> int:
    """Those whose device has a holder by now. Also swept over all of them: an arrival may commit after the query."""
    rows = Delivery.objects.filter(next_attempt_at__gt=timezone.now()) if rows is None else rows
    waiting = rows.filter(state=DeliveryState.WAITING)
    held = Assignment.objects.filter(device__hwi_id__in=waiting.values("hwi_id"))
    return waiting.filter(hwi_id__in=held.values("device__hwi_id")).update(next_attempt_at=timezone.now())
