"""Database rows as a work queue: due, claim, lease, retry with backoff, and one loop that drains what is due.

A model whose rows are work inherits `WorkItem` and adds its state. A worker claims a row with a lease, works outside
any transaction, and changes the row only while the lease is still its own; the lease of a dead worker runs out.
"""

from __future__ import annotations

import datetime as dt
import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

Item = TypeVar("Item")
Row = TypeVar("Row", bound="WorkItem")

SLICE_SECONDS = 60.0  # of one drain; then other tasks of the queue get their turn


def lease_end() -> dt.datetime:
    """Until when a row that is claimed now is leased."""
    return timezone.now() + dt.timedelta(seconds=settings.LEASE_SECONDS)


def backoff(attempts: int, *, first_seconds: float, max_seconds: float) -> dt.timedelta:
    """The pause after the given number of failed attempts (1 or more): doubling, capped, with jitter above the half,
    so that rows that failed together are not all due again together."""
    seconds = min(max_seconds, first_seconds * 2 ** min(attempts - 1, 30))
    return dt.timedelta(seconds=seconds * random.uniform(0.5, 1))  # noqa: S311 - a pause, no secret


class WorkItemQuerySet(models.QuerySet[Row]):
    def due(self) -> Self:
        """Their time has come, and no worker has them leased."""
        now = timezone.now()
        return self.filter(Q(leased_until__isnull=True) | Q(leased_until__lt=now), next_attempt_at__lte=now)

    def claim(self, limit: int = 1, **changes: Any) -> models.QuerySet[Row]:
        """Lease the first `limit` of these rows, in their order, and set `changes`: committed when this returns.

        Two workers never claim the same row: rows that another one is claiming are skipped.
        """
        lease, rows = uuid.uuid4(), self.model._default_manager
        with transaction.atomic(durable=True):
            locked = self.select_for_update(skip_locked=True, of=("self",), no_key=True).only("pk")[:limit]
            keys = [row.pk for row in locked]
            rows.filter(pk__in=keys).update(lease=lease, leased_until=lease_end(), **changes)
        return rows.filter(lease=lease) if keys else rows.none()


class WorkItem(models.Model):
    """A row that workers claim, work on and retry. Subclasses have a QuerySet that extends `WorkItemQuerySet`."""

    FIRST_BACKOFF_SECONDS: ClassVar[float] = 15.0
    MAX_BACKOFF_SECONDS: ClassVar[float] = 3600.0
    # As read when the row was claimed; a row where they differ by now is left alone.
    GUARDED_FIELDS: ClassVar[tuple[str, ...]] = ("lease",)

    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def update_claimed(self, **changes: Any) -> bool:
        """Change the row unless it has been changed elsewhere since it was claimed. False: nothing was changed."""
        as_claimed = {name: getattr(self, name) for name in self.GUARDED_FIELDS}
        if not type(self)._default_manager.filter(pk=self.pk, **as_claimed).update(**changes):
            return False
        for name, value in changes.items():
            setattr(self, name, value)
        return True

    def release(self, **changes: Any) -> bool:
        """End the lease and set `changes`, as `update_claimed` does."""
        return self.update_claimed(lease=None, leased_until=None, **changes)

    def fail(self, **changes: Any) -> bool:
        """Count a failed attempt and retry after the backoff, as `update_claimed` does."""
        attempts = self.attempts + 1
        return self.release(attempts=attempts, next_attempt_at=timezone.now() + self.backoff(attempts), **changes)

    def backoff(self, attempts: int) -> dt.timedelta:
        return backoff(attempts, first_seconds=self.FIRST_BACKOFF_SECONDS, max_seconds=self.MAX_BACKOFF_SECONDS)


class DrainEnd(Enum):
    EMPTY = "nothing more is due"
    STOPPED = "no further item can be worked on now"
    TIME_UP = "the slice is over"


@dataclass(frozen=True)
class Drained:
    count: int  # of items that were worked on, failed ones included
    end: DrainEnd


def drain(
    claim: Callable[[], Item | None], work: Callable[[Item], bool | None], *, seconds: float = SLICE_SECONDS
) -> Drained:
    """Work on one item after another for about `seconds`.

    `claim` returns None (or an empty batch) when nothing is due. `work` returns False when it makes no sense to work on
    further items now; an item that it leaves must not be due at once, or it is claimed again.
    """
    deadline, count = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        item = claim()
        if not item:
            return Drained(count, DrainEnd.EMPTY)
        if work(item) is False:
            return Drained(count, DrainEnd.STOPPED)
        count += 1
    return Drained(count, DrainEnd.TIME_UP)
