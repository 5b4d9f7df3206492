"""Patients with readings at the vendor, and the results of a pull."""

import datetime as dt

from tests.faults.results_table import ResultRow

THERE = "SELECT count(*) FROM devices_syncrow WHERE patient_id = ANY(%s::uuid[]) AND state = 'done'"
OPEN = "SELECT count(*) FROM devices_syncrun WHERE kind = 'measurements' AND finished_at IS NULL"
STORED = """
SELECT device.hwi_id::text, reading.index, count(*) FROM measurements_measurement reading
JOIN devices_device device ON device.id = reading.device_id WHERE device.hwi_id = ANY(%s::uuid[]) GROUP BY 1, 2
"""
CHUNK = 500


def create_patients_at_vendor(fault_stack, *, count, readings=0, webhook=False):
    """Enrolled here, each with a scale that the vendor has linked; `readings` for each."""
    made = [
        fault_stack.send_control("device", name="Tenovi Scale", external_id=f"pt-fault-{next_token(fault_stack)}")
        for _ in range(count)
    ]
    devices = [{"hwi_id": each["id"], "external_id": each["patient"]} for each in made]
    people = fault_stack.create_records("create_patients", count=count, devices=devices)
    for person in people:
        person["readings"] = set()
    add_readings_at_vendor(fault_stack, people, count * readings, webhook=webhook)
    return people


def next_token(fault_stack):
    fault_stack.tokens = getattr(fault_stack, "tokens", 0) + 1
    return f"{fault_stack.tokens:06}"


def add_readings_at_vendor(fault_stack, people, count, *, webhook):
    """`count` readings, in turn over the patients; stored at the vendor ten minutes ago."""
    now = dt.datetime.now(dt.UTC)
    created = (now - dt.timedelta(minutes=10)).isoformat()
    rows = []
    for number in range(count):
        person, index = people[number % len(people)], 1 + number // len(people)
        person["readings"].add(index)
        taken = (now - dt.timedelta(minutes=15 + index)).isoformat()
        rows.append(
            {"hwi_device_id": person["hwi_id"], "metric": "weight", "value_1": 150 + index % 80, "timestamp": taken,
             "created": created, "filter_params": {"measurement_index": index}, "webhook": webhook}
        )  # fmt: skip
    for first in range(0, len(rows), CHUNK):
        fault_stack.vendor.post("readings", json=rows[first : first + CHUNK]).raise_for_status()


def run_pull(fault_stack, people):
    """Seconds until each of these patients has been pulled."""
    request_pull(fault_stack, people)
    return wait_for_pull(fault_stack, people)


def request_pull(fault_stack, people):
    fault_stack.create_records("request_pull", patients=[person["patient"] for person in people])


def wait_for_pull(fault_stack, people):
    took = fault_stack.wait_until(lambda: fault_stack.one(OPEN) == 0, what="the pull")
    assert fault_stack.one(THERE, [person["patient"] for person in people]) >= len(people)
    return took


def pull_result_row(fault_stack, people, what, more=""):
    held = {(person["hwi_id"], index) for person in people for index in person["readings"]}
    found = fault_stack.rows(STORED, [person["hwi_id"] for person in people])
    stored = {(device, index): count for device, index, count in found}
    assert stored.keys() <= held, "readings that the vendor does not have"
    return ResultRow(
        what,
        held=len(held),
        sent=len(fault_stack.read_control("requests")),
        stored=len(stored),
        duplicated=sum(stored.values()) - len(stored),
        lost=len(held - stored.keys()),
        more=more,
    )
