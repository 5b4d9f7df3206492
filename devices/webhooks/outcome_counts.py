"""Counts of webhook outcomes: the vendor repeats nothing, so each refusal of it is data lost until the next pull.

Counting never delays an answer and can't be made to fill the disk: a background thread writes what a process has
counted every few seconds, and of many senders in one minute only the first get rows of their own.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections import Counter

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from devices.models import WebhookCount
from devices.models.webhook_count import WebhookOutcome
from patients.wording import count_noun

logger = logging.getLogger(__name__)

FLUSH_INTERVAL_SECONDS = 2.0
RETRY_PAUSE_SECONDS = 5.0  # after a database error
MAX_SOURCES = 50  # in one window of one process
MAX_ROWS_PER_MINUTE = 200  # in one minute of all processes; the rest is counted together
ALARM_COUNT = 3
ALARM_WINDOW = dt.timedelta(hours=1)
REFUSED_RETENTION = dt.timedelta(days=2)
ACCEPTED_RETENTION = dt.timedelta(days=30)

UPSERT_COUNT_SQL = f"""
INSERT INTO {WebhookCount._meta.db_table} AS tally (minute, outcome, source, count) VALUES (%s, %s, %s, %s)
ON CONFLICT (minute, outcome, source) DO UPDATE SET count = tally.count + EXCLUDED.count
"""  # noqa: S608  our own table's name only

CountKey = tuple[int, str, str]  # minutes since 1970, outcome, the sender's address


class OutcomeRecorder:
    """Counts in memory; its daemon thread, started on first use in each process, writes them down."""

    def __init__(self) -> None:
        self._counts: Counter[CountKey] = Counter()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def record_outcome(self, outcome: WebhookOutcome, source: str | None) -> None:
        """Never raises, never waits for anything but another thread's addition."""
        self._add_count(int(time.time() // 60), outcome, source or "")
        self._start_thread()
        self._wake.set()

    def flush(self) -> bool:
        """False after a database error: then the counts stay."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        try:
            add_counts(counts)
        except DatabaseError as error:
            logger.warning("tallies of hooks not written yet: %s", type(error).__name__)
            for (minute, outcome, source), times in counts.items():
                self._add_count(minute, outcome, source, times)
            return False
        return True

    def _add_count(self, minute: int, outcome: str, source: str, times: int = 1) -> None:
        with self._lock:
            known = (minute, outcome, source) in self._counts
            if not known and len(self._counts) >= MAX_SOURCES:
                source = ""
            self._counts[minute, outcome, source] += times

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self._run, name="tallies", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            time.sleep(FLUSH_INTERVAL_SECONDS)
            while not self.flush():
                connection.close()
                time.sleep(RETRY_PAUSE_SECONDS)
            connection.close()  # held by no idle thread


outcome_recorder = OutcomeRecorder()


def add_counts(counts: Counter[CountKey]) -> None:
    """Add these to what other processes have counted. In a minute with too many senders they are counted together."""
    if not counts:
        return
    with transaction.atomic():
        full = {
            minute
            for minute in {minute for minute, _, _ in counts}
            if WebhookCount.objects.filter(minute=minute_to_datetime(minute)).count() >= MAX_ROWS_PER_MINUTE
        }
        rows: Counter[CountKey] = Counter()
        for (minute, outcome, source), times in counts.items():
            rows[minute, outcome, "" if minute in full else source] += times
        values = [
            (minute_to_datetime(minute), outcome, source, times)
            for (minute, outcome, source), times in sorted(rows.items())  # so two processes never wait for each other
        ]
        with connection.cursor() as cursor:
            cursor.executemany(UPSERT_COUNT_SQL, values)


def minute_to_datetime(minute: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(minute * 60, dt.UTC)


def purge_old_counts() -> None:
    now = timezone.now()
    WebhookCount.objects.accepted().filter(minute__lt=now - ACCEPTED_RETENTION).delete()
    WebhookCount.objects.exclude(outcome=WebhookOutcome.ACCEPTED).filter(minute__lt=now - REFUSED_RETENTION).delete()


# --- what is alarming -------------------------------------------------------------------------------------------------


def check_refused_webhooks() -> str | None:
    """The vendor, proven by its secret, was refused: what it carried is lost until the next pull."""
    totals = WebhookCount.objects.since(timezone.now() - ALARM_WINDOW).refused_authenticated().totals("outcome")
    if sum(totals.values()) < ALARM_COUNT:
        return None
    kinds = ", ".join(f"{WebhookOutcome(outcome).label.lower()} {count}" for outcome, count in sorted(totals.items()))
    return f"webhooks of the vendor were refused within the last hour: {kinds}"


def check_wrong_secrets() -> str | None:
    """An address that sent good webhooks sends the wrong secret now."""
    recent = WebhookCount.objects.since(timezone.now() - ALARM_WINDOW).filter(outcome=WebhookOutcome.WRONG_SECRET)
    known = WebhookCount.objects.accepted().exclude(source="").values("source")
    totals = recent.filter(source__in=known).totals("source")
    bad = [f"{source} {count_noun(count, 'time')}" for source, count in sorted(totals.items()) if count >= ALARM_COUNT]
    return f"wrong secret from addresses that had the right one before: {', '.join(bad)}" if bad else None
