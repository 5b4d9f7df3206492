"""The inbox: every webhook is a row before it is acknowledged, is claimed with a lease, and ends in a clear state.

A handler gets a batch and answers with one Outcome each. It runs in the transaction that settles the batch, so what it
stored and "done" stand or fall together. A batch that breaks is tried again row by row: a poison row delays nobody.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import random
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from devices.inbox import leases
from devices.models import Assignment, Delivery
from devices.models.delivery import MAX_ATTEMPTS, DeliveryKind, DeliverySource, DeliveryState

logger = logging.getLogger(__name__)

MAX_TRANSACTION_BYTES = 2_000_000  # some 5,000 readings: more in one transaction hold their patients' rows for too long
SLICE_SECONDS = 60
DEVICE_WAIT_LIMIT = dt.timedelta(days=1)  # a backstop: the device's arrival wakes it, the look-up settles it
FIRST_BACKOFF_SECONDS = 15
BODY_RETENTION = dt.timedelta(days=90)
PURGE_BATCH_SIZE = 1_000


@dataclass(frozen=True)
class DeliveryOutcome:
    """What became of one delivery. `reason` is for a person; `counts` are numbers only."""

    state: DeliveryState = DeliveryState.DONE
    reason: str = ""
    hwi_id: uuid.UUID | None = None
    flagged: bool = False
    counts: dict[str, int] = field(default_factory=dict)


DONE_OUTCOME = DeliveryOutcome()
DeliveryBatch = Sequence[Delivery]
DeliveryHandler = Callable[[DeliveryBatch], Sequence[DeliveryOutcome]]


RECEIVE_SQL = """
INSERT INTO devices_delivery (kind, source, body, digest, received_at, state, reason, outcome, flagged, attempts,
    next_attempt_at) VALUES (%s, %s, %s, %s, %s, 'new', '', '{}', false, 0, %s) RETURNING id
"""


def receive_delivery(*, kind: str, body: bytes, source: str = DeliverySource.WEBHOOK) -> int:
    """Keep the bytes; the delivery's id. Written by hand: the ORM takes a third of the receiver's time for it."""
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
    """Keep one item of a list apart. A replay of its parent finds the row that is there."""
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
        "next_attempt_at": next_attempt_time(outcome),
    }
    if parent is None:
        if not Delivery.objects.filter(digest=fields["digest"], source=source, kind=kind).exists():
            Delivery.objects.create(**fields)
        return
    Delivery.objects.get_or_create(parent=parent, position=position, defaults=fields)


def process_due_deliveries(kind: DeliveryKind, handle: DeliveryHandler, *, seconds: float = SLICE_SECONDS) -> int:
    """Work off what waits, at most about `seconds`. Returns how many deliveries were looked at."""
    deadline, seen, look = time.monotonic() + seconds, 0, leases.claim_orphaned_delivery
    while time.monotonic() < deadline:
        if batch := look(kind):
            seen += len(batch)
            for portion in split_batch(batch):
                process_batch(portion, handle)
        elif look is leases.claim_orphaned_delivery:
            look = leases.claim_due_deliveries
        else:
            break
    return seen


def split_batch(batch: DeliveryBatch) -> Iterator[list[Delivery]]:
    """What is worked on in one transaction: 200 lists of the largest size would be 50 MiB."""
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
        raise  # the database is in trouble, not the row: its lease runs out and it is tried again, no attempt used
    except Exception as error:  # noqa: BLE001  whatever it is, it must cost this row alone; it is kept and shown
        if len(batch) == 1:
            record_failure(batch[0], error)
            return
        for row in batch:
            process_batch([row], handle)


def record_failure(row: Delivery, error: Exception) -> None:
    attempts = row.attempts + 1
    dead = attempts >= MAX_ATTEMPTS
    logger.error(
        "delivery %s failed, attempt %s: %s at %s", row.pk, attempts, type(error).__name__, error_location(error)
    )
    Delivery.objects.filter(pk=row.pk, lease=row.lease).update(
        attempts=attempts,
        state=DeliveryState.DEAD if dead else F("state"),
        reason=f"Working on it failed {attempts} times ({type(error).__name__}).",
        next_attempt_at=timezone.now() + backoff_delay(attempts),
        lease=None,
        leased_until=None,
    )


def error_location(error: Exception) -> str:
    """Where it was raised. Never its text, which may quote a value."""
    frames = traceback.extract_tb(error.__traceback__)
    return ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:])


def backoff_delay(attempts: int) -> dt.timedelta:
    """Doubling, with full jitter above the half, so that rows which failed together don't return together."""
    seconds = FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1)
    return dt.timedelta(seconds=seconds * random.uniform(0.5, 1))  # noqa: S311  a pause, no secret


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


def wake_waiting_deliveries(hwi_id: uuid.UUID) -> int:
    """The device that these wait for is known now."""
    return Delivery.objects.filter(state=DeliveryState.WAITING, hwi_id=hwi_id).update(next_attempt_at=timezone.now())


def wake_overtaken_deliveries(batch: DeliveryBatch) -> None:
    """A device that arrived while this batch was in hand woke nobody: these rows were not waiting yet."""
    keys = [row.pk for row in batch]
    wake_assigned_deliveries(Delivery.objects.filter(Q(pk__in=keys) | Q(parent__in=keys)))


def wake_assigned_deliveries(rows: Any = None) -> int:
    """Those whose device has a holder by now. Also swept over all of them: an arrival may commit after we looked."""
    rows = Delivery.objects.filter(next_attempt_at__gt=timezone.now()) if rows is None else rows
    waiting = rows.filter(state=DeliveryState.WAITING)
    held = Assignment.objects.filter(device__hwi_id__in=waiting.values("hwi_id"))
    return waiting.filter(hwi_id__in=held.values("device__hwi_id")).update(next_attempt_at=timezone.now())


def replay_deliveries(deliveries: Any) -> int:
    """Work on them once more. Replaying everything changes nothing that was understood the first time."""
    return deliveries.exclude(purged_at__isnull=False).update(
        state=DeliveryState.NEW, reason="", attempts=0, next_attempt_at=timezone.now(), lease=None, leased_until=None
    )


def dismiss_deliveries(deliveries: Any, *, reason: str) -> int:
    """A person has said that nothing needs to be done about them. They may still be replayed."""
    return deliveries.filter(state__in=DeliveryState.needing_review()).update(
        state=DeliveryState.DONE, reason=f"Dismissed: {reason}", processed_at=timezone.now(), lease=None,
        leased_until=None,
    )  # fmt: skip


PURGE_SQL = """
UPDATE devices_delivery SET body = '', purged_at = %(now)s
WHERE id IN (
    SELECT id FROM devices_delivery WHERE state = 'done' AND purged_at IS NULL AND processed_at < %(before)s
    ORDER BY processed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


def purge_bodies(*, older_than: dt.timedelta = BODY_RETENTION, seconds: float = SLICE_SECONDS) -> int:
    """Empty the bodies of what was done with that long ago. Digest and outcome stay; what waits for a person, too."""
    deadline, purged, now = time.monotonic() + seconds, 0, timezone.now()
    values: dict[str, Any] = {"now": now, "before": now - older_than, "limit": PURGE_BATCH_SIZE}
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(PURGE_SQL, values)
            purged += cursor.rowcount
            if cursor.rowcount < PURGE_BATCH_SIZE:
                break
    return purged
