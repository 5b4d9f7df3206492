"""A clinic of 10,000 by COPY: `python -m tests.bench.people 10000 1000000` (readings). Prints a session to use."""

import datetime as dt
import itertools
import json
import random
import sys
import uuid

import django

SEED = 20261121
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
# One round of what a patient measures, in the order in which the rows are dealt out.
ROUND = (
    *("blood_pressure", "pulse", "weight", "blood_pressure", "pulse"),
    *("spO2", "blood_pressure", "pulse", "glucose", "weight"),
)
HALF_A_DAY = dt.timedelta(hours=12)
READINGS = """
COPY measurements_measurement (patient_id, device_id, metric_id, taken_at, index, value_1, value_2, time_source,
    estimated, received_at, source, raw_metric, hardware_uuid, sensor_code, filter_params, conflict, duplicate,
    implausible, control, excluded_reason)
FROM STDIN
"""
NEWEST = """
INSERT INTO measurements_latestreading (patient_id, metric_id, measurement_id, taken_at, value_1, value_2, estimated,
    conflict, implausible)
SELECT patient.id, metric.code, newest.* FROM patients_patient AS patient CROSS JOIN measurements_metric AS metric
CROSS JOIN LATERAL (
    SELECT id, taken_at, value_1, value_2, estimated, conflict, implausible FROM measurements_measurement
    WHERE patient_id = patient.id AND metric_id = metric.code ORDER BY taken_at DESC LIMIT 1
) AS newest
"""


def main(people, readings):
    django.setup()
    from django.db import connection, transaction
    from django.test import Client

    from patients.models import Clinic, Patient, User

    chance = random.Random(SEED)
    clinic = Clinic.objects.create(name="Big Clinic", time_zone="America/New_York")
    user = User.objects.create_user("big@example.org", name="Nadia Big", role="clinician")
    user.clinics.add(clinic)
    with transaction.atomic():
        devices = households(clinic, people, chance, user)
        write(devices, readings, chance)
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        from measurements import overviews

        overviews.rebuild(Patient.objects.visible_to(user).values_list("pk", flat=True))
        cursor.execute("VACUUM ANALYZE")
    client = Client()
    client.force_login(user)
    patient = str(devices[people // 2][0])
    print(json.dumps({"session": client.cookies["sessionid"].value, "patient": patient}))


def households(clinic, people, chance, user):
    """(patient, device) of each; one order in ten people."""
    from devices.models import Assignment, Device, DeviceType, VendorCall
    from fulfillment.models import Order, OrderLine
    from patients.models import Condition, Patient

    patients = Patient.objects.bulk_create(
        Patient(
            clinic=clinic, external_id=f"big-{n}", given_name=f"Given{chance.randrange(500)}",
            family_name=f"Family{chance.randrange(3000)}", birth_date="1950-01-01", mrn=f"G{n}",
            time_zone=chance.choice(ZONES), sex="female", provider=f"Dr. {n % 20}",
            conditions=chance.sample(Condition.values, 2),
        )
        for n in range(people)
    )  # fmt: skip
    states = ("connected", "connected", "connected", "shipped", "on_hold")
    devices = Device.objects.bulk_create(
        Device(hwi_id=uuid.uuid4(), name="Tenovi BPM - L", sensor_code="10", state=chance.choice(states), patient=who)
        for who in patients
    )
    Assignment.objects.bulk_create(Assignment(device=device, patient=device.patient) for device in devices)
    kind = DeviceType.objects.create(name="Bench cuff", sensor_code="10")
    ordered = devices[:: max(1, people // 1000)]
    orders = Order.objects.bulk_create(Order(patient=device.patient, placed_by=user) for device in ordered)
    calls = VendorCall.objects.bulk_create(
        VendorCall(kind="order", patient=device.patient, state="confirmed", reference=f"bench-{n}", payload={})
        for n, device in enumerate(ordered)
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order, patient=order.patient, device_type=kind, family="10", call=call, device=device,
            status=device.state,
        )
        for order, call, device in zip(orders, calls, ordered, strict=True)
    )  # fmt: skip
    return [(device.patient_id, device.pk) for device in devices]


def write(devices, count, chance):
    """`count` readings dealt out evenly, each patient's two an hour of measuring, twice a day, back from now."""
    from django.db import connection

    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    with connection.cursor() as cursor, cursor.copy(READINGS) as copy:
        for patient, device in devices:
            for n in range(count // len(devices)):
                at = now - HALF_A_DAY * (n // 3) - dt.timedelta(minutes=n % 3)
                copy.write_row(row(patient, device, ROUND[n % len(ROUND)], at, chance, now))


VALUES = {
    "blood_pressure": (100, 180),
    "pulse": (55, 100),
    "weight": (150, 260),
    "glucose": (70, 260),
    "spO2": (86, 99),
}
FIXED = ("timestamp", False)
LAST = (False, False, False, False, "")
COUNTER = itertools.count(1)


def row(patient, device, metric, at, chance, now):
    second = chance.randint(60, 100) if metric == "blood_pressure" else None
    came = (now, "pull", metric, "A1B2C3D4E5F6", "10", "{}")
    first = chance.randint(*VALUES[metric])
    return (patient, device, metric, at, next(COUNTER) % 1000, first, second, *FIXED, *came, *LAST)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
