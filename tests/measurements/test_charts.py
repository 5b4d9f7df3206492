"""What a chart shows: averages, bands, calm lines, baselines, and what it leaves out."""

import datetime as dt
import random
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements import axes, chart_json, charts, goals, latest, summaries
from measurements.days import LocalDays
from measurements.drawing import GAP, MOST_BUCKETS, MOST_KEPT, MOST_POINTS, draw, segments, smooth
from measurements.goals import Goal, Goals, Standing
from measurements.models import Threshold
from measurements.points import Point
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory

NEW_YORK = ZoneInfo("America/New_York")
NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)  # noon in New York


def at(days_ago, hour=12):
    return dt.datetime(2026, 11, 21, hour + 5, tzinfo=dt.UTC) - dt.timedelta(days=days_ago)


@pytest.fixture
def device(rosa):
    return DeviceFactory(patient=rosa)


def pressure(device, taken_at, systolic, diastolic, **fields):
    return MeasurementFactory(
        device=device, code="blood_pressure", taken_at=taken_at, value_1=systolic, value_2=diastolic, **fields
    )


def chart(patient, *, length=30, code="blood_pressure"):
    bounds = goals.of(patient)
    days = charts.days_of(patient, length=length, now=NOW)
    drawn = charts.of(patient, days=days, goals=bounds, latest=latest.of(patient, goals=bounds), now=NOW)
    return drawn, next(panel for panel in drawn.panels if panel.metric.pk == code)


def test_averages_leave_out_what_is_marked(rosa, device):
    LatestReadingFactory(measurement=pressure(device, at(0), 140, 90))
    pressure(device, at(1), 120, 80)
    pressure(device, at(2), 200, 60, conflict=True)
    pressure(device, at(3), 310, 100, implausible=True)
    pressure(device, at(4), 200, 60, duplicate=True)
    pressure(device, at(5), 200, 60, control=True)
    pressure(device, at(6), 200, 60, excluded_at=NOW, excluded_reason="someone else's")

    _, panel = chart(rosa)

    assert (panel.summary.n, panel.summary.average) == (2, (130.0, 85.0))
    assert [point.values[0] for point in panel.drawn.points] == [310, 200, 120, 140]  # shown, but not counted
    assert [point.check for point in panel.drawn.points] == [True, True, False, False]


def test_before_and_from_noon_are_the_patients_noon_on_both_sides_of_the_change(rosa, device):
    rows = [
        (dt.datetime(2026, 10, 31, 15, 59, tzinfo=dt.UTC), 120),  # 11:59 in summer
        (dt.datetime(2026, 10, 31, 16, 0, tzinfo=dt.UTC), 140),
        (dt.datetime(2026, 11, 2, 16, 59, tzinfo=dt.UTC), 122),  # 11:59 in winter
        (dt.datetime(2026, 11, 2, 17, 0, tzinfo=dt.UTC), 142),
    ]
    readings = [pressure(device, taken, value, 80) for taken, value in rows]
    LatestReadingFactory(measurement=readings[-1])

    _, panel = chart(rosa)

    assert panel.summary.before_noon == (121.0, 80.0)
    assert panel.summary.from_noon == (141.0, 80.0)


def test_a_range_begins_at_the_patients_midnight(rosa, device):
    inside = dt.datetime(2026, 11, 15, 5, 0, tzinfo=dt.UTC)
    LatestReadingFactory(measurement=pressure(device, inside, 130, 80))
    pressure(device, inside - dt.timedelta(seconds=1), 150, 80)

    drawn, panel = chart(rosa, length=7)

    assert panel.summary.n == 1
    assert drawn.counts == [1, 0, 0, 0, 0, 0, 0]


def test_a_blood_pressure_and_its_pulse_are_one_reading(rosa, device):
    taken = {"device": device, "taken_at": at(0), "index": 41}
    LatestReadingFactory(measurement=pressure(**taken, systolic=148, diastolic=88))
    LatestReadingFactory(measurement=MeasurementFactory(code="pulse", value_1=77, value_2=0, **taken))
    LatestReadingFactory(measurement=MeasurementFactory(code="irregular_heartbeat", value_1=1, **taken))

    drawn, panel = chart(rosa)

    assert panel.drawn.points == [Point(at(0), (148.0, 88.0), irregular=True, pulse=77.0, standing=Standing.HIGH)]
    assert drawn.counts[-1] == 1
    assert [shown.metric.pk for shown in drawn.panels] == ["blood_pressure", "pulse"]


def test_out_of_goal_is_counted_against_the_goal_of_the_meal(rosa):
    meter = DeviceFactory(patient=rosa)
    contexts = [("fasting", 135), ("post-prandial", 135), (None, 135), ("fasting", 60)]
    for hour, (context, value) in enumerate(contexts):
        params = {"meal_context": context} if context else {}
        row = MeasurementFactory(
            device=meter, code="glucose", taken_at=at(0, hour), value_1=value, filter_params=params
        )
    LatestReadingFactory(measurement=row)

    _, panel = chart(rosa, code="glucose")

    assert (panel.summary.above, panel.summary.below, panel.summary.in_goal_percent) == (1, 1, 50)


def test_the_patients_goal_stands_over_the_clinics_and_the_clinics_over_the_shipped_one(rosa, harbor):
    kept = {"metric_id": "blood_pressure", "component": 1, "source": "test", "source_date": NOW.date()}
    elsewhere = PatientFactory(clinic=harbor)

    def systolic(patient):
        return goals.of(patient).find("blood_pressure", 1)

    assert (systolic(rosa).high, systolic(rosa).scope) == (130, "default")
    Threshold.objects.create(clinic=rosa.clinic, high=135, **kept)
    assert (systolic(rosa).high, systolic(rosa).scope) == (135, "clinic")
    Threshold.objects.create(patient=rosa, high=150, **kept)
    assert (systolic(rosa).high, systolic(rosa).scope) == (150, "patient")
    assert (systolic(elsewhere).high, systolic(elsewhere).scope) == (130, "default")


@pytest.mark.parametrize(
    ("low", "high", "value", "standing"),
    [
        (None, 130, 129, Standing.IN_GOAL),
        (None, 130, 130, Standing.HIGH),  # "< 130"
        (80, 130, 130, Standing.IN_GOAL),  # "80-130"
        (80, 130, 131, Standing.HIGH),
        (92, None, 92, Standing.IN_GOAL),
        (92, None, 91, Standing.LOW),
        (92, None, 87, Standing.VERY_LOW),
        (None, 130, 181, Standing.VERY_HIGH),
    ],
)
def test_bounds_of_a_goal_mean_what_they_are_printed_as(low, high, value, standing):
    goal = Goal(low, high, 88 if low == 92 else None, 180, "default", "", NOW.date())

    assert goal.judge(value) is standing


def weights(*values):
    """(days ago, lb), oldest first."""
    return [(at(days_ago), value) for days_ago, value in values]


def test_the_usual_weight_is_the_median_of_the_seven_days_before():
    found = summaries.baseline(
        weights((9, 150), (7, 170), (6, 171), (3, 172), (1, 230), (0, 175)), zone=NEW_YORK, goals=Goals()
    )

    assert (found.median, found.gain) == (171.5, 3.5)  # the 150 is too old, the 230 is one outlier of four


def test_two_days_make_no_usual_weight():
    assert summaries.baseline(weights((2, 170), (1, 171), (0, 175)), zone=NEW_YORK, goals=Goals()) is None


@pytest.mark.django_db
def test_three_pounds_over_the_usual_weight_are_above_goal(rosa):
    found = summaries.baseline(weights((3, 170), (2, 170), (1, 170), (0, 173)), zone=NEW_YORK, goals=goals.of(rosa))

    assert found.standing is Standing.HIGH


def test_lines_are_not_joined_over_more_than_three_days():
    points = [Point(at(10), (1.0,)), Point(at(7), (2.0,)), Point(at(3), (3.0,))]

    assert [len(run) for run in segments(points)] == [2, 1]
    assert dt.timedelta(days=3) == GAP


def test_the_calm_line_hardly_follows_a_single_outlier():
    values = [120.0] * 10 + [180.0] + [120.0] * 10
    points = [Point(at(21 - n), (value,)) for n, value in enumerate(values)]

    (calm,) = smooth(points, lines=1, days=30)

    assert max(calm) < 135


@given(st.lists(st.tuples(st.integers(0, 60 * 24), st.integers(50, 200), st.booleans()), min_size=1, max_size=60))
def test_the_calm_line_is_the_kernels_mean_of_each_segment(rows):
    points = [
        Point(NOW + dt.timedelta(hours=hour), (float(value),), check=check) for hour, value, check in sorted(rows)
    ]
    reach = 5**0.5 * 2  # days, for a range of thirty

    def mean(segment, here):
        near = [(1 - ((p.at - here.at) / dt.timedelta(days=reach)) ** 2, p.values[0]) for p in segment if not p.check]
        near = [(weight, value) for weight, value in near if weight > 0]
        return sum(w * v for w, v in near) / sum(w for w, _ in near) if near else None

    expected = [mean(segment, point) for segment in segments(points) for point in segment]
    for calm, plain in zip(smooth(points, lines=1, days=30)[0], expected, strict=True):
        assert calm == pytest.approx(plain, abs=1e-3) if plain is not None else calm is None


def test_the_calm_line_does_not_follow_a_reading_to_be_checked():
    points = [Point(at(n), (400.0 if n == 3 else 120.0,), check=n == 3) for n in range(6, -1, -1)]

    assert smooth(points, lines=1, days=30) == [pytest.approx([120.0] * 7)]


def judged(value):
    return Standing.HIGH if value >= 130 else Standing.IN_GOAL


@given(seed=st.integers(0, 2**32), count=st.integers(MOST_POINTS + 1, 900), length=st.sampled_from([30, 365, 3650]))
@settings(max_examples=40, deadline=None)
def test_decimation_keeps_every_extreme_and_every_reading_out_of_goal(seed, count, length):
    dice = random.Random(seed)
    rows = [(dice.randrange(364 * 24), dice.randrange(60, 240), dice.random() < 0.1) for _ in range(count)]
    days = LocalDays.until(NOW, NEW_YORK, days=length)
    scale = length / 365
    points = sorted(
        (
            Point(NOW - dt.timedelta(hours=hours * scale), (float(value),), check=check, standing=judged(value))
            for hours, value, check in rows
        ),
        key=lambda point: point.at,
    )
    inside = [point for point in points if point.at >= days.start]

    drawn = draw(inside, days=days)

    good = [point.values[0] for point in inside if not point.check]
    if not drawn.buckets:
        assert drawn.points == inside
        return
    assert len(drawn.buckets) <= MOST_BUCKETS
    assert len(drawn.points) <= MOST_KEPT
    assert min(bucket.low[0] for bucket in drawn.buckets) == min(good)
    assert max(bucket.high[0] for bucket in drawn.buckets) == max(good)
    assert sum(bucket.n for bucket in drawn.buckets) == len(good)
    assert {id(p) for p in drawn.points} == {id(p) for p in inside if p.check or p.values[0] >= 130}


def test_ten_thousand_readings_out_of_goal_still_fit_on_the_wire():
    days = LocalDays.until(NOW, NEW_YORK, days=3650)
    points = [
        Point(NOW - dt.timedelta(hours=8 * n), (150.0 + n % 50, 90.0 + n % 30), standing=Standing.HIGH)
        for n in range(10_000, 0, -1)
    ]

    drawn = draw(points, days=days)

    assert len(drawn.points) <= MOST_KEPT
    assert max(point.values[0] for point in drawn.points) == 199.0


@pytest.mark.parametrize(
    ("code", "values", "expected"),
    [
        ("blood_pressure", [128, 82], (50, 180)),
        ("blood_pressure", [128, 203], (50, 210)),
        ("spO2", [97, 98], (84, 100)),
        ("spO2", [79], (78, 100)),
        ("weight", [171.2, 170.4], (166, 176)),
        ("temperature", [], (96, 102)),
    ],
)
def test_the_value_axis_is_clinical_and_moves_only_for_readings_outside(code, values, expected):
    assert axes.limits(code, values) == expected


@given(
    st.lists(st.decimals(-999_999, 999_999, places=2).map(float), max_size=20),
    st.sampled_from(["weight", "glucose", "peak_expiratory_flow"]),
)
def test_the_value_axis_holds_every_value(values, code):
    low, high = axes.limits(code, values)

    assert low < high
    assert all(low <= value <= high for value in values)


def test_a_chart_asks_the_same_number_of_questions_for_any_number_of_readings(rosa, device, django_assert_num_queries):
    LatestReadingFactory(measurement=pressure(device, at(0), 140, 90))
    for n in range(1, 30):
        pressure(device, at(n), 140, 90)
    bounds = goals.of(rosa)
    newest = latest.of(rosa, goals=bounds)

    with django_assert_num_queries(1):
        charts.of(rosa, days=charts.days_of(rosa, length=30, now=NOW), goals=bounds, latest=newest, now=NOW)


def test_everything_begins_on_the_day_of_the_first_vital_sign(rosa, device):
    LatestReadingFactory(measurement=pressure(device, at(400), 140, 90))
    MeasurementFactory(device=device, code="battery_percentage", taken_at=at(500))

    days = charts.days_of(rosa, length=0, now=NOW)

    assert (days.first, days.last) == (at(400).date(), NOW.date())


def test_the_wire_carries_plain_numbers_only(rosa, device):
    LatestReadingFactory(
        measurement=pressure(device, at(0), Decimal("148.00"), Decimal("88.00"), estimated=True, conflict=True)
    )
    drawn, _ = chart(rosa, length=7)

    sent = chart_json.of(drawn)["panels"][0]

    assert sent["points"] == {
        "at": [round(at(0).timestamp() * 1000)],
        "values": [[148.0], [88.0]],
        "flags": [chart_json.ESTIMATED + chart_json.CHECK],
        "shapes": [0],
        "pk": [rosa.measurements.get().pk],
        "pulse": [None],
    }
    assert [line["goal"]["words"] for line in sent["lines"]] == ["< 130", "< 80"]
