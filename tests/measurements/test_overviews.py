"""What the list sorts by: brought by readings, taken back by exclusion, right on each side of midnight."""

import datetime as dt
import random

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from measurements.chart.statistics import baseline
from measurements.ingest import patient_summaries
from measurements.ingest.pg_arrays import bigints
from measurements.models import Measurement, Overview
from measurements.thresholds import evaluation
from tests.clocks import let_the_database_think_it_is
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def noon(time_machine):
    """The last one: days are counted by hand below, and an hour near midnight was on another day before the clocks
    changed. Never ahead of PostgreSQL's clock, which goes on."""
    noon = timezone.now().replace(hour=17, minute=0)
    time_machine.move_to(noon if noon < timezone.now() else noon - dt.timedelta(days=1))


@pytest.fixture(autouse=True)
def device(rosa):
    return DeviceFactory(patient=rosa)


def read(device, *, hours_ago, code="blood_pressure", value=120, **fields):
    at = timezone.now() - dt.timedelta(hours=hours_ago)
    second = 80 if code == "blood_pressure" else None
    row = MeasurementFactory(device=device, code=code, value_1=value, value_2=second, taken_at=at, **fields)
    device.patient.latest_readings.filter(metric=code).delete()
    LatestReadingFactory(measurement=device.patient.measurements.filter(metric=code).order_by("-taken_at").first())
    return row


def follow(*rows):
    holders = {row.patient_id for row in rows}
    patient_summaries.follow(bigints(row.pk for row in rows), patients=holders, weighed=holders)
    return Overview.objects.get(patient=rows[0].patient_id)


def days_ago(overview, zone):
    """How many local days ago each day with a reading was."""
    today = timezone.localdate(timezone=zone)
    return {(today - overview.days_until).days + n for n in range(62) if overview.days >> n & 1}


def test_each_reading_adds_its_local_day_whatever_order_they_come_in(rosa, device):
    rows = [read(device, hours_ago=hours) for hours in (1, 24 * 5, 24 * 2, 24 * 40, 2)]
    random.Random(5).shuffle(rows)

    for row in rows:
        overview = follow(row)

    assert days_ago(overview, rosa.zone) == {0, 2, 5, 40}
    assert overview.last_at == max(row.taken_at for row in rows)


def test_a_reading_far_before_or_after_the_others_pushes_only_old_days_out(rosa, device):
    follow(read(device, hours_ago=24 * 100))
    assert days_ago(follow(read(device, hours_ago=24)), rosa.zone) == {1}
    assert days_ago(follow(read(device, hours_ago=24 * 300)), rosa.zone) == {1}
    assert days_ago(follow(read(device, hours_ago=24 * 62)), rosa.zone) == {1, 62}
    assert days_ago(follow(read(device, hours_ago=24 * 63)), rosa.zone) == {1, 62}


@pytest.mark.parametrize(
    ("zone", "hour", "expected"),
    [
        ("America/New_York", 4, {1}),  # 4:30 UTC on the 20th is 11:30 pm on the 19th, but 5:30 is the 20th
        ("America/New_York", 5, {0}),
        ("Pacific/Honolulu", 9, {1}),
        ("Pacific/Honolulu", 10, {0}),
    ],
)
def test_midnight_is_the_patients(elm, zone, hour, expected, monkeypatch):
    let_the_database_think_it_is(dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC), monkeypatch)
    patient = PatientFactory(clinic=elm, time_zone=zone)
    row = MeasurementFactory(
        device=DeviceFactory(patient=patient),
        code="weight",
        taken_at=dt.datetime(2026, 11, 20, hour, 30, tzinfo=dt.UTC),
    )
    overview = follow(row)

    with time_machine.travel(dt.datetime(2026, 11, 20, 20, tzinfo=dt.UTC), tick=False):
        assert days_ago(overview, patient.zone) == expected


def test_what_does_not_count_adds_no_day(rosa, device):
    rows = [
        read(device, hours_ago=1),
        read(device, hours_ago=30, control=True),
        read(device, hours_ago=60, duplicate=True),
        read(device, hours_ago=90, excluded_at=timezone.now(), excluded_reason="test"),
        read(device, hours_ago=120, code="battery_percentage", value=60),
        read(device, hours_ago=-24 * 30, code="pulse"),
    ]

    assert days_ago(follow(*rows), rosa.zone) == {0}


def test_taking_a_reading_back_is_followed(rosa, device):
    follow(read(device, hours_ago=1), read(device, hours_ago=24 * 3), read(device, hours_ago=24 * 9))
    newest = rosa.measurements.first()
    Measurement.objects.filter(pk=newest.pk).update(excluded_at=timezone.now(), excluded_reason="test")
    rosa.latest_readings.all().delete()
    LatestReadingFactory(measurement=rosa.measurements.all()[1])

    patient_summaries.rebuild([rosa.pk])

    overview = Overview.objects.get(patient=rosa)
    assert days_ago(overview, rosa.zone) == {3, 9}
    assert overview.last_at == rosa.measurements.all()[1].taken_at


@pytest.mark.parametrize("seed", range(12))
def test_the_gain_of_weight_is_the_one_that_the_charts_show(rosa, device, seed):
    chance = random.Random(seed)
    rows = [
        read(
            device,
            hours_ago=chance.randint(0, 24 * 12) + n / 100,
            code="weight",
            value=chance.choice(("171.04", "173.20", "169.90", "180.00")),
            conflict=chance.random() < 0.1,
        )
        for n in range(chance.choice((2, 6, 20)))
    ]
    overview = follow(*rows)

    trusted = rosa.measurements.filter(metric="weight", conflict=False).order_by("taken_at")
    weights = [(at, float(value)) for at, value in trusted.values_list("taken_at", "value_1")]
    shown = baseline(weights, zone=rosa.zone, goals=evaluation.of(rosa))

    assert overview.weight_gain == (pytest.approx(shown.gain) if shown else None)
    assert overview.weight_at == (weights[-1][0] if weights else None)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("last", [1, 30, 62])
def test_days_measured_are_counted_from_the_patients_today(elm, seed, last):
    chance = random.Random(seed)
    patient = PatientFactory(clinic=elm, time_zone=chance.choice(("America/New_York", "Asia/Kolkata")))
    device = DeviceFactory(patient=patient)
    rows = [read(device, hours_ago=hours + 0.5) for hours in chance.sample(range(24 * 70), 30)]  # the clock stands
    overview, today = follow(*rows), timezone.localdate(timezone=patient.zone)
    days = {(today - row.taken_at.astimezone(patient.zone).date()).days for row in rows}

    assert overview.days_measured(last=last, today=today) == sum(day < last for day in days)
    tomorrow = today + dt.timedelta(days=1)
    assert overview.days_measured(last=last, today=tomorrow) == sum(day + 1 < last for day in days if day < 61)


def test_a_clock_ahead_adds_no_day_before_it_comes(rosa, device):
    overview = follow(read(device, hours_ago=-20), read(device, hours_ago=24 * 3, code="pulse"))

    assert overview.days_measured(last=30, today=overview.days_until - dt.timedelta(days=1)) == 1


def test_somebody_who_never_measured_has_no_days():
    assert Overview().days_measured(last=30, today=NOW.date()) == 0


def test_the_newest_values_follow_and_go_when_none_is_left(rosa, device):
    overview = follow(
        read(device, hours_ago=9, value=150), read(device, hours_ago=5, value=141),
        read(device, hours_ago=4, code="glucose", value=99), read(device, hours_ago=4, code="spO2", value=93),
    )  # fmt: skip
    assert (overview.systolic, overview.glucose, overview.spo2) == (141, 99, 93)

    rosa.latest_readings.all().delete()
    patient_summaries.rebuild([rosa.pk])

    overview.refresh_from_db()
    assert (overview.systolic, overview.glucose, overview.spo2) == (None, None, None)


def test_nothing_is_written_where_nothing_has_changed(rosa, device):
    row = read(device, hours_ago=5)
    follow(row)
    before = written(rosa)

    with CaptureQueriesContext(connection) as asked:
        patient_summaries._run((patient_summaries.LAST,), {"patients": [rosa.pk], "ids": "{}"})

    assert len(asked) == 1
    assert written(rosa) == before


def written(patient):
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin, ctid FROM measurements_overview WHERE patient_id = %s", [patient.pk])
        return cursor.fetchone()


@pytest.mark.parametrize("seed", range(6))
def test_following_and_starting_again_come_to_the_same(rosa, device, seed):
    chance = random.Random(seed)
    rows = [
        read(device, hours_ago=chance.randint(0, 24 * 50) + n / 100, code=chance.choice(("weight", "pulse", "glucose")))
        for n in range(40)
    ]
    chance.shuffle(rows)
    for row in rows:
        follow(row)
    followed = Overview.objects.filter(patient=rosa).values().get()

    patient_summaries.rebuild([rosa.pk])

    assert Overview.objects.filter(patient=rosa).values().get() == followed
