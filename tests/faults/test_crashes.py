"""The measure of the receiver: what was acknowledged is stored, whatever dies meanwhile."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.hammer import hammer_of

pytestmark = pytest.mark.faults

READINGS = range(1, 601)
PAUSE_SECONDS = 0.05
DRAIN_SECONDS = 150  # a dead worker holds its batch until the lease of 120 s ends


@pytest.fixture
def hammer(house):
    return hammer_of(house)


def test_nothing_acknowledged_is_lost_when_the_database_crashes_twice(house, hammer):
    senders = hammer.send(READINGS, pause=PAUSE_SECONDS)
    for _ in range(2):
        time.sleep(1)
        house.postgres.kill()
        house.postgres.start()
    finish(senders)

    assert hammer.refused, "the crash was not felt, so this shows nothing"
    assert set(hammer.refused.values()) <= {"503", "RemoteProtocolError", "ReadError"}
    drained(hammer)


def test_nothing_acknowledged_is_lost_when_the_broker_crashes_and_forgets(house, hammer):
    senders = hammer.send(READINGS, pause=PAUSE_SECONDS)
    time.sleep(1)
    house.valkey.kill()
    time.sleep(3)
    house.valkey.start()
    finish(senders)

    assert hammer.refused == {}, "a webhook needs no broker"
    drained(hammer)


def test_nothing_acknowledged_is_lost_when_a_worker_dies_at_work(house, hammer):
    senders = hammer.send(READINGS, pause=PAUSE_SECONDS)
    for _ in range(3):
        time.sleep(0.7)
        os.kill(child_of(worker(house, "ingest")), signal.SIGKILL)
    finish(senders)

    assert hammer.refused == {}
    drained(hammer)


def finish(senders):
    for sender in senders:
        sender.join()


def drained(hammer):
    deadline = time.monotonic() + DRAIN_SECONDS
    while hammer.acknowledged - hammer.stored() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert hammer.acknowledged - hammer.stored() == set()


def worker(house, queue):
    return next(process for process in house.crew.processes if process.name == f"worker-{queue}")


def child_of(process):
    """The pool process, which holds the task; the parent starts another one."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if numbers := Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            return int(numbers[0])
        time.sleep(0.05)
    raise AssertionError("the worker has no child")
