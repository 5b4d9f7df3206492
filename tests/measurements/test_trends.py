"""The usual weight, and the calm line through readings that scatter."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.chart import statistics
from measurements.chart.points import Point
from measurements.chart.smoothing import GAP, segments, smooth
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import Goals, Standing
from tests.measurements.noon import NEW_YORK, NOW, at


def weights(*values):
    """(days ago, lb), oldest first."""
    return [(at(days_ago), value) for days_ago, value in values]


def test_the_usual_weight_is_the_median_of_the_seven_days_before():
    found = statistics.baseline(
        weights((9, 150), (7, 170), (6, 171), (3, 172), (1, 230), (0, 175)), zone=NEW_YORK, goals=Goals()
    )

    assert (found.median, found.gain) == (171.5, 3.5)  # the 150 is too old, the 230 is one outlier of four


def test_two_days_make_no_usual_weight():
    assert statistics.baseline(weights((2, 170), (1, 171), (0, 175)), zone=NEW_YORK, goals=Goals()) is None


@pytest.mark.django_db
def test_three_pounds_over_the_usual_weight_are_above_goal(rosa):
    found = statistics.baseline(
        weights((3, 170), (2, 170), (1, 170), (0, 173)), zone=NEW_YORK, goals=evaluation.of(rosa)
    )

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
@settings(deadline=None)
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
