"""Draining of rows that each need one read at the vendor, with one handling of its errors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from devices import tenovi
from patients.queueing import periodic_jobs
from patients.queueing.work_item import SLICE_SECONDS, Drained, drain

Item = TypeVar("Item")

# Stored beside what could not be read; since when, and who was notified, is in `outbox.waiting_reasons`.
VENDOR_ACCESS_PROBLEM = "The vendor refuses our key, or our address of it is wrong."
logger = logging.getLogger(__name__)

USER_READS = "reads for users"


def drain_vendor_reads(
    claim: Callable[[], Item | None],
    read: Callable[[Item], object],
    record_failure: Callable[[Item, tenovi.VendorFailure], object],
    *,
    purpose: str,
    stop_unreachable: bool,
    seconds: float = SLICE_SECONDS,
) -> Drained:
    """Drain as `work_item.drain` does. A vendor error of `read` is classified and given to `record_failure`.

    Ends when our key or address is wrong, which is logged for an operator, and with `stop_unreachable` also when
    nothing reached the vendor. `purpose` names the reads in the log. Only repeatable reads: a call that changes
    something at the vendor is never sent through this.
    """

    def read_one(item: Item) -> bool:
        try:
            read(item)
        except tenovi.VendorError as error:
            failure = tenovi.classify(error)
            record_failure(item, failure)
            if isinstance(failure, tenovi.Stop):
                logger.error("%s stopped, an operator must check key and address: %s", purpose, error)
                return False
            return not (stop_unreachable and isinstance(failure, tenovi.RetryAfter))
        return True

    return drain(claim, read_one, seconds=seconds)


@contextmanager
def open_user_read_client() -> Iterator[tenovi.TenoviClient | None]:
    """The client for reads that users wait for; None while another process has it: then do nothing, a sweep comes back.

    A silent vendor holds a read for up to 90 s. Only one process of queue `people` reads at a time, so that another one
    is always free to send.
    """
    with periodic_jobs.run_exclusively(USER_READS) as mine:
        if not mine:
            yield None
            return
        with tenovi.user_client() as client:
            yield client
