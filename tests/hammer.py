"""Many senders at once, as the vendor's webhooks come, who remember what was acknowledged."""

import json
import threading
import time
from dataclasses import dataclass, field

import httpx2
import psycopg

HOOK = "/hooks/tenovi/measurements/"
ADD_DEVICE = """
import secrets
from tests.factories import DeviceFactory, GatewayFactory, PatientFactory
for factory in (GatewayFactory, PatientFactory):
    factory.reset_sequence(secrets.randbelow(10**6))  # each process would begin at 0 again
device = DeviceFactory()
print(device.hwi_id, device.patient.external_id)
"""


@dataclass
class Hammer:
    """`readings` numbered readings of one device, posted by `threads` senders. A lost one isn't sent again."""

    house: object
    device: str
    patient: str
    acknowledged: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def send(self, numbers, *, threads=8, pause=0.0):
        waiting = iter(list(numbers))
        lock = threading.Lock()

        def sender():
            with httpx2.Client(base_url=self.house.base_url, headers=self.header, timeout=20) as client:
                while True:
                    with lock:
                        number = next(waiting, None)
                    if number is None:
                        return
                    self.post(client, number)
                    time.sleep(pause)

        senders = [threading.Thread(target=sender) for _ in range(threads)]
        for thread in senders:
            thread.start()
        return senders

    def post(self, client, number):
        began = time.perf_counter()
        try:
            status = client.post(HOOK, content=json.dumps(reading(self.device, self.patient, number))).status_code
        except httpx2.HTTPError as error:
            self.refused[number] = type(error).__name__
            return
        self.seconds.append(time.perf_counter() - began)
        if status == 204:
            self.acknowledged.add(number)
        else:
            self.refused[number] = str(status)

    @property
    def header(self):
        return {"Authorization": self.house.env["TENOVI_WEBHOOK_SECRETS"], "Content-Type": "application/json"}

    def stored(self):
        """Numbers of the readings that stand in the database now."""
        question = "SELECT m.value_1 FROM measurements_measurement m JOIN devices_device d ON d.id = m.device_id"
        with psycopg.connect(self.house.env["DATABASE_URL"]) as session:
            rows = session.execute(f"{question} WHERE d.hwi_id::text = %s", [self.device]).fetchall()
        return {int(value) for (value,) in rows}


def hammer_of(house):
    *_, device, patient = house.manage("shell", "-v", "0", "-c", ADD_DEVICE).split()
    return Hammer(house, device, patient)


def reading(device, patient, number):
    """A weight of `number` pounds, taken a minute after the one before it."""
    moment = f"2026-09-{1 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00.000000Z"
    return {
        "metric": "weight",
        "device_name": "Tenovi Scale",
        "hwi_device_id": device,
        "patient_id": patient,
        "hardware_uuid": "A1B2C3D4E5F6",
        "sensor_code": "20",
        "value_1": f"{number}.00",
        "value_2": "0.00",
        "created": moment,
        "timestamp": moment,
        "timezone_offset": -4,
        "estimated_timestamp": False,
        "filter_params": {"measurement_index": 0},
    }
