"""Maintenance of stored deliveries: replay, dismissal, and the purge of old bodies."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection
from django.utils import timezone

from devices.models.delivery import DeliveryState
from patients.queueing.work_item import SLICE_SECONDS, drain

BODY_RETENTION = dt.timedelta(days=90)
PURGE_BATCH_SIZE = 1_000


def replay_deliveries(deliveries: Any) -> int:
    """Process them once more; purged ones are left out. A replay changes nothing that was understood the first time."""
    return deliveries.exclude(purged_at__isnull=False).update(
        state=DeliveryState.NEW, reason="", attempts=0, next_attempt_at=timezone.now(), lease=None, leased_until=None
    )


def dismiss_deliveries(deliveries: Any, *, reason: str) -> int:
    """A person has decided that nothing needs to be done about them. They may still be replayed."""
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
    """Empty the bodies of deliveries that were done that long ago. Digest and outcome stay, and so do all bodies that
    need a person. Returns how many."""
    now, purged = timezone.now(), 0
    values: dict[str, Any] = {"now": now, "before": now - older_than, "limit": PURGE_BATCH_SIZE}

    def purge_batch() -> int:
        with connection.cursor() as cursor:
            cursor.execute(PURGE_SQL, values)
            return int(cursor.rowcount)

    def count_purged(rows: int) -> bool:
        nonlocal purged
        purged += rows
        return rows == PURGE_BATCH_SIZE

    drain(purge_batch, count_purged, seconds=seconds)
    return purged
