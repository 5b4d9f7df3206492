"""Fewer points on the wire, and none lost that matters."""

import datetime as dt
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.chart.points import Point
from measurements.chart.smoothing import MOST_BUCKETS, MOST_KEPT, MOST_POINTS, draw
from measurements.local_days import LocalDays
from measurements.thresholds.evaluation import Standing
from tests.measurements.noon import NEW_YORK, NOW


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
