"""The smoothed line through scattered readings."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.chart.points import ChartPoint
from measurements.chart.smoothing import MAX_LINE_GAP, PlotData, find_line_breaks, smooth_points, split_at_gaps
from tests.measurements.chart.fixed_times import NOW, time_days_ago


def test_series_segments_break_at_gap_of_more_than_three_days():
    points = [
        ChartPoint(time_days_ago(10), (1.0,)),
        ChartPoint(time_days_ago(7), (2.0,)),
        ChartPoint(time_days_ago(3), (3.0,)),
    ]

    assert [len(run) for run in split_at_gaps(points)] == [2, 1]
    assert dt.timedelta(days=3) == MAX_LINE_GAP


def test_untrusted_reading_bridges_no_gap():
    """Neither an excluded one, shown on request, nor one to be checked joins what is over three days apart."""
    points = [
        ChartPoint(time_days_ago(9), (120.0,)),
        ChartPoint(time_days_ago(7), (300.0,), needs_check=True),
        ChartPoint(time_days_ago(5), (180.0,)),
        ChartPoint(time_days_ago(4), (400.0,), needs_check=True),
        ChartPoint(time_days_ago(3), (180.0,)),
    ]

    assert [len(run) for run in split_at_gaps(points)] == [2, 3]
    assert find_line_breaks(PlotData(points, []), until=time_days_ago(1)) == [2]
    assert smooth_points(points, series_count=1, days=30)[0][0] == 120.0


def test_smoothed_line_hardly_follows_single_outlier():
    values = [120.0] * 10 + [180.0] + [120.0] * 10
    points = [ChartPoint(time_days_ago(21 - n), (value,)) for n, value in enumerate(values)]

    (smoothed,) = smooth_points(points, series_count=1, days=30)

    assert max(smoothed) < 135


@given(st.lists(st.tuples(st.integers(0, 60 * 24), st.integers(50, 200), st.booleans()), min_size=1, max_size=60))
@settings(deadline=None)
def test_smoothed_line_is_kernel_mean_of_each_segment(rows):
    points = [
        ChartPoint(NOW + dt.timedelta(hours=hour), (float(value),), needs_check=check)
        for hour, value, check in sorted(rows)
    ]
    reach = 5**0.5 * 2  # days, for a range of thirty

    def mean(segment, here):
        near = [
            (1 - ((p.at - here.at) / dt.timedelta(days=reach)) ** 2, p.values[0]) for p in segment if not p.needs_check
        ]
        near = [(weight, value) for weight, value in near if weight > 0]
        return sum(w * v for w, v in near) / sum(w for w, _ in near) if near else None

    expected = [mean(segment, point) for segment in split_at_gaps(points) for point in segment]
    for smoothed, plain in zip(smooth_points(points, series_count=1, days=30)[0], expected, strict=True):
        assert smoothed == pytest.approx(plain, abs=1e-3) if plain is not None else smoothed is None


def test_smoothed_line_ignores_reading_to_check():
    points = [ChartPoint(time_days_ago(n), (400.0 if n == 3 else 120.0,), needs_check=n == 3) for n in range(6, -1, -1)]

    assert smooth_points(points, series_count=1, days=30) == [pytest.approx([120.0] * 7)]
