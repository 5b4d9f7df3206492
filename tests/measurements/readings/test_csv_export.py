"""Readings in a file: what is in it, and what a spreadsheet must not run."""

import csv
import datetime as dt
import io

import pytest
import time_machine

from devices.models import Delivery
from measurements import units
from measurements.models import Measurement
from measurements.readings import exclusion
from measurements.readings.exclusion import ExclusionReason
from measurements.units import DisplayUnits
from patients.models import AuditEvent
from tests.factories import ClinicFactory, DeliveryFactory, DeviceFactory, MeasurementFactory

NOW = dt.datetime(2026, 11, 3, 17, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def fixed_now():
    with time_machine.travel(NOW, tick=False):
        yield


def download_csv(client, patient, query="?days=7"):
    response = client.get(f"/patients/{patient.pk}/readings.csv{query}")
    return response, list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def create_reading_at(device, day, hour, **fields):
    at = dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)
    return MeasurementFactory(device=device, taken_at=at, vendor_created_at=at, received_at=at, **fields)


def test_csv_export_row_has_local_time_with_offset_and_utc(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    create_reading_at(device, 1, 5, code="blood_pressure", value_1=163, value_2=106)  # 1:00 in summer
    create_reading_at(device, 1, 6, code="blood_pressure", value_1=120, value_2=70)  # 1:00 again, in winter
    create_reading_at(device, 1, 7, code="pulse", value_1=78, value_2=0)

    _, rows = download_csv(as_nadia, rosa)

    assert [(row["taken"], row["taken_utc"]) for row in rows] == [
        ("2026-11-01T01:00:00-04:00", "2026-11-01T05:00:00Z"),
        ("2026-11-01T01:00:00-05:00", "2026-11-01T06:00:00Z"),
        ("2026-11-01T02:00:00-05:00", "2026-11-01T07:00:00Z"),
    ]
    columns = ("systolic", "diastolic", "value", "unit", "against_goal")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        ("163.00", "106.00", "", "mmHg", "above goal"),
        ("120.00", "70.00", "", "mmHg", "in goal"),
        ("", "", "78.00", "bpm", "in expected range"),
    ]
    assert {row["mrn"] for row in rows} == {rosa.mrn}


def test_csv_export_spells_out_quality_flags_and_exclusions(as_nadia, nadia, rosa):
    device = DeviceFactory(patient=rosa)
    create_reading_at(device, 1, 5, value_1=171, estimated=True, conflict=True)
    exclusion.exclude_reading(
        reading=create_reading_at(device, 2, 5, value_1=99), reason=ExclusionReason.OTHER, detail="=the dog", by=nadia
    )

    _, (marked, excluded) = download_csv(as_nadia, rosa)

    assert marked["marks"] == "time estimated by the vendor; check: another value for the same time"
    assert (marked["counts"], marked["excluded_by"]) == ("no", "")
    assert (excluded["counts"], excluded["excluded_by"], excluded["excluded_reason"]) == (
        "no",
        "Nadia Haddad",
        "'=the dog",
    )


def test_csv_export_says_of_a_duplicate_what_the_table_says(as_nadia, rosa):
    create_reading_at(DeviceFactory(patient=rosa), 2, 5, code="spO2", value_1=88, duplicate=True)

    _, (row,) = download_csv(as_nadia, rosa, "?days=7&shown=out")

    assert (row["against_goal"], row["counts"]) == ("below goal", "no")


def test_csv_export_has_the_meal_in_a_column_of_its_own(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    stated = ("fasting", "pre-prandial", "post-prandial", "=bedtime", None)
    for hour, context in enumerate(stated):
        create_reading_at(device, 2, hour + 6, code="glucose", value_1=148, filter_params={"meal_context": context})

    _, rows = download_csv(as_nadia, rosa)

    assert [row["meal"] for row in rows] == ["fasting", "before a meal", "after a meal", "'=bedtime", ""]
    assert {row["marks"] for row in rows} == {""}


def test_csv_export_contains_only_selected_date_range(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    create_reading_at(device, 2, 5)
    MeasurementFactory(device=device, taken_at=NOW - dt.timedelta(days=8))

    assert len(download_csv(as_nadia, rosa)[1]) == 1
    assert len(download_csv(as_nadia, rosa, "?days=30")[1]) == 2


def test_csv_export_writes_audit_and_is_not_cached(as_nadia, rosa):
    create_reading_at(DeviceFactory(patient=rosa), 2, 5)

    response, _ = download_csv(as_nadia, rosa)

    event = AuditEvent.objects.get(action="export")
    assert (event.patient_ids, event.details) == ([rosa.pk], {"readings": 1, "days": 7})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("mrn", "name"),
    [
        ("M-0042", "M-0042"),
        ('=cmd|"a/../b', "cmd-a-..-b"),
        ("№ 12 Ä", "filename*=utf-8''12-%C3%84-readings"),
        ("", "acct-rosa"),
    ],
)
def test_csv_export_file_is_named_by_mrn_and_days(as_nadia, rosa, mrn, name):
    type(rosa).objects.filter(pk=rosa.pk).update(mrn=mrn, external_id="acct-rosa")

    response, _ = download_csv(as_nadia, rosa)

    assert name in response["Content-Disposition"]
    assert response["Content-Disposition"].rstrip('"').endswith("-readings-2026-10-28-to-2026-11-03.csv")


def test_csv_export_contains_what_the_filters_of_the_table_choose(as_nadia, rosa):
    device = DeviceFactory(patient=rosa)
    create_reading_at(device, 1, 5, code="blood_pressure", value_1=163, value_2=70)
    create_reading_at(device, 1, 5, code="pulse", value_1=78)
    create_reading_at(device, 2, 5, code="blood_pressure", value_1=120, value_2=70, estimated=True)

    assert [row["systolic"] for row in download_csv(as_nadia, rosa, "?days=7&shown=out")[1]] == ["163.00"]
    assert [row["systolic"] for row in download_csv(as_nadia, rosa, "?days=7&shown=marked")[1]] == ["120.00"]
    assert [row["value"] for row in download_csv(as_nadia, rosa, "?days=7&metric=pulse")[1]] == ["78.00"]
    assert AuditEvent.objects.first().details == {"readings": 1, "days": 7, "metric": "pulse"}


def test_csv_export_runs_no_formula_of_an_mrn(as_nadia, rosa):
    type(rosa).objects.filter(pk=rosa.pk).update(mrn="=1+1")
    create_reading_at(DeviceFactory(patient=rosa), 2, 5)

    assert download_csv(as_nadia, rosa)[1][0]["mrn"] == "'=1+1"


def test_csv_export_of_other_clinics_patient_is_not_found(client, olaf, rosa):
    client.force_login(olaf)

    assert client.get(f"/patients/{rosa.pk}/readings.csv").status_code == 404


def test_csv_export_query_count_does_not_grow_with_readings(as_nadia, rosa, django_assert_max_num_queries):
    device = DeviceFactory(patient=rosa)
    for hour in range(24):
        create_reading_at(device, 2, hour)

    with django_assert_max_num_queries(12):
        download_csv(as_nadia, rosa)


def get_admin_reading_page(client, row):
    return client.get(f"/admin/measurements/measurement/{row.pk}/change/").content.decode()


def create_reading_with_delivery(device):
    body = f'{{"hwi_device_id": "{device.hwi_id}", "metric": "weight", "value_1": "171.35"}}'.encode()
    return MeasurementFactory(device=device, delivery_id=DeliveryFactory(body=body).pk)


def test_reading_admin_page_shows_raw_payload_to_administrator(client, ada, rosa):
    row = create_reading_with_delivery(DeviceFactory(patient=rosa))
    client.force_login(ada)

    shown = get_admin_reading_page(client, row)

    assert f'<a href="/admin/devices/delivery/{row.delivery_id}/change/">delivery {row.delivery_id}</a>' in shown
    assert "&quot;value_1&quot;: &quot;171.35&quot;" in shown


def test_reading_admin_page_reports_purged_payload(client, ada, rosa):
    row = create_reading_with_delivery(DeviceFactory(patient=rosa))
    Delivery.objects.filter(pk=row.delivery_id).update(body=b"", purged_at=NOW)
    client.force_login(ada)

    assert "The body was purged. Its digest and outcome stay." in get_admin_reading_page(client, row)


def test_reading_admin_page_redacts_payload_that_includes_other_patients(client, ada, rosa):
    row = create_reading_with_delivery(DeviceFactory(patient=rosa))
    other = DeviceFactory(patient__clinic=ClinicFactory())
    Measurement.objects.filter(pk=row.pk).update(delivery_id=create_reading_with_delivery(other).delivery_id)
    client.force_login(ada)

    shown = get_admin_reading_page(client, row)
    assert "Values are hidden" in shown
    assert "171.35" not in shown


def test_csv_export_shows_yes_no_in_words_and_other_units_as_on_the_page(as_nadia, nadia, rosa):
    units.save_units_preference(units=DisplayUnits.from_code("mmol/L"), by=nadia)
    device = DeviceFactory(patient=rosa)
    create_reading_at(device, 1, 5, code="irregular_heartbeat", value_1=0, value_2=0)
    create_reading_at(device, 1, 6, code="irregular_heartbeat", value_1=1, value_2=0)
    create_reading_at(device, 1, 7, code="glucose", value_1=181, value_2=0)

    _, rows = download_csv(as_nadia, rosa)

    assert [(row["value"], row["systolic"], row["unit"], row["against_goal"]) for row in rows] == [
        ("not detected", "", "", ""),
        ("detected", "", "", ""),
        ("10.05", "", "mmol/L", "above goal"),
    ]
