"""Readings in a file: what is in it, and what a spreadsheet must not run."""

import csv
import datetime as dt
import io

import pytest
import time_machine

from devices.models import Delivery
from measurements.models import Measurement
from measurements.readings import exclusion
from measurements.readings.exclusion import Reason
from patients.models import AuditEvent
from tests.factories import ClinicFactory, DeliveryFactory, DeviceFactory, MeasurementFactory

NOW = dt.datetime(2026, 11, 3, 17, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOW, tick=False):
        yield


def download(client, patient, query="?days=7"):
    response = client.get(f"/patients/{patient.pk}/readings.csv{query}")
    return response, list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def taken(device, day, hour, **fields):
    at = dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)
    return MeasurementFactory(device=device, taken_at=at, vendor_created_at=at, received_at=at, **fields)


def test_each_reading_is_a_row_with_its_local_time_its_offset_and_utc(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    taken(device, 1, 5, code="blood_pressure", value_1=163, value_2=106)  # 1:00 in summer
    taken(device, 1, 6, code="blood_pressure", value_1=120, value_2=70)  # 1:00 again, in winter
    taken(device, 1, 7, code="pulse", value_1=78, value_2=0)

    _, rows = download(as_nadia, rosa)

    assert [(row["taken"], row["taken_utc"]) for row in rows] == [
        ("2026-11-01T01:00:00-04:00", "2026-11-01T05:00:00Z"),
        ("2026-11-01T01:00:00-05:00", "2026-11-01T06:00:00Z"),
        ("2026-11-01T02:00:00-05:00", "2026-11-01T07:00:00Z"),
    ]
    assert [(row["value"], row["value_2"], row["unit"], row["against_goal"]) for row in rows] == [
        ("163.00", "106.00", "mmHg", "above goal"),
        ("120.00", "70.00", "mmHg", "in goal"),
        ("78.00", "", "bpm", "in goal"),
    ]


def test_marks_are_words_and_what_is_excluded_says_by_whom_and_why(as_nadia, nadia, rosa):
    device = DeviceFactory(patient=rosa)
    taken(device, 1, 5, value_1=171, estimated=True, conflict=True)
    exclusion.exclude(reading=taken(device, 2, 5, value_1=99), reason=Reason.OTHER, detail="=the dog", by=nadia)

    _, (marked, excluded) = download(as_nadia, rosa)

    assert marked["marks"] == "time estimated by the vendor; check: another value for the same moment"
    assert (marked["counts"], marked["excluded_by"]) == ("no", "")
    assert (excluded["counts"], excluded["excluded_by"], excluded["excluded_reason"]) == (
        "no",
        "Nadia Haddad",
        "'=the dog",
    )


def test_only_the_range_that_is_shown_is_in_the_file(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    taken(device, 2, 5)
    MeasurementFactory(device=device, taken_at=NOW - dt.timedelta(days=8))

    assert len(download(as_nadia, rosa)[1]) == 1
    assert len(download(as_nadia, rosa, "?days=30")[1]) == 2


def test_an_export_is_written_down_and_its_name_tells_nothing(as_nadia, rosa):
    taken(DeviceFactory(patient=rosa), 2, 5)

    response, _ = download(as_nadia, rosa)

    event = AuditEvent.objects.get(action="export")
    assert (event.patient_ids, event.details) == ([rosa.pk], {"readings": 1, "days": 7})
    assert response["Content-Disposition"] == 'attachment; filename="readings.csv"'
    assert "no-store" in response["Cache-Control"]


def test_a_strangers_readings_are_no_file(client, olaf, rosa):
    client.force_login(olaf)

    assert client.get(f"/patients/{rosa.pk}/readings.csv").status_code == 404


def test_the_file_costs_the_same_queries_for_any_number_of_readings(as_nadia, rosa, django_assert_max_num_queries):
    device = DeviceFactory(patient=rosa)
    for hour in range(24):
        taken(device, 2, hour)

    with django_assert_max_num_queries(12):
        download(as_nadia, rosa)


def raw_payload(client, row):
    return client.get(f"/admin/measurements/measurement/{row.pk}/change/").content.decode()


def delivered(device):
    body = f'{{"hwi_device_id": "{device.hwi_id}", "metric": "weight", "value_1": "171.35"}}'.encode()
    return MeasurementFactory(device=device, delivery_id=DeliveryFactory(body=body).pk)


def test_an_administrator_reads_the_raw_payload_beside_the_reading(client, ada, rosa):
    row = delivered(DeviceFactory(patient=rosa))
    client.force_login(ada)

    shown = raw_payload(client, row)

    assert f'<a href="/admin/devices/delivery/{row.delivery_id}/change/">delivery {row.delivery_id}</a>' in shown
    assert "&quot;value_1&quot;: &quot;171.35&quot;" in shown


def test_a_raw_payload_that_was_purged_says_so(client, ada, rosa):
    row = delivered(DeviceFactory(patient=rosa))
    Delivery.objects.filter(pk=row.delivery_id).update(body=b"", purged_at=NOW)
    client.force_login(ada)

    assert "The body was purged. Its digest and outcome stay." in raw_payload(client, row)


def test_a_raw_payload_that_also_speaks_of_strangers_hides_values(client, ada, rosa):
    row = delivered(DeviceFactory(patient=rosa))
    stranger = DeviceFactory(patient__clinic=ClinicFactory())
    Measurement.objects.filter(pk=row.pk).update(delivery_id=delivered(stranger).delivery_id)
    client.force_login(ada)

    shown = raw_payload(client, row)
    assert "Values are hidden" in shown
    assert "171.35" not in shown
