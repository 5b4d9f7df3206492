"""Periodic jobs: run exclusively over all machines by an advisory lock, with a record of the last success."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from patients.queueing.models import PeriodicJob

ADVISORY_LOCK_SPACE = 0x7E11  # separates our advisory locks from others in this database


@contextmanager
def run_exclusively(name: str) -> Iterator[bool]:
    """Yields False while another process runs this job: then do nothing. Beat may be doubled, dead or late.

    The lock belongs to the database session, so a killed worker releases it.
    """
    lock = (ADVISORY_LOCK_SPACE, name)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", lock)
        acquired = cursor.fetchone()[0]
    if not acquired:
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
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", lock)


def record_success(name: str) -> None:
    """Record a run that needs no lock."""
    now = timezone.now()
    PeriodicJob.objects.update_or_create(name=name, defaults={"started_at": now, "succeeded_at": now})


def last_due_time(now: dt.datetime, *, hour_utc: int) -> dt.datetime:
    """When a nightly job was last due: it is to start if it hasn't started since."""
    turn = now.replace(hour=hour_utc, minute=0, second=0, microsecond=0)
    return turn if turn <= now else turn - dt.timedelta(days=1)
