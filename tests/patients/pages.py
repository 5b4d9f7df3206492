"""What the tests of the pages share: noon of one day, and readings taken before it."""

import datetime as dt

from django.utils import timezone

from measurements.ingest import patient_summaries
from measurements.ingest.pg_arrays import bigints
from patients.models import AuditEvent
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)  # noon in New York


def read(device, code, value_1, value_2=None, *, hours_ago=5, latest=True, **fields):
    row = MeasurementFactory(
        device=device,
        code=code,
        value_1=value_1,
        value_2=value_2,
        taken_at=timezone.now() - dt.timedelta(hours=hours_ago),
        **fields,
    )
    if latest:
        LatestReadingFactory(measurement=row)
    weighed = {device.patient_id} if code == "weight" else set()
    patient_summaries.follow(bigints([row.pk]), patients=[device.patient_id], weighed=weighed)
    return row


def measured(patient):
    """A patient with a device, a blood pressure with its pulse, and a weight."""
    device = DeviceFactory(patient=patient, first_reading_at=NOW, last_reading_at=NOW, battery_percent=62)
    read(device, "blood_pressure", 163, 106, index=7)
    read(device, "pulse", 78, 0, index=7)
    read(device, "weight", "171.04")
    return device


def seen(action):
    return list(AuditEvent.objects.filter(action=action).values_list("patient_ids", flat=True))
