"""Browser expressions for page tests, and readings for charts."""

from django.db import transaction

from measurements.models import Measurement
from patients.models import Patient

# Number of canvas pixels close to a colour of the style sheet.
COUNT_COLORED_PIXELS = """([selector, name]) => {
  const canvas = document.querySelector(selector);
  const probe = document.createElement("canvas").getContext("2d");
  probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  probe.fillRect(0, 0, 1, 1);
  const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4) {
    const near = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 40;
    if (near && data[i + 3] > 200) count++;
  }
  return count;
}"""

POLL_NOW = "document.dispatchEvent(new Event('live:now'))"  # makes an open page poll at once


def build_reading(device, code, at, value_1, value_2=None, **fields):
    values = {"value_1": round(value_1, 1), "value_2": None if value_2 is None else round(value_2)}
    fixed = {"metric_id": code, "raw_metric": code, "taken_at": at, "received_at": at}
    return Measurement(device=device, patient=device.patient, **fixed | values | fields)


def touch_live_version(patient):
    with transaction.atomic():
        Patient.objects.touch_live_version([patient.pk])


def fits_viewport_width(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
