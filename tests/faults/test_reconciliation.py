"""What webhooks lost, the pull finds; what it has found, it finds no second time; killed, it goes on where it was."""

import pytest

from tests.faults.arena import sizes
from tests.faults.pulls import OPEN, at_vendor, finished, pull, pulled_row, send, start

PEOPLE = 20
LAST_RUN = """
SELECT coalesce(sum(found), 0), coalesce(sum(added), 0), coalesce(sum(missed), 0) FROM devices_syncrow
WHERE patient_id = ANY(%s::uuid[]) AND run_id = (SELECT id FROM devices_syncrun WHERE kind = 'measurements'
    ORDER BY started_at DESC LIMIT 1)
"""
PLACED = "SELECT extract(epoch FROM created_at) FROM devices_vendorcall WHERE reference = ANY(%s)"
UNSETTLED = "SELECT count(*) FROM devices_delivery WHERE state = 'new'"


def last_run(arena, people):
    return arena.rows(LAST_RUN, [person["patient"] for person in people])[0]


def webhooks_sent(arena):
    report = arena.ask("webhooks")
    return report["waiting"] == 0 and arena.one(UNSETTLED) == 0


@sizes(500, 5000)
def test_after_dropped_doubled_and_late_webhooks_both_sides_hold_the_same(arena, tell, size):
    people = at_vendor(arena, count=PEOPLE)
    before = arena.ask("webhooks")["dropped"]
    arena.do("webhooks", drop_rate=0.1, duplicate_rate=0.1, late_rate=0.1, late_seconds=5)
    send(arena, people, size, webhook=True)
    arena.wait_until(lambda: webhooks_sent(arena), what="the webhooks")
    dropped = arena.ask("webhooks")["dropped"] - before
    seconds = pull(arena, people)

    more = f"{dropped} lost, pulled in {seconds:.1f} s"
    row = pulled_row(arena, people, f"{size:,} readings, 10 % of webhooks lost", more)
    tell(row)
    assert row.held == row.stored == size
    found, added, missed = last_run(arena, people)
    assert (found, added, missed) == (size, dropped, dropped)

    pull(arena, people)
    assert last_run(arena, people)[1:] == (0, 0)
    assert pulled_row(arena, people, "again").stored == size


def test_a_pull_killed_midway_goes_on_and_misses_nothing(arena, tell):
    people = at_vendor(arena, count=PEOPLE, readings=10)
    arena.fault("delay_before", seconds=0.5, times=None, method="GET", path="measurements")
    start(arena, people)
    done = "SELECT count(*) FROM devices_syncrow WHERE patient_id = ANY(%s::uuid[]) AND state = 'done'"
    patients = [person["patient"] for person in people]
    arena.wait_until(lambda: arena.one(done, patients) >= PEOPLE / 3, what="a third of the pull")
    arena.kill("worker-background")
    assert arena.one(OPEN) == 1, "the pull was over before the kill, so this shows nothing"
    arena.vendor.delete("faults")
    arena.process("worker-background").start()
    seconds = finished(arena, people)

    row = pulled_row(arena, people, "pull killed midway", f"over {seconds:.1f} s after the kill")
    tell(row)
    assert row.held == row.stored == 10 * PEOPLE


def test_an_order_starts_in_the_middle_of_a_pull(arena, tell):
    people = at_vendor(arena, count=PEOPLE, readings=5)
    arena.fault("delay_before", seconds=5, times=None, method="GET", path="measurements")
    start(arena, people)
    done = "SELECT count(*) FROM devices_syncrow WHERE patient_id = ANY(%s::uuid[]) AND state = 'done'"
    patients = [person["patient"] for person in people]
    arena.wait_until(lambda: arena.one(done, patients), what="the pull")
    references = arena.seed("orders", count=1)
    placed = float(arena.one(PLACED, references))

    def posts():
        return [line for line in arena.ask("requests") if line["method"] == "POST"]

    arena.wait_until(posts, what="the order")
    beside = arena.one(OPEN)
    arena.vendor.delete("faults")
    finished(arena, people)

    waited = posts()[0]["at"] - placed
    tell(pulled_row(arena, people, "pull beside an order", f"the order's call began after {waited:.2f} s"))
    assert beside == 1


@pytest.mark.faults
@pytest.mark.parametrize("keys", [1, 5])
def test_a_pull_of_sixty_patients_keeps_the_true_rate_on_each_of_its_keys(arena, tell, keys):
    """At the true rate: the floor is 1.05 s x calls / background keys."""
    people = at_vendor(arena, count=60, readings=3)
    pull(arena, people)
    arena.do("limits", gap_seconds=1.0)
    worker = arena.process("worker-background")
    first = ",".join(arena.house.env["TENOVI_API_KEYS"].split(",")[: 1 + keys])
    usual = worker.env
    worker.stop()
    worker.env = {**usual, "TENOVI_CALL_GAP_SECONDS": "1.05", "TENOVI_API_KEYS": first}
    try:
        arena.forget_requests()
        worker.start()
        pull(arena, people)
    finally:
        worker.stop()
        worker.env = usual
        worker.start()
    lines = [line for line in arena.ask("requests") if "/measurements" in line["path"]]
    calls, seconds = len(lines), max(line["at"] for line in lines) - min(line["at"] for line in lines)
    floor = 1.05 * calls / keys
    night = 1.05 * 1.03 * 10_000 / keys / 3600

    more = f"{calls} calls in {seconds:.1f} s, {seconds / floor:.3f} of the floor; 10,000 patients: {night:.1f} h"
    more += f", and as much again for their gateways: {2 * night:.1f} h"
    row = pulled_row(arena, people, f"pull at the true rate, {keys} keys", more)
    tell(row)
    assert arena.smallest_gap() >= 1.0
