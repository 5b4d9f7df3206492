"""What a chart shows: averages, bands, calm lines, baselines, and what it leaves out."""

import datetime as dt
from decimal import Decimal

import pytest

from measurements.chart import panels, serializer
from measurements.chart.points import Point
from measurements.models import Threshold
from measurements.readings import latest_judged
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import Goal, Standing
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory
from tests.measurements.noon import NOW, at


@pytest.fixture
def device(rosa):
    return DeviceFactory(patient=rosa)


def pressure(device, taken_at, systolic, diastolic, **fields):
    return MeasurementFactory(
        device=device, code="blood_pressure", taken_at=taken_at, value_1=systolic, value_2=diastolic, **fields
    )


def chart(patient, *, length=30, code="blood_pressure"):
    bounds = evaluation.of(patient)
    days = panels.days_of(patient, length=length, now=NOW)
    drawn = panels.of(patient, days=days, goals=bounds, latest=latest_judged.of(patient, goals=bounds), now=NOW)
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
    assert [(goal.label, goal.words) for goal in panel.meal_goals] == [("Fasting or before meals", "80\u2013130")]


def test_the_patients_goal_stands_over_the_clinics_and_the_clinics_over_the_shipped_one(rosa, harbor):
    kept = {"metric_id": "blood_pressure", "component": 1, "source": "test", "source_date": NOW.date()}
    elsewhere = PatientFactory(clinic=harbor)

    def systolic(patient):
        return evaluation.of(patient).find("blood_pressure", 1)

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


def test_a_chart_asks_the_same_number_of_questions_for_any_number_of_readings(rosa, device, django_assert_num_queries):
    LatestReadingFactory(measurement=pressure(device, at(0), 140, 90))
    for n in range(1, 30):
        pressure(device, at(n), 140, 90)
    bounds = evaluation.of(rosa)
    newest = latest_judged.of(rosa, goals=bounds)

    with django_assert_num_queries(1):
        panels.of(rosa, days=panels.days_of(rosa, length=30, now=NOW), goals=bounds, latest=newest, now=NOW)


def test_everything_begins_on_the_day_of_the_first_vital_sign(rosa, device):
    LatestReadingFactory(measurement=pressure(device, at(400), 140, 90))
    MeasurementFactory(device=device, code="battery_percentage", taken_at=at(500))

    days = panels.days_of(rosa, length=0, now=NOW)

    assert (days.first, days.last) == (at(400).date(), NOW.date())


def test_the_wire_carries_plain_numbers_only(rosa, device):
    LatestReadingFactory(
        measurement=pressure(device, at(0), Decimal("148.00"), Decimal("88.00"), estimated=True, conflict=True)
    )
    drawn, _ = chart(rosa, length=7)

    sent = serializer.of(drawn)["panels"][0]

    assert sent["points"] == {
        "at": [round(at(0).timestamp() * 1000)],
        "values": [[148.0], [88.0]],
        "flags": [serializer.ESTIMATED + serializer.CHECK],
        "shapes": [0],
        "pk": [rosa.measurements.get().pk],
        "pulse": [None],
    }
    assert [line["goal"]["words"] for line in sent["lines"]] == ["< 130", "< 80"]
