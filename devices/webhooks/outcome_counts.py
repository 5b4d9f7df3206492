"""How hooks end, counted: the vendor repeats nothing, so each refusal of it is data lost until the next pull.

Counting never delays an answer and can't be made to fill the disk: a background thread writes what a process has
counted every few seconds, and of many senders in one minute only the first get rows of their own.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections import Counter

from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from django.utils import timezone

from devices.models import HookTally
from devices.models.webhook_count import HookOutcome

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 2.0
REST_SECONDS = 5.0  # while the database is in trouble
MOST_SOURCES = 50  # in one window of one process
MOST_ROWS = 200  # in one minute of all processes; the rest is counted together
ALARM_AT = 3
ALARM_WITHIN = dt.timedelta(hours=1)
KEEP_REFUSED = dt.timedelta(days=2)
KEEP_ACCEPTED = dt.timedelta(days=30)

ADD = f"""
INSERT INTO {HookTally._meta.db_table} AS tally (minute, outcome, source, count) VALUES (%s, %s, %s, %s)
ON CONFLICT (minute, outcome, source) DO UPDATE SET count = tally.count + EXCLUDED.count
"""  # noqa: S608  our own table's name only

Key = tuple[int, str, str]  # minutes since 1970, outcome, the sender's address


class Recorder:
    """Counts in memory; its daemon thread, started on first use in each process, writes them down."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, outcome: HookOutcome, source: str | None) -> None:
        """Never raises, never waits for anything but another thread's addition."""
        self._count(int(time.time() // 60), outcome, source or "")
        self._start()
        self._wake.set()

    def flush(self) -> bool:
        """False when the database is in trouble: then the counts stay."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            write(counts)
        except DatabaseTrouble as error:
            logger.warning("tallies of hooks not written yet: %s", type(error).__name__)
            for (minute, outcome, source), times in counts.items():
                self._count(minute, outcome, source, times)
            return False
        return True

    def _count(self, minute: int, outcome: str, source: str, times: int = 1) -> None:
        with self._lock:
            known = (minute, outcome, source) in self._counts
            if not known and len(self._counts) >= MOST_SOURCES:
                source = ""
            self._counts[minute, outcome, source] += times

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self._run, name="tallies", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            time.sleep(WINDOW_SECONDS)
            while not self.flush():
                connection.close()
                time.sleep(REST_SECONDS)
            connection.close()  # held by no idle thread


recorder = Recorder()


def write(counts: Counter[Key]) -> None:
    """Add these to what other processes have counted."""
    if not counts:
        return
    with transaction.atomic():
        full = _full_minutes({minute for minute, _, _ in counts})
        rows: Counter[Key] = Counter()
        for (minute, outcome, source), times in counts.items():
            rows[minute, outcome, "" if minute in full else source] += times
        _add(sorted(rows.items()))  # in one order, so that two processes never wait for each other


def _full_minutes(minutes: set[int]) -> set[int]:
    return {minute for minute in minutes if HookTally.objects.filter(minute=_moment(minute)).count() >= MOST_ROWS}


def _add(rows: list[tuple[Key, int]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            ADD,
            [(_moment(minute), outcome, source, times) for (minute, outcome, source), times in rows],
        )


def _moment(minute: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(minute * 60, dt.UTC)


def purge() -> None:
    now = timezone.now()
    HookTally.objects.accepted().filter(minute__lt=now - KEEP_ACCEPTED).delete()
    HookTally.objects.exclude(outcome=HookOutcome.ACCEPTED).filter(minute__lt=now - KEEP_REFUSED).delete()


# --- what is alarming -------------------------------------------------------------------------------------------------


def lost() -> str | None:
    """The vendor, proven by its secret, was refused: what it carried is lost until the next pull."""
    totals = HookTally.objects.since(timezone.now() - ALARM_WITHIN).lost().totals("outcome")
    if sum(totals.values()) < ALARM_AT:
        return None
    kinds = ", ".join(f"{HookOutcome(outcome).label.lower()} {count}" for outcome, count in sorted(totals.items()))
    return f"webhooks of the vendor were refused within the last hour: {kinds}"


def locked_out() -> str | None:
    """An address that sent good webhooks sends the wrong secret now."""
    recent = HookTally.objects.since(timezone.now() - ALARM_WITHIN).filter(outcome=HookOutcome.WRONG_SECRET)
    known = HookTally.objects.accepted().exclude(source="").values("source")
    totals = recent.filter(source__in=known).totals("source")
    bad = [f"{source} {count} times" for source, count in sorted(totals.items()) if count >= ALARM_AT]
    return f"wrong secret from addresses that had the right one before: {', '.join(bad)}" if bad else None
