"""Sender's log of webhook deliveries, compared with the rows in the database afterwards."""

import datetime as dt
import hashlib
import json
import random
import statistics
import threading
from collections import Counter

from tests.faults.results_table import ResultRow
from tests.faults.webhook_sender import send_webhooks

NEWEST = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)
ACCEPTED = 204
UNPROCESSED = "SELECT count(*) FROM devices_delivery WHERE id > %s AND state IN ('new', 'waiting')"
DIGESTS = "SELECT digest, count(*) FROM devices_delivery WHERE id > %s GROUP BY digest"
READINGS = """
SELECT device.hwi_id::text, reading.index, count(*) FROM measurements_measurement reading
JOIN devices_device device ON device.id = reading.device_id WHERE device.hwi_id = ANY(%s::uuid[]) GROUP BY 1, 2
"""
STATES = "SELECT state, count(*) FROM devices_delivery WHERE id > %s GROUP BY state"


def weight_item(hwi_id, patient_id, number, **changes):
    """A weight, numbered by its index, a minute older than the one before."""
    taken = (NEWEST - dt.timedelta(minutes=number)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {
        "metric": "weight",
        "device_name": "Tenovi Scale",
        "hwi_device_id": hwi_id,
        "patient_id": patient_id,
        "hardware_uuid": "A1B2C3D4E5F6",
        "sensor_code": "13",
        "value_1": f"{150 + number % 80}.00",
        "value_2": "0.00",
        "created": taken,
        "timestamp": taken,
        "timezone_offset": -5,
        "estimated_timestamp": False,
        "filter_params": {"measurement_index": number},
    } | changes


class DeliveryLog:
    """For one test, with its own devices and bodies."""

    def __init__(self, fault_stack, people):
        self.fault_stack, self.people = fault_stack, people
        self.since = fault_stack.one("SELECT coalesce(max(id), 0) FROM devices_delivery")
        self.keys_of = {}  # body -> its readings from known devices
        self.statuses, self.acknowledged, self.seconds = Counter(), Counter(), []
        self._lock = threading.Lock()

    def bodies(self, count, *, first=1):
        """`count` new readings spread over the patients' devices, one per body."""
        return [self.body([self.item(number)]) for number in range(first, first + count)]

    def item(self, number, **changes):
        person = self.people[number % len(self.people)]
        return weight_item(person["hwi_id"], person["external_id"], number, **changes)

    def body(self, items, *, usable=True):
        raw = json.dumps(items[0] if len(items) == 1 else items).encode()
        keys = [(item["hwi_device_id"], item["filter_params"]["measurement_index"]) for item in items]
        self.keys_of[raw] = keys if usable else []
        return raw

    def garbage(self, size):
        """Bytes that are not JSON and that no database compresses."""
        raw = random.randbytes(size)
        self.keys_of[raw] = []
        return raw

    def send(self, bodies, **options):
        """Seconds that it took."""
        options.setdefault("secret", self.fault_stack.secret)
        return send_webhooks(self.fault_stack.address, bodies, note=self.note, **options)

    def note(self, body, answer):
        with self._lock:
            self.statuses[answer.status] += 1
            self.seconds.append(answer.seconds)
            if answer.status == ACCEPTED:
                self.acknowledged[body] += 1

    # --- results ------------------------------------------------------------------------------------------

    def unprocessed_count(self):
        return self.fault_stack.one(UNPROCESSED, self.since)

    def wait_until_processed(self):
        """Seconds until nothing waits any more."""
        return self.fault_stack.wait_until(lambda: self.unprocessed_count() == 0, what="the backlog")

    def held(self):
        return {key for keys in self.keys_of.values() for key in keys}

    def missing(self):
        """Acknowledged deliveries without a row, and acknowledged readings without one."""
        rows = {bytes(digest): count for digest, count in self.fault_stack.rows(DIGESTS, self.since)}
        stored = self.stored()
        bodies = [body for body, count in self.acknowledged.items() if rows.get(digest_of(body), 0) < count]
        return bodies + [key for body in self.acknowledged for key in self.keys_of[body] if key not in stored]

    def stored(self):
        devices = sorted({device for device, _ in self.held()})
        return {(device, index): count for device, index, count in self.fault_stack.rows(READINGS, devices)}

    def row(self, what, more=""):
        states, stored = dict(self.fault_stack.rows(STATES, self.since)), self.stored()
        hundredths = statistics.quantiles(self.seconds, n=100) if len(self.seconds) > 1 else [0.0] * 99
        return ResultRow(
            what,
            held=len(self.keys_of),
            sent=sum(self.statuses.values()),
            acknowledged=sum(self.acknowledged.values()),
            stored=len(stored),
            duplicated=sum(stored.values()) - len(stored),
            quarantined=states.get("quarantined", 0),
            lost=len(self.missing()) + states.get("dead", 0),
            http_500=self.statuses[500],
            p50=hundredths[49] * 1000,
            p99=hundredths[98] * 1000,
            more=more,
        )


def digest_of(body):
    return hashlib.sha256(body).digest()
