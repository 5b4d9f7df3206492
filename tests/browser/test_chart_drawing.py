"""Chart drawing, checked by pixels: bands, gaps, markers, labels, and the strip of readings per day."""

import datetime as dt

import pytest
from django.utils import timezone

from measurements.models import Measurement
from tests.browser.charts import CHART_DATA, wait_for_chart
from tests.browser.page_helpers import build_reading
from tests.browsers import wait_until_true
from tests.factories import DeviceFactory, LatestReadingFactory

pytestmark = pytest.mark.django_db(transaction=True)

# Canvas position of a time and a value of a chart's axes.
CHART_POSITIONS = """
  const canvas = document.querySelector(`#plot-${code} canvas`);
  const outer = canvas.getBoundingClientRect();
  const over = document.querySelector(`#plot-${code} .u-over`).getBoundingClientRect();
  const data = JSON.parse(document.getElementById("vitals-data").textContent);
  const panel = data.panels.find((panel) => panel.code === code);
  const [low, high] = panel.limits;
  const placed = (at, value) => [
    over.left - outer.left + over.width * (at - data.start) / (data.end - data.start),
    over.top - outer.top + over.height * (high - value) / (high - low),
  ];
"""
# Colours of a chart's pixels, as "r,g,b,alpha", at times and values of its axes.
PIXELS = f"""([code, spots]) => {{ {CHART_POSITIONS}
  return spots.map(([at, value, right, down]) => {{
    const [x, y] = placed(at, value);
    const pixel = [Math.round(x + (right || 0)), Math.round(y + (down || 0)), 1, 1];
    return [...canvas.getContext("2d").getImageData(...pixel).data].join(",");
  }});
}}"""
# The smoothed line of the first values, as points of the canvas.
SMOOTHED_LINE = f"""(code) => {{ {CHART_POSITIONS}
  return panel.buckets.at.map((at, i) => placed(at, panel.smoothed[0][i]));
}}"""
TRANSPARENT, SERIES, ALERT = "0,0,0,0", (27, 91, 166), (171, 31, 25)


@pytest.fixture
def sparse_readings(rosa):
    """Five days of blood pressure, four days without, and then three readings, each with its own marker.

    All are within the patient's last fourteen days at any hour: before 6 AM each is a day earlier.
    """
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    now = timezone.now()
    ago = [dt.timedelta(days=days, hours=6) for days in (12, 11, 10, 9, 8)]
    rows = [build_reading(device, "blood_pressure", now - each, 157, 95, index=n) for n, each in enumerate(ago)]
    plain, estimated, doubtful = (now - dt.timedelta(days=days, hours=6) for days in (4, 2.5, 1))
    rows.append(build_reading(device, "blood_pressure", plain, 157, 95, index=11))
    rows.append(build_reading(device, "blood_pressure", estimated, 157, 95, index=12, estimated=True))
    rows.append(build_reading(device, "blood_pressure", doubtful, 110, 70, index=13, conflict=True))
    Measurement.objects.bulk_create(rows)
    LatestReadingFactory(measurement=rosa.measurements.first())


def test_chart_draws_threshold_band_gaps_and_marks_at_data_positions(open_as_clinician, sparse_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=14", color_scheme="light")
    wait_for_chart(page)
    at = page.evaluate(f"{CHART_DATA}.panels[0].points.at")
    hole, before = (at[4] + at[5]) / 2, (at[1] + at[2]) / 2
    plain, estimated, doubtful = at[5:]
    series, ink, panel = (27, 91, 166), (24, 34, 45), (255, 255, 255)

    def pixels(*spots):
        return page.evaluate(PIXELS, ["blood_pressure", spots])

    def painted(colour, *spots):
        """Edges are antialiased: most pixels there are close to this colour."""
        found = [[int(part) for part in pixel.split(",")] for pixel in pixels(*spots)]
        return [seen > 120 and max(abs(a - b) for a, b in zip(rgb, colour, strict=True)) < 16 for *rgb, seen in found]

    def crossed(at, value):
        """Both arms of a cross. A time falls between pixels, so a neighbouring pixel counts too."""
        around = [(right, down) for right in (-1, 0, 1) for down in (-1, 0, 1)]
        arms = [[[at, value, arm + right, 5 + down] for right, down in around] for arm in (5, -5)]
        return all(any(painted(ink, *spots)) for spots in arms)

    # The goal "below 130" fades downwards; nothing is filled above it, and the axis does not start at zero.
    just_below, far_below, above = pixels([hole, 128], [hole, 112], [hole, 145])
    assert just_below != far_below
    assert above == TRANSPARENT
    assert int(just_below.split(",")[3]) > int(far_below.split(",")[3])
    # A line between neighbours, none across four days without a reading.
    assert painted(series, [before, 157]) == [True]
    assert pixels(*([hole, 157, 0, down] for down in (-2, -1, 0, 1, 2))) == [TRANSPARENT] * 5
    # A filled point, a hollow one, and a crossed one (to be checked) that no line leads to.
    assert painted(series, [plain, 157], [estimated, 157]) == [True, False]
    assert painted(panel, [estimated, 157]) == [True]
    assert [crossed(at, value) for at, value in ((doubtful, 110), (plain, 157))] == [True, False]
    assert not any(painted(series, *([(estimated + doubtful) / 2, value] for value in range(112, 156, 2))))


def test_chart_draws_meal_shapes_and_irregular_heartbeat_frame(open_as_clinician, rosa):
    """Half discs: the lower for fasting, the left before a meal, the right after one. Diamond: irregular heartbeat."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    moments = [timezone.now() - dt.timedelta(days=days, hours=6) for days in (11, 9, 6, 3)]
    meals = ("fasting", "pre-prandial", "post-prandial", "")
    rows = [
        build_reading(device, "glucose", each, 140, index=50 + n, filter_params={"meal_context": meal} if meal else {})
        for n, (each, meal) in enumerate(zip(moments, meals, strict=True))
    ]
    rows += [build_reading(device, "blood_pressure", each, 150, 85, index=n) for n, each in enumerate(moments)]
    rows.append(build_reading(device, "irregular_heartbeat", moments[1], 1, index=1))
    Measurement.objects.bulk_create(rows)
    for code in ("glucose", "blood_pressure", "irregular_heartbeat"):
        LatestReadingFactory(measurement=rosa.measurements.filter(metric=code).first())
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=14", color_scheme="light")
    wait_for_chart(page, "glucose")
    at = page.evaluate(f"{CHART_DATA}.panels[0].points.at")
    panels = ["glucose-fasting", "glucose-fasting", "glucose-post-prandial", "glucose"]

    def near(code, at, value, colour, *offsets):
        """For each pixel whether its colour is close to this one."""
        pixels = page.evaluate(PIXELS, [code, [[at, value, right, down] for right, down in offsets]])
        rows = [[int(part) for part in pixel.split(",")] for pixel in pixels]
        return [a > 120 and max(abs(x - y) for x, y in zip(rgb, colour, strict=True)) < 60 for *rgb, a in rows]

    def filled_sides(code, at):
        """On which sides of the position the marker is filled, off the line that joins readings."""
        beside = {"left": (-2, -2), "right": (1, -2), "above": (0, -2), "below": (0, 2)}
        return {side for side, spot in beside.items() if all(near(code, at, 140, SERIES, spot))}

    def framed(at):
        """At each corner of the diamond, or a pixel beside it."""
        beside = ([(x + step, y) for step in (-1, 0, 1)] for x, y in corners)
        return [any(near("blood_pressure", at, 150, ALERT, *spots)) for spots in beside]

    sides = [filled_sides(code, each) for code, each in zip(panels, at, strict=True)]
    assert sides[0] == {"below"}
    assert [side in sides[1] for side in ("left", "right")] == [True, False]
    assert [side in sides[2] for side in ("left", "right")] == [False, True]
    assert sides[3] >= {"right", "above", "below"}
    corners = [(0, -7.5), (0, 7.5), (7.5, 0), (-7.5, 0)]
    assert [framed(each) for each in at] == [[False] * 4, [True] * 4, [False] * 4, [False] * 4]


def test_chart_threshold_label_covers_no_reading(open_as_clinician, rosa):
    """Readings wherever a label could be: in the band's corners and in its middle."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    today = timezone.now().astimezone(rosa.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    taken = [today - dt.timedelta(days=29) + dt.timedelta(hours=hours) for hours in range(6, 29 * 24, 18)]
    Measurement.objects.bulk_create(
        [build_reading(device, "blood_pressure", each, 126, 95, index=n) for n, each in enumerate(taken)]
    )
    LatestReadingFactory(measurement=rosa.measurements.first())
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=30", color_scheme="light")
    wait_for_chart(page)

    points = page.evaluate(f"{CHART_DATA}.panels[0].points.at")
    found = page.evaluate(PIXELS, ["blood_pressure", [[at, 126] for at in points]])
    assert len(found) == len(taken)
    assert {pixel for pixel in found if pixel != "27,91,166,255"} == set()
    across = page.evaluate(PIXELS, ["blood_pressure", [[page.evaluate(f"{CHART_DATA}.start"), 130, 8, -9]]])
    assert across != [TRANSPARENT], "the band is full of readings, so its name stands across its edge"


def test_chart_newest_reading_of_a_year_is_not_clipped(open_as_clinician, rosa):
    """A day is two pixels wide there, so the reading is on the edge of the chart."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    ago = (dt.timedelta(days=300), dt.timedelta())
    Measurement.objects.bulk_create(
        [build_reading(device, "blood_pressure", timezone.now() - each, 150, 95, index=n) for n, each in enumerate(ago)]
    )
    LatestReadingFactory(measurement=rosa.measurements.first())
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=365", color_scheme="light")
    wait_for_chart(page)

    def width(at):
        across = page.evaluate(PIXELS, ["blood_pressure", [[at, 150, dx, 0] for dx in range(-6, 7)]])
        return sum(int(pixel.split(",")[3]) for pixel in across) / 255

    older, newest = page.evaluate(f"{CHART_DATA}.panels[0].points.at")
    assert width(newest) == pytest.approx(width(older), abs=0.5)  # px, as positions fall between pixels


# Records every text painted from now on, as a box on its canvas.
RECORD_CHART_TEXTS = """() => {
  window.texts = [];
  const proto = CanvasRenderingContext2D.prototype;
  const paint = proto.fillText;
  proto.fillText = function (text, x, y) {
    const { width } = this.measureText(text);
    const left = this.textAlign === "center" ? x - width / 2 : x;
    window.texts.push({ text, left, right: left + width, top: y - 10, bottom: y + 3 });
    return paint.apply(this, arguments);
  };
}"""


def test_chart_line_label_does_not_overlap_gap_label(open_as_clinician, rosa):
    """Weights along the usual weight, above and below it, and none on five days at a quarter of the range."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    days = [day for day in range(28, -1, -1) if not 18 < day < 24]
    rows = [
        build_reading(device, "weight", timezone.now() - dt.timedelta(days=day, hours=hours), 170 + change)
        for day in days
        for hours, change in ((0, 0.6), (6, -0.6), (12, 0.3))
    ]
    Measurement.objects.bulk_create(rows)
    LatestReadingFactory(measurement=rosa.measurements.first())
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=30", color_scheme="light")
    wait_for_chart(page, "weight")
    page.evaluate(RECORD_CHART_TEXTS)
    page.set_viewport_size({"width": 1240, "height": 900})
    wait_until_true(lambda: page.evaluate("texts.some((one) => one.text.startsWith('usual weight'))"))

    texts = page.evaluate("texts")
    (name, *_), (gap, *_) = (
        [one for one in texts if one["text"].startswith(word)] for word in ("usual", "no readings")
    )
    apart = name["right"] < gap["left"] or gap["right"] < name["left"]
    assert apart or name["bottom"] < gap["top"] or gap["bottom"] < name["top"], (name, gap)


def test_chart_threshold_label_is_not_crossed_by_line(open_as_clinician, rosa):
    """A year of readings on both sides of the goal, from its tenth day on; their median is just below it."""
    device = DeviceFactory(patient=rosa, first_reading_at=timezone.now(), last_reading_at=timezone.now())
    values = (118, 122, 138)
    Measurement.objects.bulk_create(
        build_reading(
            device, "blood_pressure", timezone.now() - dt.timedelta(hours=12 * n + 1), values[n % 3], 70, index=n
        )
        for n in range(710)
    )
    LatestReadingFactory(measurement=rosa.measurements.first())
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=365", color_scheme="light")
    wait_for_chart(page)
    page.evaluate(RECORD_CHART_TEXTS)
    page.set_viewport_size({"width": 1240, "height": 900})
    wait_until_true(lambda: page.evaluate("texts.some((one) => one.text === 'goal < 130')"))

    name = page.evaluate("texts.find((one) => one.text === 'goal < 130')")
    line = page.evaluate(SMOOTHED_LINE, "blood_pressure")
    assert len(line) > 300
    assert [y for x, y in line if name["left"] < x < name["right"] and name["top"] < y < name["bottom"]] == []


def test_chart_strip_shows_readings_per_day(open_as_clinician, sparse_readings, rosa):
    page = open_as_clinician(f"/patients/{rosa.pk}/?days=14", color_scheme="light")
    wait_for_chart(page)
    counts = page.evaluate(f"{CHART_DATA}.days.counts")

    filled = page.evaluate("""() => {
      const canvas = document.getElementById("strip");
      const over = document.querySelector("#plot-blood_pressure .u-over");
      const left = over.getBoundingClientRect().left - canvas.getBoundingClientRect().left;
      const data = JSON.parse(document.getElementById("vitals-data").textContent);
      const ends = [...data.days.at, data.end];
      return data.days.counts.map((_, i) => {
        const middle = ((ends[i] + ends[i + 1]) / 2 - data.start) / (data.end - data.start);
        const x = Math.round(left + over.clientWidth * middle);
        return canvas.getContext("2d").getImageData(x, 6, 1, 1).data[3] > 200;
      });
    }""")

    assert filled == [count > 0 for count in counts]
    assert sum(filled) in (7, 8)
