"""Tell a worker to look now. A nudge carries no id, may be lost, and never makes a request wait or fail.

One background thread per process publishes, each kind at most every 100 ms, so a hung or refused Redis is nobody's
problem but its own: the sweep of `config.celery` finds what a lost nudge left.
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
QUEUE_BY_TASK = {
    "measurements.tasks.process_measurement_webhooks": "ingest",
    "fulfillment.tasks.process_fulfillment_webhooks": "ingest",
    "fulfillment.tasks.process_special_order_webhooks": "ingest",
    "fulfillment.tasks.send_calls": "people",
    "fulfillment.tasks.refresh_devices": "people",
    "fulfillment.tasks.update_order_lines": "people",
    "measurements.tasks.pull_measurements": "background",
    "devices.tasks.sync_catalogue": "background",
    "devices.tasks.reconcile_devices": "background",
    "devices.tasks.look_up_unknown_devices": "background",
    "devices.tasks.fetch_gateway_statuses": "background",
    "devices.tasks.refresh_requested_gateways": "people",
}


def wake_worker(task: str) -> None:
    """After the current transaction commits, have `task` (a name of QUEUE_OF_TASK) run soon."""
    if task not in QUEUE_BY_TASK:
        raise ValueError(f"no such task to nudge: {task}")
    transaction.on_commit(lambda: wakeup_publisher.request_wakeup(task), robust=True)


class WakeupPublisher:
    """Collects wanted tasks and publishes them from a daemon thread, started on first use in each process."""

    def __init__(self) -> None:
        self._pending_tasks: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def request_wakeup(self, task: str) -> None:
        with self._lock:
            self._pending_tasks.add(task)
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self._run, name="nudges", daemon=True)
                self._thread.start()
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            with self._lock:
                wanted, self._pending_tasks = self._pending_tasks, set()
            time.sleep(WAKEUP_INTERVAL_SECONDS if self._publish(wanted) else RETRY_PAUSE_SECONDS)

    def _publish(self, tasks: set[str]) -> bool:
        try:
            for task in sorted(tasks):
                current_app.send_task(task, queue=QUEUE_BY_TASK[task], expires=60, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("nudge lost, the sweep will find the work: %s", type(error).__name__)
            return False
        return True


wakeup_publisher = WakeupPublisher()
