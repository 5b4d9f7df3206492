"""Wake-up messages for Celery workers: sent after commit, may be lost, and never delay or fail a request.

One background thread per process publishes, each name at most every 100 ms, so a slow or unreachable broker can't hold
up a request. The periodic sweeps of `config.celery` find the work that a lost message left.
"""

from __future__ import annotations

import logging
import threading
import time

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

WAKEUP_INTERVAL_SECONDS = 0.1
RETRY_PAUSE_SECONDS = 5.0  # after a failure; the sweep is due within 15 s anyway


def wake_worker(work: str) -> None:
    """After the current transaction commits, have the task of this work run soon.

    `work` is a name of `wakeup_tasks` in `config.celery`, which maps it to a task and its queue.
    """
    if work not in current_app.conf.wakeup_tasks:
        raise ValueError(f"no work of this name: {work}")
    transaction.on_commit(lambda: wakeup_publisher.request_wakeup(work), robust=True)


class WakeupPublisher:
    """Collects the names of wanted work and publishes them from a daemon thread, started on first use per process."""

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def request_wakeup(self, work: str) -> None:
        with self._lock:
            self._wanted.add(work)
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self._run, name="wakeups", daemon=True)
                self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                wanted, self._wanted = self._wanted, set()
            time.sleep(WAKEUP_INTERVAL_SECONDS if self._publish(wanted) else RETRY_PAUSE_SECONDS)

    def _publish(self, wanted: set[str]) -> bool:
        try:
            for work in sorted(wanted):
                task, queue = current_app.conf.wakeup_tasks[work]
                current_app.send_task(task, queue=queue, expires=60, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("wake-up lost, the sweep will find the work: %s", type(error).__name__)
            return False
        return True


wakeup_publisher = WakeupPublisher()
