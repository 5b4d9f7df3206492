"""Claims of webhook deliveries in batches: two workers never lease the same one, and a dead worker's come back."""

from __future__ import annotations

import uuid

from django.utils import timezone

from devices.models import Delivery
from devices.models.delivery import DeliveryKind
from patients.queueing.work_item import lease_end

BATCH_SIZE = 200
MAX_BATCH_BYTES = 8_000_000  # 200 lists of the largest size would be 200 MiB of a worker's memory

# What `WorkItemQuerySet.claim` does in three statements, in one that also returns the rows: one worker drains 8,600
# readings per second in lists of 100 and 2,200 in single deliveries with it (`make bench`).
CLAIM_SQL = """
WITH due AS (
    SELECT id, next_attempt_at, octet_length(body) AS bytes FROM devices_delivery
    WHERE kind = %(kind)s AND state IN ('new', 'waiting') AND next_attempt_at <= %(now)s AND {free}
    ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT id, sum(bytes) OVER (ORDER BY next_attempt_at, id) - bytes AS bytes_before FROM due
)
UPDATE devices_delivery AS row SET lease = %(lease)s, leased_until = %(until)s, attempts = row.attempts + {attempts}
FROM counted WHERE row.id = counted.id AND counted.bytes_before < %(max_bytes)s
RETURNING row.id, row.kind, row.body, row.received_at, row.attempts, row.next_attempt_at, row.lease
"""
CLAIM_DUE_SQL = CLAIM_SQL.format(free="lease IS NULL", attempts=0)
CLAIM_ORPHAN_SQL = CLAIM_SQL.format(free="lease IS NOT NULL AND leased_until < %(now)s", attempts=1)


def claim_due_deliveries(kind: DeliveryKind, *, limit: int = BATCH_SIZE) -> list[Delivery]:
    """Lease the longest due rows that no worker has leased before."""
    return claim_deliveries(CLAIM_DUE_SQL, kind, limit=limit)


def claim_orphaned_delivery(kind: DeliveryKind) -> list[Delivery]:
    """One whose worker died, alone, because it may be what killed the worker. Costs an attempt."""
    return claim_deliveries(CLAIM_ORPHAN_SQL, kind, limit=1)


def claim_deliveries(statement: str, kind: DeliveryKind, *, limit: int) -> list[Delivery]:
    values = {
        "kind": kind,
        "now": timezone.now(),
        "until": lease_end(),
        "lease": uuid.uuid4(),
        "limit": limit,
        "max_bytes": MAX_BATCH_BYTES,
    }
    return sorted(Delivery.objects.raw(statement, values), key=lambda row: (row.next_attempt_at, row.pk))
