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
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q
from django.utils import timezone

from devices.models import Assignment, Delivery
from devices.models.delivery import MOST_ATTEMPTS, DeliveryKind, DeliverySource, DeliveryState

logger = logging.getLogger(__name__)

BATCH = 200
SLICE_SECONDS = 60
WAIT_FOR_DEVICE = dt.timedelta(days=1)  # a backstop: the device's arrival wakes it, the look-up settles it
FIRST_BACKOFF_SECONDS = 15


@dataclass(frozen=True)
class Outcome:
    """What became of one delivery. `reason` is for a person; `counts` are numbers only."""

    state: DeliveryState = DeliveryState.DONE
    reason: str = ""
    hwi_id: uuid.UUID | None = None
    flagged: bool = False
    counts: dict[str, int] = field(default_factory=dict)


Handler = Callable[[Sequence[Delivery]], Sequence[Outcome]]


def receive(*, kind: str, body: bytes, source: str = DeliverySource.WEBHOOK) -> int:
    """Keep the bytes; the delivery's id."""
    digest = hashlib.sha256(body).digest()
    return Delivery.objects.create(kind=kind, source=source, body=body, digest=digest).pk


def set_aside(
    *,
    kind: str,
    raw: str,
    outcome: Outcome,
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
        "next_attempt_at": _next_look(outcome),
    }
    if parent is None:
        if not Delivery.objects.filter(digest=fields["digest"], source=source, kind=kind).exists():
            Delivery.objects.create(**fields)
        return
    Delivery.objects.get_or_create(parent=parent, position=position, defaults=fields)


def drain(kind: DeliveryKind, handle: Handler, *, seconds: float = SLICE_SECONDS) -> int:
    """Work off what waits, at most about `seconds`. Returns how many deliveries were looked at."""
    deadline, seen = time.monotonic() + seconds, 0
    while time.monotonic() < deadline and (batch := claim(kind)):
        seen += len(batch)
        _work(batch, handle)
    return seen


def claim(kind: DeliveryKind, *, limit: int = BATCH) -> list[Delivery]:
    """Take a lease on the oldest due rows. One whose worker died comes alone: it may be what killed it."""
    with transaction.atomic():
        due = Delivery.objects.due(kind).order_by("next_attempt_at", "pk").select_for_update(skip_locked=True)
        batch = list(due.filter(lease__isnull=False)[:1]) or list(due.filter(lease__isnull=True)[:limit])
        lease = uuid.uuid4()
        until = timezone.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)
        rows = Delivery.objects.filter(pk__in=[row.pk for row in batch])
        if batch and batch[0].lease is not None:
            rows.update(lease=lease, leased_until=until, attempts=F("attempts") + 1)
            batch[0].attempts += 1
        elif batch:
            rows.update(lease=lease, leased_until=until)
        for row in batch:
            row.lease = lease
    return batch


def _work(batch: Sequence[Delivery], handle: Handler) -> None:
    if len(batch) == 1 and batch[0].attempts >= MOST_ATTEMPTS:
        _settle(batch, [Outcome(DeliveryState.DEAD, "The worker died each time while working on this.")])
        return
    try:
        with transaction.atomic():
            _settle(batch, handle(batch))
        _wake_overtaken(batch)
    except (OperationalError, InterfaceError):
        raise  # the database is in trouble, not the row: its lease runs out and it is tried again, no attempt used
    except Exception as error:  # noqa: BLE001  whatever it is, it must cost this row alone; it is kept and shown
        if len(batch) == 1:
            _failed(batch[0], error)
            return
        for row in batch:
            _work([row], handle)


def _failed(row: Delivery, error: Exception) -> None:
    attempts = row.attempts + 1
    dead = attempts >= MOST_ATTEMPTS
    logger.error("delivery %s failed, attempt %s: %s", row.pk, attempts, type(error).__name__, exc_info=not dead)
    Delivery.objects.filter(pk=row.pk, lease=row.lease).update(
        attempts=attempts,
        state=DeliveryState.DEAD if dead else F("state"),
        reason=f"Working on it failed {attempts} times ({type(error).__name__}).",
        next_attempt_at=timezone.now() + _backoff(attempts),
        lease=None,
        leased_until=None,
    )


def _backoff(attempts: int) -> dt.timedelta:
    """Doubling, with full jitter above the half, so that rows which failed together don't return together."""
    seconds = FIRST_BACKOFF_SECONDS * 2 ** (attempts - 1)
    return dt.timedelta(seconds=seconds * random.uniform(0.5, 1))  # noqa: S311


def _next_look(outcome: Outcome) -> dt.datetime:
    waits = outcome.state == DeliveryState.WAITING
    return timezone.now() + (WAIT_FOR_DEVICE if waits else dt.timedelta())


def _settle(batch: Sequence[Delivery], outcomes: Sequence[Outcome]) -> None:
    """Completion checks the lease: a worker that was too slow finds its rows taken and changes nothing."""
    plain_done = [row for row, outcome in zip(batch, outcomes, strict=True) if outcome == Outcome()]
    _close(Delivery.objects.filter(pk__in=[row.pk for row in plain_done], lease=batch[0].lease), Outcome())
    for row, outcome in zip(batch, outcomes, strict=True):
        if outcome != Outcome():
            _close(Delivery.objects.filter(pk=row.pk, lease=row.lease), outcome)


def _close(rows: Any, outcome: Outcome) -> None:
    waits = outcome.state == DeliveryState.WAITING
    rows.update(
        state=outcome.state,
        reason=outcome.reason,
        hwi_id=outcome.hwi_id,
        flagged=outcome.flagged,
        outcome=outcome.counts,
        next_attempt_at=_next_look(outcome),
        processed_at=None if waits else timezone.now(),
        lease=None,
        leased_until=None,
    )


def wake(hwi_id: uuid.UUID) -> int:
    """The device that these wait for is known now."""
    return Delivery.objects.filter(state=DeliveryState.WAITING, hwi_id=hwi_id).update(next_attempt_at=timezone.now())


def _wake_overtaken(batch: Sequence[Delivery]) -> None:
    """A device that arrived while this batch was in hand woke nobody: these rows were not waiting yet."""
    keys = [row.pk for row in batch]
    waiting = Delivery.objects.filter(Q(pk__in=keys) | Q(parent__in=keys), state=DeliveryState.WAITING)
    held = Assignment.objects.filter(device__hwi_id__in=waiting.values("hwi_id"))
    waiting.filter(hwi_id__in=held.values("device__hwi_id")).update(next_attempt_at=timezone.now())


def replay(deliveries: Any) -> int:
    """Work on them once more. Replaying everything changes nothing that was understood the first time."""
    return deliveries.exclude(purged_at__isnull=False).update(
        state=DeliveryState.NEW, reason="", attempts=0, next_attempt_at=timezone.now(), lease=None, leased_until=None
    )
