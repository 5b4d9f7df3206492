"""What the list sorts by: brought by readings, taken back by exclusion, right on each side of midnight."""

import datetime as dt
import random

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from measurements import tasks
from measurements.chart.statistics import compute_weight_baseline
from measurements.ingest import patient_summaries
from measurements.ingest.pg_arrays import format_bigint_array
from measurements.models import Measurement, PatientSummary
from measurements.thresholds import evaluation
from patients.enrollment import admission
from patients.models import Patient
from tests.database_clock import freeze_database_now
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def fixed_noon(time_machine):
    """The last one: days are counted by hand below, and an hour near midnight was on another day before the clocks
    changed. Never ahead of PostgreSQL's clock, which goes on."""
    noon = timezone.now().replace(hour=17, minute=0)
    time_machine.move_to(noon if noon < timezone.now() else noon - dt.timedelta(days=1))


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


def update_summary(*rows):
    holders = {row.patient_id for row in rows}
    patient_summaries.update_patient_summaries(
        format_bigint_array(row.pk for row in rows), patients=holders, weighed=holders
    )
    return PatientSummary.objects.get(patient=rows[0].patient_id)


def measured_days_ago(overview, zone):
    """How many local days ago each day with a reading was."""
    today = timezone.localdate(timezone=zone)
    return {(today - overview.last_measured_on).days + n for n in range(62) if overview.measured_days_mask >> n & 1}


def test_patient_summary_adds_local_day_of_each_reading_in_any_order(rosa, device):
    rows = [create_latest_reading(device, hours_ago=hours) for hours in (1, 24 * 5, 24 * 2, 24 * 40, 2)]
    random.Random(5).shuffle(rows)

    for row in rows:
        overview = update_summary(row)

    assert measured_days_ago(overview, rosa.zone) == {0, 2, 5, 40}
    assert overview.last_at == max(row.taken_at for row in rows)


def test_patient_summary_drops_only_days_older_than_its_window(rosa, device):
    update_summary(create_latest_reading(device, hours_ago=24 * 100))
    assert measured_days_ago(update_summary(create_latest_reading(device, hours_ago=24)), rosa.zone) == {1}
    assert measured_days_ago(update_summary(create_latest_reading(device, hours_ago=24 * 300)), rosa.zone) == {1}
    assert measured_days_ago(update_summary(create_latest_reading(device, hours_ago=24 * 62)), rosa.zone) == {1, 62}
    assert measured_days_ago(update_summary(create_latest_reading(device, hours_ago=24 * 63)), rosa.zone) == {1, 62}


@pytest.mark.parametrize(
    ("zone", "hour", "expected"),
    [
        ("America/New_York", 4, {1}),  # 4:30 UTC on the 20th is 11:30 pm on the 19th, but 5:30 is the 20th
        ("America/New_York", 5, {0}),
        ("Pacific/Honolulu", 9, {1}),
        ("Pacific/Honolulu", 10, {0}),
    ],
)
def test_patient_summary_days_change_at_patient_local_midnight(elm, zone, hour, expected, monkeypatch):
    freeze_database_now(dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC), monkeypatch)
    patient = PatientFactory(clinic=elm, time_zone=zone)
    row = MeasurementFactory(
        device=DeviceFactory(patient=patient),
        code="weight",
        taken_at=dt.datetime(2026, 11, 20, hour, 30, tzinfo=dt.UTC),
    )
    overview = update_summary(row)

    with time_machine.travel(dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC), tick=False):
        assert measured_days_ago(overview, patient.zone) == expected


def test_patient_summary_ignores_readings_that_do_not_count(rosa, device):
    rows = [
        create_latest_reading(device, hours_ago=1),
        create_latest_reading(device, hours_ago=30, control=True),
        create_latest_reading(device, hours_ago=60, duplicate=True),
        create_latest_reading(device, hours_ago=90, excluded_at=timezone.now(), excluded_reason="test"),
        create_latest_reading(device, hours_ago=120, code="battery_percentage", value=60),
        create_latest_reading(device, hours_ago=-24 * 30, code="pulse"),
    ]

    assert measured_days_ago(update_summary(*rows), rosa.zone) == {0}


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

    overview = PatientSummary.objects.get(patient=rosa)
    assert measured_days_ago(overview, rosa.zone) == {3, 9}
    assert overview.last_at == rosa.measurements.all()[1].taken_at


@pytest.mark.parametrize("seed", range(12))
def test_patient_summary_weight_gain_equals_chart_baseline_gain(rosa, device, seed):
    chance = random.Random(seed)
    rows = [
        create_latest_reading(
            device,
            hours_ago=chance.randint(0, 24 * 12) + n / 100,
            code="weight",
            value=chance.choice(("171.04", "173.20", "169.90", "180.00")),
            conflict=chance.random() < 0.1,
        )
        for n in range(chance.choice((2, 6, 20)))
    ]
    overview = update_summary(*rows)

    trusted = rosa.measurements.filter(metric="weight", conflict=False).order_by("taken_at")
    weights = [(at, float(value)) for at, value in trusted.values_list("taken_at", "value_1")]
    shown = compute_weight_baseline(weights, zone=rosa.zone, thresholds=evaluation.thresholds_for(rosa))

    assert overview.weight_gain == (pytest.approx(shown.gain) if shown else None)
    assert overview.weight_at == (weights[-1][0] if weights else None)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("last", [1, 30, 62])
def test_patient_summary_counts_measured_days_from_patient_local_today(elm, seed, last):
    chance = random.Random(seed)
    patient = PatientFactory(clinic=elm, time_zone=chance.choice(("America/New_York", "Asia/Kolkata")))
    device = DeviceFactory(patient=patient)
    rows = [
        create_latest_reading(device, hours_ago=hours + 0.5) for hours in chance.sample(range(24 * 70), 30)
    ]  # the clock stands
    overview, today = update_summary(*rows), timezone.localdate(timezone=patient.zone)
    days = {(today - row.taken_at.astimezone(patient.zone).date()).days for row in rows}

    assert overview.count_measured_days(last=last, today=today) == sum(day < last for day in days)
    tomorrow = today + dt.timedelta(days=1)
    assert overview.count_measured_days(last=last, today=tomorrow) == sum(day + 1 < last for day in days if day < 61)


def test_patient_summary_ignores_future_day_until_it_comes(rosa, device):
    overview = update_summary(
        create_latest_reading(device, hours_ago=-20), create_latest_reading(device, hours_ago=24 * 3, code="pulse")
    )

    assert overview.count_measured_days(last=30, today=overview.last_measured_on - dt.timedelta(days=1)) == 1


def test_patient_summary_without_readings_has_no_measured_days():
    assert PatientSummary().count_measured_days(last=30, today=NOW.date()) == 0


def test_patient_summary_latest_values_follow_readings_and_clear_with_them(rosa, device):
    overview = update_summary(
        create_latest_reading(device, hours_ago=9, value=150),
        create_latest_reading(device, hours_ago=5, value=141),
        create_latest_reading(device, hours_ago=4, code="glucose", value=99),
        create_latest_reading(device, hours_ago=4, code="spO2", value=93),
    )
    assert (overview.systolic, overview.glucose, overview.spo2) == (141, 99, 93)

    rosa.latest_readings.all().delete()
    patient_summaries.rebuild_patient_summaries([rosa.pk])

    overview.refresh_from_db()
    assert (overview.systolic, overview.glucose, overview.spo2) == (None, None, None)


def test_patient_summary_update_writes_nothing_if_unchanged(rosa, device):
    row = create_latest_reading(device, hours_ago=5)
    update_summary(row)
    before = row_version_of(rosa)

    with CaptureQueriesContext(connection) as asked:
        patient_summaries.execute_statements(
            (patient_summaries.UPSERT_LATEST_VALUES_SQL,), {"patients": [rosa.pk], "ids": "{}"}
        )

    assert len(asked) == 1
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
    followed = PatientSummary.objects.filter(patient=rosa).values().get()

    patient_summaries.rebuild_patient_summaries([rosa.pk])

    assert PatientSummary.objects.filter(patient=rosa).values().get() == followed


def test_patient_summary_is_rebuilt_after_an_edit_of_the_time_zone(rosa, device, cora):
    update_summary(create_latest_reading(device, hours_ago=12))  # midnight in New York, at the latest
    admission.edit_patient(patient=rosa, by=cora, edit_version=rosa.edit_version, time_zone="Pacific/Honolulu")
    assert list(Patient.objects.summary_stale()) == [rosa]
    edited = Patient.objects.get(pk=rosa.pk)

    tasks.rebuild_stale_summaries()

    rebuilt = Patient.objects.get(pk=rosa.pk)
    assert measured_days_ago(PatientSummary.objects.get(patient=rosa), rebuilt.zone) == {1}
    assert (rebuilt.summary_stale_at, rebuilt.live_version) == (None, edited.live_version + 1)


def test_patient_summary_stays_as_it_is_after_an_edit_of_another_field(rosa, cora):
    admission.edit_patient(patient=rosa, by=cora, edit_version=rosa.edit_version, city="Nashua")

    assert not Patient.objects.summary_stale().exists()
