"""Days, counts and averages by the patient's local clock, computed by hand for every kind of irregular day."""

import datetime as dt
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.chart import panels, time_of_day
from measurements.chart.points import ChartPoint
from measurements.chart.smoothing import MAX_POINTS, MAX_SINGLE_POINTS, decimate_points
from measurements.local_days import LocalDays
from measurements.readings import latest_judged, table
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import ThresholdStatus
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory

# zone, first and last day, readings as (UTC, systolic); per day how many, average before noon, from noon, of all.
BY_HAND = [
    (
        "America/New_York",  # clocks go forward on the 8th: 23 hours
        ("2026-03-07", "2026-03-09"),
        [
            ("2026-03-08T04:59", 110),  # Mar 7, 23:59
            ("2026-03-08T05:00", 120),  # Mar 8, 0:00
            ("2026-03-08T15:59", 130),  # 11:59, in summer
            ("2026-03-08T16:00", 150),  # noon
            ("2026-03-09T03:59", 170),  # 23:59
            ("2026-03-09T04:00", 140),  # Mar 9, 0:00
        ],
        ([1, 4, 1], 130, 430 / 3, 820 / 6),
    ),
    (
        "America/New_York",  # clocks go back on the 1st: 25 hours
        ("2026-10-31", "2026-11-02"),
        [
            ("2026-11-01T03:59", 110),  # Oct 31, 23:59
            ("2026-11-01T05:30", 120),  # 1:30
            ("2026-11-01T06:30", 130),  # 1:30 again
            ("2026-11-01T16:59", 140),  # 11:59, in winter
            ("2026-11-01T17:00", 160),  # noon
            ("2026-11-02T04:59", 180),  # 23:59
            ("2026-11-02T05:00", 100),  # Nov 2, 0:00
        ],
        ([1, 5, 1], 122.5, 150, 940 / 7),
    ),
    (
        "America/St_Johns",  # half an hour off, and clocks go back
        ("2026-10-31", "2026-11-02"),
        [
            ("2026-11-01T02:29", 110),  # Oct 31, 23:59
            ("2026-11-01T02:30", 120),  # Nov 1, 0:00
            ("2026-11-01T15:29", 130),  # 11:59, in winter
            ("2026-11-01T15:30", 150),  # noon
            ("2026-11-02T03:29", 160),  # 23:59
            ("2026-11-02T03:30", 170),  # Nov 2, 0:00
        ],
        ([1, 4, 1], 140, 140, 140),
    ),
    (
        "Asia/Kolkata",  # half an hour off, never a change
        ("2026-10-31", "2026-11-02"),
        [
            ("2026-10-31T18:29", 110),  # Oct 31, 23:59
            ("2026-10-31T18:30", 120),  # Nov 1, 0:00
            ("2026-11-01T06:29", 130),  # 11:59
            ("2026-11-01T06:30", 150),  # noon
            ("2026-11-01T18:30", 170),  # Nov 2, 0:00
        ],
        ([1, 3, 1], 140, 130, 136),
    ),
]


def parse_utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def create_patient_with_readings(zone, rows):
    patient = PatientFactory(time_zone=zone)
    device = DeviceFactory(patient=patient)
    readings = [
        MeasurementFactory(
            device=device, code="blood_pressure", taken_at=parse_utc(taken), value_1=value, value_2=80, index=nth
        )
        for nth, (taken, value) in enumerate(rows)
    ]
    LatestReadingFactory(measurement=readings[-1])
    return patient


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "ends", "rows", "expected"), BY_HAND, ids=[f"{row[0]} {row[1][0]}" for row in BY_HAND]
)
def test_chart_day_counts_and_averages_match_values_worked_out_by_hand(zone, ends, rows, expected):
    patient = create_patient_with_readings(zone, rows)
    days = LocalDays(patient.zone, *(dt.date.fromisoformat(end) for end in ends))
    bounds = evaluation.thresholds_for(patient)

    drawn = panels.build_panels(
        patient,
        days=days,
        thresholds=bounds,
        latest=latest_judged.latest_readings(patient, thresholds=bounds),
        now=parse_utc("2026-12-01T12:00"),
    )

    summary = drawn.panels[0].summary
    averages = (summary.before_noon[0], summary.from_noon[0], summary.average[0])
    assert (drawn.readings_per_day, averages) == (expected[0], pytest.approx(expected[1:]))
    for nth, count in enumerate(expected[0]):
        day = days.first + dt.timedelta(days=nth)
        listed = table.fetch_table_page(patient, days=LocalDays(patient.zone, day, day), thresholds=bounds)
        assert len(listed.rows) == count, day


@pytest.mark.django_db
def test_chart_time_of_day_slots_on_25_hour_day_match_values_worked_out_by_hand():
    patient = create_patient_with_readings(BY_HAND[1][0], BY_HAND[1][2])
    bounds = evaluation.thresholds_for(patient)
    days = LocalDays(patient.zone, dt.date(2026, 10, 31), dt.date(2026, 11, 2))
    drawn = panels.build_panels(
        patient,
        days=days,
        thresholds=bounds,
        latest=latest_judged.latest_readings(patient, thresholds=bounds),
        now=parse_utc("2026-12-01"),
        by_time_of_day=True,
    )

    assert [(slot.label, slot.n, slot.median[0]) for slot in drawn.panels[0].time_of_day_bins] == [
        ("midnight to 3 AM", 3, 120),
        ("9 AM to noon", 1, 140),
        ("noon to 3 PM", 1, 160),
        ("9 PM to midnight", 2, 145),
    ]
    assert time_of_day.BIN_HOURS == 3


def threshold_status_of(values):
    return ThresholdStatus.HIGH if values[0] >= 170 or values[1] >= 110 else ThresholdStatus.IN_RANGE


@given(
    seed=st.integers(0, 2**32),
    count=st.integers(MAX_POINTS + 1, 4000),
    length=st.sampled_from([30, 365, 2000]),
    zone=st.sampled_from(["America/New_York", "Asia/Kolkata", "America/St_Johns"]),
)
@settings(max_examples=30, deadline=None)
def test_decimation_of_two_series_preserves_bucket_extremes_and_out_of_goal_readings(seed, count, length, zone):
    """However many there are: what is drawn spans each line's lowest and highest reading of every bucket."""
    dice = random.Random(seed)
    now = parse_utc("2026-11-21T17:00")
    days = LocalDays.until(now, PatientFactory.build(time_zone=zone).zone, days=length)
    span = (now - days.start).total_seconds()
    rows = [
        (dice.random() * span, (float(dice.randrange(90, 200)), float(dice.randrange(50, 120)))) for _ in range(count)
    ]
    points = [
        ChartPoint(days.start + dt.timedelta(seconds=after), v, threshold_status=threshold_status_of(v))
        for after, v in sorted(rows)
    ]

    drawn = decimate_points(points, days=days)

    inside = {}
    for point in points:
        inside.setdefault(days.day_index(point.at) // drawn.bucket_days, []).append(point)
    assert len(drawn.buckets) == len(inside)
    for bucket, (_, group) in zip(drawn.buckets, sorted(inside.items()), strict=True):
        for line in (0, 1):
            values = [point.values[line] for point in group]
            assert (bucket.low[line], bucket.high[line], bucket.n) == (min(values), max(values), len(group))
            assert bucket.low[line] <= bucket.median[line] <= bucket.high[line]
    out = [point for point in points if point.threshold_status is ThresholdStatus.HIGH]
    assert len(drawn.points) <= MAX_SINGLE_POINTS
    assert all(point in out for point in drawn.points)
    assert len(drawn.points) == len(out) or len(out) > MAX_SINGLE_POINTS
    for line in (0, 1):
        assert max(p.values[line] for p in drawn.points) == max(p.values[line] for p in out)
