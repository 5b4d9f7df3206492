"""Redis loses its data, hangs or dies: no webhook waits for it, and the workers resume by themselves."""

import threading
import time

import pytest

from tests.faults.fault_stack import with_sizes

RATE = 50
QUEUES = ("ingest", "people", "background")


class ReadingStream:
    """A steady stream of readings in the background, while something happens to Redis."""

    def __init__(self, delivery_log, seconds):
        self.delivery_log = delivery_log
        bodies = delivery_log.bodies(RATE * seconds)
        self.thread = threading.Thread(target=delivery_log.send, args=(bodies,), kwargs={"rate": RATE})

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.thread.join()


def check_result(delivery_log, report_row, what, resumed):
    row = delivery_log.row(what, f"workers at work {resumed:.1f} s later")
    report_row(row)
    assert row.acknowledged == row.sent == row.stored, delivery_log.statuses


@with_sizes(5, 15)
def test_hung_redis_delays_no_webhook_and_workers_resume(fault_stack, delivery_log, report_row, size):
    with fault_stack.hung("valkey"):
        delivery_log.send(delivery_log.bodies(RATE * size), rate=RATE)
        answered = dict(delivery_log.statuses)  # while it still hung
    delivery_log.send(delivery_log.bodies(RATE, first=RATE * size + 1), rate=RATE)
    resumed = delivery_log.wait_until_processed()

    assert answered == {204: RATE * size}
    check_result(delivery_log, report_row, f"Redis hung for {size} s", resumed)
    check_workers_take_wakeups(fault_stack)


@with_sizes(5, 15)
def test_stopped_redis_delays_no_webhook_and_workers_resume(fault_stack, delivery_log, report_row, size):
    with ReadingStream(delivery_log, size + 2):
        fault_stack.stack.valkey.kill()
        time.sleep(size)
        fault_stack.stack.valkey.start()
    resumed = delivery_log.wait_until_processed()

    check_result(delivery_log, report_row, f"Redis dead for {size} s", resumed)
    check_workers_take_wakeups(fault_stack)


@with_sizes(3, 10)
def test_redis_restarts_lose_no_reading(fault_stack, delivery_log, report_row, size):
    with ReadingStream(delivery_log, 2 * size):
        for _ in range(size):
            time.sleep(1)
            fault_stack.stack.valkey.kill()
            fault_stack.stack.valkey.start()
    resumed = delivery_log.wait_until_processed()

    check_result(delivery_log, report_row, f"Redis restarted {size} times", resumed)
    check_workers_take_wakeups(fault_stack)


def test_redis_flushed_three_times_loses_no_reading(fault_stack, delivery_log, report_row):
    with ReadingStream(delivery_log, 8):
        for _ in range(3):
            time.sleep(2)
            fault_stack.broker.flushall()
    resumed = delivery_log.wait_until_processed()

    check_result(delivery_log, report_row, "FLUSHALL three times", resumed)
    check_workers_take_wakeups(fault_stack)


def test_pages_load_while_redis_hangs(fault_stack):
    with fault_stack.hung("valkey"):
        answers = [fault_stack.get("/accounts/login/").status_code for _ in range(5)]

    assert answers == [200] * 5  # while it still hung


def check_workers_take_wakeups(fault_stack):
    """No worker was restarted, and each of the three runs a task that is sent now."""
    since = fault_stack.one("SELECT clock_timestamp()")
    for queue in QUEUES:
        fault_stack.process(f"worker-{queue}").check()
        fault_stack.send_task("devices.tasks.record_heartbeat", queue)
    alive = "SELECT name FROM queueing_periodicjob WHERE name LIKE 'worker %%' AND succeeded_at > %s"
    fault_stack.wait_until(lambda: len(fault_stack.rows(alive, since)) == 3, what="heartbeats")


@pytest.fixture(autouse=True)
def workers_not_restarted(fault_stack):
    """The workers have resumed only if they are the same processes afterwards."""
    before = [fault_stack.process(f"worker-{queue}").pid for queue in QUEUES]
    yield
    assert [fault_stack.process(f"worker-{queue}").pid for queue in QUEUES] == before
