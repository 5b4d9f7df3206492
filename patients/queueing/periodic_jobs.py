"""Periodic jobs: one at a time over all machines, with a record of when each last ended well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from patients.queueing.models import PeriodicJob

ADVISORY_LOCK_SPACE = 0x7E11  # keeps our advisory locks apart from anybody else's in this database


@contextmanager
def run_exclusively(name: str) -> Iterator[bool]:
    """Yields False when another process is at it: then do nothing. Beat may be doubled, dead or late.

    The lock belongs to the database session, so a killed worker frees it by dying.
    """
    if not acquire_advisory_lock(name):
        yield False
        return
    try:
        PeriodicJob.objects.update_or_create(name=name, defaults={"started_at": timezone.now()})
        yield True
        PeriodicJob.objects.filter(name=name).update(succeeded_at=timezone.now(), problem="")
    except Exception as error:
        PeriodicJob.objects.filter(name=name).update(problem=type(error).__name__)
        raise
    finally:
        release_advisory_lock(name)


def record_success(name: str) -> None:
    """For what needs no lock: it ran, now."""
    now = timezone.now()
    PeriodicJob.objects.update_or_create(name=name, defaults={"started_at": now, "succeeded_at": now})


def last_due_time(now: dt.datetime, *, hour_utc: int) -> dt.datetime:
    """When a nightly job was last due: what has not begun since then begins now."""
    turn = now.replace(hour=hour_utc, minute=0, second=0, microsecond=0)
    return turn if turn <= now else turn - dt.timedelta(days=1)


def acquire_advisory_lock(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [ADVISORY_LOCK_SPACE, name])
        return bool(cursor.fetchone()[0])


def release_advisory_lock(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [ADVISORY_LOCK_SPACE, name])
