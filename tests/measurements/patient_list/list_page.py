"""Steps of the patient list tests: readings, list settings, neighbouring pages."""

import datetime as dt

from django.utils import timezone

from measurements.ingest import patient_summaries
from measurements.ingest.pg_arrays import format_bigint_array
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

SORTS = ("name", "blood_pressure", "weight", "glucose", "spO2", "last", "days")


def add_reading(patient, code, value, *, hours_ago=5.0, **fields):
    device = patient.devices.first() or DeviceFactory(patient=patient)
    at = timezone.now() - dt.timedelta(hours=hours_ago)
    pair = {"value_2": 80 if code == "blood_pressure" else None} | fields
    row = MeasurementFactory(device=device, code=code, value_1=value, taken_at=at, **pair)
    newest = patient.latest_readings.filter(metric=code).first()
    if newest is None or newest.taken_at <= at:
        patient.latest_readings.filter(metric=code).delete()
        LatestReadingFactory(measurement=row)
    patient_summaries.update_patient_summaries(
        format_bigint_array([row.pk]), patients=[patient.pk], weighed=[patient.pk]
    )
    return row


def post_list_settings(client, **choice):
    response = client.post("/patients/arrange/", choice)
    assert (response.status_code, response["Location"]) == (302, "/patients/")
    return client.get("/patients/")


def family_names(response):
    return [row.patient.family_name for row in response.context["rows"]]


def open_adjacent_page(client, response, way):
    place = getattr(response.context["page"], way)
    return client.get("/patients/", {way: place}) if place else None
