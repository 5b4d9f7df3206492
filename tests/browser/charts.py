"""Charts of a patient page: their data, positions on the screen, and tooltips."""

from tests.browsers import wait_until_painted

CHART_DATA = "JSON.parse(document.getElementById('vitals-data').textContent)"
# Position of a point of a chart on the screen.
SCREEN_POSITION = """([code, at, value]) => {
  const box = document.querySelector(`#plot-${code} .u-over`).getBoundingClientRect();
  const data = JSON.parse(document.getElementById("vitals-data").textContent);
  const panel = data.panels.find((panel) => panel.code === code);
  const [low, high] = panel.limits;
  return [box.left + box.width * (at - data.start) / (data.end - data.start),
          box.top + box.height * (high - value) / (high - low)];
}"""


def wait_for_chart(page, code="blood_pressure"):
    page.wait_for_selector(f"#plot-{code} canvas")
    wait_until_painted(page)


def chart_tooltip(page, code):
    return page.locator(f"#plot-{code} .tip")
