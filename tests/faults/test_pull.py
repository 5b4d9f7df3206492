"""The pull stores what webhooks lost, stores nothing twice, and resumes after its worker was killed."""

import pytest

from tests.faults.fault_stack import with_sizes
from tests.faults.pulls import (
    OPEN,
    add_readings_at_vendor,
    create_patients_at_vendor,
    pull_result_row,
    request_pull,
    run_pull,
    wait_for_pull,
)

PEOPLE = 20
LAST_RUN = """
SELECT coalesce(sum(found), 0), coalesce(sum(added), 0), coalesce(sum(missed), 0) FROM devices_syncrow
WHERE patient_id = ANY(%s::uuid[]) AND run_id = (SELECT id FROM devices_syncrun WHERE kind = 'measurements'
    ORDER BY started_at DESC LIMIT 1)
"""
PLACED = "SELECT extract(epoch FROM created_at) FROM devices_vendorcall WHERE reference = ANY(%s)"
UNPROCESSED = "SELECT count(*) FROM devices_delivery WHERE state = 'new'"


def last_run_totals(fault_stack, people):
    return fault_stack.rows(LAST_RUN, [person["patient"] for person in people])[0]


def all_webhooks_processed(fault_stack):
    report = fault_stack.read_control("webhooks")
    return report["waiting"] == 0 and fault_stack.one(UNPROCESSED) == 0


@with_sizes(200, 5000)
def test_pull_stores_what_dropped_duplicated_and_late_webhooks_missed(fault_stack, report_row, size):
    people = create_patients_at_vendor(fault_stack, count=PEOPLE)
    before = fault_stack.read_control("webhooks")["dropped"]
    fault_stack.send_control("webhooks", drop_rate=0.1, duplicate_rate=0.1, late_rate=0.1, late_seconds=5)
    add_readings_at_vendor(fault_stack, people, size, webhook=True)
    fault_stack.wait_until(lambda: all_webhooks_processed(fault_stack), what="the webhooks")
    dropped = fault_stack.read_control("webhooks")["dropped"] - before
    seconds = run_pull(fault_stack, people)

    more = f"{dropped} lost, pulled in {seconds:.1f} s"
    row = pull_result_row(fault_stack, people, f"{size:,} readings, 10 % of webhooks lost", more)
    report_row(row)
    assert row.held == row.stored == size
    found, added, missed = last_run_totals(fault_stack, people)
    assert (found, added, missed) == (size, dropped, dropped)

    run_pull(fault_stack, people)
    assert last_run_totals(fault_stack, people)[1:] == (0, 0)
    assert pull_result_row(fault_stack, people, "again").stored == size


def test_pull_resumes_after_its_worker_was_killed(fault_stack, report_row):
    people = create_patients_at_vendor(fault_stack, count=PEOPLE, readings=10)
    fault_stack.fault("delay_before", seconds=0.5, times=None, method="GET", path="measurements")
    request_pull(fault_stack, people)
    done = "SELECT count(*) FROM devices_syncrow WHERE patient_id = ANY(%s::uuid[]) AND state = 'done'"
    patients = [person["patient"] for person in people]
    fault_stack.wait_until(lambda: fault_stack.one(done, patients) >= PEOPLE / 3, what="a third of the pull")
    fault_stack.kill("worker-background")
    assert fault_stack.one(OPEN) == 1, "the pull was over before the kill, so this shows nothing"
    fault_stack.vendor.delete("faults")
    fault_stack.process("worker-background").start()
    seconds = wait_for_pull(fault_stack, people)

    row = pull_result_row(fault_stack, people, "pull killed midway", f"over {seconds:.1f} s after the kill")
    report_row(row)
    assert row.held == row.stored == 10 * PEOPLE


def test_order_is_sent_while_a_pull_is_running(fault_stack, report_row):
    people = create_patients_at_vendor(fault_stack, count=PEOPLE, readings=5)
    fault_stack.fault("delay_before", seconds=5, times=None, method="GET", path="measurements")
    request_pull(fault_stack, people)
    done = "SELECT count(*) FROM devices_syncrow WHERE patient_id = ANY(%s::uuid[]) AND state = 'done'"
    patients = [person["patient"] for person in people]
    fault_stack.wait_until(lambda: fault_stack.one(done, patients), what="the pull")
    references = fault_stack.create_records("place_orders", count=1)
    placed = float(fault_stack.one(PLACED, references))

    def posts():
        return [line for line in fault_stack.read_control("requests") if line["method"] == "POST"]

    fault_stack.wait_until(posts, what="the order")
    beside = fault_stack.one(OPEN)
    fault_stack.vendor.delete("faults")
    wait_for_pull(fault_stack, people)

    waited = posts()[0]["at"] - placed
    report_row(
        pull_result_row(fault_stack, people, "pull beside an order", f"the order's call began after {waited:.2f} s")
    )
    assert beside == 1


@pytest.mark.faults
@pytest.mark.parametrize("keys", [1, 5])
def test_pull_of_60_patients_makes_one_call_a_second_on_each_key(fault_stack, report_row, keys):
    """At the real rate: the floor is 1.05 s x calls / background keys."""
    people = create_patients_at_vendor(fault_stack, count=60, readings=3)
    run_pull(fault_stack, people)
    fault_stack.send_control("limits", gap_seconds=1.0)
    worker = fault_stack.process("worker-background")
    first = ",".join(fault_stack.stack.env["TENOVI_API_KEYS"].split(",")[: 1 + keys])
    usual = worker.env
    worker.stop()
    worker.env = {**usual, "TENOVI_CALL_GAP_SECONDS": "1.05", "TENOVI_API_KEYS": first}
    try:
        fault_stack.clear_requests()
        worker.start()
        run_pull(fault_stack, people)
    finally:
        worker.stop()
        worker.env = usual
        worker.start()
    lines = [line for line in fault_stack.read_control("requests") if "/measurements" in line["path"]]
    calls, seconds = len(lines), max(line["at"] for line in lines) - min(line["at"] for line in lines)
    floor = 1.05 * calls / keys
    night = 1.05 * 1.03 * 10_000 / keys / 3600

    more = f"{calls} calls in {seconds:.1f} s, {seconds / floor:.3f} of the floor; 10,000 patients: {night:.1f} h"
    more += f", and as much again for their gateways: {2 * night:.1f} h"
    row = pull_result_row(fault_stack, people, f"pull at the real rate, {keys} keys", more)
    report_row(row)
    assert fault_stack.smallest_gap() >= 1.0
