"""People whose readings the vendor holds, and what a pull has made of them."""

import datetime as dt

from tests.faults.table import Row

THERE = "SELECT count(*) FROM devices_syncrow WHERE patient_id = ANY(%s::uuid[]) AND state = 'done'"
OPEN = "SELECT count(*) FROM devices_syncrun WHERE kind = 'measurements' AND finished_at IS NULL"
STORED = """
SELECT device.hwi_id::text, kept.index, count(*) FROM measurements_measurement kept
JOIN devices_device device ON device.id = kept.device_id WHERE device.hwi_id = ANY(%s::uuid[]) GROUP BY 1, 2
"""
CHUNK = 500


def at_vendor(arena, *, count, readings=0, webhook=False):
    """Enrolled here, each with a scale that the vendor has linked; `readings` for each."""
    made = [arena.do("device", name="Tenovi Scale", external_id=f"pt-fault-{token(arena)}") for _ in range(count)]
    devices = [{"hwi_id": each["id"], "external_id": each["patient"]} for each in made]
    people = arena.seed("people", count=count, devices=devices)
    for person in people:
        person["readings"] = set()
    send(arena, people, count * readings, webhook=webhook)
    return people


def token(arena):
    arena.tokens = getattr(arena, "tokens", 0) + 1
    return f"{arena.tokens:06}"


def send(arena, people, count, *, webhook):
    """`count` readings, in turn over the people; the vendor has had them for ten minutes."""
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
        arena.vendor.post("readings", json=rows[first : first + CHUNK]).raise_for_status()


def pull(arena, people):
    """Seconds until each of these patients has been pulled."""
    start(arena, people)
    return finished(arena, people)


def start(arena, people):
    arena.seed("start_pull", patients=[person["patient"] for person in people])


def finished(arena, people):
    took = arena.wait_until(lambda: arena.one(OPEN) == 0, what="the pull")
    assert arena.one(THERE, [person["patient"] for person in people]) >= len(people)
    return took


def pulled_row(arena, people, what, more=""):
    held = {(person["hwi_id"], index) for person in people for index in person["readings"]}
    found = arena.rows(STORED, [person["hwi_id"] for person in people])
    stored = {(device, index): count for device, index, count in found}
    assert stored.keys() <= held, "readings that the vendor never had"
    return Row(
        what,
        held=len(held),
        sent=len(arena.ask("requests")),
        stored=len(stored),
        duplicated=sum(stored.values()) - len(stored),
        lost=len(held - stored.keys()),
        more=more,
    )
