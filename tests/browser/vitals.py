"""Charts on the page of a patient, as a test finds them."""

from tests.browsers import painted

DATA = "JSON.parse(document.getElementById('vitals-data').textContent)"
# Where a point of a chart stands on the screen.
PLACE = """([code, at, value]) => {
  const box = document.querySelector(`#plot-${code} .u-over`).getBoundingClientRect();
  const data = JSON.parse(document.getElementById("vitals-data").textContent);
  const panel = data.panels.find((panel) => panel.code === code);
  const [low, high] = panel.limits;
  return [box.left + box.width * (at - data.start) / (data.end - data.start),
          box.top + box.height * (high - value) / (high - low)];
}"""


def drawn(page, code="blood_pressure"):
    page.wait_for_selector(f"#plot-{code} canvas")
    painted(page)


def tip(page, code):
    return page.locator(f"#plot-{code} .tip")
