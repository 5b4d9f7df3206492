"""Redis may forget, hang, or die: a webhook never waits for it, and the workers come back by themselves."""

import threading
import time

import pytest

from tests.faults.arena import sizes

RATE = 50
QUEUES = ("ingest", "people", "background")


class Stream:
    """A steady stream of readings in the background, while something happens to Redis."""

    def __init__(self, ledger, seconds):
        self.ledger = ledger
        bodies = ledger.bodies(RATE * seconds)
        self.thread = threading.Thread(target=ledger.send, args=(bodies,), kwargs={"rate": RATE})

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.thread.join()


def judged(ledger, tell, what, resumed):
    row = ledger.row(what, f"workers at work {resumed:.1f} s later")
    tell(row)
    assert row.acknowledged == row.sent == row.stored, ledger.statuses


@sizes(5, 15)
def test_a_hung_redis_delays_no_webhook_and_the_workers_resume(arena, ledger, tell, size):
    with arena.hung("valkey"):
        ledger.send(ledger.bodies(RATE * size), rate=RATE)
        answered = dict(ledger.statuses)  # while it still hung
    ledger.send(ledger.bodies(RATE, first=RATE * size + 1), rate=RATE)
    resumed = ledger.settle()

    assert answered == {204: RATE * size}
    judged(ledger, tell, f"Redis hung for {size} s", resumed)
    work_by_nudge(arena)


@sizes(5, 15)
def test_a_dead_redis_delays_no_webhook_and_the_workers_resume(arena, ledger, tell, size):
    with Stream(ledger, size + 2):
        arena.house.valkey.kill()
        time.sleep(size)
        arena.house.valkey.start()
    resumed = ledger.settle()

    judged(ledger, tell, f"Redis dead for {size} s", resumed)
    work_by_nudge(arena)


@sizes(3, 10)
def test_a_redis_that_restarts_again_and_again_loses_nothing(arena, ledger, tell, size):
    with Stream(ledger, 2 * size):
        for _ in range(size):
            time.sleep(1)
            arena.house.valkey.kill()
            arena.house.valkey.start()
    resumed = ledger.settle()

    judged(ledger, tell, f"Redis restarted {size} times", resumed)
    work_by_nudge(arena)


def test_redis_forgets_everything_three_times(arena, ledger, tell):
    with Stream(ledger, 8):
        for _ in range(3):
            time.sleep(2)
            arena.broker.flushall()
    resumed = ledger.settle()

    judged(ledger, tell, "FLUSHALL three times", resumed)
    work_by_nudge(arena)


def test_pages_answer_while_redis_hangs(arena):
    with arena.hung("valkey"):
        answers = [arena.get("/accounts/login/").status_code for _ in range(5)]

    assert answers == [200] * 5  # while it still hung


def work_by_nudge(arena):
    """No worker was restarted, and each of the three takes up what it is told now."""
    since = arena.one("SELECT clock_timestamp()")
    for queue in QUEUES:
        arena.process(f"worker-{queue}").check()
        arena.nudge("devices.tasks.sign_of_life", queue)
    alive = "SELECT name FROM devices_periodicjob WHERE name LIKE 'worker %%' AND succeeded_at > %s"
    arena.wait_until(lambda: len(arena.rows(alive, since)) == 3, what="signs of life")


@pytest.fixture(autouse=True)
def no_restart(arena):
    """That the workers resume is only shown when they are the same processes afterwards."""
    before = [arena.process(f"worker-{queue}").pid for queue in QUEUES]
    yield
    assert [arena.process(f"worker-{queue}").pid for queue in QUEUES] == before
