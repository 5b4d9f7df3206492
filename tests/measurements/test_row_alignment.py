"""`manage.py align_stored_rows` reports what stored rows would change under new rules, and changes it on request."""

import datetime as dt

import pytest
from django.core.management import call_command

from measurements.management.commands import align_stored_rows
from measurements.models import LatestReading, Measurement, PatientSummary, ReadingDay
from patients.audit import row_alignment
from patients.models import AuditEvent
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory
from tests.measurements.page_setup import NOW

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def align(capsys, *arguments):
    """Changed rows by step."""
    call_command("align_stored_rows", *arguments)
    lines = capsys.readouterr().out.splitlines()
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}


def add_stored_reading(device, value, *, stamp, received_at=NOW, **fields):
    return MeasurementFactory(
        device=device, code="spO2", value_1=value, taken_at=stamp, received_at=received_at, **fields
    )


def test_align_stored_rows_reports_without_changing_and_applies_once(cuff, capsys):
    newest = add_stored_reading(cuff, 98, stamp=NOW + 20 * HOUR)
    add_stored_reading(cuff, 97, stamp=NOW + 19 * HOUR)
    before = list(Measurement.objects.values())

    reported = align(capsys)

    assert reported["measurements.readings_ahead"] == 2
    assert (list(Measurement.objects.values()), LatestReading.objects.count()) == (before, 0)
    assert not AuditEvent.objects.filter(action="align").exists()

    assert align(capsys, "--apply") == reported | {"measurements.latest_readings": 1}
    assert dict(Measurement.objects.values_list("value_1", "taken_at")) == {98: NOW, 97: NOW - HOUR}
    assert LatestReading.objects.get().measurement == newest
    assert PatientSummary.objects.get().last_at == NOW
    assert [row.day for row in ReadingDay.objects.all()] == [NOW.date()]
    assert set(align(capsys, "--apply").values()) == {0}


def test_align_stored_rows_audits_patients_that_it_changes(cuff, elm, capsys):
    add_stored_reading(cuff, 98, stamp=NOW + 20 * HOUR)
    other = DeviceFactory(patient=PatientFactory(clinic=elm))
    LatestReadingFactory(measurement=add_stored_reading(other, 97, stamp=NOW - HOUR))

    align(capsys, "--apply", "--step", "measurements.readings_ahead")

    event = AuditEvent.objects.get(action="align")
    assert (event.patient_ids, event.target) == ([cuff.patient_id], "step:measurements.readings_ahead")


def test_align_stored_rows_corrects_times_of_devices_with_impossible_stamps(cuff, capsys):
    add_stored_reading(cuff, 98, stamp=NOW + 20 * HOUR)
    add_stored_reading(cuff, 97, stamp=NOW - 4000 * 24 * HOUR, received_at=NOW - HOUR)
    type(cuff).objects.update(first_reading_at=NOW - 4000 * 24 * HOUR, last_reading_at=NOW + 20 * HOUR)

    assert align(capsys, "--apply")["measurements.device_times"] == 1

    cuff.refresh_from_db()
    assert (cuff.first_reading_at, cuff.last_reading_at) == (NOW - HOUR, NOW)


def test_align_stored_rows_flags_pressures_of_impossible_pulses(cuff, capsys):
    MeasurementFactory(device=cuff, code="pulse", value_1=0, implausible=True, taken_at=NOW)
    pressure = MeasurementFactory(device=cuff, code="blood_pressure", taken_at=NOW)

    assert align(capsys, "--apply")["measurements.pressures_to_check"] == 1
    assert Measurement.objects.get(pk=pressure.pk).implausible


def test_align_stored_rows_corrects_probable_duplicates(cuff, capsys):
    estimate = add_stored_reading(cuff, 96, stamp=NOW - HOUR, received_at=NOW, estimated=True)
    certain = add_stored_reading(cuff, 96, stamp=NOW, duplicate=True)
    apart = add_stored_reading(cuff, 96, stamp=NOW - 70 * HOUR, estimated=True, duplicate=True)

    assert align(capsys, "--apply")["measurements.probable_duplicates"] == 3

    flags = dict(Measurement.objects.values_list("pk", "duplicate"))
    assert flags == {estimate.pk: True, certain.pk: False, apart.pk: False}
    assert set(align(capsys, "--apply").values()) == {0}


def test_align_stored_rows_works_in_slices_that_commit_by_themselves(elm, capsys, monkeypatch):
    monkeypatch.setattr(row_alignment, "SLICE_PATIENTS", 2)
    for _ in range(5):
        add_stored_reading(DeviceFactory(patient=PatientFactory(clinic=elm)), 98, stamp=NOW + 20 * HOUR)
    step = next(step for step in align_stored_rows.STEPS if step.name == "measurements.readings_ahead")

    assert list(row_alignment.run_step(step, apply=False))[:3] == [2, 2, 1]
    next(row_alignment.run_step(step, apply=True))
    assert Measurement.objects.filter(stamped_at__isnull=False).count() == 2
    assert sum(row_alignment.run_step(step, apply=True)) == 3
