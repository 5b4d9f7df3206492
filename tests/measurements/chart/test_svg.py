"""Charts drawn by the server: what is on them, where, and that it is well-formed for any data."""

import datetime as dt
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurements.chart import serializer, svg
from measurements.chart.svg_paths import PlotArea, split_at_breaks
from tests.measurements.chart.fixed_times import NEW_YORK, NOW

DAY_MS = 86_400_000
START = round(dt.datetime(2026, 11, 1, tzinfo=NEW_YORK).timestamp() * 1000)
END = round(dt.datetime(2026, 12, 1, tzinfo=NEW_YORK).timestamp() * 1000)
VALUES = st.floats(-1e6, 1e6)
NO_BUCKETS = {"at": [], "n": [], "low": [[], []], "mid": [[], []], "high": [[], []]}


def day(number, hour=12):
    """Milliseconds of an hour of November."""
    return round(dt.datetime(2026, 11, number, hour, tzinfo=NEW_YORK).timestamp() * 1000)


def build_charts(**fields):
    starts = [day(number, 0) for number in range(1, 31)]
    return {
        "zone": "America/New_York", "start": START, "end": END, "now": round(NOW.timestamp() * 1000),
        "days": {"at": starts, "counts": [1, 0] * 15}, **fields,
    }  # fmt: skip


def breaks_of(times):
    return [n for n, (before, after) in enumerate(pairwise(times), start=1) if after - before > 3 * DAY_MS]


def build_panel(readings, *, flags=None, shapes=None, **fields):
    """`readings`: (time, first value, second value) in order."""
    lines = [[reading[n] for reading in readings] for n in (1, 2)]
    goals = [{"low": None, "high": high, "words": f"< {high}"} for high in (130, 80)]
    return {
        "code": "blood_pressure", "label": "Blood pressure", "unit": "mmHg", "decimals": 0, "limits": (50, 180),
        "goalName": "goal", "bucketDays": 0, "buckets": NO_BUCKETS, "baseline": None, "baselineSpans": [],
        "breaks": breaks_of([at for at, *_ in readings]),
        "clock": None,
        "lines": [{"label": name, "goal": goal} for name, goal in zip(("systolic", "diastolic"), goals, strict=True)],
        "points": {
            "at": [at for at, *_ in readings], "values": lines, "flags": flags or [0] * len(readings),
            "shapes": shapes or [0] * len(readings),
        },
        "smoothed": lines, **fields,
    }  # fmt: skip


def draw(panel, *, first=False, **fields):
    return ET.fromstring(svg.draw_panel(build_charts(**fields), panel, first=first))


def path(drawing, name):
    """The data of the path with these classes; empty without one."""
    return next((each.get("d") for each in drawing.iter("path") if each.get("class") == name), "")


def texts(drawing):
    return [each.text for each in drawing.iter("text")]


WEEK = [(day(number), 120 + number, 70 + number) for number in (2, 3, 4, 12, 13)]


def test_svg_has_axes_with_unit_dates_goals_title_and_description():
    drawing = draw(build_panel(WEEK))

    assert {"mmHg", "60", "180", "Nov 1", "Nov 26", "goal < 130", "goal < 80"} <= set(texts(drawing))
    assert drawing.get("role") == "img"
    assert drawing.find("title").text == "Blood pressure, mmHg"
    assert drawing.find("desc").text == (
        "5 readings from Nov 1, 2026 to Nov 30, 2026: systolic 122 to 133, goal < 130; diastolic 72 to 83, goal < 80."
    )
    assert drawing.get("aria-labelledby").split() == [drawing.find(name).get("id") for name in ("title", "desc")]


def test_svg_describes_one_value_by_itself():
    description = draw(build_panel([(day(2), 122, 72), (day(3), 124, 72)])).find("desc").text

    assert "systolic 122 to 124, goal < 130; diastolic 72, goal < 80." in description


def test_svg_joins_no_readings_over_a_gap_and_says_how_long_it_is():
    drawing = draw(build_panel(WEEK))

    assert path(drawing, "line line-1").count("M") == 2
    assert "no readings, 8 days" in texts(drawing)


def test_svg_smoothed_line_leaves_out_readings_without_a_mean():
    drawing = draw(build_panel(WEEK, smoothed=[[122, None, 124, None, None], [72, 73, 74, 82, 83]]))

    assert len(re.findall(r"-?\d+ -?\d+", path(drawing, "line line-1"))) == 2


def test_svg_draws_the_shape_of_each_meal_and_mark():
    """Lower, left and right half discs; hollow, crossed, struck through, ringed and framed ones."""
    flags = [
        serializer.FLAG_ESTIMATED,
        serializer.FLAG_NEEDS_CHECK,
        serializer.FLAG_LEFT_OUT,
        serializer.FLAG_LATE + serializer.FLAG_CLOCK_AHEAD,
        serializer.FLAG_IRREGULAR_HEARTBEAT,
    ]
    marked, meals = draw(build_panel(WEEK, flags=flags)), draw(build_panel(WEEK, shapes=[0, 1, 2, 3, 4]))

    assert path(marked, "dot dot-1").count("M") == path(marked, "dot dot-2").count("M") == 3
    assert path(marked, "hollow shape-1").count("a6") == 4  # two discs
    assert path(marked, "hollow shape-2").count("h10") == 2  # two squares
    assert path(marked, "mark").count("M") == 2 * 4
    assert path(marked, "mark").count("h24v24") == 2
    assert path(marked, "mark irregular").count("z") == 2
    assert [path(meals, "shape shape-1").count(half) for half in ("h18a9", "v18a9", "v-18a9")] == [1, 1, 1]
    assert path(meals, "dot dot-1").count("M") == 2  # none stated, and an unknown word


def test_svg_draws_goal_of_two_sides_as_band_and_its_name_once():
    goal = {"low": 80.0, "high": 130.0, "words": "80 to 130"}
    drawing = draw(build_panel(WEEK, lines=[{"label": "glucose", "goal": goal}, {"label": "x", "goal": None}]))

    area = PlotArea(svg.HEIGHT, START, END, 50, 180)
    assert re.fullmatch(rf"M\d+ {area.y(130)}H\d+V{area.y(80)}H\d+z", path(drawing, "band band-1"))
    assert [text for text in texts(drawing) if text.startswith("goal")] == ["goal 80 to 130"]


def test_svg_usual_weight_line_covers_its_spans_only():
    drawing = draw(build_panel(WEEK, baseline=121.5, baselineSpans=[[day(2, 0), day(5, 0)], [day(12, 0), day(13, 0)]]))

    assert path(drawing, "usual").count("M") == 2
    assert "usual 122" in texts(drawing)


def test_svg_of_many_readings_draws_bands_that_break_at_gaps():
    at = [day(2), day(3), day(10), day(11)]
    rows = [[100.0] * 4, [60.0] * 4]
    buckets = {"at": at, "n": [9] * 4, "low": rows, "mid": [[110.0] * 4, [65.0] * 4], "high": [[150.0] * 4, [80.0] * 4]}
    drawing = draw(build_panel([], buckets=buckets, bucketDays=1, breaks=[2], smoothed=[[110.0] * 4, [65.0] * 4]))

    assert path(drawing, "area area-1").count("z") == 2
    assert drawing.find("desc").text.startswith("36 readings")


def test_svg_by_time_of_day_has_hours_boxes_and_counts():
    clock = {"hours": 3, "at": [8 * 3_600_000] * 5, "labels": ["6 AM to 9 AM"], "banded": [True]}
    buckets = {"at": [27_000_000], "n": [5], "low": [[120], [70]], "mid": [[125], [75]], "high": [[130], [80]]}
    drawing = draw(build_panel(WEEK, clock=clock, buckets=buckets, smoothed=[[None], [None]]), first=True)

    assert {"midnight", "6 AM", "noon", "6 PM", "n 5"} <= set(texts(drawing))
    assert path(drawing, "area area-1")
    assert path(drawing, "day") == ""


def test_svg_strip_has_a_box_for_each_day_with_readings_below_the_first_chart():
    assert path(draw(build_panel(WEEK), first=True), "day").count("z") == 15
    assert path(draw(build_panel(WEEK)), "day") == ""


def test_svg_escapes_what_the_vendor_named():
    text = svg.draw_panel(build_charts(), build_panel(WEEK, label="<b>", unit='"&<script>'))

    assert "<script>" not in text
    assert "<b>" not in text


@given(
    st.lists(
        st.tuples(
            st.integers(START, END - 1), VALUES, VALUES, st.integers(0, 31), st.integers(0, 5)
        ),
        max_size=40,
    )
)  # fmt: skip
@settings(max_examples=60)
def test_svg_of_any_readings_is_well_formed_and_inside_its_box(rows):
    rows.sort()
    panel = build_panel([row[:3] for row in rows], flags=[row[3] for row in rows], shapes=[row[4] for row in rows])

    drawing = draw(panel, first=True)

    starts = [
        (int(x), int(y)) for each in drawing.iter("path") for x, y in re.findall(r"M(-?\d+) (-?\d+)", each.get("d"))
    ]
    assert len(starts) >= 2 * len(rows)
    assert all(0 <= x <= 1200 and -10 <= y <= svg.FIRST_HEIGHT + 20 for x, y in starts)


@given(st.integers(0, 40), st.sets(st.integers(1, 41)))
@settings(max_examples=60)
def test_runs_hold_every_index_once_and_end_at_each_break(count, breaks):
    runs = split_at_breaks(count, sorted(breaks))

    assert [i for run in runs for i in run] == list(range(count))
    assert {run[0] for run in runs if run} - {0} == {place for place in breaks if place < count}


@pytest.mark.parametrize(("low", "high", "count"), [(50, 180, 7), (96, 102, 7), (2, 14, 7), (166, 176, 6), (0, 0.4, 5)])
def test_value_axis_has_few_round_numbers(low, high, count):
    assert len(svg.value_labels(PlotArea(400, 0, 1, low, high))) == count
