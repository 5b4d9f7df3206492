"""Rate limiter: one request per second and API key for all processes, by one row per key in PostgreSQL.

The slot is taken last before a request is written, on a connection that is already open. Slots are timed by the
database's clock; the local one only measures the pauses.

The margin: slots are 1.05 s apart and the vendor allows one request a second, so two requests may differ by 50 ms in
their delay. 20 ms of them are ours (SLOT_LATE_SECONDS: from the database's answer to the first byte at the socket,
checked at that byte by `transport`; a slot used later is released unused). 30 ms are left to the network and to the
vendor's own clock. See `transport` for the measurement without these precautions.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from devices.models.api_key_slot import ApiKeySlot
from patients.queueing.wakeup import wake_worker

from . import rate_limiter_sql
from .errors import Misconfigured, NotSent, VendorError

logger = logging.getLogger(__name__)

SLOT_LATE_SECONDS = 0.020
CONNECT_AHEAD_SECONDS = 1.0  # before a slot opens: time to connect again
DEFAULT_PENALTY_SECONDS = 5.0  # 429 without a usable Retry-After
MAX_PENALTY_SECONDS = 900.0  # a longer Retry-After is treated as an error of the vendor
SHARED_BUCKET = "shared"


class NoSlotAvailable(NotSent):
    """The next slot is further away than the caller can wait."""


@dataclass(frozen=True)
class ApiKey:
    secret: str = field(repr=False)

    @property
    def bucket(self) -> str:
        """Fingerprint that identifies the key in rows and log lines."""
        return hashlib.sha256(self.secret.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Slot:
    """One request with `key` may be sent at `opens` (monotonic; `earliest` if the database answered at once)."""

    key: ApiKey
    bucket: str
    booked: dt.datetime
    earliest: float
    opens: float

    @property
    def latest_write(self) -> float:
        """When the first byte must have been written (monotonic)."""
        return self.earliest + SLOT_LATE_SECONDS

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self.latest_write


class RateLimiter:
    """Slots on some keys: for a user, who books ahead, or for background work, which yields and takes the idlest."""

    def __init__(self, keys: Iterable[ApiKey], *, gap_seconds: float, for_user: bool, shared: bool = False) -> None:
        self.keys = tuple(keys)
        self.gap = dt.timedelta(seconds=gap_seconds)
        self.for_user = for_user
        self.shared = shared

    def take_slot(self, *, max_wait: float, prepare: Callable[[], None] = lambda: None) -> Slot:
        """Wait for a slot and return when it opens. `prepare` runs shortly before. NoSlotAvailable beyond `max_wait`
        seconds; Misconfigured when the vendor has refused each key; RuntimeError inside a transaction."""
        forbid_open_transaction()
        deadline = time.monotonic() + max_wait
        while True:
            by_bucket = self.load_usable_keys()
            if slot := self.try_book_slot(by_bucket, deadline - time.monotonic()):
                return self.wait_for_opening(slot, prepare)
            self.wait_for_turn(list(by_bucket), deadline)

    def release_slot(self, slot: Slot) -> None:
        """Nothing was sent. No effect when a later slot is booked already."""
        execute_statement(rate_limiter_sql.RELEASE_SLOT, gap=self.gap, bucket=slot.bucket, booked=slot.booked)

    def apply_penalty(self, slot: Slot, seconds: float | None) -> None:
        """429: no calls on this bucket for `seconds`. None: the vendor gave no time."""
        penalty = min(DEFAULT_PENALTY_SECONDS if seconds is None else seconds, MAX_PENALTY_SECONDS)
        execute_statement(rate_limiter_sql.APPLY_PENALTY, penalty=dt.timedelta(seconds=penalty), bucket=slot.bucket)
        logger.warning("Tenovi throttled key %s for %.0f s", slot.key.bucket, penalty)

    def mark_key_refused(self, slot: Slot, reason: str) -> None:
        """401 or 403: the key is not used until an operator clears or replaces it."""
        ApiKeySlot.objects.filter(bucket=slot.key.bucket, refused_since=None).update(
            refused_since=Now(), refused_reason=reason[:200]
        )
        wake_worker("exceptions")
        logger.error("Tenovi refused key %s: %s. It is not used any more.", slot.key.bucket, reason)

    def load_usable_keys(self) -> dict[str, ApiKey]:
        """Slot bucket to key, without the keys that the vendor refused."""
        buckets = {key.bucket for key in self.keys} | ({SHARED_BUCKET} if self.shared else set())
        known = dict(ApiKeySlot.objects.filter(bucket__in=buckets).values_list("bucket", "refused_since"))
        if missing := buckets - known.keys():
            rows = [ApiKeySlot(bucket=bucket, next_free_at=Now()) for bucket in sorted(missing)]
            ApiKeySlot.objects.bulk_create(rows, ignore_conflicts=True)
        good = [key for key in self.keys if known.get(key.bucket) is None]
        if not good:
            raise Misconfigured(
                "Tenovi refused our API key; nothing is sent until an operator has replaced or cleared it"
            )
        return {SHARED_BUCKET: good[0]} if self.shared else {key.bucket: key for key in good}

    def try_book_slot(self, by_bucket: dict[str, ApiKey], ahead: float) -> Slot | None:
        before = time.monotonic()
        statement = rate_limiter_sql.BOOK_USER_SLOT if self.for_user else rate_limiter_sql.BOOK_BACKGROUND_SLOT
        ahead_by = dt.timedelta(seconds=max(0.0, ahead))
        row = execute_statement(statement, gap=self.gap, ahead=ahead_by, buckets=list(by_bucket))
        if row is None:
            return None
        bucket, booked, wait = row
        after = time.monotonic()
        return Slot(by_bucket[bucket], bucket, booked, earliest=before + float(wait), opens=after + float(wait))

    def wait_for_opening(self, slot: Slot, prepare: Callable[[], None]) -> Slot:
        sleep_until(slot.opens - CONNECT_AHEAD_SECONDS)
        try:
            prepare()
        except VendorError:
            self.release_slot(slot)
            raise
        sleep_until(slot.opens)
        return slot

    def wait_for_turn(self, buckets: list[str], deadline: float) -> None:
        row = execute_statement(
            rate_limiter_sql.USER_WAIT if self.for_user else rate_limiter_sql.BACKGROUND_WAIT, buckets=buckets
        )
        wait = max(0.0, float(row[0] or 0))
        if time.monotonic() + wait >= deadline:
            if self.for_user:
                execute_statement(rate_limiter_sql.ANNOUNCE_WAITING_USER, gap=self.gap, buckets=buckets)
            raise NoSlotAvailable(f"the next slot is {wait:.1f} s away", retry_after=wait)
        # Jitter, so that several processes don't all query at the same time.
        time.sleep(wait + random.uniform(0.001, 0.010))  # noqa: S311  a pause, no secret


def clear_refused_key(bucket: str) -> None:
    """An operator confirms that the vendor accepts the key again."""
    ApiKeySlot.objects.filter(bucket=bucket).update(refused_since=None, refused_reason="")
    wake_worker("exceptions")


def forbid_open_transaction() -> None:
    """The network is never used while a transaction is open. The transaction that a test case wraps around a test
    doesn't count, just as for Django's own durable blocks."""
    blocks = connection.atomic_blocks
    if blocks and not getattr(blocks[-1], "_from_testcase", False):
        raise RuntimeError("the vendor must not be called inside a transaction")


def sleep_until(at: float) -> None:
    """`at` by time.monotonic()."""
    time.sleep(max(0.0, at - time.monotonic()))


def execute_statement(statement: str, **values: Any) -> Any:
    """Run one SQL statement; its first row, or None."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None
