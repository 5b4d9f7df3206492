"""Workers and beat are killed at any time, or run twice."""

import random
import time

from tests.faults.fault_stack import with_sizes

BATCH = 200


@with_sizes(1200, 2000)  # twice the batches that the kills wait for
def test_ingest_worker_killed_three_times_stores_every_reading(fault_stack, delivery_log, report_row, size):
    with fault_stack.stopped("worker-ingest"):
        delivery_log.send(delivery_log.bodies(size))
    for share in (1, 2, 3):
        fault_stack.wait_until(
            lambda share=share: delivery_log.unprocessed_count() <= size - BATCH * share,
            what="a part of the rows",
        )
        fault_stack.restart("worker-ingest")
    seconds = delivery_log.wait_until_processed()

    row = delivery_log.row(f"ingest killed 3 times in {size:,} rows", f"all done {seconds:.1f} s after the last kill")
    report_row(row)
    assert row.stored == size


@with_sizes(200, 3000)
def test_ingest_by_three_workers_causes_no_deadlock(fault_stack, delivery_log, report_row, size):
    """Each reading three times, all devices in every batch: the locks of one batch are those of the next."""
    copies = delivery_log.bodies(size) * 3
    random.Random(size).shuffle(copies)
    with fault_stack.stopped("worker-ingest"):
        delivery_log.send(copies)
    names = ("worker-ingest-2", "worker-ingest-3")
    words = fault_stack.process("worker-ingest").command
    for name in names:
        fault_stack.stack.supervisor.start(name, [word.replace("ingest@", f"{name}@") for word in words])
    try:
        for _ in range(6):
            fault_stack.send_task("measurements.tasks.process_measurement_webhooks", "ingest", times=3)
            time.sleep(0.5)
        seconds = delivery_log.wait_until_processed()
    finally:
        for name in names:
            fault_stack.remove_process(name)

    row = delivery_log.row(f"three ingest workers, {3 * size:,} deliveries", f"{seconds:.1f} s")
    report_row(row)
    assert row.stored == size


def test_beat_restart_finds_work_received_without_beat_and_broker(fault_stack, delivery_log, report_row):
    fault_stack.kill("beat")
    with fault_stack.hung("valkey"):
        delivery_log.send(delivery_log.bodies(100))
        time.sleep(6)  # wake-ups are given up meanwhile
    fault_stack.broker.flushall()
    waiting = delivery_log.unprocessed_count()
    fault_stack.process("beat").start()
    seconds = delivery_log.wait_until_processed()

    row = delivery_log.row("beat dead", f"{waiting} waited, found {seconds:.1f} s after its restart")
    report_row(row)
    assert row.stored == 100


@with_sizes(8, 24)
def test_nightly_run_starts_once_despite_duplicated_tasks(fault_stack, report_row, size):
    """Each beat checks once a minute whether a nightly run is due; these messages do so all at once."""
    fault_stack.rows("UPDATE devices_syncrun SET started_at = started_at - interval '3 days' WHERE nightly")
    before = fault_stack.one("SELECT count(*) FROM devices_syncrun WHERE nightly")
    fault_stack.send_task("measurements.tasks.start_nightly_pull", "background", times=size)
    count = "SELECT count(*) FROM devices_syncrun WHERE nightly"
    fault_stack.wait_until(lambda: fault_stack.one(count) > before, what="the nightly run")
    fault_stack.wait_until(lambda: not fault_stack.broker.llen("background"), what="the doubled tasks")
    time.sleep(1)

    assert fault_stack.one(count) == before + 1


def test_ingest_with_a_second_beat_stores_every_reading_once(fault_stack, delivery_log, report_row):
    beat = fault_stack.process("beat")
    words = [word.replace("beat-schedule", "beat-schedule-2") for word in beat.command]
    second = fault_stack.stack.supervisor.start("beat-2", words)
    try:
        delivery_log.send(delivery_log.bodies(300), rate=60)
        delivery_log.wait_until_processed()
    finally:
        fault_stack.remove_process(second.name)

    row = delivery_log.row("beat doubled")
    report_row(row)
    assert row.stored == 300
