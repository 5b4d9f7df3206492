"""Chart panels: averages, bands, smoothed lines, baselines, and readings that are left out."""

import datetime as dt
from decimal import Decimal

import pytest

from measurements.chart import panels, serializer
from measurements.chart.points import ChartPoint
from measurements.models import Threshold
from measurements.readings import latest_judged
from measurements.readings.table import quality_notes
from measurements.templatetags import formatting
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import EffectiveThreshold, ThresholdStatus
from measurements.units import DisplayUnits
from measurements.weights import trends
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory, PatientFactory
from tests.measurements.chart.fixed_times import NOW, time_days_ago


@pytest.fixture
def device(rosa):
    return DeviceFactory(patient=rosa)


def create_blood_pressure(device, taken_at, systolic, diastolic, **fields):
    return MeasurementFactory(
        device=device, code="blood_pressure", taken_at=taken_at, value_1=systolic, value_2=diastolic, **fields
    )


def build_chart(patient, *, length=30, code="blood_pressure"):
    bounds, weight = evaluation.thresholds_for(patient), trends.fetch_current_trend(patient, now=NOW)
    days = panels.local_days_for(patient, length=length, now=NOW)
    latest = latest_judged.latest_readings(patient, thresholds=bounds)
    drawn = panels.build_panels(patient, days=days, thresholds=bounds, latest=latest, now=NOW, weight=weight)
    return drawn, next(panel for panel in drawn.panels if panel.metric.pk == code)


def test_chart_averages_exclude_flagged_readings(rosa, device):
    LatestReadingFactory(measurement=create_blood_pressure(device, time_days_ago(0), 140, 90))
    create_blood_pressure(device, time_days_ago(1), 120, 80)
    create_blood_pressure(device, time_days_ago(2), 200, 60, conflict=True)
    create_blood_pressure(device, time_days_ago(3), 310, 100, implausible=True)
    create_blood_pressure(device, time_days_ago(4), 200, 60, duplicate=True)
    create_blood_pressure(device, time_days_ago(5), 200, 60, control=True)
    create_blood_pressure(device, time_days_ago(6), 200, 60, excluded_at=NOW, excluded_reason="someone else's")

    _, panel = build_chart(rosa)

    assert (panel.summary.n, panel.summary.average) == (2, (130.0, 85.0))
    assert [point.values[0] for point in panel.plot_data.points] == [310, 200, 120, 140]  # shown, but not counted
    assert [point.needs_check for point in panel.plot_data.points] == [True, True, False, False]


def test_chart_averages_before_and_after_noon_use_patient_local_noon_across_dst(rosa, device):
    rows = [
        (dt.datetime(2026, 10, 31, 15, 59, tzinfo=dt.UTC), 120),  # 11:59 in summer
        (dt.datetime(2026, 10, 31, 16, 0, tzinfo=dt.UTC), 140),
        (dt.datetime(2026, 11, 2, 16, 59, tzinfo=dt.UTC), 122),  # 11:59 in winter
        (dt.datetime(2026, 11, 2, 17, 0, tzinfo=dt.UTC), 142),
    ]
    readings = [create_blood_pressure(device, taken, value, 80) for taken, value in rows]
    LatestReadingFactory(measurement=readings[-1])

    _, panel = build_chart(rosa)

    assert panel.summary.before_noon == (121.0, 80.0)
    assert panel.summary.from_noon == (141.0, 80.0)


def test_chart_date_range_starts_at_patient_local_midnight(rosa, device):
    inside = dt.datetime(2026, 11, 15, 5, 0, tzinfo=dt.UTC)
    LatestReadingFactory(measurement=create_blood_pressure(device, inside, 130, 80))
    create_blood_pressure(device, inside - dt.timedelta(seconds=1), 150, 80)

    drawn, panel = build_chart(rosa, length=7)

    assert panel.summary.n == 1
    assert drawn.readings_per_day == [1, 0, 0, 0, 0, 0, 0]


def test_chart_counts_blood_pressure_with_its_pulse_as_one_reading(rosa, device):
    taken = {"device": device, "taken_at": time_days_ago(0), "received_at": time_days_ago(0), "index": 41}
    LatestReadingFactory(measurement=create_blood_pressure(**taken, systolic=148, diastolic=88))
    LatestReadingFactory(measurement=MeasurementFactory(code="pulse", value_1=77, value_2=0, **taken))
    LatestReadingFactory(measurement=MeasurementFactory(code="irregular_heartbeat", value_1=1, **taken))

    drawn, panel = build_chart(rosa)

    assert panel.plot_data.points == [
        ChartPoint(time_days_ago(0), (148.0, 88.0), irregular=True, pulse=77.0, threshold_status=ThresholdStatus.HIGH)
    ]
    assert drawn.readings_per_day[-1] == 1
    assert [shown.metric.pk for shown in drawn.panels] == ["blood_pressure", "pulse"]


def create_glucose_readings(patient, readings):
    """(meal context or None, mg/dL), an hour apart."""
    meter = DeviceFactory(patient=patient)
    for hour, (context, value) in enumerate(readings):
        params = {"meal_context": context} if context else {}
        row = MeasurementFactory(
            device=meter, code="glucose", taken_at=time_days_ago(0, hour), value_1=value, filter_params=params
        )
    LatestReadingFactory(measurement=row)


def test_glucose_panels_draw_and_count_by_the_goal_of_their_meal(rosa):
    readings = [("fasting", 135), ("pre-prandial", 125), ("post-prandial", 135), (None, 60), ("Bedtime", 190)]
    create_glucose_readings(rosa, readings)

    drawn, _ = build_chart(rosa, code="glucose")

    found = [
        (panel.scope.label, panel.series[0].threshold.low, panel.series[0].threshold.high, panel.summary.n,
         panel.summary.average, panel.summary.status.above.count, panel.summary.status.below.count)
        for panel in drawn.panels
    ]  # fmt: skip
    assert found == [
        ("Glucose, fasting or before meals", 80, 130, 2, (130.0,), 1, 0),
        ("Glucose, after meals", 70, 180, 1, (135.0,), 0, 0),
        ("Glucose, other or no meal stated", 70, 180, 2, (125.0,), 1, 1),
    ]
    assert [[(meal.number, meal.words) for meal in panel.meals] for panel in drawn.panels] == [
        [(1, "fasting"), (2, "before a meal")],
        [(3, "after a meal")],
        [(4, "Bedtime")],
    ]


def test_glucose_average_is_judged_by_the_goal_of_its_meal(rosa):
    """135 is above the goal before meals, and within the one after meals."""
    create_glucose_readings(rosa, [("pre-prandial", 135), ("post-prandial", 135)])

    drawn, _ = build_chart(rosa, code="glucose")

    assert [panel.summary.threshold_status for panel in drawn.panels] == [
        ThresholdStatus.HIGH,
        ThresholdStatus.IN_RANGE,
    ]


def test_glucose_without_stated_meals_is_one_panel(rosa):
    create_glucose_readings(rosa, [(None, 120), (None, 140)])

    drawn, panel = build_chart(rosa, code="glucose")

    assert [panel.scope.label for panel in drawn.panels] == ["Glucose"]
    assert panel.summary.n == 2


def test_usual_weight_line_covers_only_days_with_a_weight(rosa, device):
    """The seven days before the newest weight, and its own; not the days without a weight, nor any other time."""
    for ago in (30, 12, 7, 6, 3, 0):
        row = MeasurementFactory(device=device, code="weight", taken_at=time_days_ago(ago), value_1=170)
    LatestReadingFactory(measurement=row)

    drawn, panel = build_chart(rosa, length=365, code="weight")

    days = [[at.astimezone(rosa.zone) for at in span] for span in panel.usual_weight_spans]
    assert [(first.day, last.day) for first, last in days] == [(14, 16), (18, 19), (21, 22)]
    assert {at.hour for span in days for at in span} == {0}
    assert len(serializer.serialize_charts(drawn)["panels"][0]["baselineSpans"]) == 3


def test_thresholds_for_patient_override_clinic_which_overrides_default(rosa, harbor):
    stored = {"metric_id": "blood_pressure", "component": 1, "source": "test", "source_date": NOW.date()}
    elsewhere = PatientFactory(clinic=harbor)

    def systolic(patient):
        return evaluation.thresholds_for(patient).find_threshold("blood_pressure", 1)

    assert (systolic(rosa).high, systolic(rosa).scope) == (130, "default")
    Threshold.objects.create(clinic=rosa.clinic, high=135, **stored)
    assert (systolic(rosa).high, systolic(rosa).scope) == (135, "clinic")
    Threshold.objects.create(patient=rosa, high=150, **stored)
    assert (systolic(rosa).high, systolic(rosa).scope) == (150, "patient")
    assert (systolic(elsewhere).high, systolic(elsewhere).scope) == (130, "default")


@pytest.mark.parametrize(
    ("low", "high", "value", "standing"),
    [
        (None, 130, 129, ThresholdStatus.IN_RANGE),
        (None, 130, 130, ThresholdStatus.HIGH),  # "< 130"
        (80, 130, 130, ThresholdStatus.IN_RANGE),  # "80-130"
        (80, 130, 131, ThresholdStatus.HIGH),
        (92, None, 92, ThresholdStatus.IN_RANGE),
        (92, None, 91, ThresholdStatus.LOW),
        (92, None, 87, ThresholdStatus.VERY_LOW),
        (None, 130, 181, ThresholdStatus.VERY_HIGH),
    ],
)
def test_threshold_status_agrees_with_printed_bounds(low, high, value, standing):
    goal = EffectiveThreshold(low, high, 88 if low == 92 else None, 180, "default", "", NOW.date())

    assert goal.evaluate(value) is standing


def test_build_panels_uses_two_queries_for_any_number_of_readings(rosa, device, django_assert_num_queries):
    LatestReadingFactory(measurement=create_blood_pressure(device, time_days_ago(0), 140, 90))
    for n in range(1, 30):
        create_blood_pressure(device, time_days_ago(n), 140, 90)
    bounds = evaluation.thresholds_for(rosa)
    newest = latest_judged.latest_readings(rosa, thresholds=bounds)

    with django_assert_num_queries(2):
        panels.build_panels(
            rosa, days=panels.local_days_for(rosa, length=30, now=NOW), thresholds=bounds, latest=newest, now=NOW
        )


def test_chart_date_range_of_all_readings_starts_at_first_vital_sign(rosa, device):
    LatestReadingFactory(measurement=create_blood_pressure(device, time_days_ago(400), 140, 90))
    MeasurementFactory(device=device, code="battery_percentage", taken_at=time_days_ago(500))

    days = panels.local_days_for(rosa, length=0, now=NOW)

    assert (days.first, days.last) == (time_days_ago(400).date(), NOW.date())


@pytest.mark.parametrize(
    ("source", "vendor_hours", "our_hours", "late"),
    [
        ("webhook", None, 24, False),
        ("webhook", None, 24.1, True),
        ("webhook", 1, 30, False),  # what counts is when the vendor had it
        ("pull", 24.1, 30, True),
        ("pull", None, 30, False),  # a pull of history says nothing of its way to the vendor
    ],
)
def test_chart_marks_readings_that_came_late_as_the_table_does(rosa, device, source, vendor_hours, our_hours, late):
    taken = time_days_ago(2)
    row = create_blood_pressure(
        device, taken, 140, 90, source=source, received_at=taken + dt.timedelta(hours=our_hours),
        vendor_created_at=vendor_hours and taken + dt.timedelta(hours=vendor_hours),
    )  # fmt: skip
    LatestReadingFactory(measurement=row)

    drawn, panel = build_chart(rosa)

    flags = serializer.serialize_charts(drawn)["panels"][0]["points"]["flags"]
    assert (panel.late, flags) == (late, [serializer.FLAG_LATE if late else 0])
    assert ("came over 24 h late" in quality_notes(row)) is late


def test_chart_names_what_is_wrong_with_a_device_clock(rosa, device):
    plain = create_blood_pressure(device, time_days_ago(1), 140, 90, received_at=time_days_ago(1))
    LatestReadingFactory(measurement=plain)
    assert build_chart(rosa)[1].clock_words == ""

    ahead = time_days_ago(0) + dt.timedelta(hours=9)
    create_blood_pressure(device, time_days_ago(0), 150, 90, received_at=time_days_ago(0), stamped_at=ahead)

    drawn, panel = build_chart(rosa)
    assert panel.clock_words == "the device's clock is ahead"
    assert serializer.serialize_charts(drawn)["panels"][0]["points"]["flags"] == [0, serializer.FLAG_CLOCK_AHEAD]


def test_chart_serializer_sends_plain_numbers_only(rosa, device):
    LatestReadingFactory(
        measurement=create_blood_pressure(
            device, time_days_ago(0), Decimal("148.00"), Decimal("88.00"), estimated=True, conflict=True, source="pull"
        )
    )
    drawn, _ = build_chart(rosa, length=7)

    sent = serializer.serialize_charts(drawn)["panels"][0]

    assert sent["points"] == {
        "at": [round(time_days_ago(0).timestamp() * 1000)],
        "values": [[148.0], [88.0]],
        "flags": [serializer.FLAG_ESTIMATED + serializer.FLAG_NEEDS_CHECK],
        "checks": {0: "check: another value for the same time"},
        "shapes": [0],
        "pk": [rosa.measurements.get().pk],
        "pulse": [None],
    }
    assert [line["goal"]["words"] for line in sent["lines"]] == ["< 130", "< 80"]


def test_chart_average_reads_as_in_goal_only_where_its_text_is(rosa, device):
    for day, (systolic, diastolic) in enumerate([(130, 80), (129, 79), (130, 80), (129, 79), (130, 80)]):
        row = create_blood_pressure(device, time_days_ago(day), systolic, diastolic)
    LatestReadingFactory(measurement=row)

    _, panel = build_chart(rosa)

    assert formatting.format_values(panel, panel.summary.average) == "129.6/79.6"
    assert panel.summary.threshold_status is ThresholdStatus.IN_RANGE


def test_chart_average_of_equal_hundredths_is_exact(rosa, device):
    for day in range(3):
        row = MeasurementFactory(device=device, code="temperature", taken_at=time_days_ago(day), value_1=100.4)
    LatestReadingFactory(measurement=row)

    _, panel = build_chart(rosa, code="temperature")

    assert panel.summary.average == (100.4,)  # a mean of floats is a hair less, and would be in range
    assert panel.summary.threshold_status is ThresholdStatus.HIGH


def test_chart_marks_no_irregular_heartbeat_that_was_not_detected(rosa, device):
    taken = {"device": device, "taken_at": time_days_ago(0), "index": 41}
    LatestReadingFactory(measurement=create_blood_pressure(**taken, systolic=120, diastolic=70))
    LatestReadingFactory(measurement=MeasurementFactory(code="irregular_heartbeat", value_1=0, **taken))
    MeasurementFactory(device=device, code="irregular_heartbeat", value_1=0, taken_at=time_days_ago(3))

    drawn, panel = build_chart(rosa)

    assert (panel.irregular_count, drawn.measured_days.measured) == (0, 1)


def test_chart_point_has_decimals_that_its_goal_needs(rosa, device):
    for day, value in enumerate((181, 180, 100)):
        row = MeasurementFactory(device=device, code="glucose", taken_at=time_days_ago(day), value_1=value)
        if day == 0:
            LatestReadingFactory(measurement=row)
    bounds, read_in = evaluation.thresholds_for(rosa), DisplayUnits.from_code("mmol/L")
    drawn = panels.build_panels(
        rosa,
        days=panels.local_days_for(rosa, length=7, now=NOW),
        thresholds=bounds,
        latest=latest_judged.latest_readings(rosa, thresholds=bounds),
        now=NOW,
        units=read_in,
    )

    sent = serializer.serialize_charts(drawn)["panels"][0]

    assert sent["points"]["values"] == [[5.6, 10.0, 10.05]]
    assert sent["goalName"] == "goal"
