"""PatientSummary follows new readings, and is rebuilt when one is excluded."""

import datetime as dt
import random

import pytest
from django.db import connection
from django.db.models import DateTimeField, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from measurements import tasks
from measurements.ingest import patient_summaries
from measurements.ingest.pg_arrays import format_bigint_array
from measurements.local_days import LocalDays
from measurements.models import Measurement, PatientSummary
from measurements.models.patient_summary import measured_day_count as sql_measured_day_count
from measurements.weeks import week_figures
from patients.enrollment import admission
from patients.models import Patient
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def noon(time_machine):
    """Days are counted in steps of 24 h: near midnight, a change of the clocks would move some to the next day."""
    time_machine.move_to(NOW, tick=False)


@pytest.fixture(autouse=True)
def device(rosa):
    return DeviceFactory(patient=rosa)


def create_latest_reading(device, *, hours_ago, code="blood_pressure", value=120, **fields):
    at = timezone.now() - dt.timedelta(hours=hours_ago)
    second = 80 if code == "blood_pressure" else None
    row = MeasurementFactory(device=device, code=code, value_1=value, value_2=second, taken_at=at, **fields)
    device.patient.latest_readings.filter(metric=code).delete()
    LatestReadingFactory(measurement=device.patient.measurements.filter(metric=code).order_by("-taken_at").first())
    return row


def update_summary(*rows, weighed=None):
    patients = {row.patient_id for row in rows}
    patient_summaries.update_patient_summaries(
        format_bigint_array(row.pk for row in rows), patients=patients, weighed=patients if weighed is None else weighed
    )
    return PatientSummary.objects.get(patient=rows[0].patient_id)


def measured_day_count(patient, *, days, now=None):
    """As the list shows it, after checking that the list sorts by the same."""
    at = now or timezone.now()
    sorted_by = sql_measured_day_count(days=days, now=Value(at, output_field=DateTimeField()))
    summary = PatientSummary.objects.annotate(counted=sorted_by).get(patient=patient)
    shown = len(summary.measured_dates(LocalDays.until(at, summary.patient.zone, days=days)))
    assert shown == summary.counted
    return shown


def test_patient_summary_adds_local_day_of_each_reading_in_any_order(rosa, device):
    rows = [create_latest_reading(device, hours_ago=hours) for hours in (0, 24 * 5, 24 * 2, 24 * 40, 1)]
    random.Random(5).shuffle(rows)

    for row in rows:
        summary = update_summary(row)

    assert [measured_day_count(rosa, days=days) for days in (1, 3, 30, 41)] == [1, 2, 3, 4]
    assert summary.last_at == max(row.taken_at for row in rows)


def test_patient_summary_counts_days_of_at_most_62(rosa, device):
    for days in (100, 1, 300, 61, 62):
        update_summary(create_latest_reading(device, hours_ago=24 * days))

    assert measured_day_count(rosa, days=62) == 2
    assert rosa.reading_days.count() == 5


def test_patient_summary_count_moves_with_patient_local_today(rosa, device):
    update_summary(create_latest_reading(device, hours_ago=0), create_latest_reading(device, hours_ago=24 * 3))
    now = timezone.now()

    later = [now + dt.timedelta(days=days) for days in (-1, 0, 26, 27, 30, 90)]
    assert [measured_day_count(rosa, days=30, now=at) for at in later] == [1, 2, 2, 1, 0, 0]


def test_patient_summary_counts_reading_across_midnight_as_today(time_machine, rosa, device):
    """Of tomorrow by its stamp, which may be five minutes ahead: not a day earlier, and once with one of today."""
    time_machine.move_to(dt.datetime(2026, 11, 22, 5, 2, tzinfo=dt.UTC), tick=False)  # 12:02 am in New York
    update_summary(create_latest_reading(device, hours_ago=0), create_latest_reading(device, hours_ago=48))
    earlier = [timezone.now() - dt.timedelta(minutes=minutes) for minutes in (24 * 60, 8, 4, 0)]

    assert [measured_day_count(rosa, days=30, now=at) for at in earlier] == [1, 1, 2, 2]
    update_summary(create_latest_reading(device, hours_ago=1))
    assert [measured_day_count(rosa, days=30, now=at) for at in earlier] == [2, 2, 2, 3]


def test_patient_summary_ignores_readings_that_do_not_count(rosa, device):
    rows = [
        create_latest_reading(device, hours_ago=1),
        create_latest_reading(device, hours_ago=30, control=True),
        create_latest_reading(device, hours_ago=60, duplicate=True),
        create_latest_reading(device, hours_ago=90, excluded_at=timezone.now(), excluded_reason="test"),
        create_latest_reading(device, hours_ago=120, code="battery_percentage", value=60),
    ]

    update_summary(*rows)

    assert rosa.reading_days.count() == measured_day_count(rosa, days=62) == 1


def test_patient_summary_rebuild_reflects_excluded_reading(rosa, device):
    update_summary(
        create_latest_reading(device, hours_ago=1),
        create_latest_reading(device, hours_ago=24 * 3),
        create_latest_reading(device, hours_ago=24 * 9),
    )
    newest = rosa.measurements.first()
    Measurement.objects.filter(pk=newest.pk).update(excluded_at=timezone.now(), excluded_reason="test")
    rosa.latest_readings.all().delete()
    LatestReadingFactory(measurement=rosa.measurements.all()[1])

    patient_summaries.rebuild_patient_summaries([rosa.pk])

    summary = PatientSummary.objects.get(patient=rosa)
    assert measured_day_count(rosa, days=62) == 2
    assert summary.last_at == rosa.measurements.all()[1].taken_at


def test_patient_summary_latest_values_follow_readings_and_clear_with_them(rosa, device):
    summary = update_summary(
        create_latest_reading(device, hours_ago=9, value=150),
        create_latest_reading(device, hours_ago=5, value=141),
        create_latest_reading(device, hours_ago=4, code="glucose", value=99),
        create_latest_reading(device, hours_ago=4, code="spO2", value=93),
    )
    assert (summary.systolic, summary.glucose, summary.spo2) == (141, 99, 93)

    rosa.latest_readings.all().delete()
    patient_summaries.rebuild_patient_summaries([rosa.pk])

    summary.refresh_from_db()
    assert (summary.systolic, summary.glucose, summary.spo2) == (None, None, None)


def test_patient_summary_update_writes_nothing_if_unchanged(rosa, device):
    row = create_latest_reading(device, hours_ago=5)
    update_summary(row)
    before = row_version_of(rosa)

    with CaptureQueriesContext(connection) as asked:
        update_summary(row, weighed=())

    assert len(asked) == 3, "the latest values, the days, and the summary that the helper reads"
    assert row_version_of(rosa) == before


def row_version_of(patient):
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin, ctid FROM measurements_patientsummary WHERE patient_id = %s", [patient.pk])
        return cursor.fetchone()


@pytest.mark.parametrize("seed", range(6))
def test_patient_summary_rebuild_equals_incremental_updates(rosa, device, seed):
    chance = random.Random(seed)
    rows = [
        create_latest_reading(
            device, hours_ago=chance.randint(0, 24 * 50) + n / 100, code=chance.choice(("weight", "pulse", "glucose"))
        )
        for n in range(40)
    ]
    chance.shuffle(rows)
    for row in rows:
        update_summary(row)
    week_figures.refresh_due_weeks()
    followed = PatientSummary.objects.filter(patient=rosa).values().get()

    patient_summaries.rebuild_patient_summaries([rosa.pk])

    assert PatientSummary.objects.filter(patient=rosa).values().get() == followed


def test_patient_summary_is_rebuilt_after_an_edit_of_the_time_zone(rosa, device, cora):
    update_summary(create_latest_reading(device, hours_ago=11))  # 1 am in New York, 8 pm the day before in Honolulu
    assert measured_day_count(rosa, days=1) == 1
    admission.edit_patient(patient=rosa, by=cora, edit_version=rosa.edit_version, time_zone="Pacific/Honolulu")
    assert list(Patient.objects.summary_stale()) == [rosa]
    edited = Patient.objects.get(pk=rosa.pk)

    tasks.rebuild_stale_summaries()

    rebuilt = Patient.objects.get(pk=rosa.pk)
    assert (measured_day_count(rosa, days=1), measured_day_count(rosa, days=2)) == (0, 1)
    assert (rebuilt.summary_stale_at, rebuilt.live_version) == (None, edited.live_version + 1)


def test_patient_summary_stays_as_it_is_after_an_edit_of_another_field(rosa, cora):
    admission.edit_patient(patient=rosa, by=cora, edit_version=rosa.edit_version, city="Nashua")

    assert not Patient.objects.summary_stale().exists()
