"""Deliveries are taken in hand with a lease: two workers never hold the same one, and a dead worker's come back."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.utils import timezone

from devices.models import Delivery
from devices.models.delivery import DeliveryKind

BATCH = 200

# One statement each: the row locks, the lease and the answer.
CLAIM = """
WITH due AS (
    SELECT id FROM devices_delivery
    WHERE kind = %(kind)s AND state IN ('new', 'waiting') AND next_attempt_at <= %(now)s AND {free}
    ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE devices_delivery AS row SET lease = %(lease)s, leased_until = %(until)s, attempts = row.attempts + {attempts}
FROM due WHERE row.id = due.id
RETURNING row.id, row.kind, row.body, row.received_at, row.attempts, row.next_attempt_at, row.lease
"""
DUE = CLAIM.format(free="lease IS NULL", attempts=0)
ORPHAN = CLAIM.format(free="lease IS NOT NULL AND leased_until < %(now)s", attempts=1)


def due(kind: DeliveryKind, *, limit: int = BATCH) -> list[Delivery]:
    """Take a lease on the oldest rows that nobody has had in hand."""
    return _claimed(DUE, kind, limit=limit)


def orphan(kind: DeliveryKind) -> list[Delivery]:
    """One whose worker died, alone: it may be what killed it. Costs an attempt."""
    return _claimed(ORPHAN, kind, limit=1)


def _claimed(statement: str, kind: DeliveryKind, *, limit: int) -> list[Delivery]:
    now = timezone.now()
    until = now + dt.timedelta(seconds=settings.LEASE_SECONDS)
    values = {"kind": kind, "now": now, "until": until, "lease": uuid.uuid4(), "limit": limit}
    return sorted(Delivery.objects.raw(statement, values), key=lambda row: (row.next_attempt_at, row.pk))
