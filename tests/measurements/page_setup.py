"""What the tests of the pages share: noon of one day, and readings taken before it."""

import datetime as dt

from django.utils import timezone

from measurements.ingest import patient_summaries
from measurements.ingest.pg_arrays import format_bigint_array
from patients.models import AuditEvent
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)  # noon in New York


def add_reading(device, code, value_1, value_2=None, *, hours_ago=5, latest=True, **fields):
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
    patient_summaries.update_patient_summaries(
        format_bigint_array([row.pk]), patients=[device.patient_id], weighed=weighed
    )
    return row


def add_device_with_readings(patient):
    """A patient with a device, a blood pressure with its pulse, and a weight."""
    device = DeviceFactory(patient=patient, first_reading_at=NOW, last_reading_at=NOW, battery_percent=62)
    add_reading(device, "blood_pressure", 163, 106, index=7)
    add_reading(device, "pulse", 78, 0, index=7)
    add_reading(device, "weight", "171.04")
    return device


def audited_patient_ids(action):
    return list(AuditEvent.objects.filter(action=action).values_list("patient_ids", flat=True))
