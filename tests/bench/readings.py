"""Webhook items of many cuffs: two readings a day each, blood pressure and pulse in turn, without repeats."""

import datetime as dt
import hashlib
import itertools
import json
import random

SEED = 20261121
NEWEST = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)
INSERT = """
INSERT INTO devices_delivery (kind, source, body, digest, received_at, state, reason, outcome, flagged, attempts,
    next_attempt_at)
SELECT 'measurement', 'webhook', body, digest, clock_timestamp(), 'new', '', '{}', false, 0, clock_timestamp()
FROM unnest(%s::bytea[], %s::bytea[]) AS row(body, digest)
"""


class ReadingGenerator:
    def __init__(self, cuffs, *, seed=SEED):
        self.cuffs, self.random, self._rounds = cuffs, random.Random(seed), itertools.count()

    def round(self, count, *, cuffs=None):
        """`count` new items spread over `cuffs` of the cuffs, in no order."""
        holders = self.cuffs[: cuffs or len(self.cuffs)]
        newest = NEWEST - next(self._rounds) * dt.timedelta(days=40, seconds=1)
        items = [self.item(*holders[n % len(holders)], nth=n // len(holders), newest=newest) for n in range(count)]
        self.random.shuffle(items)
        return items

    def item(self, hwi_id, patient_id, *, nth, newest):
        taken = (newest - dt.timedelta(hours=12) * (nth // 2)).isoformat(timespec="microseconds")
        pressure = nth % 2 == 0
        return {
            "metric": "blood_pressure" if pressure else "pulse",
            "device_name": "Tenovi BPM - L",
            "hwi_device_id": hwi_id,
            "patient_id": patient_id,
            "hardware_uuid": "A1B2C3D4E5F6",
            "sensor_code": "10",
            "value_1": f"{self.random.randint(95, 170) if pressure else self.random.randint(50, 110)}.00",
            "value_2": f"{self.random.randint(50, 94)}.00" if pressure else "0.00",
            "created": taken.replace("+00:00", "Z"),
            "timestamp": taken.replace("+00:00", "Z"),
            "timezone_offset": -5,
            "estimated_timestamp": False,
            "filter_params": {"measurement_index": self.random.randint(1, 60_000)},
        }


def insert_deliveries(db, bodies):
    """As stored by the receiver, all due now."""
    raw = [json.dumps(body).encode() for body in bodies]
    db.execute(INSERT, [raw, [hashlib.sha256(body).digest() for body in raw]])
    db.commit()
