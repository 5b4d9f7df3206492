"""Gunicorn worker that accepts requests during a reload until a worker of the new generation has started.

gunicorn stops the old workers as soon as the new ones are forked; importing the product takes them about 6 s more, in
which webhooks would wait in the listening socket.
"""

from __future__ import annotations

import mmap
import struct
import time
from types import FrameType

from gunicorn.workers.gthread import ThreadWorker

MAX_OVERLAP_SECONDS = 30.0
AGES = struct.Struct("QQ")
# Shared by the master, which imports this module before it forks, and its workers: the age of the newest worker that a
# reload replaces, and of the newest worker that has started. gunicorn numbers its workers by age.
shared_ages = mmap.mmap(-1, AGES.size)


def record_reload(newest_age: int) -> None:
    """In the master, before it forks the new workers."""
    AGES.pack_into(shared_ages, 0, newest_age, AGES.unpack_from(shared_ages)[1])


def record_started(age: int) -> None:
    """In a worker that has imported the product."""
    replaced, started = AGES.unpack_from(shared_ages)
    AGES.pack_into(shared_ages, 0, replaced, max(started, age))


class OverlappingReloadWorker(ThreadWorker):
    stop_requested_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  gunicorn's signature
        """SIGTERM: stop, unless this worker is being replaced and no new one has started yet."""
        self.stop_requested_at = self.stop_requested_at or time.monotonic()
        self.stop_when_replaced()

    def notify(self) -> None:
        """Called by gunicorn's loop at least once a second."""
        super().notify()
        if self.alive and self.stop_requested_at is not None:
            self.stop_when_replaced()

    def stop_when_replaced(self) -> None:
        replaced, started = AGES.unpack_from(shared_ages)
        waited = time.monotonic() - (self.stop_requested_at or 0.0)
        if self.age > replaced or started > replaced or waited > MAX_OVERLAP_SECONDS:
            super().handle_exit(0, None)
