"""Workers and beat may be killed at any moment, or run twice."""

import random
import time

from tests.faults.arena import sizes

ROWS = 2000


def test_ingest_is_killed_three_times_while_two_thousand_rows_process(arena, ledger, tell):
    with arena.stopped("worker-ingest"):
        ledger.send(ledger.bodies(ROWS))
    for share in (1, 2, 3):
        arena.wait_until(
            lambda share=share: ledger.unsettled() <= ROWS - 200 * share or not ledger.unsettled(),
            what="a part of the rows",
        )  # fmt: skip
        arena.restart("worker-ingest")
    seconds = ledger.settle()

    row = ledger.row(f"ingest killed 3 times in {ROWS:,} rows", f"all done {seconds:.1f} s after the last kill")
    tell(row)
    assert row.stored == ROWS


@sizes(300, 3000)
def test_three_workers_at_the_same_inbox_never_wait_for_each_other_in_a_circle(arena, ledger, tell, size):
    """Each reading three times, all devices in every batch: the locks of one batch are those of the next."""
    copies = ledger.bodies(size) * 3
    random.Random(size).shuffle(copies)
    with arena.stopped("worker-ingest"):
        ledger.send(copies)
    names = ("worker-ingest-2", "worker-ingest-3")
    words = arena.process("worker-ingest").command
    for name in names:
        arena.house.crew.start(name, [word.replace("ingest@", f"{name}@") for word in words])
    try:
        for _ in range(6):
            arena.nudge("measurements.tasks.ingest", "ingest", times=3)
            time.sleep(0.5)
        seconds = ledger.settle()
    finally:
        for name in names:
            arena.dismiss(name)

    row = ledger.row(f"three ingest workers, {3 * size:,} deliveries", f"{seconds:.1f} s")
    tell(row)
    assert row.stored == size


def test_without_beat_and_broker_the_work_waits_and_is_found_by_the_next_beat(arena, ledger, tell):
    arena.kill("beat")
    with arena.hung("valkey"):
        ledger.send(ledger.bodies(100))
        time.sleep(6)  # nudges are given up meanwhile
    arena.broker.flushall()
    waiting = ledger.unsettled()
    arena.process("beat").start()
    seconds = ledger.settle()

    row = ledger.row("beat dead", f"{waiting} waited, found {seconds:.1f} s after it came back")
    tell(row)
    assert row.stored == 100


@sizes(8, 24)
def test_two_beats_and_doubled_tasks_begin_the_night_once(arena, tell, size):
    """Each beat asks once a minute whether a nightly run is due. So do these messages, all at once."""
    arena.rows("UPDATE devices_syncrun SET started_at = started_at - interval '3 days' WHERE nightly")
    before = arena.one("SELECT count(*) FROM devices_syncrun WHERE nightly")
    arena.nudge("measurements.tasks.nightly", "background", times=size)
    count = "SELECT count(*) FROM devices_syncrun WHERE nightly"
    arena.wait_until(lambda: arena.one(count) > before, what="the nightly run")
    arena.wait_until(lambda: not arena.broker.llen("background"), what="the doubled tasks")
    time.sleep(1)

    assert arena.one(count) == before + 1


def test_a_second_beat_changes_nothing(arena, ledger, tell):
    beat = arena.process("beat")
    words = [word.replace("beat-schedule", "beat-schedule-2") for word in beat.command]
    second = arena.house.crew.start("beat-2", words)
    try:
        ledger.send(ledger.bodies(300), rate=60)
        ledger.settle()
    finally:
        arena.dismiss(second.name)

    row = ledger.row("beat doubled")
    tell(row)
    assert row.stored == 300
