"""Decimation: fewer points are sent, and no reading that matters is dropped."""

import datetime as dt
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.chart.points import ChartPoint
from measurements.chart.smoothing import (
    MAX_BUCKETS,
    MAX_LINE_GAP,
    MAX_POINTS,
    MAX_SINGLE_POINTS,
    decimate_points,
    find_line_breaks,
)
from measurements.local_days import LocalDays
from measurements.thresholds.evaluation import ThresholdStatus
from tests.measurements.chart.fixed_times import NEW_YORK, NOW


def threshold_status_of(value):
    return ThresholdStatus.HIGH if value >= 130 else ThresholdStatus.IN_RANGE


@given(seed=st.integers(0, 2**32), count=st.integers(MAX_POINTS + 1, 900), length=st.sampled_from([30, 365, 3650]))
@settings(max_examples=40, deadline=None)
def test_decimation_preserves_every_extreme_and_every_out_of_goal_reading(seed, count, length):
    dice = random.Random(seed)
    rows = [(dice.randrange(364 * 24), dice.randrange(60, 240), dice.random() < 0.1) for _ in range(count)]
    days = LocalDays.until(NOW, NEW_YORK, days=length)
    scale = length / 365
    points = sorted(
        (
            ChartPoint(
                NOW - dt.timedelta(hours=hours * scale),
                (float(value),),
                needs_check=check,
                threshold_status=threshold_status_of(value),
            )
            for hours, value, check in rows
        ),
        key=lambda point: point.at,
    )
    inside = [point for point in points if point.at >= days.start]

    drawn = decimate_points(inside, days=days)

    good = [point.values[0] for point in inside if not point.needs_check]
    if not drawn.buckets:
        assert drawn.points == inside
        return
    assert len(drawn.buckets) <= MAX_BUCKETS
    assert len(drawn.points) <= MAX_SINGLE_POINTS
    assert min(bucket.low[0] for bucket in drawn.buckets) == min(good)
    assert max(bucket.high[0] for bucket in drawn.buckets) == max(good)
    assert sum(bucket.n for bucket in drawn.buckets) == len(good)
    assert {id(p) for p in drawn.points} == {id(p) for p in inside if p.needs_check or p.values[0] >= 130}


@given(seed=st.integers(0, 2**32), count=st.sampled_from([30, 700]), length=st.sampled_from([30, 365, 3650]))
@settings(max_examples=30, deadline=None)
def test_lines_break_exactly_where_no_reading_was_taken_for_over_three_days(seed, count, length):
    """Also between two bands of ten days, whose middles say nothing about when their readings were taken."""
    dice, days = random.Random(seed), LocalDays.until(NOW, NEW_YORK, days=length)
    taken = sorted(days.start + (NOW - days.start) * dice.random() ** 2 for _ in range(count))
    drawn = decimate_points([ChartPoint(at, (120.0,)) for at in taken], days=days)

    breaks = find_line_breaks(drawn, until=NOW)

    shown = [bucket.first for bucket in drawn.buckets] or taken
    before = [max(at for at in taken if at < begin) for begin in shown[1:]]
    gaps = [begin - last > MAX_LINE_GAP for last, begin in zip([*before, taken[-1]], [*shown[1:], NOW], strict=True)]
    assert breaks == [number for number, is_gap in enumerate(gaps, start=1) if is_gap]


def test_decimation_caps_points_of_ten_thousand_out_of_goal_readings():
    days = LocalDays.until(NOW, NEW_YORK, days=3650)
    points = [
        ChartPoint(
            NOW - dt.timedelta(hours=8 * n), (150.0 + n % 50, 90.0 + n % 30), threshold_status=ThresholdStatus.HIGH
        )
        for n in range(10_000, 0, -1)
    ]

    drawn = decimate_points(points, days=days)

    assert len(drawn.points) <= MAX_SINGLE_POINTS
    assert max(point.values[0] for point in drawn.points) == 199.0
